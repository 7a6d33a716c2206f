/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forecast.h - what becomes of a budget if things go on: when it is spent, and how likely it lasts.
 * Knows: the past in chunks, rates. Must not know: clocks, objectives, cells.
 * Method: docs/objectives.md, "Forecasts".
 */
#ifndef TROTH_SLO_FORECAST_H
#define TROTH_SLO_FORECAST_H

#include <stdint.h>

#define PAST_CHUNKS 512 /* of a window */
#define PAST_DRAWS  28	/* groups of chunks: see forecast_chance() */
#define DRAWS_MIN   7

/* Bad events of events, or bad slices of slices. */
struct spending {
	double spent, basis;
};

/* The last window and a little, oldest first from chunk[(head + 1) % (PAST_CHUNKS + 1)]. */
struct past {
	struct spending chunk[PAST_CHUNKS + 1];
	uint32_t chunk_cells;  /* of a full chunk */
	uint32_t newest_cells; /* that chunk[head] holds so far */
	uint32_t head;
	uint32_t chunks; /* of the window */
};

/* window_cells: of the nominal window. */
void past_init(struct past *p, uint32_t window_cells);

/*
 * Before the first push: chunks begin at multiples of their length, which is a whole number of units;
 * cell: the number of the first cell, counted from the epoch.
 */
void past_align(struct past *p, uint32_t window_cells, uint32_t unit, int64_t cell);

void past_push(struct past *p, double spent, double basis);
void past_push_cells(struct past *p, uint32_t cells, double spent, double basis); /* even ones */

/* A budget as it stands. Per cell: what the recent past spends. */
struct budget_now {
	double spent, basis;
	double per_basis; /* allowed = per_basis * basis + fixed */
	double fixed;
	struct spending rate; /* of one cell */
	uint32_t cells;	      /* rolling: of the window; else left until it ends */
	uint32_t rolling;
};

/* Cells until the budget is spent; negative: not within the window to come, or the period's rest. */
double forecast_exhausted(const struct past *p, const struct budget_now *b);

/*
 * The chance that the budget is not overspent at the end of the period, or, rolling, when everything in
 * the window is new. Each of the last window's PAST_DRAWS parts is taken as one draw of what is to come;
 * sums of draws as normally distributed. NAN: less than DRAWS_MIN draws with data.
 */
double forecast_chance(const struct past *p, const struct budget_now *b);

extern const char forecast_chance_method[];

#endif
