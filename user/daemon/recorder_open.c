// SPDX-License-Identifier: Apache-2.0
/*
 * recorder_open.c - the recorder's beginning and end: what the record knows meets what the kernel has
 * counted meanwhile.
 */
#include <errno.h>
#include <string.h>

#include "../store/codec.h"
#include "../slo/tally.h"
#include "recorder_inside.h"

/* --- from the record ---------------------------------------------------------------------------- */

static int service_read(void *recorder, const struct store_service *s)
{
	struct recorder *r = recorder;
	uint32_t i;
	int err = recorder_entry(r, s->role, &s->id_row, &i);

	if (err)
		return err;
	r->services[i].public.id = s->id;
	r->services[i].public.protocol = sampler_protocol_named(s->protocol);
	r->services[i].unwritten = false;
	r->n_read = r->n_services;
	return 0;
}

static int total_read(void *recorder, int64_t service, const struct series_counts *c)
{
	struct recorder *r = recorder;
	struct entry *e = recorder_of_id(r, service);

	if (!e)
		return 0;
	r->row = (struct service_row){ .role = e->public.role,
				       .protocol = e->public.protocol,
				       .counts = *c };
	e->public.understood = tally_understood(&r->row);
	return packed_set(&e->total, c);
}

static int limit_read(void *recorder, int64_t service, unsigned int index, int64_t base)
{
	struct entry *e = recorder_of_id(recorder, service);

	if (e)
		e->limits[index] = base;
	return 0;
}

static int checkpoint_read(void *recorder, const struct store_checkpoint *c)
{
	struct recorder *r = recorder;
	struct known *k = recorder_known(r, c->series);
	struct entry *e = c->service ? recorder_of_id(r, c->service) : NULL;

	if (!k)
		return -ENOMEM;
	k->key = c->key;
	k->used = e;
	k->service = e ? (uint32_t)(e - r->services) : 0;
	return packed_bytes(&k->seen, c->bytes, c->n);
}

static int read_record(struct recorder *r)
{
	int err = store_service_each(r->store, service_read, r);

	if (!err)
		err = store_totals_each(r->store, total_read, r);
	if (!err)
		err = store_limits_each(r->store, limit_read, r);
	if (!err)
		err = store_losses_get(r->store, &r->losses);
	r->lost = losses_lost(&r->losses.losses) + r->losses.in_flight_at_change;
	return err;
}

/* --- the sampler's callbacks -------------------------------------------------------------------- */

static void forget_series(struct recorder *r)
{
	for (size_t i = 0; i < r->n_series; i++) {
		packed_clear(&r->series[i].seen);
		packed_clear(&r->series[i].recorded);
		r->series[i] = (struct known){};
	}
}

static int by_key(const void *a, const void *b)
{
	const struct former *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof(x->key));
}

static void forget_formers(struct recorder *r)
{
	for (size_t i = 0; i < r->n_formers; i++)
		identity_clear(&r->formers[i].id);
	free(r->formers);
	r->formers = NULL;
	r->n_formers = 0;
}

/* Maps go, and with them their numbers; endpoints stay, and are called as before. */
static int keep_formers(struct recorder *r)
{
	forget_formers(r);
	r->formers = calloc(r->n_series + 1, sizeof(*r->formers));
	if (!r->formers)
		return -ENOMEM;
	for (size_t i = 0; i < r->n_series; i++) {
		const struct known *k = &r->series[i];
		struct former *f = &r->formers[r->n_formers];

		if (!k->used || !k->key.netns)
			continue;
		if (identity_copy(&r->services[k->service].public.identity, &f->id))
			return -ENOMEM;
		f->key = k->key;
		r->n_formers++;
	}
	qsort(r->formers, r->n_formers, sizeof(*r->formers), by_key);
	return 0;
}

/* The checkpoint belongs to these maps: what they hold beyond it is not in the record yet. */
static bool is_ours(const struct recorder *r, const struct sampler_maps *m)
{
	return r->kernel.maps_id == m->id && !strcmp(r->kernel.boot_id, r->boot_id);
}

/* Maps of which the record knows nothing begin at zero. */
static int take_up(struct recorder *r, const struct sampler_maps *m)
{
	int err;

	forget_series(r);
	if (!is_ours(r, m)) {
		r->kernel = (struct store_kernel){};
		return 0;
	}
	err = store_checkpoint_each(r->store, checkpoint_read, r);
	r->last = r->kernel.at;
	return err;
}

