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

static void judge_worst(struct ranked *s)
{
	s->verdict = VERDICT_NO_DATA;
	s->remaining_ratio = 1;
	for (size_t i = 0; i < s->n_judgements; i++) {
		const struct judgement *j = s->judgements[i];

		if (j->verdict == VERDICT_NO_DATA)
			continue;
		if (j->verdict > s->verdict)
			s->verdict = j->verdict;
		if (j->verdict == VERDICT_MISSED && j->total - j->good > s->bad)
			s->bad = j->total - j->good;
		if (j->remaining_ratio < s->remaining_ratio)
			s->remaining_ratio = j->remaining_ratio;
	}
}

/* An objective of rows that nobody sees is not one. */
static bool is_listed(const struct check_report *r, const struct judgement *j)
{
	for (size_t i = 0; i < j->n_services; i++)
		if (!figures_empty(&r->sample->services[j->services[i]]))
			return true;
	return !j->n_services;
}

static void count_objectives(const struct check_report *r, struct ranking *totals)
{
	for (size_t i = 0; i < r->n_judgements; i++) {
		const struct judgement *j = &r->judgements[i];

		if (!is_listed(r, j))
			continue;
		totals->n_missed += j->verdict == VERDICT_MISSED;
		totals->n_met += j->verdict == VERDICT_MET;
		totals->n_no_data += j->verdict == VERDICT_NO_DATA;
	}
}

/* By service instead of by objective: first how many each has, then which. 0 or -ENOMEM. */
static int sort_by_service(const struct check_report *r, struct ranking *k, size_t **ret_first)
{
	size_t n = r->sample->n_services;
	_cleanup_(freep) size_t *first = calloc(n + 2, sizeof(*first));

	if (!first)
		return -ENOMEM;
	for (size_t i = 0; i < r->n_judgements; i++)
		for (size_t at = 0; at < r->judgements[i].n_services; at++)
			first[r->judgements[i].services[at] + 2]++;
	for (size_t i = 2; i < n + 2; i++)
		first[i] += first[i - 1];
	k->judgements = calloc(first[n + 1] + 1, sizeof(*k->judgements));
	if (!k->judgements)
		return -ENOMEM;
	for (size_t i = 0; i < r->n_judgements; i++)
		for (size_t at = 0; at < r->judgements[i].n_services; at++)
			k->judgements[first[r->judgements[i].services[at] + 1]++] =
				&r->judgements[i];
	*ret_first = TAKE(first);
	return 0;
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
	_cleanup_(freep) size_t *first = NULL; /* of each service, in k->judgements */
	const struct sample *sample = r->sample;

	if (!k || sort_by_service(r, k, &first))
		return -ENOMEM;
	k->services = calloc(sample->n_services + 1, sizeof(*k->services));
	if (!k->services)
		return -ENOMEM;
	for (size_t i = 0; i < sample->n_services; i++) {
		struct ranked *s = &k->services[k->n_services];

		if (figures_empty(&sample->services[i]))
			continue;
		s->row = &sample->services[i];
		s->judgements = &k->judgements[first[i]];
		s->n_judgements = first[i + 1] - first[i];
		figures_of(s->row, &s->figures);
		judge_worst(s);
		if (s->verdict == VERDICT_MISSED)
			k->n_missed_services++;
		s->idle = is_idle(s);
		k->n_services++;
	}
	count_objectives(r, k);
	qsort(k->services, k->n_services, sizeof(*k->services), compare);
	*ret = TAKE(k);
	return 0;
}

void ranking_free(struct ranking *r)
{
	if (!r)
		return;
	free(r->services);
	free(r->judgements);
	free(r);
}
