// SPDX-License-Identifier: Apache-2.0
/* test_time_text.c - moments as text: RFC 3339's own examples, and what is close to it and refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/base/zone.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void moments_are_read_as_rfc_3339_or_unix_seconds(void **state)
{
	static const struct {
		const char *text;
		int64_t t;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-01-31T12:00:00Z", 1769860800 },
		{ "2026-01-31t12:00:00z", 1769860800 },
		{ "2026-01-31 12:00:00Z", 1769860800 },
		{ "2026-01-31T12:00:00.999999999999Z", 1769860800 },
		{ "2026-01-31T12:00:00+00:00", 1769860800 },
		{ "2026-01-31T12:00:00-00:00", 1769860800 },
		{ "2026-01-31T17:45:00+05:45", 1769860800 },
		{ "2026-01-31T00:30:00-11:30", 1769860800 },
		/* RFC 3339 5.8 */
		{ "1985-04-12T23:20:50.52Z", 482196050 },
		{ "1996-12-19T16:39:57-08:00", 851042397 },
		{ "1990-12-31T23:59:60Z", 662688000 },
		{ "1990-12-31T15:59:60-08:00", 662688000 },
		{ "1937-01-01T12:00:27.87+00:20", -1041337173 },
		{ "2024-02-29T00:00:00Z", 1709164800 },
		{ "0001-01-01T00:00:00Z", -62135596800 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
		{ "0", 0 },
		{ "1769860800", 1769860800 },
		{ "-1", -1 },
		{ "253402300799", 253402300799 },
	};
	int64_t t;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (time_parse(cases[i].text, &t))
			fail_msg("\"%s\" is not read", cases[i].text);
		assert_int_equal(cases[i].t, t);
	}
}

static void what_is_no_moment_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"-",
		"now",
		"+5",
		"1.5",
		" 1",
		"1 ",
		"1e3",
		"0x10",
		"253402300800",
		"-62135596801",
		"99999999999999999999999999",
		"2026-01-31",
		"2026-01-31T12:00Z",
		"2026-01-31T12:00:00",
		"2026-01-31T12:00:00 Z",
		"2026-01-31T12:00:00Z ",
		" 2026-01-31T12:00:00Z",
		"2026-01-31_12:00:00Z",
		"2026-01-31  12:00:00Z",
		"2026-1-31T12:00:00Z",
		"26-01-31T12:00:00Z",
		"02026-01-31T12:00:00Z",
		"20260131T120000Z",
		"2026-00-31T12:00:00Z",
		"2026-13-31T12:00:00Z",
		"2026-01-00T12:00:00Z",
		"2026-01-32T12:00:00Z",
		"2026-02-29T12:00:00Z",
		"2026-01-31T24:00:00Z",
		"2026-01-31T12:60:00Z",
		"2026-01-31T12:00:61Z",
		"2026-01-31T12:00:60Z",
		"2026-01-30T23:59:60Z",
		"2026-01-31T23:59:60+01:00",
		"2026-01-31T12:00:00.Z",
		"2026-01-31T12:00:00,5Z",
		"2026-01-31T12:00:00+0100",
		"2026-01-31T12:00:00+01",
		"2026-01-31T12:00:00+24:00",
		"2026-01-31T12:00:00+01:60",
		"2026-01-31T12:00:00+1:00",
		"2026-01-31T12:00:00Z+01:00",
		"0000-12-31T00:00:00Z",
		"-001-12-31T00:00:00Z",
		"0001-01-01T00:00:00+00:01",
		"9999-12-31T23:59:59-00:01",
		"9999-12-31T23:59:60Z",
	};
	int64_t t = 42;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		if (time_parse(texts[i], &t) != -EINVAL)
			fail_msg("\"%s\" is read as %lld", texts[i], (long long)t);
	assert_int_equal(42, t);
}

static void moments_are_written_in_utc(void **state)
{
	char buf[TIME_TEXT];

	(void)state;
	assert_string_equal("2026-01-31T12:00:00Z", time_format(1769860800, buf));
	assert_string_equal("1969-12-31T23:59:59Z", time_format(-1, buf));
	assert_string_equal("0001-01-01T00:00:00Z", time_format(INT64_MIN, buf));
	assert_string_equal("9999-12-31T23:59:59Z", time_format(INT64_MAX, buf));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moments_are_read_as_rfc_3339_or_unix_seconds),
		cmocka_unit_test(what_is_no_moment_is_refused),
		cmocka_unit_test(moments_are_written_in_utc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
