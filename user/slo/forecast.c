// SPDX-License-Identifier: Apache-2.0
/* forecast.c - carries a budget forward. Rough by nature, so in doubles; counting stays elsewhere. */
#include "forecast.h"

#include <math.h>
#include <string.h>

const char forecast_chance_method[] =
	"each 1/28 of the last window is a draw of what is to come; sums of draws as normally distributed";

void past_init(struct past *p, uint32_t window_cells)
{
	memset(p, 0, sizeof(*p));
	p->chunk_cells = (window_cells + PAST_CHUNKS - 1) / PAST_CHUNKS;
	if (!p->chunk_cells)
		p->chunk_cells = 1;
	p->chunks = PAST_CHUNKS;
}

void past_align(struct past *p, uint32_t window_cells, uint32_t unit, int64_t cell)
{
	if (p->chunk_cells % unit)
		p->chunk_cells += unit - p->chunk_cells % unit;
	p->chunks = (window_cells + p->chunk_cells - 1) / p->chunk_cells;
	p->newest_cells = (uint32_t)(cell % p->chunk_cells);
}

static void next_chunk(struct past *p)
{
	if (p->newest_cells < p->chunk_cells)
		return;
	p->head = (p->head + 1) % (PAST_CHUNKS + 1);
	p->chunk[p->head] = (struct spending){};
	p->newest_cells = 0;
}

void past_push(struct past *p, double spent, double basis)
{
	next_chunk(p);
	p->chunk[p->head].spent += spent;
	p->chunk[p->head].basis += basis;
	p->newest_cells++;
}

void past_push_cells(struct past *p, uint32_t cells, double spent, double basis)
{
	while (cells) {
		uint32_t n;
		double share;

		next_chunk(p);
		n = p->chunk_cells - p->newest_cells;
		if (n > cells)
			n = cells;
		share = (double)n / cells; /* 1 where all fit: what is whole stays whole */
		p->chunk[p->head].spent += spent * share;
		p->chunk[p->head].basis += basis * share;
		spent -= spent * share;
		basis -= basis * share;
		p->newest_cells += n;
		cells -= n;
	}
}

/* age 0 is the newest. */
static const struct spending *chunk_at(const struct past *p, unsigned int age)
{
	return &p->chunk[(p->head + PAST_CHUNKS + 1 - age) % (PAST_CHUNKS + 1)];
}

/* Chunks that a window of so many cells reaches into, at most. */
static unsigned int chunks_of(const struct past *p, uint32_t cells)
{
	unsigned int n = 1;

	if (cells > p->newest_cells)
		n += (cells - p->newest_cells + p->chunk_cells - 1) / p->chunk_cells;
	return n <= PAST_CHUNKS + 1 ? n : PAST_CHUNKS + 1;
}

static double excess(const struct budget_now *b, double spent, double basis)
{
	return spent - b->per_basis * basis - b->fixed;
}

/*
 * Walks from chunk to chunk: while the oldest of a rolling window leaves, as much new time comes. Within
 * one everything is taken to be even, so that the budget ends where a straight line crosses nothing left.
 */
double forecast_exhausted(const struct past *p, const struct budget_now *b)
{
	double spent = b->spent, basis = b->basis, at = 0, before, after;
	unsigned int n;

	before = excess(b, spent, basis);
	if (!b->rolling) {
		after = excess(b, spent + b->rate.spent * b->cells,
			       basis + b->rate.basis * b->cells);
		if (after < 0 || after <= before)
			return -1;
		return b->cells * (-before / (after - before));
	}
	n = chunks_of(p, b->cells);
	for (unsigned int age = n; age-- > 0;) {
		struct spending gone = *chunk_at(p, age);
		double cells = age ? p->chunk_cells : p->newest_cells;

		if (age == n - 1) { /* a part of it has gone already */
			gone = (struct spending){ b->spent, b->basis };
			for (unsigned int newer = 0; newer < age; newer++) {
				gone.spent -= chunk_at(p, newer)->spent;
				gone.basis -= chunk_at(p, newer)->basis;
			}
			cells = age ? b->cells - p->newest_cells -
						(double)(age - 1) * p->chunk_cells :
				      b->cells;
		}
		spent += b->rate.spent * cells - gone.spent;
		basis += b->rate.basis * cells - gone.basis;
		after = excess(b, spent, basis);
		if (after >= 0 && after > before)
			return at + cells * (-before / (after - before));
		at += cells;
		before = after;
	}
	return -1;
}

double forecast_chance(const struct past *p, const struct budget_now *b)
{
	double mean = 0, squares = 0, now, draws, deviation;
	unsigned int n = 0, group = p->chunks / PAST_DRAWS + 1;
	unsigned int last = chunks_of(p, p->chunk_cells * p->chunks);

	for (unsigned int age = 1; age + group <= last; age += group) {
		double spent = 0, basis = 0, value;

		for (unsigned int i = age; i < age + group; i++) {
			spent += chunk_at(p, i)->spent;
			basis += chunk_at(p, i)->basis;
		}
		if (basis <= 0)
			continue;
		value = spent - b->per_basis * basis;
		n++;
		squares += (value - mean) * (value - mean) * (n - 1) / n; /* Welford 1962 */
		mean += (value - mean) / n;
	}
	if (n < DRAWS_MIN)
		return NAN;
	now = b->rolling ? -b->fixed : excess(b, b->spent, b->basis);
	draws = (double)b->cells / ((double)group * p->chunk_cells);
	deviation = sqrt(squares / (n - 1) * draws);
	now += mean * draws;
	if (deviation <= 0)
		return now <= 0;
	return 0.5 * erfc(now / deviation / M_SQRT2);
}
