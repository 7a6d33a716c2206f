// SPDX-License-Identifier: Apache-2.0
/* test_judge.c - promises against counts; the expected numbers are worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/slo/judge.h"

#define PATIENCE 1 /* threshold 1; threshold 0 is the latency limit */
#define LIMIT	 0
#define WITHIN	 ((1 << LIMIT) | (1 << PATIENCE)) /* fast */
#define SLOW	 (1 << PATIENCE)
#define HOPELESS 0 /* older than the patience */

static void assert_close(double expected, double value)
{
	if (!(fabs(value - expected) <= 1e-12 + 1e-12 * fabs(expected)))
		fail_msg("%.17g, expected %.17g", value, expected);
}

static struct service_row http(void)
{
	return (struct service_row){ .role = ROLE_SERVER, .protocol = "http" };
}

/* What somebody wrote with at most twelve digits. */
static decimal target_of(double target)
{
	return (decimal)llround(target * 1e12) * (DECIMAL_ONE / 1000000000000);
}

static struct judgement availability(const struct service_row *row, double target)
{
	struct judgement j;

	judge_availability(row, PATIENCE, "availability", target_of(target), &j);
	return j;
}

static struct judgement latency(const struct service_row *row, double target)
{
	struct judgement j;

	judge_latency(row, LIMIT, "latency", target_of(target), &j);
	return j;
}

static struct judgement of_counts(uint64_t good, uint64_t bad, double target)
{
	struct service_row row = http();

	row.counts.exchanges[WITHIN][OUTCOME_OK] = good;
	row.counts.exchanges[WITHIN][OUTCOME_SERVER_ERROR] = bad;
	return availability(&row, target);
}

static void one_bad_of_1000_meets_999_permille_exactly(void **state)
{
	struct judgement j = of_counts(999, 1, 0.999);

	(void)state;
	assert_int_equal(VERDICT_MET, j.verdict);
	assert_close(0.999, j.sli);
	assert_close(1, j.allowed);
	assert_close(1, j.spent);
	assert_close(0, j.remaining_ratio);
	assert_true(j.exact);
}

static void one_bad_of_999_misses_999_permille(void **state)
{
	(void)state;
	assert_int_equal(VERDICT_MISSED, of_counts(998, 1, 0.999).verdict);
}

/* Doubles fail here: 0.07 * 100 > 7, and counts of 1e16 lose their last digit. */
static void targets_are_compared_as_decimals(void **state)
{
	(void)state;
	for (unsigned int percent = 0; percent <= 100; percent++) {
		double target = percent / 100.0;

		assert_int_equal(VERDICT_MET, of_counts(percent, 100 - percent, target).verdict);
		if (percent)
			assert_int_equal(VERDICT_MISSED,
					 of_counts(percent - 1, 101 - percent, target).verdict);
	}
	for (unsigned int permyriad = 1; permyriad <= 10000; permyriad++) {
		double target = permyriad / 10000.0;
		uint64_t good = permyriad * 1000000000000ull;
		uint64_t bad = (10000 - permyriad) * 1000000000000ull;

		assert_int_equal(VERDICT_MET, of_counts(good, bad, target).verdict);
		assert_int_equal(VERDICT_MISSED, of_counts(good - 1, bad + 1, target).verdict);
	}
}

static void the_budget_is_that_of_the_contract(void **state)
{
	struct judgement j = of_counts(994, 6, 0.999);

	(void)state;
	assert_int_equal(VERDICT_MISSED, j.verdict);
	assert_close(0.994, j.sli);
	assert_close(1.0, j.allowed);
	assert_close(6, j.spent);
	assert_close(-5.0, j.remaining_ratio);
}

/* Google's SRE workbook, chapter 2: what 3,663,253 requests in four weeks allow. */
static void budgets_are_those_of_the_sre_workbook(void **state)
{
	(void)state;
	assert_int_equal(109897, (int)of_counts(3663253, 0, 0.97).allowed);
	assert_int_equal(366325, (int)of_counts(3663253, 0, 0.90).allowed);
	assert_int_equal(36632, (int)of_counts(3663253, 0, 0.99).allowed);
}

