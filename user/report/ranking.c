// SPDX-License-Identifier: Apache-2.0
/* ranking.c - order, and the counts of a headline. Leaves words to the outputs. */
#include "ranking.h"

#include <errno.h>
#include <string.h>

static bool is_idle(const struct ranked *s)
{
	const struct series_counts *c = &s->row->counts;

	return s->verdict == VERDICT_NO_DATA && !s->figures.total && !s->row->in_flight.count &&
	       !c->coalesced && !c->refused && !c->connect_timeouts && !c->accept_overflows;
}

static void judge_worst(struct ranked *s, size_t per_service, struct ranking *totals)
{
	s->verdict = VERDICT_NO_DATA;
	s->remaining_ratio = 1;
	for (size_t i = 0; i < per_service; i++) {
		const struct judgement *j = &s->judgements[i];

		if (j->verdict == VERDICT_NO_DATA) {
			totals->n_no_data++;
			continue;
		}
		if (j->verdict == VERDICT_MISSED)
			totals->n_missed++;
		else
			totals->n_met++;
		if (j->verdict > s->verdict)
			s->verdict = j->verdict;
		if (j->verdict == VERDICT_MISSED && j->total - j->good > s->bad)
			s->bad = j->total - j->good;
		if (j->remaining_ratio < s->remaining_ratio)
			s->remaining_ratio = j->remaining_ratio;
	}
	if (s->verdict == VERDICT_MISSED)
		totals->n_missed_services++;
}

/* Names make the order the same in every run. */
static int compare(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;

	if (a->verdict != b->verdict)
		return a->verdict > b->verdict ? -1 : 1;
	if (a->bad != b->bad)
		return a->bad > b->bad ? -1 : 1;
	if (a->remaining_ratio != b->remaining_ratio)
		return a->remaining_ratio < b->remaining_ratio ? -1 : 1;
	if (a->figures.total != b->figures.total)
		return a->figures.total > b->figures.total ? -1 : 1;
	if (a->row->role != b->row->role)
		return a->row->role < b->row->role ? -1 : 1;
	return strcmp(figures_name(a->row), figures_name(b->row));
}

int ranking_new(const struct check_report *r, struct ranking **ret)
{
	_cleanup_(ranking_freep) struct ranking *k = calloc(1, sizeof(*k));
	const struct sample *sample = r->sample;

	if (!k)
		return -ENOMEM;
	k->services = calloc(sample->n_services + 1, sizeof(*k->services));
	if (!k->services)
		return -ENOMEM;
	for (size_t i = 0; i < sample->n_services; i++) {
		struct ranked *s = &k->services[k->n_services];

		if (figures_empty(&sample->services[i]))
			continue;
		s->row = &sample->services[i];
		s->judgements = r->per_service ? &r->judgements[i * r->per_service] : NULL;
		figures_of(s->row, &s->figures);
		judge_worst(s, r->per_service, k);
		s->idle = is_idle(s);
		k->n_services++;
	}
	qsort(k->services, k->n_services, sizeof(*k->services), compare);
	*ret = TAKE(k);
	return 0;
}

void ranking_free(struct ranking *r)
{
	if (!r)
		return;
	free(r->services);
	free(r);
}
