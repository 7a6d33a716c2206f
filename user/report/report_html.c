// SPDX-License-Identifier: Apache-2.0
/*
 * report_html.c - a report as one page that needs nothing else: no script, nothing loaded, readable on
 * paper, in grey, by a screen reader. All text is escaped: names come from outside.
 */
#include "report_html.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/utf8.h"
#include "human.h"
#include "slo_words.h"

void html_text(FILE *out, const char *s)
{
	_cleanup_(freep) char *valid = utf8_printable(s ? s : "");

	for (const char *p = valid; p && *p; p++) {
		switch (*p) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			fputc(*p, out);
		}
	}
}

const char *html_verdict(enum verdict v)
{
	return v == VERDICT_MET ? "✓ kept" : v == VERDICT_MISSED ? "✗ broken" : "– no data";
}

const char *html_class(enum verdict v)
{
	return v == VERDICT_MET ? "kept" : v == VERDICT_MISSED ? "broken" : "nothing";
}

static void put_head(FILE *out, const struct report *r)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "style-src 'unsafe-inline'\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>Promises ",
	      out);
	fprintf(out, "%s to %s", words_moment(r->from).s, words_moment(r->to).s);
	if (r->host) {
		fputs(", ", out);
		html_text(out, r->host);
	}
	fprintf(out,
		"</title>\n<style>\n%s</style>\n</head>\n<body>\n<header>\n"
		"<h1>What was promised and what was kept</h1>\n<p>",
		report_html_style);
	if (r->host) {
		fputs("On <strong>", out);
		html_text(out, r->host);
		fputs("</strong>, ", out);
	}
	fprintf(out, "from %s to %s, compared with the %s before.</p>\n</header>\n<main>\n",
		words_moment(r->from).s, words_moment(r->to).s,
		words_length((uint64_t)(r->to - r->from) * NS_PER_S).s);
}

static void put_tile(FILE *out, const char *class, const char *number, const char *what)
{
	fprintf(out,
		"<li class=\"%s\"><span class=\"number\">%s</span> <span "
		"class=\"what\">%s</span></li>\n",
		class, number, what);
}

static void put_summary(FILE *out, const struct report *r)
{
	const struct report_count *c = &r->count;
	const struct report_requests *requests = r->n_promises ? &c->promised : &c->here;

	fputs("<section aria-labelledby=\"summary\">\n<h2 id=\"summary\">In plain words</h2>\n",
	      out);
	for (size_t i = 0; i < r->n_sentences; i++) {
		bool bad = !strncmp(r->sentences[i], "CAUTION", 7) ||
			   !strncmp(r->sentences[i], "Broken", 6);

		fprintf(out, "<p%s>", bad ? " class=\"caution\"" : "");
		html_text(out, r->sentences[i]);
		fputs("</p>\n", out);
	}
	fputs("<ul class=\"tiles\">\n", out);
	put_tile(out, "kept", human_count(c->kept).s, "kept");
	put_tile(out, "broken", human_count(c->broken).s, "broken");
	put_tile(out, "nothing", human_count(c->no_data).s, "without data");
	put_tile(out, "", human_count(requests->total).s,
		 r->n_promises ? "requests to services with a promise" :
				 "requests to services of this host");
	put_tile(out, "", human_count(requests->failed).s, "of them failed");
	put_tile(out, "", isfinite(r->coverage) ? human_share_down(r->coverage).s : "–",
		 "of the time measured");
	fputs("</ul>\n</section>\n", out);
}

int report_html(FILE *out, const struct report *r)
{
	errno = 0;
	put_head(out, r);
	put_summary(out, r);
	html_promises(out, r);
	html_services(out, r);
	html_measurement(out, r);
	html_events(out, r);
	html_words(out);
	fprintf(out,
		"</main>\n<footer><p>Made by troth " TROTH_VERSION
		" at %s. Times are UTC.</p></footer>\n</body>\n</html>\n",
		words_moment(r->now).s);
	return ferror(out) || fflush(out) ? (errno ? -errno : -EIO) : 0;
}
