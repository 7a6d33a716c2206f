// SPDX-License-Identifier: Apache-2.0
/*
 * live_minutes.c - what is counted becomes minutes: at their end, spread over a stretch, or brought back
 * from the record.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "live_parts.h"

#define HOUR_S 3600

typedef int (*minute_function)(void *context, size_t objective, const struct live_minute *m);

/* --- inexact ------------------------------------------------------------------------------------ */

void inexact_free(struct inexact *x)
{
	free(x->hours);
}

/* Hours that a window may reach over. */
static uint32_t inexact_hours(const struct promised *p)
{
	int64_t span_s = span_seconds(p->planned.slo->window.span);

	if (!p->planned.slo->window.rolling)
		span_s += span_s / 25 + 2 * 86400; /* months and changes of clocks */
	return (uint32_t)(span_s / HOUR_S + 2);
}

static void inexact_move(struct inexact *x, int64_t hour)
{
	if (hour - x->last >= x->n)
		memset(x->hours, 0, x->n * sizeof(*x->hours));
	else
		while (x->last < hour)
			x->hours[++x->last % x->n] = 0;
	x->last = hour > x->last ? hour : x->last;
}

static int inexact_add(struct promised *p, int64_t time, uint64_t n)
{
	struct inexact *x = &p->inexact;
	int64_t hour = time / HOUR_S;

	if (!n)
		return 0;
	if (!x->hours) {
		x->n = inexact_hours(p);
		x->hours = calloc(x->n, sizeof(*x->hours));
		if (!x->hours)
			return -ENOMEM;
		x->last = hour;
	}
	inexact_move(x, hour);
	if (x->last - hour < x->n)
		x->hours[hour % x->n] += n;
	x->untold += n;
	return 0;
}

uint64_t live_inexact(const struct live *l, size_t i)
{
	size_t members = board_members(l->board, i), objective = l->objective_of[i];
	const struct promised *p;
	struct slo_result r;
	uint64_t sum = 0;

	for (size_t row = i - members; row < i; row++)
		sum += live_inexact(l, row);
	if (objective == SIZE_MAX)
		return sum;
	p = &l->promised[objective];
	sum = p->since.inexact > 0 ? (uint64_t)p->since.inexact : 0;
	if (!p->inexact.hours)
		return sum;
	track_result(p->track, &r);
	for (int64_t hour = r.window_start / HOUR_S; hour <= p->inexact.last; hour++)
		if (p->inexact.last - hour < p->inexact.n)
			sum += p->inexact.hours[hour % p->inexact.n];
	return sum;
}

/* --- a minute ----------------------------------------------------------------------------------- */

static int64_t clamped(int64_t v, int64_t low, int64_t high)
{
	return v < low ? low : v > high ? high : v;
}

struct step_counts live_fit(const struct since *s, struct since *ret_rest)
{
	int64_t total = s->total > 0 ? s->total : 0;
	int64_t good = clamped(s->good, 0, total);
	int64_t inexact = s->inexact > 0 ? s->inexact : 0;

	*ret_rest = (struct since){ s->good - good, s->total - total, s->inexact - inexact };
	return (struct step_counts){ .good = (uint64_t)good, .total = (uint64_t)total };
}

static struct live_minute minute_from(const struct promised *p, const struct since *s, int64_t time)
{
	struct since rest;
	struct live_minute m = { .time = time,
				 .counts = live_fit(s, &rest),
				 .inexact = (uint64_t)(s->inexact - rest.inexact),
				 .carry_good = rest.good,
				 .carry_total = rest.total,
				 .older = p->older };

	return m;
}

/* The minute is over: to the track, and to whoever records it. What does not fit stays in *s. */
static int minute_close(struct live *l, struct promised *p, struct since *s,
			const struct live_minute *m, minute_function minute, void *context)
{
	int r, recorded = 0;

	r = inexact_add(p, m->time, m->inexact);
	if (!r)
		r = track_push(p->track, m->time, &m->counts);
	if (r)
		return r;
	*s = (struct since){ m->carry_good, m->carry_total, s->inexact - (int64_t)m->inexact };
	if (minute)
		recorded = minute(context, (size_t)(p - l->promised), m);
	return recorded;
}

/* The minute that was open when the record ended, and that another has followed. */
static int close_was_open(struct live *l, struct promised *p, int64_t until, minute_function minute,
			  void *context)
{
	struct was_open *o = &p->was_open;
	struct since counts = o->counts, rest;
	struct live_minute m;
	int r;

	if (!o->given || o->time >= until)
		return 0;
	o->given = false;
	p->estimated = false;
	if (o->time < track_clock(p->track))
		return 0; /* its counts go on */
	m = minute_from(p, &counts, o->time);
	m.counts.measured = o->measured;
	m.counts.estimated = m.estimated = o->estimated;
	rest = counts;
	r = minute_close(l, p, &rest, &m, minute, context);
	p->since.good += rest.good - counts.good;
	p->since.total += rest.total - counts.total;
	p->since.inexact += rest.inexact - counts.inexact;
	return r;
}

