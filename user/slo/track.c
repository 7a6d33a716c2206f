// SPDX-License-Identifier: Apache-2.0
/*
 * track.c - moves one objective's clock: steps become cells, cells enter and leave windows, alerts
 * are judged. What it all comes to is outlook.c's.
 */
#include "track.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../conf/alert_pairs.h"

DEFINE_FREEP(struct track, track_free)

#define RECENT_S   21600	 /* what the forecast calls recent, of 28 days and more */
#define CELL_S_MAX (400 * 86400) /* 56 bits of ns hold it */
#define BUCKET_S   3600		 /* as many cells as fit, at least one */

static uint64_t cells_of(uint64_t seconds, uint32_t cell_s)
{
	return (seconds + cell_s - 1) / cell_s;
}

uint32_t track_window_cells(const struct track *t)
{
	return (uint32_t)cells_of((uint64_t)span_seconds(t->slo->window.span), t->rules.cell_s);
}

/* --- making ------------------------------------------------------------------------------------- */

static int by_length(const void *a, const void *b)
{
	const struct trailing *x = a, *y = b;

	return (x->window_s > y->window_s) - (x->window_s < y->window_s);
}

static size_t burn_index(const struct track *t, uint32_t window_s)
{
	size_t i = 0;

	while (t->burns[i].window_s != window_s)
		i++;
	return i;
}

/* Windows of alerts, and the one that the forecast calls recent: sorted, each once. */
static int burns_make(struct track *t)
{
	uint32_t recent_s = alert_window_s(RECENT_S, span_seconds(t->slo->window.span));
	size_t n = 0, kept = 0;

	t->burns = calloc(2 * t->n_alerts + 1, sizeof(*t->burns));
	t->burn_results = calloc(2 * t->n_alerts + 1, sizeof(*t->burn_results));
	if (!t->burns || !t->burn_results)
		return -ENOMEM;
	for (unsigned int i = 0; i < t->n_alerts; i++) {
		t->burns[n++].window_s = t->alerts[i].long_s;
		if (t->alerts[i].short_s)
			t->burns[n++].window_s = t->alerts[i].short_s;
	}
	t->burns[n++].window_s = recent_s;
	qsort(t->burns, n, sizeof(*t->burns), by_length);
	for (size_t i = 0; i < n; i++)
		if (!kept || t->burns[kept - 1].window_s != t->burns[i].window_s)
			t->burns[kept++].window_s = t->burns[i].window_s;
	t->n_burns = kept;
	t->recent = burn_index(t, recent_s);
	for (unsigned int i = 0; i < t->n_alerts; i++) {
		t->alert_rules[i].long_window = (unsigned int)burn_index(t, t->alerts[i].long_s);
		if (t->alerts[i].short_s)
			t->alert_rules[i].short_window =
				(unsigned int)burn_index(t, t->alerts[i].short_s);
	}
	return 0;
}

/* How many cells a window has, or that it is coarse, and the room that it needs. */
static void trailing_make(struct track *t, struct trailing *w, uint64_t *cells, uint64_t *buckets)
{
	uint64_t n = cells_of(w->window_s, t->rules.cell_s);

	w->coarse = t->bucket_cells > 1 && w->window_s > t->options.fine_s;
	w->cells = n ? (uint32_t)n : 1;
	if (!w->coarse) {
		*cells = w->cells > *cells ? w->cells : *cells;
		return;
	}
	n = cells_of(w->window_s, track_bucket_s(t));
	*buckets = n > *buckets ? n : *buckets;
}

/* The rings hold the longest windows. */
static int windows_make(struct track *t)
{
	uint64_t cells = 1, buckets = 0;

	t->bucket_cells = t->options.fine_s ? BUCKET_S / t->rules.cell_s : 1;
	if (!t->bucket_cells)
		t->bucket_cells = 1;
	for (size_t i = 0; i < t->n_burns; i++)
		trailing_make(t, &t->burns[i], &cells, &buckets);
	if (t->slo->window.rolling) {
		t->window.window_s = (uint32_t)span_seconds(t->slo->window.span);
		trailing_make(t, &t->window, &cells, &buckets);
	}
	if (cells > TRACK_CELLS_MAX)
		return -E2BIG;
	t->ring_cells = (uint32_t)cells;
	t->ring_buckets = (uint32_t)buckets;
	return 0;
}

static void come_into_force(struct track *t, unsigned int revision)
{
	const struct target_revision *r = &t->revisions[revision].target;

	track_hour_tell(t);
	t->revisions[revision].bucket_start = track_round_down(t->clock, track_bucket_s(t));
	t->revisions[revision].before = t->part;
	t->revisions[revision].before_cells = t->part_cells;
	t->revision = revision;
	t->rules.target = r->target;
	t->rules.slice_target = r->slice_target;
	alerts_aim(t->slo, r->target, t->alerts, t->alert_rules, t->n_alerts);
}

void track_revise_until(struct track *t, int64_t time)
{
	while (t->revision + 1 < t->n_revisions &&
	       t->revisions[t->revision + 1].target.since < time)
		come_into_force(t, t->revision + 1);
}

