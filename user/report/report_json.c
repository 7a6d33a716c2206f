// SPDX-License-Identifier: Apache-2.0
/*
 * report_json.c - a report as one troth.report/1 document. What `troth slo replay` says of an objective
 * and `troth check` of a service is said here in the same fields; troth-report(8) has the others.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "report_model.h"
#include "service_json.h"
#include "slo_json.h"
#include "slo_words.h"

static json_t *period(int64_t from, int64_t to)
{
	json_t *o = json_with(json_object(), "from", json_moment(from));

	o = json_with(o, "to", json_moment(to));
	return json_with(o, "duration_s", json_integer(to - from));
}

static const char *verdict(enum verdict v)
{
	return v == VERDICT_MET ? "kept" : v == VERDICT_MISSED ? "broken" : "no data";
}

static json_t *money(double amount)
{
	return json_number(isfinite(amount) ? round(amount * 1e6) / 1e6 : NAN);
}

static json_t *cost(const struct report_promise *p)
{
	const struct agreement *a = &p->slo->agreement;
	json_t *o;

	if (!isfinite(p->cost))
		return json_null();
	o = json_with(json_object(), "amount", money(p->cost));
	o = json_with(o, "previous", money(p->cost_before));
	o = json_with(o, "per_bad_event", json_number(a->cost_per_bad_event));
	return json_with(o, "currency", json_text(a->currency));
}

static json_t *part(const struct report_part *p)
{
	json_t *o = json_with(json_object(), "time", json_moment(p->time));

	o = json_with(o, "length_s", json_count(p->length_s));
	o = json_with(o, "good", json_count(p->good));
	o = json_with(o, "total", json_count(p->total));
	return json_with(o, "spent", json_number(p->spent));
}

static json_t *worst(const struct report_promise *p)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < p->n_worst; i++) {
		const struct report_moment *m = &p->worst[i];
		json_t *parts = json_array(), *o = part(&m->hour);

		for (unsigned int k = 0; k < m->n_parts; k++)
			parts = json_add(parts, part(&m->parts[k]));
		o = json_with(o, "share", json_number(m->hour.spent / p->now.spent));
		list = json_add(list, json_with(o, "within", parts));
	}
	return list;
}

static json_t *alerts(const struct report *r, const struct report_promise *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->n_alerts; i++) {
		const struct report_alert *a = &p->alerts[i];
		int64_t end = a->until ? a->until : r->to;
		json_t *o = json_with(json_object(), "since", json_moment(a->since));

		o = json_with(o, "until", json_moment_or_null(a->until));
		o = json_with(o, "duration_s", json_integer(end - a->since));
		o = json_with(o, "firing", json_boolean(!a->until));
		o = json_with(o, "severity", json_text(a->severity));
		o = json_with(o, "long_s", json_count(a->long_s));
		o = json_with(o, "short_s", a->short_s ? json_count(a->short_s) : json_null());
		list = json_add(list, o);
	}
	return list;
}

static json_t *names(const struct report *r, const struct report_promise *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->n_services; i++)
		list = json_add(list, json_text(figures_name(&r->services[p->services[i]].row)));
	return list;
}

static json_t *indicator(const struct report_promise *p)
{
	_cleanup_(freep) char *words = NULL;

	if (!p->objective)
		return json_null();
	words = words_indicator(p->slo, p->objective);
	return words ? json_text(words) : NULL;
}

static json_t *previous(const struct report_promise *p)
{
	json_t *o = json_with(json_object(), "verdict", json_string(verdict(p->before.verdict)));

	return slo_json_result(o, &p->before);
}

static json_t *promise(const struct report *r, const struct report_promise *p)
{
	json_t *o = json_with(json_object(), "name", json_text(p->now.slo));
	bool low = report_low(p->now.coverage);

	o = json_with(o, "title", json_text(p->slo->display_name));
	o = json_with(o, "promise", json_text(p->slo->agreement.promise));
	o = json_with(o, "owner", json_text(p->slo->agreement.owner));
	o = json_with(o, "indicator", indicator(p));
	o = json_with(o, "removed", json_moment_or_null(p->removed));
	o = json_with(o, "verdict", json_string(verdict(p->now.verdict)));
	o = slo_json_result(o, &p->now);
	o = json_with(o, "coverage_low", json_boolean(low));
	o = json_with(o, "estimated_share", json_number(r->estimated_share));
	o = json_with(o, "inexact", json_count(p->inexact));
	o = json_with(o, "excluded", slo_json_excluded(p->excluded, p->n_excluded));
	o = json_with(o, "worst", worst(p));
	o = json_with(o, "alerts", alerts(r, p));
	o = json_with(o, "alerts_left_out", json_count(p->alerts_left_out));
	o = json_with(o, "cost", cost(p));
	o = json_with(o, "trend", json_text(report_trends[p->trend]));
	o = json_with(o, "services", names(r, p));
	return json_with(o, "previous", previous(p));
}

static int by_index(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

static json_t *slos(const struct report *r, size_t service)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n_promises; i++) {
		const struct report_promise *p = &r->promises[i];

		if (p->n_services &&
		    bsearch(&service, p->services, p->n_services, sizeof(service), by_index))
			list = json_add(list, slo_json_brief(&p->now, p->objective, p->inexact));
	}
	return list;
}

/* What matters of the period before. */
static json_t *service_before(const struct figures *f)
{
	json_t *exchanges = json_with(json_object(), "total", json_count(f->total));
	json_t *latency = json_object();

	if (!f->total) {
		json_decref(exchanges);
		json_decref(latency);
		return json_null();
	}
	for (unsigned int o = 0; o < OUTCOMES; o++)
		exchanges = json_with(exchanges, figures_outcome(o), json_count(f->outcomes[o]));
	latency = json_with(latency, "mean", json_number(f->mean_s));
	latency = json_with(latency, "p50", json_number(f->p50_s));
	latency = json_with(latency, "p90", json_number(f->p90_s));
	latency = json_with(latency, "p99", json_number(f->p99_s));
	latency = json_with(latency, "max", json_number(f->max_s));
	return json_with(json_with(json_object(), "exchanges", exchanges), "latency_s", latency);
}

