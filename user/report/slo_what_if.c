// SPDX-License-Identifier: Apache-2.0
/* slo_what_if.c - candidates side by side. Leaves judging to the engine. */
#include "slo_what_if.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "human.h"
#include "json.h"
#include "page.h"
#include "slo_words.h"

enum { TARGET, VERDICT, SLI, BUDGET, PAGES, TICKETS, OTHERS, COST, COLUMNS };

static const char *const titles[COLUMNS] = { "target", "would be", "good",   "budget",
					     "pages",  "tickets",  "others", "failures cost" };

/* Cells may be empty; a column of which all are is left out. */
struct table_row {
	struct human cell[COLUMNS];
	bool bad[COLUMNS];
};

static struct human left(double ratio)
{
	struct human ret;

	if (!isfinite(ratio))
		return (struct human){ "unknown" };
	if (ratio < 0)
		return words_remaining(ratio);
	if (ratio == 0)
		snprintf(ret.s, sizeof(ret.s), "just spent");
	else if (ratio > 0.99 && ratio < 1)
		snprintf(ret.s, sizeof(ret.s), "over 99 %% left");
	else
		snprintf(ret.s, sizeof(ret.s), "%.24s left", words_remaining(ratio).s);
	return ret;
}

static void put_alerts(struct human cell[COLUMNS], const struct what_if *c)
{
	cell[PAGES] = human_count(c->pages);
	cell[TICKETS] = human_count(c->tickets);
	if (c->others)
		cell[OTHERS] = human_count(c->others);
}

static void fill(struct table_row *t, const struct what_if_slo *s, const struct what_if *c)
{
	char target[DECIMAL_TEXT];
	struct slo_result r = { .verdict = c->verdict,
				.in_slices = c->in_slices,
				.objective = s->objective,
				.good = c->good,
				.total = c->total,
				.sli = c->sli,
				.target = decimal_double(c->target) };
	bool early = c->verdict == VERDICT_MISSED && c->remaining_ratio > 0;

	snprintf(t->cell[TARGET].s, sizeof(t->cell[TARGET].s), "%.40s %%",
		 decimal_format(c->target, -2, target));
	if (!s->composite)
		put_alerts(t->cell, c);
	snprintf(t->cell[VERDICT].s, sizeof(t->cell[VERDICT].s), "%s%s",
		 c->verdict == VERDICT_NO_DATA ? "no data" :
		 c->verdict == VERDICT_MET     ? "kept" :
						 "BROKEN",
		 early ? " *" : "");
	t->bad[VERDICT] = c->verdict == VERDICT_MISSED;
	if (c->verdict == VERDICT_NO_DATA)
		return;
	t->cell[SLI] = words_sli(&r);
	t->cell[BUDGET] = left(c->remaining_ratio);
	t->bad[BUDGET] = c->remaining_ratio < 0;
	if (isfinite(c->cost))
		snprintf(t->cell[COST].s, sizeof(t->cell[COST].s), "%.24s %.20s",
			 human_amount(c->cost).s, s->currency ? s->currency : "");
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static void put_row(struct page *p, const struct table_row *t, const size_t width[COLUMNS])
{
	page_line(p, 2, INK_PLAIN, "", 2);
	for (unsigned int i = 0; i < COLUMNS; i++) {
		bool number = i >= PAGES && i <= OTHERS, last = true;
		enum ink ink = t->bad[i] ? INK_BAD : INK_PLAIN;

		for (unsigned int k = i + 1; k < COLUMNS; k++)
			last &= !*t->cell[k].s;
		if (!width[i])
			continue;
		if (last && !*t->cell[i].s)
			break;
		page_item(p, ink, "%*s", last && !number ? 0 : (int)width[i] * (number ? 1 : -1),
			  t->cell[i].s);
	}
	page_end(p);
}

static void put_early(struct page *p, const struct what_if *candidates, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct what_if *c = &candidates[i];

		if (c->verdict != VERDICT_MISSED || c->remaining_ratio <= 0)
			continue;
		page_line(p, 2, INK_FAINT, "*", 4);
		page_words(p, INK_FAINT, words_broken_early(c->over));
		page_end(p);
		return;
	}
}

/* What is true of the window, whatever the target. */
static void put_caveats(struct page *p, const struct what_if *c)
{
	if (c->estimated) {
		page_line(p, 2, INK_FAINT, "", 2);
		page_words(p, INK_FAINT,
			   "an estimate: the period is not over, and its traffic not known");
		page_end(p);
	}
	if (isfinite(c->coverage) && c->coverage < COVERAGE_LOW) {
		page_line(p, 2, INK_FAINT, "", 2);
		page_item(p, INK_BAD, "measured %s of the time:", human_share_down(c->coverage).s);
		page_words(p, INK_BAD,
			   "LOW: what happened in the rest is not known, and not in these figures");
		page_end(p);
	}
}