static void a_target_of_one_allows_nothing(void **state)
{
	struct judgement j = of_counts(10, 0, 1);

	(void)state;
	assert_int_equal(VERDICT_MET, j.verdict);
	assert_close(1, j.remaining_ratio);
	j = of_counts(9, 1, 1);
	assert_int_equal(VERDICT_MISSED, j.verdict);
	assert_true(isfinite(j.remaining_ratio) && j.remaining_ratio < 0);
}

static void no_traffic_is_no_data(void **state)
{
	struct service_row row = http();
	struct judgement j = availability(&row, 0.999);

	(void)state;
	assert_int_equal(VERDICT_NO_DATA, j.verdict);
	assert_true(isnan(j.sli));
	assert_close(1, j.remaining_ratio);
	j = latency(&row, 0.99);
	assert_int_equal(VERDICT_NO_DATA, j.verdict);
	assert_true(isnan(j.sli));
}

static void client_errors_are_the_callers_fault(void **state)
{
	struct service_row row = http();
	struct judgement j;

	(void)state;
	row.counts.exchanges[WITHIN][OUTCOME_CLIENT_ERROR] = 4;
	row.counts.exchanges[WITHIN][OUTCOME_NO_RESPONSE] = 1;
	j = availability(&row, 0.5);
	assert_int_equal(4, j.good);
	assert_int_equal(5, j.total);
}

static void who_gives_up_early_does_not_count_and_late_counts_as_bad(void **state)
{
	struct service_row row = http();
	struct judgement j;

	(void)state;
	row.counts.exchanges[WITHIN][OUTCOME_OK] = 10;
	row.counts.exchanges[WITHIN][OUTCOME_ABORTED] = 3;
	row.counts.exchanges[SLOW][OUTCOME_ABORTED] = 5;
	row.counts.exchanges[HOPELESS][OUTCOME_ABORTED] = 7;
	j = availability(&row, 0.5);
	assert_int_equal(10, j.good);
	assert_int_equal(17, j.total);
	j = latency(&row, 0.5);
	assert_int_equal(10, j.good);
	assert_int_equal(22, j.total);
}

static void who_waits_too_long_counts_as_bad(void **state)
{
	struct service_row row = http();
	struct judgement j;

	(void)state;
	row.in_flight =
		(struct in_flight_row){ .count = 9, .older = { [LIMIT] = 6, [PATIENCE] = 2 } };
	j = availability(&row, 0.999);
	assert_int_equal(VERDICT_MISSED, j.verdict);
	assert_int_equal(0, j.good);
	assert_int_equal(2, j.total);
	assert_int_equal(6, latency(&row, 0.99).total);
}

static void a_server_that_never_answered_has_no_protocol_and_is_judged(void **state)
{
	struct service_row row = http();

	(void)state;
	row.protocol = "unknown";
	row.counts.exchanges[WITHIN][OUTCOME_NO_RESPONSE] = 3;
	assert_int_equal(VERDICT_MISSED, availability(&row, 0.999).verdict);
	assert_int_equal(VERDICT_MISSED, latency(&row, 0.99).verdict);
}

static void slow_answers_and_errors_miss_the_latency(void **state)
{
	struct service_row row = http();
	struct judgement j;

	(void)state;
	row.counts.exchanges[WITHIN][OUTCOME_OK] = 90;
	row.counts.exchanges[SLOW][OUTCOME_OK] = 5;
	row.counts.exchanges[WITHIN][OUTCOME_CLIENT_ERROR] = 2;
	row.counts.exchanges[WITHIN][OUTCOME_SERVER_ERROR] = 3;
	j = latency(&row, 0.92);
	assert_int_equal(92, j.good);
	assert_int_equal(100, j.total);
	assert_int_equal(VERDICT_MET, j.verdict);
	assert_true(j.exact);
}

static void an_outcome_not_understood_makes_availability_inexact(void **state)
{
	struct service_row row = http();
	struct judgement j;

	(void)state;
	row.counts.exchanges[WITHIN][OUTCOME_OK] = 90;
	row.counts.exchanges[WITHIN][OUTCOME_SERVER_ERROR] = 5;
	row.counts.exchanges[WITHIN][OUTCOME_UNKNOWN] = 5;
	j = availability(&row, 0.9);
	assert_false(j.exact);
	assert_int_equal(90, j.good);
	assert_int_equal(95, j.total);
	assert_close(90.0 / 95, j.sli);
	assert_close(0.90, j.sli_lowest);
	assert_close(0.95, j.sli_highest);
	assert_int_equal(95, latency(&row, 0.9).total);
	assert_true(latency(&row, 0.9).exact);
}

