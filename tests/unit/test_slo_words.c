// SPDX-License-Identifier: Apache-2.0
/*
 * test_slo_words.c - sentences about promises, read by people who did not write the objectives. What is
 * expected is written here as it is to be read; moments are date(1)'s.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/base/cleanup.h"
#include "../../user/report/slo_show.h"
#include "../../user/report/slo_words.h"

#define NOON 1769860800 /* 2026-01-31T12:00:00Z */

static void lengths_of_time_are_said_in_the_largest_unit_that_fits(void **state)
{
	(void)state;
	assert_string_equal("1 hour", words_seconds(3600).s);
	assert_string_equal("5 minutes", words_seconds(300).s);
	assert_string_equal("90 minutes", words_seconds(5400).s);
	assert_string_equal("3 days", words_seconds(259200).s);
	assert_string_equal("61 seconds", words_seconds(61).s);
	assert_string_equal("1 second", words_seconds(1).s);
	assert_string_equal("0 seconds", words_seconds(0).s);
	assert_string_equal("28 days", words_span((struct span){ 28, 'd' }).s);
	assert_string_equal("1 quarter", words_span((struct span){ 1, 'Q' }).s);
	assert_string_equal("30 minutes", words_span((struct span){ 30, 'm' }).s);
	assert_string_equal("3 months", words_span((struct span){ 3, 'M' }).s);
}

static void moments_are_in_utc_and_say_so(void **state)
{
	(void)state;
	assert_string_equal("2026-01-31 12:00 UTC", words_moment(NOON).s);
	assert_string_equal("2026-01-31 12:00:07 UTC", words_moment(NOON + 7).s);
}

static void what_is_left_is_never_said_to_be_more_than_it_is(void **state)
{
	(void)state;
	assert_string_equal("100 % of the budget is left", words_left(1).s);
	assert_string_equal("over 99 % of the budget is left", words_left(0.9999).s);
	assert_string_equal("43 % of the budget is left", words_left(0.439).s);
	assert_string_equal("<1 % of the budget is left", words_left(0.009).s);
	assert_string_equal("29 % of the budget is left", words_left(0.29).s);
	assert_string_equal("the budget is just spent", words_left(0).s);
	assert_string_equal("the budget is overspent by 50 %", words_left(-0.5).s);
	assert_string_equal("the budget is overspent by 1,718 %", words_left(-17.18).s);
}

static void a_table_has_of_the_budget_what_the_sentence_has(void **state)
{
	static const double ratios[] = { 1, 0.8161, 0.7866, 0.29, 0.005, -0.07, -49.71 };
	static const char *const table[] = {
		"100 %", "81 %", "78 %", "29 %", "<1 %", "overspent by 7 %", "overspent by 4,971 %"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ratios) / sizeof(ratios[0]); i++) {
		assert_string_equal(table[i], words_remaining(ratios[i]).s);
		assert_non_null(strstr(words_left(ratios[i]).s, table[i]));
	}
}

