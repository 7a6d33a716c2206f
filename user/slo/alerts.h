/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alerts.h - which burn rates an SLO is warned of, and when one is too high.
 * Knows: an SLO, sums of windows. Must not know: how windows are kept.
 * Source: the SRE workbook, "Alerting on SLOs"; CONTRACT "Replay, precisely" 11 to 14.
 */
#ifndef TROTH_SLO_ALERTS_H
#define TROTH_SLO_ALERTS_H

#include "cell.h"
#include "result.h"

/* Of two whole numbers; exact, so that "above" is meant. */
struct fraction {
	uint64_t num, den;
};

/* What is needed beside the state to judge one alert. Windows are indices into those of the track. */
struct alert_rule {
	unsigned int
		share; /* percent of the budget that its long window may spend; 0: given by a policy */
	struct fraction given; /* factor of a policy */
	struct fraction ratio; /* of errors, at which the rate is the factor */
	enum comparison op;
	uint32_t after_s; /* the policy's alertAfter */
	int64_t pending;  /* when the rate was first found too high; 0: it is not */
	int64_t restored; /* since when it fires as the record says; 0: it does not */
	unsigned int long_window, short_window;
};

/* The pairs of CONTRACT 12, or the conditions of the SLO's policies; at most ALERTS_MAX. Returns how many. */
unsigned int alerts_of(const struct slo *slo, struct alert_state *states, struct alert_rule *rules);

/* The rules' ratios and can_fire, for this target. */
void alerts_aim(const struct slo *slo, decimal target, struct alert_state *states,
		struct alert_rule *rules, unsigned int n);

/* NAN: nothing was measured. */
double burn_rate(const struct sums *s, enum budget_method method, decimal target);

/* Judges one alert at the moment now. short_sums: NULL without a short window. True: its state has changed. */
bool alert_judge(struct alert_state *a, struct alert_rule *rule, enum budget_method method,
		 const struct sums *long_sums, const struct sums *short_sums, uint64_t min_bad,
		 int64_t now);

#endif
