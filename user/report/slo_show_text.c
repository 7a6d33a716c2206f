// SPDX-License-Identifier: Apache-2.0
/* slo_show_text.c - a promise as a page that people can agree on. Leaves the arithmetic to slo_show.c. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "../base/cleanup.h"
#include "page.h"
#include "slo_show.h"
#include "slo_words.h"

#define HANG 16

static void line(struct page *p, const char *label)
{
	page_line(p, 2, INK_FAINT, label, HANG);
}

static void put_text(struct page *p, const char *label, const char *text, const char *otherwise)
{
	if (!text && !otherwise)
		return;
	line(p, label);
	page_words(p, text ? INK_PLAIN : INK_FAINT, text ? text : otherwise);
	page_end(p);
}

static void put_owned(struct page *p, const char *label, char *text)
{
	if (text)
		put_text(p, label, text, NULL);
	else
		p->error = -ENOMEM;
	free(text);
}

static void put_agreement(struct page *p, const struct slo *slo)
{
	const struct agreement *a = &slo->agreement;

	put_text(p, "promise", a->promise, "(not written down: annotation troth.dev/promise)");
	put_text(p, "owner", a->owner, "(nobody yet: annotation troth.dev/owner)");
	if (a->n_stakeholders) {
		line(p, "agreed with");
		for (size_t i = 0; i < a->n_stakeholders; i++) {
			page_words(p, INK_PLAIN, a->stakeholders[i]);
			if (i + 1 < a->n_stakeholders)
				page_words(p, INK_FAINT, "·");
		}
		page_end(p);
	}
	put_text(p, "because", a->rationale, NULL);
	put_text(p, "about", slo->description, NULL);
}

static void put_policy(struct page *p, const struct agreement *a)
{
	for (size_t i = 0; i < a->n_policy; i++) {
		line(p, i ? "" : "then");
		page_item(p, INK_STRONG, "at %s of the budget left:",
			  human_target(a->policy[i].remaining_ratio).s);
		page_words(p, INK_PLAIN, a->policy[i].action);
		page_end(p);
	}
	if (!isnan(a->cost_per_bad_event)) {
		line(p, "a failure costs");
		page_item(p, INK_PLAIN, "%s %s", slo_number(a->cost_per_bad_event).s,
			  a->currency ? a->currency : "");
		page_end(p);
	}
	if (a->review_by) {
		line(p, "review by");
		page_item(p, INK_PLAIN, "%s", a->review_by);
		page_end(p);
	}
	if (a->runbook) {
		line(p, "runbook");
		page_words(p, INK_PLAIN, a->runbook);
		page_end(p);
	}
}

static void put_allowance(struct page *p, const struct slo_entry *e, const struct allowance *a)
{
	line(p, "allowed");
	page_item(p, INK_PLAIN, "%s %s in a million", human_amount(a->per_million).s,
		  e->slo->method == METHOD_OCCURRENCES ? "failures" : "bad slices");
	if (isfinite(a->one_in))
		page_item(p, INK_PLAIN, "1 in %s", human_amount(a->one_in).s);
	page_item(p, INK_STRONG, "%s min of a full outage in %s", slo_number(a->minutes).s,
		  words_span(e->slo->window.span).s);
	if (a->slices_of > 0)
		page_item(p, INK_PLAIN, "%s bad slices of %s", slo_number(a->slices).s,
			  slo_number(a->slices_of).s);
	page_end(p);
}

/* " (4 minutes 19 seconds)" */
static struct human in_words(double s)
{
	struct human ret = {};

	if (s >= 100 && s < 1e9)
		snprintf(ret.s, sizeof(ret.s), " (%.40s)", words_length((uint64_t)(s * 1e9)).s);
	return ret;
}

