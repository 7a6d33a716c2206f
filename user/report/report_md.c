// SPDX-License-Identifier: Apache-2.0
/* report_md.c - a report as Markdown with tables (GitHub's), to be put into a ticket or a wiki. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/utf8.h"
#include "human.h"
#include "report_model.h"
#include "slo_words.h"

#define SERVICES_SHOWN 50
#define EVENTS_SHOWN   50

/* Text from outside: nothing in it is markup, and it stays on its line. */
static void put(FILE *out, const char *s)
{
	_cleanup_(freep) char *valid = utf8_printable(s ? s : "");

	for (const char *p = valid; p && *p; p++) {
		if (*p == '<')
			fputs("&lt;", out);
		else if (*p == '&')
			fputs("&amp;", out);
		else if (*p == '\n' || *p == '\r')
			fputc(' ', out);
		else {
			if (strchr("\\`*_{}[]()#+!|>~$", *p))
				fputc('\\', out);
			/* "http://" would become a link by itself */
			fputs(*p == ':' && p[1] == '/' ? "&#58;" : (char[]){ *p, '\0' }, out);
		}
	}
}

static const char *verdict(enum verdict v)
{
	return v == VERDICT_MET ? "kept" : v == VERDICT_MISSED ? "**BROKEN**" : "no data";
}

static void put_table(FILE *out, const struct report *r)
{
	fputs("| promise | verdict | good | promised | budget left | measured | before | trend |\n"
	      "| --- | --- | ---: | ---: | ---: | ---: | --- | --- |\n",
	      out);
	for (size_t i = 0; i < r->n_promises; i++) {
		const struct report_promise *p = &r->promises[i];
		const struct slo_result *s = &p->now;

		fputs("| ", out);
		put(out, s->counts_name);
		put(out, words_all(s));
		fprintf(out, " | %s | %s | %s | %s | %s%s | %s | %s |\n", verdict(s->verdict),
			words_sli(s).s, words_target(p->objective, s).s,
			s->verdict == VERDICT_NO_DATA ? "-" : words_remaining(s->remaining_ratio).s,
			human_share_down(s->coverage).s, report_low(s->coverage) ? " **LOW**" : "",
			words_sli(&p->before).s, p->trend ? report_trends[p->trend] : "not known");
	}
}

static void put_worst(FILE *out, const struct report_promise *p)
{
	for (unsigned int i = 0; i < p->n_worst; i++) {
		const struct report_moment *w = &p->worst[i];

		fprintf(out, "- Worst: %s from %s, %s of all that was spent",
			words_seconds(w->hour.length_s).s, words_moment(w->hour.time).s,
			human_share(w->hour.spent / p->now.spent).s);
		if (w->n_parts)
			fprintf(out, "; in it %s, %s of %s requests failed",
				words_moment(w->parts[0].time).s,
				human_count(w->parts[0].total - w->parts[0].good).s,
				human_count(w->parts[0].total).s);
		fputs(".\n", out);
	}
}

static void put_said(FILE *out, const struct report *r, const struct report_promise *p)
{
	for (size_t i = 0; i < p->n_alerts; i++) {
		const struct report_alert *a = &p->alerts[i];
		int64_t end = a->until ? a->until : r->to;

		fputs("- Alert: ", out);
		put(out, words_severity(a->severity).s);
		fprintf(out, " from %s for %s%s, within %s.\n", words_moment(a->since).s,
			words_length((uint64_t)(end - a->since) * NS_PER_S).s,
			a->until ? "" : " and still", words_seconds(a->long_s).s);
	}
	if (p->alerts_left_out)
		fprintf(out, "- Alerts: and %zu older ones.\n", p->alerts_left_out);
	for (size_t i = 0; i < p->n_excluded; i++) {
		const struct slo_excluded *x = &p->excluded[i];

		fprintf(out, "- Excluded: %s to %s, ", words_moment(x->first).s,
			words_moment(x->last).s);
		put(out, x->why->reason ? x->why->reason : "no reason given");
		fputs(", said by ", out);
		put(out, x->why->author ? x->why->author : "nobody");
		fputs(".\n", out);
	}
}