int live_minute_end(struct live *l, int64_t start, uint32_t measured, minute_function minute,
		    void *context)
{
	int r = live_ready(l);

	if (start % LIVE_STEP_S || measured > MEASURED_ONE)
		return -EINVAL;
	for (size_t i = 0; i < l->n; i++)
		if (track_clock(l->promised[i].track) > start)
			return -EINVAL;
	for (size_t i = 0; i < l->n; i++) {
		struct promised *p = &l->promised[i];
		struct live_minute m;
		int one;

		if (!is_measured(p)) {
			one = track_advance(p->track, start + LIVE_STEP_S);
			r = r ? r : one;
			continue;
		}
		one = close_was_open(l, p, start, minute, context);
		r = r ? r : one;
		m = minute_from(p, &p->since, start);
		m.counts.measured = p->blind && !m.counts.total ? 0 : measured;
		m.counts.estimated = m.estimated = p->estimated;
		one = minute_close(l, p, &p->since, &m, minute, context);
		r = r ? r : one;
		p->blind = p->estimated = p->was_open.given = false;
	}
	l->minute = start + LIVE_STEP_S;
	known_expire(l, l->minute);
	if (l->minute >= l->looked + LOOK_AHEAD_EVERY_S) {
		l->looked = l->minute;
		board_look_ahead(l->board, l->options.set, l->minute, l->minute + LOOK_AHEAD_S);
	}
	return r;
}

void live_open(const struct live *l, size_t objective, struct live_minute *ret)
{
	const struct promised *p = &l->promised[objective];
	int64_t clock = track_clock(p->track);

	*ret = minute_from(p, &p->since,
			   p->was_open.given  ? p->was_open.time :
			   clock != INT64_MIN ? clock :
						l->minute);
	ret->estimated = p->estimated;
	ret->counts.estimated = p->estimated;
}

/* --- stretches ---------------------------------------------------------------------------------- */

/* What of n has come when so many seconds of length have gone; the first of any comes at once. */
static int64_t come(int64_t n, int64_t seconds, int64_t length)
{
	return (int64_t)(((__int128)n * seconds + length - 1) / length);
}

/* All that was counted of a stretch, and how much of it has been handed out. */
struct spread {
	int64_t since, length;
	struct since all, out;
};

/* Its part up to a moment is added to *s. Of so many, the same share is good, to the last one. */
static void spread_until(struct spread *sp, int64_t until, struct since *s)
{
	struct since now;

	now.total = come(sp->all.total, until - sp->since, sp->length);
	now.good = sp->all.total ? (int64_t)((__int128)now.total * sp->all.good / sp->all.total) :
				   0;
	now.inexact = come(sp->all.inexact, until - sp->since, sp->length);
	s->total += now.total - sp->out.total;
	s->good += now.good - sp->out.good;
	s->inexact += now.inexact - sp->out.inexact;
	sp->out = now;
}

static uint32_t share_of_minute(int64_t seconds)
{
	return (uint32_t)(seconds * MEASURED_ONE / LIVE_STEP_S);
}

static int spread_one(struct live *l, struct promised *p, int64_t since, int64_t now,
		      minute_function minute, void *context)
{
	int64_t first = minute_of(since), last = minute_of(now);
	int r = close_was_open(l, p, first, minute, context);
	struct since base = p->was_open.given ? p->was_open.counts : (struct since){}, rest;
	struct since found = { p->since.good - base.good, p->since.total - base.total,
			       p->since.inexact - base.inexact };
	uint32_t before = p->was_open.given ? p->was_open.measured : 0;
	struct spread sp = { .since = since, .length = now - since };
	struct step_counts all = live_fit(&found, &rest);
	bool estimated = all.total;

	sp.all = (struct since){ (int64_t)all.good, (int64_t)all.total,
				 found.inexact - rest.inexact };
	p->since = base;
	if (first < track_clock(p->track))
		first = track_clock(p->track);
	for (int64_t at = first; !r && at < last; at += LIVE_STEP_S) {
		struct live_minute m;
		int64_t from = at > since ? at : since;
		uint32_t measured = share_of_minute(at + LIVE_STEP_S - from) + before;

		spread_until(&sp, at + LIVE_STEP_S, &p->since);
		m = minute_from(p, &p->since, at);
		m.counts.measured = measured < MEASURED_ONE ? measured : MEASURED_ONE;
		m.counts.estimated = m.estimated = estimated;
		r = minute_close(l, p, &p->since, &m, minute, context);
		before = 0;
	}
	spread_until(&sp, now, &p->since);
	p->since.good += rest.good;
	p->since.total += rest.total;
	p->since.inexact += rest.inexact;
	p->estimated = estimated && now > last;
	p->was_open.given = false;
	return r;
}

