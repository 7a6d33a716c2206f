// SPDX-License-Identifier: Apache-2.0
/*
 * track_gap.c - time of which nothing was counted: maintenance in it, and jumping over it. What lies
 * before a first row, or in a gap longer than every window, is not walked through step by step.
 */
#include <string.h>

#include "track.h"

/* --- exclusions --------------------------------------------------------------------------------- */

bool track_excluded(struct track *t, int64_t start, int64_t end)
{
	const struct track_options *o = &t->options;

	while (t->next_stretch < o->n_excluded && o->excluded[t->next_stretch].start < end) {
		int64_t until = o->excluded[t->next_stretch++].end;

		if (until > t->excluded_until)
			t->excluded_until = until;
	}
	return t->excluded_until > start;
}

/*
 * Stretches from *i on, in whole steps, those that touch as one: [*start, *end). False: there is none
 * that begins before before.
 */
static bool stretches_next(const struct track *t, size_t *i, int64_t before, struct period *ret)
{
	const struct track_options *o = &t->options;
	int64_t step_s = o->step_s;

	if (*i == o->n_excluded || o->excluded[*i].start >= before)
		return false;
	ret->start = ret->end = track_round_down(o->excluded[*i].start, step_s);
	for (; *i < o->n_excluded && track_round_down(o->excluded[*i].start, step_s) <= ret->end;
	     ++*i) {
		int64_t end = track_round_down(o->excluded[*i].end + step_s - 1, step_s);

		if (end > ret->end)
			ret->end = end;
	}
	return true;
}

uint64_t track_excluded_cells(struct track *t, struct period p)
{
	const struct track_options *o = &t->options;
	int64_t cell_s = t->rules.cell_s;
	struct period one;
	uint64_t n = 0;
	size_t i;

	/* Periods come in order of time. */
	while (t->period_stretch < o->n_excluded &&
	       o->excluded[t->period_stretch].end + o->step_s <= p.start)
		t->period_stretch++;
	for (i = t->period_stretch; stretches_next(t, &i, p.end, &one);) {
		int64_t first = track_round_down(one.start + cell_s - 1, cell_s) + cell_s;
		int64_t last = track_round_down(one.end < p.end ? one.end : p.end, cell_s);

		if (first <= p.start)
			first = track_round_down(p.start, cell_s) + cell_s;
		if (last >= first)
			n += (uint64_t)((last - first) / cell_s + 1);
	}
	return n;
}

/* Seconds of the empty cell that ends k cells before the clock were excluded. */
static void exclude(struct track *t, int64_t k, int64_t seconds)
{
	struct cell *c = &t->ring[(t->head + 2 * (int64_t)t->ring_cells - 1 - k) % t->ring_cells];
	struct cell old = *c;

	c->excluded_s += (uint32_t)seconds;
	c->state = cell_judge(&t->rules, c);
	for (size_t i = 0; i < t->n_burns; i++)
		if (t->burns[i].cells > k && !t->burns[i].coarse)
			sums_replace(&t->burns[i].sums, &t->rules, &old, c);
	if (t->slo->window.rolling && t->window.cells > k && !t->window.coarse)
		sums_replace(&t->window.sums, &t->rules, &old, c);
}

static void exclude_cells(struct track *t, const struct period *p, bool buckets)
{
	int64_t cell_s = t->rules.cell_s, end = p->end < t->clock ? p->end : t->clock;
	uint64_t reach = buckets ? track_reach_cells(t) : t->ring_cells;
	int64_t from = t->clock - (int64_t)reach * cell_s;

	for (int64_t at = p->start > from ? p->start : from; at < end;) {
		int64_t over = track_round_down(at, cell_s) + cell_s,
			k = (t->clock - over) / cell_s;
		int64_t seconds = (over < end ? over : end) - at;

		if (k < t->ring_cells)
			exclude(t, k, seconds);
		if (buckets)
			track_bucket_exclude(t, k, seconds);
		at = over;
	}
}

