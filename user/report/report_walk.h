/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_walk.h - minutes of the record on their way to cells (steps or slices), judged as the engine
 * does. For report_tally.c.
 */
#ifndef TROTH_REPORT_REPORT_WALK_H
#define TROTH_REPORT_REPORT_WALK_H

#include "report_tally.h"

struct walk {
	const struct report_rules *rules;
	struct cell_rules judge;
	int64_t clock; /* end of the last step */
	struct cell open;
	bool begun;	       /* a step of the open cell has passed */
	bool estimated;	       /* one of them is part of a stretch of which only sums are known */
	enum cell_state guess; /* what idle time of such a stretch is taken for */
	size_t next_stretch;
	int64_t excluded_until;
	uint64_t inexact;
	void (*cell)(void *context, const struct walk *w, const struct cell *c);
	void (*empty)(void *context, const struct walk *w, uint64_t cells);
	void *context;
};

/*
 * Cells that end in (from, to], in order: those with a step that is measured or excluded by cell(), many
 * empty ones at once by empty(). w: rules, cell, empty and context are the caller's.
 */
int report_walk(const struct report_source *s, struct walk *w, int64_t from, int64_t to);

#endif