int track_new(const struct slo *slo, const struct objective *o, const struct track_options *options,
	      struct track **ret)
{
	_cleanup_(track_freep) struct track *t = calloc(1, sizeof(*t));
	int64_t span_s = span_seconds(slo->window.span);
	struct target_revision own = { .target = o->target, .slice_target = o->slice_target };
	bool slices = slo->method != METHOD_OCCURRENCES;
	int r;

	if (!t)
		return -ENOMEM;
	if (!options->step_s || (slices && (!o->slice_s || o->slice_s % options->step_s)) ||
	    span_s <= 0 || span_s > UINT32_MAX)
		return -EINVAL;
	if (options->step_s > CELL_S_MAX || (slices && o->slice_s > CELL_S_MAX))
		return -E2BIG;
	t->slo = slo;
	t->objective = o;
	t->excluded_until = INT64_MIN;
	t->options = *options;
	t->rules.method = slo->method;
	t->rules.cell_s = slices ? o->slice_s : options->step_s;
	t->n_alerts = alerts_of(slo, t->alerts, t->alert_rules);
	r = burns_make(t);
	if (!r)
		r = windows_make(t);
	if (!options->n_revisions)
		r = r ? r : track_revise(t, &own);
	for (size_t i = 0; !r && i < options->n_revisions; i++)
		r = track_revise(t, &options->revisions[i]);
	if (r)
		return r;
	come_into_force(t, 0);
	*ret = TAKE(t);
	return 0;
}

uint64_t track_cells(const struct track *t)
{
	return t->ring_cells + 2ull * t->ring_buckets;
}

size_t track_bytes(const struct track *t)
{
	return sizeof(*t) + t->ring_cells * sizeof(*t->ring) +
	       t->ring_buckets * sizeof(*t->buckets) +
	       (2 * t->n_alerts + 1) * (sizeof(*t->burns) + sizeof(*t->burn_results));
}

uint64_t track_reach_cells(const struct track *t)
{
	uint64_t coarse = t->ring_buckets ? (t->ring_buckets + 1ull) * t->bucket_cells : 0;

	return coarse > t->ring_cells ? coarse : t->ring_cells;
}

int64_t track_clock(const struct track *t)
{
	return t->begun ? t->clock : INT64_MIN;
}

void track_exclude(struct track *t, const struct stretch *excluded, size_t n)
{
	t->options.excluded = excluded;
	t->options.n_excluded = n;
	t->next_stretch = t->period_stretch = 0;
	t->excluded_until = INT64_MIN;
	if (t->begun && !t->slo->window.rolling)
		t->period_excluded = track_excluded_cells(t, t->period);
}

void track_free(struct track *t)
{
	if (!t)
		return;
	free(t->ring);
	free(t->buckets);
	free(t->burns);
	free(t->burn_results);
	free(t);
}

int track_revise(struct track *t, const struct target_revision *r)
{
	if (t->n_revisions == REVISIONS_MAX)
		return -E2BIG;
	if (t->n_revisions == 1)
		t->revisions[0].sums = t->window.sums;
	t->revisions[t->n_revisions++].target = *r;
	return 0;
}

/* --- cells -------------------------------------------------------------------------------------- */

static void trailing_push(struct trailing *w, const struct track *t, const struct cell *c)
{
	if (w->coarse)
		return; /* with its bucket */
	sums_replace(&w->sums, &t->rules, &t->ring[w->tail], c);
	if (++w->tail == t->ring_cells)
		w->tail = 0;
}

void track_period_begin(struct track *t)
{
	t->period = period_at(&t->slo->window, t->clock);
	memset(&t->window.sums, 0, sizeof(t->window.sums));
	for (unsigned int i = 0; i < t->n_revisions; i++)
		memset(&t->revisions[i].sums, 0, sizeof(t->revisions[i].sums));
	t->period_excluded = track_excluded_cells(t, t->period);
	t->exhausted_at = 0;
}

/* Each revision has the cells of the window that were judged by its target. */
static void revisions_push(struct track *t, const struct cell *gone, const struct cell *c)
{
	if (t->n_revisions == 1 || t->window.coarse)
		return; /* the window itself, or with its bucket */
	if (gone)
		sums_take(&t->revisions[gone->revision].sums, &t->rules, gone);
	sums_add(&t->revisions[c->revision].sums, &t->rules, c);
}

static void window_push(struct track *t, const struct cell *c)
{
	struct sums *sums = &t->window.sums;
	int64_t inside;

	if (t->slo->window.rolling) {
		revisions_push(t, &t->ring[t->window.tail], c);
		trailing_push(&t->window, t, c);
		return;
	}
	if (t->clock > t->period.end)
		track_period_begin(t);
	revisions_push(t, NULL, c);
	inside = t->clock - t->period.start;
	sums_add(sums, &t->rules, c);
	if (inside < t->rules.cell_s)
		sums_add_time(sums, &t->rules, c, t->rules.cell_s - (uint32_t)inside, -1);
}

