// SPDX-License-Identifier: Apache-2.0
/* report_html_rest.c - what of the page is no promise: services, measurement, events, words. */
#include <math.h>
#include <string.h>

#include "human.h"
#include "report_html.h"
#include "slo_words.h"

#define SERVICES_SHOWN 200
#define OTHERS_PRINTED 20 /* services; without objectives, no more of them are on paper */
#define EVENTS_SHOWN   200

/* Paper has those with objectives, and a few others. */
static bool on_paper(const struct report_service *s, size_t place)
{
	return place < OTHERS_PRINTED || isfinite(s->remaining_ratio);
}

static void put_service(FILE *out, const struct report_service *s, bool printed)
{
	const struct figures *f = &s->now;
	uint64_t failed = figures_failed(&s->row.counts);

	fprintf(out, "<tr%s><th scope=\"row\">", printed ? "" : " class=\"screen\"");
	html_text(out, figures_name(&s->row));
	fprintf(out, "</th><td>%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>",
		figures_role(s->row.role), human_count(f->total).s, human_count(failed).s);
	fprintf(out,
		"<td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>"
		"<td class=\"n\">%s</td>",
		human_seconds(f->p50_s).s, human_seconds(f->p90_s).s, human_seconds(f->p99_s).s,
		human_seconds(f->max_s).s);
	fprintf(out,
		"<td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>"
		"<td class=\"n\">%s</td>",
		human_seconds(f->queue_s).s, human_seconds(f->receive_s).s,
		human_seconds(f->service_s).s, human_seconds(f->send_s).s);
	fprintf(out, "<td class=\"n\">%s</td><td class=\"n\">%s</td></tr>\n",
		s->before.total ? human_seconds(s->before.p99_s).s : "–",
		isnan(s->remaining_ratio) ? "–" : words_remaining(s->remaining_ratio).s);
}

static void put_services_table(FILE *out, const struct report *r)
{
	static const char *const heads[] = { "Requests", "Failed",  "p50",	  "p90",
					     "p99",	 "Longest", "Queue",	  "Receive",
					     "Service",	 "Send",    "p99 before", "Budget left" };
	size_t more = report_more(r->n_services, r->services_left_out, SERVICES_SHOWN);
	size_t unprinted = r->services_left_out;

	fputs(HTML_TABLE_WIDE
	      "<caption>Those that put most of a budget at risk come first. "
	      "p50, p90, p99: half, nine of ten and 99 of a hundred requests took no longer. Queue, "
	      "receive, service, send: where the time went, on average.</caption>\n<thead><tr>"
	      "<th scope=\"col\">Service</th><th scope=\"col\">Role</th>",
	      out);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		fprintf(out, "<th scope=\"col\" class=\"n\">%s</th>", heads[i]);
	fputs("</tr></thead>\n<tbody>\n", out);
	for (size_t i = 0; i < r->n_services && i < SERVICES_SHOWN; i++)
		put_service(out, &r->services[i], on_paper(&r->services[i], i));
	fputs("</tbody>\n" HTML_TABLE_END, out);
	if (more)
		fprintf(out,
			"<p class=\"screen\">And %zu more; '--output json' has %s of them.</p>\n",
			more, r->services_left_out ? "most" : "all");
	for (size_t i = 0; i < r->n_services; i++)
		unprinted += i >= SERVICES_SHOWN || !on_paper(&r->services[i], i);
	if (unprinted)
		fprintf(out,
			"<p class=\"paper\">And %zu more, which are not printed here; '--output json' "
			"has %s of them.</p>\n",
			unprinted, r->services_left_out ? "most" : "all");
}

void html_services(FILE *out, const struct report *r)
{
	fputs("<section class=\"services\" aria-labelledby=\"services\">\n"
	      "<h2 id=\"services\">Services</h2>\n",
	      out);
	if (r->n_services)
		put_services_table(out, r);
	else
		fputs("<p>No traffic was seen.</p>\n", out);
	for (size_t i = 0; i < r->n_services; i++) {
		const struct report_service *s = &r->services[i];

		if (!s->latency || !s->now.timed)
			continue;
		fprintf(out, "<article%s>\n<h3>",
			isfinite(s->remaining_ratio) ? "" : " class=\"screen\"");
		html_text(out, figures_name(&s->row));
		fprintf(out, " (%s)</h3>\n", figures_role(s->row.role));
		svg_latency(out, r, s, i);
		fputs("</article>\n", out);
	}
	fputs("</section>\n", out);
}

