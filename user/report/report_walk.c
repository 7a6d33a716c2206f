// SPDX-License-Identifier: Apache-2.0
/* report_walk.c - steps of a minute become cells. Definitions: CONTRACT "Replay, precisely" 6 and 7. */
#include "report_walk.h"

#define STEP_S 60

size_t report_revision_at(const struct report_rules *rules, int64_t end)
{
	size_t i = 0;

	while (i + 1 < rules->n_revisions && rules->revisions[i + 1].since < end)
		i++;
	return i;
}

static void walk_begin(struct walk *w, int64_t clock)
{
	w->judge = (struct cell_rules){ .method = w->rules->method, .cell_s = w->rules->cell_s };
	w->clock = clock;
	w->excluded_until = INT64_MIN;
}

/* Estimated time without events is as the last that has some: nobody knows that it was idle. */
static void guess(struct walk *w)
{
	if (!w->estimated)
		w->guess = CELL_UNMEASURED;
	else if (w->open.total)
		w->guess = w->open.state;
	else if (w->open.state == CELL_IDLE && w->guess != CELL_UNMEASURED)
		w->open.state = w->guess;
}

static void cell_end(struct walk *w)
{
	const struct target_revision *r =
		&w->rules->revisions[report_revision_at(w->rules, w->clock)];

	w->judge.target = r->target;
	w->judge.slice_target = r->slice_target;
	w->open.state = cell_judge(&w->judge, &w->open);
	guess(w);
	w->cell(w->context, w, &w->open);
	w->open = (struct cell){};
	w->begun = w->estimated = false;
}

/* Does maintenance touch the step that begins at the clock? Asked in order of time. */
static bool excluded(struct walk *w)
{
	const struct report_rules *r = w->rules;

	while (w->next_stretch < r->n_excluded &&
	       r->excluded[w->next_stretch].start < w->clock + STEP_S) {
		int64_t until = r->excluded[w->next_stretch++].end;

		if (until > w->excluded_until)
			w->excluded_until = until;
	}
	return w->excluded_until > w->clock;
}

static void step(struct walk *w, const struct store_slo_minute *m)
{
	if (excluded(w)) {
		w->open.excluded_s += STEP_S;
	} else if (m) {
		w->open.good += m->good;
		w->open.total += m->total;
		w->open.measured_ns += (uint64_t)m->measured * STEP_S;
		w->inexact += m->inexact;
		w->estimated |= m->estimated;
	}
	w->begun = true;
	w->clock += STEP_S;
	if (w->clock % w->rules->cell_s == 0)
		cell_end(w);
}

/* Up to time without counts: whole cells that nothing touches are not walked through. */
static void walk_to(struct walk *w, int64_t time)
{
	const struct report_rules *r = w->rules;
	int64_t cell_s = r->cell_s, quiet;
	uint64_t n;

	while (w->clock < time) {
		quiet = time;
		if (w->next_stretch < r->n_excluded && r->excluded[w->next_stretch].start < quiet)
			quiet = report_floor(r->excluded[w->next_stretch].start, STEP_S);
		n = !w->begun && w->excluded_until <= w->clock && quiet > w->clock ?
			    (uint64_t)(quiet - w->clock) / r->cell_s :
			    0;
		if (!n) {
			step(w, NULL);
			continue;
		}
		w->clock += (int64_t)n * cell_s;
		w->guess = CELL_UNMEASURED;
		w->empty(w->context, w, n);
	}
}

static int walk_minute(void *context, const struct store_slo_minute *m)
{
	struct walk *w = context;

	if (m->time < w->clock || m->time % STEP_S)
		return 0; /* no such minute is written */
	walk_to(w, m->time);
	step(w, m);
	return 0;
}

int report_walk(const struct report_source *s, struct walk *w, int64_t from, int64_t to)
{
	const struct report_rules *rules = w->rules;
	int64_t cell_s = rules->cell_s;
	int64_t first = report_floor(from, cell_s), last = report_floor(to, cell_s);
	int r = 0;

	if (first >= last)
		return 0;
	walk_begin(w, first);
	if (rules->objective)
		r = s->minutes(s->context, rules->objective, first, last, walk_minute, w);
	if (!r)
		walk_to(w, last);
	return r;
}
