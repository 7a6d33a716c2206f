// SPDX-License-Identifier: Apache-2.0
/* alert_pairs.c - default alerts, scaled. Leaves judging to slo/alerts.c. */
#include "alert_pairs.h"

#define MINUTE	60
#define HOUR	3600
#define DAY	86400
#define DAYS_28 (28 * DAY)

uint32_t alert_window_s(uint32_t window_s, int64_t period_s)
{
	int64_t whole = (int64_t)DAYS_28 * MINUTE;

	if (period_s >= DAYS_28)
		return window_s;
	return (uint32_t)((window_s * period_s + whole - 1) / whole * MINUTE);
}

void alert_pairs(int64_t period_s, struct alert_pair ret[ALERT_PAIRS])
{
	static const struct alert_pair pairs[ALERT_PAIRS] = {
		{ "page", 2, HOUR, 5 * MINUTE },
		{ "page", 5, 6 * HOUR, 30 * MINUTE },
		{ "ticket", 10, DAY, 2 * HOUR },
		{ "ticket", 10, 3 * DAY, 6 * HOUR },
	};

	for (unsigned int i = 0; i < ALERT_PAIRS; i++) {
		ret[i] = pairs[i];
		ret[i].long_s = alert_window_s(pairs[i].long_s, period_s);
		ret[i].short_s = alert_window_s(pairs[i].short_s, period_s);
	}
}

double alert_pair_factor(const struct alert_pair *p, int64_t period_s)
{
	return (double)(p->percent * period_s) / (100.0 * p->long_s);
}
