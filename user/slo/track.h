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

/* Sums over the last cells of the ring. */
struct trailing {
	uint32_t window_s; /* as it was asked for; cells cover it and at most one less second of a cell more */
	uint32_t cells;
	uint32_t tail; /* slot of its oldest cell */
	struct sums sums;
};

struct revision {
	struct target_revision target;
	struct sums sums; /* its cells of the window */
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
