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
	/*
	 * Spread evenly over a stretch in which something was counted. A step of it without events is not
	 * idle: it is what the last one with events was.
	 */
	bool estimated;
};
#define MEASURED_ONE 1000000000u

/* Sums of cells in a row: of an hour, or of a part of it. What is in no other state is unmeasured. */
struct hour_sums {
	int64_t time; /* where it begins */
	uint64_t good, total;
	uint64_t cells[5], ns[5]; /* by enum cell_state */
	unsigned __int128 ratio;
	uint32_t revision;
};

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
	/*
	 * Rolling windows and burn rates over more than this forget by whole hours (or as many slices as
	 * fit into one): what they hold is up to an hour longer, of the oldest hour a part of the time.
	 * 0: all of them by cells.
	 */
	uint32_t fine_s;
	alert_changed changed; /* NULL: nobody asks */
	void *context;
	/*
	 * An hour is over, or a part of one: a revision comes into force, or a period begins, in it. Not
	 * told where nothing was measured or excluded. NULL: nobody asks.
	 */
	void (*hour_ended)(void *hour_context, const struct hour_sums *h);
	void *hour_context;
};
int track_new(const struct slo *slo, const struct objective *o, const struct track_options *options,
	      struct track **ret);
void track_free(struct track *t); /* NULL is fine */

/* How many steps or slices it keeps, once it has begun: some 32 bytes each; an hour counts as two. */
uint64_t track_cells(const struct track *t);

/* All of its memory, once it has begun. */
size_t track_bytes(const struct track *t);

/* The clock: end of the last step; INT64_MIN before the first. */
int64_t track_clock(const struct track *t);

/* Other stretches from here on: sorted, borrowed, and what lies before the clock as it was. */
void track_exclude(struct track *t, const struct stretch *excluded, size_t n);

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

/*
 * Results are those at now, in the step that begins at the clock and holds c so far (c->measured: share
 * of the whole step), until the next step is pushed. Of slices only the moment: the one under way is
 * not judged. NULL: no longer.
 */
void track_open(struct track *t, int64_t now, const struct step_counts *c);

/*
 * Everything at the clock's moment, or that of track_open(). Allocates nothing; ret points into t, until
 * the next push.
 */
void track_result(struct track *t, struct slo_result *ret);

/*
 * Bringing back what was recorded: hours, oldest first, then steps, then alerts that fire, then
 * track_restored(). Nobody is told of alerts meanwhile. -EINVAL: not after what is there, or no hour.
 */
int track_restore_hour(struct track *t, const struct hour_sums *h);
int track_restore_step(struct track *t, int64_t time, const struct step_counts *c);
void track_restore_alert(struct track *t, uint32_t long_s, uint32_t short_s, int64_t since);
void track_restored(struct track *t);

/*
 * From when on hours and steps must be brought back for results at end and later to be whole; end: of the
 * last step that was recorded. hours = steps: no hours are needed.
 */
void track_restore_from(const struct track *t, int64_t end, int64_t *ret_hours, int64_t *ret_steps);

#endif
