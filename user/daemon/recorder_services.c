// SPDX-License-Identifier: Apache-2.0
/*
 * recorder_services.c - the services that the recorder knows: by name, as they are in the record, and
 * no more once the record has given them up.
 */
#include <errno.h>
#include <string.h>

#include "../base/hash.h"
#include "recorder_inside.h"

/* --- finding them ------------------------------------------------------------------------------- */

static uint32_t *bucket(const struct recorder *r, enum role role, const char *name)
{
	return &r->buckets[hash_fold(hash_text(HASH_OF_NOTHING ^ role, name)) &
			   (r->services_room - 1)];
}

/* All of them anew: places have changed, or there are twice as many. */
static void index_all(struct recorder *r)
{
	memset(r->buckets, 0, r->services_room * sizeof(*r->buckets));
	for (size_t i = 0; i < r->n_services; i++) {
		struct entry *e = &r->services[i];
		uint32_t *b = bucket(r, e->public.role, e->public.identity.name);

		e->next = *b;
		*b = (uint32_t)i + 1;
	}
}

struct entry *recorder_named(const struct recorder *r, enum role role, const char *name)
{
	uint32_t i = r->services_room ? *bucket(r, role, name) : 0;

	for (; i; i = r->services[i - 1].next) {
		struct entry *e = &r->services[i - 1];

		if (e->public.role == role && !strcmp(e->public.identity.name, name))
			return e;
	}
	return NULL;
}

/* Those that were read at the start first; those that came since are few. */
struct entry *recorder_of_id(const struct recorder *r, int64_t id)
{
	size_t low = 0, high = r->n_read;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->services[middle].public.id < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < r->n_read && r->services[low].public.id == id)
		return &r->services[low];
	for (size_t i = r->n_read; i < r->n_services; i++)
		if (r->services[i].public.id == id)
			return &r->services[i];
	return NULL;
}

static int make_room(struct recorder *r)
{
	size_t room = r->services_room ? 2 * r->services_room : 64;
	struct entry *more;
	uint32_t *buckets;

	if (r->n_services < r->services_room)
		return 0;
	more = reallocarray(r->services, room, sizeof(*more));
	if (!more)
		return -ENOMEM;
	r->services = more;
	buckets = reallocarray(r->buckets, room, sizeof(*buckets));
	if (!buckets)
		return -ENOMEM;
	r->buckets = buckets;
	r->services_room = room;
	index_all(r);
	return 0;
}

int recorder_entry(struct recorder *r, enum role role, const struct identity *id, uint32_t *ret)
{
	struct entry *e = recorder_named(r, role, id->name);
	uint32_t *b;

	if (e) {
		*ret = (uint32_t)(e - r->services);
		return 0;
	}
	if (make_room(r))
		return -ENOMEM;
	e = &r->services[r->n_services];
	*e = (struct entry){ .public = { .role = role, .protocol = "unknown" }, .unwritten = true };
	if (identity_copy(id, &e->public.identity))
		return -ENOMEM;
	b = bucket(r, role, id->name);
	e->next = *b;
	*ret = (uint32_t)r->n_services++;
	*b = *ret + 1;
	return 0;
}

/* --- as they are now --------------------------------------------------------------------------- */

/* Who it is may be known better by now than when it was seen first. */
int recorder_entry_refresh(struct recorder *r, struct entry *e, const struct sampler_series *s)
{
	struct identity fresh;
	bool renamed;

	if (s->protocol != e->public.protocol && strcmp(s->protocol, "unknown")) {
		e->public.protocol = s->protocol;
		e->unwritten = true;
		r->names_changed = true;
	}
	e->public.alive = true;
	if (!s->id || identity_same(&e->public.identity, s->id))
		return 0;
	if (identity_copy(s->id, &fresh))
		return -ENOMEM;
	r->names_changed |= !identity_same_selected(&e->public.identity, &fresh);
	renamed = strcmp(e->public.identity.name, fresh.name) != 0;
	identity_clear(&e->public.identity);
	e->public.identity = fresh;
	e->unwritten = true;
	if (renamed)
		index_all(r);
	return 0;
}

