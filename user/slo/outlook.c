// SPDX-License-Identifier: Apache-2.0
/* outlook.c - what one objective's windows come to at the clock's moment. Moves nothing. */
#include <math.h>
#include <string.h>

#include "track.h"

/* What results are made of: the track's sums, and with them the step under way where it is asked for. */
struct view {
	struct track *t;
	int64_t at;  /* the moment */
	int64_t end; /* of what the windows hold: of a slice method the last ended slice */
	struct sums window;
	struct sums burns[BURNS_MAX + 1];
	struct sums revisions[REVISIONS_MAX]; /* where there are several */
	struct period period;
	uint64_t period_excluded;
	int64_t exhausted_at;
	const struct past *past;
	struct past past_with_open;
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static bool in_slices(const struct track *t)
{
	return t->rules.method != METHOD_OCCURRENCES;
}

/* The whole window that ends at end. A period may have begun in which no cell has ended. */
static struct period window_of(const struct track *t, const struct period *period, int64_t end)
{
	if (t->slo->window.rolling)
		return (struct period){ end - t->window.window_s, end };
	if (end > period->start && end <= period->end)
		return *period;
	return period_at(&t->slo->window, end);
}

/* Of the whole window: of a calendar period the future too, but not what is excluded. */
static uint64_t slices_of(const struct track *t, const struct sums *sums, struct period w,
			  uint64_t period_excluded)
{
	int64_t n = floor_div(w.end, t->rules.cell_s) - floor_div(w.start, t->rules.cell_s);
	uint64_t excluded = t->slo->window.rolling ? sums->cells[CELL_EXCLUDED] : period_excluded;

	return (uint64_t)n > excluded ? (uint64_t)n - excluded : 0;
}

static decimal allowed_ratio(const struct track *t)
{
	return t->rules.target < DECIMAL_ONE ? DECIMAL_ONE - t->rules.target : 0;
}

unsigned __int128 track_allowed_units(const struct track *t)
{
	int64_t end = floor_div(t->clock, t->rules.cell_s) * t->rules.cell_s;
	uint64_t of = t->window.sums.total;

	if (in_slices(t))
		of = slices_of(t, &t->window.sums, window_of(t, &t->period, end),
			       t->period_excluded);
	return (unsigned __int128)allowed_ratio(t) * of;
}

static uint64_t slices_in(const struct view *v)
{
	return slices_of(v->t, &v->window, window_of(v->t, &v->period, v->end), v->period_excluded);
}

static unsigned __int128 allowed_units(const struct view *v)
{
	uint64_t of = in_slices(v->t) ? slices_in(v) : v->window.total;

	return (unsigned __int128)allowed_ratio(v->t) * of;
}

/* --- the step under way ------------------------------------------------------------------------- */

/* Time before the window, in what is oldest of it. */
static void window_trim(struct view *v, int64_t over, const struct cell *oldest)
{
	const struct track *t = v->t;

	if (t->window.coarse)
		bucket_time(&v->window, t, trailing_oldest(t, &t->window), (uint32_t)over, -1);
	else
		sums_add_time(&v->window, &t->rules, oldest, (uint32_t)over, -1);
}

/* c, so much of a cell as rules say, comes to a trailing window, and what it pushes out goes. */
static void trailing_see(struct view *v, const struct trailing *w, struct sums *sums,
			 const struct cell_rules *rules, const struct cell *c)
{
	const struct track *t = v->t;

	sums_add(sums, rules, c);
	if (!w->coarse)
		sums_take(sums, &t->rules, &t->ring[w->tail]);
	else if (trailing_over(t, w, rules->cell_s) >= track_bucket_s(t))
		bucket_sums(sums, t, trailing_oldest(t, w), t->bucket_cells, -1);
}

static void rolling_see(struct view *v, const struct cell_rules *rules, const struct cell *c)
{
	const struct track *t = v->t;
	const struct trailing *w = &t->window;
	const struct cell *gone = &t->ring[w->tail];
	struct sums *revisions[REVISIONS_MAX];
	int64_t over = trailing_over(t, w, rules->cell_s);

	trailing_see(v, w, &v->window, rules, c);
	for (unsigned int i = 0; i < t->n_revisions; i++)
		revisions[i] = &v->revisions[i];
	sums_add(revisions[c->revision], rules, c);
	if (!w->coarse) {
		sums_take(revisions[gone->revision], &t->rules, gone);
		over -= t->rules.cell_s;
		if (over > 0)
			window_trim(v, over, &t->ring[(w->tail + 1) % t->ring_cells]);
		else if (over < 0)
			sums_add_time(&v->window, &t->rules, gone, (uint32_t)-over, 1);
		return;
	}
	if (over >= track_bucket_s(t))
		bucket_leave_revisions(t, trailing_oldest(t, w),
				       t->clock - (int64_t)t->part_cells * t->rules.cell_s -
					       (int64_t)w->buckets * track_bucket_s(t),
				       revisions);
	over %= track_bucket_s(t);
	if (over)
		window_trim(v, over, NULL);
}

static void calendar_see(struct view *v, const struct cell_rules *rules, const struct cell *c)
{
	struct track *t = v->t;
	int64_t inside;

	if (v->at > v->period.end) {
		v->period = period_at(&t->slo->window, v->at);
		v->period_excluded = 0; /* is asked for of slices alone */
		v->window = (struct sums){};
		memset(v->revisions, 0, sizeof(v->revisions));
		v->exhausted_at = 0;
	}
	sums_add(&v->window, rules, c);
	sums_add(&v->revisions[c->revision], rules, c);
	inside = v->at - v->period.start;
	if (inside < rules->cell_s)
		sums_add_time(&v->window, rules, c, rules->cell_s - (uint32_t)inside, -1);
}

static void see_open(struct view *v, const struct step_counts *counts)
{
	struct track *t = v->t;
	uint32_t step_s = t->options.step_s, elapsed = (uint32_t)(v->at - t->clock);
	struct cell c = { .good = counts->good, .total = counts->total };
	struct cell_rules rules = t->rules;
	unsigned __int128 spent;
	struct sums one = {};

	track_revise_until(t, t->clock + step_s);
	c.measured_ns = (uint64_t)counts->measured * step_s;
	if (c.measured_ns > elapsed * NS_PER_S)
		c.measured_ns = elapsed * NS_PER_S;
	if (track_excluded(t, t->clock, t->clock + step_s))
		c = (struct cell){ .excluded_s = step_s };
	c.estimated = counts->estimated;
	c.revision = t->revision;
	c.state = cell_judge(&t->rules, &c);
	if (c.state == CELL_IDLE && c.estimated && t->guess != CELL_UNMEASURED)
		c.state = t->guess;
	c.excluded_s = c.excluded_s ? elapsed : 0;
	rules = t->rules;
	rules.cell_s = elapsed;
	for (size_t i = 0; i < t->n_burns; i++)
		trailing_see(v, &t->burns[i], &v->burns[i], &rules, &c);
	if (t->slo->window.rolling)
		rolling_see(v, &rules, &c);
	else
		calendar_see(v, &rules, &c);
	sums_add(&one, &rules, &c);
	v->past_with_open = t->past;
	past_push(&v->past_with_open, sums_spent(&one, rules.method),
		  sums_basis(&one, rules.method));
	v->past = &v->past_with_open;
	spent = sums_spent_units(&v->window, rules.method);
	if (!spent || spent < allowed_units(v))
		v->exhausted_at = 0;
	else if (!v->exhausted_at)
		v->exhausted_at = v->at;
}

static void view_of(struct track *t, struct view *v)
{
	const struct open_step *open = &t->preview;
	int64_t over, until = t->clock + t->options.step_s;

	v->t = t;
	v->at = v->end = t->clock;
	v->window = t->window.sums;
	for (size_t i = 0; i < t->n_burns; i++)
		v->burns[i] = t->burns[i].sums;
	for (unsigned int i = 0; i < t->n_revisions; i++)
		v->revisions[i] = t->revisions[i].sums;
	v->period = t->period;
	v->period_excluded = t->period_excluded;
	v->exhausted_at = t->exhausted_at;
	v->past = &t->past;
	if (open->given && open->now > t->clock)
		v->at = open->now < until ? open->now : until;
	if (in_slices(t))
		v->end = floor_div(t->clock, t->rules.cell_s) * t->rules.cell_s;
	if (open->given && t->begun && !in_slices(t) && (v->at > t->clock || open->counts.total)) {
		v->end = v->at;
		see_open(v, &open->counts);
		return;
	}
	/* A window that is no whole number of cells: the oldest reaches out of it. */
	over = t->slo->window.rolling ? trailing_over(t, &t->window, 0) : 0;
	if (over && t->begun)
		window_trim(v, over, &t->ring[t->window.tail]);
}

/* --- telling ------------------------------------------------------------------------------------ */

static enum verdict verdict_of(const struct sums *s, enum budget_method method, decimal target)
{
	if (isnan(sums_sli(s, method)))
		return VERDICT_NO_DATA;
	return sums_reach(s, method, target) ? VERDICT_MET : VERDICT_MISSED;
}

static void tell_budget(const struct view *v, struct slo_result *ret)
{
	const struct track *t = v->t;
	const struct sums *s = &v->window;

	ret->good = s->good;
	ret->total = s->total;
	ret->sli = sums_sli(s, t->rules.method);
	ret->verdict = verdict_of(s, t->rules.method, t->rules.target);
	ret->in_slices = in_slices(t);
	ret->allowed = (double)((long double)allowed_units(v) / DECIMAL_ONE);
	ret->allowed_of = in_slices(t) ? (double)slices_in(v) : (double)s->total;
	ret->spent_of = sums_basis(s, t->rules.method);
	ret->spent = sums_spent(s, t->rules.method);
	ret->remaining = ret->allowed - ret->spent;
	ret->remaining_ratio = budget_remaining_ratio(ret->allowed, ret->spent);
}

static uint64_t known_ns(const struct sums *s)
{
	return s->ns[CELL_GOOD] + s->ns[CELL_BAD] + s->ns[CELL_IDLE] + s->ns[CELL_EXCLUDED];
}

static void tell_alerts(const struct view *v, struct slo_result *ret)
{
	struct track *t = v->t;

	for (size_t i = 0; i < t->n_burns; i++) {
		t->burn_results[i].window_s = t->burns[i].window_s;
		t->burn_results[i].rate = burn_rate(&v->burns[i], t->rules.method, t->rules.target);
	}
	for (unsigned int i = 0; i < t->n_alerts; i++) {
		struct alert_state *a = &t->alerts[i];

		a->long_rate = t->burn_results[t->alert_rules[i].long_window].rate;
		a->long_known_ns = known_ns(&v->burns[t->alert_rules[i].long_window]);
		a->short_known_ns =
			a->short_s ? known_ns(&v->burns[t->alert_rules[i].short_window]) : 0;
		a->short_rate = a->short_s ? t->burn_results[t->alert_rules[i].short_window].rate :
					     NAN;
	}
	ret->burns = t->burn_results;
	ret->n_burns = t->n_burns;
	ret->alerts = t->alerts;
	ret->n_alerts = t->n_alerts;
}

static struct budget_now budget_now(const struct view *v, const struct slo_result *r)
{
	const struct track *t = v->t;
	int64_t left = (r->window_end - v->end) / t->rules.cell_s;