/* Nothing was counted after stopped_ns, however long ago that was. */
static void until_stopped(const struct sampler_maps *m, struct moment *now)
{
	uint64_t since_ns = now->mono_ns - m->stopped_ns;

	if (!m->stopped_ns || m->stopped_ns > now->mono_ns)
		return;
	now->wall_ns -= (int64_t)since_ns;
	now->mono_ns -= since_ns;
	now->boot_ns -= since_ns;
}

/* Why the sampler is not opened: the record, not the kernel. */
static int refused(struct recorder *r, int err)
{
	r->refused |= !!err;
	return err;
}

/* Limits that the record does not know of were set, and then whoever set them was killed. */
static void judge(struct recorder *r, const struct sampler_maps *m)
{
	const struct limits was = limits_of(r->kernel.thresholds, r->kernel.n_thresholds);

	if (is_ours(r, m))
		recorder_limits_changed(r, m, &was);
	else
		recorder_limits_settled(r, m);
}

/* One transaction for all that leaves. */
static int leave(struct recorder *r, const struct sampler_maps *m)
{
	struct moment now;
	int err = take_up(r, m);

	if (!err)
		err = store_begin(r->store);
	if (err)
		return err;
	r->in_transaction = r->has_left = r->adopting = true;
	r->failed = 0;
	moment_now(&now);
	until_stopped(m, &now);
	if (!is_ours(r, m))
		r->last = now;
	judge(r, m);
	recorder_cover(r, &now);
	return 0;
}

static int leaving(void *recorder, const struct sampler_maps *m, const struct sampler_series *s)
{
	struct recorder *r = recorder;
	int err = r->in_transaction ? 0 : leave(r, m);

	if (err)
		return refused(r, err);
	r->holding = true;
	err = recorder_series(r, s);
	r->holding = false;
	return refused(r, err ? err : r->failed);
}

static int left(void *recorder, const struct sampler_maps *m, const struct losses *losses,
		uint64_t missed, uint64_t in_flight)
{
	struct recorder *r = recorder;
	const struct limits limits = limits_of(m->thresholds, m->n_thresholds);
	struct store_kernel after = { .maps_id = m->id,
				      .losses = *losses,
				      .missed = missed,
				      .n_thresholds = m->n_thresholds };
	int err = r->in_transaction ? 0 : leave(r, m); /* maps without a series */

	if (err)
		return refused(r, err);
	recorder_losses_add(&r->losses, losses, missed, &r->kernel);
	if (!r->kernel.at.mono_ns || r->kernel.at.mono_ns < m->stopped_ns) /* else counted before */
		r->losses.in_flight_at_change += in_flight;
	err = store_losses_put(r->store, &r->losses);
	/*
	 * The checkpoint stands until other maps have one: whoever is killed before these are gone finds
	 * them again, with nothing left to add.
	 */
	memcpy(after.boot_id, r->boot_id, sizeof(after.boot_id));
	memcpy(after.thresholds, m->thresholds, sizeof(after.thresholds));
	moment_now(&after.at);
	if (!err)
		err = store_kernel_put(r->store, &after);
	if (!err)
		err = recorder_limits_put(r, &limits);
	err = recorder_untold_put(r, err);
	if (!err)
		err = store_commit(r->store);
	else
		store_rollback(r->store);
	r->in_transaction = r->adopting = false;
	recorder_staged(r, !err);
	if (!err)
		r->based = limits;
	r->kernel = after;
	return refused(r, err);
}

/* A checkpoint of zeros stands before anything counts. */
static int mapped(void *recorder, const struct sampler_maps *m)
{
	struct recorder *r = recorder;
	const struct limits limits = limits_of(m->thresholds, m->n_thresholds);
	struct store_kernel k = { .maps_id = m->id, .n_thresholds = m->n_thresholds };
	int err = 0;

	if (!is_ours(r, m) && !strcmp(r->kernel.boot_id, r->boot_id)) {
		forget_series(r);
		err = store_checkpoint_each(r->store, checkpoint_read, r);
		if (!err)
			err = keep_formers(r);
	}
	if (!err)
		err = take_up(r, m);
	if (err)
		return refused(r, err);
	if (is_ours(r, m)) {
		r->adopting = true;
		return 0;
	}
	memcpy(k.boot_id, r->boot_id, sizeof(k.boot_id));
	memcpy(k.thresholds, m->thresholds, sizeof(k.thresholds));
	moment_now(&k.at);
	err = store_begin(r->store);
	if (err)
		return refused(r, err);
	err = store_checkpoints_forget(r->store);
	if (!err)
		err = store_kernel_put(r->store, &k);
	if (!err && !m->adopted) /* else what they have counted comes first */
		err = recorder_limits_put(r, &limits);
	if (!err)
		err = store_commit(r->store);
	else
		store_rollback(r->store);
	if (!err && !m->adopted)
		r->based = limits;
	r->kernel = k;
	return refused(r, err);
}

