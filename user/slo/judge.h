/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.h - was a promise kept by one service? Pure arithmetic on one row.
 * Knows: counts, a target. Must not know: where counts come from, where results go.
 */
#ifndef TROTH_SLO_JUDGE_H
#define TROTH_SLO_JUDGE_H

#include "../store/rows.h"
#include "result.h"

/* One objective of one service. Strings are borrowed from whoever asked. */
struct judgement {
	const char *name;
	const char *indicator;	/* "availability" or "latency" */
	unsigned int threshold; /* index: latency: its limit; availability: the patience */
	double target;		/* 0..1 */
	uint64_t good, total;
	double sli;			/* NAN: no data */
	double sli_lowest, sli_highest; /* differ from sli only where exact is false */
	bool exact;
	enum verdict verdict;
	double allowed, spent, remaining_ratio; /* budget, in events */
};

/*
 * Availability (CONTRACT "What counts as what", DESIGN 3): ok and client_error are good;
 * valid is all but aborted and unknown, and what was aborted or waits past the patience
 * (threshold index) is valid and bad. Not exact where some outcomes are unknown.
 * A service of which every outcome is unknown has no data.
 */
void judge_availability(const struct service_row *row, unsigned int patience, const char *name,
			double target, struct judgement *ret);

/*
 * Latency within threshold (index): good is ok and client_error within it; valid is all but
 * aborted and unknown (for a service of which nothing is understood, unknown counts in both),
 * plus what was aborted or waits and is already older. What streamed on after its end was counted is
 * taken out again. Not exact where the end of some exchange is not known to the threshold.
 */
void judge_latency(const struct service_row *row, unsigned int threshold, const char *name,
		   double target, struct judgement *ret);

#endif
