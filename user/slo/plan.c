// SPDX-License-Identifier: Apache-2.0
/*
 * plan.c - see plan.h. Which rows a metric means is select's, the arithmetic judge's; the words for
 * what meant nothing are unmatched's.
 */
#include "plan.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "../base/zone.h"
#include "excluded.h"
#include "select.h"
#include "unmatched.h"

struct planned {
	const struct slo *slo;
	const struct objective *objective;
	const struct kernel_metric *good, *total; /* good: or bad, as the rule has it */
	struct rule rule;
	char *reason;	   /* why it cannot be judged, known before anything was measured */
	char *maintenance; /* what is planned for now */
	size_t *services;
};

struct plan {
	struct planned *planned;
	struct judgement *judgements; /* one each */
	size_t n;
	struct threshold thresholds[THRESHOLDS];
	struct place places[THRESHOLDS]; /* where each was asked for first */
	unsigned int n_thresholds;
	uint64_t largest_ns;
};

/* -ENOMEM, or 0. The first reason stands. */
__attribute__((format(printf, 2, 3))) static int give_reason(struct planned *d, const char *format,
							     ...)
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
		return give_reason(d,
				   "its source is of type %s: only metricSource type troth is "
				   "measured here",
				   m->type);
	return give_reason(d, "its source %s is not of type troth: only that is measured here",
			   m->source_ref ? m->source_ref : "has no type, and");
}

static int measurable_metric(struct planned *d, const struct kernel_metric *m)
{
	const char *role = m->select[SELECT_ROLE];

	for (unsigned int key = 0; key < SELECT_KEYS; key++)
		if (m->select[key] && SELECT_UNKNOWN & (1u << key))
			return give_reason(d, "%s is not measured yet", selector_names[key]);
	if (m->has_latency && role && !strcmp(role, "client") && m->part != LATENCY_DURATION &&
	    m->part != LATENCY_FIRST_BYTE)
		return give_reason(d, "a client has no %s time, only duration and first_byte",
				   latency_part_names[m->part]);
	return 0;
}

static int measurable_ratio(struct planned *d, const struct indicator *i)
{
	const struct metric *first = i->good ? i->good : i->bad;
	int r;

	if (i->raw)
		return give_reason(d, "a raw metric is not measured here: write good and total");
	if (!first || !i->total)
		return give_reason(d, "its ratio has no good and total");
	r = measurable_source(d, first);
	if (!r)
		r = measurable_source(d, i->total);
	if (r || d->reason)
		return r;
	d->good = first->kernel;
	d->total = i->total->kernel;
	d->rule.good_is_bad = !i->good;
	if (d->rule.good_is_bad && d->good->has_latency)
		return give_reason(d, "a latency in bad leaves open which side of its max is "
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
		return give_reason(d, "it is in force from %s", date);
	}
	if (!i)
		return give_reason(d, "its indicator was not found");
	if (i->kind == INDICATOR_RATIO)
		return measurable_ratio(d, i);
	r = i->threshold ? measurable_source(d, i->threshold) : 0;
	if (r)
		return r;
	return give_reason(d, "a threshold on a statistic cannot be exact: write a ratioMetric "
			      "whose good has latency.max");
}

/* Maintenance takes time out of a window; a check looks at a moment, and only says that it is planned. */
static int note_maintenance(struct planned *d, const struct slo_set *set, int64_t now)
{
	_cleanup_(freep) struct stretch *found = NULL;
	const struct exclusion *e;
	char until[TIME_TEXT];
	size_t n;
	int r = excluded_find(set, d->slo, now, now + 1, &found, &n);

	if (r == -ENOMEM)
		return r;
	if (r || !n)
		return 0;
	e = found[0].why;
	if (asprintf(&d->maintenance, "until %s: %s%s%s%s", time_format(found[0].end, until),
		     e->reason ? e->reason : e->name, e->author ? " (" : "",
		     e->author ? e->author : "", e->author ? ")" : "") >= 0)
		return 0;
	d->maintenance = NULL;
	return -ENOMEM;
}

