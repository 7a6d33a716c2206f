// SPDX-License-Identifier: Apache-2.0
/*
 * report_tally.c - adds up one objective's hours and minutes. Definitions are the engine's (CONTRACT
 * "Replay, precisely" 6 to 8), with steps of a minute.
 */
#include "report_walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"

#define STEP_S 60
#define HOUR_S 3600

#define HOURS_NS_MAX (400 * 86400 * NS_PER_S) /* no slice is longer */

_Static_assert((int)STORE_UNMEASURED == CELL_UNMEASURED && (int)STORE_GOOD == CELL_GOOD &&
		       (int)STORE_BAD == CELL_BAD && (int)STORE_IDLE == CELL_IDLE &&
		       (int)STORE_EXCLUDED == CELL_EXCLUDED && (int)STORE_STATES == CELL_STATES,
	       "the record and the engine name states differently");

/* --- the worst ---------------------------------------------------------------------------------- */

void report_keep_worst(struct report_part worst[REPORT_WORST], unsigned int *n,
		       const struct report_part *part)
{
	unsigned int at = *n;

	if (!(part->spent > 0))
		return;
	while (at && worst[at - 1].spent < part->spent)
		at--;
	if (at == REPORT_WORST)
		return;
	if (*n < REPORT_WORST)
		++*n;
	memmove(&worst[at + 1], &worst[at], (*n - at - 1) * sizeof(*worst));
	worst[at] = *part;
}

static void part_cell(void *context, const struct walk *w, const struct cell *c)
{
	struct report_moment *m = context;
	struct report_part part = { .time = w->clock - w->rules->cell_s,
				    .length_s = w->rules->cell_s,
				    .good = c->good,
				    .total = c->total };
	struct sums one = {};

	sums_add(&one, &w->judge, c);
	part.spent = sums_spent(&one, w->rules->method);
	report_keep_worst(m->parts, &m->n_parts, &part);
}

static void part_empty(void *context, const struct walk *w, uint64_t cells)
{
	(void)context;
	(void)w;
	(void)cells;
}

int report_tally_parts(const struct report_source *s, const struct report_rules *rules,
		       struct report_moment *m)
{
	struct walk w = { .rules = rules, .cell = part_cell, .empty = part_empty, .context = m };

	m->n_parts = 0;
	return report_walk(s, &w, m->hour.time, m->hour.time + m->hour.length_s);
}

/* --- the whole ---------------------------------------------------------------------------------- */

struct gap {
	int64_t from, to;
};

struct tallying {
	const struct report_source *source;
	const struct report_rules *rules;
	struct report_tally *tally;
	int64_t clock; /* of judged hours: end of the last */
	struct gap *gaps;
	size_t n_gaps, room;
	struct report_part hour;	   /* that cells are added to */
	struct store_slo_hour first, last; /* that reach out of the window; time 0: none */
};

static void tallying_end(struct tallying *t)
{
	free(t->gaps);
}

static void add_point(struct report_tally *t, const struct report_part *part, double basis)
{
	int64_t i;

	if (!t->points || part->time < t->points_from)
		return;
	i = (part->time - t->points_from) / t->point_s;
	if (i >= REPORT_POINTS_MAX)
		return;
	t->points[i].good += part->good;
	t->points[i].total += part->total;
	t->points[i].spent += part->spent;
	t->points[i].basis += basis;
}

static void hour_flush(struct tallying *t)
{
	if (t->hour.length_s)
		report_keep_worst(t->tally->worst, &t->tally->n_worst, &t->hour);
	t->hour = (struct report_part){};
}

static void tally_cell(void *context, const struct walk *w, const struct cell *c)
{
	struct tallying *t = context;
	bool longer = w->rules->cell_s > HOUR_S;
	int64_t hour = longer ? w->clock - w->rules->cell_s : report_floor(w->clock - 1, HOUR_S);
	struct report_part part = { .time = w->clock - w->rules->cell_s,
				    .good = c->good,
				    .total = c->total };
	struct sums one = {};

	sums_add(&one, &w->judge, c);
	sums_add(&t->tally->sums, &w->judge, c);
	part.spent = sums_spent(&one, w->rules->method);
	add_point(t->tally, &part, sums_basis(&one, w->rules->method));
	if (t->hour.time != hour)
		hour_flush(t);
	t->hour.time = hour;
	t->hour.length_s = longer ? w->rules->cell_s : HOUR_S;
	t->hour.good += part.good;
	t->hour.total += part.total;
	t->hour.spent += part.spent;
}

static void tally_empty(void *context, const struct walk *w, uint64_t cells)
{
	struct tallying *t = context;

	t->tally->sums.cells[CELL_UNMEASURED] += cells;
	t->tally->sums.ns[CELL_UNMEASURED] += cells * w->rules->cell_s * NS_PER_S;
}

static int tally_minutes(struct tallying *t, int64_t from, int64_t to)
{
	struct walk w = {
		.rules = t->rules, .cell = tally_cell, .empty = tally_empty, .context = t
	};
	int r = report_walk(t->source, &w, from, to);

	hour_flush(t);
	t->tally->inexact += w.inexact;
	return r;
}

/*
 * How long the cells in it are together; 0: they are not those of now (another method, another slice).
 * Where requests are counted it does not matter what they were.
 */
static int64_t hour_length(const struct report_rules *r, const struct store_slo_hour *h)
{
	unsigned __int128 cells = 0, ns = 0;

	for (unsigned int i = 0; i < STORE_STATES; i++) {
		cells += h->cells[i];
		ns += h->ns[i];
	}
	if (ns > HOURS_NS_MAX || h->time % r->cell_s || ns % (r->cell_s * NS_PER_S))
		return 0;
	return r->method == METHOD_OCCURRENCES || ns == cells * r->cell_s * NS_PER_S ?
		       (int64_t)(ns / NS_PER_S) :
		       0;
}

