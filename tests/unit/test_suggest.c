// SPDX-License-Identifier: Apache-2.0
/*
 * test_suggest.c - what a past supports. Truth: the intervals that R. G. Newcombe printed ("Two-sided
 * confidence intervals for the single proportion", 1998, table I, method 3), and arithmetic by hand.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/slo/suggest.h"

#define DAY_NS 86400000000000u

static struct day_counts days[400];

/* n days of so many good of total. */
static void steady(size_t n, uint64_t good, uint64_t total)
{
	for (size_t i = 0; i < n; i++)
		days[i] = (struct day_counts){ 20000 + (int64_t)i, good, total, DAY_NS };
}

static void assert_interval(double good, double n, double low, double high)
{
	struct interval i = wilson(good, n);

	if (fabs(i.low - low) > 5e-5 || fabs(i.high - high) > 5e-5)
		fail_msg("%g of %g is %f to %f, not %f to %f", good, n, i.low, i.high, low, high);
}

static void the_interval_is_the_published_one(void **state)
{
	(void)state;
	assert_interval(81, 263, 0.2553, 0.3662);
	assert_interval(15, 148, 0.0624, 0.1605);
	assert_interval(0, 20, 0, 0.1611);
	assert_interval(1, 29, 0.0061, 0.1718);
	assert_interval(20, 20, 1 - 0.1611, 1);
}

static void without_traffic_nothing_is_suggested(void **state)
{
	struct suggestion s;

	(void)state;
	assert_false(suggest(days, 0, &s));
	steady(3, 0, 0);
	assert_false(suggest(days, 3, &s));
}

static void the_worst_window_leaves_a_third_of_the_budget(void **state)
{
	struct suggestion s;

	(void)state;
	/* 0.06 % fails: 60 % of what 99.9 % allows, and 0.07 % is too much. */
	steady(56, 999400, 1000000);
	assert_true(suggest(days, 56, &s) && s.found);
	assert_true(s.target == DECIMAL_ONE / 1000 * 999);
	assert_float_equal(0.6, s.spent_in_worst, 1e-9);
	steady(56, 999300, 1000000);
	assert_true(suggest(days, 56, &s) && s.found);
	assert_true(s.target == DECIMAL_ONE / 1000 * 998);
}

static void a_window_is_28_days_in_a_row_wherever_they_begin(void **state)
{
	struct suggestion s;

	(void)state;
	steady(60, 1000, 1000);
	for (size_t i = 20; i < 48; i++)
		days[i].good = 990;
	assert_true(suggest(days, 60, &s));
	assert_int_equal(20020, s.worst_window.first);
	assert_int_equal(28, s.worst_window.days);
	assert_int_equal(28 * 990, s.worst_window.good);
	assert_int_equal(28000, s.worst_window.total);
	assert_int_equal(1, s.worst_day.days);
	assert_int_equal(990, s.worst_day.good);
}

static void days_that_are_not_there_are_part_of_a_window(void **state)
{
	struct suggestion s;

	(void)state;
	steady(4, 1000, 1000);
	days[0].good = days[3].good = 500;
	days[3].day += 25; /* 28 days after the first: no window holds both */
	assert_true(suggest(days, 4, &s));
	assert_int_equal(500 + 1000 + 1000, s.worst_window.good);
	days[3].day -= 1;
	assert_true(suggest(days, 4, &s));
	assert_int_equal(500 + 1000 + 1000 + 500, s.worst_window.good);
}

/* Days without rows say as little as days without traffic: a bad month before them stays bad. */
static void a_gap_hides_no_bad_window(void **state)
{
	struct suggestion gap, idle;

	(void)state;
	steady(90, 1000, 1000);
	for (size_t i = 0; i < 10; i++)
		days[i].good = 500;
	for (size_t i = 10; i < 50; i++)
		days[i].good = days[i].total = 0;
	assert_true(suggest(days, 90, &idle));
	for (size_t i = 50; i < 90; i++)
		days[i - 40] = days[i];
	assert_true(suggest(days, 50, &gap));
	assert_int_equal(idle.worst_window.good, gap.worst_window.good);
	assert_int_equal(5000, gap.worst_window.good);
	assert_int_equal(10000, gap.worst_window.total);
	assert_false(gap.found);
}