static json_t *services(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < r->n_services; i++) {
		const struct report_service *s = &r->services[i];
		json_t *o = service_json(&s->row, slos(r, i));

		o = json_with(o, "rank", json_count(i + 1));
		o = json_with(o, "risk", json_number(s->risk));
		o = json_with(o, "remaining_ratio", json_number(s->remaining_ratio));
		list = json_add(list, json_with(o, "previous", service_before(&s->before)));
	}
	return list;
}

static json_t *events(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n_events; i++) {
		const struct store_event *e = &r->events[i];
		bool alert = e->kind && !strcmp(e->kind, "alert");
		json_t *o = json_with(json_object(), "time", json_moment(e->time));

		o = json_with(o, "kind", json_text(e->kind));
		o = json_with(o, "slo", json_text(e->slo));
		o = json_with(o, "severity", json_text(e->severity));
		o = json_with(o, "long_s", alert ? json_count(e->long_s) : json_null());
		o = json_with(o, "short_s", e->short_s ? json_count(e->short_s) : json_null());
		o = json_with(o, "state", json_text(e->state));
		list = json_add(list, json_with(o, "text", json_text(e->text)));
	}
	return list;
}

static json_t *measured(const struct store_measured *m, double coverage)
{
	json_t *o = json_with(json_object(), "coverage", json_number(coverage));

	o = json_with(o, "coverage_low", json_boolean(report_low(coverage)));
	o = json_with(o, "measured_s", json_seconds(m->measured_ns));
	o = json_with(o, "estimated_s", json_seconds(m->estimated_ns));
	o = json_with(o, "exchanges", json_count(m->exchanges));
	return json_with(o, "lost", json_count(m->lost));
}

