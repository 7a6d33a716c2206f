// SPDX-License-Identifier: Apache-2.0
/*
 * test_track.c - one objective over time, against published numbers and against sums done again from
 * the rows for each moment: no running sum may ever drift from them.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/slo/engine.h"

#define STEP 60
#define DAY  86400
#define NS_S 1000000000ull
#define T0   1767225600 /* 2026-01-01T00:00:00Z */

static struct slo slo_of(enum budget_method method, uint32_t days, bool rolling)
{
	return (struct slo){
		.name = "s",
		.service = "x",
		.method = method,
		.window = { .rolling = rolling,
			    .span = { days, 'd' },
			    .start_year = 2026,
			    .start_month = 1,
			    .start_day = 1,
			    .zone = "UTC" },
		.min_bad_events = 1,
	};
}

static struct objective objective_of(const char *target, uint32_t slice_s)
{
	struct objective o = {
		.display_name = "", .counts_name = "s", .weight = DECIMAL_ONE, .slice_s = slice_s
	};

	assert_int_equal(0, decimal_parse(target, 0, &o.target));
	assert_int_equal(0, decimal_parse("0.9", 0, &o.slice_target));
	return o;
}

static struct track *track_of(const struct slo *slo, const struct objective *o,
			      const struct track_options *options)
{
	struct track *t;

	assert_int_equal(0, track_new(slo, o, options, &t));
	return t;
}

static const struct track_options minutes = { .step_s = STEP };

static void push(struct track *t, int64_t time, uint64_t good, uint64_t total)
{
	struct step_counts c = { .good = good, .total = total, .measured = MEASURED_ONE };

	assert_int_equal(0, track_push(t, time, &c));
}

static struct slo_result result_of(struct track *t)
{
	struct slo_result r;

	track_result(t, &r);
	return r;
}

static const struct alert_state *alert_of(const struct slo_result *r, uint32_t long_s)
{
	for (size_t i = 0; i < r->n_alerts; i++)
		if (r->alerts[i].long_s == long_s)
			return &r->alerts[i];
	fail_msg("no alert over %u s", long_s);
	return NULL;
}

/* SRE workbook, table 5-6 and 5-8: 30 days, 2 % in 1 h is 14.4, 5 % in 6 h is 6, 10 % in 3 d is 1. */
static void factors_are_those_of_the_workbook(void **state)
{
	struct slo slo = slo_of(METHOD_OCCURRENCES, 30, true);
	struct objective o = objective_of("0.999", 0);
	struct track *t = track_of(&slo, &o, &minutes);
	struct slo_result r;

	(void)state;
	assert_int_equal(0, track_advance(t, T0));
	r = result_of(t);
	assert_int_equal(4, r.n_alerts);
	assert_true(alert_of(&r, 3600)->factor == 14.4);
	assert_true(alert_of(&r, 21600)->factor == 6.0);
	assert_true(alert_of(&r, 86400)->factor == 3.0);
	assert_true(alert_of(&r, 259200)->factor == 1.0);
	track_free(t);
}

/* CONTRACT 12. */
static void windows_of_a_short_period_are_scaled_to_whole_minutes(void **state)
{
	static const uint32_t pairs[][2] = { { 15, 2 }, { 90, 8 }, { 360, 30 }, { 1080, 90 } };
	struct slo slo = slo_of(METHOD_OCCURRENCES, 7, true);
	struct objective o = objective_of("0.99", 0);
	struct track *t = track_of(&slo, &o, &minutes);
	struct slo_result r;

	(void)state;
	assert_int_equal(0, track_advance(t, T0));
	r = result_of(t);
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(60 * pairs[i][0], r.alerts[i].long_s);
		assert_int_equal(60 * pairs[i][1], r.alerts[i].short_s);
	}
	assert_true(fabs(r.alerts[0].factor - 13.44) < 1e-12);
	track_free(t);
}

