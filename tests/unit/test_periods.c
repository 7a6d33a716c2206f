// SPDX-License-Identifier: Apache-2.0
/*
 * test_periods.c - which stretch of time a window covers: the cases that people argue about.
 * Thousands of others: test_time_tables.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../user/base/zone.h"
#include "../../user/slo/periods.h"

#define DAY INT64_C(86400)

static int64_t moment(const char *text)
{
	int64_t t;

	assert_int_equal(0, time_parse(text, &t));
	return t;
}

static struct time_window calendar(uint32_t n, char unit, int year, unsigned int month,
				   unsigned int day, const char *zone)
{
	return (struct time_window){ .span = { n, unit },
				     .start_year = (int16_t)year,
				     .start_month = (uint8_t)month,
				     .start_day = (uint8_t)day,
				     .zone = zone };
}

/* All as RFC 3339. */
static void assert_period(const char *start, const char *end, struct time_window w, const char *at)
{
	struct period p = period_at(&w, moment(at));
	char buf[TIME_TEXT];

	assert_string_equal(start, time_format(p.start, buf));
	assert_string_equal(end, time_format(p.end, buf));
}

static void spans_have_nominal_lengths(void **state)
{
	(void)state;
	assert_int_equal(60, span_seconds((struct span){ 1, 'm' }));
	assert_int_equal(3600, span_seconds((struct span){ 1, 'h' }));
	assert_int_equal(28 * DAY, span_seconds((struct span){ 28, 'd' }));
	assert_int_equal(28 * DAY, span_seconds((struct span){ 4, 'w' }));
	assert_int_equal(30 * DAY, span_seconds((struct span){ 1, 'M' }));
	assert_int_equal(90 * DAY, span_seconds((struct span){ 1, 'Q' }));
	assert_int_equal(365 * DAY, span_seconds((struct span){ 1, 'Y' }));
	assert_int_equal(0, span_seconds((struct span){ 0, 0 }));
	assert_int_equal(365 * DAY * UINT32_MAX, span_seconds((struct span){ UINT32_MAX, 'Y' }));
}

static void a_rolling_window_ends_now_and_knows_no_zone(void **state)
{
	struct time_window w = { .rolling = true, .span = { 28, 'd' }, .zone = "Europe/Berlin" };

	(void)state;
	assert_period("2026-03-04T12:00:00Z", "2026-04-01T12:00:00Z", w, "2026-04-01T12:00:00Z");
	w.span = (struct span){ 1, 'Q' };
	assert_period("2026-01-01T12:00:00Z", "2026-04-01T12:00:00Z", w, "2026-04-01T12:00:00Z");
}

static void the_end_of_a_period_belongs_to_it(void **state)
{
	const struct time_window w = calendar(1, 'M', 2026, 1, 1, "UTC");

	(void)state;
	assert_period("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", w, "2026-01-01T00:00:01Z");
	assert_period("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", w, "2026-02-01T00:00:00Z");
	assert_period("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", w, "2026-02-01T00:00:01Z");
}

static void before_its_start_a_window_has_periods_too(void **state)
{
	const struct time_window w = calendar(1, 'M', 2026, 1, 31, "UTC");

	(void)state;
	assert_period("2025-12-31T00:00:00Z", "2026-01-31T00:00:00Z", w, "2026-01-31T00:00:00Z");
	assert_period("2025-10-31T00:00:00Z", "2025-11-30T00:00:00Z", w, "2025-11-15T00:00:00Z");
	assert_period("2025-11-30T00:00:00Z", "2025-12-31T00:00:00Z", w, "2025-12-01T00:00:00Z");
}

static void months_from_the_31st_are_counted_from_the_start_not_from_the_last(void **state)
{
	const struct time_window w = calendar(1, 'M', 2026, 1, 31, "UTC");

	(void)state;
	assert_period("2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z", w, "2026-02-10T00:00:00Z");
	assert_period("2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z", w, "2026-03-10T00:00:00Z");
	assert_period("2026-03-31T00:00:00Z", "2026-04-30T00:00:00Z", w, "2026-04-10T00:00:00Z");
	assert_period("2028-01-31T00:00:00Z", "2028-02-29T00:00:00Z", w, "2028-02-10T00:00:00Z");
}

static void quarters_from_30_november_meet_february(void **state)
{
	const struct time_window w = calendar(1, 'Q', 2025, 11, 30, "UTC");

	(void)state;
	assert_period("2025-11-30T00:00:00Z", "2026-02-28T00:00:00Z", w, "2026-01-01T00:00:00Z");
	assert_period("2026-02-28T00:00:00Z", "2026-05-30T00:00:00Z", w, "2026-03-01T00:00:00Z");
	assert_period("2027-11-30T00:00:00Z", "2028-02-29T00:00:00Z", w, "2028-01-01T00:00:00Z");
}

