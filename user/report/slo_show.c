// SPDX-License-Identifier: Apache-2.0
/* slo_show.c - the arithmetic of a promise. Leaves formats to slo_show_text.c and slo_show_json.c. */
#include "slo_show.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slo_words.h"

#define MINUTE_S 60.0

void slo_allowance(const struct slo_entry *e, struct allowance *ret)
{
	const struct slo_result *r = &e->result;
	const struct objective *o = e->objective;
	char text[DECIMAL_TEXT];

	*ret = (struct allowance){ .window_s = span_seconds(e->slo->window.span) };
	if (o) {
		ret->ratio = decimal_double(DECIMAL_ONE - o->target);
		snprintf(ret->target, sizeof(ret->target), "%s %%",
			 decimal_format(o->target, -2, text));
	} else {
		ret->ratio = 1 - r->target;
		snprintf(ret->target, sizeof(ret->target), "%.30s", human_target(r->target).s);
	}
	ret->per_million = 1e6 * ret->ratio;
	ret->one_in = ret->ratio > 0 ? 1 / ret->ratio : INFINITY;
	ret->minutes = ret->ratio * (double)ret->window_s / MINUTE_S;
	if (o && o->slice_s && e->slo->method != METHOD_OCCURRENCES) {
		ret->slices_of = (double)ret->window_s / o->slice_s;
		ret->slices = ret->ratio * ret->slices_of;
	}
}

const struct alert_condition *slo_condition(const struct slo *slo, size_t i)
{
	for (size_t k = 0; k < slo->n_policies; k++) {
		if (i < slo->policies[k].n_conditions)
			return &slo->policies[k].conditions[i];
		i -= slo->policies[k].n_conditions;
	}
	return NULL;
}

/*
 * Slices count once they have ended: the first number of them whose share of the window, which is
 * rounded up to slices, is over (or at) the limit.
 */
static double whole_slices(double limit, uint32_t window_s, uint32_t slice_s, bool at)
{
	double n = limit * ceil((double)window_s / slice_s), near = round(n);

	if (fabs(n - near) < 1e-9 * (1 + near)) /* fractions do not add up to the last digit */
		return (at ? fmax(near, 1) : near + 1) * slice_s;
	return ceil(n) * slice_s;
}

double slo_detect_s(const struct slo_entry *e, const struct allowance *a, size_t alert)
{
	const struct alert_state *s = &e->result.alerts[alert];
	const struct alert_condition *c = slo_condition(e->slo, alert);
	enum comparison op = c ? c->op : COMPARE_GT;
	double detect_s;

	if (!s->can_fire || op == COMPARE_LT || op == COMPARE_LTE)
		return INFINITY;
	/* The long window's error ratio grows by 1 / long_s a second, to factor * (1 - target). */
	detect_s = s->factor * a->ratio * s->long_s;
	if (a->slices_of > 0)
		detect_s = whole_slices(s->factor * a->ratio, s->long_s, e->objective->slice_s,
					op == COMPARE_GTE);
	return detect_s + (c ? c->alert_after_s : 0);
}

struct human slo_number(double value)
{
	struct human ret, whole;
	char text[40], *point;

	snprintf(text, sizeof(text), "%.10g", value);
	point = strchr(text, '.');
	if (!(value >= 1000 && value < 1e10)) {
		snprintf(ret.s, sizeof(ret.s), "%s", text);
		return ret;
	}
	whole = human_count((uint64_t)strtoull(text, NULL, 10));
	snprintf(ret.s, sizeof(ret.s), "%.30s%.12s", whole.s, point ? point : "");
	return ret;
}
