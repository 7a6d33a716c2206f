// SPDX-License-Identifier: Apache-2.0
/*
 * slo_json.c - objectives as one troth.slo/1 document (CONTRACT has every field but these, which say
 * more: promise, owner, excluded, revisions; frozen, since, rates, exhausted_at and text of an
 * alert; chance).
 */
#include <string.h>

#include "../base/cleanup.h"
#include "json.h"
#include "slo.h"
#include "slo_json.h"
#include "slo_words.h"

static json_t *verdict(enum verdict v)
{
	return v == VERDICT_NO_DATA ? json_null() : json_boolean(v == VERDICT_MET);
}

static json_t *window(const struct slo_result *r)
{
	json_t *o = json_with(json_object(), "start", json_moment(r->window_start));

	o = json_with(o, "end", json_moment(r->window_end));
	o = json_with(o, "duration_s", json_integer(r->window_end - r->window_start));
	return json_with(o, "rolling", json_boolean(r->rolling));
}

static json_t *time_spent(const struct slo_result *r)
{
	json_t *o = json_with(json_object(), "good", json_seconds(r->good_ns));

	o = json_with(o, "bad", json_seconds(r->bad_ns));
	o = json_with(o, "idle", json_seconds(r->idle_ns));
	o = json_with(o, "unmeasured", json_seconds(r->unmeasured_ns));
	return json_with(o, "excluded", json_seconds(r->excluded_ns));
}

static json_t *budget(const struct slo_result *r)
{
	json_t *o = json_object();

	o = json_with(o, "unit", json_string(r->in_slices ? "slices" : "events"));
	o = json_with(o, "allowed", json_number(r->allowed));
	o = json_with(o, "spent", json_number(r->spent));
	o = json_with(o, "remaining", json_number(r->remaining));
	return json_with(o, "remaining_ratio", json_number(r->remaining_ratio));
}

static json_t *burns(const struct slo_result *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n_burns; i++) {
		json_t *o = json_with(json_object(), "window_s", json_count(r->burns[i].window_s));

		list = json_add(list, json_with(o, "rate", json_number(r->burns[i].rate)));
	}
	return list;
}

static json_t *alert_head(const struct alert_state *a)
{
	json_t *o = json_with(json_object(), "severity", json_text(a->severity));

	o = json_with(o, "long_s", json_count(a->long_s));
	o = json_with(o, "short_s", a->short_s ? json_count(a->short_s) : json_null());
	return json_with(o, "factor", json_number(a->factor));
}

static json_t *alert_text(const struct slo_entry *e, const struct alert_state *a)
{
	_cleanup_(freep) char *text = NULL;

	if (!a->firing)
		return json_null();
	text = words_alert(&e->result, a, e->slo->agreement.promise);
	return text ? json_text(text) : NULL;
}

static json_t *alerts(const struct slo_entry *e)
{
	const struct slo_result *r = &e->result;
	json_t *list = json_array();

	for (size_t i = 0; i < r->n_alerts; i++) {
		const struct alert_state *a = &r->alerts[i];
		json_t *o = json_with(alert_head(a), "firing", json_boolean(a->firing));

		o = json_with(o, "frozen", json_boolean(a->frozen));
		o = json_with(o, "can_fire", json_boolean(a->can_fire));
		o = json_with(o, "since", json_moment_or_null(a->firing ? a->since : 0));
		o = json_with(o, "long_rate", json_number(a->long_rate));
		o = json_with(o, "short_rate", json_number(a->short_rate));
		o = json_with(o, "bad", json_count(a->bad));
		o = json_with(o, "exhausted_at", json_moment_or_null(a->exhausted_at));
		list = json_add(list, json_with(o, "text", alert_text(e, a)));
	}
	return list;
}

static json_t *forecast(const struct slo_entry *e)
{
	const struct slo_result *r = &e->result;
	/* Of a composite nothing is foreseen. */
	_cleanup_(freep) char *method = e->objective ? words_method(r) : strdup("none");
	json_t *o = json_object();

	o = json_with(o, "exhausted_at", json_moment_or_null(r->exhausted_at));
	o = json_with(o, "method", method ? json_text(method) : NULL);
	o = json_with(o, "chance", json_number(r->chance));
	return json_with(o, "chance_method", json_text(r->chance_method));
}

json_t *slo_json_excluded(const struct slo_excluded *list, size_t n)
{
	json_t *ret = json_array();

	for (size_t i = 0; i < n; i++) {
		const struct slo_excluded *x = &list[i];
		json_t *o = json_with(json_object(), "name", json_text(x->why->name));

		o = json_with(o, "reason", json_text(x->why->reason));
		o = json_with(o, "author", json_text(x->why->author));
		o = json_with(o, "first", json_moment(x->first));
		o = json_with(o, "last", json_moment(x->last));
		ret = json_add(ret, json_with(o, "times", json_count(x->n)));
	}
	return ret;
}

