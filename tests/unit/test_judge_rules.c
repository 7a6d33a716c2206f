// SPDX-License-Identifier: Apache-2.0
/* test_judge_rules.c - rules as files give them: which outcomes, which limit, of which services. */
#include "judge_fixture.h"

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