static void too_many(const struct plan *p, const struct threshold *t, struct place at,
		     const char *what, struct problems *problems)
{
	char there[512] = "";
	size_t used = 0;

	for (unsigned int i = 0; i < p->n_thresholds && used < sizeof(there); i++)
		used += (size_t)snprintf(there + used, sizeof(there) - used, "%s%s %g ms (%s:%u)",
					 i ? ", " : "", latency_part_names[p->thresholds[i].part],
					 (double)p->thresholds[i].max_ns / 1e6, p->places[i].file,
					 p->places[i].line);
	problem_add(problems, PROBLEM_ERROR, at,
		    "%s %g ms%s is one limit more than the %d that the kernel keeps exactly: %s; "
		    "use one of these, or check fewer files at a time",
		    latency_part_names[t->part], (double)t->max_ns / 1e6, what, THRESHOLDS, there);
}

/* what: whose limit it is, if nobody wrote it. */
static unsigned int threshold_index(struct plan *p, struct threshold t, struct place at,
				    const char *what, struct problems *problems)
{
	for (unsigned int i = 0; i < p->n_thresholds; i++)
		if (p->thresholds[i].part == t.part && p->thresholds[i].max_ns == t.max_ns)
			return i;
	if (p->n_thresholds == THRESHOLDS) {
		too_many(p, &t, at, what, problems);
		return 0;
	}
	p->thresholds[p->n_thresholds] = t;
	p->places[p->n_thresholds] = at;
	return p->n_thresholds++;
}

static struct counted counted_of(struct plan *p, const struct kernel_metric *m, struct place at,
				 struct problems *problems)
{
	struct threshold t = { .part = m->part, .max_ns = m->max_ns };
	struct counted c = { .outcomes = m->outcomes };

	if (!m->has_latency)
		return c;
	if (m->max_ns > p->largest_ns)
		p->largest_ns = m->max_ns;
	c.timed = true;
	c.part = m->part;
	c.threshold = threshold_index(p, t, at, "", problems);
	return c;
}

/* Patience comes last: it is the limit that nobody wrote. */
static void assign_thresholds(struct plan *p, struct problems *problems)
{
	const struct threshold patience = { PART_DURATION, 0, PATIENCE_NS };

	for (size_t i = 0; i < p->n; i++) {
		struct planned *d = &p->planned[i];
		const struct indicator *in = d->objective->indicator;

		if (d->reason)
			continue;
		d->rule.good =
			counted_of(p, d->good, (in->good ? in->good : in->bad)->place, problems);
		d->rule.total = counted_of(p, d->total, in->total->place, problems);
	}
	for (size_t i = 0; i < p->n; i++) {
		struct planned *d = &p->planned[i];

		if (d->reason || d->rule.good.timed || d->rule.total.timed)
			continue;
		d->rule.patience = threshold_index(p, patience, d->objective->place,
						   " (the patience of an availability)", problems);
		if (problems->errors)
			return; /* it would be said of every further one */
	}
}

/* Revisions stand in a row, the oldest first. */
static bool is_in_force(const struct slo_set *set, size_t i, int64_t now)
{
	const struct slo *slo = &set->slos[i];
	bool has_older = i && !strcmp(set->slos[i - 1].name, slo->name);
	bool has_newer = i + 1 < set->n_slos && !strcmp(set->slos[i + 1].name, slo->name);

	if (slo->since > now)
		return !has_older;
	return !has_newer || set->slos[i + 1].since > now;
}

static size_t count_objectives(const struct slo_set *set)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n_slos; i++)
		n += set->slos[i].n_objectives;
	return n;
}

