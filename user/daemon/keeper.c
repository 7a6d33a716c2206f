// SPDX-License-Identifier: Apache-2.0
/*
 * keeper.c - see keeper.h: which minute counts go to, and rows that wait for the record. Bringing back
 * what was there is keeper_restore.c's.
 */
#include "keeper_inside.h"

#include <errno.h>
#include <string.h>

int64_t keeper_minute(int64_t wall_ns)
{
	int64_t s = wall_ns / NS_PER_SECOND;

	return s - s % LIVE_STEP_S;
}

/* --- rows that wait for the record -------------------------------------------------------------- */

static struct waiting *wait_room(struct keeper *k)
{
	if (k->n_waiting == WAITING_MAX) {
		k->dropped++;
		memmove(k->waiting, k->waiting + 1, (WAITING_MAX - 1) * sizeof(*k->waiting));
		k->n_waiting--;
	}
	if (k->n_waiting == k->waiting_room) {
		size_t room = k->waiting_room ? 2 * k->waiting_room : 64;
		struct waiting *more = reallocarray(k->waiting, room, sizeof(*more));

		if (!more) {
			k->dropped++;
			return NULL;
		}
		k->waiting = more;
		k->waiting_room = room;
	}
	return &k->waiting[k->n_waiting++];
}

static struct store_slo_minute minute_row(const struct live_minute *m)
{
	return (struct store_slo_minute){ .time = m->time,
					  .good = m->counts.good,
					  .total = m->counts.total,
					  .measured = m->counts.measured,
					  .estimated = m->estimated,
					  .inexact = m->inexact };
}

static void state_of(struct keeper *k, size_t objective, const struct live_minute *m)
{
	k->objectives[objective].state = (struct store_slo_state){ .carry_good = m->carry_good,
								   .carry_total = m->carry_total,
								   .older = m->older };
}

static int minute_over(void *keeper, size_t objective, const struct live_minute *m)
{
	struct keeper *k = keeper;
	struct waiting *w = wait_room(k);

	/* The minute is over in any case: only the record lacks it then. */
	if (w)
		*w = (struct waiting){ .objective = objective, .minute = minute_row(m) };
	state_of(k, objective, m);
	k->objectives[objective].good_ever += m->counts.good;
	k->objectives[objective].total_ever += m->counts.total;
	k->objectives[objective].moved = true;
	return 0;
}

void keeper_hour_over(void *keeper, size_t objective, const struct live_hour *h)
{
	struct keeper *k = keeper;
	struct waiting *w = wait_room(k);

	if (!w)
		return;
	*w = (struct waiting){ .objective = objective, .is_hour = true };
	w->hour = (struct store_slo_hour){ .time = h->time,
					   .good = h->good,
					   .total = h->total,
					   .ratio_high = (uint64_t)(h->ratio >> 64),
					   .ratio_low = (uint64_t)h->ratio,
					   .inexact = h->inexact,
					   .revision = h->revision };
	memcpy(w->hour.cells, h->cells, sizeof(w->hour.cells));
	memcpy(w->hour.ns, h->ns, sizeof(w->hour.ns));
}

static bool changes_have_room(struct keeper *k)
{
	size_t room = k->changes_room ? 2 * k->changes_room : 16;
	struct changed *more;

	if (k->n_changes < k->changes_room)
		return true;
	if (k->changes_room == CHANGES_MAX)
		return false;
	more = reallocarray(k->changes, room, sizeof(*more));
	if (!more)
		return false;
	k->changes = more;
	k->changes_room = room;
	return true;
}

void keeper_alert_changed(void *keeper, const struct slo *slo, const struct objective *o,
			  const struct alert_change *change)
{
	struct keeper *k = keeper;
	struct changed *c;

	(void)slo;
	if (!changes_have_room(k)) {
		k->dropped++;
		return;
	}
	c = &k->changes[k->n_changes++];
	*c = (struct changed){ .objective = o,
			       .c = { .alert = *change->alert,
				      .time = change->time,
				      .since = change->since,
				      .firing = change->firing } };
}

/* --- the clock ---------------------------------------------------------------------------------- */

static uint32_t share(uint64_t measured_ns)
{
	uint64_t all = LIVE_STEP_S * (uint64_t)NS_PER_SECOND;

	if (measured_ns >= all)
		return MEASURED_ONE;
	return (uint32_t)((unsigned __int128)measured_ns * MEASURED_ONE /
			  all); /* above 64 bits from 18 s */
}

