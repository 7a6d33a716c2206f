// SPDX-License-Identifier: Apache-2.0
/* slo_show_json.c - a promise as one troth.show/1 document. Leaves the arithmetic to slo_show.c. */
#include <math.h>

#include "../base/cleanup.h"
#include "json.h"
#include "slo_show.h"
#include "slo_words.h"

static json_t *owned_text(char *text)
{
	_cleanup_(freep) char *owned = text;

	return owned ? json_text(owned) : NULL;
}

static json_t *window(const struct time_window *w)
{
	char span[16];
	json_t *o = json_with(json_object(), "words", owned_text(words_window(w)));

	snprintf(span, sizeof(span), "%u%c", w->span.n, w->span.unit);
	o = json_with(o, "span", json_text(span));
	o = json_with(o, "duration_s", json_integer(span_seconds(w->span)));
	o = json_with(o, "rolling", json_boolean(w->rolling));
	return json_with(o, "zone", w->rolling ? json_null() : json_text(w->zone));
}

static json_t *allowed(const struct slo *slo, const struct allowance *a)
{
	json_t *o = json_with(json_object(), "unit",
			      json_string(slo->method == METHOD_OCCURRENCES ? "events" : "slices"));

	o = json_with(o, "ratio", json_number(a->ratio));

	o = json_with(o, "per_million", json_number(a->per_million));
	o = json_with(o, "one_in", json_number(a->one_in));
	o = json_with(o, "minutes", json_number(a->minutes));
	o = json_with(o, "slices", a->slices_of > 0 ? json_number(a->slices) : json_null());
	return json_with(o, "slices_of",
			 a->slices_of > 0 ? json_number(a->slices_of) : json_null());
}

static json_t *alerts(const struct slo_entry *e, const struct allowance *a)
{
	static const char *const ops[] = { "gt", "lt", "lte", "gt", "gte" };
	const struct slo_result *r = &e->result;
	json_t *list = json_array();

	for (size_t i = 0; i < r->n_alerts; i++) {
		const struct alert_state *s = &r->alerts[i];
		const struct alert_condition *c = slo_condition(e->slo, i);
		json_t *o = json_with(json_object(), "severity", json_text(s->severity));

		o = json_with(o, "long_s", json_count(s->long_s));
		o = json_with(o, "short_s", s->short_s ? json_count(s->short_s) : json_null());
		o = json_with(o, "factor", json_number(s->factor));
		o = json_with(o, "op", json_string(ops[c ? c->op : COMPARE_GT]));
		o = json_with(o, "alert_after_s", json_count(c ? c->alert_after_s : 0));
		o = json_with(o, "can_fire", json_boolean(s->can_fire));
		o = json_with(o, "detect_full_outage_s", json_number(slo_detect_s(e, a, i)));
		list = json_add(list, o);
	}
	return list;
}

static json_t *agreement(const struct agreement *a)
{
	json_t *stakeholders = json_array(), *policy = json_array();
	json_t *o = json_with(json_object(), "promise", json_text(a->promise));

	for (size_t i = 0; i < a->n_stakeholders; i++)
		stakeholders = json_add(stakeholders, json_text(a->stakeholders[i]));
	for (size_t i = 0; i < a->n_policy; i++) {
		json_t *step = json_with(json_object(), "remaining_ratio",
					 json_number(a->policy[i].remaining_ratio));

		step = json_with(step, "action", json_text(a->policy[i].action));
		policy = json_add(policy, step);
	}
	o = json_with(o, "owner", json_text(a->owner));
	o = json_with(o, "stakeholders", stakeholders);
	o = json_with(o, "rationale", json_text(a->rationale));
	o = json_with(o, "policy", policy);
	o = json_with(o, "cost_per_bad_event", json_number(a->cost_per_bad_event));
	o = json_with(o, "currency", json_text(a->currency));
	o = json_with(o, "review_by", json_text(a->review_by));
	return json_with(o, "runbook", json_text(a->runbook));
}

static json_t *entry(const struct slo_entry *e)
{
	const struct slo *slo = e->slo;
	const struct objective *objective = e->objective;
	json_t *o = json_with(json_object(), "name", json_text(slo->name));
	struct allowance a;

	slo_allowance(e, &a);
	o = json_with(o, "display_name", json_text(slo->display_name));
	o = json_with(o, "description", json_text(slo->description));
	o = json_with(o, "service", json_text(slo->service));
	o = json_with(o, "objective", json_text(e->result.objective));
	o = json_with(o, "target", json_number(e->result.target));
	o = json_with(o, "target_words", json_text(a.target));
	o = json_with(o, "method", json_text(budget_method_names[slo->method]));
	o = json_with(o, "indicator",
		      objective ? owned_text(words_indicator(slo, objective)) : json_null());
	o = json_with(o, "slice_s",
		      objective && objective->slice_s ? json_count(objective->slice_s) :
							json_null());
	o = json_with(o, "window", window(&slo->window));
	o = json_with(o, "allowed", allowed(slo, &a));
	o = json_with(o, "min_bad_events", json_count(slo->min_bad_events));
	o = json_with(o, "alerts", alerts(e, &a));
	return json_with(o, "agreement", agreement(&slo->agreement));
}

int slo_show_json(FILE *out, const struct slo_report *r)
{
	json_t *slos = json_array();
	json_t *root = json_with(json_object(), "schema", json_string("troth.show/1"));

	for (size_t i = 0; i < r->n; i++)
		slos = json_add(slos, entry(&r->entries[i]));
	return json_print(out, json_with(root, "slos", slos));
}
