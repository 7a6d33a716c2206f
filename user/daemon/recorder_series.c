// SPDX-License-Identifier: Apache-2.0
/*
 * recorder_series.c - one series of one tick: whose it is, what it has counted since it was seen last
 * and since it was recorded last. The two differ only while the record cannot be written.
 */
#include <errno.h>
#include <string.h>

#include "../store/codec.h"
#include "../slo/tally.h"
#include "recorder_inside.h"

/* --- series ------------------------------------------------------------------------------------- */

struct known *recorder_known(struct recorder *r, uint32_t series)
{
	if (series >= r->n_series) {
		size_t n = series + 64;
		struct known *more = reallocarray(r->series, n, sizeof(*more));

		if (!more)
			return NULL;
		memset(more + r->n_series, 0, (n - r->n_series) * sizeof(*more));
		r->series = more;
		r->n_series = n;
	}
	return &r->series[series];
}

static const struct identity unattributed[ROLES] = {
	[ROLE_SERVER] = { .name = RECORDER_UNATTRIBUTED },
	[ROLE_CLIENT] = { .name = RECORDER_UNATTRIBUTED },
};

/* The series' service; a name that changed leads to another one, or renames its own. */
static int settle_service(struct recorder *r, const struct sampler_series *s, struct known *k)
{
	const struct identity *id = s->overflow ? &unattributed[s->key.role & 1] : s->id;
	enum role role = s->key.role & 1;
	struct entry *e = k->used ? &r->services[k->service] : NULL;

	/* A number that the record knows as another's: it has changed hands where this record was not. */
	if (e && s->key.netns && k->key.netns && memcmp(&k->key, &s->key, sizeof(s->key))) {
		k->used = false;
		e = NULL;
	}
	if (!id || !id->name) /* on its way out, and nameless: whose the record says */
		return e ? 0 : -ENODATA;
	if (e && !strcmp(e->public.identity.name, id->name))
		return recorder_entry_refresh(r, e, s);
	/* The same service under a better name keeps its past, unless the name has a past of its own. */
	if (!e || recorder_named(r, role, id->name)) {
		int err = recorder_entry(r, role, id, &k->service);

		if (err)
			return err;
		k->used = true;
		k->key = s->key;
	}
	return recorder_entry_refresh(r, &r->services[k->service], s);
}

/* By all that it has ever counted, once and for good. */
static void understand(struct recorder *r, struct entry *e, const struct packed *total)
{
	struct service_row *row = &r->row;

	if (e->public.understood)
		return;
	*row = (struct service_row){ .role = e->public.role, .protocol = e->public.protocol };
	packed_get(total, &row->counts);
	e->public.understood = tally_understood(row);
}

static void add_in_flight(struct recorder *r, struct entry *e, const struct in_flight_row *f)
{
	struct in_flight_row *sum = &e->public.in_flight;

	if (e->in_flight_tick != r->ticks)
		*sum = (struct in_flight_row){};
	e->in_flight_tick = r->ticks;
	sum->count += f->count;
	for (unsigned int t = 0; t < THRESHOLDS; t++)
		sum->older[t] += f->older[t];
	if (f->oldest_ns > sum->oldest_ns)
		sum->oldest_ns = f->oldest_ns;
}

