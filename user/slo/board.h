/* SPDX-License-Identifier: Apache-2.0 */
/*
 * board.h - every objective of a set of files, fed with counts by name, and what they say together.
 * Knows: sets, names of counts.csv, tracks. Must not know: where counts come from, output.
 */
#ifndef TROTH_SLO_BOARD_H
#define TROTH_SLO_BOARD_H

#include "engine.h"

struct board;
struct board_options {
	uint32_t step_s;
	/* Exclusions are looked up for [from, to), Unix seconds; to is also what alerts are judged until. */
	int64_t from, to;
	int64_t excluded_to;   /* exclusions are looked up to here, where it is later than to */
	uint32_t fine_s;       /* as in track_options */
	alert_changed changed; /* NULL: nobody asks */
	/* As in track_options; row: which result. NULL: nobody asks. */
	void (*hour_ended)(void *context, size_t row, const struct hour_sums *h);
	void *context;
};

#define BOARD_CELLS_MAX (64u << 20) /* steps of all objectives' windows together */

/*
 * set is borrowed. 0, -ENOMEM, or -EINVAL, -E2BIG: why holds one line (a slice that is not a whole
 * number of steps, too many exclusions or steps).
 */
int board_new(const struct slo_set *set, const struct board_options *options, struct board **ret,
	      char *why, size_t why_size);
void board_free(struct board *b); /* NULL is fine */

/*
 * The feed that rows of this name (of counts.csv: SLO, or SLO/objective) go to; -ENOENT: no file
 * declares it. All names are looked up before the first row is pushed: rows of an SLO's own name feed
 * those of its objectives whose own names were never looked up.
 */
int board_feed(struct board *b, const char *name);

/* As track_push(), to every objective that the feed feeds. */
int board_push(struct board *b, int feed, int64_t time, const struct step_counts *c);

/* Everything to at, which is a multiple of the step; then results may be asked for. */
int board_finish(struct board *b, int64_t at);

/*
 * In the order of the set; after the objectives of a composite SLO (more than one objective, and
 * compositeWeight given in one of them) one more, "*". Allocates nothing.
 */
size_t board_n_results(const struct board *b);
void board_result(const struct board *b, size_t i, struct slo_result *ret);
const struct slo *board_slo(const struct board *b, size_t i);		  /* of result i */
const struct objective *board_objective(const struct board *b, size_t i); /* NULL: composite */
struct track *board_track(const struct board *b, size_t i);		  /* NULL: composite */
size_t board_members(const struct board *b,
		     size_t i); /* results before a composite that it is of */

/* Exclusions to a later moment, for clocks that go on. An SLO whose cannot be had keeps what it has. */
void board_look_ahead(struct board *b, const struct slo_set *set, int64_t now, int64_t to);

#endif
