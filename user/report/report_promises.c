// SPDX-License-Identifier: Apache-2.0
/*
 * report_promises.c - every objective in force over the period and the one before. Leaves adding up to
 * report_tally, judging to slo.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../slo/composite.h"
#include "report_model.h"

#define STEP_S 60

const char *const report_trends[] = {
	[TREND_UNKNOWN] = NULL,
	[TREND_BETTER] = "better",
	[TREND_SAME] = "same",
	[TREND_WORSE] = "worse",
};

/* --- results ------------------------------------------------------------------------------------ */

/* What a rolling window of the period's length, ending where the period ends, would say. */
static void tell(const struct report_promise *p, const struct report_tally *t, int64_t at,
		 struct slo_result *ret)
{
	const struct report_rules *rules = &p->rules;
	const struct sums *s = &t->sums;
	decimal target = rules->revisions[report_revision_at(rules, t->end)].target;
	decimal fail = target < DECIMAL_ONE ? DECIMAL_ONE - target : 0;
	uint64_t cells = (uint64_t)(t->end - t->start) / rules->cell_s, of;
	bool slices = rules->method != METHOD_OCCURRENCES;

	cells = cells > s->cells[CELL_EXCLUDED] ? cells - s->cells[CELL_EXCLUDED] : 0;
	of = slices ? cells : s->total;
	*ret = (struct slo_result){
		.slo = p->slo->name,
		.service = p->slo->service,
		.objective = p->objective->display_name,
		.counts_name = p->objective->counts_name,
		.method = budget_method_names[rules->method],
		.target = decimal_double(target),
		.allowed_ratio = decimal_double(fail),
		.at = at,
		.window_start = t->start,
		.window_end = t->end,
		.rolling = true,
		.good = s->good,
		.total = s->total,
		.sli = sums_sli(s, rules->method),
		.in_slices = slices,
		.allowed_of = (double)of,
		.spent_of = sums_basis(s, rules->method),
		.spent = sums_spent(s, rules->method),
		.chance = NAN,
		.n_revisions = 1,
	};
	if (!isnan(ret->sli))
		ret->verdict = sums_reach(s, rules->method, target) ? VERDICT_MET : VERDICT_MISSED;
	ret->allowed = (double)((long double)((unsigned __int128)fail * of) / DECIMAL_ONE);
	ret->remaining = ret->allowed - ret->spent;
	ret->remaining_ratio = budget_remaining_ratio(ret->allowed, ret->spent);
	sums_tell_time(s, ret);
}

/* A tenth of what may fail is no difference. */
static enum report_trend trend_of(const struct slo_result *now, const struct slo_result *before)
{
	double bound = 0.1 * now->allowed_ratio, step;

	if (now->verdict == VERDICT_NO_DATA || before->verdict == VERDICT_NO_DATA)
		return TREND_UNKNOWN;
	step = now->sli - before->sli;
	return step > bound ? TREND_BETTER : step < -bound ? TREND_WORSE : TREND_SAME;
}

/* 0 stands in a draft until somebody knows it. */
static double cost_of(const struct report_promise *p, const struct slo_result *r)
{
	double each = p->slo->agreement.cost_per_bad_event;

	return each > 0 ? each * (double)(r->total - r->good) : NAN;
}

static void compare(struct report_promise *p)
{
	p->trend = trend_of(&p->now, &p->before);
	p->cost = p->objective ? cost_of(p, &p->now) : NAN;
	p->cost_before = p->objective ? cost_of(p, &p->before) : NAN;
}

/* --- which there are ---------------------------------------------------------------------------- */

/* Documents of one name are revisions of one SLO. */
static size_t revisions_from(const struct slo_set *set, size_t first)
{
	size_t n = 1;

	while (first + n < set->n_slos && !strcmp(set->slos[first].name, set->slos[first + n].name))
		n++;
	return n;
}

static const struct objective *named(const struct slo *slo, const char *name, size_t index)
{
	const struct objective *there = index < slo->n_objectives ? &slo->objectives[index] : NULL;

	for (size_t i = 0; i < slo->n_objectives; i++)
		if (!strcmp(slo->objectives[i].display_name, name) &&
		    (!there || strcmp(there->display_name, name)))
			return &slo->objectives[i];
	return there;
}

/* Targets of the documents first to last, as the objective at index has them. */
static void revise(const struct slo *first, const struct slo *last, size_t index,
		   struct report_rules *ret)
{
	const struct objective *o = &last->objectives[index];

	if (last - first >= REVISIONS_MAX)
		first = last - REVISIONS_MAX + 1; /* lint says so */
	for (const struct slo *slo = first; slo <= last; slo++) {
		const struct objective *then = named(slo, o->display_name, index);

		if (then)
			ret->revisions[ret->n_revisions++] =
				(struct target_revision){ slo->since, then->target,
							  then->slice_target };
	}
}

