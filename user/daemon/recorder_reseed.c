// SPDX-License-Identifier: Apache-2.0
/* recorder_reseed.c - a record that was begun afresh gets what the recorder has in memory. */
#include <errno.h>

#include "recorder_inside.h"

static int reseed_services(struct recorder *r, int64_t *ids)
{
	int64_t at = r->now.wall_ns / NS_PER_SECOND;
	int err = 0;

	for (size_t i = 0; !err && i < r->n_services; i++) {
		const struct entry *e = &r->services[i];
		struct store_service row = { .role = e->public.role,
					     .protocol = e->public.protocol,
					     .id_row = e->public.identity,
					     .first_seen = at,
					     .last_seen = at };
		struct series_counts total;

		packed_get(&e->total, &total);
		err = store_service_put(r->store, &row);
		ids[i] = row.id;
		if (!err)
			err = store_count(r->store, row.id, at / 60 * 60, at / 60 * 60, &total);
		for (unsigned int t = 0; !err && t < THRESHOLDS; t++)
			if (e->limits[t])
				err = store_limit_put(r->store, row.id, t, e->limits[t]);
	}
	return err;
}

static int reseed_checkpoints(struct recorder *r, const int64_t *ids)
{
	int err = store_checkpoints_forget(r->store);

	for (uint32_t n = 0; !err && n < r->n_series; n++) {
		struct known *k = &r->series[n];
		struct store_checkpoint c = {
			.series = n, .key = k->key, .bytes = k->seen.bytes, .n = k->seen.n
		};

		if (!k->seen.n)
			continue;
		c.service = k->used ? ids[k->service] : 0;
		err = store_checkpoint_put(r->store, &c);
	}
	return err;
}

int recorder_reseed(struct recorder *r, const struct moment *now, int (*more)(void *context),
		    void *context)
{
	const struct limits limits = limits_of(r->kernel.thresholds, r->kernel.n_thresholds);
	_cleanup_(freep) int64_t *ids = calloc(r->n_services + 1, sizeof(*ids));
	int err = ids ? store_begin(r->store) : -ENOMEM;

	if (err)
		return err;
	r->now = *now;
	recorder_limits_rebase(r, &limits);
	err = reseed_services(r, ids);
	if (!err)
		err = reseed_checkpoints(r, ids);
	if (!err)
		err = store_losses_put(r->store, &r->losses);
	if (!err)
		err = store_kernel_put(r->store, &r->kernel);
	if (!err && more)
		err = more(context);
	if (!err)
		err = store_commit(r->store);
	else
		store_rollback(r->store);
	if (err)
		return err;
	for (size_t i = 0; i < r->n_services; i++) {
		r->services[i].public.id = ids[i];
		r->services[i].unwritten = false;
		r->services[i].fresh_id = false;
	}
	for (size_t i = 0; i < r->n_series; i++) {
		packed_clear(&r->series[i].recorded);
		r->series[i].behind = false;
	}
	r->behind = false;
	r->based = limits;
	return 0;
}
