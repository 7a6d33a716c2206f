// SPDX-License-Identifier: Apache-2.0
/* test_judge.c - promises against counts; the expected numbers are worked out by hand. */
#include "judge_fixture.h"

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
