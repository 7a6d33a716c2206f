// SPDX-License-Identifier: Apache-2.0
/*
 * live.c - see live.h: makes objectives of a set, and says what they come to. A board does what it does for
 * replay; what a tick counts is live_services.c's, what a minute comes to live_minutes.c's.
 */
#include "live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live_parts.h"
#include "plan.h"

DEFINE_FREEP(struct board, board_free)

void live_free(struct live *l)
{
	if (!l)
		return;
	known_free_all(l);
	for (size_t i = 0; i < l->n; i++) {
		planned_clear(&l->promised[i].planned);
		inexact_free(&l->promised[i].inexact);
	}
	board_free(l->board);
	free(l->promised);
	free(l->objective_of);
	free(l->rules);
	free(l->names);
	free(l);
}

/* --- limits ------------------------------------------------------------------------------------- */

int live_limits(const struct slo_set *set, int64_t now, struct problems *problems,
		struct threshold ret[THRESHOLDS], unsigned int *ret_n, uint64_t *ret_idle_end_ns)
{
	_cleanup_(plan_freep) struct plan *plan = NULL;
	const struct threshold *limits;
	int r = plan_new(set, now, problems, &plan);

	if (r)
		return r;
	limits = plan_thresholds(plan, ret_n);
	memcpy(ret, limits, *ret_n * sizeof(*ret));
	*ret_idle_end_ns = limits_idle_end_ns(plan_largest_ns(plan));
	return 0;
}

/* --- making ------------------------------------------------------------------------------------- */

static void hour_ended(void *context, size_t row, const struct hour_sums *h)
{
	struct live *l = context;
	size_t objective = l->objective_of[row];
	struct promised *p = &l->promised[objective];
	struct live_hour hour = { .time = h->time,
				  .good = h->good,
				  .total = h->total,
				  .ratio = h->ratio,
				  .inexact = p->inexact.untold,
				  .revision = h->revision };

	p->inexact.untold = 0;
	memcpy(hour.cells, h->cells, sizeof(hour.cells));
	memcpy(hour.ns, h->ns, sizeof(hour.ns));
	if (l->ready && l->options.hour_ended)
		l->options.hour_ended(l->options.context, objective, &hour);
}

static void changed(void *context, const struct slo *slo, const struct objective *o,
		    const struct alert_change *change)
{
	struct live *l = context;

	if (l->options.changed)
		l->options.changed(l->options.context, slo, o, change);
}

static bool same_counted(const struct counted *a, const struct counted *b)
{
	return a->outcomes == b->outcomes && a->timed == b->timed && a->threshold == b->threshold &&
	       a->part == b->part;
}

/* Objectives by the same rule are counted together. */
static unsigned int rule_index(struct live *l, const struct rule *rule)
{
	for (unsigned int i = 0; i < l->n_rules; i++) {
		const struct rule *r = &l->rules[i];

		if (same_counted(&r->good, &rule->good) && same_counted(&r->total, &rule->total) &&
		    r->good_is_bad == rule->good_is_bad && r->patience == rule->patience)
			return i;
	}
	l->rules[l->n_rules] = *rule;
	return l->n_rules++;
}

/* The rules of all objectives, by the limits that are in the kernel. */
static int assign_rules(struct live *l, char *why, size_t why_size)
{
	struct limits limits = { .n = l->options.n_limits };
	_cleanup_(problems_clear) struct problems problems = {};
	_cleanup_(freep) struct planned *planned = calloc(l->n + 1, sizeof(*planned));

	if (!planned)
		return -ENOMEM;
	memcpy(limits.thresholds, l->limits, sizeof(l->limits));
	for (unsigned int i = 0; i < THRESHOLDS; i++)
		limits.places[i].file = "the kernel";
	for (size_t i = 0; i < l->n; i++)
		planned[i] = l->promised[i].planned;
	limits_assign(&limits, planned, l->n, &problems);
	if (problems.out_of_memory)
		return -ENOMEM;
	for (unsigned int i = l->options.n_limits; i < limits.n; i++) {
		snprintf(why, why_size,
			 "%s:%u:%u: a limit of %g ms is not among those that the kernel counts by",
			 limits.places[i].file, limits.places[i].line, limits.places[i].column,
			 (double)limits.thresholds[i].max_ns / 1e6);
		return -EINVAL;
	}
	if (problems.n) {
		const struct problem *first = &problems.item[0];

		snprintf(why, why_size, "%s:%u:%u: %s", first->place.file, first->place.line,
			 first->place.column, first->message);
		return -E2BIG;
	}
	for (size_t i = 0; i < l->n; i++) {
		struct promised *p = &l->promised[i];

		p->planned.rule = planned[i].rule;
		if (!is_measured(p))
			continue;
		p->rule = rule_index(l, &p->planned.rule);
		p->limit = tally_limit(&p->planned.rule);
	}
	return 0;
}

