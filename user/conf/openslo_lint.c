// SPDX-License-Identifier: Apache-2.0
/*
 * openslo_lint.c - what no single field shows: alerts that can never fire, and revisions that change
 * what only targets may or that judge before their time. Leaves the fields to their readers.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/zone.h"
#include "alert_pairs.h"
#include "duration.h"
#include "openslo_read.h"

#define THRESHOLD_MAX 1e9 /* nothing burns as fast */
#define NANO	      1000000000

static double highest_burn(const struct objective *o)
{
	return 1 / (1 - decimal_double(o->target));
}

static const char *window_text(unsigned int s, char *buf, size_t size)
{
	return duration_format(s * SEC_NS, buf, size);
}

static void never(const struct world *w, const struct objective *o, const char *what,
		  enum comparison op, double factor)
{
	char target[DECIMAL_TEXT];

	decimal_format(o->target, 0, target);
	WARNING_AT(
		w, o->place,
		"%s can never fire: factor %.6g can never be %s: with a target of %s the highest "
		"burn rate is 1/(1-%s) = %.4g",
		what, factor, op == COMPARE_GTE ? "reached" : "exceeded", target, target,
		highest_burn(o));
}

static void lint_defaults(const struct world *w, const struct slo *slo, const struct objective *o)
{
	int64_t period_s = span_seconds(slo->window.span);
	char what[128], long_text[32], short_text[32];
	struct alert_pair pairs[ALERT_PAIRS];

	alert_pairs(period_s, pairs);
	for (unsigned int i = 0; i < ALERT_PAIRS; i++) {
		const struct alert_pair *p = &pairs[i];

		/*
		 * Both sides whole: percent * period * (1 - target) >= 100 * long. The factor has to
		 * be exceeded: at the highest rate itself the alert stays silent.
		 */
		if ((unsigned __int128)p->percent * (uint64_t)period_s * (DECIMAL_ONE - o->target) <
		    (unsigned __int128)100 * p->long_s * DECIMAL_ONE)
			continue;
		snprintf(what, sizeof(what), "the default %s over %s and %s", p->severity,
			 window_text(p->long_s, long_text, sizeof(long_text)),
			 window_text(p->short_s, short_text, sizeof(short_text)));
		never(w, o, what, COMPARE_GT, alert_pair_factor(p, period_s));
	}
}

/* In whole numbers, as the judge has it: at the highest rate itself gte fires, gt does not. */
static bool can_fire(const struct alert_condition *c, decimal target)
{
	uint64_t nano = (uint64_t)llround(fmin(c->threshold, THRESHOLD_MAX) * NANO);
	unsigned __int128 asked = (unsigned __int128)nano * (DECIMAL_ONE - target);
	unsigned __int128 highest = (unsigned __int128)NANO * DECIMAL_ONE;

	if (c->op == COMPARE_GTE)
		return asked <= highest;
	return c->op != COMPARE_GT || asked < highest;
}

static void lint_condition(const struct world *w, const struct alert_policy *p,
			   const struct alert_condition *c, const struct objective *o)
{
	char what[192], window[32];

	if (can_fire(c, o->target))
		return;
	snprintf(what, sizeof(what), "condition '%.60s' of policy '%.60s' over %s", c->name,
		 p->name, window_text(c->lookback_s, window, sizeof(window)));
	never(w, o, what, c->op, c->threshold);
}

static void lint_objective(const struct world *w, const struct slo *slo, const struct objective *o)
{
	if (!slo->n_policies)
		lint_defaults(w, slo, o);
	for (size_t p = 0; p < slo->n_policies; p++)
		for (size_t c = 0; c < slo->policies[p].n_conditions; c++)
			lint_condition(w, &slo->policies[p], &slo->policies[p].conditions[c], o);
}

void lint_alerts(const struct world *w, const struct document *d)
{
	const struct yaml_node *list = yaml_get(d->spec, "objectives");
	const struct slo *slo = d->object;

	if (!slo->window.span.n)
		return;
	/* Without an error each of the list is one; of a mistyped target one thing is said. */
	for (size_t i = 0; i < slo->n_objectives; i++)
		if (!percent_is_low(list->item[i], slo->objectives[i].target))
			lint_objective(w, slo, &slo->objectives[i]);
}

static bool same_window(const struct time_window *a, const struct time_window *b)
{
	return a->rolling == b->rolling && a->span.n == b->span.n && a->span.unit == b->span.unit &&
	       a->start_year == b->start_year && a->start_month == b->start_month &&
	       a->start_day == b->start_day && a->start_hour == b->start_hour &&
	       a->start_minute == b->start_minute && a->start_second == b->start_second &&
	       !strcmp(a->zone, b->zone);
}

static bool same_slices(const struct slo *a, const struct slo *b)
{
	for (size_t i = 0; i < a->n_objectives; i++)
		if (a->objectives[i].slice_s != b->objectives[i].slice_s)
			return false;
	return a->method == b->method;
}

/* Somebody has to judge: the first revision does, also before its time. */
static void lint_first(const struct world *w, const struct slo *slo)
{
	char text[TIME_TEXT];

	if (w->now && slo->since > w->now)
		WARNING_AT(
			w, slo->place,
			"troth.dev/since is in the future: until %s this document judges all the "
			"same, as there is no earlier one; write that one too, or leave since out",
			time_format(slo->since, text));
}

/* Targets change in time; what they are counted in does not. */
void lint_revisions(const struct world *w, const struct slo_set *set)
{
	for (size_t i = 0; i < set->n_slos; i++) {
		const struct slo *slo = &set->slos[i], *before = i ? slo - 1 : NULL;
		const char *changed;

		if (!before || strcmp(before->name, slo->name) != 0) {
			lint_first(w, slo);
			continue;
		}
		changed = before->n_objectives != slo->n_objectives   ? "objectives" :
			  !same_window(&before->window, &slo->window) ? "timeWindow" :
			  !same_slices(before, slo) ? "budgetingMethod or timeSliceWindow" :
						      NULL;
		if (changed)
			WARNING_AT(
				w, slo->place,
				"this revision changes %s: only targets are judged by their time, the "
				"rest is as in the revision in force",
				changed);
	}
}