static json_t *revisions(const struct slo_result *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n_revisions; i++) {
		const struct revision_result *v = &r->revisions[i];
		json_t *o = json_with(json_object(), "since", json_moment_or_null(v->since));

		o = json_with(o, "target", json_number(v->target));
		o = json_with(o, "good", json_count(v->good));
		o = json_with(o, "total", json_count(v->total));
		o = json_with(o, "sli", json_number(v->sli));
		list = json_add(list, json_with(o, "met", verdict(v->verdict)));
	}
	return list;
}

json_t *slo_json_result(json_t *o, const struct slo_result *r)
{
	bool data = r->verdict != VERDICT_NO_DATA;

	o = json_with(o, "service", json_text(r->service));
	o = json_with(o, "objective", json_text(r->objective));
	o = json_with(o, "target", json_number(r->target));
	o = json_with(o, "method", json_text(r->method));
	o = json_with(o, "window", window(r));
	o = json_with(o, "good", json_count(r->good));
	o = json_with(o, "total", json_count(r->total));
	o = json_with(o, "bad", json_count(r->total - r->good));
	o = json_with(o, "sli", data ? json_number(r->sli) : json_null());
	o = json_with(o, "met", verdict(r->verdict));
	o = json_with(o, "estimated", json_boolean(r->estimated));
	o = json_with(o, "time_s", time_spent(r));
	o = json_with(o, "coverage", json_number(r->coverage));
	return json_with(o, "budget", budget(r));
}

static const struct kernel_metric *kernel_of(const struct metric *m)
{
	return m ? m->kernel : NULL;
}

const struct kernel_metric *slo_judged_by(const struct objective *o)
{
	const struct indicator *i = o ? o->indicator : NULL;

	if (!i)
		return NULL;
	return kernel_of(i->good) ?: kernel_of(i->bad) ?: kernel_of(i->raw);
}

static json_t *brief_budget(const struct slo_result *r)
{
	json_t *o = json_with(json_object(), "allowed", json_number(r->allowed));

	o = json_with(o, "spent",
		      r->in_slices ? json_number(r->spent) : json_count(r->total - r->good));
	return json_with(o, "remaining_ratio", json_number(r->remaining_ratio));
}

json_t *slo_json_brief(const struct slo_result *r, const struct objective *o, uint64_t inexact)
{
	const struct kernel_metric *k = slo_judged_by(o);
	bool data = r->verdict != VERDICT_NO_DATA;
	json_t *ret = json_with(json_object(), "name", json_text(r->counts_name));

	ret = json_with(ret, "indicator",
			json_text(!k		 ? NULL :
				  k->has_latency ? "latency" :
						   "availability"));
	ret = json_with(ret, "target", json_number(r->target));
	ret = json_with(ret, "good", json_count(r->good));
	ret = json_with(ret, "total", json_count(r->total));
	ret = json_with(ret, "sli", data ? json_number(r->sli) : json_null());
	ret = json_with(ret, "exact", json_boolean(!inexact));
	ret = json_with(ret, "met", verdict(r->verdict));
	ret = json_with(ret, "budget", brief_budget(r));
	if (!k || !k->has_latency)
		return ret;
	ret = json_with(ret, "part", json_text(latency_part_names[k->part]));
	return json_with(ret, "max_s", json_number((double)k->max_ns / 1e9));
}

static json_t *entry(const struct slo_entry *e)
{
	const struct slo_result *r = &e->result;
	json_t *o = slo_json_result(json_with(json_object(), "name", json_text(r->slo)), r);

	o = json_with(o, "burn", burns(r));
	o = json_with(o, "alerts", alerts(e));
	o = json_with(o, "forecast", forecast(e));
	o = json_with(o, "promise", json_text(e->slo->agreement.promise));
	o = json_with(o, "owner", json_text(e->slo->agreement.owner));
	o = json_with(o, "excluded", slo_json_excluded(e->excluded, e->n_excluded));
	return r->n_revisions > 1 ? json_with(o, "revisions", revisions(r)) : o;
}

static json_t *event(const struct slo_event *e)
{
	json_t *head = alert_head(&e->alert);
	json_t *o = json_with(json_object(), "time", json_moment(e->time));

	o = json_with(o, "slo", json_text(e->name));
	o = json_with(o, "kind", json_string("alert"));
	if (!head || !o || json_object_update(o, head)) {
		json_decref(o);
		o = NULL;
	}
	json_decref(head);
	return json_with(o, "state", json_string(e->firing ? "firing" : "resolved"));
}

int slo_report_json(FILE *out, const struct slo_report *r)
{
	json_t *slos = json_array(), *events = json_array();
	json_t *root = json_with(json_object(), "schema", json_string("troth.slo/1"));

	for (size_t i = 0; i < r->n; i++)
		slos = json_add(slos, entry(&r->entries[i]));
	for (size_t i = 0; i < r->n_events; i++)
		events = json_add(events, event(&r->events[i]));
	root = json_with(root, "at", json_moment(r->at));
	root = json_with(root, "slos", slos);
	root = json_with(root, "events", events);
	if (r->events_left_out)
		root = json_with(root, "events_left_out", json_count(r->events_left_out));
	return json_print(out, root);
}