/* SRE workbook, table 5-4: at a constant burn rate of 1 a 30-day budget is spent after 30 days, at 1000 after 43 minutes. */
static void a_full_outage_pages_within_a_minute_and_spends_the_month_in_43(void **state)
{
	struct slo slo = slo_of(METHOD_OCCURRENCES, 30, true);
	struct objective o = objective_of("0.999", 0);
	struct track *t = track_of(&slo, &o, &minutes);
	struct slo_result r;
	int64_t now = T0;

	(void)state;
	for (; now < T0 + 30 * DAY; now += STEP)
		push(t, now, 1000, 1000);
	assert_false(alert_of((r = result_of(t), &r), 3600)->firing);
	push(t, now, 0, 1000);
	now += STEP;
	r = result_of(t); /* 60 s of 3600 s bad: 16.7 times what is allowed */
	assert_true(alert_of(&r, 3600)->firing);
	assert_int_equal(now, alert_of(&r, 3600)->since);
	assert_true(fabs(alert_of(&r, 3600)->long_rate - 1000.0 / 60) < 1e-9);
	/* 43.2 minutes of bad events are allowed in 30 days of even traffic; the 44th is too many. */
	for (; now < T0 + 30 * DAY + 43 * STEP; now += STEP)
		push(t, now, 0, 1000);
	assert_true((r = result_of(t), r.verdict) == VERDICT_MET);
	push(t, now, 0, 1000);
	assert_true((r = result_of(t), r.verdict) == VERDICT_MISSED);
	assert_int_equal(now + STEP, r.exhausted_at);
	track_free(t);
}

static void an_outage_leaves_a_rolling_window_with_time(void **state)
{
	struct slo slo = slo_of(METHOD_OCCURRENCES, 1, true);
	struct objective o = objective_of("0.99", 0);
	struct track *t = track_of(&slo, &o, &minutes);
	struct slo_result r;

	(void)state;
	push(t, T0, 0, 100);
	for (int i = 1; i < 1440; i++)
		push(t, T0 + i * STEP, 100, 100);
	r = result_of(t);
	assert_int_equal(100, r.total - r.good);
	push(t, T0 + DAY, 100, 100);
	r = result_of(t);
	assert_int_equal(0, r.total - r.good);
	assert_int_equal(144000, r.total);
	track_free(t);
}

static void what_no_row_names_is_unmeasured_and_what_has_no_traffic_is_idle(void **state)
{
	struct slo slo = slo_of(METHOD_OCCURRENCES, 1, true);
	struct objective o = objective_of("0.99", 0);
	struct track *t = track_of(&slo, &o, &minutes);
	struct step_counts half = { .good = 1, .total = 1, .measured = MEASURED_ONE / 2 };
	struct slo_result r;

	(void)state;
	push(t, T0, 10, 10);
	push(t, T0 + 60, 0, 0);
	push(t, T0 + 180, 0, 10);
	assert_int_equal(0, track_push(t, T0 + 240, &half));
	r = result_of(t);
	assert_int_equal(90 * NS_S, r.good_ns);
	assert_int_equal(60 * NS_S, r.bad_ns);
	assert_int_equal(60 * NS_S, r.idle_ns);
	assert_int_equal((uint64_t)(DAY - 210) * NS_S, r.unmeasured_ns);
	assert_true(fabs(r.coverage - 210.0 / DAY) < 1e-15);
	track_free(t);
}

static void an_alert_keeps_its_state_while_nothing_is_measured(void **state)
{
	struct slo slo = slo_of(METHOD_OCCURRENCES, 28, true);
	struct objective o = objective_of("0.999", 0);
	struct track *t = track_of(&slo, &o, &minutes);
	struct slo_result r;

	(void)state;
	for (int i = 0; i < 10; i++)
		push(t, T0 + i * STEP, 0, 100);
	assert_int_equal(0, track_advance(t, T0 + 10 * DAY));
	r = result_of(t);
	assert_true(alert_of(&r, 3600)->firing);
	assert_true(alert_of(&r, 3600)->frozen);
	assert_true(isnan(alert_of(&r, 3600)->long_rate));
	push(t, T0 + 10 * DAY, 100, 100);
	r = result_of(t);
	assert_false(alert_of(&r, 3600)->firing);
	track_free(t);
}

