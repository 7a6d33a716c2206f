// SPDX-License-Identifier: Apache-2.0
/* test_board.c - which rows feed which objectives, and what several objectives come to together. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/slo/board.h"

#define STEP 60
#define T0   1767225600 /* 2026-01-01T00:00:00Z */

static const struct indicator fast = { .name = "fast" }, right = { .name = "right" };

#define TENTHS(n) ((n) * (DECIMAL_ONE / 10))

/* OpenSLO v1: a composite has indicators of its own in its objectives, and weights. */
static const struct objective parts[] = {
	{ .display_name = "fast",
	  .counts_name = "shop/fast",
	  .target = TENTHS(9),
	  .weight = TENTHS(7),
	  .indicator = &fast },
	{ .display_name = "right",
	  .counts_name = "shop/right",
	  .target = TENTHS(5),
	  .weight = TENTHS(3),
	  .indicator = &right },
};

static const struct objective plain = { .display_name = "",
					.counts_name = "api",
					.target = TENTHS(9),
					.weight = DECIMAL_ONE };

static const struct objective stricter = { .display_name = "",
					   .counts_name = "api",
					   .target = DECIMAL_ONE / 100 * 99,
					   .weight = DECIMAL_ONE };

#define DAILY                                                                                      \
	{                                                                                          \
		.rolling = true, .span = { 1, 'd' }, .zone = "UTC"                                 \
	}

static struct slo shop = { .name = "shop",
			   .service = "shop",
			   .window = DAILY,
			   .objectives = parts,
			   .n_objectives = 2,
			   .composite = true,
			   .min_bad_events = 1 };

static struct slo api = { .name = "api",
			  .service = "api",
			  .window = DAILY,
			  .objectives = &plain,
			  .n_objectives = 1,
			  .min_bad_events = 1 };

static struct board *board_of(struct slo *slos, size_t n, int64_t to)
{
	static struct slo_set set;
	struct board_options options = { .step_s = STEP, .from = T0, .to = to };
	struct board *b;
	char why[256];

	set = (struct slo_set){ .slos = slos, .n_slos = n };
	assert_int_equal(0, board_new(&set, &options, &b, why, sizeof(why)));
	return b;
}

static void push(struct board *b, const char *name, int64_t time, uint64_t good, uint64_t total)
{
	struct step_counts c = { .good = good, .total = total, .measured = MEASURED_ONE };
	int feed = board_feed(b, name);

	assert_true(feed >= 0);
	assert_int_equal(0, board_push(b, feed, time, &c));
}

static struct slo_result result_of(const struct board *b, size_t i)
{
	struct slo_result r;

	board_result(b, i, &r);
	return r;
}

static void a_row_of_the_slo_s_name_feeds_objectives_without_rows_of_their_own(void **state)
{
	struct board *b = board_of(&shop, 1, T0 + STEP);

	(void)state;
	assert_true(board_feed(b, "shop/right") >= 0);
	push(b, "shop", T0, 8, 10);
	push(b, "shop/right", T0, 3, 5);
	assert_int_equal(0, board_finish(b, T0 + STEP));
	assert_int_equal(10, result_of(b, 0).total);
	assert_int_equal(5, result_of(b, 1).total);
	board_free(b);
}

static void a_name_that_no_file_declares_has_no_feed(void **state)
{
	struct board *b = board_of(&shop, 1, T0);

	(void)state;
	assert_int_equal(-ENOENT, board_feed(b, "shop/left"));
	assert_int_equal(-ENOENT, board_feed(b, "shopping"));
	assert_int_equal(-ENOENT, board_feed(b, ""));
	board_free(b);
}

/* 0.7 * 0.8 + 0.3 * 0.6 = 0.74, of a target of 0.7 * 0.9 + 0.3 * 0.5 = 0.78. */
static void a_composite_is_the_weighted_mean_of_its_objectives(void **state)
{
	struct board *b = board_of(&shop, 1, T0 + STEP);
	struct slo_result r;

	(void)state;
	push(b, "shop/fast", T0, 8, 10);
	push(b, "shop/right", T0, 60, 100);
	assert_int_equal(0, board_finish(b, T0 + STEP));
	assert_int_equal(3, board_n_results(b));
	r = result_of(b, 2);
	assert_string_equal("*", r.objective);
	assert_true(fabs(r.sli - 0.74) < 1e-12);
	assert_true(fabs(r.target - 0.78) < 1e-12);
	assert_true(r.verdict == VERDICT_MISSED);
	assert_true(fabs(r.remaining_ratio - (1 - 0.26 / 0.22)) < 1e-9);
	board_free(b);
}

