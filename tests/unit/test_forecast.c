// SPDX-License-Identifier: Apache-2.0
/*
 * test_forecast.c - when budgets end, against the workbook's table of burn rates and against walking
 * on; chances against drawing lots.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../user/slo/engine.h"
#include "../../user/slo/forecast.h"

#define STEP 60
#define DAY  86400
#define T0   1767225600 /* 2026-01-01T00:00:00Z */

static const struct objective three_nines = { .display_name = "",
					      .counts_name = "s",
					      .target = 999 * (DECIMAL_ONE / 1000),
					      .weight = DECIMAL_ONE };

static struct slo slo_of(bool rolling, uint32_t days)
{
	return (struct slo){ .name = "s",
			     .window = { .rolling = rolling,
					 .span = { days, 'd' },
					 .start_year = 2026,
					 .start_month = 1,
					 .start_day = 1,
					 .zone = "UTC" },
			     .min_bad_events = 1 };
}

static struct track *track_of(const struct slo *slo)
{
	struct track_options options = { .step_s = STEP };
	struct track *t;

	assert_int_equal(0, track_new(slo, &three_nines, &options, &t));
	return t;
}

/* Steps from *now until until, each with so many bad of 10,000. */
static void go_on(struct track *t, int64_t *now, int64_t until, uint64_t bad)
{
	for (; *now < until; *now += STEP) {
		struct step_counts c = { .good = 10000 - bad,
					 .total = 10000,
					 .measured = MEASURED_ONE };

		assert_int_equal(0, track_push(t, *now, &c));
	}
}

static struct slo_result result_of(struct track *t)
{
	struct slo_result r;

	track_result(t, &r);
	return r;
}

/*
 * SRE workbook, "Alerting on SLOs", table 5-4: for 99.9 % over 30 days a burn rate of 1 lasts 30 days, 2
 * lasts 15 and 10 lasts 3; here with 30 clean days before.
 */
static void budgets_last_as_the_workbook_says(void **state)
{
	static const struct {
		uint64_t bad;
		double days;
	} rows[] = { { 20, 15 }, { 100, 3 }, { 200, 1.5 } };

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		struct slo slo = slo_of(true, 30);
		struct track *t = track_of(&slo);
		int64_t now = T0, began;
		double days;

		go_on(t, &now, T0 + 30 * DAY, 0);
		began = now;
		go_on(t, &now, began + 8 * 3600, rows[i].bad);
		days = (double)(result_of(t).exhausted_at - began) / DAY;
		assert_true(fabs(days - rows[i].days) < 0.02);
		track_free(t);
	}
}

static void a_forecast_comes_true_when_things_go_on(void **state)
{
	struct slo slo = slo_of(true, 7);
	struct track *t = track_of(&slo);
	int64_t now = T0, foreseen;

	(void)state;
	/* Bad hours here and there, which leave the window while new ones come. */
	for (int day = 0; day < 7; day++) {
		go_on(t, &now, now + 20 * 3600, 0);
		go_on(t, &now, now + 4 * 3600, day % 3 ? 0 : 40);
	}
	go_on(t, &now, now + 3 * 3600, 15);
	foreseen = result_of(t).exhausted_at;
	assert_true(foreseen > now);
	go_on(t, &now, foreseen - DAY / 24, 15);
	assert_true(result_of(t).verdict == VERDICT_MET);
	go_on(t, &now, foreseen + DAY / 24, 15);
	assert_true(result_of(t).verdict == VERDICT_MISSED);
	track_free(t);
}

static void an_alert_says_when_its_own_rate_ends_the_budget(void **state)
{
	struct slo slo = slo_of(true, 7);
	struct track *t = track_of(&slo);
	int64_t now = T0;
	struct slo_result r;

	(void)state;
	go_on(t, &now, T0 + 7 * DAY, 0);
	go_on(t, &now, now + 3 * STEP, 10000);
	r = result_of(t);
	assert_true(r.alerts[0].firing);
	/* 10.08 minutes of an outage are allowed; 3 are over. */
	assert_in_range(r.alerts[0].exhausted_at, now + 7 * STEP, now + 9 * STEP);
	assert_true(r.exhausted_at > now + 60 * STEP); /* at the rate of the last 90 minutes */
	track_free(t);
}