static int stage_room(struct recorder *r)
{
	if (r->n_staged == r->staged_room) {
		size_t room = r->staged_room ? 2 * r->staged_room : 64;
		struct staged *more = reallocarray(r->staged, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		r->staged = more;
		r->staged_room = room;
	}
	return 0;
}

/* What one series becomes when its difference is taken. */
struct taken {
	struct packed seen, total, untold;
};

static void taken_clear(struct taken *t)
{
	packed_clear(&t->seen);
	packed_clear(&t->total);
	packed_clear(&t->untold);
}

/* All that needs memory. Nothing is taken yet: what fails is found again by the next tick. */
static int take_prepare(struct recorder *r, const struct sampler_series *s, struct entry *e,
			const struct series_counts *delta, struct taken *ret)
{
	int err = stage_room(r);

	if (!err)
		err = packed_set(&ret->seen, s->counts);
	if (!err && r->holding)
		err = packed_sum(&e->untold, delta, &ret->untold);
	if (!err)
		err = packed_sum(&e->total, delta, &ret->total);
	if (!err)
		understand(r, e, &ret->total);
	return err;
}

static void packed_swap(struct packed *a, struct packed *b)
{
	struct packed was = *a;

	*a = *b;
	*b = was;
}

static void take(struct recorder *r, const struct sampler_series *s, struct known *k,
		 struct entry *e, const struct series_counts *delta, struct taken *t)
{
	r->staged[r->n_staged++] = (struct staged){ .series = s->number, .before = k->seen };
	k->seen = t->seen;
	t->seen = (struct packed){};
	packed_swap(&e->total, &t->total);
	if (r->holding)
		packed_swap(&e->untold, &t->untold);
	r->counted += counts_total(delta);
}

/* What the record lacks of it, and up to where it then goes. */
static int write_series(struct recorder *r, const struct sampler_series *s, struct known *k,
			const struct series_counts *since_seen)
{
	struct store_checkpoint c = {
		.series = s->number, .key = s->key, .bytes = k->seen.bytes, .n = k->seen.n
	};
	struct entry *e = &r->services[k->service];
	const struct series_counts *delta = since_seen;
	struct series_counts before, since_recorded;
	int err = recorder_entry_write(r, e);

	/* A name that another one is about to give up. */
	if (err == -EEXIST && !(err = recorder_entries_rename(r)))
		err = recorder_entry_write(r, e);
	if (err)
		return err;
	if (k->behind) {
		packed_get(&k->recorded, &before);
		if (!counts_difference(s->counts, &before, &since_recorded))
			return -EUCLEAN;
		delta = &since_recorded;
	}
	c.service = e->public.id;
	if (!counts_empty(delta))
		err = store_count(r->store, c.service, r->minute, r->since, delta);
	return err ? err : store_checkpoint_put(r->store, &c);
}

/* To whoever listens, then for good: one that could not be told of is not taken either. */
static int hand_on(struct recorder *r, const struct sampler_series *s, struct known *k,
		   const struct series_counts *delta)
{
	_cleanup_(taken_clear) struct taken t = {};
	struct entry *e = &r->services[k->service];
	bool any = !counts_empty(delta);
	int err = any ? take_prepare(r, s, e, delta, &t) : 0;
	struct series_counts translated;
	struct recorded_delta told = { .service = &e->public, .counts = delta };

	if (r->switched) {
		translated = *delta;
		recorder_translate(r, r->judged.of, r->judged.n, &translated);
		told.counts = &translated;
	}
	if (!err && r->tick && r->tick->each)
		err = r->tick->each(r->tick->context, &told);
	if (!err && any)
		take(r, s, k, e, delta, &t);
	return err;
}

int recorder_series(void *recorder, const struct sampler_series *s)
{
	struct recorder *r = recorder;
	struct known *k = recorder_known(r, s->number);
	struct series_counts before, delta;
	int err;

	if (!k)
		return -ENOMEM;
	packed_get(&k->seen, &before);
	if (!counts_difference(s->counts, &before, &delta))
		return 0; /* not ours any more: its number was given away */
	if (s->overflow && counts_empty(&delta) && !k->used)
		return 0;
	err = settle_service(r, s, k);
	if (err)
		return err == -ENODATA ? 0 : err;
	add_in_flight(r, &r->services[k->service], &s->in_flight);
	err = hand_on(r, s, k, &delta);
	if (!err && !r->failed && (k->behind || !counts_empty(&delta)))
		r->failed = write_series(r, s, k, &delta);
	return err;
}

void recorder_staged(struct recorder *r, bool recorded)
{
	for (size_t i = 0; i < r->n_staged; i++) {
		struct staged *st = &r->staged[i];
		struct known *k = &r->series[st->series];

		if (!recorded && !k->behind) {
			k->recorded = st->before;
			k->behind = true;
			continue;
		}
		packed_clear(&st->before);
	}
	r->n_staged = 0;
	if (recorded) {
		r->n_times = 0;
		for (size_t i = 0; r->gave_ids && i < r->n_services; i++)
			r->services[i].fresh_id = false;
		for (size_t i = 0; r->behind && i < r->n_series; i++) {
			packed_clear(&r->series[i].recorded);
			r->series[i].behind = false;
		}
	} else {
		/* Rows that were written in vain are written again. */
		for (size_t i = 0; i < r->n_services; i++) {
			r->services[i].unwritten = true;
			if (r->services[i].fresh_id)
				r->services[i].public.id = 0;
			r->services[i].fresh_id = false;
		}
	}
	r->gave_ids = false;
	r->behind = !recorded;
}

/* --- losses ------------------------------------------------------------------------------------- */

void recorder_losses_add(struct store_losses *sum, const struct losses *now, uint64_t missed,
			 const struct store_kernel *before)
{
	const uint64_t *n = (const uint64_t *)now, *b = (const uint64_t *)&before->losses;
	uint64_t *s = (uint64_t *)&sum->losses;

	for (size_t i = 0; i < sizeof(*now) / sizeof(*n); i++)
		if (n[i] > b[i])
			s[i] += n[i] - b[i];
	if (missed > before->missed)
		sum->missed += missed - before->missed;
}
