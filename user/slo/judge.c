// SPDX-License-Identifier: Apache-2.0
/*
 * judge.c - counts against a target, in whole numbers. Every indicator is the same few steps over a
 * rule. Knows rows; leaves words to report, and which rows are meant to plan.
 */
#include "judge.h"

#include <math.h>
#include <string.h>

#include "cell.h"

#define BIT(outcome) (1u << (outcome))

#define GOOD_OUTCOMES	(BIT(OUTCOME_OK) | BIT(OUTCOME_CLIENT_ERROR))
#define BAD_OUTCOMES	(BIT(OUTCOME_SERVER_ERROR) | BIT(OUTCOME_NO_RESPONSE))
#define ANSWER_OUTCOMES (GOOD_OUTCOMES | BIT(OUTCOME_SERVER_ERROR) | BIT(OUTCOME_UNKNOWN))

/* What a rule counts, before the target is asked. */
struct tally {
	uint64_t good, total;
	uint64_t good_lowest, good_highest;
	uint64_t bound_total; /* total of which the two bounds are parts */
};

/* A rule as it applies to one row. */
struct view {
	const struct rule *rule;
	const struct service_row *row;
	unsigned int good, total; /* outcomes; good is part of total */
	bool timed;
};

static uint64_t less(uint64_t from, uint64_t what)
{
	return from > what ? from - what : 0;
}

static uint64_t at_most(uint64_t n, uint64_t limit)
{
	return n < limit ? n : limit;
}

