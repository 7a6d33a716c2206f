/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ranking.h - the services of a diagnosis, the worst first.
 * Knows: rows, judgements. Must not know: formats.
 */
#ifndef TROTH_REPORT_RANKING_H
#define TROTH_REPORT_RANKING_H

#include "../base/cleanup.h"
#include "check.h"
#include "figures.h"

struct ranked {
	const struct service_row *row;
	const struct judgement *const *judgements; /* that it is part of */
	size_t n_judgements;
	struct figures figures;
	enum verdict verdict;	/* the worst */
	double remaining_ratio; /* the smallest */
	uint64_t bad; /* the most events that missed an objective failed: how many were hurt */
	bool idle;    /* nothing to say: no traffic, no trouble */
};

struct ranking {
	struct ranked *services;	     /* all that are not empty overflow rows */
	const struct judgement **judgements; /* of all services, one service after the other */
	size_t n_services;
	size_t n_missed_services;
	size_t n_met, n_missed, n_no_data; /* objectives */
};

/*
 * Missed before met before without data; then by what is left of the budget; then by traffic.
 * Borrows from the report. 0 or -ENOMEM.
 */
int ranking_new(const struct check_report *r, struct ranking **ret);
void ranking_free(struct ranking *r);
DEFINE_FREEP(struct ranking, ranking_free)

#endif
