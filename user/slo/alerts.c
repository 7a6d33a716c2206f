// SPDX-License-Identifier: Apache-2.0
/* alerts.c - derives alerts and judges them, in whole numbers. Leaves windows to track.c. */
#include "alerts.h"

#include <math.h>

#include "../conf/alert_pairs.h"

#define FACTOR_MAX 1e9 /* nothing burns as fast */

typedef unsigned __int128 u128;

static struct fraction fraction_of(u128 num, u128 den)
{
	u128 a = num, b = den;

	while (b) {
		u128 rest = a % b;

		a = b;
		b = rest;
	}
	if (a > 1) {
		num /= a;
		den /= a;
	}
	while (num >> 64 || den >> 64) { /* targets of 18 digits: the last of them do not matter */
		num >>= 1;
		den >>= 1;
	}
	return (struct fraction){ (uint64_t)num, den ? (uint64_t)den : 1 };
}

static unsigned int default_alerts(int64_t period_s, struct alert_state *states,
				   struct alert_rule *rules)
{
	struct alert_pair pairs[ALERT_PAIRS];

	alert_pairs(period_s, pairs);
	for (unsigned int i = 0; i < ALERT_PAIRS; i++) {
		states[i] =
			(struct alert_state){ .severity = pairs[i].severity,
					      .long_s = pairs[i].long_s,
					      .short_s = pairs[i].short_s,
					      .factor = alert_pair_factor(&pairs[i], period_s) };
		rules[i] = (struct alert_rule){ .share = pairs[i].percent, .op = COMPARE_GT };
	}
	return ALERT_PAIRS;
}

unsigned int alerts_of(const struct slo *slo, struct alert_state *states, struct alert_rule *rules)
{
	unsigned int n = 0;
	double factor;

	for (size_t i = 0; i < slo->n_policies; i++)
		for (size_t j = 0; j < slo->policies[i].n_conditions && n < ALERTS_MAX; j++) {
			const struct alert_condition *c = &slo->policies[i].conditions[j];

			states[n] = (struct alert_state){ .severity = c->severity,
							  .long_s = c->lookback_s,
							  .factor = c->threshold };
			factor = fmin(fmax(c->threshold, 0), FACTOR_MAX);
			rules[n++] = (struct alert_rule){
				.given = fraction_of((u128)llround(factor * 1e9), 1000000000),
				.op = c->op,
				.after_s = c->alert_after_s,
			};
		}
	return n ? n : default_alerts(span_seconds(slo->window.span), states, rules);
}

void alerts_aim(const struct slo *slo, decimal target, struct alert_state *states,
		struct alert_rule *rules, unsigned int n)
{
	uint64_t period_s = (uint64_t)span_seconds(slo->window.span);
	decimal allowed = target < DECIMAL_ONE ? DECIMAL_ONE - target : 0;

	for (unsigned int i = 0; i < n; i++) {
		struct alert_rule *r = &rules[i];
		bool reachable;

		if (r->share)
			r->ratio = fraction_of((u128)r->share * period_s * allowed,
					       (u128)100 * states[i].long_s * DECIMAL_ONE);
		else
			r->ratio = fraction_of((u128)r->given.num * allowed,
					       (u128)r->given.den * DECIMAL_ONE);
		reachable = r->op == COMPARE_GTE ? r->ratio.num <= r->ratio.den :
						   r->ratio.num < r->ratio.den;
		states[i].can_fire = reachable || r->op == COMPARE_LT || r->op == COMPARE_LTE;
	}
}

double burn_rate(const struct sums *s, enum budget_method method, decimal target)
{
	double allowed = target < DECIMAL_ONE ? decimal_double(DECIMAL_ONE - target) : 0;
	double spent = sums_spent(s, method), basis = sums_basis(s, method);

	if (!sums_measured(s))
		return NAN;
	if (spent <= 0 || basis <= 0)
		return 0;
	return spent / basis / allowed;
}

/* Each slice's ratio was rounded by at most half of 10^-18: what differs by so little is equal. */
static int compare_ratios(const struct sums *s, const struct fraction *q)
{
	uint64_t n = sums_measured(s);
	long double spent = (long double)sums_spent_units(s, METHOD_RATIO_TIMESLICES) / DECIMAL_ONE;
	long double difference = (n ? spent / n : 0) - (long double)q->num / q->den;

	return difference > 2e-18L ? 1 : difference < -2e-18L ? -1 : 0;
}

/* The ratio of errors less the rule's, as a sign. */
static int compare(const struct sums *s, enum budget_method method, const struct fraction *q)
{
	uint64_t bad, of;
	u128 left, right;

	if (method == METHOD_RATIO_TIMESLICES)
		return compare_ratios(s, q);
	bad = method == METHOD_OCCURRENCES ? s->total - s->good : s->cells[CELL_BAD];
	of = method == METHOD_OCCURRENCES ? s->total : sums_measured(s);
	if (!of)
		of = 1; /* idle: a rate of 0 */
	left = (u128)bad * q->den;
	right = (u128)of * q->num;
	return (left > right) - (left < right);
}

static bool too_high(const struct sums *s, enum budget_method method, const struct alert_rule *r)
{
	int sign = compare(s, method, &r->ratio);

	switch (r->op) {
	case COMPARE_GT:
		return sign > 0;
	case COMPARE_LT:
		return sign < 0;
	case COMPARE_LTE:
		return sign <= 0;
	default:
		return sign >= 0;
	}
}

bool alert_judge(struct alert_state *a, struct alert_rule *rule, enum budget_method method,
		 const struct sums *long_sums, const struct sums *short_sums, uint64_t min_bad,
		 int64_t now)
{
	bool above;

	a->bad = long_sums->total - long_sums->good;
	a->frozen = !sums_measured(long_sums) || (short_sums && !sums_measured(short_sums));
	if (a->frozen)
		return false;
	above = too_high(long_sums, method, rule) &&
		(!short_sums || too_high(short_sums, method, rule));
	if (!above) {
		bool fired = a->firing;

		rule->pending = 0;
		a->firing = false;
		a->since = 0;
		return fired;
	}
	if (!rule->pending)
		rule->pending = now;
	if (a->firing || a->bad < min_bad || now - rule->pending < rule->after_s)
		return false;
	a->firing = true;
	a->since = now;
	return true;
}
