// SPDX-License-Identifier: Apache-2.0
/* cell.c - judges cells and adds them up, in whole numbers. */
#include "cell.h"

#include <math.h>

#include "result.h"

enum cell_state cell_judge(const struct cell_rules *r, const struct cell *c)
{
	decimal least = r->method == METHOD_TIMESLICES ? r->slice_target : r->target;

	if (c->excluded_s >= r->cell_s)
		return CELL_EXCLUDED;
	if (!c->measured_ns)
		return CELL_UNMEASURED;
	if (!c->total)
		return CELL_IDLE;
	return decimal_reached(c->good, c->total, least) ? CELL_GOOD : CELL_BAD;
}

uint64_t cell_ratio(const struct cell *c)
{
	unsigned __int128 scaled = (unsigned __int128)c->good * DECIMAL_ONE;

	if (!c->total)
		return c->state == CELL_BAD ? 0 : DECIMAL_ONE;
	return (uint64_t)((scaled + c->total / 2) / c->total);
}

static inline void add(uint64_t *sum, uint64_t n, int sign)
{
	*sum += sign > 0 ? n : -n;
}

static inline void add_time(struct sums *s, const struct cell *c, uint64_t all, uint64_t measured,
			    uint64_t excluded, int sign)
{
	add(&s->ns[CELL_EXCLUDED], excluded, sign);
	if (measured) /* only a state that was measured has such time */
		add(&s->ns[c->state], measured, sign);
	add(&s->ns[CELL_UNMEASURED], all - excluded - measured, sign);
}

/* What was measured and what was excluded are taken to lie evenly within a cell. */
void sums_add_time(struct sums *s, const struct cell_rules *r, const struct cell *c,
		   uint32_t seconds, int sign)
{
	unsigned __int128 measured = (unsigned __int128)c->measured_ns * seconds;
	uint64_t excluded =
		(uint64_t)((unsigned __int128)c->excluded_s * NS_PER_S * seconds / r->cell_s);

	add_time(s, c, seconds * NS_PER_S, (uint64_t)(measured / r->cell_s), excluded, sign);
}

/* This is where a replay spends its time: sign is a constant to each caller. */
static inline __attribute__((always_inline)) void change(struct sums *s, const struct cell_rules *r,
							 const struct cell *c, int sign)
{
	add(&s->good, c->good, sign);
	add(&s->total, c->total, sign);
	add(&s->cells[c->state], 1, sign);
	add_time(s, c, r->cell_s * NS_PER_S, c->measured_ns, c->excluded_s * NS_PER_S, sign);
	if (r->method == METHOD_RATIO_TIMESLICES && c->state != CELL_UNMEASURED &&
	    c->state != CELL_EXCLUDED) {
		unsigned __int128 ratio = cell_ratio(c);

		s->ratio += sign > 0 ? ratio : -ratio;
	}
}

void sums_add(struct sums *s, const struct cell_rules *r, const struct cell *c)
{
	change(s, r, c, 1);
}

void sums_take(struct sums *s, const struct cell_rules *r, const struct cell *c)
{
	change(s, r, c, -1);
}

void sums_replace(struct sums *s, const struct cell_rules *r, const struct cell *gone,
		  const struct cell *c)
{
	change(s, r, gone, -1);
	change(s, r, c, 1);
}

void sums_join(struct sums *s, const struct sums *more)
{
	s->good += more->good;
	s->total += more->total;
	for (unsigned int i = 0; i < CELL_STATES; i++) {
		s->cells[i] += more->cells[i];
		s->ns[i] += more->ns[i];
	}
	s->ratio += more->ratio;
}

unsigned __int128 sums_spent_units(const struct sums *s, enum budget_method method)
{
	uint64_t whole = method == METHOD_OCCURRENCES ? s->total - s->good : s->cells[CELL_BAD];

	if (method == METHOD_RATIO_TIMESLICES)
		return (unsigned __int128)sums_measured(s) * DECIMAL_ONE - s->ratio;
	return (unsigned __int128)whole * DECIMAL_ONE;
}

double sums_spent(const struct sums *s, enum budget_method method)
{
	switch (method) {
	case METHOD_OCCURRENCES:
		return (double)(s->total - s->good);
	case METHOD_TIMESLICES:
		return (double)s->cells[CELL_BAD];
	default:
		return (double)((long double)sums_spent_units(s, method) / DECIMAL_ONE);
	}
}

double sums_basis(const struct sums *s, enum budget_method method)
{
	return method == METHOD_OCCURRENCES ? (double)s->total : (double)sums_measured(s);
}

double sums_sli(const struct sums *s, enum budget_method method)
{
	uint64_t n = sums_measured(s);

	if (!s->total)
		return NAN;
	switch (method) {
	case METHOD_OCCURRENCES:
		return (double)s->good / (double)s->total;
	case METHOD_TIMESLICES:
		return (double)(n - s->cells[CELL_BAD]) / (double)n;
	default:
		return (double)((long double)s->ratio / DECIMAL_ONE / n);
	}
}

bool sums_reach(const struct sums *s, enum budget_method method, decimal target)
{
	uint64_t n = sums_measured(s);

	switch (method) {
	case METHOD_OCCURRENCES:
		return decimal_reached(s->good, s->total, target);
	case METHOD_TIMESLICES:
		return decimal_reached(n - s->cells[CELL_BAD], n, target);
	default:
		/* Each ratio was rounded by at most half a unit. */
		return s->ratio + n / 2 >= (unsigned __int128)n * target;
	}
}

void sums_tell_time(const struct sums *s, struct slo_result *ret)
{
	double known;

	ret->good_ns = s->ns[CELL_GOOD];
	ret->bad_ns = s->ns[CELL_BAD];
	ret->idle_ns = s->ns[CELL_IDLE];
	ret->unmeasured_ns = s->ns[CELL_UNMEASURED];
	ret->excluded_ns = s->ns[CELL_EXCLUDED];
	known = (double)(ret->good_ns + ret->bad_ns + ret->idle_ns);
	ret->coverage = ret->unmeasured_ns || known > 0 ?
				known / (known + (double)ret->unmeasured_ns) :
				NAN;
}
