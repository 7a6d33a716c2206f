// SPDX-License-Identifier: Apache-2.0
/*
 * recorder_limits.c - limits of time that change while a service lives. What was counted before a limit
 * was set is known to a bucket of the histogram only; what masks hold of an older limit at the same
 * index is not of this one.
 */
#include <math.h>
#include <string.h>

#include "../store/histogram.h"
#include "recorder_inside.h"

/* Exchanges whose bucket ends within it, and of the one that holds the limit the share by time. */
static uint64_t within_by_histogram(const struct series_counts *c, uint64_t max_ns)
{
	double max_s = (double)max_ns / 1e9, lower_s = 0, sum = 0;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		double upper_s = histogram_bound_s(i);

		if (upper_s > max_s) {
			if (isfinite(upper_s))
				sum += (double)c->duration[i] * (max_s - lower_s) /
				       (upper_s - lower_s);
			break;
		}
		sum += (double)c->duration[i];
		lower_s = upper_s;
	}
	return (uint64_t)sum;
}

/* As the metrics count: all but aborted. */
static uint64_t within_by_masks(const struct series_counts *c, unsigned int index)
{
	uint64_t n = 0;

	for (unsigned int o = 0; o < OUTCOMES; o++)
		if (o != OUTCOME_ABORTED)
			n += counts_within(c, index, o);
	return n;
}

struct limits limits_of(const struct threshold of[THRESHOLDS], unsigned int n)
{
	struct limits ret = { .n = n };

	memcpy(ret.of, of, sizeof(ret.of));
	return ret;
}

struct limits limits_of_maps(const struct recorder *r)
{
	const struct sampler_maps *m = sampler_maps(r->sampler);

	return limits_of(m->thresholds, m->n_thresholds);
}

static bool has_base(const struct recorder *r, const struct limits *now, unsigned int index)
{
	return index >= now->n ||
	       (index < r->based.n && threshold_same(&now->of[index], &r->based.of[index]));
}

void recorder_limits_rebase(struct recorder *r, const struct limits *now)
{
	struct series_counts c;

	for (unsigned int t = 0; t < THRESHOLDS; t++)
		for (size_t i = 0; i < r->n_services && !has_base(r, now, t); i++) {
			uint64_t before = 0;

			packed_get(&r->services[i].total, &c);
			if (now->of[t].part == PART_DURATION)
				before = within_by_histogram(&c, now->of[t].max_ns);
			r->services[i].limits[t] = (int64_t)(before - within_by_masks(&c, t));
		}
}

int recorder_limits_put(struct recorder *r, const struct limits *now)
{
	int err = 0;

	recorder_limits_rebase(r, now);
	for (unsigned int t = 0; t < THRESHOLDS; t++)
		for (size_t i = 0; !err && i < r->n_services && !has_base(r, now, t); i++)
			if (r->services[i].public.id)
				err = store_limit_put(r->store, r->services[i].public.id, t,
						      r->services[i].limits[t]);
	return err;
}

void recorder_limits_settled(struct recorder *r, const struct sampler_maps *m)
{
	r->judged = limits_of(m->thresholds, m->n_thresholds);
	r->switched = false;
}

/*
 * While an index changes it is switched off, and what programs had begun to count is by the old limit:
 * of such an index masks say nothing, up to the reading that follows. (A limit that is set and set back
 * between two readings keeps its base: what another one counted meanwhile is in its bucket.)
 */
void recorder_limits_changed(struct recorder *r, const struct sampler_maps *m,
			     const struct limits *was)
{
	const struct limits before = *was; /* may be judged */

	recorder_limits_settled(r, m);
	for (unsigned int i = 0; i < m->n_thresholds; i++) {
		if (i < before.n && threshold_same(&m->thresholds[i], &before.of[i]))
			continue;
		r->judged.of[i] = (struct threshold){ .part = LIMIT_NONE };
		r->switched = true;
	}
}

/* How many of n a limit leaves within, where only the histogram knows. Of a part the duration is a bound. */
static uint64_t share_within(uint64_t n, uint64_t within, uint64_t all)
{
	return all ? (uint64_t)((unsigned __int128)n * within / all) : n;
}

/* Index of the same limit among n; THRESHOLDS: it is not there. */
static unsigned int index_of(const struct threshold *all, unsigned int n, const struct threshold *t)
{
	for (unsigned int i = 0; i < n; i++)
		if (threshold_same(&all[i], t))
			return i;
	return THRESHOLDS;
}

/* The limit of this index was not there: what lies within it is estimated, outcome by outcome alike. */
static void one_limit(struct series_counts *to, unsigned int now, uint64_t within, uint64_t all)
{
	for (unsigned int mask = 0; mask < MASKS; mask++) {
		unsigned int in = mask | 1u << now;

		if (mask & 1u << now)
			continue;
		for (unsigned int o = 0; o < OUTCOMES; o++) {
			uint64_t n = share_within(to->exchanges[mask][o], within, all);

			to->exchanges[mask][o] -= n;
			to->exchanges[in][o] += n;
		}
	}
}

void recorder_translate(const struct recorder *r, const struct threshold *was, unsigned int n_was,
			struct series_counts *c)
{
	const struct sampler_maps *m = sampler_maps(r->sampler);
	uint64_t all = histogram_count(c->duration);
	unsigned int from[THRESHOLDS];
	struct series_counts to = *c;

	for (unsigned int t = 0; t < m->n_thresholds; t++)
		from[t] = index_of(was, n_was, &m->thresholds[t]);
	memset(to.exchanges, 0, sizeof(to.exchanges));
	memset(to.streamed, 0, sizeof(to.streamed));
	memset(to.undated, 0, sizeof(to.undated));
	for (unsigned int mask = 0; mask < MASKS; mask++) {
		unsigned int now = 0;

		for (unsigned int t = 0; t < m->n_thresholds; t++)
			if (from[t] < THRESHOLDS && mask & 1u << from[t])
				now |= 1u << t;
		for (unsigned int o = 0; o < OUTCOMES; o++)
			to.exchanges[now][o] += c->exchanges[mask][o];
		to.streamed[now] += c->streamed[mask];
	}
	for (unsigned int t = 0; t < m->n_thresholds; t++) {
		if (from[t] < THRESHOLDS)
			to.undated[t] = c->undated[from[t]];
		else
			one_limit(&to, t, within_by_histogram(c, m->thresholds[t].max_ns), all);
	}
	*c = to;
}

bool recorder_has_limits(const struct recorder *r, const struct threshold *t, unsigned int n)
{
	const struct sampler_maps *m = sampler_maps(r->sampler);

	for (unsigned int i = 0; i < n; i++)
		if (index_of(m->thresholds, m->n_thresholds, &t[i]) == THRESHOLDS)
			return false;
	return true;
}