static void low_traffic_is_held_back_until_enough_was_bad(void **state)
{
	struct slo slo = slo_of(METHOD_OCCURRENCES, 30, true);
	struct objective o = objective_of("0.999", 0);
	struct track *t;
	struct slo_result r;

	(void)state;
	slo.min_bad_events = 3;
	t = track_of(&slo, &o, &minutes);
	for (int bad = 1; bad <= 3; bad++) {
		push(t, T0 + bad * STEP, 9, 10);
		r = result_of(t);
		assert_int_equal(bad == 3, alert_of(&r, 3600)->firing);
		assert_int_equal(bad, alert_of(&r, 3600)->bad);
	}
	track_free(t);
}

/* Cumulative: a target that changes in the window. */
static void a_new_target_keeps_history_and_both_figures(void **state)
{
	struct slo slo = slo_of(METHOD_OCCURRENCES, 1, true);
	struct objective o = objective_of("0.9", 0);
	struct target_revision r[2] = { { 0, o.target, 0 },
					{ T0 + 120, objective_of("0.999", 0).target, 0 } };
	struct track_options options = { .step_s = STEP, .revisions = r, .n_revisions = 2 };
	struct track *t = track_of(&slo, &o, &options);
	struct slo_result result;

	(void)state;
	for (int i = 0; i < 4; i++)
		push(t, T0 + i * STEP, 95, 100);
	result = result_of(t);
	assert_int_equal(2, result.n_revisions);
	assert_true(result.target == 0.999 && result.verdict == VERDICT_MISSED);
	assert_int_equal(400, result.total);
	assert_true(result.revisions[0].target == 0.9 &&
		    result.revisions[0].verdict == VERDICT_MET);
	assert_true(result.revisions[1].verdict == VERDICT_MISSED);
	assert_int_equal(200, result.revisions[0].total);
	assert_int_equal(200, result.revisions[1].total);
	assert_int_equal(120 * NS_S, result.good_ns); /* judged when they were new */
	assert_int_equal(120 * NS_S, result.bad_ns);
	track_free(t);
}

static void maintenance_is_neither_good_nor_bad_and_is_shown(void **state)
{
	struct slo slo = slo_of(METHOD_OCCURRENCES, 1, true);
	struct objective o = objective_of("0.9", 0);
	struct stretch work[] = { { T0 - 3600, T0 - 1800, NULL }, { T0 + 60, T0 + 130, NULL } };
	struct track_options options = { .step_s = STEP, .excluded = work, .n_excluded = 2 };
	struct track *t = track_of(&slo, &o, &options);
	struct slo_result r;

	(void)state;
	for (int i = 0; i < 4; i++)
		push(t, T0 + i * STEP, i == 1 || i == 2 ? 0 : 100, 100);
	r = result_of(t);
	assert_int_equal(200, r.good);
	assert_int_equal(200, r.total);
	assert_int_equal((1800 + 120) * NS_S, r.excluded_ns);
	assert_int_equal((uint64_t)DAY * NS_S,
			 r.good_ns + r.bad_ns + r.idle_ns + r.unmeasured_ns + r.excluded_ns);
	assert_false(alert_of(&r, r.alerts[0].long_s)->firing);
	track_free(t);
}

