// SPDX-License-Identifier: Apache-2.0
/*
 * keeper_restore.c - a keeper's beginning: documents, and what the record has of each objective: judged
 * hours, then minutes, then the one that was open, then what fires.
 */
#include <errno.h>
#include <string.h>

#include "keeper_inside.h"

struct restoring {
	struct keeper *k;
	size_t objective;
	struct live_minute last; /* may be the open one: it waits */
	bool has_last;
};

size_t keeper_result(const struct keeper *k, const struct objective *o)
{
	for (size_t i = 0; i < live_n_results(k->live); i++)
		if (live_objective(k->live, i) == o)
			return i;
	return 0;
}

/* Composites have a result, but are no objective of live's. */
size_t keeper_objective(const struct keeper *k, const struct objective *o)
{
	size_t n = 0;

	for (size_t i = 0; i < live_n_results(k->live); i++) {
		if (live_objective(k->live, i) == o)
			return n;
		n += !!live_objective(k->live, i);
	}
	return 0;
}

static int hour_read(void *restoring, const struct store_slo_hour *h)
{
	struct restoring *r = restoring;
	struct live_hour hour = { .time = h->time,
				  .good = h->good,
				  .total = h->total,
				  .ratio = (unsigned __int128)h->ratio_high << 64 | h->ratio_low,
				  .inexact = h->inexact,
				  .revision = h->revision };

	memcpy(hour.cells, h->cells, sizeof(hour.cells));
	memcpy(hour.ns, h->ns, sizeof(hour.ns));
	return live_restore_hour(r->k->live, r->objective, &hour);
}

static int minute_read(void *restoring, const struct store_slo_minute *m)
{
	struct restoring *r = restoring;
	struct live_minute minute = {
		.time = m->time,
		.counts = { .good = m->good, .total = m->total, .measured = m->measured },
		.estimated = m->estimated,
		.inexact = m->inexact
	};
	int err = 0;

	/* Which one is the last is known when the next one comes. */
	if (r->has_last)
		err = live_restore_minute(r->k->live, r->objective, &r->last);
	r->last = minute;
	r->has_last = true;
	return err;
}

static int alert_read(void *restoring, const struct store_alert *a)
{
	struct restoring *r = restoring;

	return live_restore_alert(r->k->live, r->objective, a->long_s, a->short_s, a->since);
}

static int sum_minutes(void *kept, const struct store_slo_minute *m)
{
	struct kept *o = kept;

	o->good_ever += m->good;
	o->total_ever += m->total;
	return 0;
}

static int sum_hours(void *kept, const struct store_slo_hour *h)
{
	struct kept *o = kept;

	o->good_ever += h->good;
	o->total_ever += h->total;
	return 0;
}

/* The last minute of each waits: only when all are known is it clear which one is open. */
static int restore_rows(struct keeper *k, struct restoring *r)
{
	struct kept *o = &k->objectives[r->objective];
	struct store *s = k->options.store;
	int64_t last, from, fine; /* from where hours are needed, and from where minutes */
	int err;

	err = store_objective_id(s, live_name(k->live, r->objective), &o->id);
	if (!err)
		err = store_slo_minute_last(s, o->id, &last);
	if (err)
		return err == -ENOENT ? 0 : err; /* nothing is known of it */
	if (last > k->options.now && last > k->kept_until)
		k->kept_until = last;
	if (last > k->options.now) /* the clock was set back */
		last = k->options.now - k->options.now % LIVE_STEP_S;
	live_restore_from(k->live, r->objective, last + LIVE_STEP_S, &from, &fine);

	if (!err)
		err = store_slo_hour_each(s, o->id, from, fine, hour_read, r);
	if (!err)
		err = store_slo_minute_each(s, o->id, fine, k->options.now + 1, minute_read, r);
	if (!err)
		err = store_slo_hour_each(s, o->id, INT64_MIN, fine, sum_hours, o);
	if (!err)
		err = store_slo_minute_each(s, o->id, fine, k->options.now + 1, sum_minutes, o);
	if (err || !r->has_last)
		return err;
	if (r->last.time > k->open)
		k->open = r->last.time;
	return 0;
}

/*
 * How much of the open minute was measured. The recorder's time knows: rows of objectives that rest are
 * not written each second.
 */
static int restore_open(struct keeper *k)
{
	struct store_measured m = {}, next = {};
	struct store_kernel last;
	struct store_untold untold;
	int err = 0;

	if (!k->open && !store_untold_first(k->options.store, &untold)) {
		k->open = keeper_minute(untold.since_ns); /* begins with that */
	} else if (!k->open) {				  /* its first minute */
		err = store_kernel_get(k->options.store, &last);
		if (err)
			return err == -ENOENT ? 0 : err;
		k->open = keeper_minute(last.at.wall_ns);
		if (k->options.now >= k->open + LIVE_STEP_S || k->options.now < k->open)
			k->open = 0;
	}
	if (!k->open)
		return 0;
	err = store_measured(k->options.store, k->open, k->open + LIVE_STEP_S, &m);
	if (!err)
		err = store_measured(k->options.store, k->open + LIVE_STEP_S,
				     k->open + 2 * (int64_t)LIVE_STEP_S, &next);
	if (err)
		return err;
	k->measured_ns = m.measured_ns;
	k->spill_ns = next.measured_ns;
	return 0;
}

