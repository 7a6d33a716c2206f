// SPDX-License-Identifier: Apache-2.0
/* report_gaps.c - how much of the period was measured, and where it was not. Knows time alone. */
#include <math.h>
#include <string.h>

#include "report_model.h"

#define MINUTE_S   60
#define HOUR_S	   3600
#define DAY_S	   86400
#define HOURS_MAX  (35 * 24)	  /* of longer periods gaps are told by the day */
#define PARTLY_MAX 50		  /* hours that are looked into by the minute */
#define IGNORED_NS (2 * NS_PER_S) /* of a stretch: a tick comes late now and then */

static int measure(const struct report_source *s, int64_t from, int64_t to,
		   struct store_measured *ret)
{
	*ret = (struct store_measured){};
	return from < to ? s->measured(s->context, report_floor(from, MINUTE_S),
				       report_floor(to + MINUTE_S - 1, MINUTE_S), ret) :
			   0;
}

static double coverage_of(const struct store_measured *m, int64_t wanted_s)
{
	double share = wanted_s > 0 ? (double)m->measured_ns / ((double)wanted_s * 1e9) : NAN;
	double all = (double)m->exchanges + (double)m->lost;

	if (share > 1)
		share = 1;
	return all > 0 ? share * (double)m->exchanges / all : share;
}

/* Joined with the last one where they touch; of too many the longest are kept. */
static void add_gap(struct report *r, int64_t from, int64_t to, uint64_t unmeasured_ns)
{
	struct report_gap *last = r->n_gaps ? &r->gaps[r->n_gaps - 1] : NULL;
	size_t least = 0;

	if (last && last->to == from) {
		last->to = to;
		last->unmeasured_ns += unmeasured_ns;
		return;
	}
	if (r->n_gaps == REPORT_GAPS_MAX) {
		for (size_t i = 1; i < r->n_gaps; i++)
			if (r->gaps[i].unmeasured_ns < r->gaps[least].unmeasured_ns)
				least = i;
		r->gaps_left_out++;
		if (r->gaps[least].unmeasured_ns >= unmeasured_ns)
			return;
		memmove(&r->gaps[least], &r->gaps[least + 1],
			(r->n_gaps - least - 1) * sizeof(*r->gaps));
		r->n_gaps--;
	}
	r->gaps[r->n_gaps++] = (struct report_gap){ from, to, unmeasured_ns };
}

static int64_t latest(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t earliest(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

struct looking {
	const struct report_source *s;
	struct report *r;
	int64_t begins;	     /* what lies before is said already */
	unsigned int partly; /* hours that were looked into */
};

/* [start, start + length), as far as it lies in the period. */
static int look(struct looking *l, int64_t start, int64_t length)
{
	int64_t from = latest(start, l->begins), to = earliest(start + length, l->r->to);
	int64_t part = length == DAY_S ? HOUR_S : MINUTE_S;
	uint64_t wanted = (uint64_t)(to - from) * NS_PER_S;
	struct store_measured m;
	int ret = 0;

	if (from >= to)
		return 0;
	ret = measure(l->s, from, to, &m);
	if (ret || m.measured_ns + IGNORED_NS >= wanted)
		return ret;
	if (!m.measured_ns || length == MINUTE_S ||
	    (length == HOUR_S && l->partly++ >= PARTLY_MAX)) {
		add_gap(l->r, from, to, wanted - m.measured_ns);
		return 0;
	}
	for (int64_t at = start; !ret && at < to; at += part)
		ret = look(l, at, part);
	return ret;
}

int report_find_gaps(const struct report_source *s, struct report *r)
{
	int64_t length = r->to - r->from > HOURS_MAX * HOUR_S ? DAY_S : HOUR_S;
	struct looking l = { .s = s, .r = r, .begins = r->from };
	int ret = measure(s, r->from, r->to, &r->measured);

	if (!ret)
		ret = measure(s, r->before, r->from, &r->measured_before);
	if (ret)
		return ret;
	r->coverage = coverage_of(&r->measured, r->to - r->from);
	r->coverage_before = coverage_of(&r->measured_before, r->from - r->before);
	r->estimated_share = r->measured.measured_ns ? (double)r->measured.estimated_ns /
							       (double)r->measured.measured_ns :
						       0;
	/* Before there was a record nothing needs to be looked for. */
	if (r->began > r->from) {
		l.begins = earliest(r->began, r->to);
		add_gap(r, r->from, l.begins, (uint64_t)(l.begins - r->from) * NS_PER_S);
	}
	for (int64_t at = report_floor(l.begins, length); !ret && at < r->to; at += length)
		ret = look(&l, at, length);
	return ret;
}
