/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tally.h - what a rule counts of one service. Pure, in whole numbers.
 * Knows: counts of one service, a rule. Must not know: targets, which services are meant.
 */
#ifndef TROTH_SLO_TALLY_H
#define TROTH_SLO_TALLY_H

#include <stdbool.h>

#include "../store/rows.h"

/* Which exchanges a metric counts. */
struct counted {
	unsigned int outcomes;	/* bit 1 << enum outcome each; 0: the default of good or total */
	bool timed;		/* only those within a threshold ... */
	unsigned int threshold; /* ... of this index */
	unsigned int part;	/* enum part of that threshold */
};

/* Good exchanges of valid ones. */
struct rule {
	struct counted good;
	bool good_is_bad; /* what `good` counts is bad: good is the rest of the total. Not timed */
	struct counted total;
	unsigned int patience; /* index of a duration; asked only where nothing is timed */
};

/* What rules ask of a service. Borrowed. */
struct countable {
	const __u64 (
		*exchanges)[OUTCOMES]; /* by mask, as in struct series_counts; so what follows */
	const __u64 *streamed;
	const __u64 *undated;
	__u64 undivided;
	const uint64_t *older; /* that wait, by threshold */
	bool understood;
};

/*
 * Were the answers of a service ever understood? Counts of its whole life. Only what was answered
 * proves that they are not: a server that hangs or closes before it reads has no known protocol either,
 * and is judged.
 */
bool tally_understood(const struct service_row *row);

struct countable tally_countable(const struct service_row *row);

/* What a rule counts, before the target is asked. */
struct tally {
	uint64_t good, total;
	uint64_t good_lowest, good_highest;
	uint64_t bound_total; /* total of which the two bounds are parts */
};

/* False, and zeros: the rule cannot say anything about it. What counts: judge.h. */
bool tally_count(const struct rule *rule, const struct countable *c, struct tally *ret);

/* From good to bad and back: the rest of the total. */
void tally_turn_round(struct tally *t);

/* The threshold after which who waits counts; THRESHOLDS: none. */
unsigned int tally_limit(const struct rule *rule);

#endif
