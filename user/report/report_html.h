/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_html.h - the parts of one self-contained page: no script, nothing from elsewhere.
 * For report_html*.c and report_svg*.c. Errors stay in the stream until the end.
 */
#ifndef TROTH_REPORT_REPORT_HTML_H
#define TROTH_REPORT_REPORT_HTML_H

#include "report_model.h"

extern const char report_html_style[];

/* Where it is too wide it is scrolled, and not the page; by the keyboard too. */
#define HTML_TABLE	"<div class=\"scroll\" tabindex=\"0\"><table>\n"
#define HTML_TABLE_WIDE "<div class=\"scroll\" tabindex=\"0\"><table class=\"wide\">\n"
#define HTML_TABLE_END	"</table></div>\n"

/* Text from outside, in an element or between double quotes. NULL is nothing. */
void html_text(FILE *out, const char *s);

const char *html_verdict(enum verdict v); /* with a sign, so that it is told without colour */
const char *html_class(enum verdict v);

/* report_html_promise.c: the table of all, and each with its charts. */
void html_promises(FILE *out, const struct report *r);
/* report_html_rest.c: services, measurement, what happened, what the words mean. */
void html_services(FILE *out, const struct report *r);
void html_measurement(FILE *out, const struct report *r);
void html_events(FILE *out, const struct report *r);
void html_words(FILE *out);

/* Charts; number makes their ids unique. Nothing where there is nothing to draw. */
void svg_budget(FILE *out, const struct report *r, const struct report_promise *p, size_t number);
void svg_sli(FILE *out, const struct report *r, const struct report_promise *p, size_t number);
void svg_latency(FILE *out, const struct report *r, const struct report_service *s, size_t number);

#endif
