// SPDX-License-Identifier: Apache-2.0
/* report_html_promise.c - the promises of the page: all in a table, then each with its charts. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/zone.h"
#include "human.h"
#include "report_html.h"
#include "slo_words.h"

static struct human left(const struct slo_result *s)
{
	if (s->verdict == VERDICT_NO_DATA)
		return (struct human){ "–" };
	return words_remaining(s->remaining_ratio);
}

static struct human measured(const struct slo_result *s)
{
	struct human ret;

	if (!isfinite(s->coverage))
		return (struct human){ "–" };
	snprintf(ret.s, sizeof(ret.s), "%.20s%s", human_share_down(s->coverage).s,
		 report_low(s->coverage) ? " (LOW)" : "");
	return ret;
}

static struct human good(const struct slo_result *s)
{
	return s->verdict == VERDICT_NO_DATA ? (struct human){ "Nothing to judge" } : words_good(s);
}

static const char *trend(const struct report_promise *p)
{
	static const char *const words[] = { [TREND_UNKNOWN] = "–",
					     [TREND_BETTER] = "↑ better",
					     [TREND_SAME] = "→ same",
					     [TREND_WORSE] = "↓ worse" };

	return words[p->trend];
}

static void put_name(FILE *out, const struct report_promise *p)
{
	html_text(out, p->now.counts_name);
	fputs(words_all(&p->now), out);
}

static void put_table(FILE *out, const struct report *r)
{
	fputs(HTML_TABLE
	      "<caption>Every promise at a glance</caption>\n<thead><tr>"
	      "<th scope=\"col\">Promise</th><th scope=\"col\">Verdict</th>"
	      "<th scope=\"col\" class=\"n\">Good</th><th scope=\"col\" class=\"n\">Promised</th>"
	      "<th scope=\"col\" class=\"n\">Budget left</th>"
	      "<th scope=\"col\" class=\"n\">Measured</th>"
	      "<th scope=\"col\" class=\"n\">Before</th><th scope=\"col\">Trend</th>"
	      "</tr></thead>\n<tbody>\n",
	      out);
	for (size_t i = 0; i < r->n_promises; i++) {
		const struct report_promise *p = &r->promises[i];
		const struct slo_result *s = &p->now;

		fprintf(out, "<tr class=\"%s\"><th scope=\"row\"><a href=\"#promise-%zu\">",
			html_class(s->verdict), i);
		put_name(out, p);
		fprintf(out,
			"</a></th><td class=\"w\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>"
			"<td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>"
			"<td class=\"w\">%s</td></tr>\n",
			html_verdict(s->verdict), words_sli(s).s, words_target(p->objective, s).s,
			left(s).s, measured(s).s, words_sli(&p->before).s, trend(p));
	}
	fputs("</tbody>\n" HTML_TABLE_END, out);
}

static void put_figures(FILE *out, const struct report_promise *p)
{
	const struct agreement *a = &p->slo->agreement;
	const struct slo_result *s = &p->now;

	fputs("<dl>\n", out);
	if (p->objective) {
		_cleanup_(freep) char *indicator = words_indicator(p->slo, p->objective);

		fputs("<dt>Counted</dt><dd>", out);
		html_text(out, indicator);
		fputs("</dd>\n", out);
	}
	if (p->removed)
		fprintf(out, "<dt>Removed</dt><dd>Promised no more since %s.</dd>\n",
			words_moment(p->removed).s);
	if (a->owner) {
		fputs("<dt>Owner</dt><dd>", out);
		html_text(out, a->owner);
		fputs("</dd>\n", out);
	}
	fprintf(out,
		"<dt>Result</dt><dd>%s, %s promised. %s of %s requests were good, %s were "
		"not.</dd>\n",
		good(s).s, words_target(p->objective, s).s, human_count(s->good).s,
		human_count(s->total).s, human_count(s->total - s->good).s);
	if (s->verdict != VERDICT_NO_DATA)
		fprintf(out, "<dt>Budget</dt><dd>%s: %s %s allowed, %s spent.</dd>\n",
			words_left(s->remaining_ratio).s, human_sum(s->allowed).s,
			s->in_slices ? "bad slices of time" : "failures", human_sum(s->spent).s);
	if (isfinite(p->cost)) {
		fprintf(out, "<dt>Cost</dt><dd>%s ", human_amount(p->cost).s);
		html_text(out, a->currency);
		fprintf(out, " for what failed; %s before.</dd>\n", human_amount(p->cost_before).s);
	}
	fprintf(out, "<dt>Before</dt><dd>%s%s%s</dd>\n", good(&p->before).s,
		p->trend ? "; now " : "", p->trend ? report_trends[p->trend] : "");
	fprintf(out, "<dt>Measured</dt><dd%s>%s of the time",
		report_low(s->coverage) ? " class=\"caution\"" : "", measured(s).s);
	if (report_low(s->coverage))
		fputs(". What happened in the rest is not known, and not in these figures", out);
	fputs(".</dd>\n</dl>\n", out);
}

static void put_worst(FILE *out, const struct report_promise *p)
{
	if (!p->n_worst)
		return;
	fputs(HTML_TABLE
	      "<caption>Worst moments: the hours that spent most of the budget</caption>\n"
	      "<thead><tr><th scope=\"col\">Hour from</th>"
	      "<th scope=\"col\" class=\"n\">Of all that was spent</th>"
	      "<th scope=\"col\" class=\"n\">Not good</th><th scope=\"col\">Most of it at</th>"
	      "</tr></thead>\n<tbody>\n",
	      out);
	for (unsigned int i = 0; i < p->n_worst; i++) {
		const struct report_moment *w = &p->worst[i];

		fprintf(out,
			"<tr><th scope=\"row\">%s</th><td class=\"n\">%s</td><td class=\"n\">%s of "
			"%s</td><td class=\"t\">",
			words_moment(w->hour.time).s, human_share(w->hour.spent / p->now.spent).s,
			human_count(w->hour.total - w->hour.good).s, human_count(w->hour.total).s);
		for (unsigned int k = 0; k < w->n_parts; k++) {
			struct civil at = zone_civil("UTC", w->parts[k].time);

			fprintf(out, "%s%02u:%02u (%s of %s)", k ? ", " : "", at.hour, at.minute,
				human_count(w->parts[k].total - w->parts[k].good).s,
				human_count(w->parts[k].total).s);
		}
		fputs(w->n_parts ? "</td></tr>\n" : "minutes are not kept so long</td></tr>\n",
		      out);
	}
	fputs("</tbody>\n" HTML_TABLE_END, out);
}

static void put_alerts(FILE *out, const struct report *r, const struct report_promise *p)
{
	if (!p->n_alerts)
		return;
	fputs(HTML_TABLE "<caption>Alerts</caption>\n<thead><tr><th scope=\"col\">Since</th>"
			 "<th scope=\"col\">Severity</th><th scope=\"col\">How long</th>"
			 "<th scope=\"col\">Seen within</th></tr></thead>\n<tbody>\n",
	      out);
	for (size_t i = 0; i < p->n_alerts; i++) {
		const struct report_alert *a = &p->alerts[i];
		int64_t end = a->until ? a->until : r->to;

		fprintf(out, "<tr><th scope=\"row\">%s</th><td>", words_moment(a->since).s);
		html_text(out, words_severity(a->severity).s);
		fprintf(out, "</td><td>%s%s</td><td>%s%s%s</td></tr>\n",
			words_length((uint64_t)(end - a->since) * NS_PER_S).s,
			a->until ? "" : ", and still", words_seconds(a->long_s).s,
			a->short_s ? " and " : "", a->short_s ? words_seconds(a->short_s).s : "");
	}
	fputs("</tbody>\n" HTML_TABLE_END, out);
	if (p->alerts_left_out)
		fprintf(out, "<p>And %zu older ones.</p>\n", p->alerts_left_out);
}

static void put_excluded(FILE *out, const struct report_promise *p)
{
	if (!p->n_excluded)
		return;
	fprintf(out, "<h4>Not counted: %s of planned maintenance</h4>\n<ul>\n",
		words_length(p->now.excluded_ns).s);
	for (size_t i = 0; i < p->n_excluded; i++) {
		const struct slo_excluded *x = &p->excluded[i];

		fprintf(out, "<li>%s to %s", words_moment(x->first).s, words_moment(x->last).s);
		if (x->n > 1)
			fprintf(out, " (%zu times)", x->n);
		fputs(": ", out);
		html_text(out, x->why->reason ? x->why->reason : "no reason given");
		fputs(", said by ", out);
		html_text(out, x->why->author ? x->why->author : "nobody");
		fputs("</li>\n", out);
	}
	fputs("</ul>\n", out);
}

static void put_promise(FILE *out, const struct report *r, const struct report_promise *p,
			size_t number)
{
	const char *promise = p->slo->agreement.promise;

	fprintf(out, "<article class=\"%s\" id=\"promise-%zu\">\n<h3>", html_class(p->now.verdict),
		number);
	put_name(out, p);
	if (p->slo->display_name && strcmp(p->slo->display_name, p->now.slo)) {
		fputs(" – ", out);
		html_text(out, p->slo->display_name);
	}
	fprintf(out, " <span class=\"verdict\">%s</span></h3>\n", html_verdict(p->now.verdict));
	if (promise) {
		fputs("<blockquote>", out);
		html_text(out, promise);
		fputs("</blockquote>\n", out);
	}
	put_figures(out, p);
	if (p->objective && p->now.verdict != VERDICT_NO_DATA) {
		fputs("<div class=\"charts\">\n", out);
		svg_budget(out, r, p, number);
		svg_sli(out, r, p, number);
		fputs("</div>\n", out);
	}
	put_worst(out, p);
	put_alerts(out, r, p);
	put_excluded(out, p);
	fputs("</article>\n", out);
}

void html_promises(FILE *out, const struct report *r)
{
	fputs("<section aria-labelledby=\"promises\">\n<h2 id=\"promises\">Promises</h2>\n", out);
	if (r->n_promises)
		put_table(out, r);
	else
		fputs("<p>None is written down.</p>\n", out);
	for (size_t i = 0; i < r->n_promises; i++)
		put_promise(out, r, &r->promises[i], i);
	fputs("</section>\n", out);
}