/* What was excluded before the clock, which is at a cell's end, goes into windows that are empty. */
static void exclude_past(struct track *t)
{
	struct sums *sums = &t->window.sums;
	struct period one;

	for (size_t i = 0; stretches_next(t, &i, t->clock, &one);) {
		int64_t start = one.start > t->period.start ? one.start : t->period.start;
		int64_t end = one.end < t->clock ? one.end : t->clock;

		exclude_cells(t, &one, t->ring_buckets);
		if (t->slo->window.rolling || start >= end)
			continue;
		sums->ns[CELL_UNMEASURED] -= (uint64_t)(end - start) * NS_PER_S;
		sums->ns[CELL_EXCLUDED] += (uint64_t)(end - start) * NS_PER_S;
	}
}

/* --- jumping ------------------------------------------------------------------------------------ */

/* A window before anything was measured. */
static void trailing_begin(struct trailing *w, const struct track *t)
{
	w->tail = t->ring_cells - w->cells;
	w->sums = (struct sums){};
	w->sums.cells[CELL_UNMEASURED] = w->cells;
	w->sums.ns[CELL_UNMEASURED] = (uint64_t)w->cells * t->rules.cell_s * NS_PER_S;
}

bool track_may_jump(const struct track *t, int64_t time)
{
	int64_t cell_s = t->rules.cell_s;

	if (t->slo->window.rolling)
		return time - t->clock > (int64_t)track_reach_cells(t) * cell_s;
	return t->clock <= period_at(&t->slo->window, track_round_down(time, cell_s)).start;
}

static void ring_clear(struct track *t)
{
	if (t->begun) /* else it is all zeros */
		memset(t->ring, 0, t->ring_cells * sizeof(*t->ring));
	t->head = 0;
	for (size_t i = 0; i < t->n_burns; i++)
		if (!t->burns[i].coarse)
			trailing_begin(&t->burns[i], t);
	if (t->slo->window.rolling && !t->window.coarse)
		trailing_begin(&t->window, t);
}

static void revisions_clear(struct track *t)
{
	for (unsigned int i = 0; i < t->n_revisions; i++)
		t->revisions[i].sums = (struct sums){};
	t->revisions[0].sums = t->window.sums; /* what leaves an empty window is the first one's */
}

void track_ring_begin(struct track *t)
{
	struct period one;

	ring_clear(t);
	for (size_t i = 0; stretches_next(t, &i, t->clock, &one);)
		exclude_cells(t, &one, false);
	if (t->slo->window.rolling && !t->window.coarse)
		revisions_clear(t);
	t->ring_stale = false;
}

static void past_begin(struct track *t)
{
	uint32_t cells = track_window_cells(t), cell_s = t->rules.cell_s;
	bool is_long = (uint64_t)cells * cell_s > t->options.fine_s;

	past_init(&t->past, cells);
	if (t->options.fine_s)
		past_align(&t->past, cells, is_long ? t->bucket_cells : 1, t->clock / cell_s);
}

void track_jump(struct track *t, int64_t time)
{
	track_hour_tell(t);
	t->clock = track_round_down(time, t->rules.cell_s);
	t->open = (struct cell){};
	t->exhausted_at = 0;
	past_begin(t);
	ring_clear(t);
	track_buckets_begin(t);
	if (!t->slo->window.rolling) {
		track_period_begin(t);
		t->window.sums.ns[CELL_UNMEASURED] =
			(uint64_t)(t->clock - t->period.start) * NS_PER_S;
	}
	exclude_past(t);
	revisions_clear(t);
	for (unsigned int i = 1; i <= t->revision; i++) { /* and what is there of a bucket, too */
		t->revisions[i].bucket_start = track_round_down(t->clock, track_bucket_s(t));
		t->revisions[i].before = t->part;
		t->revisions[i].before_cells = t->part_cells;
	}
	track_revise_until(t, t->clock);
}