	return (struct budget_now){
		.spent = r->spent,
		.basis = sums_basis(&v->window, t->rules.method),
		.per_basis = in_slices(t) ? 0 : r->allowed_ratio,
		.fixed = in_slices(t) ? r->allowed : 0,
		.rolling = t->slo->window.rolling,
		.cells = t->slo->window.rolling ? track_window_cells(t) :
			 left > 0		? (uint32_t)left :
						  0,
	};
}

/* When the budget is gone if what a trailing window shows goes on; 0: not foreseen. */
static int64_t gone_at(const struct view *v, struct budget_now b, const struct sums *recent)
{
	const struct track *t = v->t;
	uint64_t measured = sums_measured(recent);
	double cells;

	if (v->exhausted_at || !measured || !b.cells)
		return v->exhausted_at;
	b.rate.spent = sums_spent(recent, t->rules.method) / (double)measured;
	b.rate.basis = sums_basis(recent, t->rules.method) / (double)measured;
	cells = b.rate.spent > 0 ? forecast_exhausted(v->past, &b) : -1;
	return cells >= 0 ? v->end + (int64_t)ceil(cells) * t->rules.cell_s : 0;
}

static void tell_forecast(const struct view *v, struct slo_result *ret)
{
	struct track *t = v->t;
	struct budget_now b = budget_now(v, ret);

	ret->chance = b.cells ? forecast_chance(v->past, &b) : NAN;
	ret->chance_method = forecast_chance_method;
	ret->recent_s = t->burns[t->recent].window_s;
	ret->exhausted_at = gone_at(v, b, &v->burns[t->recent]);
	for (unsigned int i = 0; i < t->n_alerts; i++) {
		const struct alert_rule *r = &t->alert_rules[i];
		struct alert_state *a = &t->alerts[i];

		a->exhausted_at = 0;
		if (a->firing)
			a->exhausted_at = gone_at(
				v, b, &v->burns[a->short_s ? r->short_window : r->long_window]);
	}
}

static void tell_revisions(const struct view *v, struct slo_result *ret)
{
	const struct track *t = v->t;

	ret->n_revisions = 0;
	for (unsigned int i = 0; i <= t->revision; i++) {
		const struct revision *r = &t->revisions[i];
		const struct sums *s = t->n_revisions == 1 ? &v->window : &v->revisions[i];

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

void track_open(struct track *t, int64_t now, const struct step_counts *c)
{
	t->preview = (struct open_step){ .given = c, .now = now };
	if (c)
		t->preview.counts = *c;
}

void track_result(struct track *t, struct slo_result *ret)
{
	struct period w;
	struct view v;

	view_of(t, &v);
	w = window_of(t, &v.period, v.end);
	*ret = (struct slo_result){
		.slo = t->slo->name,
		.service = t->slo->service,
		.objective = t->objective->display_name,
		.counts_name = t->objective->counts_name,
		.method = budget_method_names[t->slo->method],
		.target = decimal_double(t->rules.target),
		.allowed_ratio = decimal_double(allowed_ratio(t)),
		.at = v.at,
		.window_start = w.start,
		.window_end = w.end,
		.rolling = t->slo->window.rolling,
		.estimated = !in_slices(t) && !t->slo->window.rolling && w.end > v.at,
	};
	tell_budget(&v, ret);
	sums_tell_time(&v.window, ret);
	tell_alerts(&v, ret);
	tell_forecast(&v, ret);
	tell_revisions(&v, ret);
}