static int add_objectives(struct live *l)
{
	size_t rows = board_n_results(l->board);

	l->promised = calloc(rows + 1, sizeof(*l->promised));
	l->objective_of = calloc(rows + 1, sizeof(*l->objective_of));
	l->rules = calloc(rows + 1, sizeof(*l->rules));
	if (!l->promised || !l->objective_of || !l->rules)
		return -ENOMEM;
	for (size_t i = 0; i < rows; i++) {
		struct track *track = board_track(l->board, i);
		struct promised *p = &l->promised[l->n];

		l->objective_of[i] = track ? l->n : SIZE_MAX;
		if (!track)
			continue;
		l->n++;
		p->row = i;
		p->track = track;
		if (planned_make(&p->planned, board_slo(l->board, i), board_objective(l->board, i),
				 l->options.now))
			return -ENOMEM;
	}
	return 0;
}

int live_new(const struct live_options *o, struct live **ret, char *why, size_t why_size)
{
	_cleanup_(live_freep) struct live *l = calloc(1, sizeof(*l));
	int r;

	if (!l || o->n_limits > THRESHOLDS)
		return l ? -EINVAL : -ENOMEM;
	*why = '\0';
	l->options = *o;
	l->options.limits = l->limits;
	if (o->n_limits)
		memcpy(l->limits, o->limits, o->n_limits * sizeof(*o->limits));
	l->minute = minute_of(o->now);
	l->looked = o->now;
	r = board_new(o->set,
		      &(struct board_options){ .step_s = LIVE_STEP_S,
					       .from = o->now,
					       .to = o->now,
					       .excluded_to = o->now + LOOK_AHEAD_S,
					       .fine_s = LIVE_FINE_S,
					       .changed = changed,
					       .hour_ended = hour_ended,
					       .context = l },
		      &l->board, why, why_size);
	if (!r)
		r = add_objectives(l);
	if (!r)
		r = assign_rules(l, why, why_size);
	if (r)
		return r;
	*ret = TAKE(l);
	return 0;
}

int64_t live_next_revision(const struct live *l)
{
	const struct slo_set *set = l->options.set;
	int64_t next = 0;

	for (size_t i = 0; i < set->n_slos; i++)
		if (set->slos[i].since > l->options.now && (!next || set->slos[i].since < next))
			next = set->slos[i].since;
	return next;
}

/* --- telling ------------------------------------------------------------------------------------ */

size_t live_n(const struct live *l)
{
	return l->n;
}

const char *live_name(const struct live *l, size_t objective)
{
	return l->promised[objective].planned.objective->counts_name;
}

const char *live_reason(const struct live *l, size_t objective)
{
	return l->promised[objective].planned.reason;
}

size_t live_n_results(const struct live *l)
{
	return board_n_results(l->board);
}

const struct slo *live_slo(const struct live *l, size_t i)
{
	return board_slo(l->board, i);
}

const struct objective *live_objective(const struct live *l, size_t i)
{
	return board_objective(l->board, i);
}

size_t live_objective_index(const struct live *l, size_t i)
{
	return l->objective_of[i];
}

static void show_open(const struct live *l, size_t row, int64_t now, uint32_t measured)
{
	const struct promised *p = &l->promised[l->objective_of[row]];
	struct since rest;
	struct step_counts c = live_fit(&p->since, &rest);

	c.measured = is_measured(p) && !(p->blind && !c.total) ? measured : 0;
	c.estimated = p->estimated;
	track_open(p->track, now, &c);
}

void live_result(struct live *l, size_t i, int64_t now, uint32_t open_measured,
		 struct slo_result *ret)
{
	size_t members = board_members(l->board, i);

	live_ready(l);
	if (!members)
		show_open(l, i, now, open_measured);
	for (size_t row = i - members; row < i; row++)
		show_open(l, row, now, open_measured);
	board_result(l->board, i, ret);
}

size_t live_bytes(const struct live *l)
{
	size_t n = sizeof(*l) + l->n * sizeof(*l->promised);

	for (size_t i = 0; i < l->n; i++)
		n += track_bytes(l->promised[i].track) +
		     (l->promised[i].inexact.hours ? l->promised[i].inexact.n * sizeof(uint64_t) :
						     0);
	return n + l->n_known * sizeof(struct known);
}