static int restore_last(struct keeper *k, struct restoring *r)
{
	struct kept *o = &k->objectives[r->objective];
	struct store *s = k->options.store;
	int err = store_slo_state_get(s, o->id, &o->state);

	if (err && err != -ENOENT)
		return err;
	if (r->has_last && r->last.time < k->open) {
		err = live_restore_minute(k->live, r->objective, &r->last);
	} else if (r->has_last) {
		r->last.carry_good = o->state.carry_good;
		r->last.carry_total = o->state.carry_total;
		r->last.older = o->state.older;
		r->last.counts.measured = keeper_open_measured(k);
		o->good_ever -= r->last.counts.good; /* it is open again */
		o->total_ever -= r->last.counts.total;
		err = live_restore_open(k->live, r->objective, &r->last);
	} else {
		err = 0;
	}
	return err ? err : store_alert_each(s, o->id, alert_read, r);
}

static int restore_all(struct keeper *k)
{
	size_t n = live_n(k->live);
	_cleanup_(freep) struct restoring *r = calloc(n + 1, sizeof(*r));
	int err = r ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < n; i++) {
		r[i] = (struct restoring){ .k = k, .objective = i };
		err = restore_rows(k, &r[i]);
	}
	if (!err)
		err = restore_open(k);
	for (size_t i = 0; !err && i < n; i++)
		err = restore_last(k, &r[i]);
	return err ? err : keeper_events_restore(k);
}

int keeper_restore(struct keeper *k)
{
	int err = store_begin(k->options.store);

	if (!err)
		err = restore_all(k);
	if (!err)
		err = store_documents_put(k->options.store, k->options.now,
					  k->promises.yaml ? k->promises.yaml : "",
					  k->promises.yaml_size);
	if (!err)
		return store_commit(k->options.store);
	store_rollback(k->options.store);
	return err;
}

/* One objective in a record that knows nothing of it: a number, and what fires. */
static int reseed_one(struct keeper *k, struct kept *o, size_t objective)
{
	struct store *s = k->options.store;
	int err = store_objective_id(s, live_name(k->live, objective), &o->id);

	o->moved = o->behind = true;
	for (size_t i = 0; !err && i < live_n_results(k->live); i++) {
		struct slo_result r;

		if (live_objective_index(k->live, i) != objective)
			continue;
		live_result(k->live, i, k->open, 0, &r);
		for (size_t a = 0; !err && a < r.n_alerts; a++)
			if (r.alerts[a].firing)
				err = store_alert_put(
					s, o->id,
					&(struct store_alert){ .severity = r.alerts[a].severity,
							       .long_s = r.alerts[a].long_s,
							       .short_s = r.alerts[a].short_s,
							       .since = r.alerts[a].since });
	}
	return err;
}

int keeper_reseed(void *keeper)
{
	struct keeper *k = keeper;
	struct store *s = k->options.store;
	int err = 0;

	for (size_t i = 0; !err && i < live_n(k->live); i++)
		err = reseed_one(k, &k->objectives[i], i);
	if (!err)
		err = store_documents_put(s, k->open, k->promises.yaml ? k->promises.yaml : "",
					  k->promises.yaml_size);
	return err;
}

/* The promises are still the caller's. */
static int not_taken(struct keeper *k, int err)
{
	live_free(TAKE(k->live));
	k->promises = (struct promises){};
	return err;
}

int keeper_new(const struct keeper_options *o, struct keeper **ret, char *why, size_t why_size)
{
	_cleanup_(keeper_freep) struct keeper *k = calloc(1, sizeof(*k));
	struct live_options live = { .now = o->now,
				     .limits = o->limits,
				     .n_limits = o->n_limits,
				     .context = k,
				     .changed = keeper_alert_changed,
				     .hour_ended = keeper_hour_over };
	int err;

	if (!k)
		return -ENOMEM;
	k->options = *o;
	k->promises = *o->promises;
	live.set = k->promises.set;
	err = live_new(&live, &k->live, why, why_size);
	if (err)
		return not_taken(k, err);
	k->objectives = calloc(live_n(k->live) + 1, sizeof(*k->objectives));
	if (!k->objectives)
		return not_taken(k, -ENOMEM);
	err = keeper_restore(k);
	if (err) {
		snprintf(why, why_size, "what the record has of objectives cannot be read: %s",
			 strerror(-err));
		return not_taken(k, err);
	}
	*o->promises = (struct promises){};
	*ret = TAKE(k);
	return 0;
}

void keeper_free(struct keeper *k)
{
	if (!k)
		return;
	live_free(k->live);
	promises_clear(&k->promises);
	free(k->objectives);
	free(k->waiting);
	free(k->changes);
	keeper_events_clear(k);
	free(k);
}