static void an_alert_says_window_rate_budget_end_and_promise(void **state)
{
	struct alert_state alert = { .severity = "page",
				     .long_s = 3600,
				     .short_s = 300,
				     .factor = 14.4,
				     .long_rate = 16.25,
				     .short_rate = 20,
				     .firing = true,
				     .since = NOON,
				     .exhausted_at = NOON + 240 };
	struct slo_result r = { .objective = "",
				.verdict = VERDICT_MET,
				.at = NOON + 60,
				.remaining_ratio = 0.5,
				.exhausted_at = NOON + 86400,
				.recent_s = 3600 };
	_cleanup_(freep) char *text = words_alert(&r, &alert, "Paying works.");
	_cleanup_(freep) char *spent = NULL, *hour = NULL, *lasts = NULL;

	(void)state;
	assert_string_equal(
		"PAGE since 2026-01-31 12:00 UTC: in the last 1 hour failures spent the budget at "
		"16.2 times the rate that it can bear, and in the last 5 minutes at 20 times (the "
		"alert stands at 14.4); 50 % of the budget is left; at the rate of the last 5 "
		"minutes it is gone at 2026-01-31 12:04 UTC. The promise: \"Paying works.\"",
		text);
	alert.short_s = 0;
	alert.severity = "ticket";
	r.exhausted_at = 0;
	hour = words_alert(&r, &alert, NULL);
	assert_non_null(
		strstr(hour, "; at the rate of the last 1 hour it is gone at 2026-01-31 12:04"));
	alert.exhausted_at = 0;
	lasts = words_alert(&r, &alert, NULL);
	assert_non_null(
		strstr(lasts, "% of the budget is left; at the rate of the last 1 hour it lasts."));
	r.remaining_ratio = -2;
	r.exhausted_at = NOON - 3600;
	spent = words_alert(&r, &alert, "x");
	assert_non_null(
		strstr(spent, "the budget is overspent by 200 %, since 2026-01-31 11:00 UTC"));
}

static void a_rate_of_a_part_of_its_window_says_which_part(void **state)
{
	struct alert_state alert = { .severity = "ticket",
				     .long_s = 259200,
				     .short_s = 60,
				     .factor = 1,
				     .long_rate = 9.21,
				     .short_rate = 9.21,
				     .long_known_ns = UINT64_C(35000000000),
				     .short_known_ns = UINT64_C(60000000000),
				     .firing = true,
				     .since = NOON };
	struct slo_result r = { .objective = "", .verdict = VERDICT_MET, .remaining_ratio = -1 };
	_cleanup_(freep) char *text = words_alert(&r, &alert, NULL);

	(void)state;
	assert_non_null(strstr(text,
			       ": in the last 3 days (measured: 35 seconds) failures spent the "
			       "budget at 9.21 times the rate that it can bear, and in the last "
			       "1 minute at 9.21 times (the alert stands at 1);"));
}

static void an_alert_that_is_over_says_so_and_from_when_to_when(void **state)
{
	struct alert_state alert = { .severity = "ticket",
				     .long_s = 180,
				     .short_s = 60,
				     .factor = 2,
				     .long_rate = 26.4,
				     .since = NOON };
	struct slo_result r = { .objective = "", .verdict = VERDICT_MET, .remaining_ratio = 0.43 };
	_cleanup_(freep) char *text = words_alert_over(&r, &alert, NOON + 600, "Paying works.");
	_cleanup_(freep) char *none = NULL;

	(void)state;
	assert_string_equal(
		"TICKET is over: it fired from 2026-01-31 12:00 UTC to 2026-01-31 12:10 "
		"UTC; 43 % of the budget is left. The promise: \"Paying works.\"",
		text);
	r.verdict = VERDICT_NO_DATA;
	none = words_alert_over(&r, &alert, NOON + 600, NULL);
	assert_string_equal(
		"TICKET is over: it fired from 2026-01-31 12:00 UTC to 2026-01-31 12:10 "
		"UTC. No promise is written down.",
		none);
}

static void an_alert_has_no_rate_of_what_was_not_measured(void **state)
{
	struct alert_state alert = { .severity = "ticket",
				     .long_s = 3600,
				     .short_s = 300,
				     .factor = 14.4,
				     .long_rate = 16.25,
				     .short_rate = NAN,
				     .firing = true,
				     .frozen = true,
				     .since = NOON,
				     .exhausted_at = NOON + 240 };
	struct slo_result r = {
		.objective = "", .verdict = VERDICT_MET, .at = NOON + 3600, .remaining_ratio = 0.5
	};
	_cleanup_(freep) char *part = words_alert(&r, &alert, NULL), *none = NULL;

	(void)state;
	assert_string_equal(
		"TICKET since 2026-01-31 12:00 UTC: nothing that counts was measured in the last 5 "
		"minutes, so it stays as it was; 50 % of the budget is left. No promise is written "
		"down.",
		part);
	alert.long_rate = NAN;
	r.verdict = VERDICT_NO_DATA;
	r.remaining_ratio = 1;
	none = words_alert(&r, &alert, "Paying works.");
	assert_string_equal(
		"TICKET since 2026-01-31 12:00 UTC: nothing that counts was measured in the last 1 "
		"hour, so it stays as it was. The promise: \"Paying works.\"",
		none);
}

