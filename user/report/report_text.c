// SPDX-License-Identifier: Apache-2.0
/*
 * report_text.c - a report for a terminal: a summary in plain words, then each promise, then services and
 * what happened. Leaves sentences to report_summary and slo_words.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "../base/cleanup.h"
#include "human.h"
#include "objective_text.h"
#include "page.h"
#include "report_model.h"
#include "slo_words.h"

#define HANG	       14
#define WORST_SHOWN    3
#define SERVICES_SHOWN 20
#define EVENTS_SHOWN   20 /* the newest */

static void line(struct page *p, const char *label)
{
	page_line(p, 2, INK_FAINT, label, HANG);
}

static void words(struct page *p, enum ink ink, char *text)
{
	if (text)
		page_words(p, ink, text);
	else
		p->error = -ENOMEM;
	free(text);
}

static void put_head(struct page *p, const struct report *r)
{
	page_line(p, 0, INK_PLAIN, "", 0);
	page_item(p, INK_STRONG, "What was promised and what was kept");
	if (r->host)
		page_item(p, INK_PLAIN, "on %s", r->host);
	page_end(p);
	page_line(p, 0, INK_PLAIN, "", 0);
	page_item(p, INK_PLAIN, "%s to %s", words_moment(r->from).s, words_moment(r->to).s);
	page_item(p, INK_FAINT, "compared with the %s before",
		  words_length((uint64_t)(r->to - r->from) * NS_PER_S).s);
	page_end(p);
	page_end(p);
	for (size_t i = 0; i < r->n_sentences; i++) {
		bool bad = !strncmp(r->sentences[i], "CAUTION", 7) ||
			   !strncmp(r->sentences[i], "Broken", 6);

		page_line(p, 0, INK_PLAIN, "", bad ? 2 : 0);
		page_words(p, bad ? INK_BAD : INK_PLAIN, r->sentences[i]);
		page_end(p);
	}
}

static void put_promise(struct page *p, const struct report_promise *m)
{
	const struct agreement *a = &m->slo->agreement;

	line(p, "promise");
	page_words(p, a->promise ? INK_PLAIN : INK_FAINT,
		   a->promise ? a->promise : "(not written down)");
	page_end(p);
	if (m->objective) {
		line(p, "counted");
		words(p, INK_PLAIN, words_indicator(m->slo, m->objective));
		page_end(p);
	}
	if (m->removed) {
		line(p, "removed");
		page_item(p, INK_BAD, "promised no more since %s", words_moment(m->removed).s);
		page_end(p);
	}
	if (!a->owner)
		return;
	line(p, "owner");
	page_words(p, INK_PLAIN, a->owner);
	page_end(p);
}

static void put_result(struct page *p, const struct report_promise *m)
{
	const struct slo_result *s = &m->now, *b = &m->before;

	line(p, "result");
	if (s->verdict == VERDICT_NO_DATA)
		page_item(p, INK_STRONG, "nothing to judge");
	else
		page_item(p, INK_STRONG, "%s", words_good(s).s);
	page_item(p, INK_PLAIN, "%s promised", words_target(m->objective, s).s);
	page_item(p, INK_FAINT, "%s of %s requests good, %s not", human_count(s->good).s,
		  human_count(s->total).s, human_count(s->total - s->good).s);
	page_end(p);
	line(p, "before");
	if (b->verdict == VERDICT_NO_DATA) {
		page_item(p, INK_FAINT, "no data");
	} else {
		page_item(p, INK_PLAIN, "%s, %s", words_good(b).s,
			  b->verdict == VERDICT_MET ? "kept" : "broken");
		if (m->trend)
			page_item(p, m->trend == TREND_WORSE ? INK_BAD : INK_PLAIN, "now %s%s",
				  m->trend == TREND_SAME ? "about the " : "",
				  report_trends[m->trend]);
	}
	page_end(p);
}

/* A sum of fractions that is a hair below a whole number is that number. */
static struct human amount(double value)
{
	return human_amount(value * (1 + 1e-12));
}

static void put_budget(struct page *p, const struct report_promise *m)
{
	const struct slo_result *s = &m->now;

	if (s->verdict == VERDICT_NO_DATA)
		return;
	line(p, "budget");
	page_item(p, s->remaining_ratio < 0 ? INK_BAD : INK_STRONG, "%s",
		  words_left(s->remaining_ratio).s);
	page_item(p, INK_PLAIN, "%s %s allowed, %s spent", amount(s->allowed).s,
		  s->in_slices ? "bad slices of time" : "failures", amount(s->spent).s);
	page_end(p);
	if (!isfinite(m->cost))
		return;
	line(p, "cost");
	page_item(p, INK_PLAIN, "%s %s", human_amount(m->cost).s,
		  m->slo->agreement.currency ? m->slo->agreement.currency : "");
	page_item(p, INK_FAINT, "%s before", human_amount(m->cost_before).s);
	page_end(p);
}

