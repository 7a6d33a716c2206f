// SPDX-License-Identifier: Apache-2.0
/*
 * openslo_limits.c - more latency thresholds than the kernel half judges exactly (DESIGN 4): too many of
 * one service are an error, too many of all a matter for whoever measures them on one host.
 */
#include <stdlib.h>
#include <string.h>

#include "../base/hash.h"
#include "duration.h"
#include "openslo_read.h"

#define THRESHOLDS_MAX 4
#define PATIENCE_NS    (10ULL * SEC_NS) /* after which an availability indicator gives up */

/* One threshold that a metric asks for. */
struct wanted {
	uint64_t select; /* hash of what it selects */
	enum latency_part part;
	uint64_t max_ns;
	struct place place;
	size_t order;
	bool patience;
};

struct wanted_list {
	struct wanted *item; /* room for all */
	size_t n;
};

/* Each with its end, so that no two run together. */
static uint64_t select_hash(const struct kernel_metric *m)
{
	uint64_t hash = HASH_OF_NOTHING;

	for (int key = 0; key < SELECT_KEYS; key++) {
		const char *text = m->select[key] ? m->select[key] : "";

		hash = hash_bytes(hash, text, strlen(text) + 1);
	}
	return hash;
}

static void want(struct wanted_list *list, const struct metric *m, bool good)
{
	const struct kernel_metric *k = m ? m->kernel : NULL;

	if (!k || (!k->has_latency && !good) || (k->has_latency && !k->max_ns))
		return;
	list->item[list->n] = (struct wanted){
		.select = select_hash(k),
		.part = k->has_latency ? k->part : LATENCY_DURATION,
		.max_ns = k->has_latency ? k->max_ns : PATIENCE_NS,
		.place = m->place,
		.order = list->n,
		.patience = !k->has_latency,
	};
	list->n++;
}

/* Patience goes first, so that what is said stands at a threshold that somebody wrote. */
static int by_select(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	if (x->select != y->select)
		return x->select < y->select ? -1 : 1;
	if (x->patience != y->patience)
		return y->patience - x->patience;
	return (x->order > y->order) - (x->order < y->order);
}

/* In the order of the files. */
static int by_order(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	if (x->patience != y->patience)
		return y->patience - x->patience;
	return (x->order > y->order) - (x->order < y->order);
}

/* The first of n that is one more than the kernel has room for; NULL: none. */
static const struct wanted *one_too_many(const struct wanted *item, size_t n)
{
	const struct wanted *distinct[THRESHOLDS_MAX];
	size_t have = 0;

	for (size_t i = 0; i < n; i++) {
		size_t j = 0;

		while (j < have &&
		       (distinct[j]->part != item[i].part || distinct[j]->max_ns != item[i].max_ns))
			j++;
		if (j < have)
			continue;
		if (have == THRESHOLDS_MAX)
			return &item[i];
		distinct[have++] = &item[i];
	}
	return NULL;
}

static bool say_services(const struct world *w, const struct wanted_list *list)
{
	bool said = false;
	char text[64];

	for (size_t i = 0, n; i < list->n; i += n) {
		const struct wanted *extra;

		for (n = 1; i + n < list->n && list->item[i + n].select == list->item[i].select;)
			n++;
		extra = one_too_many(&list->item[i], n);
		if (!extra)
			continue;
		said = true;
		ERROR_AT(
			w, extra->place,
			"one latency threshold too many (%s of %s): the kernel judges %d of a service "
			"exactly, and an availability indicator takes 10s of duration; use one of the "
			"others",
			duration_format(extra->max_ns, text, sizeof(text)),
			latency_part_names[extra->part], THRESHOLDS_MAX);
	}
	return said;
}

static size_t metrics_of(const struct slo_set *set)
{
	size_t n = 0;

	for (size_t s = 0; s < set->n_slos; s++)
		n += 3 * set->slos[s].n_objectives;
	return n;
}

void lint_thresholds(const struct world *w, const struct slo_set *set)
{
	struct wanted_list list = { arena_array(w->arena, metrics_of(set), sizeof(*list.item)), 0 };
	const struct wanted *extra;

	if (!list.item)
		return;
	for (size_t s = 0; s < set->n_slos; s++)
		for (size_t i = 0; i < set->slos[s].n_objectives; i++) {
			const struct indicator *in = set->slos[s].objectives[i].indicator;

			if (!in)
				continue;
			want(&list, in->good, true);
			want(&list, in->bad, true);
			want(&list, in->total, false);
		}
	qsort(list.item, list.n, sizeof(*list.item), by_select);
	if (say_services(w, &list))
		return;
	qsort(list.item, list.n, sizeof(*list.item), by_order);
	extra = one_too_many(list.item, list.n);
	if (extra)
		WARNING_AT(
			w, extra->place,
			"more than %d latency thresholds in all that was read: 'troth check -f' takes "
			"these objectives only in parts",
			THRESHOLDS_MAX);
}
