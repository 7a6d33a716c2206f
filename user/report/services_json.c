// SPDX-License-Identifier: Apache-2.0
/*
 * services_json.c - troth.services/1: every service since the beginning of record, with the objectives
 * that mean it. One is in memory at a time.
 */
#include <errno.h>
#include <string.h>

#include "../base/cleanup.h"
#include "figures.h"
#include "json.h"
#include "now_json.h"
#include "service_json.h"
#include "slo_json.h"

/* A name that an objective means, sorted by name. */
struct meant {
	const char *name;
	size_t entry;
};

struct meanings {
	struct meant *all;
	size_t n;
};

static int by_name(const void *a, const void *b)
{
	const struct meant *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : x->entry < y->entry ? -1 : x->entry > y->entry;
}

static int meanings_new(const struct now *now, struct meanings *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < now->slos.n; i++)
		n += now->objectives[i].n_services;
	*ret = (struct meanings){ .all = calloc(n + 1, sizeof(*ret->all)) };
	if (!ret->all)
		return -ENOMEM;
	for (size_t i = 0; i < now->slos.n; i++)
		for (size_t k = 0; k < now->objectives[i].n_services; k++)
			ret->all[ret->n++] = (struct meant){ now->objectives[i].services[k], i };
	qsort(ret->all, ret->n, sizeof(*ret->all), by_name);
	return 0;
}

static void meanings_clear(struct meanings *m)
{
	free(m->all);
}

/* Names are unique with their role only. */
static bool same_role(const struct slo_entry *e, enum role role)
{
	const struct kernel_metric *k = slo_judged_by(e->objective);
	const char *wanted = k ? k->select[SELECT_ROLE] : NULL;

	return !wanted || !strcmp(wanted, figures_role(role)) || !strcmp(wanted, "all");
}

static json_t *objectives(const struct now *now, const struct meanings *m,
			  const struct service_row *row)
{
	const char *name = figures_name(row);
	size_t low = 0, high = m->n;
	json_t *list = json_array();

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(m->all[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < m->n && !strcmp(m->all[low].name, name) && !row->overflow; low++) {
		size_t i = m->all[low].entry;

		if (now->slos.entries[i].objective && same_role(&now->slos.entries[i], row->role))
			list = json_add(list, slo_json_brief(&now->slos.entries[i].result,
							     now->slos.entries[i].objective,
							     now->objectives[i].inexact));
	}
	return list;
}

static json_t *head(const struct now *now)
{
	json_t *host = json_with(json_object(), "name", json_text(now->host));
	json_t *o = json_with(json_object(), "schema", json_string("troth.services/1"));

	host = json_with(host, "kernel", json_text(now->kernel));
	host = json_with(host, "backend", json_text(now->backend));
	o = json_with(o, "began", json_moment_or_null(now->began));
	o = json_with(o, "at", json_moment(now->at.wall_ns / NS_PER_SECOND));
	o = json_with(o, "host", host);
	return json_with(o, "measurement", measurement_json(&now->measurement));
}

int services_json(FILE *out, const struct now *now)
{
	_cleanup_(meanings_clear) struct meanings m = {};
	int64_t within_before[THRESHOLDS];
	bool some = false;
	int r = meanings_new(now, &m);

	if (!r)
		r = json_list_begin(out, head(now), "services");
	for (size_t i = 0; !r && i < now->services.n; i++) {
		const struct service_row *row =
			now->services.at(now->services.context, i, within_before);

		if (!row || figures_empty(row))
			continue;
		if (some)
			fputs(",\n", out);
		some = true;
		r = json_print_element(out, service_json(row, objectives(now, &m, row)));
	}
	return r ? r : json_list_end(out);
}