static void put_promise(FILE *out, const struct report *r, const struct report_promise *p)
{
	const struct agreement *a = &p->slo->agreement;
	const struct slo_result *s = &p->now;

	fputs("\n### ", out);
	put(out, s->counts_name);
	put(out, words_all(s));
	fprintf(out, ": %s\n\n> ",
		s->verdict == VERDICT_MET    ? "kept" :
		s->verdict == VERDICT_MISSED ? "BROKEN" :
					       "no data");
	put(out, a->promise ? a->promise : "(No promise is written down.)");
	fputs("\n\n", out);
	if (p->removed)
		fprintf(out, "- Removed: promised no more since %s.\n", words_moment(p->removed).s);
	if (a->owner) {
		fputs("- Owner: ", out);
		put(out, a->owner);
		fputs("\n", out);
	}
	fprintf(out, "- Result: %s, %s promised; %s of %s requests good, %s not.\n",
		s->verdict == VERDICT_NO_DATA ? "nothing to judge" : words_good(s).s,
		words_target(p->objective, s).s, human_count(s->good).s, human_count(s->total).s,
		human_count(s->total - s->good).s);
	if (s->verdict != VERDICT_NO_DATA)
		fprintf(out, "- Budget: %s; %s %s allowed, %s spent.\n",
			words_left(s->remaining_ratio).s, human_sum(s->allowed).s,
			s->in_slices ? "bad slices of time" : "failures", human_sum(s->spent).s);
	if (isfinite(p->cost)) {
		fprintf(out, "- Cost of failures: %s ", human_amount(p->cost).s);
		put(out, a->currency);
		fputs("\n", out);
	}
	if (report_low(s->coverage))
		fprintf(out,
			"- **LOW coverage**: %s of the time was measured; what happened in the "
			"rest is not known, and not in these figures.\n",
			human_share_down(s->coverage).s);
	put_worst(out, p);
	put_said(out, r, p);
}

static void put_services(FILE *out, const struct report *r)
{
	size_t more = report_more(r->n_services, r->services_left_out, SERVICES_SHOWN);

	if (!r->n_services)
		return;
	fputs("\n## Services\n\nThose that put most of a budget at risk come first. p50, p90, p99: "
	      "half, nine of ten and 99 of a hundred requests took no longer.\n\n"
	      "| service | role | requests | failed | p50 | p90 | p99 | longest | budget left |\n"
	      "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
	      out);
	for (size_t i = 0; i < r->n_services && i < SERVICES_SHOWN; i++) {
		const struct report_service *s = &r->services[i];
		const struct figures *f = &s->now;

		fputs("| ", out);
		put(out, figures_name(&s->row));
		fprintf(out, " | %s | %s | %s | %s | %s | %s | %s | %s |\n",
			figures_role(s->row.role), human_count(f->total).s,
			human_count(figures_failed(&s->row.counts)).s, human_seconds(f->p50_s).s,
			human_seconds(f->p90_s).s, human_seconds(f->p99_s).s,
			human_seconds(f->max_s).s, words_remaining(s->remaining_ratio).s);
	}
	if (more)
		fprintf(out, "\nand %zu more.\n", more);
}

static void put_measurement(FILE *out, const struct report *r)
{
	fprintf(out,
		"\n## Measurement\n\n%s of the time was measured; %s exchanges were counted, %s "
		"are known to be missed.\n",
		human_share_down(r->coverage).s, human_count(r->measured.exchanges).s,
		human_count(r->measured.lost).s);
	for (size_t i = 0; i < r->n_gaps; i++)
		fprintf(out, "%s- %s to %s: %s not measured.\n", i ? "" : "\n",
			words_moment(r->gaps[i].from).s, words_moment(r->gaps[i].to).s,
			words_length(r->gaps[i].unmeasured_ns).s);
	if (r->gaps_left_out)
		fprintf(out, "- and %zu shorter ones.\n", r->gaps_left_out);
}

static void put_events(FILE *out, const struct report *r)
{
	size_t first = r->n_events > EVENTS_SHOWN ? r->n_events - EVENTS_SHOWN : 0;
	size_t more = report_more(r->n_events, r->events_left_out, EVENTS_SHOWN);

	if (!r->n_events)
		return;
	fputs("\n## What happened\n\n", out);
	if (more)
		fprintf(out, "- %zu older ones are left out here.\n", more);
	for (size_t i = first; i < r->n_events; i++) {
		const struct store_event *e = &r->events[i];

		fprintf(out, "- %s ", words_moment(e->time).s);
		put(out, e->kind);
		fputs(e->state ? " " : "", out);
		put(out, e->state);
		fputs(e->slo ? " " : "", out);
		put(out, e->slo);
		fputs(e->text ? ": " : "", out);
		put(out, e->text);
		fputs("\n", out);
	}
}

int report_markdown(FILE *out, const struct report *r)
{
	errno = 0;
	fputs("# What was promised and what was kept\n\n", out);
	if (r->host) {
		fputs("On ", out);
		put(out, r->host);
		fputs(". ", out);
	}
	fprintf(out, "From %s to %s.\n\n", words_moment(r->from).s, words_moment(r->to).s);
	for (size_t i = 0; i < r->n_sentences; i++) {
		fputs("- ", out);
		put(out, r->sentences[i]);
		fputs("\n", out);
	}
	if (r->n_promises) {
		fputs("\n## Promises\n\n", out);
		put_table(out, r);
	}
	for (size_t i = 0; i < r->n_promises; i++)
		put_promise(out, r, &r->promises[i]);
	put_services(out, r);
	put_measurement(out, r);
	put_events(out, r);
	return ferror(out) || fflush(out) ? (errno ? -errno : -EIO) : 0;
}
