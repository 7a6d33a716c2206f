/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suggest.h - which target the past of one service supports, and how sure that is.
 * Knows: counts by day. Must not know: objectives, files, output.
 */
#ifndef TROTH_SLO_SUGGEST_H
#define TROTH_SLO_SUGGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/decimal.h"

#define SUGGEST_WINDOW_DAYS 28
#define SUGGEST_DAYS_MIN    7	      /* with traffic, for a word about bursts */
#define SUGGEST_MARGIN	    (2.0 / 3) /* of its budget the worst window may have spent */

/* One day in UTC that was measured, or had traffic. */
struct day_counts {
	int64_t day; /* since 1970-01-01 */
	uint64_t good, total;
	uint64_t measured_ns;
};

/* Between two bounds. */
struct interval {
	double low, high;
};

struct day_range {
	int64_t first;
	unsigned int days;
	uint64_t good, total;
};

struct suggestion {
	uint64_t good, total;
	double measured_days;
	double windows;		/* of SUGGEST_WINDOW_DAYS that do not overlap */
	struct interval counts; /* Wilson's, 95 %, as if each event were alone */
	double burst; /* how many times more the days differ than chance alone explains; at least 1 */
	bool burst_known;
	struct interval sure; /* the same, of total / burst events */
	struct day_range worst_day, worst_window;

	bool found;
	decimal target;
	double spent_in_worst; /* of the budget of the worst window, under target */

	decimal next;			   /* a tenth of what target lets fail */
	double next_allowed, next_minutes; /* in a window of the usual traffic; of a full outage */
	double usual_bad;		   /* in such a window, of the past */

	double per_hour;
	double page_at; /* bad events in an hour at which the fastest page fires, under target */
	uint64_t min_bad_events; /* 1: no need to hold alerts back */
};

/* The Wilson score interval at 95 % for good of n. n is above 0, and need not be whole. */
struct interval wilson(double good, double n);

/* days ascend. False: no traffic, or no measured time, at all. */
bool suggest(const struct day_counts *days, size_t n, struct suggestion *ret);

#endif