static void past_add(struct track *t, const struct cell *c)
{
	struct sums one = {};

	sums_add(&one, &t->rules, c);
	past_push(&t->past, sums_spent(&one, t->rules.method), sums_basis(&one, t->rules.method));
}

void track_note_exhaustion(struct track *t)
{
	unsigned __int128 spent = sums_spent_units(&t->window.sums, t->rules.method);

	if (!spent || spent < track_allowed_units(t))
		t->exhausted_at = 0;
	else if (!t->exhausted_at)
		t->exhausted_at = t->clock;
}

static void judge_alerts(struct track *t)
{
	for (unsigned int i = 0; i < t->n_alerts; i++) {
		const struct alert_rule *r = &t->alert_rules[i];
		struct alert_state *a = &t->alerts[i];
		int64_t since = a->since; /* forgotten when it resolves */
		bool changed = alert_judge(a, &t->alert_rules[i], t->rules.method,
					   &t->burns[r->long_window].sums,
					   a->short_s ? &t->burns[r->short_window].sums : NULL,
					   t->slo->min_bad_events, t->clock);
		struct alert_change change = { .time = t->clock,
					       .alert = a,
					       .firing = a->firing,
					       .since = a->firing ? a->since : since };

		if (changed && t->options.changed && !t->restoring)
			t->options.changed(t->options.context, t->slo, t->objective, &change);
	}
}

void track_cell_end(struct track *t, const struct cell *c)
{
	if (!t->slo->window.rolling && t->clock > t->period.end)
		track_hour_tell(t); /* this cell is of another period */
	for (size_t i = 0; i < t->n_burns; i++)
		trailing_push(&t->burns[i], t, c);
	window_push(t, c);
	if (t->ring_buckets) {
		struct bucket b;

		bucket_of_cell(&b, t, c);
		track_bucket_push(t, &b, 1);
	}
	past_add(t, c);
	t->ring[t->head] = *c;
	if (++t->head == t->ring_cells)
		t->head = 0;
	track_note_exhaustion(t);
	if (t->options.hour_ended)
		track_hour_cell(t, c);
	if (t->clock > t->judged_from)
		judge_alerts(t);
}

/* Estimated time without events is as the last that has some: nobody knows that it was idle. */
static void guess(struct track *t, struct cell *c)
{
	if (!c->estimated)
		t->guess = CELL_UNMEASURED;
	else if (c->total)
		t->guess = c->state;
	else if (c->state == CELL_IDLE && t->guess != CELL_UNMEASURED)
		c->state = t->guess;
}

/* The cell under way is over. */
static void cell_end(struct track *t)
{
	struct cell *c = &t->open;

	c->state = cell_judge(&t->rules, c);
	c->revision = t->revision;
	guess(t, c);
	track_cell_end(t, c);
	memset(c, 0, sizeof(*c));
}

/* --- steps -------------------------------------------------------------------------------------- */

/* counts: NULL where nothing is known of the step that begins at the clock. */
static void step(struct track *t, const struct step_counts *counts)
{
	uint32_t step_s = t->options.step_s;

	t->preview.given = false;
	if (t->revision + 1 < t->n_revisions)
		track_revise_until(t, t->clock + step_s);
	if (track_excluded(t, t->clock, t->clock + step_s)) {
		t->open.excluded_s += step_s;
	} else if (counts) {
		t->open.good += counts->good;
		t->open.total += counts->total;
		t->open.measured_ns += (uint64_t)counts->measured * step_s;
		t->open.estimated |= counts->estimated;
	}
	t->clock += step_s;
	if (t->clock % t->rules.cell_s == 0)
		cell_end(t);
}

int track_advance(struct track *t, int64_t at)
{
	int64_t cell_s = t->rules.cell_s, empty;

	if (at % t->options.step_s)
		return -EINVAL;
	if (t->ring_stale)
		track_ring_begin(t);
	if (t->begun) {
		/* After so much time without counts what trails is empty, and every alert keeps its state. */
		empty = t->clock + (int64_t)(track_reach_cells(t) + 1) * cell_s;
		while (t->clock < at && t->clock < empty)
			step(t, NULL);
	} else {
		t->ring = t->ring ? t->ring : calloc(t->ring_cells, sizeof(*t->ring));
		t->buckets = calloc(t->ring_buckets + 1ull, sizeof(*t->buckets));
		if (!t->ring || !t->buckets)
			return -ENOMEM;
		t->judged_from = at;
	}
	if (!t->begun || track_may_jump(t, at))
		track_jump(t, at);
	t->begun = true;
	while (t->clock < at)
		step(t, NULL);
	return 0;
}

int track_push(struct track *t, int64_t time, const struct step_counts *c)
{
	int r = 0;

	if (time % t->options.step_s || c->good > c->total || c->measured > MEASURED_ONE ||
	    (t->begun && time < t->clock))
		return -EINVAL;
	if (c->total > INT64_MAX - t->counted)
		return -EOVERFLOW;
	t->counted += c->total;
	if (!t->begun || t->clock < time || t->ring_stale)
		r = track_advance(t, time);
	if (r)
		return r;
	step(t, c);
	return 0;
}
