// SPDX-License-Identifier: Apache-2.0
/*
 * planned.c - see planned.h. Which services are meant is select's, the arithmetic tally's.
 */
#include "planned.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "select.h"

int planned_reason(struct planned *d, const char *format, ...)
{
	va_list args;
	int n;

	if (d->reason)
		return 0;
	va_start(args, format);
	n = vasprintf(&d->reason, format, args);
	va_end(args);
	if (n >= 0)
		return 0;
	d->reason = NULL;
	return -ENOMEM;
}

static int measurable_source(struct planned *d, const struct metric *m)
{
	if (m->kernel)
		return 0;
	if (m->type)
		return planned_reason(d,
				      "its source is of type %s: only metricSource type troth is "
				      "measured here",
				      m->type);
	return planned_reason(d, "its source %s is not of type troth: only that is measured here",
			      m->source_ref ? m->source_ref : "has no type, and");
}

static int measurable_metric(struct planned *d, const struct kernel_metric *m)
{
	const char *role = m->select[SELECT_ROLE];

	for (unsigned int key = 0; key < SELECT_KEYS; key++)
		if (m->select[key] && SELECT_UNKNOWN & (1u << key))
			return planned_reason(d, "%s is not measured yet", selector_names[key]);
	if (m->has_latency && role && !strcmp(role, "client") && m->part != LATENCY_DURATION &&
	    m->part != LATENCY_FIRST_BYTE)
		return planned_reason(d, "a client has no %s time, only duration and first_byte",
				      latency_part_names[m->part]);
	return 0;
}

static int measurable_ratio(struct planned *d, const struct indicator *i)
{
	const struct metric *first = i->good ? i->good : i->bad;
	int r;

	if (i->raw)
		return planned_reason(d, "a raw metric is not measured here: write good and total");
	if (!first || !i->total)
		return planned_reason(d, "its ratio has no good and total");
	r = measurable_source(d, first);
	if (!r)
		r = measurable_source(d, i->total);
	if (r || d->reason)
		return r;
	d->good = first->kernel;
	d->total = i->total->kernel;
	d->rule.good_is_bad = !i->good;
	if (d->rule.good_is_bad && d->good->has_latency)
		return planned_reason(d, "a latency in bad leaves open which side of its max is "
					 "bad: write good with latency.max");
	r = measurable_metric(d, d->good);
	return r ? r : measurable_metric(d, d->total);
}

static int measurable(struct planned *d, int64_t now)
{
	const struct indicator *i = d->objective->indicator;
	time_t since = (time_t)d->slo->since;
	char date[32] = "";
	struct tm utc;
	int r;

	if (d->slo->since > now) {
		if (gmtime_r(&since, &utc))
			strftime(date, sizeof(date), "%FT%TZ", &utc);
		return planned_reason(d, "it is in force from %s", date);
	}
	if (!i)
		return planned_reason(d, "its indicator was not found");
	if (i->kind == INDICATOR_RATIO)
		return measurable_ratio(d, i);
	r = i->threshold ? measurable_source(d, i->threshold) : 0;
	if (r)
		return r;
	return planned_reason(d, "a threshold on a statistic cannot be exact: write a ratioMetric "
				 "whose good has latency.max");
}

int planned_make(struct planned *d, const struct slo *slo, const struct objective *o, int64_t now)
{
	*d = (struct planned){ .slo = slo, .objective = o };
	return measurable(d, now);
}

void planned_clear(struct planned *d)
{
	free(d->reason);
	d->reason = NULL;
}

/* --- limits ------------------------------------------------------------------------------------- */

static void too_many(const struct limits *l, const struct threshold *t, struct place at,
		     const char *what, struct problems *problems)
{
	char there[512] = "";
	size_t used = 0;

	for (unsigned int i = 0; i < l->n && used < sizeof(there); i++)
		used += (size_t)snprintf(there + used, sizeof(there) - used, "%s%s %g ms (%s:%u)",
					 i ? ", " : "", latency_part_names[l->thresholds[i].part],
					 (double)l->thresholds[i].max_ns / 1e6, l->places[i].file,
					 l->places[i].line);
	problem_add(problems, PROBLEM_ERROR, at,
		    "%s %g ms%s is one limit more than the %d that the kernel keeps exactly: %s; "
		    "use one of these, or check fewer files at a time",
		    latency_part_names[t->part], (double)t->max_ns / 1e6, what, THRESHOLDS, there);
}

/* what: whose limit it is, if nobody wrote it. */
static unsigned int threshold_index(struct limits *l, struct threshold t, struct place at,
				    const char *what, struct problems *problems)
{
	for (unsigned int i = 0; i < l->n; i++)
		if (l->thresholds[i].part == t.part && l->thresholds[i].max_ns == t.max_ns)
			return i;
	if (l->n == THRESHOLDS) {
		too_many(l, &t, at, what, problems);
		return 0;
	}
	l->thresholds[l->n] = t;
	l->places[l->n] = at;
	return l->n++;
}

static struct counted counted_of(struct limits *l, const struct kernel_metric *m, struct place at,
				 struct problems *problems)
{
	struct threshold t = { .part = m->part, .max_ns = m->max_ns };
	struct counted c = { .outcomes = m->outcomes };

	if (!m->has_latency)
		return c;
	if (m->max_ns > l->largest_ns)
		l->largest_ns = m->max_ns;
	c.timed = true;
	c.part = m->part;
	c.threshold = threshold_index(l, t, at, "", problems);
	return c;
}

/* Patience comes last: it is the limit that nobody wrote. */
void limits_assign(struct limits *l, struct planned *planned, size_t n, struct problems *problems)
{
	const struct threshold patience = { PART_DURATION, 0, PATIENCE_NS };

	for (size_t i = 0; i < n; i++) {
		struct planned *d = &planned[i];
		const struct indicator *in = d->objective->indicator;

		if (d->reason)
			continue;
		d->rule.good =
			counted_of(l, d->good, (in->good ? in->good : in->bad)->place, problems);
		d->rule.total = counted_of(l, d->total, in->total->place, problems);
	}
	for (size_t i = 0; i < n; i++) {
		struct planned *d = &planned[i];

		if (d->reason || d->rule.good.timed || d->rule.total.timed)
			continue;
		d->rule.patience = threshold_index(l, patience, d->objective->place,
						   " (the patience of an availability)", problems);
		if (problems->errors)
			return; /* it would be said of every further one */
	}
}

uint64_t limits_idle_end_ns(uint64_t largest_ns)
{
	if (largest_ns <= IDLE_END_NS / 2)
		return IDLE_END_NS;
	return largest_ns < UINT64_MAX / 2 ? 2 * largest_ns : UINT64_MAX;
}
