// SPDX-License-Identifier: Apache-2.0
/*
 * test_track_long.c - windows that forget by whole hours, beside the same that forget by cells (which
 * test_track.c and the oracle hold to account); a track that was brought back beside one that never
 * stopped. Random, from fixed seeds.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/slo/engine.h"

#define STEP	 60
#define HOUR	 3600
#define DAY	 86400
#define FINE_S	 (3 * DAY)
#define NS_S	 1000000000ull
#define T0	 1767225600 /* 2026-01-01T00:00:00Z */
#define MINUTES	 (24 * 60)
#define DAYS_MAX 75

static uint64_t seed;

static uint32_t any(uint32_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % n;
}

/* --- worlds ------------------------------------------------------------------------------------- */

struct recorded {
	struct step_counts step[DAYS_MAX * MINUTES]; /* of minutes from T0 */
	bool there[DAYS_MAX * MINUTES];
	struct hour_sums hours[DAYS_MAX * 48];
	size_t n_hours;
};

struct world {
	struct slo slo;
	struct objective objective;
	struct stretch excluded[64];
	struct target_revision revisions[4];
	struct track_options options;
	int64_t bucket_s;
};

static struct recorded recorded;

static void keep_hour(void *context, const struct hour_sums *h)
{
	struct recorded *r = context;

	r->hours[r->n_hours++] = *h;
}

static decimal percent(unsigned int n)
{
	return DECIMAL_ONE / 100 * n;
}

static void world_make(struct world *w, int days)
{
	static const struct span spans[] = { { 28, 'd' }, { 28, 'd' }, { 7, 'd' }, { 5, 'd' },
					     { 1, 'M' },  { 30, 'd' }, { 1, 'd' } };
	static const uint32_t slices[] = { 60, 300, 420, 1800, 3600, 7200 };
	static const char *const zones[] = { "UTC", "Asia/Kolkata", "Europe/Berlin" };
	int64_t at = T0 - 40 * DAY;

	*w = (struct world){};
	w->slo = (struct slo){ .name = "s", .service = "x", .min_bad_events = 1 + any(3) };
	w->slo.method = any(3);
	w->slo.window = (struct time_window){ .rolling = any(3) != 0,
					      .span = spans[any(7)],
					      .start_year = 2025,
					      .start_month = 1,
					      .start_day = 1,
					      .start_second = any(2) ? 0 : 30,
					      .zone = zones[any(3)] };
	w->objective = (struct objective){ .display_name = "",
					   .counts_name = "s",
					   .target = percent(50 + any(50)),
					   .slice_target = percent(50 + any(50)),
					   .slice_s = slices[any(6)] };
	w->bucket_s =
		w->slo.method == METHOD_OCCURRENCES ? HOUR :
		w->objective.slice_s < HOUR ? HOUR / w->objective.slice_s * w->objective.slice_s :
					      w->objective.slice_s;
	w->options = (struct track_options){ .step_s = STEP, .fine_s = FINE_S };
	if (any(2)) {
		for (int i = 0; i < 64; i++) {
			at += any(2 * DAY);
			w->excluded[i] = (struct stretch){ at, at + 1 + any(3 * HOUR), NULL };
		}
		w->options.excluded = w->excluded;
		w->options.n_excluded = 64;
	}
	if (any(2)) {
		int64_t since = 0;

		for (int i = 0; i < 4; i++) {
			w->revisions[i] = (struct target_revision){ since, percent(50 + any(50)),
								    percent(50 + any(50)) };
			since = since ? since + any(2) * 1200 + any(days * DAY / 3) :
					T0 + any(days * DAY / 2);
		}
		w->options.revisions = w->revisions;
		w->options.n_revisions = 4;
	}
}

static struct track *track_of(const struct world *w, uint32_t fine_s, struct recorded *keep)
{
	struct track_options o = w->options;
	struct track *t;

	o.fine_s = fine_s;
	o.hour_ended = keep ? keep_hour : NULL;
	o.hour_context = keep;
	assert_int_equal(0, track_new(&w->slo, &w->objective, &o, &t));
	return t;
}

/* Busy, quiet, down and away, in turns. */
static struct step_counts *steps_make(struct recorded *r, int days)
{
	int mood = 0, left = 0;

