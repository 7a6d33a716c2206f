/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alert_pairs.h - the multiwindow alerts of an SLO whose file names none.
 * Knows periods and targets. Must not know counts.
 * Source: the SRE workbook, "Alerting on SLOs"; CONTRACT "Replay, precisely" 12.
 */
#ifndef TROTH_CONF_ALERT_PAIRS_H
#define TROTH_CONF_ALERT_PAIRS_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/decimal.h"

struct alert_pair {
	const char *severity;
	unsigned int percent; /* of the budget, that the long window may spend */
	uint32_t long_s, short_s;
};
#define ALERT_PAIRS 4

void alert_pairs(int64_t period_s, struct alert_pair ret[ALERT_PAIRS]);

/* A window that is meant for 28 days and more: for a shorter period less, in whole minutes. */
uint32_t alert_window_s(uint32_t window_s, int64_t period_s);

/* percent * period / long */
double alert_pair_factor(const struct alert_pair *p, int64_t period_s);

#endif