static void put_table(struct page *p, const struct what_if_slo *s, size_t n)
{
	_cleanup_(freep) struct table_row *rows = calloc(n + 1, sizeof(*rows));
	size_t width[COLUMNS] = {};

	if (!rows) {
		p->error = -ENOMEM;
		return;
	}
	for (size_t c = 0; c < n; c++)
		fill(&rows[c + 1], s, &s->candidates[c]);
	for (unsigned int i = 0; i < COLUMNS; i++) {
		for (size_t c = 1; c <= n; c++)
			width[i] = larger(width[i], strlen(rows[c].cell[i].s));
		if (!width[i])
			continue;
		snprintf(rows[0].cell[i].s, sizeof(rows[0].cell[i].s), "%s", titles[i]);
		width[i] = larger(width[i], strlen(titles[i]));
	}
	for (size_t c = 0; c <= n; c++)
		put_row(p, &rows[c], width);
	put_early(p, s->candidates, n);
	if (n)
		put_caveats(p, &s->candidates[0]);
}

static void put_slo(struct page *p, const struct what_if_slo *s, const struct what_if_report *r)
{
	bool slices = r->n_candidates && s->candidates[0].in_slices;

	page_line(p, 0, INK_STRONG, "", 0);
	page_item(p, INK_STRONG, "%s%s", s->counts_name, s->composite ? "/*" : "");
	if (s->composite)
		page_item(p, INK_PLAIN, "all objectives together");
	if (slices)
		page_item(p, INK_PLAIN, "%s: good and budget are of slices", s->method);
	if (r->window)
		page_item(p, INK_FAINT, "over the last %s", r->window);
	page_end(p);
	put_table(p, s, r->n_candidates);
}

int slo_what_if_text(FILE *out, const struct what_if_report *r, bool colour)
{
	struct page p = { .out = out, .colour = colour };

	for (size_t i = 0; i < r->n; i++) {
		if (i)
			page_end(&p);
		put_slo(&p, &r->slos[i], r);
	}
	page_end(&p);
	page_line(&p, 0, INK_PLAIN, "", 0);
	page_words(
		&p, INK_FAINT,
		"Kept or broken, budget and cost: of the window that ends with the counts. Alerts: "
		"those that would have begun to fire in all of the past that was given.");
	page_end(&p);
	return p.error;
}

static json_t *candidate(const struct what_if *c)
{
	bool data = c->verdict != VERDICT_NO_DATA;
	json_t *o = json_with(json_object(), "target", json_number(decimal_double(c->target)));

	o = json_with(o, "met", data ? json_boolean(c->verdict == VERDICT_MET) : json_null());
	o = json_with(o, "sli", data ? json_number(c->sli) : json_null());
	o = json_with(o, "pages", json_count(c->pages));
	o = json_with(o, "tickets", json_count(c->tickets));
	o = json_with(o, "other_alerts", json_count(c->others));
	o = json_with(o, "budget_remaining_ratio", json_number(c->remaining_ratio));
	o = json_with(o, "cost", json_number(c->cost));
	o = json_with(o, "bad", json_count(c->total - c->good));
	o = json_with(o, "unit", json_string(c->in_slices ? "slices" : "events"));
	o = json_with(o, "allowed", json_number(c->allowed));
	o = json_with(o, "spent", json_number(c->spent));
	o = json_with(o, "coverage", json_number(c->coverage));
	return json_with(o, "estimated", json_boolean(c->estimated));
}

int slo_what_if_json(FILE *out, const struct what_if_report *r)
{
	json_t *slos = json_array();
	json_t *root = json_with(json_object(), "schema", json_string("troth.whatif/1"));

	for (size_t i = 0; i < r->n; i++) {
		const struct what_if_slo *s = &r->slos[i];
		json_t *o = json_with(json_object(), "name", json_text(s->name));
		json_t *list = json_array();

		for (size_t c = 0; c < r->n_candidates; c++)
			list = json_add(list, candidate(&s->candidates[c]));
		o = json_with(o, "objective", json_text(s->objective));
		o = json_with(o, "currency", json_text(s->currency));
		slos = json_add(slos, json_with(o, "candidates", list));
	}
	root = json_with(root, "at", json_moment(r->at));
	root = json_with(root, "window", json_text(r->window));
	return json_print(out, json_with(root, "slos", slos));
}