static void encrypted_exchanges_have_latency_but_no_availability(void **state)
{
	struct service_row row = http();
	struct judgement j;

	(void)state;
	row.protocol = "tls";
	row.counts.exchanges[WITHIN][OUTCOME_UNKNOWN] = 98;
	row.counts.exchanges[SLOW][OUTCOME_UNKNOWN] = 1;
	row.counts.exchanges[WITHIN][OUTCOME_NO_RESPONSE] = 1;
	j = availability(&row, 0.999);
	assert_int_equal(VERDICT_NO_DATA, j.verdict);
	assert_true(isnan(j.sli));
	assert_true(isnan(j.sli_lowest));
	j = latency(&row, 0.98);
	assert_int_equal(98, j.good);
	assert_int_equal(100, j.total);
	assert_int_equal(VERDICT_MET, j.verdict);
}

static void streams_are_taken_out_of_the_latency(void **state)
{
	struct service_row row = http();
	struct judgement j;

	(void)state;
	row.counts.exchanges[WITHIN][OUTCOME_OK] = 10;
	row.counts.exchanges[SLOW][OUTCOME_OK] = 10;
	row.counts.streamed[WITHIN] = 4;
	row.counts.streamed[SLOW] = 7;
	j = latency(&row, 0.5);
	assert_int_equal(6, j.good);
	assert_int_equal(9, j.total);
	assert_true(j.exact);
	assert_int_equal(20, availability(&row, 0.5).total);
}

static void streams_that_may_have_been_errors_leave_bounds(void **state)
{
	struct service_row row = http();
	struct judgement j;

	(void)state;
	row.counts.exchanges[WITHIN][OUTCOME_OK] = 8;
	row.counts.exchanges[WITHIN][OUTCOME_SERVER_ERROR] = 2;
	row.counts.streamed[WITHIN] = 2;
	j = latency(&row, 0.5);
	assert_int_equal(6, j.good);
	assert_int_equal(8, j.total);
	assert_false(j.exact);
	assert_close(6.0 / 8, j.sli_lowest);
	assert_close(1, j.sli_highest);
}

static void more_streams_than_answers_take_no_more_than_there_is(void **state)
{
	struct service_row row = http();
	struct judgement j;

	(void)state;
	row.counts.exchanges[WITHIN][OUTCOME_OK] = 3;
	row.counts.streamed[WITHIN] = 5;
	row.counts.streamed[SLOW] = 5;
	j = latency(&row, 0.5);
	assert_int_equal(0, j.good);
	assert_int_equal(0, j.total);
	assert_int_equal(VERDICT_NO_DATA, j.verdict);
}

static void an_end_known_to_a_tick_makes_the_latency_inexact(void **state)
{
	struct service_row row = http();
	struct judgement j;

	(void)state;
	row.counts.exchanges[WITHIN][OUTCOME_OK] = 95;
	row.counts.exchanges[SLOW][OUTCOME_OK] = 3;
	row.counts.exchanges[SLOW][OUTCOME_SERVER_ERROR] = 2;
	row.counts.undated[LIMIT] = 4;
	j = latency(&row, 0.95);
	assert_false(j.exact);
	assert_close(0.95, j.sli);
	assert_close(0.91, j.sli_lowest);
	assert_close(0.98, j.sli_highest); /* errors do not become good */
	assert_true(availability(&row, 0.95).exact);
}

/* Rules, as files give them. */

#define OK	     (1u << OUTCOME_OK)
#define CLIENT_ERROR (1u << OUTCOME_CLIENT_ERROR)
#define SERVER_ERROR (1u << OUTCOME_SERVER_ERROR)
#define NO_RESPONSE  (1u << OUTCOME_NO_RESPONSE)
#define ABORTED	     (1u << OUTCOME_ABORTED)
#define UNKNOWN	     (1u << OUTCOME_UNKNOWN)