static void years_from_29_february_end_on_the_28th_until_the_next_leap_year(void **state)
{
	const struct time_window w = calendar(1, 'Y', 2024, 2, 29, "UTC");

	(void)state;
	assert_period("2024-02-29T00:00:00Z", "2025-02-28T00:00:00Z", w, "2024-06-01T00:00:00Z");
	assert_period("2027-02-28T00:00:00Z", "2028-02-29T00:00:00Z", w, "2027-06-01T00:00:00Z");
	assert_period("2099-02-28T00:00:00Z", "2100-02-28T00:00:00Z", w, "2099-06-01T00:00:00Z");
}

static void a_week_is_an_hour_shorter_or_longer_when_the_clock_changes(void **state)
{
	const struct time_window w = calendar(1, 'w', 2026, 1, 5, "Europe/Berlin");

	(void)state;
	assert_period("2026-03-22T23:00:00Z", "2026-03-29T22:00:00Z", w, "2026-03-25T00:00:00Z");
	assert_period("2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z", w, "2026-10-20T00:00:00Z");
	assert_period("2026-07-05T22:00:00Z", "2026-07-12T22:00:00Z", w, "2026-07-10T00:00:00Z");
}

static void hours_and_minutes_know_no_clock_change(void **state)
{
	const struct time_window w = calendar(24, 'h', 2026, 3, 28, "Europe/Berlin");

	(void)state;
	assert_period("2026-03-28T23:00:00Z", "2026-03-29T23:00:00Z", w, "2026-03-29T10:00:00Z");
	assert_period("2026-10-24T23:00:00Z", "2026-10-25T23:00:00Z", w, "2026-10-25T10:00:00Z");
	assert_period("2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z",
		      calendar(30, 'm', 2026, 3, 28, "Europe/Berlin"), "2026-03-29T01:00:00Z");
}

static void a_midnight_that_does_not_exist_is_one_o_clock(void **state)
{
	const struct time_window w = calendar(1, 'd', 2018, 11, 1, "America/Sao_Paulo");

	(void)state;
	assert_period("2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z", w, "2018-11-03T12:00:00Z");
	assert_period("2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z", w, "2018-11-04T12:00:00Z");
}

static void a_day_that_does_not_exist_has_no_period(void **state)
{
	const struct time_window w = calendar(1, 'd', 2011, 12, 1, "Pacific/Apia");

	(void)state;
	assert_period("2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z", w, "2011-12-30T10:00:00Z");
	assert_period("2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z", w, "2011-12-30T10:00:01Z");
}

/* No count, however large, and no moment keeps a search from ending. */
static void the_ends_of_time_are_within_some_period(void **state)
{
	static const char all[] = "mhdwMQY";
	static const uint32_t counts[] = { 1, 59, 100000, UINT32_MAX };
	static const int64_t moments[] = { INT64_MIN / 2, TIME_MIN, 0, TIME_MAX, INT64_MAX / 2 };

	(void)state;
	for (const char *unit = all; *unit; unit++)
		for (unsigned int i = 0; i < 4; i++)
			for (unsigned int j = 0; j < 5; j++) {
				struct time_window w =
					calendar(counts[i], *unit, 2026, 1, 31, "Europe/Berlin");
				struct period p = period_at(&w, moments[j]);

				assert_true(p.start < p.end);
				assert_true(j == 0 || p.start < moments[j]);
				assert_true(j == 4 || p.end >= moments[j]);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_have_nominal_lengths),
		cmocka_unit_test(a_rolling_window_ends_now_and_knows_no_zone),
		cmocka_unit_test(the_end_of_a_period_belongs_to_it),
		cmocka_unit_test(before_its_start_a_window_has_periods_too),
		cmocka_unit_test(months_from_the_31st_are_counted_from_the_start_not_from_the_last),
		cmocka_unit_test(quarters_from_30_november_meet_february),
		cmocka_unit_test(years_from_29_february_end_on_the_28th_until_the_next_leap_year),
		cmocka_unit_test(a_week_is_an_hour_shorter_or_longer_when_the_clock_changes),
		cmocka_unit_test(hours_and_minutes_know_no_clock_change),
		cmocka_unit_test(a_midnight_that_does_not_exist_is_one_o_clock),
		cmocka_unit_test(a_day_that_does_not_exist_has_no_period),
		cmocka_unit_test(the_ends_of_time_are_within_some_period),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