/* Unix time is negative before 1970, and windows reach there. */
static void nothing_is_excluded_where_no_exclusion_is(void **state)
{
	struct slo slo = slo_of(METHOD_TIMESLICES, 7, true);
	struct objective o = objective_of("0.99", 300);
	struct track *t = track_of(&slo, &o, &minutes);
	struct slo_result r;

	(void)state;
	for (int i = 0; i < 5; i++)
		push(t, i * STEP, 100, 100);
	r = result_of(t);
	assert_int_equal(0, r.excluded_ns);
	assert_int_equal((7ull * DAY - 300) * NS_S, r.unmeasured_ns);
	assert_true(r.allowed == 20.16);
	track_free(t);
}

static void a_target_comes_into_force_in_a_gap_too(void **state)
{
	struct slo slo = slo_of(METHOD_OCCURRENCES, 7, true);
	struct objective o = objective_of("0.99", 0);
	struct target_revision r[2] = { { 0, o.target, 0 },
					{ T0 + 30 * DAY, objective_of("0.5", 0).target, 0 } };
	struct track_options options = { .step_s = STEP, .revisions = r, .n_revisions = 2 };
	struct track *t = track_of(&slo, &o, &options);

	(void)state;
	push(t, T0, 90, 100);
	assert_int_equal(0, track_advance(t, T0 + 30 * DAY));
	assert_true(result_of(t).target == 0.99); /* from the next step on */
	assert_int_equal(0, track_advance(t, T0 + 60 * DAY));
	assert_true(result_of(t).target == 0.5);
	assert_int_equal(2, result_of(t).n_revisions);
	track_free(t);
}

/* Ten years of seconds are jumped over, not walked: 60 excluded minutes are all that is done. */
static void maintenance_of_long_ago_is_known_without_a_walk(void **state)
{
	struct slo slo = slo_of(METHOD_TIMESLICES, 3600, false);
	struct objective o = objective_of("0.99", 60);
	struct stretch work = { T0 + DAY, T0 + DAY + 3600, NULL };
	struct track_options options = { .step_s = 1, .excluded = &work, .n_excluded = 1 };
	struct track *t = track_of(&slo, &o, &options);
	struct slo_result r;

	(void)state;
	push(t, T0 + 3500 * (int64_t)DAY, 1, 1);
	r = result_of(t);
	assert_int_equal(3600 * NS_S, r.excluded_ns);
	assert_int_equal((3500ull * DAY - 3600) * NS_S, r.unmeasured_ns);
	assert_true(r.allowed == (3600 * 1440 - 60) * 0.01);
	track_free(t);
}

/* --- against the rows themselves ------------------------------------------------------------------ */

#define ROWS 3000

struct row {
	bool there;
	struct step_counts c;
};

static uint32_t seed;

