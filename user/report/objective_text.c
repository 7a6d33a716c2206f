// SPDX-License-Identifier: Apache-2.0
/* objective_text.c - see objective_text.h. Leaves layout to page, numbers to human. */
#include "objective_text.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "../base/cleanup.h"
#include "figures.h"
#include "human.h"

#define HANG	     14 /* where items begin, after the label of a line */
#define NAMES_MAX    4	/* services by name under one objective */
#define NAME_COLUMNS 56

/* "duration" goes without saying. */
static const char *part_words(unsigned int part)
{
	static const char *const words[PARTS] = {
		[PART_DURATION] = "",	     [PART_FIRST_BYTE] = "first byte ",
		[PART_QUEUE] = "queue ",     [PART_RECEIVE] = "receive ",
		[PART_SERVICE] = "service ", [PART_SEND] = "send ",
	};

	return part < PARTS ? words[part] : "";
}

/* What is promised: "99.9 %" or "99 % within 500 ms". */
static void put_target(struct page *p, const struct check_report *r, const struct judgement *j)
{
	const struct threshold *limit = &r->sample->thresholds[j->threshold];
	double target = decimal_double(j->target);

	if (!j->timed || j->threshold >= r->sample->n_thresholds)
		page_item(p, INK_PLAIN, "target %s", human_target(target).s);
	else
		page_item(p, INK_PLAIN, "target %s %swithin %s", human_target(target).s,
			  part_words(limit->part), human_duration(limit->max_ns / 1e9).s);
}

/* The words say what the number is: part of the exchanges that counted. */
static void put_sli(struct page *p, enum ink ink, const struct judgement *j)
{
	page_item(p, ink, "%-8s", human_sli(j->good, j->total, decimal_double(j->target)).s);
	if (!j->exact)
		page_item(p, INK_PLAIN, "(not exact: %.5g to %.5g %%)",
			  floor(j->sli_lowest * 1e5) / 1e3, ceil(j->sli_highest * 1e5) / 1e3);
}

void objective_text_line(struct page *p, const struct check_report *r, const struct judgement *j,
			 const char *no_data)
{
	bool missed = j->verdict == VERDICT_MISSED;
	enum ink ink = missed ? INK_BAD : INK_GOOD;

	if (j->verdict == VERDICT_NO_DATA) {
		page_line(p, 2, INK_FAINT, "no data", HANG);
		page_item(p, INK_PLAIN, "%-12s", j->name);
		page_words(p, INK_FAINT, j->reason ? j->reason : no_data);
		page_end(p);
		return;
	}
	page_line(p, 2, ink, missed ? "MISSED" : "met", HANG);
	page_item(p, INK_PLAIN, "%-12s", j->name);
	put_sli(p, missed ? INK_BAD : INK_PLAIN, j);
	put_target(p, r, j);
	page_item(p, INK_PLAIN, "%s good of %s", human_count(j->good).s, human_count(j->total).s);
	page_item(p, INK_PLAIN, "%s bad, %s allowed", human_count(j->total - j->good).s,
		  human_amount(j->allowed).s);
	if (j->n_services > 1)
		page_item(p, INK_PLAIN, "the sum of %zu services", j->n_services);
	page_end(p);
}

static void put_services(struct page *p, const struct check_report *r, const struct judgement *j)
{
	if (!j->n_services)
		return;
	page_line(p, HANG, INK_PLAIN, "", HANG);
	for (size_t i = 0; i < j->n_services && i < NAMES_MAX; i++) {
		const struct service_row *row = &r->sample->services[j->services[i]];

		page_name(p, INK_FAINT, figures_name(row), NAME_COLUMNS);
		page_item(p, INK_FAINT, "%s", figures_role(row->role));
	}
	if (j->n_services > NAMES_MAX)
		page_item(p, INK_FAINT, "and %zu more", j->n_services - NAMES_MAX);
	page_end(p);
}

/* What the numbers mean to those whom it was promised. */
static void put_promise(struct page *p, const struct judgement *j)
{
	if (!j->promise || j->verdict == VERDICT_NO_DATA)
		return;
	page_line(p, HANG, INK_PLAIN, "", HANG);
	page_item(p, j->verdict == VERDICT_MISSED ? INK_BAD : INK_GOOD,
		  j->verdict == VERDICT_MISSED ? "broken:" : "kept:");
	page_words(p, INK_PLAIN, j->promise);
	page_end(p);
}

/* Whoever takes the service down on purpose need not read the rest. */
static void put_maintenance(struct page *p, const struct judgement *j)
{
	if (!j->maintenance)
		return;
	page_line(p, HANG, INK_PLAIN, "", HANG);
	page_item(p, INK_STRONG, "planned maintenance");
	page_words(p, INK_PLAIN, j->maintenance);
	page_words(p, INK_FAINT, "- what was measured is judged all the same");
	page_end(p);
}

static void put_unmatched(struct page *p, const struct judgement *j)
{
	_cleanup_(freep) char *where = NULL;

	if (asprintf(&where, "(%s:%u):", j->file, j->line) < 0) {
		where = NULL;
		p->error = -ENOMEM;
		return;
	}
	page_line(p, 2, INK_PLAIN, "", 2);
	page_words(p, INK_STRONG, "matched nothing:");
	p->hang = 4;
	page_words(p, INK_STRONG, j->name);
	page_words(p, INK_FAINT, where);
	page_words(p, INK_PLAIN, j->reason);
	page_end(p);
}

void objective_text_section(struct page *p, const struct check_report *r)
{
	page_line(p, 0, INK_STRONG, "objectives", HANG);
	page_words(p, INK_FAINT,
		   "judged by the events that were measured; windows, slices and "
		   "what is left of a budget over weeks are of `troth slo`");
	page_end(p);
	for (size_t i = 0; i < r->n_judgements; i++) {
		const struct judgement *j = &r->judgements[i];

		if (j->unmatched)
			continue;
		objective_text_line(p, r, j, "no exchange counts for it");
		put_services(p, r, j);
		put_promise(p, j);
		put_maintenance(p, j);
	}
	for (size_t i = 0; i < r->n_judgements; i++)
		if (r->judgements[i].unmatched)
			put_unmatched(p, &r->judgements[i]);
	page_end(p);
}
