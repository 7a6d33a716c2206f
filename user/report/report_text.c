// SPDX-License-Identifier: Apache-2.0
/*
 * report_text.c - a report for a terminal: a summary in plain words, then each promise, then services and
 * what happened. Leaves sentences to report_summary and slo_words.
 */
#include <math.h>
#include <string.h>

#include "promise_text.h"
#include "report_model.h"
#include "slo_words.h"

#define WORST_SHOWN    3
#define SERVICES_SHOWN 20
#define EVENTS_SHOWN   20 /* the newest */

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

	promise_text_promise(p, a);
	if (m->objective) {
		promise_text_line(p, "counted");
		promise_text_words(p, INK_PLAIN, words_indicator(m->slo, m->objective));
		page_end(p);
	}
	if (m->removed) {
		promise_text_line(p, "removed");
		page_item(p, INK_BAD, "promised no more since %s", words_moment(m->removed).s);
		page_end(p);
	}
	promise_text_owner(p, a);
}

static void put_result(struct page *p, const struct report_promise *m)
{
	const struct slo_result *s = &m->now, *b = &m->before;

	promise_text_begin_result(p, s, m->objective);
	page_item(p, INK_FAINT, "%s of %s requests good, %s not", human_count(s->good).s,
		  human_count(s->total).s, human_count(s->total - s->good).s);
	page_end(p);
	promise_text_line(p, "before");
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

static void put_budget(struct page *p, const struct report_promise *m)
{
	const struct slo_result *s = &m->now;

	if (s->verdict == VERDICT_NO_DATA)
		return;
	promise_text_begin_budget(p, s);
	page_end(p);
	if (!isfinite(m->cost))
		return;
	promise_text_line(p, "cost");
	page_item(p, INK_PLAIN, "%s %s", human_amount(m->cost).s,
		  m->slo->agreement.currency ? m->slo->agreement.currency : "");
	page_item(p, INK_FAINT, "%s before", human_amount(m->cost_before).s);
	page_end(p);
}

static void put_coverage(struct page *p, const struct report *r, const struct report_promise *m)
{
	promise_text_begin_measured(p, &m->now);
	if (r->estimated_share > 0)
		page_item(p, INK_FAINT, "of which %s is known as sums only",
			  human_share(r->estimated_share).s);
	if (m->inexact)
		page_item(p, INK_FAINT, "%s requests may stand on the wrong side",
			  human_count(m->inexact).s);
	page_end(p);
}

static void put_worst(struct page *p, const struct report_promise *m)
{
	for (unsigned int i = 0; i < m->n_worst && i < WORST_SHOWN; i++) {
		const struct report_moment *w = &m->worst[i];

		promise_text_line(p, i ? "" : "worst");
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

		promise_text_line(p, i ? "" : "alerts");
		page_item(p, a->until ? INK_PLAIN : INK_BAD, "%s", words_severity(a->severity).s);
		page_item(p, INK_PLAIN, "from %s for %s%s", words_moment(a->since).s,
			  words_length((uint64_t)(end - a->since) * NS_PER_S).s,
			  a->until ? "" : ", and still");
		page_item(p, INK_FAINT, "within %s", words_seconds(a->long_s).s);
		page_end(p);
	}
	if (m->alerts_left_out) {
		promise_text_line(p, "");
		page_item(p, INK_FAINT, "and %zu older ones", m->alerts_left_out);
		page_end(p);
	}
}

static void put_one(struct page *p, const struct report *r, const struct report_promise *m)
{
	page_end(p);
	promise_text_heading(p, &m->now, m->slo, !m->objective);
	put_promise(p, m);
	put_result(p, m);
	put_budget(p, m);
	put_coverage(p, r, m);
	promise_text_time(p, &m->now);
	put_worst(p, m);
	put_alerts(p, r, m);
	promise_text_excluded(p, m->excluded, m->n_excluded, 0);
}

static void put_service(struct page *p, const struct report_service *s)
{
	const struct figures *f = &s->now;
	uint64_t failed = figures_failed(&s->row.counts);

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
	size_t more = report_more(r->n_services, r->services_left_out, SERVICES_SHOWN);

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
	if (more) {
		page_line(p, 2, INK_PLAIN, "", 2);
		page_item(p, INK_FAINT, "and %zu more; '--output json' has %s of them", more,
			  r->services_left_out ? "most" : "all");
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
			  "%s of the time was measured", promise_text_coverage(r->coverage).s);
	else
		page_item(p, INK_PLAIN, "nothing was measured");
	page_item(p, INK_FAINT, "%s exchanges counted, %s known to be missed",
		  human_count(r->measured.exchanges).s, human_count(r->measured.lost).s);
	page_end(p);
	for (size_t i = 0; i < r->n_gaps; i++) {
		const struct report_gap *g = &r->gaps[i];

		promise_text_line(p, i ? "" : "gaps");
		page_item(p, INK_PLAIN, "%s to %s", words_moment(g->from).s, words_moment(g->to).s);
		page_item(p, INK_PLAIN, "%s not measured", words_length(g->unmeasured_ns).s);
		page_end(p);
	}
	if (r->gaps_left_out) {
		promise_text_line(p, "");
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
		const struct store_event *e = &r->events[i];

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