static struct judgement by(struct rule rule, const struct service_row *row, double target)
{
	const struct judged_row one = { .row = row, .good = true, .total = true };
	struct judgement j = { .name = "of a file", .target = target_of(target) };

	rule.patience = PATIENCE;
	judge(&rule, &one, 1, &j);
	return j;
}

/* One of every kind, told apart by powers of two. */
static struct service_row every_outcome(void)
{
	struct service_row row = http();

	for (unsigned int o = 0; o < OUTCOMES; o++) {
		row.counts.exchanges[WITHIN][o] = 1ull << o;
		row.counts.exchanges[SLOW][o] = 1ull << (o + 8);
		row.counts.exchanges[HOPELESS][o] = 1ull << (o + 16);
	}
	return row;
}

#define ALL_TIMES(n) ((uint64_t)(n)*0x10101)

static void only_the_outcomes_that_were_named_count(void **state)
{
	struct service_row row = every_outcome();
	struct judgement j =
		by((struct rule){ .good = { OK }, .total = { OK | SERVER_ERROR } }, &row, 0.5);

	(void)state;
	assert_int_equal(ALL_TIMES(OK), j.good);
	/* and what was aborted after more than the patience */
	assert_int_equal(ALL_TIMES(OK | SERVER_ERROR) + (ABORTED << 16), j.total);
	j = by((struct rule){ .good = { OK, .timed = true, .threshold = LIMIT },
			      .total = { OK | SERVER_ERROR } },
	       &row, 0.5);
	assert_int_equal(OK, j.good);
	assert_int_equal(ALL_TIMES(OK | SERVER_ERROR) + (ABORTED << 8) + (ABORTED << 16), j.total);
}

static void what_is_named_is_counted_once(void **state)
{
	struct service_row row = every_outcome();
	struct judgement j = by((struct rule){ .total = { OK | ABORTED } }, &row, 0.5);

	(void)state;
	assert_int_equal(ALL_TIMES(OK), j.good); /* a client_error is not valid, so not good */
	assert_int_equal(ALL_TIMES(OK | ABORTED), j.total);
}

static void what_is_named_good_is_valid_too(void **state)
{
	struct service_row row = every_outcome();
	struct judgement j = by((struct rule){ .good = { OK | ABORTED } }, &row, 0.5);

	(void)state;
	assert_int_equal(ALL_TIMES(OK | ABORTED), j.good);
	assert_int_equal(ALL_TIMES(OK | CLIENT_ERROR | SERVER_ERROR | NO_RESPONSE | ABORTED),
			 j.total);
}

static void unknown_that_is_named_leaves_no_doubt(void **state)
{
	struct service_row row = every_outcome();
	struct judgement j = by((struct rule){ .good = { OK | UNKNOWN },
					       .total = { OK | SERVER_ERROR | UNKNOWN } },
				&row, 0.5);

	(void)state;
	assert_true(j.exact);
	assert_int_equal(ALL_TIMES(OK | UNKNOWN), j.good);
}

static void where_nothing_is_understood_a_limit_takes_unknown_whatever_was_named(void **state)
{
	struct rule rule = { .good = { OK | CLIENT_ERROR }, .total = { OK | SERVER_ERROR } };
	struct service_row row = http();
	struct judgement j;

	(void)state;
	row.protocol = "tls";
	row.counts.exchanges[WITHIN][OUTCOME_UNKNOWN] = 90;
	row.counts.exchanges[SLOW][OUTCOME_UNKNOWN] = 10;
	assert_int_equal(VERDICT_NO_DATA, by(rule, &row, 0.5).verdict);
	rule.good.timed = true;
	j = by(rule, &row, 0.9);
	assert_int_equal(90, j.good);
	assert_int_equal(100, j.total);
	assert_int_equal(VERDICT_MET, j.verdict);
}

