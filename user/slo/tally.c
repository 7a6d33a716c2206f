// SPDX-License-Identifier: Apache-2.0
/*
 * tally.c - counts of one service by a rule. Every indicator is the same few steps. Leaves what they
 * are held against to judge.c.
 */
#include "tally.h"

#include <string.h>

#define BIT(outcome) (1u << (outcome))

#define GOOD_OUTCOMES	(BIT(OUTCOME_OK) | BIT(OUTCOME_CLIENT_ERROR))
#define BAD_OUTCOMES	(BIT(OUTCOME_SERVER_ERROR) | BIT(OUTCOME_NO_RESPONSE))
#define ANSWER_OUTCOMES (GOOD_OUTCOMES | BIT(OUTCOME_SERVER_ERROR) | BIT(OUTCOME_UNKNOWN))

/* A rule as it applies to one service. */
struct view {
	const struct rule *rule;
	const struct countable *counts;
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

bool tally_understood(const struct service_row *row)
{
	const struct series_counts *c = &row->counts;
	bool opaque = !row->protocol || !strcmp(row->protocol, "unknown") ||
		      !strcmp(row->protocol, "tls");

	if (counts_outcome(c, OUTCOME_OK) || counts_outcome(c, OUTCOME_CLIENT_ERROR) ||
	    counts_outcome(c, OUTCOME_SERVER_ERROR))
		return true;
	if (!counts_outcome(c, OUTCOME_UNKNOWN))
		return true;
	return !opaque && counts_outcome(c, OUTCOME_NO_RESPONSE);
}

struct countable tally_countable(const struct service_row *row)
{
	return (struct countable){
		.exchanges = row->counts.exchanges,
		.streamed = row->counts.streamed,
		.undated = row->counts.undated,
		.undivided = row->counts.undivided,
		.older = row->in_flight.older,
		.understood = tally_understood(row),
	};
}

unsigned int tally_limit(const struct rule *rule)
{
	if (rule->total.timed)
		return THRESHOLDS; /* what ended in time is asked for; those who wait did not */
	return rule->good.timed ? rule->good.threshold : rule->patience;
}

/* False: the rule cannot say anything about it. */
static bool view_of(const struct rule *rule, const struct countable *c, struct view *ret)
{
	unsigned int first = rule->good.outcomes, total = rule->total.outcomes;
	bool timed = rule->good.timed || rule->total.timed;

	if (!first)
		first = rule->good_is_bad ? BAD_OUTCOMES : GOOD_OUTCOMES;
	if (!total)
		total = GOOD_OUTCOMES | BAD_OUTCOMES | first;
	if (!(total & BIT(OUTCOME_UNKNOWN)) && !c->understood) {
		if (!timed)
			return false;
		total |= BIT(OUTCOME_UNKNOWN);
		if (!rule->good_is_bad)
			first |= BIT(OUTCOME_UNKNOWN);
	}
	*ret = (struct view){ .rule = rule,
			      .counts = c,
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
	const struct countable *c = v->counts;
	unsigned int limit = tally_limit(rule);
	uint64_t waiting;

	if (limit == THRESHOLDS)
		return;
	waiting = c->older[limit];
	for (unsigned int mask = 0; mask < MASKS; mask++)
		if (!(v->total & BIT(OUTCOME_ABORTED)) && !(mask & BIT(limit)))
			t->total += c->exchanges[mask][OUTCOME_ABORTED];
	t->total += waiting;
	if (rule->good.timed && rule->good.part != PART_DURATION &&
	    rule->good.part != PART_FIRST_BYTE)
		t->good_highest += waiting;
}

/*
 * Answers that streamed on are counted by mask but not by outcome. They are taken from the good
 * ones; where a bad or an uncounted one may have been meant, the two ways are the bounds.
 */
static void take_streams_out(const struct view *v, struct tally *t, uint64_t *answers)
{
	const struct countable *c = v->counts;

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
	const struct countable *c = v->counts;

	return (rule->good.timed ? c->undated[rule->good.threshold] : 0) +
	       (rule->total.timed ? c->undated[rule->total.threshold] : 0);
}

/* The kernel counts parts that it does not know as 0, within any limit: they are left out. */
static void take_undivided_out(const struct view *v, struct tally *t)
{
	const struct rule *rule = v->rule;
	uint64_t unknown = v->counts->undivided;

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

bool tally_count(const struct rule *rule, const struct countable *c, struct tally *t)
{
	uint64_t answers = 0; /* that are good if they were in time */
	uint64_t unknown = 0;
	struct view v;

	*t = (struct tally){};
	if (!view_of(rule, c, &v))
		return false;
	for (unsigned int mask = 0; mask < MASKS; mask++) {
		const __u64 *n = c->exchanges[mask];

		unknown += n[OUTCOME_UNKNOWN];
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
		return true;
	}
	t->bound_total = t->total;
	if (!(v.total & BIT(OUTCOME_UNKNOWN))) {
		t->good_highest += unknown;
		t->bound_total += unknown;
	}
	return true;
}

void tally_turn_round(struct tally *t)
{
	uint64_t lowest = t->good_lowest;

	t->good = less(t->total, t->good);
	t->good_lowest = less(t->bound_total, t->good_highest);
	t->good_highest = less(t->bound_total, lowest);
}