/* Who excluded what of the period. */
static int find_excluded(struct report *r, struct report_promise *p)
{
	const struct report_rules *rules = &p->rules;
	struct slo_excluded *list;
	size_t n = 0;

	for (size_t i = 0; i < rules->n_excluded; i++)
		n += rules->excluded[i].end > r->from && rules->excluded[i].start < r->to;
	if (!n)
		return 0;
	list = calloc(rules->n_excluded, sizeof(*list)); /* at most one each */
	if (!list)
		return -ENOMEM;
	p->excluded = list;
	for (size_t i = 0; i < rules->n_excluded; i++) {
		const struct stretch *s = &rules->excluded[i];
		size_t at = 0;

		if (s->end <= r->from || s->start >= r->to)
			continue;
		while (at < p->n_excluded && list[at].why != s->why)
			at++;
		if (at == p->n_excluded) {
			list[at] = (struct slo_excluded){ .why = s->why, .first = s->start };
			p->n_excluded++;
		}
		if (list[at].last < s->end)
			list[at].last = s->end;
		list[at].n++;
	}
	return 0;
}

static int tally_now(const struct report_source *s, struct report *r, struct report_promise *p)
{
	struct report_tally t = { .whole = r->from == r->began,
				  .points_from = r->points_from,
				  .point_s = r->point_s };
	int ret;

	p->points = t.points = calloc(REPORT_POINTS_MAX, sizeof(*p->points));
	if (!p->points)
		return -ENOMEM;
	ret = report_tally(s, &p->rules, r->from, r->to, &t);
	if (ret)
		return ret;
	tell(p, &t, r->to, &p->now);
	p->inexact = t.inexact;
	for (unsigned int i = 0; !ret && i < t.n_worst; i++) {
		p->worst[i].hour = t.worst[i];
		ret = report_tally_parts(s, &p->rules, &p->worst[i]);
	}
	p->n_worst = t.n_worst;
	return ret;
}

static int tally_both(const struct report_source *s, struct report *r, struct report_promise *p)
{
	struct report_tally before = {};
	int ret = s->objective(s->context, p->objective->counts_name, &p->rules.objective);

	if (ret == -ENOENT)
		p->rules.objective = 0;
	else if (ret)
		return ret;
	ret = find_excluded(r, p);
	if (!ret)
		ret = tally_now(s, r, p);
	if (!ret)
		ret = report_tally(s, &p->rules, r->before, r->from, &before);
	if (ret)
		return ret;
	tell(p, &before, r->from, &p->before);
	compare(p);
	return 0;
}

static struct report_promise *promise_new(struct report *r, const struct slo *slo,
					  const struct objective *o)
{
	struct report_promise *p = &r->promises[r->n_promises++];

	*p = (struct report_promise){ .slo = slo, .objective = o };
	p->rules.method = slo->method;
	p->rules.cell_s = slo->method == METHOD_OCCURRENCES || !o ? STEP_S : o->slice_s;
	return p;
}

static void together(struct report *r, const struct slo *slo)
{
	struct report_promise *p = promise_new(r, slo, NULL);
	struct composite now = {}, before = {};

	p->members = slo->n_objectives;
	for (size_t i = 0; i < p->members; i++) {
		const struct report_promise *m = p - p->members + i;

		composite_add(&now, &m->now, m->objective->weight);
		composite_add(&before, &m->before, m->objective->weight);
		p->inexact += m->inexact;
	}
	composite_result(&now, &p->now);
	composite_result(&before, &p->before);
	p->now.burns = p->before.burns = NULL;
	compare(p);
}

static int find_slo(const struct report_source *s, struct report *r, const struct slo_set *set,
		    size_t first, size_t n)
{
	const struct slo *slos = &set->slos[first], *slo;
	struct stretch *stretches = NULL;
	size_t n_stretches = 0, kept = n;
	uint32_t slice_s = STEP_S;
	int ret;

	while (kept > 1 && slos[kept - 1].since > r->to)
		kept--;
	slo = &slos[kept - 1];
	for (size_t i = 0; i < slo->n_objectives; i++)
		if (slo->objectives[i].slice_s > slice_s)
			slice_s = slo->objectives[i].slice_s;
	ret = excluded_find(set, slo, r->before - slice_s, r->to + STEP_S, &stretches,
			    &n_stretches);
	for (size_t i = 0; !ret && i < slo->n_objectives; i++) {
		struct report_promise *p = promise_new(r, slo, &slo->objectives[i]);

		p->stretches = TAKE(stretches);
		p->rules.excluded = p->stretches ? p->stretches : i ? p[-1].rules.excluded : NULL;
		p->rules.n_excluded = n_stretches;
		revise(slos, slo, i, &p->rules);
		if (!p->rules.cell_s || p->rules.cell_s % STEP_S)
			ret = -EINVAL; /* no reader of documents lets it pass */
		else
			ret = tally_both(s, r, p);
	}
	free(stretches);
	if (!ret && slo->composite)
		together(r, slo);
	return ret;
}

