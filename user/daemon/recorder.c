// SPDX-License-Identifier: Apache-2.0
/*
 * recorder.c - see recorder.h. What is written of one series stands in recorder_series.c; opening over
 * what is there in recorder_open.c.
 */
#include "recorder_inside.h"

#include <errno.h>
#include <string.h>

static int64_t minute_of(int64_t wall_ns)
{
	int64_t s = wall_ns / NS_PER_SECOND;

	return s - s % 60;
}

/*
 * As much of the wall's time as the host was awake, up to now. Where the clock
 * was set forward or the host slept, the rest is nobody's; where it was set back, nothing is counted
 * twice: a minute is measured for 60 s at most.
 */
void recorder_cover(struct recorder *r, const struct moment *now)
{
	uint64_t awake_ns = now->mono_ns - r->last.mono_ns;
	bool known = r->last.mono_ns && now->mono_ns >= r->last.mono_ns;

	r->stretch.to_ns = now->wall_ns;
	r->stretch.from_ns = known ? now->wall_ns - (int64_t)awake_ns : now->wall_ns;
	r->stretch.adopted = r->adopting && known && awake_ns > RECORDER_TICK_LONGEST_NS;
	r->now = *now;
	r->minute = minute_of(r->stretch.adopted || r->stretch.from_ns > now->wall_ns ?
				      now->wall_ns :
				      r->stretch.from_ns);
	r->since = r->stretch.adopted ? r->stretch.from_ns / NS_PER_SECOND : r->minute;
}

static struct pending_time *time_of(struct recorder *r, int64_t minute)
{
	struct pending_time *p;

	for (unsigned int i = 0; i < r->n_times; i++)
		if (r->times[i].minute == minute)
			return &r->times[i];
	if (r->n_times == TIMES_MAX) { /* the oldest is left out: it counts as unmeasured */
		memmove(r->times, r->times + 1, (TIMES_MAX - 1) * sizeof(*r->times));
		r->n_times--;
		r->times_dropped++;
	}
	p = &r->times[r->n_times++];
	*p = (struct pending_time){ .minute = minute, .t = { .estimated = r->stretch.adopted } };
	return p;
}

static void time_of_stretch(struct recorder *r)
{
	int64_t from = r->stretch.from_ns, to = r->stretch.to_ns;

	/* Longer than what is kept waiting: its beginning counts as unmeasured. */
	if (to - from > TIMES_MAX * 60 * NS_PER_SECOND)
		from = to - TIMES_MAX * 60 * NS_PER_SECOND;
	while (from < to) {
		int64_t minute = minute_of(from);
		int64_t end = (minute + 60) * NS_PER_SECOND;

		if (end > to)
			end = to;
		time_of(r, minute)->t.measured_ns += (uint64_t)(end - from);
		from = end;
	}
}

/* How many exchanges the tick found, and how many it knows to be missing. */
static void count_of_tick(struct recorder *r)
{
	uint64_t lost = losses_lost(&r->losses.losses) + r->losses.in_flight_at_change;
	struct pending_time *p = time_of(r, r->minute);

	p->t.exchanges += r->counted;
	p->t.lost += lost - r->lost;
	r->counted = 0;
	r->lost = lost;
}

int recorder_times(struct recorder *r)
{
	time_of_stretch(r);
	count_of_tick(r);
	for (unsigned int i = 0; i < r->n_times; i++) {
		int e = store_time_add(r->store, r->times[i].minute, &r->times[i].t);

		if (e)
			return e;
	}
	return 0;
}