static void of_what_was_not_measured_lately_nothing_is_foreseen(void **state)
{
	struct burn burns[] = { { 3600, NAN }, { 21600, 0 } };
	struct slo_result r = { .objective = "",
				.verdict = VERDICT_MET,
				.at = NOON,
				.remaining_ratio = 0.5,
				.burns = burns,
				.n_burns = 2,
				.recent_s = 21600 };
	_cleanup_(freep) char *known = words_forecast(&r), *unknown = NULL, *method = NULL;

	(void)state;
	assert_string_equal(
		"The budget lasts, if the failures and the traffic of the last 6 hours go on as they "
		"are.",
		known);
	burns[1].rate = NAN;
	unknown = words_forecast(&r);
	assert_string_equal(
		"Nothing that counts was measured in the last 6 hours, so nothing is foreseen.",
		unknown);
	method = words_method(&r);
	assert_string_equal("none", method);
}

static void a_forecast_says_when_or_that_it_lasts(void **state)
{
	struct slo_result r = { .objective = "",
				.verdict = VERDICT_MET,
				.at = NOON,
				.rolling = true,
				.remaining_ratio = 0.5,
				.exhausted_at = NOON + 60,
				.recent_s = 21600 };
	_cleanup_(freep) char *gone = words_forecast(&r), *lasts = NULL, *spent = NULL;

	(void)state;
	assert_string_equal(
		"The budget will be gone at 2026-01-31 12:01 UTC, if the failures and "
		"the traffic of the last 6 hours go on as they are, and what ages out of "
		"the window is given back.",
		gone);
	r.exhausted_at = 0;
	r.rolling = false;
	lasts = words_forecast(&r);
	assert_string_equal(
		"The budget lasts, if the failures and the traffic of the last 6 hours go "
		"on as they are.",
		lasts);
	r.exhausted_at = NOON - 60;
	spent = words_forecast(&r);
	assert_string_equal("The budget is gone since 2026-01-31 11:59 UTC.", spent);
}

static void a_chance_says_what_it_takes_for_granted(void **state)
{
	struct time_window rolling = { .rolling = true, .span = { 28, 'd' } };
	struct time_window month = { .span = { 1, 'M' } };
	struct slo_result r = { .rolling = true, .chance = 0.999 };
	_cleanup_(freep) char *sure = words_chance(&r, &rolling), *half = NULL;

	(void)state;
	assert_string_equal(
		"If the time to come is like the last 28 days as a whole, the promise is "
		"kept with a chance of over 99 % when all of the window is new.",
		sure);
	r.rolling = false;
	r.chance = 0.5;
	half = words_chance(&r, &month);
	assert_string_equal(
		"If the time to come is like the last 1 month as a whole, the promise is "
		"kept with a chance of 50 % when the window ends.",
		half);
	r.chance = NAN;
	assert_null(words_chance(&r, &month));
}

static void lengths_are_said_in_their_two_largest_units(void **state)
{
	(void)state;
	assert_string_equal("3 days", words_length(259200 * UINT64_C(1000000000)).s);
	assert_string_equal("4 minutes 19 seconds", words_length(UINT64_C(259200000000)).s);
	assert_string_equal("1 day 1 hour", words_length(90061 * UINT64_C(1000000000)).s);
	assert_string_equal("1 day", words_length(86460 * UINT64_C(1000000000)).s);
	assert_string_equal("500 ms", words_length(500000000).s);
	assert_string_equal("873 ms", words_length(873399000).s);
	assert_string_equal("2.03 s", words_length(2034480000).s);
	assert_string_equal("59 seconds", words_length(59 * UINT64_C(1000000000)).s);
}