int plan_new(const struct slo_set *set, int64_t now, struct problems *problems, struct plan **ret)
{
	_cleanup_(plan_freep) struct plan *p = calloc(1, sizeof(*p));
	size_t room = count_objectives(set) + 1;

	if (!p)
		return -ENOMEM;
	p->planned = calloc(room, sizeof(*p->planned));
	p->judgements = calloc(room, sizeof(*p->judgements));
	if (!p->planned || !p->judgements)
		return -ENOMEM;
	for (size_t i = 0; i < set->n_slos; i++) {
		if (!is_in_force(set, i, now))
			continue;
		for (size_t k = 0; k < set->slos[i].n_objectives; k++) {
			struct planned *d = &p->planned[p->n++];

			d->slo = &set->slos[i];
			d->objective = &set->slos[i].objectives[k];
			if (measurable(d, now) || note_maintenance(d, set, now))
				return -ENOMEM;
		}
	}
	assign_thresholds(p, problems);
	*ret = TAKE(p);
	return 0;
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	for (size_t i = 0; p->planned && i < p->n; i++) {
		free(p->planned[i].reason);
		free(p->planned[i].maintenance);
		free(p->planned[i].services);
	}
	free(p->planned);
	free(p->judgements);
	free(p);
}

const struct threshold *plan_thresholds(const struct plan *p, unsigned int *ret_n)
{
	*ret_n = p->n_thresholds;
	return p->thresholds;
}

uint64_t plan_largest_ns(const struct plan *p)
{
	return p->largest_ns;
}

/* Fills rows and services with what the two metrics mean; reason where one means nothing. */
static int match(struct planned *d, const struct sample *s, struct judged_row *rows,
		 struct judgement *j)
{
	const struct kernel_metric *empty;
	bool good = false, total = false;
	char *words;
	int r;

	for (size_t i = 0; i < s->n_services; i++) {
		struct judged_row one = { .row = &s->services[i] };

		one.good = select_matches(d->good->select, one.row, 0);
		one.total = select_matches(d->total->select, one.row, 0);
		if (!one.good && !one.total)
			continue;
		good |= one.good;
		total |= one.total;
		rows[j->n_services] = one;
		d->services[j->n_services++] = i;
	}
	if (good && total)
		return 0;
	empty = total ? d->good : d->total;
	words = unmatched_words(empty->select, s);
	r = words ? give_reason(d, "%s%s",
				!total		    ? "" :
				d->rule.good_is_bad ? "its bad: " :
						      "its good: ",
				words) :
		    -ENOMEM;
	free(words);
	j->n_services = 0;
	j->unmatched = true;
	return r;
}

static const char *why_no_data(const struct judged_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (counts_outcome(&rows[i].row->counts, OUTCOME_UNKNOWN))
			return "the answers could not be understood";
	return "no exchange counts for it";
}

static int judge_planned(struct planned *d, const struct sample *s, struct judgement *j)
{
	_cleanup_(freep) struct judged_row *rows = calloc(s->n_services + 1, sizeof(*rows));
	int r = 0;

	d->services = calloc(s->n_services + 1, sizeof(*d->services));
	if (!rows || !d->services)
		return -ENOMEM;
	*j = (struct judgement){ .name = d->objective->counts_name,
				 .target = d->objective->target,
				 .services = d->services,
				 .maintenance = d->maintenance,
				 .promise = d->slo->agreement.promise,
				 .file = d->objective->place.file,
				 .line = d->objective->place.line };
	if (!d->reason)
		r = match(d, s, rows, j);
	if (r)
		return r;
	judge(&d->rule, rows, j->n_services, j);
	if (!d->total)
		j->indicator = NULL;
	else if (d->good->has_latency || d->total->has_latency)
		j->indicator = "latency"; /* even if it is one that cannot be measured */
	j->impossible |= d->reason && !j->unmatched;
	if (d->reason)
		j->reason = d->reason;
	else if (j->verdict == VERDICT_NO_DATA && !j->reason)
		j->reason = why_no_data(rows, j->n_services);
	return 0;
}

int plan_judge(struct plan *p, const struct sample *s)
{
	for (size_t i = 0; i < p->n; i++) {
		int r = judge_planned(&p->planned[i], s, &p->judgements[i]);

		if (r)
			return r;
	}
	return 0;
}

const struct judgement *plan_judgements(const struct plan *p, size_t *ret_n)
{
	*ret_n = p->n;
	return p->judgements;
}
