// SPDX-License-Identifier: Apache-2.0
/*
 * status_json.c - troth.status/1: is it measuring, since when, how well; what is promised and how much is
 * left of it, the worst first; which services fail most. For `troth status` and whoever scripts it.
 */
#include <math.h>
#include <string.h>

#include "../base/cleanup.h"
#include "figures.h"
#include "json.h"
#include "now_json.h"
#include "service_json.h"
#include "slo_words.h"

#define SERVICES_SHOWN 10

bool now_ready(const struct now *now)
{
	for (size_t i = 0; i < now->n_troubles; i++)
		if (now->troubles[i].not_ready)
			return false;
	return true;
}

static json_t *troubles(const struct now *now)
{
	json_t *list = json_array();

	for (size_t i = 0; i < now->n_troubles; i++) {
		json_t *o = json_with(json_object(), "what", json_text(now->troubles[i].what));

		o = json_with(o, "not_ready", json_boolean(now->troubles[i].not_ready));
		list = json_add(list, json_with(o, "line", json_text(now->troubles[i].line)));
	}
	return list;
}

static json_t *receivers(const struct now *now)
{
	json_t *list = json_array();

	for (size_t i = 0; i < now->n_receivers; i++) {
		const struct now_receiver *r = &now->receivers[i];
		json_t *o = json_with(json_object(), "name", json_text(r->name));

		o = json_with(o, "kind", json_text(r->kind));
		o = json_with(o, "sent", json_count(r->sent));
		o = json_with(o, "failed", json_count(r->failed));
		o = json_with(o, "dropped", json_count(r->dropped));
		list = json_add(list, json_with(o, "waiting", json_count(r->waiting)));
	}
	return list;
}

static json_t *alerts(const struct slo_entry *e)
{
	json_t *list = json_array();

	for (size_t i = 0; i < e->result.n_alerts; i++) {
		const struct alert_state *a = &e->result.alerts[i];
		_cleanup_(freep) char *text = NULL;
		json_t *o;

		if (!a->firing)
			continue;
		text = words_alert(&e->result, a, e->slo->agreement.promise);
		o = json_with(json_object(), "severity", json_text(a->severity));
		o = json_with(o, "long_s", json_count(a->long_s));
		o = json_with(o, "short_s", a->short_s ? json_count(a->short_s) : json_null());
		o = json_with(o, "since", json_moment_or_null(a->since));
		list = json_add(list, json_with(o, "text", text ? json_text(text) : NULL));
	}
	return list;
}

static json_t *objective(const struct slo_entry *e)
{
	const struct slo_result *r = &e->result;
	bool data = r->verdict != VERDICT_NO_DATA;
	json_t *o = json_with(json_object(), "name", json_text(r->slo));

	o = json_with(o, "objective", json_text(r->objective));
	o = json_with(o, "service", json_text(r->service));
	o = json_with(o, "promise", json_text(e->slo->agreement.promise));
	o = json_with(o, "owner", json_text(e->slo->agreement.owner));
	o = json_with(o, "target", json_number(r->target));
	o = json_with(o, "good", json_count(r->good));
	o = json_with(o, "total", json_count(r->total));
	o = json_with(o, "sli", data ? json_number(r->sli) : json_null());
	o = json_with(o, "met", data ? json_boolean(r->verdict == VERDICT_MET) : json_null());
	o = json_with(o, "remaining_ratio", data ? json_number(r->remaining_ratio) : json_null());
	o = json_with(o, "coverage", json_number(r->coverage));
	o = json_with(o, "exhausted_at", json_moment_or_null(r->exhausted_at));
	return json_with(o, "alerts", alerts(e));
}

static bool fires(const struct slo_result *r)
{
	for (size_t i = 0; i < r->n_alerts; i++)
		if (r->alerts[i].firing)
			return true;
	return false;
}

/* What fires, then what is missed, then what has least left; what has no data last. */
static int worst_first(const void *a, const void *b)
{
	const struct slo_result *x = &(*(const struct slo_entry *const *)a)->result;
	const struct slo_result *y = &(*(const struct slo_entry *const *)b)->result;
	static const int rank[] = { [VERDICT_MISSED] = 0, [VERDICT_MET] = 1, [VERDICT_NO_DATA] = 2 };

	if (fires(x) != fires(y))
		return fires(x) ? -1 : 1;
	if (x->verdict != y->verdict)
		return rank[x->verdict] - rank[y->verdict];
	if (x->verdict != VERDICT_NO_DATA && x->remaining_ratio != y->remaining_ratio)
		return x->remaining_ratio < y->remaining_ratio ? -1 : 1;
	return strcmp(x->counts_name, y->counts_name);
}

static json_t *objectives(const struct now *now)
{
	_cleanup_(freep) const struct slo_entry **order = calloc(now->slos.n + 1, sizeof(*order));
	json_t *list = order ? json_array() : NULL;

	if (!order)
		return NULL;
	for (size_t i = 0; i < now->slos.n; i++)
		order[i] = &now->slos.entries[i];
	qsort(order, now->slos.n, sizeof(*order), worst_first);
	for (size_t i = 0; i < now->slos.n; i++)
		list = json_add(list, objective(order[i]));
	return list;
}

