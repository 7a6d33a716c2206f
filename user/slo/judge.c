// SPDX-License-Identifier: Apache-2.0
/*
 * judge.c - counts against a target, in whole numbers. What a rule counts of each service is tally.c's;
 * leaves words to report, and which rows are meant to plan.
 */
#include "judge.h"

#include <math.h>

#include "cell.h"

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

void judge(const struct rule *rule, const struct judged_row *rows, size_t n, struct judgement *ret)
{
	struct tally sum = {};

	ret->timed = rule->good.timed || rule->total.timed;
	ret->indicator = ret->timed ? "latency" : "availability";
	ret->threshold = rule->good.timed  ? rule->good.threshold :
			 rule->total.timed ? rule->total.threshold :
					     rule->patience;
	for (size_t i = 0; i < n; i++) {
		struct countable c = tally_countable(rows[i].row);
		struct tally t;

		tally_count(rule, &c, &t);
		if (rows[i].total) {
			sum.total += t.total;
			sum.bound_total += t.bound_total;
		}
		if (!rows[i].good)
			continue;
		if (rule->good_is_bad)
			tally_turn_round(&t);
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
		tally_turn_round(&sum);
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