static const struct identity *remembered(void *recorder, uint32_t number,
					 const struct endpoint_key *key)
{
	struct recorder *r = recorder;
	const struct known *k = number < r->n_series ? &r->series[number] : NULL;
	const struct former wanted = { .key = *key }, *f = NULL;

	if (k && k->used && (!key->netns || !memcmp(&k->key, key, sizeof(*key))))
		return &r->services[k->service].public.identity;
	if (key->netns && r->n_formers)
		f = bsearch(&wanted, r->formers, r->n_formers, sizeof(*f), by_key);
	return f ? &f->id : NULL;
}

/* --- beginning and end -------------------------------------------------------------------------- */

static void recorder_free(struct recorder *r)
{
	if (!r)
		return;
	forget_series(r);
	for (size_t i = 0; i < r->n_services; i++) {
		identity_clear(&r->services[i].public.identity);
		packed_clear(&r->services[i].total);
		packed_clear(&r->services[i].untold);
	}
	forget_formers(r);
	free(r->services);
	free(r->buckets);
	free(r->series);
	free(r->staged);
	free(r);
}

DEFINE_FREEP(struct recorder, recorder_free)

int recorder_open(const struct recorder_options *o, struct recorder **ret, char *why,
		  size_t why_size)
{
	_cleanup_(recorder_freep) struct recorder *r = calloc(1, sizeof(*r));
	struct sampler_options sampler = o->sampler;
	int err;

	if (!r)
		return -ENOMEM;
	r->store = o->store;
	moment_boot_id(r->boot_id);
	err = read_record(r);
	if (!err)
		err = store_kernel_get(r->store, &r->kernel);
	if (err && err != -ENOENT) {
		snprintf(why, why_size, "the record cannot be read: %s", strerror(-err));
		return err;
	}
	r->based = limits_of(r->kernel.thresholds, r->kernel.n_thresholds);
	sampler.context = r;
	sampler.leaving = leaving;
	sampler.left = left;
	sampler.mapped = mapped;
	sampler.remembered = remembered;
	err = sampler_open(&sampler, &r->sampler, why, why_size);
	if (err && r->refused)
		snprintf(why, why_size, "the record cannot be read or written: %s", strerror(-err));
	if (err)
		return err;
	if (!r->adopting)
		moment_now(&r->last); /* from here on everything counts */
	r->found = r->adopting || r->has_left || sampler_maps(r->sampler)->adopted;
	judge(r, sampler_maps(r->sampler));
	*ret = TAKE(r);
	return 0;
}

void recorder_close(struct recorder *r, bool linger)
{
	if (!r)
		return;
	sampler_close(r->sampler, linger);
	recorder_free(r);
}

/* --- numbers that come back --------------------------------------------------------------------- */

#define QUIET_TICKS   60
#define RETIRE_A_TICK 64

/* The last counts, and a checkpoint that is nobody's. */
static int retire(struct recorder *r, const struct sampler_series *s)
{
	struct store_checkpoint c = { .series = s->number };
	struct known *k = recorder_known(r, s->number);
	int err = store_begin(r->store);

	if (err)
		return err;
	r->failed = 0;
	err = k ? recorder_series(r, s) : -ENOMEM;
	if (!err)
		err = r->failed;
	if (!err) /* what nobody could be named for is not the next one's either */
		err = packed_set(&k->seen, s->counts);
	if (!err) {
		c.bytes = k->seen.bytes;
		c.n = k->seen.n;
		err = store_checkpoint_put(r->store, &c);
	}
	if (!err)
		err = store_commit(r->store);
	else
		store_rollback(r->store);
	recorder_staged(r, !err);
	if (err)
		return err;
	if (k->used)
		r->services[k->service].public.alive = false;
	k->used = false;
	return 0;
}

static int retired(void *recorder, const struct sampler_series *s)
{
	struct recorder *r = recorder;

	r->retire_failed = retire(r, s);
	return r->retire_failed;
}

int recorder_retire(struct recorder *r, const struct moment *now, int *ret_unrecorded)
{
	int err;

	*ret_unrecorded = r->retire_failed = 0;
	if (r->behind)
		return 0; /* first the record */
	r->now = *now;
	r->minute = r->since = now->wall_ns / NS_PER_SECOND / 60 * 60;
	err = sampler_retire(r->sampler, QUIET_TICKS, RETIRE_A_TICK, retired, r);
	*ret_unrecorded = r->retire_failed;
	return r->retire_failed ? 0 : err;
}