static int read_documents(const struct report_source *s, struct report *r, char *why, size_t size)
{
	_cleanup_(problems_clear) struct problems problems = {};
	_cleanup_(freep) char *yaml = NULL;
	size_t n = 0;
	int ret = s->documents(s->context, r->to, &yaml, &n);

	if (ret == -ENOENT)
		return 0;
	if (!ret)
		ret = slo_set_read_bytes("objectives in the record", yaml, n, r->now, &problems,
					 &r->set);
	if (ret)
		snprintf(why, size, "cannot read the objectives in the record: %s", strerror(-ret));
	return ret;
}

/* --- promises that were removed ----------------------------------------------------------------- */

struct past_reading {
	struct report *r;
	int64_t until; /* when those that were read last came into force */
	bool first;
};

static bool has_slo(const struct slo_set *set, const char *name)
{
	for (size_t i = 0; i < set->n_slos; i++)
		if (!strcmp(set->slos[i].name, name))
			return true;
	return false;
}

/* By later documents than those at index past of the report. */
static bool is_known(const struct report *r, unsigned int past, const char *name)
{
	bool known = has_slo(r->set, name);

	for (unsigned int i = 0; !known && i < past; i++)
		known = has_slo(r->past[i].set, name);
	return known;
}

static int past_read(void *reading, int64_t time, const char *yaml, size_t n)
{
	struct past_reading *p = reading;
	struct report *r = p->r;
	_cleanup_(problems_clear) struct problems problems = {};
	_cleanup_(slo_set_freep) struct slo_set *set = NULL;
	bool first = p->first, news = false;
	int64_t until = p->until;
	int ret;

	p->first = false;
	p->until = time;
	if (first || !n)
		return 0; /* the first are those that judge */
	if (r->n_past == REPORT_PAST_MAX) {
		r->documents_left_out++;
		return 0;
	}
	ret = slo_set_read_bytes("objectives in the record", yaml, n, r->now, &problems, &set);
	for (size_t i = 0; !ret && i < set->n_slos; i++)
		news |= !is_known(r, r->n_past, set->slos[i].name);
	if (!ret && news)
		r->past[r->n_past++] = (struct report_past){ .set = TAKE(set), .until = until };
	return ret;
}

static int read_past(const struct report_source *s, struct report *r, char *why, size_t size)
{
	struct past_reading p = { .r = r, .until = r->to, .first = true };
	int ret = s->documents_each ?
			  s->documents_each(s->context, r->from, r->to + 1, past_read, &p) :
			  0;

	if (ret)
		snprintf(why, size, "cannot read the objectives in the record: %s", strerror(-ret));
	return ret;
}

static size_t rows_of(const struct slo_set *set)
{
	size_t rows = 0;

	for (size_t i = 0; i < set->n_slos; i++)
		rows += set->slos[i].n_objectives + 1;
	return rows;
}

static int find_removed(const struct report_source *s, struct report *r, unsigned int past)
{
	const struct slo_set *set = r->past[past].set;
	int ret = 0;

	for (size_t i = 0, n; !ret && i < set->n_slos; i += n) {
		size_t before = r->n_promises;

		n = revisions_from(set, i);
		if (is_known(r, past, set->slos[i].name))
			continue;
		ret = find_slo(s, r, set, i, n);
		for (size_t k = before; k < r->n_promises; k++)
			r->promises[k].removed = r->past[past].until;
	}
	return ret;
}

int report_find_promises(const struct report_source *s, struct report *r, char *why, size_t size)
{
	size_t rows = 1, n;
	int ret = read_documents(s, r, why, size);

	if (!ret && r->set)
		ret = read_past(s, r, why, size);
	if (ret || !r->set)
		return ret;
	rows += rows_of(r->set);
	for (unsigned int i = 0; i < r->n_past; i++)
		rows += rows_of(r->past[i].set);
	r->promises = calloc(rows, sizeof(*r->promises));
	if (!r->promises)
		return -ENOMEM;
	for (size_t i = 0; !ret && i < r->set->n_slos; i += n) {
		n = revisions_from(r->set, i);
		ret = find_slo(s, r, r->set, i, n);
	}
	for (unsigned int i = 0; !ret && i < r->n_past; i++)
		ret = find_removed(s, r, i);
	return ret;
}