static void bad_events_that_age_out_faster_than_new_ones_come_end_nothing(void **state)
{
	struct slo slo = slo_of(true, 7);
	struct track *t = track_of(&slo);
	int64_t now = T0;

	(void)state;
	go_on(t, &now, T0 + 7 * DAY, 9);
	go_on(t, &now, now + 12 * 3600, 5);
	assert_int_equal(0, result_of(t).exhausted_at);
	track_free(t);
}

static void a_calendar_budget_is_asked_for_its_own_rest_only(void **state)
{
	struct slo slo = slo_of(false, 30);
	struct track *t = track_of(&slo);
	int64_t now = T0;

	(void)state;
	go_on(t, &now, T0 + 20 * DAY, 0);
	go_on(t, &now, now + 8 * 3600, 20); /* would last to day 40 */
	assert_int_equal(0, result_of(t).exhausted_at);
	go_on(t, &now, now + 8 * 3600, 100); /* ten times what is allowed */
	assert_in_range(result_of(t).exhausted_at, now + DAY, T0 + 30 * DAY);
	track_free(t);
}

static void nothing_is_foreseen_where_nothing_recent_was_measured(void **state)
{
	struct slo slo = slo_of(true, 7);
	struct track *t = track_of(&slo);
	int64_t now = T0;

	(void)state;
	go_on(t, &now, T0 + DAY, 5);
	assert_int_equal(0, track_advance(t, now + DAY));
	assert_int_equal(0, result_of(t).exhausted_at);
	assert_true(isnan(result_of(t).chance)); /* one day is too little */
	track_free(t);
}

static uint32_t seed = 7;

static uint32_t any(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

/* The days of a past drawn again and again, each draw as likely: how often do 28 of them stay within? */
static double drawn(const double *excess, unsigned int n, unsigned int draws)
{
	unsigned int within = 0;

	for (int i = 0; i < 20000; i++) {
		double sum = 0;

		for (unsigned int j = 0; j < draws; j++)
			sum += excess[any(n)];
		within += sum <= 0;
	}
	return within / 20000.0;
}

static void the_chance_is_near_that_of_drawing_lots(void **state)
{
	(void)state;
	for (int round = 0; round < 12; round++) {
		struct past p;
		struct budget_now b = { .per_basis = 0.001, .rolling = 1 };
		double excess[PAST_DRAWS] = {};
		unsigned int group = PAST_CHUNKS / PAST_DRAWS + 1, n = 0;
		double chance, lots;

		past_init(&p, PAST_CHUNKS);
		b.cells = PAST_CHUNKS;
		for (unsigned int i = 0; i <= PAST_CHUNKS; i++)
			past_push(&p, any(200) + 10 * round, 100000 + any(1000) * 20);
		for (unsigned int age = 1; age + group <= PAST_CHUNKS + 1; age += group, n++)
			for (unsigned int i = age; i < age + group; i++) {
				const struct spending *s =
					&p.chunk[(p.head + PAST_CHUNKS + 1 - i) % (PAST_CHUNKS + 1)];

				excess[n] += s->spent - 0.001 * s->basis;
			}
		chance = forecast_chance(&p, &b);
		lots = drawn(excess, n, PAST_CHUNKS / group);
		assert_true(fabs(chance - lots) < 0.06);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(budgets_last_as_the_workbook_says),
		cmocka_unit_test(a_forecast_comes_true_when_things_go_on),
		cmocka_unit_test(an_alert_says_when_its_own_rate_ends_the_budget),
		cmocka_unit_test(bad_events_that_age_out_faster_than_new_ones_come_end_nothing),
		cmocka_unit_test(a_calendar_budget_is_asked_for_its_own_rest_only),
		cmocka_unit_test(nothing_is_foreseen_where_nothing_recent_was_measured),
		cmocka_unit_test(the_chance_is_near_that_of_drawing_lots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