/* Against every window that there is, by adding up. */
static void no_window_is_worse_than_the_worst(void **state)
{
	struct suggestion s;
	uint32_t seed = 5;

	(void)state;
	for (int round = 0; round < 300; round++) {
		size_t n = 0;
		double least = 1;

		for (int day = 0; day < 120; day++) {
			seed = seed * 1664525 + 1013904223;
			if (day && day < 119 && (seed >> 24) % 3)
				continue;
			days[n++] =
				(struct day_counts){ 20000 + day, (seed >> 12) % 900, 900, DAY_NS };
		}
		assert_true(suggest(days, n, &s));
		for (int64_t first = 20000; first + 28 <= 20120; first++) {
			uint64_t good = 0, total = 0;

			for (size_t i = 0; i < n; i++)
				if (days[i].day >= first && days[i].day < first + 28) {
					good += days[i].good;
					total += days[i].total;
				}
			if (total)
				least = fmin(least, (double)good / (double)total);
		}
		assert_float_equal(
			least, (double)s.worst_window.good / (double)s.worst_window.total, 1e-12);
	}
}

static void a_past_shorter_than_a_window_is_one_window(void **state)
{
	struct suggestion s;

	(void)state;
	steady(5, 99, 100);
	assert_true(suggest(days, 5, &s));
	assert_int_equal(5, s.worst_window.days);
	assert_int_equal(500, s.worst_window.total);
	assert_float_equal(5.0 / 28, s.windows, 1e-12);
	assert_false(s.burst_known);
}

static void failures_that_come_alone_are_no_bursts(void **state)
{
	struct suggestion s;

	(void)state;
	steady(30, 990, 1000);
	assert_true(suggest(days, 30, &s));
	assert_float_equal(1, s.burst, 1e-12);
	assert_float_equal(s.counts.low, s.sure.low, 1e-12);
}

static void failures_of_one_day_make_the_others_less_sure(void **state)
{
	struct suggestion s;

	(void)state;
	/*
	 * 300 of 30,000 on one day of 30. Found: 290^2 + 29 * 10^2 = 87,000; chance: 30 * 1000 * 0.01 * 0.99
	 * = 297; times 30 / 29.
	 */
	steady(30, 1000, 1000);
	days[7].good = 700;
	assert_true(suggest(days, 30, &s));
	assert_float_equal(87000.0 / 297 * 30 / 29, s.burst, 1e-6);
	assert_true(s.sure.low < s.counts.low && s.sure.high > s.counts.high);
	assert_int_equal(7 + 20000, s.worst_day.first);
}

static void the_next_nine_allows_a_tenth(void **state)
{
	struct suggestion s;

	(void)state;
	steady(56, 999400, 1000000);
	assert_true(suggest(days, 56, &s));
	assert_true(s.next == DECIMAL_ONE / 10000 * 9999);
	assert_float_equal(2800, s.next_allowed, 1e-6);
	assert_float_equal(4.032, s.next_minutes, 1e-9);
	assert_float_equal(600 * 28, s.usual_bad, 1e-6);
}

static void much_traffic_needs_no_alert_that_waits(void **state)
{
	struct suggestion s;

	(void)state;
	steady(28, 999400, 1000000);
	assert_true(suggest(days, 28, &s));
	assert_int_equal(1, s.min_bad_events);
}

/* Ten an hour, one in a thousand fails: a single failure is a page, so an alert waits for a second. */
static void little_traffic_needs_an_alert_that_waits(void **state)
{
	struct suggestion s;

	(void)state;
	steady(100, 240, 240);
	for (size_t i = 0; i < 100; i += 4)
		days[i].good = 239;
	assert_true(suggest(days, 100, &s) && s.found);
	assert_float_equal(10, s.per_hour, 1e-9);
	assert_true(s.page_at < 1);
	assert_in_range(s.min_bad_events, 2, 4);
}

static void what_mostly_fails_supports_nothing(void **state)
{
	struct suggestion s;

	(void)state;
	steady(28, 100, 1000);
	assert_true(suggest(days, 28, &s));
	assert_false(s.found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_interval_is_the_published_one),
		cmocka_unit_test(without_traffic_nothing_is_suggested),
		cmocka_unit_test(the_worst_window_leaves_a_third_of_the_budget),
		cmocka_unit_test(a_window_is_28_days_in_a_row_wherever_they_begin),
		cmocka_unit_test(days_that_are_not_there_are_part_of_a_window),
		cmocka_unit_test(a_gap_hides_no_bad_window),
		cmocka_unit_test(no_window_is_worse_than_the_worst),
		cmocka_unit_test(a_past_shorter_than_a_window_is_one_window),
		cmocka_unit_test(failures_that_come_alone_are_no_bursts),
		cmocka_unit_test(failures_of_one_day_make_the_others_less_sure),
		cmocka_unit_test(the_next_nine_allows_a_tenth),
		cmocka_unit_test(much_traffic_needs_no_alert_that_waits),
		cmocka_unit_test(little_traffic_needs_an_alert_that_waits),
		cmocka_unit_test(what_mostly_fails_supports_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
