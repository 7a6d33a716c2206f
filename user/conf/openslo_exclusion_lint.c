// SPDX-License-Identifier: Apache-2.0
/* openslo_exclusion_lint.c - exclusions that exclude nothing: no SLO is meant, or no time. */
#include "openslo_read.h"
#include "rrule.h"

/* What is looked at: hostile files end, and what is beyond is not said. */
#define COMPARISONS_MAX 20000000 /* of labels with labels */
#define FRUITLESS_MAX	100	 /* rules that were followed to the end */

#define YEARS  100 /* a 29 February that is a Sunday may be 40 years away */
#define YEAR_S (366 * INT64_C(86400))

struct effort {
	size_t comparisons, fruitless;
};

/* Also where it is not known. */
static bool has_slo(const struct world *w, const struct exclusion *e, struct effort *effort)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct slo *slo = w->document[i].object;

		if (++effort->comparisons > COMPARISONS_MAX)
			return true;
		if (w->document[i].kind != KIND_SLO || !slo)
			continue;
		effort->comparisons += e->n_labels * slo->n_labels;
		if (exclusion_applies(e, slo))
			return true;
	}
	return false;
}

static int on_start(int64_t start, void *found)
{
	(void)start;
	*(bool *)found = true;
	return 1;
}

static void lint_rule(const struct world *w, const struct document *d, struct effort *effort)
{
	const struct yaml_node *node = yaml_get(d->spec, "rrule");
	const struct exclusion *e = d->object;
	const struct civil first = { e->start_year, e->start_month,  e->start_day,
				     e->start_hour, e->start_minute, e->start_second };
	int64_t end = e->start > TIME_MAX - YEARS * YEAR_S ? TIME_MAX : e->start + YEARS * YEAR_S;
	bool found = false;
	struct rrule rule;
	char why[RRULE_WHY];

	if (effort->fruitless >= FRUITLESS_MAX ||
	    rrule_parse(e->rrule, e->zone, &rule, why, sizeof(why)))
		return;
	if (rule.until < e->start) {
		WARNING_AT(w, node->place,
			   "rrule: UNTIL is before start: it never occurs; write a later UNTIL");
		return;
	}
	rrule_each(&rule, &first, e->zone, e->start, end, on_start, &found);
	if (found)
		return;
	effort->fruitless++;
	WARNING_AT(w, node->place,
		   "rrule: it gives no day in the %d years from start on; write one that occurs",
		   YEARS);
}

void lint_exclusions(const struct world *w)
{
	struct effort effort = {};

	for (size_t i = 0; i < w->n; i++) {
		const struct document *d = &w->document[i];
		const struct exclusion *e = d->object;

		if (d->kind != KIND_EXCLUSION || !e || d->bad)
			continue;
		if (e->n_labels && !has_slo(w, e, &effort))
			WARNING_AT(w, yaml_get(d->spec, "labels")->place,
				   "no SLO in what was read has %s; add it, or its file",
				   e->n_labels > 1 ? "all of these labels" : "this label");
		if (e->rrule)
			lint_rule(w, d, &effort);
	}
}