static json_t *measurement(const struct report *r)
{
	json_t *o = measured(&r->measured, r->coverage), *gaps = json_array();

	for (size_t i = 0; i < r->n_gaps; i++) {
		const struct report_gap *g = &r->gaps[i];
		json_t *gap = json_with(json_object(), "from", json_moment(g->from));

		gap = json_with(gap, "to", json_moment(g->to));
		gaps = json_add(gaps,
				json_with(gap, "unmeasured_s", json_seconds(g->unmeasured_ns)));
	}
	o = json_with(o, "estimated_share", json_number(r->estimated_share));
	o = json_with(o, "gaps", gaps);
	o = json_with(o, "gaps_left_out", json_count(r->gaps_left_out));
	return json_with(o, "previous", measured(&r->measured_before, r->coverage_before));
}

/* Every Exclusion once, with the promises that it was for. */
static json_t *exclusions(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; r->set && i < r->set->n_exclusions; i++) {
		const struct exclusion *why = &r->set->exclusions[i];
		json_t *slos = json_array(), *o = NULL;

		for (size_t p = 0; p < r->n_promises; p++)
			for (size_t k = 0; k < r->promises[p].n_excluded; k++) {
				const struct slo_excluded *x = &r->promises[p].excluded[k];

				if (x->why != why)
					continue;
				slos = json_add(slos, json_text(r->promises[p].now.counts_name));
				if (o)
					continue;
				o = json_with(json_object(), "name", json_text(why->name));
				o = json_with(o, "reason", json_text(why->reason));
				o = json_with(o, "author", json_text(why->author));
				o = json_with(o, "first", json_moment(x->first));
				o = json_with(o, "last", json_moment(x->last));
				o = json_with(o, "times", json_count(x->n));
			}
		if (o)
			list = json_add(list, json_with(o, "slos", slos));
		else
			json_decref(slos);
	}
	return list;
}

static json_t *requests_of(json_t *o, const struct report_requests *c)
{
	o = json_with(o, "requests", json_count(c->total));
	o = json_with(o, "failed", json_count(c->failed));
	return json_with(o, "no_answer", json_count(c->no_answer));
}

static json_t *counted(const struct report_count *c)
{
	json_t *o = json_with(json_object(), "kept", json_count(c->kept));

	o = json_with(o, "broken", json_count(c->broken));
	o = json_with(o, "no_data", json_count(c->no_data));
	o = requests_of(o, &c->here);
	o = json_with(o, "promised", requests_of(json_object(), &c->promised));
	o = json_with(o, "others", requests_of(json_object(), &c->others));
	return json_with(o, "longest_below_target_s", json_seconds(c->bad_ns));
}

static json_t *summary(const struct report *r)
{
	json_t *o = counted(&r->count), *text = json_array();

	for (size_t i = 0; i < r->n_sentences; i++)
		text = json_add(text, json_text(r->sentences[i]));
	o = json_with(o, "previous", counted(&r->count_before));
	return json_with(o, "text", text);
}

int report_json(FILE *out, const struct report *r)
{
	json_t *o = json_with(json_object(), "schema", json_string("troth.report/1"));
	json_t *promises = json_array();

	for (size_t i = 0; i < r->n_promises; i++)
		promises = json_add(promises, promise(r, &r->promises[i]));
	o = json_with(o, "generated", json_moment(r->now));
	o = json_with(o, "host", json_text(r->host));
	o = json_with(o, "record_began", json_moment_or_null(r->began));
	o = json_with(o, "period", period(r->from, r->to));
	o = json_with(o, "previous", period(r->before, r->from));
	o = json_with(o, "summary", summary(r));
	o = json_with(o, "promises", promises);
	o = json_with(o, "documents_left_out", json_count(r->documents_left_out));
	o = json_with(o, "services", services(r));
	o = json_with(o, "services_left_out", json_count(r->services_left_out));
	o = json_with(o, "events", events(r));
	o = json_with(o, "events_left_out", json_count(r->events_left_out));
	o = json_with(o, "measurement", measurement(r));
	return json_print(out, json_with(o, "exclusions", exclusions(r)));
}