static void bad_of_total_is_the_rest(void **state)
{
	struct service_row row = every_outcome();
	struct rule rule = { .good_is_bad = true };
	struct judgement j;

	(void)state;
	row.counts.exchanges[WITHIN][OUTCOME_UNKNOWN] = 0;
	row.counts.exchanges[SLOW][OUTCOME_UNKNOWN] = 0;
	row.counts.exchanges[HOPELESS][OUTCOME_UNKNOWN] = 0;
	row.in_flight.older[PATIENCE] = 3;
	j = by(rule, &row, 0.5);
	/* The same as good of total: ok, client_error. */
	assert_int_equal(ALL_TIMES(OK | CLIENT_ERROR), j.good);
	assert_int_equal(by((struct rule){}, &row, 0.5).total, j.total);
	assert_true(j.exact);
	rule.good.outcomes = CLIENT_ERROR | SERVER_ERROR;
	j = by(rule, &row, 0.5);
	assert_int_equal(ALL_TIMES(OK | NO_RESPONSE), j.good);
}

static void bounds_of_bad_are_those_of_good(void **state)
{
	struct service_row row = every_outcome();
	struct judgement good = by((struct rule){}, &row, 0.5);
	struct judgement bad = by((struct rule){ .good_is_bad = true }, &row, 0.5);

	(void)state;
	assert_false(good.exact);
	assert_int_equal(good.good, bad.good);
	assert_int_equal(good.total, bad.total);
	assert_close(good.sli_lowest, bad.sli_lowest);
	assert_close(good.sli_highest, bad.sli_highest);
}

static void of_a_total_within_a_time_only_what_ended_in_it_counts(void **state)
{
	struct service_row row = every_outcome();
	struct judgement j;

	(void)state;
	row.in_flight.older[LIMIT] = row.in_flight.older[PATIENCE] = 7;
	j = by((struct rule){ .total = { .timed = true, .threshold = LIMIT } }, &row, 0.5);
	assert_int_equal(OK | CLIENT_ERROR, j.good);
	assert_int_equal(OK | CLIENT_ERROR | SERVER_ERROR | NO_RESPONSE, j.total);
}

static void services_are_added_before_they_are_divided(void **state)
{
	struct service_row many = http(), few = http();
	const struct judged_row rows[] = { { &many, true, true }, { &few, true, true } };
	struct judgement j = { .target = target_of(0.9) };

	(void)state;
	many.counts.exchanges[WITHIN][OUTCOME_OK] = 90;
	many.counts.exchanges[WITHIN][OUTCOME_SERVER_ERROR] = 0;
	few.counts.exchanges[WITHIN][OUTCOME_SERVER_ERROR] = 10;
	judge(&(struct rule){ .patience = PATIENCE }, rows, 2, &j);
	assert_int_equal(90, j.good);
	assert_int_equal(100, j.total);
	assert_int_equal(VERDICT_MET, j.verdict); /* the mean of 100 % and 0 % would miss it */
}

static void good_and_total_may_be_of_different_services(void **state)
{
	struct service_row behind = http(), front = http();
	const struct judged_row rows[] = { { &behind, true, false }, { &front, false, true } };
	const struct rule rule = { .patience = PATIENCE };
	struct judgement j = { .target = target_of(0.9) };

	(void)state;
	behind.counts.exchanges[WITHIN][OUTCOME_OK] = 95;
	front.counts.exchanges[WITHIN][OUTCOME_OK] = 60;
	front.counts.exchanges[WITHIN][OUTCOME_SERVER_ERROR] = 40;
	judge(&rule, rows, 2, &j);
	assert_int_equal(95, j.good);
	assert_int_equal(100, j.total);
	assert_null(j.reason);
	behind.counts.exchanges[WITHIN][OUTCOME_OK] = 101;
	judge(&rule, rows, 2, &j);
	assert_int_equal(VERDICT_NO_DATA, j.verdict);
	assert_non_null(j.reason);
}

static void parts_that_are_not_known_are_left_out_and_bound(void **state)
{
	struct rule rule = { .good = { .timed = true, .threshold = LIMIT, .part = PART_QUEUE } };
	struct service_row row = http();
	struct judgement j;

	(void)state;
	row.counts.exchanges[WITHIN][OUTCOME_OK] = 90; /* 20 of them only because nobody knows */
	row.counts.exchanges[SLOW][OUTCOME_OK] = 10;
	row.counts.undivided = 20;
	j = by(rule, &row, 0.5);
	assert_int_equal(70, j.good);
	assert_int_equal(80, j.total);
	assert_false(j.exact);
	assert_close(0.70, j.sli_lowest);
	assert_close(0.90, j.sli_highest);
	rule.good.part = PART_DURATION; /* that is known */
	j = by(rule, &row, 0.5);
	assert_int_equal(90, j.good);
	assert_true(j.exact);
}