void html_measurement(FILE *out, const struct report *r)
{
	fputs("<section aria-labelledby=\"measurement\">\n"
	      "<h2 id=\"measurement\">Measurement</h2>\n",
	      out);
	fprintf(out,
		"<p%s>%s of the time was measured. %s exchanges (a request and its answer) were "
		"counted, %s are known to be missed.",
		report_low(r->coverage) ? " class=\"caution\"" : "",
		isfinite(r->coverage) ? human_share_down(r->coverage).s : "Nothing",
		human_count(r->measured.exchanges).s, human_count(r->measured.lost).s);
	if (r->estimated_share > 0)
		fprintf(out, " Of %s of it only sums are known.",
			human_share(r->estimated_share).s);
	fputs("</p>\n", out);
	if (r->n_gaps) {
		fputs(HTML_TABLE "<caption>Gaps: nothing is known of what happened then</caption>\n"
				 "<thead><tr><th scope=\"col\">From</th><th scope=\"col\">To</th>"
				 "<th scope=\"col\">Not measured</th></tr></thead>\n<tbody>\n",
		      out);
		for (size_t i = 0; i < r->n_gaps; i++)
			fprintf(out, "<tr><th scope=\"row\">%s</th><td>%s</td><td>%s</td></tr>\n",
				words_moment(r->gaps[i].from).s, words_moment(r->gaps[i].to).s,
				words_length(r->gaps[i].unmeasured_ns).s);
		fputs("</tbody>\n" HTML_TABLE_END, out);
	}
	if (r->gaps_left_out)
		fprintf(out, "<p>And %zu shorter ones.</p>\n", r->gaps_left_out);
	fputs("</section>\n", out);
}

void html_events(FILE *out, const struct report *r)
{
	size_t first = r->n_events > EVENTS_SHOWN ? r->n_events - EVENTS_SHOWN : 0;
	size_t more = report_more(r->n_events, r->events_left_out, EVENTS_SHOWN);

	if (!r->n_events)
		return;
	fputs("<section aria-labelledby=\"events\">\n<h2 id=\"events\">What happened</h2>\n" HTML_TABLE
	      "<caption>Alerts, starts, stops, changes</caption>\n<thead><tr>"
	      "<th scope=\"col\">When</th><th scope=\"col\">What</th><th scope=\"col\">Of</th>"
	      "<th scope=\"col\">In words</th></tr></thead>\n<tbody>\n",
	      out);
	for (size_t i = first; i < r->n_events; i++) {
		const struct store_event *e = &r->events[i];

		fprintf(out, "<tr><th scope=\"row\">%s</th><td>", words_moment(e->time).s);
		html_text(out, e->kind);
		fputs(" ", out);
		html_text(out, e->state);
		fputs("</td><td>", out);
		html_text(out, e->slo);
		fputs("</td><td class=\"t\">", out);
		html_text(out, e->text);
		fputs("</td></tr>\n", out);
	}
	fputs("</tbody>\n" HTML_TABLE_END, out);
	if (more)
		fprintf(out, "<p>And %zu older ones.</p>\n", more);
	fputs("</section>\n", out);
}

void html_words(FILE *out)
{
	static const char *const words[][2] = {
		{ "Promise",
		  "What share of requests must go well, as it was agreed. Engineers say service "
		  "level objective." },
		{ "Good",
		  "Counted as the promise says: answered without a fault of the service, or "
		  "answered in time." },
		{ "Budget",
		  "What may fail without breaking the promise: if 99.9 of 100 must go well, one in a "
		  "thousand may fail. It is there to be used, but not to be overspent." },
		{ "Slice", "A short stretch of time that is good or bad as a whole. Some promises "
			   "count those instead of requests." },
		{ "Measured", "The share of time in which troth was watching. Nothing is claimed "
			      "about the rest." },
		{ "Excluded", "Planned maintenance that was announced. It counts neither way." },
		{ "Alert", "A message that failures spend the budget so fast that somebody should "
			   "look." },
		{ "PAGE",
		  "An alert that cannot wait: it is to reach somebody at once, at night too." },
		{ "TICKET", "An alert that can wait until work begins: it is looked at on the next "
			    "working day." },
		{ "Exchange", "One request and its answer." },
	};

	fputs("<section aria-labelledby=\"words\">\n<h2 id=\"words\">What the words mean</h2>\n<dl>\n",
	      out);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		fprintf(out, "<dt>%s</dt><dd>%s</dd>\n", words[i][0], words[i][1]);
	fputs("</dl>\n</section>\n", out);
}
