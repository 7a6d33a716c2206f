// SPDX-License-Identifier: Apache-2.0
/*
 * slo_text.c - objectives for people: which promises are kept, what is left of each budget, what is
 * alarming, and how much of the time was seen at all. Leaves sentences to slo_words.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "../base/cleanup.h"
#include "human.h"
#include "objective_text.h"
#include "page.h"
#include "slo.h"
#include "slo_words.h"

#define HANG	     14
#define EVENTS_SHOWN 20 /* the newest */
#define NS_PER_S     1000000000u

static void put_words(struct page *p, enum ink ink, char *text)
{
	if (text)
		page_words(p, ink, text);
	else
		p->error = -ENOMEM;
	free(text);
}

static void line(struct page *p, const char *label)
{
	page_line(p, 2, INK_FAINT, label, HANG);
}

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

static void put_promise(struct page *p, const struct slo_entry *e)
{
	const struct agreement *a = &e->slo->agreement;

	line(p, "promise");
	if (a->promise)
		page_words(p, INK_PLAIN, a->promise);
	else
		page_words(p, INK_FAINT, "(not written down)");
	page_end(p);
	if (a->owner) {
		line(p, "owner");
		page_words(p, INK_PLAIN, a->owner);
		page_end(p);
	}
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

	line(p, "result");
	if (s->verdict == VERDICT_NO_DATA)
		page_item(p, INK_STRONG, "nothing to judge");
	else
		page_item(p, INK_STRONG, "%s", words_good(s).s);
	page_item(p, INK_PLAIN, "%s promised", words_target(e->objective, s).s);
	/* Of slices: events are no part of the result. */
	if (!s->in_slices)
		put_events_of(p, s);
	page_end(p);
	if (s->in_slices) {
		line(p, "events");
		put_events_of(p, s);
		page_end(p);
	}
	line(p, "method");
	page_item(p, INK_PLAIN, "%s", s->method);
	if (s->in_slices && e->objective && e->objective->slice_s)
		page_item(p, INK_PLAIN, "slices of %s", words_seconds(e->objective->slice_s).s);
	page_end(p);
	line(p, "window");
	page_words(p, INK_PLAIN, window ? window : "?");
	page_item(p, INK_FAINT, "%s to %s%s", words_moment_in(zone, s->window_start).s,
		  words_moment_in(zone, s->window_end).s, over ? "" : ", not over yet");
	page_end(p);
}

/* A sum of fractions that is a hair below a whole number is that number. */
static struct human amount(double value)
{
	return human_amount(value * (1 + 1e-12));
}

static void put_budget(struct page *p, const struct slo_result *s)
{
	const char *unit = s->in_slices ? "bad slices of time" : "failures";

	if (s->verdict == VERDICT_NO_DATA)
		return;
	line(p, "budget");
	page_item(p, s->remaining_ratio < 0 ? INK_BAD : INK_STRONG, "%s",
		  words_left(s->remaining_ratio).s);
	page_item(p, INK_PLAIN, "%s %s allowed, %s spent", amount(s->allowed).s, unit,
		  amount(s->spent).s);
	if (s->verdict == VERDICT_MISSED && s->remaining_ratio > 0)
		page_words(p, INK_FAINT, words_broken_early(s->at >= s->window_end));
	if (s->estimated)
		page_item(p, INK_FAINT,
			  "(an estimate: the period is not over, and its traffic "
			  "not known)");
	page_end(p);
}

static void put_coverage(struct page *p, const struct slo_result *s)
{
	bool low = isfinite(s->coverage) && s->coverage < COVERAGE_LOW;

	line(p, "measured");
	if (!isfinite(s->coverage)) {
		page_words(p, INK_PLAIN, "all of the time is excluded");
	} else {
		/* Cut off: what was missed for a minute is not 100 %. */
		page_item(p, low ? INK_BAD : INK_PLAIN, "%s of the time",
			  human_sli((uint64_t)floor(s->coverage * 1e9), 1000000000, 0.99).s);
		if (low)
			page_words(p, INK_BAD,
				   "LOW: what happened in the rest is not known, and not in these "
				   "figures");
	}
	page_end(p);
}

static void put_time(struct page *p, const struct slo_result *s)
{
	const struct {
		const char *name;
		uint64_t ns;
	} states[] = { { "good", s->good_ns },
		       { "bad", s->bad_ns },
		       { "idle", s->idle_ns },
		       { "unmeasured", s->unmeasured_ns },
		       { "excluded", s->excluded_ns } };
	bool some = false;

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (!states[i].ns)
			continue;
		if (!some)
			line(p, "time");
		some = true;
		page_item(p, INK_PLAIN, "%s %s", states[i].name, words_length(states[i].ns).s);
	}
	if (some)
		page_end(p);
}

static void put_burns(struct page *p, const struct slo_result *s)
{
	bool known = false;

	for (size_t i = 0; i < s->n_burns; i++)
		known |= isfinite(s->burns[i].rate);
	if (!known)
		return;
	line(p, "burn rates");
	for (size_t i = 0; i < s->n_burns; i++)
		page_item(p, INK_PLAIN, "%s: %s", words_seconds(s->burns[i].window_s).s,
			  isfinite(s->burns[i].rate) ? human_amount(s->burns[i].rate).s :
						       "unknown");
	page_end(p);
}

static void put_excluded(struct page *p, const struct slo_entry *e)
{
	for (size_t i = 0; i < e->n_excluded; i++) {
		const struct slo_excluded *x = &e->excluded[i];

		line(p, i ? "" : "excluded");
		if (!i)
			page_item(p, INK_STRONG, "%s of planned maintenance in all",
				  words_seconds(e->result.excluded_ns / NS_PER_S).s);
		page_words(p, INK_PLAIN, x->why->reason ? x->why->reason : "(no reason given)");
		page_item(p, INK_PLAIN, "said by %s", x->why->author ? x->why->author : "nobody");
		if (x->n == 1)
			page_item(p, INK_FAINT, "%s to %s", words_moment(x->first).s,
				  words_moment(x->last).s);
		else
			page_item(p, INK_FAINT, "%zu times from %s to %s", x->n,
				  words_moment(x->first).s, words_moment(x->last).s);
		page_end(p);
	}
}

static void put_alerts(struct page *p, const struct slo_entry *e)
{
	const struct slo_result *s = &e->result;

	for (size_t i = 0; i < s->n_alerts; i++) {
		if (!s->alerts[i].firing)
			continue;
		line(p, "ALERT");
		put_words(p, INK_BAD, words_alert(s, &s->alerts[i], e->slo->agreement.promise));
		page_end(p);
	}
}

static void put_outlook(struct page *p, const struct slo_entry *e)
{
	const struct slo_result *s = &e->result;

	/* Of a composite nothing is foreseen: its members' outlooks stand at them. */
	if (s->verdict == VERDICT_NO_DATA || !e->objective)
		return;
	line(p, "outlook");
	put_words(p, INK_PLAIN, words_forecast(s));
	if (isfinite(s->chance))
		put_words(p, INK_PLAIN, words_chance(s, &e->slo->window));
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

		line(p, i ? "" : "revisions");
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
		objective_text_heading(&p, &e->result, e->slo, !e->objective);
		put_promise(&p, e);
		put_result(&p, e);
		put_alerts(&p, e);
		put_budget(&p, &e->result);
		put_outlook(&p, e);
		put_burns(&p, &e->result);
		put_coverage(&p, &e->result);
		put_time(&p, &e->result);
		put_excluded(&p, e);
		put_revisions(&p, &e->result);
	}
	put_events(&p, r);
	put_method(&p, r);
	return p.error;
}
