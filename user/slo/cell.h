/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cell.h - the smallest stretch of time that is judged: a step, or a slice of steps.
 * Knows: counts, one objective's target. Must not know: windows, clocks.
 * Definitions: CONTRACT "Replay, precisely" 7 and 8.
 */
#ifndef TROTH_SLO_CELL_H
#define TROTH_SLO_CELL_H

#include <stdbool.h>
#include <stdint.h>

#include "../conf/openslo.h"

/* In the order of CONTRACT's time_s; zeroed memory is time of which nothing is known. */
enum cell_state {
	CELL_UNMEASURED,
	CELL_GOOD,
	CELL_BAD,
	CELL_IDLE,
	CELL_EXCLUDED, /* the whole of it */
	CELL_STATES
};

#define NS_PER_S 1000000000ull

/* Counts of what was not excluded. */
struct cell {
	uint64_t good, total;
	uint64_t measured_ns:56; /* of its time, not excluded */
	uint64_t state:7;
	uint64_t estimated:1;
	uint32_t excluded_s;
	uint32_t revision;
};

/* How cells are judged. */
struct cell_rules {
	enum budget_method method;
	uint32_t cell_s;
	decimal target;
	decimal slice_target;
};

enum cell_state cell_judge(const struct cell_rules *r, const struct cell *c);

/* good / total in units of DECIMAL_ONE, to the nearest; idle counts as 1, bad without events as 0. */
uint64_t cell_ratio(const struct cell *c);

/* Cells added up. Each field is a sum of whole numbers, so that taking out is exact. */
struct sums {
	uint64_t good, total;
	uint64_t cells[CELL_STATES];
	uint64_t ns[CELL_STATES];
	unsigned __int128 ratio; /* of RatioTimeslices: cell_ratio() of measured cells */
};

void sums_add(struct sums *s, const struct cell_rules *r, const struct cell *c);
void sums_take(struct sums *s, const struct cell_rules *r, const struct cell *c);

/* One that is in them goes, and another comes. */
void sums_replace(struct sums *s, const struct cell_rules *r, const struct cell *gone,
		  const struct cell *c);

/* The sums of both. */
void sums_join(struct sums *s, const struct sums *more);

/* Of seconds of it the time alone. sign: 1 or -1. */
void sums_add_time(struct sums *s, const struct cell_rules *r, const struct cell *c,
		   uint32_t seconds, int sign);

/* Cells that were measured and not excluded. */
static inline uint64_t sums_measured(const struct sums *s)
{
	return s->cells[CELL_GOOD] + s->cells[CELL_BAD] + s->cells[CELL_IDLE];
}

struct slo_result;
/* What of the time was good, bad, idle, unmeasured, excluded; and the coverage. */
void sums_tell_time(const struct sums *s, struct slo_result *ret);

/* Of the budget: bad events, bad slices, or what ratios lack of 1. */
double sums_spent(const struct sums *s, enum budget_method method);

/* The same, exactly, in units of DECIMAL_ONE. */
unsigned __int128 sums_spent_units(const struct sums *s, enum budget_method method);

/* What spent is a part of: events, or measured slices. */
double sums_basis(const struct sums *s, enum budget_method method);

/* NAN without events. */
double sums_sli(const struct sums *s, enum budget_method method);

/* Is the objective reached? Compared as decimals; there is at least one event. */
bool sums_reach(const struct sums *s, enum budget_method method, decimal target);

/*
 * 1 with nothing spent, 0 when just spent. With nothing allowed it has no value: one that is negative and
 * grows with what is spent.
 */
static inline double budget_remaining_ratio(double allowed, double spent)
{
	if (spent <= 0)
		return 1;
	return allowed > 0 ? 1 - spent / allowed : -spent;
}

#endif