static int losses_put(struct recorder *r, const struct moment *now)
{
	struct sampler_losses seen;
	struct store_kernel k = { .at = *now };
	const struct sampler_maps *maps = sampler_maps(r->sampler);
	int e;

	sampler_losses(r->sampler, &seen);
	recorder_losses_add(&r->losses, &seen.losses, seen.missed, &r->kernel);
	memcpy(k.boot_id, r->boot_id, sizeof(k.boot_id));
	k.maps_id = maps->id;
	k.losses = seen.losses;
	k.missed = seen.missed;
	memcpy(k.thresholds, maps->thresholds, sizeof(k.thresholds));
	k.n_thresholds = maps->n_thresholds;
	e = store_kernel_put(r->store, &k);
	if (!e)
		e = store_losses_put(r->store, &r->losses);
	r->kernel = k;
	return e;
}

/* Everything that one transaction holds. */
static int write_all(struct recorder *r, const struct moment *now, struct recorder_tick *t)
{
	const struct limits limits = limits_of_maps(r);
	int e = store_begin(r->store);

	r->in_transaction = !e;
	r->failed = e;
	e = sampler_read(r->sampler, r->behind, recorder_series, r);
	if (e)
		return e;
	e = losses_put(r, now);
	if (!r->failed)
		r->failed = e;
	if (!r->failed)
		r->failed = recorder_limits_put(r, &limits);
	if (r->holding)
		return r->failed = recorder_untold_put(r, r->failed);
	e = recorder_times(r);
	if (!r->failed)
		r->failed = e;
	/* Asked for in any case: what is counted goes on without a record. */
	e = t->rest ? t->rest(t->context, r->failed ? NULL : r->store) : 0;
	if (!r->failed)
		r->failed = e;
	return 0;
}

int recorder_tick(struct recorder *r, const struct moment *now, struct recorder_tick *t)
{
	int e = sampler_tick(r->sampler);

	if (e)
		return e;
	r->tick = t;
	r->ticks++;
	recorder_cover(r, now);
	e = t->begin ? t->begin(t->context, &r->stretch) : 0;
	if (!e)
		e = write_all(r, now, t);
	r->tick = NULL;
	r->adopting = false;
	r->last = *now;
	if (!e && !r->failed)
		r->failed = store_commit(r->store);
	else if (r->in_transaction)
		store_rollback(r->store);
	r->in_transaction = false;
	if (!e) /* everything that was counted by others has been read */
		recorder_limits_settled(r, sampler_maps(r->sampler));
	if (!e && !r->failed)
		r->based = limits_of_maps(r);
	recorder_staged(r, !e && !r->failed);
	t->names_changed = r->names_changed;
	r->names_changed = false;
	t->unrecorded = r->failed;
	return e;
}

bool recorder_found_counts(const struct recorder *r)
{
	return r->found;
}

struct sampler *recorder_sampler(struct recorder *r)
{
	return r->sampler;
}

size_t recorder_n(const struct recorder *r)
{
	return r->n_services;
}

const struct recorded *recorder_service(const struct recorder *r, size_t i)
{
	struct entry *e = &r->services[i];

	if (e->in_flight_tick != r->ticks)
		e->public.in_flight = (struct in_flight_row){};
	e->public.limits = e->limits; /* entries move when there are more */
	return &e->public;
}

void recorder_total(const struct recorder *r, size_t i, struct series_counts *ret)
{
	packed_get(&r->services[i].total, ret);
}

void recorder_losses(const struct recorder *r, struct store_losses *ret)
{
	*ret = r->losses;
}

uint64_t recorder_dropped(const struct recorder *r)
{
	return r->times_dropped;
}

int recorder_hold(struct recorder *r)
{
	struct recorder_tick t = {};
	struct moment now;
	int e;

	moment_now(&now);
	r->holding = true;
	e = recorder_tick(r, &now, &t);
	r->holding = false;
	return e ? e : t.unrecorded;
}

int recorder_aim(struct recorder *r, struct threshold t[THRESHOLDS], unsigned int n,
		 uint64_t idle_end_ns)
{
	int e = sampler_aim(r->sampler, t, n, idle_end_ns);

	if (!e)
		recorder_limits_changed(r, sampler_maps(r->sampler), &r->judged);
	return e;
}
