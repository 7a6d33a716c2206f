// SPDX-License-Identifier: Apache-2.0
/*
 * track_gap.c - time of which nothing was counted: maintenance in it, and jumping over it. What lies
 * before a first row, or in a gap longer than every window, is not walked through step by step.
 */
#include <string.h>

#include "track.h"

static int64_t round_down(int64_t t, int64_t unit)
{
	return t - (t % unit + unit) % unit;
}

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
	ret->start = ret->end = round_down(o->excluded[*i].start, step_s);
	for (; *i < o->n_excluded && round_down(o->excluded[*i].start, step_s) <= ret->end; ++*i) {
		int64_t end = round_down(o->excluded[*i].end + step_s - 1, step_s);

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
		int64_t first = round_down(one.start + cell_s - 1, cell_s) + cell_s;
		int64_t last = round_down(one.end < p.end ? one.end : p.end, cell_s);

		if (first <= p.start)
			first = round_down(p.start, cell_s) + cell_s;
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
		if (t->burns[i].cells > k)
			sums_replace(&t->burns[i].sums, &t->rules, &old, c);
	if (t->slo->window.rolling && t->window.cells > k)
		sums_replace(&t->window.sums, &t->rules, &old, c);
}

static void exclude_cells(struct track *t, const struct period *p)
{
	int64_t cell_s = t->rules.cell_s, end = p->end < t->clock ? p->end : t->clock;
	int64_t from = t->clock - (int64_t)t->ring_cells * cell_s;

	for (int64_t at = p->start > from ? p->start : from; at < end;) {
		int64_t over = round_down(at, cell_s) + cell_s;

		exclude(t, (t->clock - over) / cell_s, (over < end ? over : end) - at);
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

		exclude_cells(t, &one);
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
		return time - t->clock > (int64_t)t->ring_cells * cell_s;
	return t->clock <= period_at(&t->slo->window, round_down(time, cell_s)).start;
}

void track_jump(struct track *t, int64_t time)
{
	if (t->begun) /* else the ring is all zeros */
		memset(t->ring, 0, t->ring_cells * sizeof(*t->ring));
	t->clock = round_down(time, t->rules.cell_s);
	t->head = 0;
	t->open = (struct cell){};
	t->exhausted_at = 0;
	past_init(&t->past, track_window_cells(t));
	for (size_t i = 0; i < t->n_burns; i++)
		trailing_begin(&t->burns[i], t);
	if (t->slo->window.rolling) {
		trailing_begin(&t->window, t);
	} else {
		track_period_begin(t);
		t->window.sums.ns[CELL_UNMEASURED] =
			(uint64_t)(t->clock - t->period.start) * NS_PER_S;
	}
	exclude_past(t);
	for (unsigned int i = 0; i < t->n_revisions; i++)
		t->revisions[i].sums = (struct sums){};
	t->revisions[0].sums = t->window.sums; /* what leaves an empty window is the first one's */
	track_revise_until(t, t->clock);
}
