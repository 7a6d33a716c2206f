// SPDX-License-Identifier: Apache-2.0
/* outlook.c - what one objective's windows come to at the clock's moment. Moves nothing. */
#include <math.h>

#include "track.h"

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static bool in_slices(const struct track *t)
{
	return t->rules.method != METHOD_OCCURRENCES;
}

/* End of what the windows hold: of a slice method the last ended slice. */
static int64_t end_of(const struct track *t)
{
	return floor_div(t->clock, t->rules.cell_s) * t->rules.cell_s;
}

/* The whole window. A period may have begun in which no cell has ended. */
static struct period window_of(const struct track *t)
{
	int64_t end = end_of(t);

	if (t->slo->window.rolling)
		return (struct period){ end - t->window.window_s, end };
	if (end > t->period.start && end <= t->period.end)
		return t->period;
	return period_at(&t->slo->window, end);
}

/* Of the whole window: of a calendar period the future too, but not what is excluded. */
static uint64_t slices_of(const struct track *t)
{
	struct period w = window_of(t);
	int64_t n = floor_div(w.end, t->rules.cell_s) - floor_div(w.start, t->rules.cell_s);
	uint64_t excluded = t->slo->window.rolling ? t->window.sums.cells[CELL_EXCLUDED] :
						     t->period_excluded;

	return (uint64_t)n > excluded ? (uint64_t)n - excluded : 0;
}

static decimal allowed_ratio(const struct track *t)
{
	return t->rules.target < DECIMAL_ONE ? DECIMAL_ONE - t->rules.target : 0;
}

unsigned __int128 track_allowed_units(const struct track *t)
{
	uint64_t of = in_slices(t) ? slices_of(t) : t->window.sums.total;

	return (unsigned __int128)allowed_ratio(t) * of;
}

/* Time of a rolling window that is no whole number of cells: its oldest cell reaches out of it. */
static struct sums window_time(const struct track *t)
{
	struct sums sums = t->window.sums;
	const struct trailing *w = &t->window;
	uint64_t over;

	if (!t->slo->window.rolling)
		return sums;
	over = (uint64_t)w->cells * t->rules.cell_s - w->window_s;
	if (over && t->begun)
		sums_add_time(&sums, &t->rules, &t->ring[w->tail], (uint32_t)over, -1);
	return sums;
}

static void tell_time(const struct track *t, struct slo_result *ret)
{
	struct sums s = window_time(t);
	double known;

	ret->good_ns = s.ns[CELL_GOOD];
	ret->bad_ns = s.ns[CELL_BAD];
	ret->idle_ns = s.ns[CELL_IDLE];
	ret->unmeasured_ns = s.ns[CELL_UNMEASURED];
	ret->excluded_ns = s.ns[CELL_EXCLUDED];
	known = (double)(ret->good_ns + ret->bad_ns + ret->idle_ns);
	ret->coverage = ret->unmeasured_ns || known > 0 ?
				known / (known + (double)ret->unmeasured_ns) :
				NAN;
}

static enum verdict verdict_of(const struct sums *s, enum budget_method method, decimal target)
{
	if (isnan(sums_sli(s, method)))
		return VERDICT_NO_DATA;
	return sums_reach(s, method, target) ? VERDICT_MET : VERDICT_MISSED;
}

static void tell_budget(const struct track *t, struct slo_result *ret)
{
	const struct sums *s = &t->window.sums;

	ret->good = s->good;
	ret->total = s->total;
	ret->sli = sums_sli(s, t->rules.method);
	ret->verdict = verdict_of(s, t->rules.method, t->rules.target);
	ret->in_slices = in_slices(t);
	ret->allowed = (double)((long double)track_allowed_units(t) / DECIMAL_ONE);
	ret->allowed_of = in_slices(t) ? (double)slices_of(t) : (double)s->total;
	ret->spent_of = sums_basis(s, t->rules.method);
	ret->spent = sums_spent(s, t->rules.method);
	ret->remaining = ret->allowed - ret->spent;
	ret->remaining_ratio = budget_remaining_ratio(ret->allowed, ret->spent);
}