/* A minute's end has up to so many rows of each objective: an open one, a minute, an hour; twice. */
#define ROWS_OF_ONE 6

/* While nothing has moved yet the tick may fail, and be tried again. */
static int reserve(struct keeper *k)
{
	size_t want = k->n_waiting + ROWS_OF_ONE * live_n(k->live);
	struct waiting *more;

	if (want > WAITING_MAX)
		want = WAITING_MAX;
	if (want <= k->waiting_room)
		return 0;
	more = reallocarray(k->waiting, want, sizeof(*more));
	if (!more)
		return -ENOMEM;
	k->waiting = more;
	k->waiting_room = want;
	return 0;
}

/*
 * The open minute is over; the clock goes to the minute that holds what comes now. What cannot be told
 * for want of memory goes to a later minute.
 */
static int roll(struct keeper *k, int64_t minute)
{
	int err = reserve(k);

	if (err)
		return err;
	err = live_minute_end(k->live, k->open, share(k->measured_ns), minute_over, k);
	if (err && err != -ENOMEM)
		return err;
	k->open += LIVE_STEP_S;
	k->measured_ns = k->spill_ns;
	k->spill_ns = 0;
	if (minute == k->open)
		return err;
	if (k->measured_ns) { /* what the last tick of before had of the next minute */
		int one = live_minute_end(k->live, k->open, share(k->measured_ns), minute_over, k);

		err = err ? err : one;
		k->open += LIVE_STEP_S;
		k->measured_ns = 0;
	}
	if (minute > k->open) {
		int one = live_unmeasured(k->live, minute);

		err = err ? err : one;
	}
	k->open = minute;
	return err;
}

int keeper_begin(void *keeper, const struct recorder_stretch *stretch)
{
	struct keeper *k = keeper;
	int64_t minute = keeper_minute(stretch->from_ns), end;
	int err = 0;

	k->stretch = *stretch;
	if (!k->open)
		k->open = minute;
	/* Set back: what is kept of these minutes is read again. */
	k->set_back = minute < k->open;
	if (stretch->adopted || k->set_back)
		return 0;
	if (minute > k->open) {
		err = roll(k, minute);
		k->come_again = minute <= k->kept_until;
	}
	end = (k->open + LIVE_STEP_S) * NS_PER_SECOND;
	if (stretch->to_ns > end) {
		k->measured_ns += (uint64_t)(end - stretch->from_ns);
		k->spill_ns = (uint64_t)(stretch->to_ns - end);
	} else if (stretch->to_ns > stretch->from_ns) {
		k->measured_ns += (uint64_t)(stretch->to_ns - stretch->from_ns);
	}
	live_tick_begin(k->live);
	return err;
}

int keeper_count(void *keeper, const struct recorded_delta *d)
{
	struct keeper *k = keeper;
	const struct recorded *s = d->service;
	struct service_row *row = &k->row;

	*row = (struct service_row){ .role = s->role,
				     .protocol = s->protocol,
				     .id = s->identity,
				     .counts = *d->counts,
				     .in_flight = s->in_flight };
	return live_count(k->live, row, s->understood);
}

/* --- into the record ---------------------------------------------------------------------------- */

static int put_waiting(struct keeper *k, struct store *s)
{
	int err = 0;

	for (size_t i = 0; !err && i < k->n_waiting; i++) {
		struct waiting *w = &k->waiting[i];
		int64_t id = k->objectives[w->objective].id;

		err = w->is_hour ? store_slo_hour_put(s, id, &w->hour) :
				   store_slo_minute_put(s, id, &w->minute);
	}
	return err;
}

static int put_open(struct keeper *k, struct store *s)
{
	struct live_minute m;
	int err = 0;

	for (size_t i = 0; !err && i < live_n(k->live); i++) {
		struct kept *o = &k->objectives[i];
		struct store_slo_minute row;

		live_open(k->live, i, &m);
		m.counts.measured = keeper_open_measured(k);
		row = minute_row(&m);
		state_of(k, i, &m);
		if (!row.total && !o->moved && !o->behind && row.time % 3600)
			continue; /* nothing to say: a minute without traffic is written when it is over */
		o->moved = false;
		o->behind = true; /* until the transaction is */
		err = store_slo_minute_put(s, o->id, &row);
		if (!err)
			err = store_slo_state_put(s, o->id, &o->state);
	}
	return err;
}