static void a_member_without_data_leaves_its_weight_to_the_others(void **state)
{
	struct board *b = board_of(&shop, 1, T0 + STEP);
	struct slo_result r;

	(void)state;
	assert_true(board_feed(b, "shop/right") >= 0);
	push(b, "shop/fast", T0, 8, 10);
	assert_int_equal(0, board_finish(b, T0 + STEP));
	r = result_of(b, 2);
	assert_true(fabs(r.sli - 0.8) < 1e-12);
	board_free(b);
}

static void without_any_data_nothing_is_said(void **state)
{
	struct board *b = board_of(&shop, 1, T0 + STEP);

	(void)state;
	assert_int_equal(0, board_finish(b, T0 + STEP));
	for (size_t i = 0; i < 3; i++) {
		assert_true(result_of(b, i).verdict == VERDICT_NO_DATA);
		assert_true(isnan(result_of(b, i).sli));
		assert_int_equal(86400ull * 1000000000, result_of(b, i).unmeasured_ns);
	}
	board_free(b);
}

static void documents_of_one_name_are_revisions_of_one_slo(void **state)
{
	struct slo both[] = { api, api };
	struct slo_result r;
	struct board *b;

	(void)state;
	both[1].objectives = &stricter;
	both[1].since = T0 + 2 * STEP;
	b = board_of(both, 2, T0 + 4 * STEP);
	for (int i = 0; i < 4; i++)
		push(b, "api", T0 + i * STEP, 95, 100);
	assert_int_equal(0, board_finish(b, T0 + 4 * STEP));
	assert_int_equal(1, board_n_results(b));
	r = result_of(b, 0);
	assert_true(r.target == 0.99 && r.verdict == VERDICT_MISSED);
	assert_int_equal(2, r.n_revisions);
	assert_true(r.revisions[0].verdict == VERDICT_MET);
	assert_true(r.revisions[1].since == both[1].since && r.revisions[1].total == 200);
	board_free(b);
	/* Not in force yet. */
	b = board_of(both, 2, T0 + STEP);
	push(b, "api", T0, 95, 100);
	assert_int_equal(0, board_finish(b, T0 + STEP));
	assert_true(result_of(b, 0).target == 0.9);
	board_free(b);
}

static void a_slice_that_steps_do_not_fill_is_refused_in_one_line(void **state)
{
	struct objective o = plain;
	struct slo slo = api;
	struct slo_set set = { .slos = &slo, .n_slos = 1 };
	struct board_options options = { .step_s = STEP, .from = T0, .to = T0 };
	struct board *b;
	char why[256];

	(void)state;
	o.slice_s = 90;
	o.place = (struct place){ "x.yaml", 3, 5 };
	slo.objectives = &o;
	slo.method = METHOD_TIMESLICES;
	assert_int_equal(-EINVAL, board_new(&set, &options, &b, why, sizeof(why)));
	assert_string_equal(
		"x.yaml:3:5: timeSliceWindow of 'api' is 90 s, no whole number of steps: "
		"choose a --step that divides it",
		why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_row_of_the_slo_s_name_feeds_objectives_without_rows_of_their_own),
		cmocka_unit_test(a_name_that_no_file_declares_has_no_feed),
		cmocka_unit_test(a_composite_is_the_weighted_mean_of_its_objectives),
		cmocka_unit_test(a_member_without_data_leaves_its_weight_to_the_others),
		cmocka_unit_test(without_any_data_nothing_is_said),
		cmocka_unit_test(documents_of_one_name_are_revisions_of_one_slo),
		cmocka_unit_test(a_slice_that_steps_do_not_fill_is_refused_in_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
