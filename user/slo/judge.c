// SPDX-License-Identifier: Apache-2.0
/* judge.c - counts against a target, in whole numbers. Knows one row; leaves words to report. */
#include "judge.h"

#include <math.h>
#include <string.h>

/*
 * A target is a decimal that somebody wrote, and 0.999 has no exact double: it is compared in
 * units of 1e-12, so that 999 of 1000 reaches 0.999 and products fit in 128 bits.
 */
#define TARGET_UNITS 1000000000000ull

/* What the indicator counts, before the target is asked. */
struct tally {
	uint64_t good, total;
	uint64_t good_lowest, good_highest;
	uint64_t bound_total; /* total of which the two bounds are parts */
};

static uint64_t less(uint64_t from, uint64_t what)
{
	return from > what ? from - what : 0;
}

static uint64_t at_most(uint64_t n, uint64_t limit)
{
	return n < limit ? n : limit;
}

static uint64_t target_units(double target)
{
	if (!(target > 0))
		return 0;
	return target >= 1 ? TARGET_UNITS : (uint64_t)llround(target * TARGET_UNITS);
}

static bool reaches(uint64_t good, uint64_t total, uint64_t units)
{
	return (unsigned __int128)good * TARGET_UNITS >= (unsigned __int128)total * units;
}

/* With nothing allowed the ratio has no value: one that is finite, negative and grows with bad. */
static double remaining_ratio(double allowed, double spent)
{
	if (spent <= 0)
		return 1;
	return allowed > 0 ? 1 - spent / allowed : -spent;
}

static void conclude(const struct tally *t, struct judgement *j)
{
	uint64_t units = target_units(j->target);

	j->good = t->good;
	j->total = t->total;
	j->exact = true;
	j->verdict = VERDICT_NO_DATA;
	j->sli = j->sli_lowest = j->sli_highest = NAN;
	j->allowed = (double)((unsigned __int128)(TARGET_UNITS - units) * t->total) / TARGET_UNITS;
	j->spent = (double)(t->total - t->good);
	j->remaining_ratio = remaining_ratio(j->allowed, j->spent);
	if (!t->total)
		return;
	j->verdict = reaches(t->good, t->total, units) ? VERDICT_MET : VERDICT_MISSED;
	j->sli = j->sli_lowest = j->sli_highest = (double)t->good / (double)t->total;
	if (t->good_lowest == t->good_highest)
		return;
	j->exact = false;
	j->sli_lowest = (double)t->good_lowest / (double)t->bound_total;
	j->sli_highest = (double)t->good_highest / (double)t->bound_total;
}

/*
 * Nobody can say whether the answers were good. Only what was answered proves that: a server
 * that hangs or closes before it reads has no known protocol either, and is judged.
 */
static bool nothing_understood(const struct service_row *row)
{
	const struct series_counts *c = &row->counts;
	bool opaque = !row->protocol || !strcmp(row->protocol, "unknown") ||
		      !strcmp(row->protocol, "tls");

	if (counts_outcome(c, OUTCOME_OK) || counts_outcome(c, OUTCOME_CLIENT_ERROR) ||
	    counts_outcome(c, OUTCOME_SERVER_ERROR))
		return false;
	if (!counts_outcome(c, OUTCOME_UNKNOWN))
		return false;
	return opaque || !counts_outcome(c, OUTCOME_NO_RESPONSE);
}

/* Callers who gave up or still wait after longer than the threshold. */
static uint64_t older(const struct service_row *row, unsigned int threshold)
{
	uint64_t aborted = counts_outcome(&row->counts, OUTCOME_ABORTED);

	return less(aborted, counts_within(&row->counts, threshold, OUTCOME_ABORTED)) +
	       row->in_flight.older[threshold];
}

static uint64_t failed(const struct series_counts *c)
{
	return counts_outcome(c, OUTCOME_SERVER_ERROR) + counts_outcome(c, OUTCOME_NO_RESPONSE);
}

void judge_availability(const struct service_row *row, unsigned int patience, const char *name,
			double target, struct judgement *ret)
{
	const struct series_counts *c = &row->counts;
	uint64_t unknown = counts_outcome(c, OUTCOME_UNKNOWN);
	struct tally t = {};

	*ret = (struct judgement){
		.name = name, .indicator = "availability", .threshold = patience, .target = target
	};
	if (!nothing_understood(row)) {
		t.good = counts_outcome(c, OUTCOME_OK) + counts_outcome(c, OUTCOME_CLIENT_ERROR);
		t.total = t.good + failed(c) + older(row, patience);
		t.good_lowest = t.good;
		t.good_highest = t.good + unknown;
		t.bound_total = t.total + unknown;
	}
	conclude(&t, ret);
}

/*
 * Answers that streamed on are counted by mask but not by outcome. They are taken from the good
 * ones; where a bad or an uncounted one may have been meant, the two ways are the bounds.
 */
static void take_streams_out(const struct series_counts *c, unsigned int threshold, bool opaque,
			     struct tally *t, uint64_t *answers)
{
	for (unsigned int mask = 0; mask < MASKS; mask++) {
		const __u64 *n = c->exchanges[mask];
		uint64_t streamed = c->streamed[mask];
		uint64_t unknown = n[OUTCOME_UNKNOWN];
		uint64_t good = n[OUTCOME_OK] + n[OUTCOME_CLIENT_ERROR] + (opaque ? unknown : 0);
		uint64_t other = n[OUTCOME_SERVER_ERROR] + (opaque ? 0 : unknown);

		t->total -= at_most(streamed, good + n[OUTCOME_SERVER_ERROR]);
		*answers -= at_most(less(streamed, other), good);
		if (!(mask & (1u << threshold)))
			continue;
		t->good -= at_most(streamed, good);
		t->good_lowest -= at_most(streamed, good);
		t->good_highest -= at_most(less(streamed, other), good);
	}
}

void judge_latency(const struct service_row *row, unsigned int threshold, const char *name,
		   double target, struct judgement *ret)
{
	const struct series_counts *c = &row->counts;
	uint64_t undated = c->undated[threshold];
	bool opaque = nothing_understood(row);
	uint64_t answers; /* that are good if they were in time */
	struct tally t = {};

	*ret = (struct judgement){
		.name = name, .indicator = "latency", .threshold = threshold, .target = target
	};
	answers = counts_outcome(c, OUTCOME_OK) + counts_outcome(c, OUTCOME_CLIENT_ERROR);
	t.good = counts_within(c, threshold, OUTCOME_OK) +
		 counts_within(c, threshold, OUTCOME_CLIENT_ERROR);
	if (opaque) {
		answers += counts_outcome(c, OUTCOME_UNKNOWN);
		t.good += counts_within(c, threshold, OUTCOME_UNKNOWN);
	}
	t.total = answers + failed(c) + older(row, threshold);
	t.good_lowest = t.good_highest = t.good;
	take_streams_out(c, threshold, opaque, &t, &answers);
	t.good_lowest = less(t.good_lowest, undated);
	t.good_highest = at_most(t.good_highest + undated, at_most(answers, t.total));
	t.bound_total = t.total;
	conclude(&t, ret);
}