int recorder_entry_write(struct recorder *r, struct entry *e)
{
	struct store_service row = { .id = e->public.id,
				     .role = e->public.role,
				     .protocol = e->public.protocol,
				     .id_row = e->public.identity,
				     .last_seen = r->now.wall_ns / NS_PER_SECOND };
	int err;

	if (!e->unwritten)
		return 0;
	row.first_seen = row.last_seen;
	err = store_service_put(r->store, &row);
	if (err)
		return err;
	if (!e->public.id)
		e->fresh_id = r->gave_ids = true;
	e->public.id = row.id;
	e->unwritten = false;
	return 0;
}

/*
 * Names that were changed here go into the record together: each is put out of the way first, since one
 * may take what another gives up.
 */
int recorder_entries_rename(struct recorder *r)
{
	int err = 0;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; !err && i < r->n_services; i++) {
			struct entry *e = &r->services[i];
			struct store_service row = { .id = e->public.id,
						     .role = e->public.role,
						     .protocol = e->public.protocol,
						     .id_row = e->public.identity,
						     .last_seen = r->now.wall_ns / NS_PER_SECOND };
			char away[32];

			if (!e->unwritten || !e->public.id)
				continue;
			snprintf(away, sizeof(away), "(renamed %lld)", (long long)e->public.id);
			row.first_seen = row.last_seen;
			if (!pass)
				row.id_row.name = away;
			err = store_service_put(r->store, &row);
			if (pass && !err)
				e->unwritten = false;
		}
	return err;
}

/* --- those that the record has given up --------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

struct kept_ids {
	int64_t *id;
	size_t n, room;
};

static int keep_id(void *context, const struct store_service *s)
{
	struct kept_ids *k = context;

	if (k->n == k->room) {
		size_t room = k->room ? 2 * k->room : STORE_SERVICES_MAX + 1024;
		int64_t *more = reallocarray(k->id, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		k->id = more;
		k->room = room;
	}
	k->id[k->n++] = s->id;
	return 0;
}

#define GONE UINT32_MAX

static void drop_entries(struct recorder *r, const struct kept_ids *kept, uint32_t *moved_to)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_services; i++) {
		struct entry *e = &r->services[i];

		if (e->public.id &&
		    !bsearch(&e->public.id, kept->id, kept->n, sizeof(*kept->id), by_id)) {
			identity_clear(&e->public.identity);
			packed_clear(&e->total);
			packed_clear(&e->untold);
			moved_to[i] = GONE;
			continue;
		}
		moved_to[i] = (uint32_t)n;
		r->services[n++] = *e;
	}
	r->n_services = n;
	r->n_read = 0;
	for (size_t i = 0; i < r->n_series; i++) {
		struct known *k = &r->series[i];

		if (!k->used)
			continue;
		/* Its service came again, but has counted nothing yet: it begins anew. */
		k->used = moved_to[k->service] != GONE;
		k->service = k->used ? moved_to[k->service] : 0;
	}
	r->names_changed = true;
	index_all(r);
}

/* Their sums went to "(forgotten)", whose total is the record's. */
static int heir_total(void *recorder, int64_t service, const struct series_counts *c)
{
	struct recorder *r = recorder;

	for (enum role role = 0; role < ROLES; role++) {
		struct entry *e = recorder_named(r, role, STORE_FORGOTTEN);

		if (e && e->public.id == service)
			return packed_set(&e->total, c);
	}
	return 0;
}

static int heir_read(void *recorder, const struct store_service *s)
{
	struct recorder *r = recorder;
	uint32_t i;
	int err;

	if (strcmp(s->id_row.name, STORE_FORGOTTEN))
		return 0;
	err = recorder_entry(r, s->role, &s->id_row, &i);
	if (err)
		return err;
	r->services[i].public.id = s->id;
	r->services[i].unwritten = false;
	return 0;
}

int recorder_forget(struct recorder *r)
{
	_cleanup_(freep) uint32_t *moved_to = NULL;
	struct kept_ids kept = {};
	int err;

	if (r->n_services <= STORE_SERVICES_MAX)
		return 0;
	err = store_service_each(r->store, keep_id, &kept);
	/* What may fail comes first: nobody goes before their sums are seen to have gone elsewhere. */
	if (!err)
		err = store_service_each(r->store, heir_read, r);
	if (!err)
		moved_to = calloc(r->n_services, sizeof(*moved_to));
	if (!err)
		err = moved_to ? store_totals_each(r->store, heir_total, r) : -ENOMEM;
	if (!err)
		drop_entries(r, &kept, moved_to);
	free(kept.id);
	return err;
}
