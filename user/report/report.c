// SPDX-License-Identifier: Apache-2.0
/* report.c - from a record to a model, step by step, and from a model to a format. */
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/zone.h"
#include "report_model.h"
#include "slo_words.h"

#define MINUTE_S 60

/* The longest that a record can be is less by far; both ends stay in range of a calendar. */
#define PERIOD_MAX_S (20 * 366 * 86400ll)

const char *report_title(const struct report_promise *p)
{
	return p->slo->agreement.promise ? p->slo->agreement.promise :
	       p->slo->display_name	 ? p->slo->display_name :
					   p->now.counts_name;
}

bool report_low(double coverage)
{
	return coverage < COVERAGE_LOW; /* not where it is NAN */
}

static void promise_free(struct report_promise *p)
{
	for (size_t i = 0; i < p->n_alerts; i++)
		free((char *)p->alerts[i].severity);
	free(p->alerts);
	free(p->stretches);
	free(p->excluded);
	free(p->points);
	free(p->services);
}

void report_free(struct report *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_promises; i++)
		promise_free(&r->promises[i]);
	free(r->promises);
	report_services_free(r);
	report_events_free(r);
	for (size_t i = 0; i < r->n_sentences; i++)
		free(r->sentences[i]);
	free(r->sentences);
	slo_set_free(r->set);
	for (unsigned int i = 0; i < r->n_past; i++)
		slo_set_free(r->past[i].set);
	free(r->host);
	free(r);
}

/* A minute that is over has no parts; the one under way is told up to now. */
static int set_period(struct report *r, const struct report_options *o, char *why, size_t size)
{
	int64_t open = report_floor(o->now, MINUTE_S), length;

	r->now = o->now;
	r->to = o->to <= o->now ? o->to : o->now + 1; /* the second under way is in it */
	if (r->to < open)
		r->to = report_floor(r->to, MINUTE_S);
	if (o->from == INT64_MIN)
		r->from = r->began && r->began < r->to ? r->began :
			  o->to == INT64_MAX	       ? r->to :
							 r->to - MINUTE_S;
	else
		r->from = report_floor(o->from, MINUTE_S);
	length = r->to - r->from;
	if (o->from > o->now)
		snprintf(why, size, "the period begins in the future, at %s",
			 words_moment(o->from).s);
	else if (length < 0 || (!length && o->from != INT64_MIN))
		snprintf(why, size,
			 "no minute lies between %s and %s: the beginning must lie before the end",
			 words_moment(o->from).s, words_moment(r->to).s);
	else if (length > PERIOD_MAX_S)
		snprintf(why, size, "a period of more than 20 years, from %s",
			 words_moment(r->from).s);
	else if (r->from - length < TIME_MIN)
		snprintf(why, size, "no period lies before %s", words_moment(r->from).s);
	else
		return 0;
	return -EINVAL;
}

/* Charts have some dozens of points, each of a length that people have a word for. */
static const uint32_t point_lengths[] = { 60,	 300,	3600,	7200,	    14400,	21600,
					  43200, 86400, 604800, 30 * 86400, 365 * 86400 };
#define LONGEST (sizeof(point_lengths) / sizeof(point_lengths[0]) - 1)
_Static_assert(PERIOD_MAX_S / (365 * 86400) < REPORT_POINTS_MAX - 2, "too many points");

static void set_points(struct report *r)
{
	int64_t length = r->to - r->from;
	size_t i = length <= 2 * 3600 ? 0 : length <= 12 * 3600 ? 1 : 2;

	while (i < LONGEST && length / point_lengths[i] >= REPORT_POINTS_MAX - 2)
		i++;
	r->point_s = point_lengths[i];
	r->points_from = report_floor(r->from, r->point_s);
	r->n_points = (size_t)((r->to - r->points_from + r->point_s - 1) / r->point_s);
}

int report_from(const struct report_source *s, const struct report_options *o, struct report **ret,
		char *why, size_t why_size)
{
	_cleanup_(report_freep) struct report *r = calloc(1, sizeof(*r));
	int error;

	*why = '\0';
	if (!r)
		return -ENOMEM;
	r->began = s->began;
	r->host = o->host ? strdup(o->host) : NULL;
	if (o->host && !r->host)
		return -ENOMEM;
	error = set_period(r, o, why, why_size);
	if (error)
		return error;
	r->before = r->from - (r->to - r->from);
	set_points(r);
	error = report_find_promises(s, r, why, why_size);
	if (!error)
		error = report_find_events(s, r);
	if (!error)
		error = report_find_services(s, r);
	if (!error)
		error = report_find_gaps(s, r);
	if (!error)
		error = report_summarise(r);
	if (error)
		return error;
	*ret = TAKE(r);
	return 0;
}

int report_new(struct store *s, const struct report_options *o, struct report **ret, char *why,
	       size_t why_size)
{
	struct report_source source;
	/* All of it as it stood at one moment, beside a daemon that writes; without that it goes too. */
	bool snapshot = !store_begin(s);
	int r;

	report_source_of(s, &source);
	r = report_from(&source, o, ret, why, why_size);
	if (snapshot)
		store_rollback(s); /* nothing was written */
	return r;
}

int report_print(FILE *out, const struct report *r, enum report_format format, bool colour)
{
	switch (format) {
	case REPORT_JSON:
		return report_json(out, r);
	case REPORT_MARKDOWN:
		return report_markdown(out, r);
	case REPORT_HTML:
		return report_html(out, r);
	case REPORT_CSV:
		return report_csv(out, r);
	default:
		return report_text(out, r, colour);
	}
}

enum report_verdict report_verdict(const struct report *r)
{
	enum report_verdict ret = REPORT_NO_DATA;

	for (size_t i = 0; i < r->n_promises; i++) {
		if (r->promises[i].now.verdict == VERDICT_MISSED)
			return REPORT_BROKEN;
		if (r->promises[i].now.verdict == VERDICT_MET)
			ret = REPORT_KEPT;
	}
	return ret;
}