/* Cut off: what was missed for a minute is not 100 %. */
static struct human coverage(double ratio)
{
	return human_sli((uint64_t)floor(ratio * 1e9), 1000000000, 0.99);
}

static void put_coverage(struct page *p, const struct report *r, const struct report_promise *m)
{
	const struct slo_result *s = &m->now;

	line(p, "measured");
	if (!isfinite(s->coverage)) {
		page_words(p, INK_PLAIN,
			   s->excluded_ns ? "all of the time is excluded" : "no time");
	} else {
		page_item(p, report_low(s->coverage) ? INK_BAD : INK_PLAIN, "%s of the time",
			  coverage(s->coverage).s);
		if (report_low(s->coverage))
			page_words(p, INK_BAD,
				   "LOW: what happened in the rest is not known, and not in these "
				   "figures");
	}
	if (r->estimated_share > 0)
		page_item(p, INK_FAINT, "of which %s is known as sums only",
			  human_share(r->estimated_share).s);
	if (m->inexact)
		page_item(p, INK_FAINT, "%s requests may stand on the wrong side",
			  human_count(m->inexact).s);
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

static void put_worst(struct page *p, const struct report_promise *m)
{
	for (unsigned int i = 0; i < m->n_worst && i < WORST_SHOWN; i++) {
		const struct report_moment *w = &m->worst[i];

		line(p, i ? "" : "worst");
		page_item(p, INK_PLAIN, "%s, %s", words_moment(w->hour.time).s,
			  words_seconds(w->hour.length_s).s);
		page_item(p, INK_PLAIN, "%s of all that was spent",
			  human_share(w->hour.spent / m->now.spent).s);
		if (w->n_parts)
			page_item(p, INK_FAINT, "most of it at %s: %s of %s failed",
				  words_moment(w->parts[0].time).s,
				  human_count(w->parts[0].total - w->parts[0].good).s,
				  human_count(w->parts[0].total).s);
		page_end(p);
	}
}

static void put_alerts(struct page *p, const struct report *r, const struct report_promise *m)
{
	for (size_t i = 0; i < m->n_alerts; i++) {
		const struct report_alert *a = &m->alerts[i];
		int64_t end = a->until ? a->until : r->to;

		line(p, i ? "" : "alerts");
		page_item(p, a->until ? INK_PLAIN : INK_BAD, "%s", words_severity(a->severity).s);
		page_item(p, INK_PLAIN, "from %s for %s%s", words_moment(a->since).s,
			  words_length((uint64_t)(end - a->since) * NS_PER_S).s,
			  a->until ? "" : ", and still");
		page_item(p, INK_FAINT, "within %s", words_seconds(a->long_s).s);
		page_end(p);
	}
}

static void put_excluded(struct page *p, const struct report_promise *m)
{
	for (size_t i = 0; i < m->n_excluded; i++) {
		const struct slo_excluded *x = &m->excluded[i];

		line(p, i ? "" : "excluded");
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

static void put_one(struct page *p, const struct report *r, const struct report_promise *m)
{
	page_end(p);
	objective_text_heading(p, &m->now, m->slo, !m->objective);
	put_promise(p, m);
	put_result(p, m);
	put_budget(p, m);
	put_coverage(p, r, m);
	put_time(p, &m->now);
	put_worst(p, m);
	put_alerts(p, r, m);
	put_excluded(p, m);
}

static void put_service(struct page *p, const struct report_service *s)
{
	const struct figures *f = &s->now;
	uint64_t failed = f->outcomes[OUTCOME_SERVER_ERROR] + f->outcomes[OUTCOME_NO_RESPONSE];

	page_line(p, 2, INK_PLAIN, "", 4);
	page_name(p, INK_STRONG, figures_name(&s->row), 40);
	page_item(p, INK_FAINT, "%s", figures_role(s->row.role));
	page_item(p, INK_PLAIN, "%s requests", human_count(f->total).s);
	page_item(p, failed ? INK_BAD : INK_PLAIN, "%s failed", human_count(failed).s);
	if (f->timed)
		page_item(p, INK_PLAIN, "p50 %s  p90 %s  p99 %s  max %s", human_seconds(f->p50_s).s,
			  human_seconds(f->p90_s).s, human_seconds(f->p99_s).s,
			  human_seconds(f->max_s).s);
	if (isfinite(f->queue_s))
		page_item(p, INK_FAINT, "queue %s  receive %s  service %s  send %s",
			  human_seconds(f->queue_s).s, human_seconds(f->receive_s).s,
			  human_seconds(f->service_s).s, human_seconds(f->send_s).s);
	if (s->before.total)
		page_item(p, INK_FAINT, "before: %s requests, p99 %s",
			  human_count(s->before.total).s, human_seconds(s->before.p99_s).s);
	if (isfinite(s->remaining_ratio))
		page_item(p, s->remaining_ratio < 0 ? INK_BAD : INK_PLAIN, "%s",
			  words_left(s->remaining_ratio).s);
	page_end(p);
}

static void put_services(struct page *p, const struct report *r)
{
	if (!r->n_services)
		return;
	page_end(p);
	page_line(p, 0, INK_STRONG, "Services, those that put most of a budget at risk first", 0);
	page_end(p);
	page_line(p, 2, INK_PLAIN, "", 2);
	page_words(
		p, INK_FAINT,
		"p50, p90 and p99: half, nine of ten and 99 of a hundred requests took no longer. "
		"Queue, receive, service, send: where the time went, on average.");
	page_end(p);
	for (size_t i = 0; i < r->n_services && i < SERVICES_SHOWN; i++)
		put_service(p, &r->services[i]);
	if (r->n_services > SERVICES_SHOWN) {
		page_line(p, 2, INK_PLAIN, "", 2);
		page_item(p, INK_FAINT, "and %zu more; '--output json' has all of them",
			  r->n_services - SERVICES_SHOWN);
		page_end(p);
	}
}

static void put_gaps(struct page *p, const struct report *r)
{
	page_end(p);
	page_line(p, 0, INK_STRONG, "Measurement", 0);
	page_end(p);
	page_line(p, 2, INK_PLAIN, "", 2);
	if (isfinite(r->coverage))
		page_item(p, report_low(r->coverage) ? INK_BAD : INK_PLAIN,
			  "%s of the time was measured", coverage(r->coverage).s);
	else
		page_item(p, INK_PLAIN, "nothing was measured");
	page_item(p, INK_FAINT, "%s exchanges counted, %s known to be missed",
		  human_count(r->measured.exchanges).s, human_count(r->measured.lost).s);
	page_end(p);
	for (size_t i = 0; i < r->n_gaps; i++) {
		const struct report_gap *g = &r->gaps[i];

		page_line(p, 2, INK_FAINT, i ? "" : "gaps", HANG);
		page_item(p, INK_PLAIN, "%s to %s", words_moment(g->from).s, words_moment(g->to).s);
		page_item(p, INK_PLAIN, "%s not measured", words_length(g->unmeasured_ns).s);
		page_end(p);
	}
	if (r->gaps_left_out) {
		page_line(p, 2, INK_FAINT, "", HANG);
		page_item(p, INK_FAINT, "and %zu shorter ones", r->gaps_left_out);
		page_end(p);
	}
}

static void put_events(struct page *p, const struct report *r)
{
	size_t first = r->n_events > EVENTS_SHOWN ? r->n_events - EVENTS_SHOWN : 0;

	if (!r->n_events)
		return;
	page_end(p);
	page_line(p, 0, INK_STRONG, "What happened", 0);
	if (first)
		page_item(p, INK_FAINT, "the last %d of %s; '--output json' has more", EVENTS_SHOWN,
			  human_count(r->n_events + r->events_left_out).s);
	page_end(p);
	for (size_t i = first; i < r->n_events; i++) {
		const struct store_event *e = &r->events[i].event;

		page_line(p, 2, INK_FAINT, words_moment(e->time).s, 26);
		page_item(p, INK_PLAIN, "%s%s%s", e->kind ? e->kind : "?", e->state ? " " : "",
			  e->state ? e->state : "");
		if (e->slo)
			page_item(p, INK_PLAIN, "%s", e->slo);
		if (e->text)
			page_words(p, INK_FAINT, e->text);
		page_end(p);
	}
}

int report_text(FILE *out, const struct report *r, bool colour)
{
	struct page p = { .out = out, .colour = colour };

	put_head(&p, r);
	for (size_t i = 0; i < r->n_promises; i++)
		put_one(&p, r, &r->promises[i]);
	put_services(&p, r);
	put_gaps(&p, r);
	put_events(&p, r);
	return p.error;
}
