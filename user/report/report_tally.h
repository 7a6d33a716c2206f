/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_tally.h - one objective's counts over a period, as the engine would have them in a rolling
 * window of that length: judged hours where whole ones lie in it, minutes at the edges and where an
 * hour was not judged.
 * Knows: rows of the record, cells. Must not know: formats, documents.
 */
#ifndef TROTH_REPORT_REPORT_TALLY_H
#define TROTH_REPORT_REPORT_TALLY_H

#include "../slo/cell.h"
#include "../slo/engine.h"
#include "report_source.h"

#define REPORT_WORST	  5
#define REPORT_POINTS_MAX 200

/* What happened in a stretch of time. */
struct report_part {
	int64_t time;
	uint32_t length_s;
	uint64_t good, total;
	double spent; /* of the budget, in its unit */
};

/* The hours that spent most, and in each the minutes (slices) that did. */
struct report_moment {
	struct report_part hour;
	struct report_part parts[REPORT_WORST];
	unsigned int n_parts;
};

/* One point of a chart: sums over [time, time + length) */
struct report_point {
	uint64_t good, total;
	double spent, basis;
};

/* How one objective is judged. Everything is borrowed. */
struct report_rules {
	int64_t objective; /* of the record; 0: nothing was ever counted */
	enum budget_method method;
	uint32_t cell_s; /* a minute, or a slice */
	struct target_revision revisions[REVISIONS_MAX];
	size_t n_revisions;
	const struct stretch *excluded; /* by start */
	size_t n_excluded;
};

struct report_tally {
	bool whole;	    /* given: nothing was there before from */
	int64_t start, end; /* the window: whole cells that end in the period */
	struct sums sums;
	uint64_t inexact;
	struct report_part worst[REPORT_WORST]; /* hours, the worst first */
	unsigned int n_worst;
	/* Where points is not NULL: room for REPORT_POINTS_MAX, of point_s each from points_from on. */
	struct report_point *points;
	int64_t points_from;
	uint32_t point_s;
};

/*
 * [from, to), Unix seconds. Cells count that end in it; a first one that begins before from counts
 * whole. whole, points, points_from and point_s of *ret are the caller's, the rest is zero and is filled. 0 or -errno of the source.
 */
int report_tally(const struct report_source *s, const struct report_rules *rules, int64_t from,
		 int64_t to, struct report_tally *ret);

/* The minutes or slices of one hour that spent most. */
int report_tally_parts(const struct report_source *s, const struct report_rules *rules,
		       struct report_moment *m);

/* Keeps the largest; what spent nothing is not kept. */
void report_keep_worst(struct report_part worst[REPORT_WORST], unsigned int *n,
		       const struct report_part *part);

/* The revision in force at the end of a cell. */
size_t report_revision_at(const struct report_rules *rules, int64_t end);

/* t rounded down to a multiple of unit. */
static inline int64_t report_floor(int64_t t, int64_t unit)
{
	return t - (t % unit + unit) % unit;
}

#endif