static uint32_t any(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

struct expected {
	uint64_t good, total, slices, good_slices, idle_slices, bad_slices;
	uint64_t measured_ns;
};

/* Everything from the rows, for a window that ends at the end of row last. */
static struct expected expect(const struct row *rows, int first, int last, int per_cell,
			      const struct objective *o, enum budget_method method)
{
	struct expected e = {};

	for (int i = first; i <= last; i += per_cell) {
		uint64_t good = 0, total = 0, ns = 0;

		for (int j = i; j < i + per_cell; j++)
			if (j >= 0 && rows[j].there) {
				good += rows[j].c.good;
				total += rows[j].c.total;
				ns += (uint64_t)rows[j].c.measured * STEP;
			}
		e.good += good;
		e.total += total;
		e.measured_ns += ns;
		if (!ns)
			continue;
		e.slices++;
		if (!total)
			e.idle_slices++;
		else if ((long double)good / total >=
			 (long double)(method == METHOD_TIMESLICES ? o->slice_target : o->target) /
				 DECIMAL_ONE)
			e.good_slices++;
		else
			e.bad_slices++;
	}
	return e;
}

static void rows_fill(struct row *rows)
{
	for (int i = 0; i < ROWS; i++) {
		uint32_t kind = any(20);

		rows[i].there = kind > 2;
		rows[i].c = (struct step_counts){ .total = kind < 6 ? 0 : any(1000),
						  .measured = kind == 7 ? 0 :
							      kind == 8 ? any(MEASURED_ONE) :
									  MEASURED_ONE };
		rows[i].c.good = rows[i].c.total - any((uint32_t)rows[i].c.total / 4 + 1);
	}
	rows[0].there = true;
}

static void compare(enum budget_method method, uint32_t slice_s, const char *target)
{
	struct slo slo = slo_of(method, 1, true);
	struct objective o = objective_of(target, slice_s);
	struct track *t = track_of(&slo, &o, &minutes);
	int per_cell = slice_s ? (int)slice_s / STEP : 1;
	struct row *rows = calloc(ROWS, sizeof(*rows));
	struct slo_result r;

	assert_non_null(rows);
	rows_fill(rows);
	for (int i = 0; i < ROWS; i++) {
		struct expected e;
		int last = (i + 1) / per_cell * per_cell - 1;

		if (rows[i].there)
			assert_int_equal(0, track_push(t, T0 + i * STEP, &rows[i].c));
		if (i % 7 || !rows[i].there)
			continue;
		r = result_of(t);
		e = expect(rows, last - 1439, last, per_cell, &o, method);
		assert_int_equal(e.good, r.good);
		assert_int_equal(e.total, r.total);
		assert_int_equal(e.measured_ns, r.good_ns + r.bad_ns + r.idle_ns);
		if (method == METHOD_TIMESLICES && e.slices && e.total) {
			assert_true(r.spent == (double)e.bad_slices);
			assert_true(fabs(r.sli - (double)(e.good_slices + e.idle_slices) /
							 (double)e.slices) < 1e-15);
		}
		for (size_t b = 0; b < r.n_burns; b++) {
			int cells = (int)((r.burns[b].window_s + STEP * per_cell - 1) /
					  (STEP * per_cell));
			struct expected w = expect(rows, last - cells * per_cell + 1, last,
						   per_cell, &o, method);
			double bad = method == METHOD_OCCURRENCES ? (double)(w.total - w.good) :
								    (double)w.bad_slices;
			double of = method == METHOD_OCCURRENCES ? (double)w.total :
								   (double)w.slices;

			if (method == METHOD_RATIO_TIMESLICES)
				continue;
			if (!w.slices)
				assert_true(isnan(r.burns[b].rate));
			else
				assert_true(fabs(r.burns[b].rate -
						 (of > 0 ? bad / of / (1 - r.target) : 0)) <
					    1e-9 * (1 + r.burns[b].rate));
		}
	}
	free(rows);
	track_free(t);
}

static void running_sums_equal_the_rows(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= 8; n++) {
		seed = n;
		compare(METHOD_OCCURRENCES, 0, "0.9");
		compare(METHOD_TIMESLICES, 300, "0.95");
		compare(METHOD_RATIO_TIMESLICES, 600, "0.5");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(factors_are_those_of_the_workbook),
		cmocka_unit_test(windows_of_a_short_period_are_scaled_to_whole_minutes),
		cmocka_unit_test(a_full_outage_pages_within_a_minute_and_spends_the_month_in_43),
		cmocka_unit_test(an_outage_leaves_a_rolling_window_with_time),
		cmocka_unit_test(what_no_row_names_is_unmeasured_and_what_has_no_traffic_is_idle),
		cmocka_unit_test(an_alert_keeps_its_state_while_nothing_is_measured),
		cmocka_unit_test(low_traffic_is_held_back_until_enough_was_bad),
		cmocka_unit_test(a_new_target_keeps_history_and_both_figures),
		cmocka_unit_test(maintenance_is_neither_good_nor_bad_and_is_shown),
		cmocka_unit_test(nothing_is_excluded_where_no_exclusion_is),
		cmocka_unit_test(a_target_comes_into_force_in_a_gap_too),
		cmocka_unit_test(maintenance_of_long_ago_is_known_without_a_walk),
		cmocka_unit_test(running_sums_equal_the_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