static void factors_have_at_most_four_digits_behind_the_point(void **state)
{
	(void)state;
	assert_string_equal("0.9333", words_factor(0.9333333333333).s);
	assert_string_equal("13.44", words_factor(13.44).s);
	assert_string_equal("6", words_factor(6).s);
	assert_string_equal("1,234.5", words_factor(1234.5).s);
	assert_string_equal("1,000", words_factor(999.99999).s);
	assert_string_equal("0", words_factor(0).s);
	assert_string_equal("1e-05", words_factor(0.00001).s);
}

/* date(1): TZ=Europe/Berlin date -d @1769860800, TZ=America/St_Johns likewise. */
static void a_moment_in_a_zone_has_its_offset(void **state)
{
	(void)state;
	assert_string_equal("2026-01-31 13:00 +01:00", words_moment_in("Europe/Berlin", NOON).s);
	assert_string_equal("2026-01-31 08:30 -03:30", words_moment_in("America/St_Johns", NOON).s);
	assert_string_equal("2026-01-31 12:00 UTC", words_moment_in("UTC", NOON).s);
}

/* The workbook: 99.9 % over 30 days are 43.2 min, and the hour at 14.4 shows an outage in 51.84 s. */
static void the_arithmetic_of_a_promise_is_the_published_one(void **state)
{
	struct objective o = { .display_name = "", .target = DECIMAL_ONE / 1000 * 999 };
	struct slo slo = { .objectives = &o,
			   .n_objectives = 1,
			   .window = { .rolling = true, .span = { 30, 'd' } } };
	struct alert_state alert = { .long_s = 3600, .factor = 14.4, .can_fire = true };
	struct slo_entry e = {
		.slo = &slo,
		.objective = &o,
		.result = { .objective = "", .target = 0.999, .alerts = &alert, .n_alerts = 1 }
	};
	struct allowance a;

	(void)state;
	slo_allowance(&e, &a);
	assert_string_equal("99.9 %", a.target);
	assert_string_equal("43.2", slo_number(a.minutes).s);
	assert_string_equal("1,000", slo_number(a.per_million).s);
	assert_string_equal("1,000", slo_number(a.one_in).s);
	assert_string_equal("51.84", slo_number(slo_detect_s(&e, &a, 0)).s);
	alert.can_fire = false;
	assert_true(isinf(slo_detect_s(&e, &a, 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_of_time_are_said_in_the_largest_unit_that_fits),
		cmocka_unit_test(moments_are_in_utc_and_say_so),
		cmocka_unit_test(what_is_left_is_never_said_to_be_more_than_it_is),
		cmocka_unit_test(a_table_has_of_the_budget_what_the_sentence_has),
		cmocka_unit_test(an_alert_says_window_rate_budget_end_and_promise),
		cmocka_unit_test(a_rate_of_a_part_of_its_window_says_which_part),
		cmocka_unit_test(an_alert_that_is_over_says_so_and_from_when_to_when),
		cmocka_unit_test(an_alert_has_no_rate_of_what_was_not_measured),
		cmocka_unit_test(of_what_was_not_measured_lately_nothing_is_foreseen),
		cmocka_unit_test(a_forecast_says_when_or_that_it_lasts),
		cmocka_unit_test(a_chance_says_what_it_takes_for_granted),
		cmocka_unit_test(lengths_are_said_in_their_two_largest_units),
		cmocka_unit_test(factors_have_at_most_four_digits_behind_the_point),
		cmocka_unit_test(a_moment_in_a_zone_has_its_offset),
		cmocka_unit_test(the_arithmetic_of_a_promise_is_the_published_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