static void add_hour(struct tallying *t, const struct store_slo_hour *h, int64_t length_s)
{
	struct sums one = { .good = h->good,
			    .total = h->total,
			    .ratio = (unsigned __int128)h->ratio_high << 64 | h->ratio_low };
	struct report_part part = { h->time, (uint32_t)length_s, h->good, h->total, 0 };
	struct sums *all = &t->tally->sums;

	for (unsigned int i = 0; i < CELL_STATES; i++) {
		one.cells[i] = h->cells[i];
		one.ns[i] = h->ns[i];
		all->cells[i] += h->cells[i];
		all->ns[i] += h->ns[i];
	}
	all->good += one.good;
	all->total += one.total;
	all->ratio += one.ratio;
	t->tally->inexact += h->inexact;
	part.spent = sums_spent(&one, t->rules->method);
	add_point(t->tally, &part, sums_basis(&one, t->rules->method));
	report_keep_worst(t->tally->worst, &t->tally->n_worst, &part);
}

static int add_gap(struct tallying *t, int64_t from, int64_t to)
{
	if (from >= to)
		return 0;
	if (t->n_gaps == t->room) {
		size_t room = t->room ? 2 * t->room : 16;
		struct gap *more = reallocarray(t->gaps, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		t->gaps = more;
		t->room = room;
	}
	t->gaps[t->n_gaps++] = (struct gap){ from, to };
	return 0;
}

static int any_minute(void *context, const struct store_slo_minute *m)
{
	(void)m;
	*(bool *)context = true;
	return -ECANCELED;
}

/* Are there minutes of what the hour holds? */
static int has_minutes(const struct tallying *t, const struct store_slo_hour *h, bool *ret)
{
	int64_t end = h->time + hour_length(t->rules, h);
	int r;

	*ret = false;
	r = t->source->minutes(t->source->context, t->rules->objective, h->time, end, any_minute,
			       ret);
	return r == -ECANCELED ? 0 : r;
}

/* Rows hold cells in a row: mostly an hour of them, a part of one where something changed in it. */
static int tally_hour(void *context, const struct store_slo_hour *h)
{
	struct tallying *t = context;
	int64_t length_s = hour_length(t->rules, h), end = h->time + length_s;
	const struct report_tally *w = t->tally;
	bool minutes = false;
	int r = 0;

	if (!length_s || end <= t->clock || h->time >= w->end)
		return 0;
	if (h->time < t->clock || end > w->end) {
		if (h->time < w->start)
			t->first = *h;
		else if (end > w->end)
			t->last = *h;
		return 0;
	}
	if (w->points && w->point_s < HOUR_S)
		r = has_minutes(t, h, &minutes);
	if (r || minutes)
		return r; /* read by minutes, as what was not judged */
	r = add_gap(t, t->clock, h->time);
	if (r)
		return r;
	add_hour(t, h, length_s);
	t->clock = end;
	return 0;
}

/*
 * What no judged hour lies in. At an edge of the window an hour may reach out of it: where its minutes
 * are gone it counts whole, as all that is read of such old times goes by hours.
 */
static int tally_gap(struct tallying *t, const struct gap *g)
{
	const struct store_slo_hour *over = g->from == t->tally->start ? &t->first : NULL;
	bool minutes;
	int64_t end;
	int r;

	if ((!over || !over->time) && g->to == t->tally->end)
		over = &t->last;
	if (!over || !over->time)
		return tally_minutes(t, g->from, g->to);
	r = has_minutes(t, over, &minutes);
	if (r)
		return r;
	if (minutes)
		return tally_minutes(t, g->from, g->to);
	end = over->time + hour_length(t->rules, over);
	add_hour(t, over, end - over->time);
	if (over == &t->last)
		return tally_minutes(t, g->from, over->time);
	return end < g->to ? tally_minutes(t, end, g->to) : 0;
}

static int tally_window(struct tallying *t)
{
	int64_t reach = t->rules->cell_s > HOUR_S ? t->rules->cell_s : HOUR_S;
	const struct report_tally *w = t->tally;
	int r = 0;

	t->clock = w->start;
	if (t->rules->objective)
		r = t->source->hours(t->source->context, t->rules->objective, w->start - reach,
				     w->end, tally_hour, t);
	if (!r)
		r = add_gap(t, t->clock, w->end);
	for (size_t i = 0; !r && i < t->n_gaps; i++)
		r = tally_gap(t, &t->gaps[i]);
	return r;
}

int report_tally(const struct report_source *s, const struct report_rules *rules, int64_t from,
		 int64_t to, struct report_tally *ret)
{
	_cleanup_(tallying_end) struct tallying t = { .source = s, .rules = rules, .tally = ret };
	int64_t start = report_floor(from, rules->cell_s), end = report_floor(to, rules->cell_s);
	int64_t slack;
	int r;

	if (rules->cell_s == STEP_S && end < to)
		end += STEP_S; /* the minute that is not over yet */
	if (start > end)
		start = end;
	ret->start = start;
	ret->end = end;
	r = tally_window(&t);
	/* What was not asked about is not missing. */
	slack = ret->whole && from > start ? from - start : 0;
	if (slack < end - start - (to - from))
		slack = end - start - (to - from);
	if ((uint64_t)slack * NS_PER_S > ret->sums.ns[CELL_UNMEASURED])
		ret->sums.ns[CELL_UNMEASURED] = 0;
	else
		ret->sums.ns[CELL_UNMEASURED] -= (uint64_t)slack * NS_PER_S;
	return r;
}
