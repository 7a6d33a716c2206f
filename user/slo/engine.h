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
 * The tracks of one objective. step_s divides the objective's slice. keep_s: how much history is kept
 * at least, beyond what windows and alerts need (0 is enough). Stretches are borrowed.
 */
struct track;
struct track_options {
	uint32_t step_s;
	const struct stretch *excluded;
	size_t n_excluded;
	alert_changed changed; /* NULL: nobody asks */
	void *context;
};
int track_new(const struct slo *slo, const struct objective *o, const struct track_options *options,
	      struct track **ret);
void track_free(struct track *t); /* NULL is fine */

/*
 * Steps that no push names, before or between, are unmeasured; the clock goes to time + step. time is a
 * multiple of the step and not before the clock. Allocates at the first push only. -EINVAL, -ENOMEM.
 */
int track_push(struct track *t, int64_t time, const struct step_counts *c);

/* The clock goes on to at without counts. */
int track_advance(struct track *t, int64_t at);

/* From here on target and slice target are o's: what was counted stays. */
int track_revise(struct track *t, const struct objective *o);

/* Everything at the clock's moment. Allocates nothing; ret points into t, until the next push. */
void track_result(const struct track *t, struct slo_result *ret);

#endif
