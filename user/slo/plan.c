// SPDX-License-Identifier: Apache-2.0
/*
 * plan.c - see plan.h. Which rows a metric means is select's, the arithmetic judge's; the words for
 * what meant nothing are unmatched's.
 */
#include "plan.h"

#include <errno.h>
#include <string.h>

#include "../base/zone.h"
#include "excluded.h"
#include "planned.h"
#include "select.h"
#include "unmatched.h"

/* What a check notes of an objective. */
struct noted {
	char *maintenance; /* what is planned for now */
	size_t *services;
};

struct plan {
	struct planned *planned;
	struct noted *noted;	      /* one each, as */
	struct judgement *judgements; /* these */
	size_t n;
	struct limits limits;
};

/* Maintenance takes time out of a window; a check looks at a moment, and only says that it is planned. */
static int note_maintenance(struct noted *note, const struct slo *slo, const struct slo_set *set,
			    int64_t now)
{
	_cleanup_(freep) struct stretch *found = NULL;
	const struct exclusion *e;
	char until[TIME_TEXT];
	size_t n;
	int r = excluded_find(set, slo, now, now + 1, &found, &n);

	if (r == -ENOMEM)
		return r;
	if (r || !n)
		return 0;
	e = found[0].why;
	if (asprintf(&note->maintenance, "until %s: %s%s%s%s", time_format(found[0].end, until),
		     e->reason ? e->reason : e->name, e->author ? " (" : "",
		     e->author ? e->author : "", e->author ? ")" : "") >= 0)
		return 0;
	note->maintenance = NULL;
	return -ENOMEM;
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
	p->noted = calloc(room, sizeof(*p->noted));
	p->judgements = calloc(room, sizeof(*p->judgements));
	if (!p->planned || !p->noted || !p->judgements)
		return -ENOMEM;
	for (size_t i = 0; i < set->n_slos; i++) {
		if (!is_in_force(set, i, now))
			continue;
		for (size_t k = 0; k < set->slos[i].n_objectives; k++) {
			const struct slo *slo = &set->slos[i];
			size_t at = p->n++;

			if (planned_make(&p->planned[at], slo, &slo->objectives[k], now) ||
			    note_maintenance(&p->noted[at], slo, set, now))
				return -ENOMEM;
		}
	}
	limits_assign(&p->limits, p->planned, p->n, problems);
	*ret = TAKE(p);
	return 0;
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++) {
		planned_clear(&p->planned[i]);
		free(p->noted[i].maintenance);
		free(p->noted[i].services);
	}
	free(p->planned);
	free(p->noted);
	free(p->judgements);
	free(p);
}

const struct threshold *plan_thresholds(const struct plan *p, unsigned int *ret_n)
{
	*ret_n = p->limits.n;
	return p->limits.thresholds;
}

uint64_t plan_largest_ns(const struct plan *p)
{
	return p->limits.largest_ns;
}

/* Fills rows and services with what the two metrics mean; reason where one means nothing. */
static int match(struct planned *d, size_t *services, const struct sample *s,
		 struct judged_row *rows, struct judgement *j)
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
		services[j->n_services++] = i;
	}
	if (good && total)
		return 0;
	empty = total ? d->good : d->total;
	words = unmatched_words(empty->select, s);
	r = words ? planned_reason(d, "%s%s",
				   !total	       ? "" :
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

static int judge_planned(struct planned *d, struct noted *note, const struct sample *s,
			 struct judgement *j)
{
	_cleanup_(freep) struct judged_row *rows = calloc(s->n_services + 1, sizeof(*rows));
	int r = 0;

	note->services = calloc(s->n_services + 1, sizeof(*note->services));
	if (!rows || !note->services)
		return -ENOMEM;
	*j = (struct judgement){ .name = d->objective->counts_name,
				 .target = d->objective->target,
				 .services = note->services,
				 .maintenance = note->maintenance,
				 .promise = d->slo->agreement.promise,
				 .file = d->objective->place.file,
				 .line = d->objective->place.line };
	if (!d->reason)
		r = match(d, note->services, s, rows, j);
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
		int r = judge_planned(&p->planned[i], &p->noted[i], s, &p->judgements[i]);

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
