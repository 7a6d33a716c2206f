/* SPDX-License-Identifier: Apache-2.0 */
/*
 * promise_text.h - how the block of one promise is laid out, whatever document it stands in: a heading,
 * and lines of a label and what is said.
 * Knows: results, agreements, the page. Must not know: which lines a document has.
 */
#ifndef TROTH_REPORT_PROMISE_TEXT_H
#define TROTH_REPORT_PROMISE_TEXT_H

#include "human.h"
#include "page.h"
#include "slo.h"

/* Begins a line; page_end() ends it. */
void promise_text_line(struct page *p, const char *label);
/* Adds words that were made for it, and frees them; NULL: there was no memory. */
void promise_text_words(struct page *p, enum ink ink, char *text);

/* Cut off: what was missed for a minute is not 100 %. */
struct human promise_text_coverage(double ratio);

/* Its name, what people call it, kept or broken. all: of all objectives of its SLO together. */
void promise_text_heading(struct page *p, const struct slo_result *s, const struct slo *slo,
			  bool all);
void promise_text_promise(struct page *p, const struct agreement *a);
void promise_text_owner(struct page *p, const struct agreement *a); /* none: nothing */
void promise_text_time(struct page *p, const struct slo_result *s);
/* all: nanoseconds of it; 0: not said. */
void promise_text_excluded(struct page *p, const struct slo_excluded *list, size_t n,
			   uint64_t all_ns);

/* These leave their line open for what the document adds. */
void promise_text_begin_result(struct page *p, const struct slo_result *s,
			       const struct objective *o);
void promise_text_begin_budget(struct page *p, const struct slo_result *s); /* there is data */
void promise_text_begin_measured(struct page *p, const struct slo_result *s);

#endif