	r->n_hours = 0;
	for (int i = 0; i < days * MINUTES; i++) {
		struct step_counts *c = &r->step[i];

		if (!left--) {
			mood = (int)any(5);
			left = (int)any(mood == 4 ? 4000 : 600);
		}
		*c = (struct step_counts){ .measured = any(9) ? MEASURED_ONE : any(MEASURED_ONE) };
		c->total = mood == 1 ? any(2) : any(100);
		c->good = mood == 3 ? 0 : mood == 2 ? any((uint32_t)c->total + 1) : c->total;
		r->there[i] = mood != 4 && any(50);
	}
	return r->step;
}

static void push(struct track *t, const struct recorded *r, int i)
{
	int64_t time = T0 + (int64_t)i * STEP;

	if (r->there[i])
		assert_int_equal(0, track_push(t, time, &r->step[i]));
	else if (track_clock(t) != INT64_MIN)
		assert_int_equal(0, track_advance(t, time + STEP));
}

/* --- comparing ---------------------------------------------------------------------------------- */

static void same_number(const char *what, double a, double b)
{
	if (isnan(a) && isnan(b))
		return;
	if (!(fabs(a - b) <= 1e-9 * (1 + fabs(a))))
		fail_msg("%s: %.17g, %.17g", what, a, b);
}

static void same_count(const char *what, uint64_t a, uint64_t b)
{
	if (a != b)
		fail_msg("%s: %llu, %llu", what, (unsigned long long)a, (unsigned long long)b);
}

static void same_budget(const struct slo_result *a, const struct slo_result *b)
{
	same_count("at", (uint64_t)a->at, (uint64_t)b->at);
	same_count("window_start", (uint64_t)a->window_start, (uint64_t)b->window_start);
	same_count("window_end", (uint64_t)a->window_end, (uint64_t)b->window_end);
	same_count("good", a->good, b->good);
	same_count("total", a->total, b->total);
	same_number("sli", a->sli, b->sli);
	same_count("verdict", a->verdict, b->verdict);
	same_count("estimated", a->estimated, b->estimated);
	same_count("good_ns", a->good_ns, b->good_ns);
	same_count("bad_ns", a->bad_ns, b->bad_ns);
	same_count("idle_ns", a->idle_ns, b->idle_ns);
	same_count("unmeasured_ns", a->unmeasured_ns, b->unmeasured_ns);
	same_count("excluded_ns", a->excluded_ns, b->excluded_ns);
	same_number("coverage", a->coverage, b->coverage);
	same_number("target", a->target, b->target);
	same_number("allowed", a->allowed, b->allowed);
	same_number("allowed_of", a->allowed_of, b->allowed_of);
	same_number("spent", a->spent, b->spent);
	same_number("spent_of", a->spent_of, b->spent_of);
	same_number("remaining", a->remaining, b->remaining);
	same_number("remaining_ratio", a->remaining_ratio, b->remaining_ratio);
	same_count("n_burns", a->n_burns, b->n_burns);
	for (size_t i = 0; i < a->n_burns; i++)
		same_number("burn", a->burns[i].rate, b->burns[i].rate);
	same_count("n_revisions", a->n_revisions, b->n_revisions);
	for (size_t i = 0; i < a->n_revisions; i++) {
		same_count("revision's good", a->revisions[i].good, b->revisions[i].good);
		same_count("revision's total", a->revisions[i].total, b->revisions[i].total);
		same_number("revision's sli", a->revisions[i].sli, b->revisions[i].sli);
		same_count("revision's verdict", a->revisions[i].verdict, b->revisions[i].verdict);
	}
}

static void same_alerts(const struct slo_result *a, const struct slo_result *b)
{
	for (size_t i = 0; i < a->n_alerts; i++) {
		const struct alert_state *x = &a->alerts[i], *y = &b->alerts[i];

		same_number("long_rate", x->long_rate, y->long_rate);
		same_number("short_rate", x->short_rate, y->short_rate);
		same_count("firing", x->firing, y->firing);
		same_count("frozen", x->frozen, y->frozen);
		same_count("since", (uint64_t)x->since, (uint64_t)y->since);
		same_count("bad", x->bad, y->bad);
	}
}

static uint64_t time_of(const struct slo_result *r)
{
	return r->good_ns + r->bad_ns + r->idle_ns + r->unmeasured_ns + r->excluded_ns;
}

/* Results point into their tracks: alerts and burns are compared before the next call. */
static void compare_at_an_hour(struct track *cells, struct track *hours)
{
	struct slo_result a, b;

	track_result(cells, &a);
	track_result(hours, &b);
	same_budget(&a, &b);
	same_alerts(&a, &b);
}

