// SPDX-License-Identifier: Apache-2.0
/*
 * slo_text.c - objectives for people: which promises are kept, what is left of each budget, what is
 * alarming, and how much of the time was seen at all. Leaves sentences to slo_words.
 */
#include <math.h>

#include "../base/cleanup.h"
#include "promise_text.h"
#include "slo.h"
#include "slo_words.h"

#define EVENTS_SHOWN 20 /* the newest */

/* Objectives are promises; what is of all of them together (a composite) counts apart. */
static void put_headline(struct page *p, const struct slo_report *r)
{
	size_t kept = 0, broken = 0, broken_together = 0, firing = 0, promises = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct slo_result *s = &r->entries[i].result;

		if (!r->entries[i].objective) {
			broken_together += s->verdict == VERDICT_MISSED;
			continue;
		}
		promises++;
		kept += s->verdict == VERDICT_MET;
		broken += s->verdict == VERDICT_MISSED;
		for (size_t a = 0; a < s->n_alerts; a++)
			firing += s->alerts[a].firing;
	}
	page_line(p, 0, INK_PLAIN, "", 0);
	if (!kept && !broken)
		page_item(p, INK_STRONG, "no data: nothing was measured of any promise");
	else if (broken)
		page_item(p, INK_BAD, "BROKEN: %zu of %zu promise%s", broken, kept + broken,
			  kept + broken == 1 ? "" : "s");
	else
		page_item(p, INK_GOOD, "kept: %s", kept == 1 ? "the promise" : "every promise");
	if (broken_together)
		page_item(p, INK_BAD, "BROKEN: %zu composite%s", broken_together,
			  broken_together == 1 ? "" : "s");
	if (promises > kept + broken && kept + broken)
		page_item(p, INK_FAINT, "(%zu more without data)", promises - kept - broken);
	if (firing)
		page_item(p, INK_BAD, "%zu alert%s firing", firing, firing == 1 ? "" : "s");
	page_item(p, INK_FAINT, "at %s", words_moment(r->at).s);
	page_end(p);
}

static void put_events_of(struct page *p, const struct slo_result *s)
{
	page_item(p, INK_FAINT, "%s of %s good, %s failed", human_count(s->good).s,
		  human_count(s->total).s, human_count(s->total - s->good).s);
}

static void put_result(struct page *p, const struct slo_entry *e)
{
	const struct slo_result *s = &e->result;
	_cleanup_(freep) char *window = words_window(&e->slo->window);
	const char *zone = !s->rolling && e->slo->window.zone ? e->slo->window.zone : "UTC";
	bool over = s->at >= s->window_end;

	promise_text_begin_result(p, s, e->objective);
	/* Of slices: events are no part of the result. */
	if (!s->in_slices)
		put_events_of(p, s);
	page_end(p);
	if (s->in_slices) {
		promise_text_line(p, "events");
		put_events_of(p, s);
		page_end(p);
	}
	promise_text_line(p, "method");
	page_item(p, INK_PLAIN, "%s", s->method);
	if (s->in_slices && e->objective && e->objective->slice_s)
		page_item(p, INK_PLAIN, "slices of %s", words_seconds(e->objective->slice_s).s);
	page_end(p);
	promise_text_line(p, "window");
	page_words(p, INK_PLAIN, window ? window : "?");
	page_item(p, INK_FAINT, "%s to %s%s", words_moment_in(zone, s->window_start).s,
		  words_moment_in(zone, s->window_end).s, over ? "" : ", not over yet");
	page_end(p);
}

static void put_budget(struct page *p, const struct slo_result *s)
{
	if (s->verdict == VERDICT_NO_DATA)
		return;
	promise_text_begin_budget(p, s);
	if (s->verdict == VERDICT_MISSED && s->remaining_ratio > 0)
		page_words(p, INK_FAINT, words_broken_early(s->at >= s->window_end));
	if (s->estimated)
		page_item(p, INK_FAINT,
			  "(an estimate: the period is not over, and its traffic "
			  "not known)");
	page_end(p);
}

static void put_burns(struct page *p, const struct slo_result *s)
{
	bool known = false;

	for (size_t i = 0; i < s->n_burns; i++)
		known |= isfinite(s->burns[i].rate);
	if (!known)
		return;
	promise_text_line(p, "burn rates");
	for (size_t i = 0; i < s->n_burns; i++)
		page_item(p, INK_PLAIN, "%s: %s", words_seconds(s->burns[i].window_s).s,
			  isfinite(s->burns[i].rate) ? human_amount(s->burns[i].rate).s :
						       "unknown");
	page_end(p);
}

