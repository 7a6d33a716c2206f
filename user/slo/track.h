/* SPDX-License-Identifier: Apache-2.0 */
/*
 * track.h - the inside of engine.h: cells of one objective in a ring, and windows over them.
 * For track.c, which moves the clock, and outlook.c, which says what it comes to.
 */
#ifndef TROTH_SLO_TRACK_H
#define TROTH_SLO_TRACK_H

#include "alerts.h"
#include "engine.h"
#include "forecast.h"
#include "periods.h"

/*
 * Cells that went by together, and that a long window forgets together. What is in no other state is
 * unmeasured, so zeroed memory is time of which nothing is known.
 */
struct bucket {
	uint64_t good, total;
	uint64_t ns[CELL_STATES - 1]; /* from CELL_GOOD on; so cells */
	uint64_t ratio_low;
	uint16_t cells[CELL_STATES - 1];
	uint8_t ratio_high; /* of 2^64 */
	uint8_t revision;   /* of its last cell */
};

/*
 * Sums over what is latest. Fine: over so many cells of the ring, which cover the window and at most one
 * less second of a cell more. Coarse: over so many buckets and the one under way, which cover the window
 * and less than a bucket more.
 */
struct trailing {
	uint32_t window_s; /* as it was asked for */
	uint32_t cells;
	uint32_t tail;	  /* slot of its oldest cell */
	uint32_t buckets; /* whole ones that it holds */
	bool coarse;
	struct sums sums;
};

struct revision {
	struct target_revision target;
	struct sums sums; /* its cells of the window */
	/* It came into force within this bucket, after so many cells: those are older revisions'. */
	int64_t bucket_start;
	struct bucket before;
	uint32_t before_cells;
};

/* The step under way, for results between two steps. */
struct open_step {
	bool given;
	int64_t now;
	struct step_counts counts;
};

struct track {
	const struct slo *slo;
	const struct objective *objective;
	struct track_options options;
	struct cell_rules rules;

	int64_t clock;	     /* end of the last step */
	int64_t judged_from; /* alerts are judged at ends after it */
	bool begun;
	uint64_t counted; /* all events ever: no sum of them overflows */
	struct cell open; /* the cell under way */

	struct cell *ring;
	uint32_t ring_cells, head; /* head: slot of the next cell */

	/* For what is too long for the ring. */
	struct bucket *buckets;
	uint32_t ring_buckets, bucket_head;
	uint32_t bucket_cells; /* of each; 1: the ring serves all windows */
	struct bucket part;    /* the one under way ... */
	uint32_t part_cells;   /* ... has so many cells so far */

	struct hour_sums hour; /* since the last that was told; ratio and counts alone, and cells */
	enum cell_state guess; /* of estimated time: as its last cell with events; 0: none */
	struct open_step preview;
	bool restoring;	 /* nobody is told */
	bool ring_stale; /* hours came back: the ring does not show them */

	/* The window of the objective. Calendar: sums alone, from the period's start. */
	struct trailing window;
	struct period period;
	uint64_t period_excluded; /* slices of the whole period that are excluded */
	int64_t exhausted_at;	  /* 0: the budget is not spent */

	struct trailing *burns; /* by window_s, each once; recent is one of them */
	size_t n_burns;
	size_t recent; /* the forecast's */
	struct burn *burn_results;

	struct alert_state alerts[ALERTS_MAX];
	struct alert_rule alert_rules[ALERTS_MAX];
	unsigned int n_alerts;

	struct revision revisions[REVISIONS_MAX];
	unsigned int n_revisions, revision; /* revision: the one in force */

	struct past past;

	size_t next_stretch,
		period_stretch; /* the first that may matter to steps and periods to come */
	int64_t excluded_until; /* the furthest end of stretches that have begun */
};

/* Of the whole window; M, Q, Y as 30, 90, 365 days. */
uint32_t track_window_cells(const struct track *t);

/* How far back anything is kept. */
uint64_t track_reach_cells(const struct track *t);

static inline uint32_t track_bucket_s(const struct track *t)
{
	return t->bucket_cells * t->rules.cell_s;
}

static inline int64_t track_round_down(int64_t t, int64_t unit)
{
	return t - (t % unit + unit) % unit;
}

/* The cell under way, judged, which ends at the clock. */
void track_cell_end(struct track *t, const struct cell *c);

/* Since when the budget is spent, as things stand at the clock. */
void track_note_exhaustion(struct track *t);

/* Seconds of w's time, with seconds_more beyond the clock's cells, that lie before its window. */
int64_t trailing_over(const struct track *t, const struct trailing *w, uint32_t seconds_more);

/* The oldest bucket of a coarse window. */
struct bucket *trailing_oldest(const struct track *t, const struct trailing *w);

/* track_bucket.c: whole buckets, or cells of one, into sums and out of them (sign). */
void bucket_sums(struct sums *s, const struct track *t, const struct bucket *b, uint32_t cells,
		 int sign);
void bucket_time(struct sums *s, const struct track *t, const struct bucket *b, uint32_t seconds,
		 int sign);
void bucket_of_cell(struct bucket *ret, const struct track *t, const struct cell *c);

/* Takes a bucket that began at start out of the revisions' sums. */
void bucket_leave_revisions(const struct track *t, const struct bucket *b, int64_t start,
			    struct sums *const *revisions);

/* So many cells, which fit into the bucket under way, come to all coarse windows. */
void track_bucket_push(struct track *t, const struct bucket *b, uint32_t cells);

/* Coarse windows before anything was measured; the clock is where they end. */
void track_buckets_begin(struct track *t);

/* Seconds of the empty cell that ends k cells before the clock were excluded. */
void track_bucket_exclude(struct track *t, int64_t k, int64_t seconds);

/* track_hour.c: the hour, for whoever keeps it. */
void track_hour_cell(struct track *t, const struct cell *c);
void track_hour_tell(struct track *t);

/* track_gap.c: the ring and its windows as if nothing were known, but for maintenance. */
void track_ring_begin(struct track *t);

/* The calendar period that the clock is in begins, empty. */
void track_period_begin(struct track *t);

/* Targets whose moment lies before time come into force. */
void track_revise_until(struct track *t, int64_t time);

/* track_gap.c: does maintenance touch [start, end)? Asked in order of time. */
bool track_excluded(struct track *t, int64_t start, int64_t end);

/* Cells that maintenance covers in (start, end]; steps that it touches are excluded whole. In order of time. */
uint64_t track_excluded_cells(struct track *t, struct period p);

/* Does nothing that was counted up to the clock matter at time? What trails is empty already. */
bool track_may_jump(const struct track *t, int64_t time);

/* To the last end of a cell before time, as if nothing had ever been counted. */
void track_jump(struct track *t, int64_t time);

/* Events or slices of the whole window that may be bad, in units of DECIMAL_ONE. */
unsigned __int128 track_allowed_units(const struct track *t);

#endif