static void check_between(struct track *cells, struct track *hours)
{
	struct slo_result a, b;

	track_result(cells, &a);
	track_result(hours, &b);
	assert_true(time_of(&a) == time_of(&b));
	assert_true(a.good <= b.good && a.total <= b.total);
	if (a.rolling)
		assert_true(time_of(&a) == (uint64_t)(a.window_end - a.window_start) * NS_S);
}

/* --- tests -------------------------------------------------------------------------------------- */

static bool same_at_hours(const struct world *w)
{
	return !w->slo.window.rolling || span_seconds(w->slo.window.span) <= FINE_S ||
	       span_seconds(w->slo.window.span) % w->bucket_s == 0;
}

static void hours_come_to_what_cells_come_to_at_each_hour(void **state)
{
	(void)state;
	for (uint64_t world = 1; world <= 40; world++) {
		int days = 40 + (int)(world % 3) * 15;
		struct track *cells, *hours;
		struct world w;

		seed = world;
		world_make(&w, days);
		steps_make(&recorded, days);
		cells = track_of(&w, 0, NULL);
		hours = track_of(&w, FINE_S, NULL);
		for (int i = 0; i < days * MINUTES; i++) {
			int64_t now = T0 + (int64_t)(i + 1) * STEP;

			push(cells, &recorded, i);
			push(hours, &recorded, i);
			if (track_clock(cells) == INT64_MIN || !same_at_hours(&w))
				continue;
			if (now % w.bucket_s == 0 && now % HOUR == 0 && any(9) == 0)
				compare_at_an_hour(cells, hours);
			else if (any(500) == 0)
				check_between(cells, hours);
		}
		track_free(cells);
		track_free(hours);
	}
}

/* What replay would say of the step under way, once it is over. */
static void an_open_step_is_seen_as_if_it_were_over(void **state)
{
	(void)state;
	for (uint64_t world = 100; world < 130; world++) {
		struct slo_result open, over;
		struct alert_state alerts[ALERTS_MAX];
		struct burn burns[BURNS_MAX + 1];
		struct track *t;
		struct world w;
		int days = 35;

		seed = world;
		world_make(&w, days);
		w.slo.method = METHOD_OCCURRENCES;
		steps_make(&recorded, days);
		t = track_of(&w, any(2) ? FINE_S : 0, NULL);
		for (int i = 0; i < days * MINUTES; i++) {
			int64_t now = T0 + (int64_t)i * STEP;
			bool look = recorded.there[i] && track_clock(t) == now && any(300) == 0;

			if (look) {
				track_open(t, now + any(STEP), &recorded.step[i]);
				track_result(t, &open);
				if (open.rolling)
					assert_true(
						time_of(&open) ==
						(uint64_t)(open.window_end - open.window_start) *
							NS_S);
				track_open(t, now + STEP, &recorded.step[i]);
				track_result(t, &open);
				memcpy(alerts, open.alerts, open.n_alerts * sizeof(*alerts));
				memcpy(burns, open.burns, open.n_burns * sizeof(*burns));
				open.alerts = alerts;
				open.burns = burns;
			}
			push(t, &recorded, i);
			if (!look)
				continue;
			track_result(t, &over);
			same_budget(&open, &over);
			same_count("exhausted_at", (uint64_t)open.exhausted_at,
				   (uint64_t)over.exhausted_at);
			same_number("chance", open.chance, over.chance);
		}
		track_free(t);
	}
}

/*
 * Since when a budget is spent is told to the hour, if that was before the steps that came back. Of a
 * rolling window the hours before it did not come back: that it was before the end of the record is all.
 */
static void same_exhaustion(const struct slo_result *a, const struct slo_result *b, int64_t steps,
			    int64_t cut)
{
	if (a->rolling && a->exhausted_at && a->exhausted_at <= cut && b->exhausted_at &&
	    b->exhausted_at <= cut)
		return;
	if (a->exhausted_at && a->exhausted_at <= steps &&
	    llabs(a->exhausted_at - b->exhausted_at) <= 2 * HOUR)
		return;
	same_count("exhausted_at", (uint64_t)a->exhausted_at, (uint64_t)b->exhausted_at);
}

