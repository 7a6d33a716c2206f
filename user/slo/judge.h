/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.h - was a promise kept? Pure arithmetic on the counts of one service or of several.
 * Knows: rows, a rule, a target. Must not know: where counts come from, where results go.
 */
#ifndef TROTH_SLO_JUDGE_H
#define TROTH_SLO_JUDGE_H

#include "../base/decimal.h"
#include "../store/rows.h"
#include "result.h"
#include "tally.h"

/* A row that the rule's good, its total or both count. */
struct judged_row {
	const struct service_row *row;
	bool good, total;
};

/* One objective. Strings and lists are borrowed from whoever asked. */
struct judgement {
	const char *name;
	const char *indicator; /* "availability", "latency"; NULL: it has none that is known here */
	bool timed;	       /* a limit of time says what is good: */
	unsigned int threshold; /* its index, else that of the patience */
	decimal target;
	uint64_t good, total;
	double sli;			/* NAN: no data */
	double sli_lowest, sli_highest; /* differ from sli only where exact is false */
	bool exact;
	enum verdict verdict;
	double allowed, spent, remaining_ratio; /* budget, in events */
	const size_t *services;			/* which rows of the sample were added, ascending */
	size_t n_services;
	const char *reason; /* why there is no data; NULL: the counts say it */
	bool impossible; /* to judge at all, as reason says: good ... remaining_ratio mean nothing */
	bool unmatched;	 /* no service is meant: reason says what was looked for */
	const char *maintenance; /* planned for now: until when, why, whose; NULL: none is */
	const char *promise;	 /* what was promised, in words; NULL: not given */
	const char *file;	 /* where it was written; NULL: a default objective */
	unsigned int line;
};

/*
 * Fills good ... remaining_ratio of *ret by the sum over rows; name, target and the rest stay as
 * they are, but indicator, timed and threshold follow from the rule, and reason is set where good
 * and total come from different rows and contradict each other.
 *
 * What counts (CONTRACT "What counts as what", DESIGN 3): the outcomes that good and total name; by
 * default ok and client_error are good, server_error and no_response bad, all but aborted and unknown
 * valid. What was aborted or waits, and is older than good's limit (without one: the patience), is
 * valid and never good. Where nothing is understood, a rule that is timed takes unknown for good and
 * valid, another one has no data. Of a limit of time what streamed on after its end was counted is taken
 * out again, and what has unknown parts if the limit is on a part. Not exact: unknown outcomes
 * (nothing is timed), ends and parts that are not known well enough (something is).
 */
void judge(const struct rule *rule, const struct judged_row *rows, size_t n, struct judgement *ret);

/* The default objectives, of one row: availability with a patience; duration within a threshold. */
void judge_availability(const struct service_row *row, unsigned int patience, const char *name,
			decimal target, struct judgement *ret);
void judge_latency(const struct service_row *row, unsigned int threshold, const char *name,
		   decimal target, struct judgement *ret);

#endif