static void an_age_says_nothing_of_a_part_that_may_be_over(void **state)
{
	struct rule rule = { .good = { .timed = true, .threshold = LIMIT, .part = PART_QUEUE } };
	struct service_row row = http();
	struct judgement j;

	(void)state;
	row.counts.exchanges[WITHIN][OUTCOME_OK] = 90;
	row.in_flight.older[LIMIT] = 10;
	j = by(rule, &row, 0.5);
	assert_int_equal(90, j.good);
	assert_int_equal(100, j.total);
	assert_close(0.9, j.sli_lowest);
	assert_close(1, j.sli_highest);
	rule.good.part = PART_FIRST_BYTE; /* none of them has come yet */
	assert_true(by(rule, &row, 0.5).exact);
	assert_int_equal(100, by(rule, &row, 0.5).total);
}

static void a_good_event_never_lowers_the_sli(void **state)
{
	static const struct rule rules[] = {
		{},
		{ .good_is_bad = true },
		{ .good = { .timed = true, .threshold = LIMIT } },
		{ .good = { OK }, .total = { OK | SERVER_ERROR | ABORTED } },
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct service_row row = every_outcome();
		double before = by(rules[i], &row, 0.5).sli;

		for (unsigned int n = 0; n < 100; n++) {
			double after;

			row.counts.exchanges[WITHIN][OUTCOME_OK]++;
			after = by(rules[i], &row, 0.5).sli;
			assert_true(after >= before);
			before = after;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_bad_of_1000_meets_999_permille_exactly),
		cmocka_unit_test(one_bad_of_999_misses_999_permille),
		cmocka_unit_test(targets_are_compared_as_decimals),
		cmocka_unit_test(the_budget_is_that_of_the_contract),
		cmocka_unit_test(budgets_are_those_of_the_sre_workbook),
		cmocka_unit_test(a_target_of_one_allows_nothing),
		cmocka_unit_test(no_traffic_is_no_data),
		cmocka_unit_test(client_errors_are_the_callers_fault),
		cmocka_unit_test(who_gives_up_early_does_not_count_and_late_counts_as_bad),
		cmocka_unit_test(who_waits_too_long_counts_as_bad),
		cmocka_unit_test(a_server_that_never_answered_has_no_protocol_and_is_judged),
		cmocka_unit_test(slow_answers_and_errors_miss_the_latency),
		cmocka_unit_test(an_outcome_not_understood_makes_availability_inexact),
		cmocka_unit_test(encrypted_exchanges_have_latency_but_no_availability),
		cmocka_unit_test(streams_are_taken_out_of_the_latency),
		cmocka_unit_test(streams_that_may_have_been_errors_leave_bounds),
		cmocka_unit_test(more_streams_than_answers_take_no_more_than_there_is),
		cmocka_unit_test(an_end_known_to_a_tick_makes_the_latency_inexact),
		cmocka_unit_test(only_the_outcomes_that_were_named_count),
		cmocka_unit_test(what_is_named_is_counted_once),
		cmocka_unit_test(what_is_named_good_is_valid_too),
		cmocka_unit_test(unknown_that_is_named_leaves_no_doubt),
		cmocka_unit_test(
			where_nothing_is_understood_a_limit_takes_unknown_whatever_was_named),
		cmocka_unit_test(bad_of_total_is_the_rest),
		cmocka_unit_test(bounds_of_bad_are_those_of_good),
		cmocka_unit_test(of_a_total_within_a_time_only_what_ended_in_it_counts),
		cmocka_unit_test(services_are_added_before_they_are_divided),
		cmocka_unit_test(good_and_total_may_be_of_different_services),
		cmocka_unit_test(parts_that_are_not_known_are_left_out_and_bound),
		cmocka_unit_test(an_age_says_nothing_of_a_part_that_may_be_over),
		cmocka_unit_test(a_good_event_never_lowers_the_sli),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
