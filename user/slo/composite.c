// SPDX-License-Identifier: Apache-2.0
/*
 * composite.c - means of ratios. Members without data are left out, and the weights of the others count
 * as all. Alerts and forecasts stay the members' own.
 */
#include "composite.h"

#include <math.h>

#include "cell.h"

static void burns_add(struct composite *c, const struct slo_result *m, double weight)
{
	for (size_t i = 0; i < m->n_burns; i++) {
		c->burns[i].window_s = m->burns[i].window_s;
		if (!c->members)
			c->burns[i].rate = c->burn_weight[i] = 0;
		if (isnan(m->burns[i].rate))
			continue;
		c->burns[i].rate += weight * m->burns[i].rate * m->allowed_ratio;
		c->burn_weight[i] += weight;
	}
}

static void mean_add(struct mean *mean, const struct slo_result *m, double weight)
{
	mean->weight += weight;
	mean->target += weight * m->target;
	mean->allowed += weight * m->allowed_ratio;
}

void composite_add(struct composite *c, const struct slo_result *m, decimal units)
{
	double weight = decimal_double(units);
	struct slo_result *s = &c->sum;

	burns_add(c, m, weight);
	mean_add(&c->all, m, weight);
	if (m->verdict != VERDICT_NO_DATA) {
		mean_add(&c->with_data, m, weight);
		c->sli += weight * m->sli;
		c->error += weight * m->spent / m->spent_of;
		c->allowed_of += m->allowed_of;
		c->spent_of += m->spent_of;
	}
	if (!c->members++) {
		*s = *m;
		return;
	}
	s->good += m->good;
	s->total += m->total;
	s->good_ns += m->good_ns;
	s->bad_ns += m->bad_ns;
	s->idle_ns += m->idle_ns;
	s->unmeasured_ns += m->unmeasured_ns;
	s->excluded_ns += m->excluded_ns;
	s->estimated = s->estimated || m->estimated;
}

/* The mean of the members' time; what division leaves is unmeasured. */
static void share_time(struct slo_result *r, unsigned int n)
{
	uint64_t all = r->good_ns + r->bad_ns + r->idle_ns + r->unmeasured_ns + r->excluded_ns;
	double known;

	r->good_ns /= n;
	r->bad_ns /= n;
	r->idle_ns /= n;
	r->excluded_ns /= n;
	r->unmeasured_ns = all / n - r->good_ns - r->bad_ns - r->idle_ns - r->excluded_ns;
	known = (double)(r->good_ns + r->bad_ns + r->idle_ns);
	r->coverage = r->unmeasured_ns || known > 0 ? known / (known + (double)r->unmeasured_ns) :
						      NAN;
}

void composite_result(struct composite *c, struct slo_result *ret)
{
	bool data = c->with_data.weight > 0;
	const struct mean *mean = data ? &c->with_data : &c->all;

	*ret = c->sum;
	ret->objective = "*";
	ret->counts_name = ret->slo;
	ret->target = mean->target / mean->weight;
	ret->allowed_ratio = mean->allowed / mean->weight;
	ret->sli = data ? c->sli / mean->weight : NAN;
	ret->verdict = !data ? VERDICT_NO_DATA :
		       ret->sli >= ret->target - 1e-15 ? VERDICT_MET : /* means of doubles */
							 VERDICT_MISSED;
	share_time(ret, c->members);
	ret->allowed_of = c->allowed_of;
	ret->spent_of = c->spent_of;
	ret->allowed = ret->allowed_ratio * c->allowed_of;
	ret->spent = data ? c->error / mean->weight * c->spent_of : 0;
	ret->remaining = ret->allowed - ret->spent;
	ret->remaining_ratio = budget_remaining_ratio(ret->allowed, ret->spent);
	for (size_t i = 0; i < ret->n_burns; i++)
		c->burns[i].rate = c->burn_weight[i] > 0 ? c->burns[i].rate / c->burn_weight[i] /
								   ret->allowed_ratio :
							   NAN;
	ret->burns = c->burns;
	ret->n_alerts = 0;
	ret->exhausted_at = 0;
	ret->chance = NAN;
	ret->n_revisions = 1;
}
