// SPDX-License-Identifier: Apache-2.0
/* promise_text.c - see promise_text.h. Leaves sentences to slo_words, numbers to human. */
#include "promise_text.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "slo_words.h"

#define HANG	 14 /* where items begin, after the label of a line */
#define NS_PER_S 1000000000u

void promise_text_line(struct page *p, const char *label)
{
	page_line(p, 2, INK_FAINT, label, HANG);
}

void promise_text_words(struct page *p, enum ink ink, char *text)
{
	if (text)
		page_words(p, ink, text);
	else
		p->error = -ENOMEM;
	free(text);
}

struct human promise_text_coverage(double ratio)
{
	return human_sli((uint64_t)floor(ratio * 1e9), 1000000000, 0.99);
}

void promise_text_heading(struct page *p, const struct slo_result *s, const struct slo *slo,
			  bool all)
{
	const char *title = slo->display_name;

	page_line(p, 0, INK_PLAIN, "", 0);
	page_item(p, INK_STRONG, "%s%s", s->counts_name, words_all(s));
	if (title && strcmp(title, s->slo))
		page_item(p, INK_PLAIN, "%s", title);
	if (all)
		page_item(p, INK_PLAIN, "all objectives together");
	if (s->verdict == VERDICT_MISSED)
		page_item(p, INK_BAD, "BROKEN");
	else if (s->verdict == VERDICT_MET)
		page_item(p, INK_GOOD, "kept");
	else
		page_item(p, INK_FAINT, "no data");
	page_end(p);
}

void promise_text_promise(struct page *p, const struct agreement *a)
{
	promise_text_line(p, "promise");
	page_words(p, a->promise ? INK_PLAIN : INK_FAINT,
		   a->promise ? a->promise : "(not written down)");
	page_end(p);
}

void promise_text_owner(struct page *p, const struct agreement *a)
{
	if (!a->owner)
		return;
	promise_text_line(p, "owner");
	page_words(p, INK_PLAIN, a->owner);
	page_end(p);
}

void promise_text_begin_result(struct page *p, const struct slo_result *s,
			       const struct objective *o)
{
	promise_text_line(p, "result");
	if (s->verdict == VERDICT_NO_DATA)
		page_item(p, INK_STRONG, "nothing to judge");
	else
		page_item(p, INK_STRONG, "%s", words_good(s).s);
	page_item(p, INK_PLAIN, "%s promised", words_target(o, s).s);
}

void promise_text_begin_budget(struct page *p, const struct slo_result *s)
{
	promise_text_line(p, "budget");
	page_item(p, s->remaining_ratio < 0 ? INK_BAD : INK_STRONG, "%s",
		  words_left(s->remaining_ratio).s);
	page_item(p, INK_PLAIN, "%s %s allowed, %s spent", human_sum(s->allowed).s,
		  s->in_slices ? "bad slices of time" : "failures", human_sum(s->spent).s);
}

void promise_text_begin_measured(struct page *p, const struct slo_result *s)
{
	bool low = s->coverage < COVERAGE_LOW; /* not where it is NAN */

	promise_text_line(p, "measured");
	if (!isfinite(s->coverage)) {
		page_words(p, INK_PLAIN,
			   s->excluded_ns ? "all of the time is excluded" : "no time");
		return;
	}
	page_item(p, low ? INK_BAD : INK_PLAIN, "%s of the time",
		  promise_text_coverage(s->coverage).s);
	if (low)
		page_words(p, INK_BAD,
			   "LOW: what happened in the rest is not known, and not in these figures");
}

void promise_text_time(struct page *p, const struct slo_result *s)
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
			promise_text_line(p, "time");
		some = true;
		page_item(p, INK_PLAIN, "%s %s", states[i].name, words_length(states[i].ns).s);
	}
	if (some)
		page_end(p);
}

void promise_text_excluded(struct page *p, const struct slo_excluded *list, size_t n,
			   uint64_t all_ns)
{
	for (size_t i = 0; i < n; i++) {
		const struct slo_excluded *x = &list[i];

		promise_text_line(p, i ? "" : "excluded");
		if (!i && all_ns)
			page_item(p, INK_STRONG, "%s of planned maintenance in all",
				  words_seconds(all_ns / NS_PER_S).s);
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