static struct track *bring_back(const struct world *w, const struct recorded *r, int minutes,
				const struct slo_result *old, int64_t *ret_steps)
{
	struct track *t = track_of(w, FINE_S, NULL);
	int64_t now = T0 + (int64_t)minutes * STEP, hours, steps;
	int last = minutes;

	while (last && !r->there[last - 1])
		last--;
	track_restore_from(t, T0 + (int64_t)last * STEP, &hours, &steps);
	assert_true(hours <= steps && steps <= now);
	for (size_t i = 0; i < r->n_hours; i++)
		if (r->hours[i].time >= hours && r->hours[i].time < steps)
			assert_int_equal(0, track_restore_hour(t, &r->hours[i]));
	for (int i = 0; i < minutes; i++)
		if (r->there[i] && T0 + (int64_t)i * STEP >= steps)
			assert_int_equal(0, track_restore_step(t, T0 + (int64_t)i * STEP,
							       &r->step[i]));
	for (size_t i = 0; i < old->n_alerts; i++)
		if (old->alerts[i].firing)
			track_restore_alert(t, old->alerts[i].long_s, old->alerts[i].short_s,
					    old->alerts[i].since);
	track_restored(t);
	/* Step by step, as the other: a jump over a long gap forgets what forecasts go by. */
	for (int64_t at = track_clock(t); at < now; at += STEP)
		assert_int_equal(0, track_advance(t, at + STEP));
	*ret_steps = steps;
	return t;
}

static void a_track_that_is_brought_back_goes_on_as_if_it_had_never_stopped(void **state)
{
	(void)state;
	for (uint64_t world = 200; world < 240; world++) {
		int days = 40 + (int)(world % 3) * 15, cut;
		struct track *t, *back;
		struct slo_result a, b;
		struct world w;
		int64_t steps;

		seed = world;
		world_make(&w, days);
		steps_make(&recorded, days);
		recorded.there[0] = true;
		cut = (days - 4) * MINUTES - (int)any(10 * MINUTES);
		t = track_of(&w, FINE_S, &recorded);
		for (int i = 0; i < cut; i++)
			push(t, &recorded, i);
		track_result(t, &a);
		back = bring_back(&w, &recorded, cut, &a, &steps);
		for (int i = cut; i < days * MINUTES; i++) {
			track_result(t, &a);
			track_result(back, &b);
			if (i == cut || any(200) == 0) {
				same_budget(&a, &b);
				same_alerts(&a, &b);
				same_exhaustion(&a, &b, steps, T0 + (int64_t)cut * STEP);
				same_number("chance", a.chance, b.chance);
			}
			push(t, &recorded, i);
			push(back, &recorded, i);
		}
		track_free(t);
		track_free(back);
	}
}

static void a_long_window_takes_little_memory(void **state)
{
	struct world w = {};
	struct track *t;

	(void)state;
	w.slo = (struct slo){ .name = "s", .service = "x", .min_bad_events = 1 };
	w.slo.window = (struct time_window){ .rolling = true, .span = { 28, 'd' }, .zone = "UTC" };
	w.objective =
		(struct objective){ .display_name = "", .counts_name = "s", .target = percent(99) };
	w.options.step_s = STEP;
	t = track_of(&w, FINE_S, NULL);
	print_message("28 d: %zu bytes\n", track_bytes(t));
	assert_true(track_bytes(t) <= 220 * 1024);
	track_free(t);
}

static void an_hour_that_is_none_is_refused(void **state)
{
	struct world w;
	struct track *t;
	struct hour_sums h = { .time = T0, .cells = { [1] = 60 }, .ns = { [1] = 3600 * NS_S } };
	struct hour_sums bad;

	(void)state;
	seed = 1;
	world_make(&w, 40);
	w.slo.method = METHOD_OCCURRENCES;
	t = track_of(&w, FINE_S, NULL);
	bad = h;
	bad.cells[1] = 61;
	assert_int_equal(-EINVAL, track_restore_hour(t, &bad));
	bad = h;
	bad.ns[1]++;
	assert_int_equal(-EINVAL, track_restore_hour(t, &bad));
	bad = h;
	bad.time += 60; /* it would reach into the next */
	assert_int_equal(-EINVAL, track_restore_hour(t, &bad));
	bad = h;
	bad.good = 1;
	assert_int_equal(-EINVAL, track_restore_hour(t, &bad));
	assert_int_equal(0, track_restore_hour(t, &h));
	assert_int_equal(-EINVAL, track_restore_hour(t, &h)); /* not after itself */
	track_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hours_come_to_what_cells_come_to_at_each_hour),
		cmocka_unit_test(an_open_step_is_seen_as_if_it_were_over),
		cmocka_unit_test(a_track_that_is_brought_back_goes_on_as_if_it_had_never_stopped),
		cmocka_unit_test(a_long_window_takes_little_memory),
		cmocka_unit_test(an_hour_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
