// SPDX-License-Identifier: Apache-2.0
/* excluded.c - one-off exclusions and recurring ones, laid out in time. What they do to counts is
 * the engine's. */
#include "excluded.h"

#include <errno.h>
#include <stdlib.h>

#include "../base/cleanup.h"
#include "../conf/rrule.h"

struct finding {
	struct stretch *item; /* freed by its owner */
	size_t n, room;
	int64_t from, to;
	const struct exclusion *why;
	int error;
};

static void finding_free(struct finding *f)
{
	free(f->item);
}

static int finding_add(struct finding *f, int64_t start, int64_t end)
{
	if (start >= end || start >= f->to || end <= f->from)
		return 0;
	if (f->n == EXCLUDED_MAX)
		return f->error = -E2BIG;
	if (f->n == f->room) {
		size_t room = f->room ? 2 * f->room : 16;
		struct stretch *item = reallocarray(f->item, room, sizeof(*item));

		if (!item)
			return f->error = -ENOMEM;
		f->item = item;
		f->room = room;
	}
	f->item[f->n++] = (struct stretch){ start, end, f->why };
	return 0;
}

static int found(int64_t start, void *context)
{
	struct finding *f = context;

	return finding_add(f, start, start + f->why->duration_s);
}

static int add_exclusion(struct finding *f, const struct exclusion *e)
{
	const struct civil first = { e->start_year, e->start_month,  e->start_day,
				     e->start_hour, e->start_minute, e->start_second };
	int64_t from = f->from < TIME_MIN ? TIME_MIN : f->from;
	struct rrule rule;
	char why[RRULE_WHY];

	f->why = e;
	if (!e->rrule)
		return finding_add(f, e->start, e->end);
	/* What a rule may say was checked where it was read. */
	if (rrule_parse(e->rrule, e->zone, &rule, why, sizeof(why)))
		return f->error = -EINVAL;
	rrule_each(&rule, &first, e->zone, from - e->duration_s, f->to, found, f);
	return f->error;
}

static int by_start(const void *a, const void *b)
{
	const struct stretch *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return (x->why > y->why) - (x->why < y->why);
}

int excluded_find(const struct slo_set *set, const struct slo *slo, int64_t from, int64_t to,
		  struct stretch **ret, size_t *ret_n)
{
	_cleanup_(finding_free) struct finding f = { .from = from, .to = to };

	for (size_t i = 0; i < set->n_exclusions; i++)
		if (exclusion_applies(&set->exclusions[i], slo) &&
		    add_exclusion(&f, &set->exclusions[i]))
			return f.error;
	if (f.n)
		qsort(f.item, f.n, sizeof(*f.item), by_start);
	*ret_n = f.n;
	*ret = TAKE(f.item);
	return 0;
}