static void put_alerts(struct page *p, const struct slo_entry *e)
{
	const struct slo_result *s = &e->result;

	for (size_t i = 0; i < s->n_alerts; i++) {
		if (!s->alerts[i].firing)
			continue;
		promise_text_line(p, "ALERT");
		promise_text_words(p, INK_BAD,
				   words_alert(s, &s->alerts[i], e->slo->agreement.promise));
		page_end(p);
	}
}

static void put_outlook(struct page *p, const struct slo_entry *e)
{
	const struct slo_result *s = &e->result;

	/* Of a composite nothing is foreseen: its members' outlooks stand at them. */
	if (s->verdict == VERDICT_NO_DATA || !e->objective)
		return;
	promise_text_line(p, "outlook");
	promise_text_words(p, INK_PLAIN, words_forecast(s));
	if (isfinite(s->chance))
		promise_text_words(p, INK_PLAIN, words_chance(s, &e->slo->window));
	page_end(p);
}

/* Once, at the end of the page. */
static void put_method(struct page *p, const struct slo_report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct slo_result *s = &r->entries[i].result;

		if (s->verdict == VERDICT_NO_DATA || !isfinite(s->chance) || !s->chance_method)
			continue;
		page_end(p);
		page_line(p, 0, INK_PLAIN, "", 0);
		page_words(p, INK_FAINT, "How chances are found:");
		page_words(p, INK_FAINT, s->chance_method);
		page_end(p);
		return;
	}
}

static void put_revisions(struct page *p, const struct slo_result *s)
{
	for (size_t i = 0; s->n_revisions > 1 && i < s->n_revisions; i++) {
		const struct revision_result *v = &s->revisions[i];

		promise_text_line(p, i ? "" : "revisions");
		page_item(p, INK_PLAIN, "%s%s", v->since ? "from " : "at first",
			  v->since ? words_moment(v->since).s : "");
		page_item(p, INK_PLAIN, "%s promised", human_target(v->target).s);
		if (v->verdict == VERDICT_NO_DATA)
			page_item(p, INK_FAINT, "no data");
		else
			page_item(p, v->verdict == VERDICT_MET ? INK_GOOD : INK_BAD, "%s good: %s",
				  human_target(floor(v->sli * 1e8) / 1e8).s,
				  v->verdict == VERDICT_MET ? "kept" : "BROKEN");
		page_end(p);
	}
}

static void put_events(struct page *p, const struct slo_report *r)
{
	size_t first = r->n_events > EVENTS_SHOWN ? r->n_events - EVENTS_SHOWN : 0;

	if (!r->n_events)
		return;
	page_end(p);
	page_line(p, 0, INK_STRONG, "alerts of the past", 0);
	if (first)
		page_item(p, INK_FAINT, "the last %d of %s; '--output json' has all of them",
			  EVENTS_SHOWN, human_count(r->n_events).s);
	page_end(p);
	for (size_t i = first; i < r->n_events; i++) {
		const struct slo_event *e = &r->events[i];

		page_line(p, 2, INK_FAINT, words_moment(e->time).s, 25);
		page_item(p, e->firing ? INK_BAD : INK_PLAIN, "%s %s",
			  words_severity(e->alert.severity).s, e->firing ? "fires" : "is over");
		page_item(p, INK_PLAIN, "%s", e->name);
		page_item(p, INK_FAINT, "within %s", words_seconds(e->alert.long_s).s);
		page_end(p);
	}
}

int slo_report_text(FILE *out, const struct slo_report *r, bool colour)
{
	struct page p = { .out = out, .colour = colour };

	put_headline(&p, r);
	for (size_t i = 0; i < r->n; i++) {
		const struct slo_entry *e = &r->entries[i];

		page_end(&p);
		promise_text_heading(&p, &e->result, e->slo, !e->objective);
		promise_text_promise(&p, &e->slo->agreement);
		promise_text_owner(&p, &e->slo->agreement);
		put_result(&p, e);
		put_alerts(&p, e);
		put_budget(&p, &e->result);
		put_outlook(&p, e);
		put_burns(&p, &e->result);
		promise_text_begin_measured(&p, &e->result);
		page_end(&p);
		promise_text_time(&p, &e->result);
		promise_text_excluded(&p, e->excluded, e->n_excluded, e->result.excluded_ns);
		put_revisions(&p, &e->result);
	}
	put_events(&p, r);
	put_method(&p, r);
	return p.error;
}