int live_spread(struct live *l, int64_t since, int64_t now, minute_function minute, void *context)
{
	int r = live_ready(l);

	if (minute_of(since) >= minute_of(now))
		return r;
	for (size_t i = 0; i < l->n; i++) {
		struct promised *p = &l->promised[i];
		int one = is_measured(p) ? spread_one(l, p, since, now, minute, context) :
			  track_clock(p->track) < minute_of(now) ?
					   track_advance(p->track, minute_of(now)) :
					   0;

		r = r ? r : one;
	}
	l->minute = minute_of(now);
	return r;
}

int live_unmeasured(struct live *l, int64_t to)
{
	int64_t until = minute_of(to);
	int r = live_ready(l);

	for (size_t i = 0; i < l->n; i++) {
		struct promised *p = &l->promised[i];
		int one = close_was_open(l, p, until, NULL, NULL);

		r = r ? r : one;
		if (track_clock(p->track) >= until)
			continue;
		one = track_advance(p->track, until);
		r = r ? r : one;
	}
	l->minute = until > l->minute ? until : l->minute;
	return r;
}

/* --- bringing back ------------------------------------------------------------------------------ */

void live_restore_from(const struct live *l, size_t objective, int64_t end, int64_t *ret_hours,
		       int64_t *ret_minutes)
{
	track_restore_from(l->promised[objective].track, end, ret_hours, ret_minutes);
}

int live_restore_hour(struct live *l, size_t objective, const struct live_hour *h)
{
	struct promised *p = &l->promised[objective];
	struct hour_sums sums = { .time = h->time,
				  .good = h->good,
				  .total = h->total,
				  .ratio = h->ratio,
				  .revision = h->revision };
	int r;

	memcpy(sums.cells, h->cells, sizeof(sums.cells));
	memcpy(sums.ns, h->ns, sizeof(sums.ns));
	r = l->ready ? -EINVAL : track_restore_hour(p->track, &sums);
	if (r)
		return r;
	r = inexact_add(p, h->time, h->inexact);
	p->inexact.untold = 0;
	return r;
}

int live_restore_minute(struct live *l, size_t objective, const struct live_minute *m)
{
	struct promised *p = &l->promised[objective];
	struct step_counts c = m->counts;
	int r;

	c.estimated = m->estimated;
	r = l->ready ? -EINVAL : inexact_add(p, m->time, m->inexact);
	if (!r)
		r = track_restore_step(p->track, m->time, &c);
	if (r)
		return r;
	p->since = (struct since){ m->carry_good, m->carry_total, 0 };
	p->older = m->older;
	return 0;
}

int live_restore_open(struct live *l, size_t objective, const struct live_minute *m)
{
	struct promised *p = &l->promised[objective];

	if (l->ready || m->time % LIVE_STEP_S || m->time < track_clock(p->track) ||
	    m->counts.good > m->counts.total || m->counts.total > INT64_MAX ||
	    m->inexact > INT64_MAX || m->counts.measured > MEASURED_ONE)
		return -EINVAL;
	p->since = (struct since){ (int64_t)m->counts.good + m->carry_good,
				   (int64_t)m->counts.total + m->carry_total, (int64_t)m->inexact };
	p->older = m->older;
	p->estimated = m->estimated;
	p->was_open = (struct was_open){ .given = true,
					 .estimated = m->estimated,
					 .time = m->time,
					 .measured = m->counts.measured,
					 .counts = p->since };
	return 0;
}

int live_restore_alert(struct live *l, size_t objective, uint32_t long_s, uint32_t short_s,
		       int64_t since)
{
	if (l->ready)
		return -EINVAL;
	track_restore_alert(l->promised[objective].track, long_s, short_s, since);
	return 0;
}

int live_ready(struct live *l)
{
	int r = 0;

	if (l->ready)
		return 0;
	for (size_t i = 0; i < l->n; i++) {
		struct promised *p = &l->promised[i];
		int one = 0;

		if (track_clock(p->track) == INT64_MIN)
			one = track_advance(p->track,
					    p->was_open.given ? p->was_open.time : l->minute);
		track_restored(p->track);
		r = r ? r : one;
	}
	l->ready = !r;
	return r;
}
