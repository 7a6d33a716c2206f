/* SPDX-License-Identifier: Apache-2.0 */
/*
 * composite.h - several objectives as one: weighted means of their ratios.
 * Knows results. Must not know: counts by time. Source: OpenSLO v1, compositeWeight; CONTRACT 15.
 */
#ifndef TROTH_SLO_COMPOSITE_H
#define TROTH_SLO_COMPOSITE_H

#include "../base/decimal.h"
#include "result.h"

/* Zeroed but for burns, which has room for BURNS_MAX + 1 and lives as long as the result. */
struct composite {
	struct slo_result sum; /* of what adds up; the first member's, where all have the same */
	unsigned int members;
	struct mean { /* weighted */
		double weight, target;
		double allowed; /* 1 - target, kept apart for its last digits */
	} all, with_data;
	double error, sli, allowed_of, spent_of; /* of those with data */
	struct burn *burns;			 /* error ratios, weighted, until the end */
	double burn_weight[2 * ALERTS_MAX + 1];
};

void composite_add(struct composite *c, const struct slo_result *member, decimal weight);
void composite_result(struct composite *c, struct slo_result *ret);

#endif