static int put_change(struct keeper *k, struct store *s, const struct changed *c)
{
	size_t objective = keeper_objective(k, c->objective);
	struct store_alert a = { .severity = c->c.alert.severity,
				 .long_s = c->c.alert.long_s,
				 .short_s = c->c.alert.short_s,
				 .since = c->c.time };
	struct store_event e = { .time = c->c.time,
				 .kind = "alert",
				 .slo = live_name(k->live, objective),
				 .severity = a.severity,
				 .long_s = a.long_s,
				 .short_s = a.short_s,
				 .state = c->c.firing ? "firing" : "resolved" };
	int64_t id = k->objectives[objective].id;
	int err = c->c.firing ? store_alert_put(s, id, &a) :
				store_alert_clear(s, id, a.long_s, a.short_s);

	return err ? err : store_event_put(s, &e);
}

/* What of the minute in which a stretch that was adopted ends is measured. */
static void adopted_until(struct keeper *k, const struct recorder_stretch *stretch)
{
	int64_t minute = keeper_minute(stretch->to_ns), from_ns = minute * NS_PER_SECOND;

	if (minute != k->open)
		k->measured_ns = 0;
	if (from_ns < stretch->from_ns)
		from_ns = stretch->from_ns;
	k->open = minute;
	k->measured_ns += (uint64_t)(stretch->to_ns - from_ns);
	k->spill_ns = 0;
}

/* Alerts that are alike in all begin and end together: nobody can tell them apart. */
static bool told_already(const struct keeper *k, size_t change)
{
	const struct changed *c = &k->changes[change];
	const struct alert_state *a = &c->c.alert, *b;

	for (size_t i = 0; i < change; i++) {
		const struct changed *other = &k->changes[i];

		b = &other->c.alert;
		if (other->objective == c->objective && other->c.time == c->c.time &&
		    other->c.since == c->c.since && other->c.firing == c->c.firing &&
		    a->long_s == b->long_s && a->short_s == b->short_s && a->factor == b->factor &&
		    !strcmp(a->severity, b->severity))
			return true;
	}
	return false;
}

/* Once each, whether or not it could be written. */
static void tell_changes(struct keeper *k)
{
	for (size_t i = 0; i < k->n_changes; i++) {
		struct changed *c = &k->changes[i];

		c->c.result = keeper_result(k, c->objective);
		if (!c->told)
			keeper_events_note(k, &c->c);
		if (!c->told && k->options.changed && !told_already(k, i))
			k->options.changed(k->options.context, &c->c);
		c->told = true;
	}
}

int keeper_rest(void *keeper, struct store *s)
{
	struct keeper *k = keeper;
	int err = 0;

	if (!k->set_back)
		live_tick_end(k->live);
	if (k->stretch.adopted) {
		err = live_spread(k->live, k->stretch.from_ns / NS_PER_SECOND,
				  k->stretch.to_ns / NS_PER_SECOND, minute_over, k);
		adopted_until(k, &k->stretch);
	}
	if (!err && s)
		err = put_waiting(k, s);
	if (!err && s)
		err = put_open(k, s);
	for (size_t i = 0; !err && s && i < k->n_changes; i++)
		err = put_change(k, s, &k->changes[i]);
	tell_changes(k);
	return err;
}

void keeper_end(struct keeper *k, bool recorded)
{
	if (!recorded)
		return;
	k->n_changes = 0;
	k->n_waiting = 0;
	for (size_t i = 0; i < live_n(k->live); i++)
		k->objectives[i].behind = false;
}

/* --- what others ask ---------------------------------------------------------------------------- */

struct live *keeper_live(struct keeper *k)
{
	return k->live;
}

const struct slo_set *keeper_set(const struct keeper *k)
{
	return k->promises.set;
}

const struct promises *keeper_promises(const struct keeper *k)
{
	return &k->promises;
}

uint32_t keeper_open_measured(const struct keeper *k)
{
	return share(k->measured_ns);
}

void keeper_ever(const struct keeper *k, size_t objective, uint64_t *ret_good, uint64_t *ret_total)
{
	struct live_minute open;

	live_open(k->live, objective, &open);
	*ret_good = k->objectives[objective].good_ever + open.counts.good;
	*ret_total = k->objectives[objective].total_ever + open.counts.total;
}

bool keeper_must_begin_anew(const struct keeper *k)
{
	return k->set_back || k->come_again;
}

uint64_t keeper_dropped(const struct keeper *k)
{
	return k->dropped;
}