struct shown {
	size_t index;
	uint64_t bad, total;
};

static bool before(const struct shown *a, const struct shown *b)
{
	return a->bad != b->bad ? a->bad > b->bad : a->total > b->total;
}

/* The services with the most failures, then with the most traffic: their numbers. */
static unsigned int choose(const struct now *now, struct shown top[SERVICES_SHOWN],
			   uint64_t *ret_services)
{
	int64_t within_before[THRESHOLDS];
	unsigned int n = 0;

	*ret_services = 0;
	for (size_t i = 0; i < now->services.n; i++) {
		const struct service_row *row =
			now->services.at(now->services.context, i, within_before);
		struct shown s = { .index = i };
		unsigned int at;

		if (!row || figures_empty(row))
			continue;
		++*ret_services;
		s.bad = figures_failed(&row->counts);
		s.total = counts_total(&row->counts);
		for (at = n; at && before(&s, &top[at - 1]); at--)
			if (at < SERVICES_SHOWN)
				top[at] = top[at - 1];
		if (at >= SERVICES_SHOWN)
			continue;
		top[at] = s;
		n += n < SERVICES_SHOWN;
	}
	return n;
}

static json_t *service(const struct service_row *row)
{
	struct figures f;
	json_t *o;

	figures_of(row, &f);
	o = json_with(json_object(), "name", json_text(figures_name(row)));
	o = json_with(o, "role", json_text(figures_role(row->role)));
	o = json_with(o, "protocol", json_text(row->protocol ? row->protocol : "unknown"));
	o = json_with(o, "total", json_count(f.total));
	o = json_with(o, "bad", json_count(figures_failed(&row->counts)));
	o = json_with(o, "in_flight", json_count(row->in_flight.count));
	o = json_with(o, "oldest_s",
		      row->in_flight.count ? json_number((double)row->in_flight.oldest_ns / 1e9) :
					     json_null());
	o = json_with(o, "p50_s", json_number(f.p50_s));
	return json_with(o, "p99_s", json_number(f.p99_s));
}

static json_t *services(const struct now *now, uint64_t *ret_services)
{
	int64_t within_before[THRESHOLDS];
	struct shown top[SERVICES_SHOWN];
	unsigned int n = choose(now, top, ret_services);
	json_t *list = json_array();

	for (unsigned int i = 0; i < n; i++) {
		const struct service_row *row =
			now->services.at(now->services.context, top[i].index, within_before);

		if (row)
			list = json_add(list, service(row));
	}
	return list;
}

static json_t *self(const struct now *now)
{
	json_t *o = json_with(json_object(), "series_used", json_count(now->series_used));

	o = json_with(o, "series_max", json_count(now->series_max));
	o = json_with(o, "kernel_bytes", json_count(now->kernel_bytes));
	o = json_with(o, "store_bytes", json_count(now->store_bytes));
	o = json_with(o, "resident_bytes", json_count(now->resident_bytes));
	o = json_with(o, "ticks", json_count(now->ticks));
	o = json_with(o, "late_ticks", json_count(now->late_ticks));
	o = json_with(o, "tick_s", json_number((double)now->tick_ns / 1e9));
	return json_with(o, "tick_max_s", json_number((double)now->tick_max_ns / 1e9));
}

static json_t *where(const struct now *now)
{
	json_t *o = json_with(json_object(), "name", json_text(now->host));

	o = json_with(o, "kernel", json_text(now->kernel));
	o = json_with(o, "backend", json_text(now->backend));
	o = json_with(o, "state_dir", json_text(now->state_dir));
	o = json_with(o, "pin_dir", json_text(now->pin_dir));
	return json_with(o, "slo_dir", json_text(now->slo_dir));
}

int status_json(FILE *out, const struct now *now)
{
	uint64_t n_services;
	json_t *top = services(now, &n_services);
	json_t *reload = json_with(json_object(), "at", json_moment_or_null(now->reloaded));
	json_t *o = json_with(json_object(), "schema", json_string("troth.status/1"));

	reload = json_with(reload, "error", json_text(now->reload_error));
	o = json_with(o, "at", json_moment(now->at.wall_ns / NS_PER_SECOND));
	o = json_with(o, "version", json_text(now->version));
	o = json_with(o, "ready", json_boolean(now_ready(now)));
	o = json_with(o, "began", json_moment_or_null(now->began));
	o = json_with(o, "started", json_moment_or_null(now->started));
	o = json_with(o, "up_s", json_number((double)now->up_ns / 1e9));
	o = json_with(o, "host", where(now));
	o = json_with(o, "troubles", troubles(now));
	o = json_with(o, "measurement", measurement_json(&now->measurement));
	o = json_with(o, "self", self(now));
	o = json_with(o, "reload", reload);
	o = json_with(o, "notifications", receivers(now));
	o = json_with(o, "slos", objectives(now));
	o = json_with(o, "n_services", json_count(n_services));
	return json_print(out, json_with(o, "services", top));
}