static void conclude(const struct tally *t, struct judgement *j)
{
	decimal missing = less(DECIMAL_ONE, j->target);

	j->good = t->good;
	j->total = t->total;
	j->exact = true;
	j->verdict = VERDICT_NO_DATA;
	j->sli = j->sli_lowest = j->sli_highest = NAN;
	j->allowed = (double)((unsigned __int128)missing * t->total) / (double)DECIMAL_ONE;
	j->spent = (double)(t->total - t->good);
	j->remaining_ratio = budget_remaining_ratio(j->allowed, j->spent);
	if (!t->total)
		return;
	j->verdict = decimal_reached(t->good, t->total, j->target) ? VERDICT_MET : VERDICT_MISSED;
	j->sli = j->sli_lowest = j->sli_highest = (double)t->good / (double)t->total;
	if (t->good_lowest == t->good_highest && t->bound_total == t->total)
		return;
	j->exact = false;
	j->sli_lowest = (double)t->good_lowest / (double)t->bound_total;
	j->sli_highest = (double)at_most(t->good_highest, t->bound_total) / (double)t->bound_total;
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

/* False: the rule cannot say anything about this row. */
static bool view_of(const struct rule *rule, const struct service_row *row, struct view *ret)
{
	unsigned int first = rule->good.outcomes, total = rule->total.outcomes;
	bool timed = rule->good.timed || rule->total.timed;

	if (!first)
		first = rule->good_is_bad ? BAD_OUTCOMES : GOOD_OUTCOMES;
	if (!total)
		total = GOOD_OUTCOMES | BAD_OUTCOMES | first;
	if (!(total & BIT(OUTCOME_UNKNOWN)) && nothing_understood(row)) {
		if (!timed)
			return false;
		total |= BIT(OUTCOME_UNKNOWN);
		if (!rule->good_is_bad)
			first |= BIT(OUTCOME_UNKNOWN);
	}
	*ret = (struct view){ .rule = rule,
			      .row = row,
			      .good = total & (rule->good_is_bad ? ~first : first),
			      .total = total,
			      .timed = timed };
	return true;
}

static bool within(const struct counted *m, unsigned int mask)
{
	return !m->timed || mask & (1u << m->threshold);
}

static uint64_t outcomes_of(const __u64 *n, unsigned int outcomes)
{
	uint64_t sum = 0;

	for (unsigned int o = 0; o < OUTCOMES; o++)
		if (outcomes & BIT(o))
			sum += n[o];
	return sum;
}

/*
 * Callers who gave up or still wait after longer than the limit. An age is a duration: of a limit
 * on a part that may have been over long before, it proves nothing, and is one of the bounds.
 */
static void add_older(const struct view *v, struct tally *t)
{
	const struct rule *rule = v->rule;
	const struct series_counts *c = &v->row->counts;
	bool timed = rule->good.timed;
	unsigned int limit = timed ? rule->good.threshold : rule->patience;
	uint64_t waiting = v->row->in_flight.older[limit];

	if (rule->total.timed)
		return; /* what ended in time is asked for; these did not */
	if (!(v->total & BIT(OUTCOME_ABORTED)))
		t->total += less(counts_outcome(c, OUTCOME_ABORTED),
				 counts_within(c, limit, OUTCOME_ABORTED));
	t->total += waiting;
	if (timed && rule->good.part != PART_DURATION && rule->good.part != PART_FIRST_BYTE)
		t->good_highest += waiting;
}

/*
 * Answers that streamed on are counted by mask but not by outcome. They are taken from the good
 * ones; where a bad or an uncounted one may have been meant, the two ways are the bounds.
 */
static void take_streams_out(const struct view *v, struct tally *t, uint64_t *answers)
{
	const struct series_counts *c = &v->row->counts;

	for (unsigned int mask = 0; mask < MASKS; mask++) {
		const __u64 *n = c->exchanges[mask];
		uint64_t streamed = c->streamed[mask];
		uint64_t good = outcomes_of(n, v->good & ANSWER_OUTCOMES);
		uint64_t other = outcomes_of(n, ANSWER_OUTCOMES & ~v->good);

		if (!streamed || !within(&v->rule->total, mask))
			continue;
		t->total -= at_most(streamed, outcomes_of(n, v->total & ANSWER_OUTCOMES));
		*answers -= at_most(less(streamed, other), good);
		if (!within(&v->rule->good, mask))
			continue;
		t->good -= at_most(streamed, good);
		t->good_lowest -= at_most(streamed, good);
		t->good_highest -= at_most(less(streamed, other), good);
	}
}

static uint64_t undated(const struct view *v)
{
	const struct rule *rule = v->rule;
	const struct series_counts *c = &v->row->counts;

	return (rule->good.timed ? c->undated[rule->good.threshold] : 0) +
	       (rule->total.timed ? c->undated[rule->total.threshold] : 0);
}

/* The kernel counts parts that it does not know as 0, within any limit: they are left out. */
static void take_undivided_out(const struct view *v, struct tally *t)
{
	const struct rule *rule = v->rule;
	uint64_t unknown = v->row->counts.undivided;

	if (!(rule->good.timed && rule->good.part != PART_DURATION) &&
	    !(rule->total.timed && rule->total.part != PART_DURATION))
		return;
	unknown = at_most(unknown, t->good);
	t->good -= unknown;
	t->total -= unknown;
	t->good_lowest = less(t->good_lowest, unknown);
}

static void tally_timed(const struct view *v, uint64_t answers, struct tally *t)
{
	uint64_t unsure = undated(v);

	take_streams_out(v, t, &answers);
	t->good_lowest = less(t->good_lowest, unsure);
	t->good_highest = at_most(t->good_highest + unsure, at_most(answers, t->total));
	t->bound_total = t->total;
	take_undivided_out(v, t);
}

static void tally_row(const struct rule *rule, const struct service_row *row, struct tally *t)
{
	uint64_t answers = 0; /* that are good if they were in time */
	uint64_t unknown = counts_outcome(&row->counts, OUTCOME_UNKNOWN);
	struct view v;

	*t = (struct tally){};
	if (!view_of(rule, row, &v))
		return;
	for (unsigned int mask = 0; mask < MASKS; mask++) {
		const __u64 *n = row->counts.exchanges[mask];

		if (!within(&rule->total, mask))
			continue;
		t->total += outcomes_of(n, v.total);
		answers += outcomes_of(n, v.good);
		if (within(&rule->good, mask))
			t->good += outcomes_of(n, v.good);
	}
	t->good_lowest = t->good_highest = t->good;
	add_older(&v, t);
	if (v.timed) {
		tally_timed(&v, answers + t->good_highest - t->good, t);
		return;
	}
	t->bound_total = t->total;
	if (!(v.total & BIT(OUTCOME_UNKNOWN))) {
		t->good_highest += unknown;
		t->bound_total += unknown;
	}
}

/* From good to bad and back: the rest of the total. */
static void turn_round(struct tally *t)
{
	uint64_t lowest = t->good_lowest;

	t->good = less(t->total, t->good);
	t->good_lowest = less(t->bound_total, t->good_highest);
	t->good_highest = less(t->bound_total, lowest);
}

void judge(const struct rule *rule, const struct judged_row *rows, size_t n, struct judgement *ret)
{
	struct tally sum = {};

	ret->timed = rule->good.timed || rule->total.timed;
	ret->indicator = ret->timed ? "latency" : "availability";
	ret->threshold = rule->good.timed  ? rule->good.threshold :
			 rule->total.timed ? rule->total.threshold :
					     rule->patience;
	for (size_t i = 0; i < n; i++) {
		struct tally t;

		tally_row(rule, rows[i].row, &t);
		if (rows[i].total) {
			sum.total += t.total;
			sum.bound_total += t.bound_total;
		}
		if (!rows[i].good)
			continue;
		if (rule->good_is_bad)
			turn_round(&t);
		sum.good += t.good;
		sum.good_lowest += t.good_lowest;
		sum.good_highest += t.good_highest;
	}
	if (sum.good > sum.total) {
		ret->reason = rule->good_is_bad ? "its `bad` counts more than its `total`" :
						  "its `good` counts more than its `total`";
		ret->impossible = true;
		sum = (struct tally){};
	} else if (rule->good_is_bad) {
		turn_round(&sum);
	}
	conclude(&sum, ret);
}

static void judge_one(const struct rule *rule, const struct service_row *row, const char *name,
		      decimal target, struct judgement *ret)
{
	const struct judged_row one = { .row = row, .good = true, .total = true };

	*ret = (struct judgement){ .name = name, .target = target };
	judge(rule, &one, 1, ret);
}

void judge_availability(const struct service_row *row, unsigned int patience, const char *name,
			decimal target, struct judgement *ret)
{
	judge_one(&(struct rule){ .patience = patience }, row, name, target, ret);
}

void judge_latency(const struct service_row *row, unsigned int threshold, const char *name,
		   decimal target, struct judgement *ret)
{
	const struct rule rule = { .good = { .timed = true, .threshold = threshold } };

	judge_one(&rule, row, name, target, ret);
}