static void put_rule(struct page *p, const struct slo_entry *e, size_t i)
{
	static const char *const words[] = { [COMPARE_NONE] = "above",
					     [COMPARE_LT] = "below",
					     [COMPARE_LTE] = "at most at",
					     [COMPARE_GT] = "above",
					     [COMPARE_GTE] = "at least at" };
	const struct alert_condition *c = slo_condition(e->slo, i);

	page_item(p, INK_PLAIN, "burning %s %s", words[c ? c->op : COMPARE_GT],
		  words_factor(e->result.alerts[i].factor).s);
	if (c && c->alert_after_s)
		page_item(p, INK_PLAIN, "for %s", words_seconds(c->alert_after_s).s);
}

static void put_alerts(struct page *p, const struct slo_entry *e, const struct allowance *a)
{
	const struct slo_result *r = &e->result;

	for (size_t i = 0; i < r->n_alerts; i++) {
		const struct alert_state *alert = &r->alerts[i];
		double detect_s = slo_detect_s(e, a, i);

		line(p, i ? "" : "alerts");
		page_item(p, INK_STRONG, "%-6s", alert->severity);
		if (alert->short_s)
			page_item(p, INK_PLAIN, "%s and %s", words_seconds(alert->long_s).s,
				  words_seconds(alert->short_s).s);
		else
			page_item(p, INK_PLAIN, "%s", words_seconds(alert->long_s).s);
		put_rule(p, e, i);
		if (isfinite(detect_s))
			page_item(p, INK_PLAIN, "a full outage is told after %s s%s",
				  slo_number(detect_s).s, in_words(detect_s).s);
		else if (!alert->can_fire)
			page_item(p, INK_BAD, "can never fire: a full outage burns at %s",
				  words_factor(a->one_in).s);
		page_end(p);
	}
	if (r->n_alerts && e->slo->min_bad_events > 1) {
		line(p, "");
		page_item(p, INK_PLAIN, "each waits for %s failures",
			  human_count(e->slo->min_bad_events).s);
		page_end(p);
	}
}

static void put_objective(struct page *p, const struct slo_entry *e)
{
	const struct slo_result *r = &e->result;
	const struct objective *o = e->objective;
	struct allowance a;

	slo_allowance(e, &a);
	line(p, "target");
	page_item(p, INK_STRONG, "%s", a.target);
	if (*r->objective)
		page_item(p, INK_PLAIN, "%s%s", r->counts_name, words_all(r));
	if (!o)
		page_words(p, INK_PLAIN, "all objectives together, by their weights");
	page_end(p);
	if (o)
		put_owned(p, "counted", words_indicator(e->slo, o));
	if (o && o->slice_s && e->slo->method == METHOD_TIMESLICES) {
		char text[DECIMAL_TEXT];

		line(p, "");
		page_item(p, INK_PLAIN, "a slice of %s is good at %s %%",
			  words_seconds(o->slice_s).s, decimal_format(o->slice_target, -2, text));
		page_end(p);
	}
	put_allowance(p, e, &a);
	put_alerts(p, e, &a);
}

int slo_show_text(FILE *out, const struct slo_report *r, bool colour)
{
	struct page p = { .out = out, .colour = colour };

	for (size_t i = 0; i < r->n; i++) {
		const struct slo_entry *e = &r->entries[i];
		bool first = !i || r->entries[i - 1].slo != e->slo;
		bool last = i + 1 == r->n || r->entries[i + 1].slo != e->slo;

		if (first) {
			if (i)
				page_end(&p);
			page_line(&p, 0, INK_STRONG, e->slo->name, 0);
			if (e->slo->display_name)
				page_item(&p, INK_PLAIN, "%s", e->slo->display_name);
			page_end(&p);
			put_agreement(&p, e->slo);
			put_text(&p, "service",
				 e->slo->service_display_name ? e->slo->service_display_name :
								e->slo->service,
				 NULL);
			put_owned(&p, "window", words_window(&e->slo->window));
			put_text(&p, "method", budget_method_names[e->slo->method], NULL);
		}
		put_objective(&p, e);
		if (last)
			put_policy(&p, &e->slo->agreement);
	}
	return p.error;
}