static void tell_alerts(struct track *t, struct slo_result *ret)
{
	for (size_t i = 0; i < t->n_burns; i++) {
		t->burn_results[i].window_s = t->burns[i].window_s;
		t->burn_results[i].rate =
			burn_rate(&t->burns[i].sums, t->rules.method, t->rules.target);
	}
	for (unsigned int i = 0; i < t->n_alerts; i++) {
		struct alert_state *a = &t->alerts[i];

		a->long_rate = t->burn_results[t->alert_rules[i].long_window].rate;
		a->short_rate = a->short_s ? t->burn_results[t->alert_rules[i].short_window].rate :
					     NAN;
	}
	ret->burns = t->burn_results;
	ret->n_burns = t->n_burns;
	ret->alerts = t->alerts;
	ret->n_alerts = t->n_alerts;
}

static struct budget_now budget_now(const struct track *t, const struct slo_result *r)
{
	int64_t left = (r->window_end - end_of(t)) / t->rules.cell_s;

	return (struct budget_now){
		.spent = r->spent,
		.basis = sums_basis(&t->window.sums, t->rules.method),
		.per_basis = in_slices(t) ? 0 : r->allowed_ratio,
		.fixed = in_slices(t) ? r->allowed : 0,
		.rolling = t->slo->window.rolling,
		.cells = t->slo->window.rolling ? t->window.cells :
			 left > 0		? (uint32_t)left :
						  0,
	};
}

/* When the budget is gone if what a trailing window shows goes on; 0: not foreseen. */
static int64_t gone_at(const struct track *t, struct budget_now b, const struct trailing *w)
{
	uint64_t measured = sums_measured(&w->sums);
	double cells;

	if (t->exhausted_at || !measured || !b.cells)
		return t->exhausted_at;
	b.rate.spent = sums_spent(&w->sums, t->rules.method) / (double)measured;
	b.rate.basis = sums_basis(&w->sums, t->rules.method) / (double)measured;
	cells = b.rate.spent > 0 ? forecast_exhausted(&t->past, &b) : -1;
	return cells >= 0 ? end_of(t) + (int64_t)ceil(cells) * t->rules.cell_s : 0;
}

static void tell_forecast(struct track *t, struct slo_result *ret)
{
	struct budget_now b = budget_now(t, ret);

	ret->chance = b.cells ? forecast_chance(&t->past, &b) : NAN;
	ret->chance_method = forecast_chance_method;
	ret->recent_s = t->burns[t->recent].window_s;
	ret->exhausted_at = gone_at(t, b, &t->burns[t->recent]);
	for (unsigned int i = 0; i < t->n_alerts; i++) {
		const struct alert_rule *r = &t->alert_rules[i];
		struct alert_state *a = &t->alerts[i];

		a->exhausted_at = 0;
		if (a->firing)
			a->exhausted_at = gone_at(
				t, b, &t->burns[a->short_s ? r->short_window : r->long_window]);
	}
}

static void tell_revisions(const struct track *t, struct slo_result *ret)
{
	ret->n_revisions = 0;
	for (unsigned int i = 0; i <= t->revision; i++) {
		const struct revision *r = &t->revisions[i];
		const struct sums *s = t->n_revisions == 1 ? &t->window.sums : &r->sums;

		ret->revisions[ret->n_revisions++] = (struct revision_result){
			.since = i ? r->target.since : 0,
			.target = decimal_double(r->target.target),
			.good = s->good,
			.total = s->total,
			.sli = sums_sli(s, t->rules.method),
			.verdict = verdict_of(s, t->rules.method, r->target.target),
		};
	}
}

void track_result(struct track *t, struct slo_result *ret)
{
	struct period w = window_of(t);

	*ret = (struct slo_result){
		.slo = t->slo->name,
		.service = t->slo->service,
		.objective = t->objective->display_name,
		.counts_name = t->objective->counts_name,
		.method = budget_method_names[t->slo->method],
		.target = decimal_double(t->rules.target),
		.allowed_ratio = decimal_double(allowed_ratio(t)),
		.at = t->clock,
		.window_start = w.start,
		.window_end = w.end,
		.rolling = t->slo->window.rolling,
		.estimated = !in_slices(t) && !t->slo->window.rolling && w.end > t->clock,
	};
	tell_budget(t, ret);
	tell_time(t, ret);
	tell_alerts(t, ret);
	tell_forecast(t, ret);
	tell_revisions(t, ret);
}
