// SPDX-License-Identifier: Apache-2.0
/*
 * recorder_untold.c - counts whose maps or limits go before objectives can hear of them. They are put
 * into the record with the services' counts, and told from there, once, whoever was killed meanwhile.
 */
#include <errno.h>
#include <string.h>

#include "recorder_inside.h"

static struct store_untold row_of(const struct recorder *r)
{
	struct store_untold u = { .since_ns = r->stretch.from_ns,
				  .until_ns = r->stretch.to_ns,
				  .n_thresholds = r->judged.n };

	memcpy(u.thresholds, r->judged.of, sizeof(u.thresholds));
	return u;
}

int recorder_untold_put(struct recorder *r, int err)
{
	uint64_t lost = losses_lost(&r->losses.losses) + r->losses.in_flight_at_change;
	struct store_untold u = row_of(r);
	bool some;

	u.lost = lost - r->lost;
	some = u.lost || r->counted || u.since_ns < u.until_ns;
	if (!err && some)
		err = store_untold_put(r->store, &u);
	u.lost = 0;
	for (size_t i = 0; i < r->n_services; i++) {
		struct entry *e = &r->services[i];

		if (!e->untold.n)
			continue;
		packed_get(&e->untold, &u.counts);
		packed_clear(&e->untold);
		u.service = e->public.id;
		if (!err && some) /* maps handed over once more have bytes at most */
			err = store_untold_put(r->store, &u);
	}
	r->lost = lost;
	r->counted = 0; /* counted when it is told */
	return err;
}

static int tell(void *recorder, const struct store_untold *u)
{
	struct recorder *r = recorder;
	struct entry *e = recorder_of_id(r, u->service);
	struct series_counts c = u->counts;

	r->counted += counts_total(&c);
	if (!e || !r->tick->each)
		return 0;
	recorder_translate(r, u->thresholds, u->n_thresholds, &c);
	return r->tick->each(r->tick->context,
			     &(struct recorded_delta){ .service = &e->public, .counts = &c });
}

static int tell_all(struct recorder *r, const struct store_untold *u, struct recorder_tick *t)
{
	uint64_t lost = r->lost;
	int err = t->begin ? t->begin(t->context, &r->stretch) : 0;

	if (!err)
		err = store_untold_each(r->store, u->until_ns, tell, r);
	r->lost = lost - u->lost; /* so that these are of this stretch */
	if (!err)
		err = recorder_times(r);
	r->lost = lost;
	if (!err && t->rest)
		err = t->rest(t->context, r->store);
	return err ? err : store_untold_forget(r->store, u->until_ns);
}

int recorder_tell(struct recorder *r, struct recorder_tick *t)
{
	struct store_untold u;
	int err = store_untold_first(r->store, &u);

	if (err)
		return err;
	r->stretch = (struct recorder_stretch){ .from_ns = u.since_ns, .to_ns = u.until_ns };
	r->stretch.adopted = (uint64_t)(u.until_ns - u.since_ns) > RECORDER_TICK_LONGEST_NS;
	r->minute = u.until_ns / NS_PER_SECOND / 60 * 60;
	r->tick = t;
	err = store_begin(r->store);
	if (!err)
		err = tell_all(r, &u, t);
	if (!err)
		err = store_commit(r->store);
	else
		store_rollback(r->store);
	r->tick = NULL;
	r->n_times = 0;
	t->unrecorded = err;
	return 0;
}
