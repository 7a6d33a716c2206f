// SPDX-License-Identifier: Apache-2.0
/*
 * sampler_aim.c - other limits, while programs count. An index that changes its limit is switched off
 * first, and set only when no program is under way that took it for the old one; switched on only when
 * all see the new one. So nothing is ever within a limit that nobody has set; what is counted there
 * in between is within neither.
 */
#include "sampler_own.h"

#include <errno.h>
#include <string.h>

static bool is_among(const struct threshold *t, const struct threshold *all, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (threshold_same(t, &all[i]))
			return true;
	return false;
}

/* A place for a limit: one that has none yet, or whose limit is not wanted any more. */
static unsigned int free_index(const struct sampler_maps *now, const struct threshold *wanted,
			       unsigned int n)
{
	if (now->n_thresholds < THRESHOLDS)
		return now->n_thresholds;
	for (unsigned int i = 0; i < THRESHOLDS; i++)
		if (!is_among(&now->thresholds[i], wanted, n))
			return i;
	return THRESHOLDS;
}

static void set(volatile struct control *control, const struct sampler_maps *next,
		unsigned int changed)
{
	control->active &= ~changed;
	kernel_wait();
	for (unsigned int i = 0; i < THRESHOLDS; i++)
		if (changed & 1u << i) {
			control->thresholds[i].part = next->thresholds[i].part;
			control->thresholds[i].max_ns = next->thresholds[i].max_ns;
		}
	kernel_wait();
	control->active = (1u << next->n_thresholds) - 1;
	kernel_wait();
}

int sampler_aim(struct sampler *s, struct threshold t[THRESHOLDS], unsigned int n,
		uint64_t idle_end_ns)
{
	struct sampler_maps next = s->maps;
	unsigned int changed = 0;

	if (n > THRESHOLDS)
		return -E2BIG;
	for (unsigned int i = 0; i < n; i++) {
		unsigned int place;

		if (is_among(&t[i], next.thresholds, next.n_thresholds))
			continue;
		place = free_index(&next, t, n);
		if (place == THRESHOLDS)
			return -E2BIG;
		next.thresholds[place] =
			(struct threshold){ .part = t[i].part, .max_ns = t[i].max_ns };
		if (place == next.n_thresholds)
			next.n_thresholds++;
		changed |= 1u << place;
	}
	s->kernel.control->idle_end_ns = idle_end_ns;
	if (changed)
		set(s->kernel.control, &next, changed);
	s->maps = next;
	memcpy(t, next.thresholds, sizeof(next.thresholds));
	return 0;
}
