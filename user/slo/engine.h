/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h - one SLO's counts over time: windows, budgets, burn rates, alerts, forecasts.
 * Knows: an SLO, counts by step, a given now. Must not know: clocks, where counts come from, output.
 * Definitions: CONTRACT "Replay, precisely"; docs/objectives.md.
 */
#ifndef TROTH_SLO_ENGINE_H
#define TROTH_SLO_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "../conf/openslo.h"
#include "excluded.h"
#include "result.h"

/* Counts of one step [time, time + step). */
struct step_counts {
	uint64_t good, total;
	uint32_t measured; /* share of the step, in units of 1e-9 */
};
#define MEASURED_ONE 1000000000u

/* An alert changed its state at the end of a step. Called in order of time. */
typedef void (*alert_changed)(void *context, const struct slo *slo, const struct objective *o,
			      const struct alert_change *change);

/*
 * The counts of one objective. step_s divides the objective's slice. Stretches are borrowed, sorted by
 * start, and reach to the end of any calendar period that is asked about. -EINVAL (the slice is not a
 * whole number of steps), -E2BIG (a window of more than TRACK_CELLS_MAX steps or slices), -ENOMEM.
 */
#define TRACK_CELLS_MAX (16u << 20)
struct track;

/* A target that comes into force at the step that holds since; what was counted before stays judged. */
struct target_revision {
	int64_t since;
	decimal target, slice_target;
};

struct track_options {
	uint32_t step_s;
	const struct stretch *excluded;
	size_t n_excluded;
	/* By since, the first in force from the beginning; copied. None: the objective's own. */
	const struct target_revision *revisions;
	size_t n_revisions;
	alert_changed changed; /* NULL: nobody asks */
	void *context;
};
int track_new(const struct slo *slo, const struct objective *o, const struct track_options *options,
	      struct track **ret);
void track_free(struct track *t); /* NULL is fine */

/* How many steps or slices it keeps, once it has begun: some 32 bytes each. */
uint64_t track_cells(const struct track *t);

/*
 * Steps that no push names, before or between, are unmeasured; the clock goes to time + step. time is a
 * multiple of the step and not before the clock. Allocates at the first push only. -EINVAL, -ENOMEM,
 * -EOVERFLOW: more than 2^63 events in all.
 */
int track_push(struct track *t, int64_t time, const struct step_counts *c);

/* The clock goes on to at without counts. */
int track_advance(struct track *t, int64_t at);

/* One more, later than all there are. -E2BIG: more than REVISIONS_MAX. */
int track_revise(struct track *t, const struct target_revision *r);

/* Everything at the clock's moment. Allocates nothing; ret points into t, until the next push. */
void track_result(struct track *t, struct slo_result *ret);

#endif
