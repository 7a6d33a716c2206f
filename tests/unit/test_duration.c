// SPDX-License-Identifier: Apache-2.0
/* test_duration.c - durations as people write them; their truth is arithmetic. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/conf/duration.h"

static void assert_duration(const char *text, uint64_t ns)
{
	uint64_t parsed = 1;

	if (duration_parse(text, &parsed) || parsed != ns)
		fail_msg("'%s' is %llu ns, not %llu", text, (unsigned long long)parsed,
			 (unsigned long long)ns);
}

static void durations_have_units_and_a_bare_number_is_seconds(void **state)
{
	(void)state;
	assert_duration("10s", 10 * SEC_NS);
	assert_duration("10", 10 * SEC_NS);
	assert_duration("500ms", 500 * MSEC_NS);
	assert_duration("1m30s", 90 * SEC_NS);
	assert_duration("2h", 7200 * SEC_NS);
	assert_duration("1h1m1s1ms", 3661 * SEC_NS + MSEC_NS);
	assert_duration("0", 0);
	assert_duration("007s", 7 * SEC_NS);
}

static void durations_may_have_fractions(void **state)
{
	(void)state;
	assert_duration("0.5", 500 * MSEC_NS);
	assert_duration("1.5s", 1500 * MSEC_NS);
	assert_duration("1.25h", 4500 * SEC_NS);
	assert_duration("0.000000001s", 1);
	assert_duration("0.0000000019s", 1);
	assert_duration("0.999999999h", 3599999996400);
	assert_duration("1.000001ms", MSEC_NS + 1);
}

static void what_is_no_duration_is_refused(void **state)
{
	static const char *const wrong[] = { "",    "s",     "ms",     "5x",   "5 s", "-5",
					     "+5",  "1s1m",  "1s1s",   "1m30", "5S",  "1.s",
					     ".5s", "1..5s", "1.5.5s", "5mss", "1d",  "0x10",
					     "1e3", "1,5s",  "5s ",    " 5s",  "inf", "nan",
					     "5\n", "٣s" };
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (duration_parse(wrong[i], &ns) != -EINVAL)
			fail_msg("'%s' was taken for a duration", wrong[i]);
}

static void a_duration_beyond_64_bits_overflows_into_an_error(void **state)
{
	uint64_t ns;

	(void)state;
	assert_int_equal(-ERANGE, duration_parse("99999999999999999999", &ns));
	assert_int_equal(-ERANGE, duration_parse("18446744073709551615h", &ns));
	assert_int_equal(-ERANGE, duration_parse("5124095h60m60s99999999999ms", &ns));
	assert_int_equal(0, duration_parse("5124095h", &ns));
}

static void what_is_formatted_reads_back(void **state)
{
	static const uint64_t all[] = { 0,	     MSEC_NS,	   999 * MSEC_NS,
					90 * SEC_NS, 24 * HOUR_NS, HOUR_NS + MSEC_NS };
	uint64_t ns;
	char buf[32];

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_int_equal(0, duration_parse(duration_format(all[i], buf, sizeof(buf)), &ns));
		assert_int_equal(all[i], ns);
	}
	assert_string_equal("1m30s", duration_format(90 * SEC_NS, buf, sizeof(buf)));
	assert_string_equal("1", duration_format(90 * SEC_NS, buf, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_have_units_and_a_bare_number_is_seconds),
		cmocka_unit_test(durations_may_have_fractions),
		cmocka_unit_test(what_is_no_duration_is_refused),
		cmocka_unit_test(a_duration_beyond_64_bits_overflows_into_an_error),
		cmocka_unit_test(what_is_formatted_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
