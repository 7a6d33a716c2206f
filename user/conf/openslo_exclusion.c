// SPDX-License-Identifier: Apache-2.0
/* openslo_exclusion.c - planned maintenance: kind Exclusion of troth.dev/v1, as it is written. */
#include <errno.h>
#include <string.h>

#include "duration.h"
#include "openslo_read.h"
#include "rrule.h"

#define DURATION_MAX_S (366 * 86400u)

static void keep_civil(struct exclusion *e, const struct civil *c)
{
	e->start_year = (int16_t)c->year;
	e->start_month = c->month;
	e->start_day = c->day;
	e->start_hour = c->hour;
	e->start_minute = c->minute;
	e->start_second = c->second;
}

/* RFC 3339, or a local time in zone. */
static int read_moment(const struct world *w, const char *name, const struct yaml_node *node,
		       const char *zone, int64_t *ret)
{
	const char *text = yaml_text(node);
	struct civil c;

	if (text && !civil_parse(text, &c)) {
		*ret = zone_unix(zone, &c);
		return 0;
	}
	if (text && strchr(text, '-') && !time_parse(text, ret))
		return 0;
	ERROR_AT(
		w, node->place,
		"%s: '%.60s' is no moment; write one like 2026-01-31T22:00:00Z, or 2026-01-31 22:00:00 "
		"in timeZone",
		name, text ? text : "");
	return -EINVAL;
}

/* 2h, 90m, 1h30m, or 1d. */
static void read_duration(const struct world *w, const struct yaml_node *node,
			  struct exclusion *ret)
{
	const char *text = yaml_text(node);
	struct span span;
	uint64_t ns = 0;

	if (text && !span_parse(text, &span))
		ns = (uint32_t)span_seconds(span) * SEC_NS;
	else if (!text || duration_parse(text, &ns))
		ns = 0;
	if (ns < SEC_NS || ns / SEC_NS > DURATION_MAX_S)
		ERROR_AT(
			w, node->place,
			"duration: '%.60s' is not possible; write one like 2h or 1h30m, 366d at most",
			text ? text : "");
	else
		ret->duration_s = (uint32_t)(ns / SEC_NS);
}

static void read_slos(const struct world *w, const struct yaml_node *slos, struct exclusion *ret)
{
	const struct yaml_node *const *item = &slos;
	const char **names;
	size_t n = 1;

	if (slos->kind == YAML_SEQUENCE) {
		item = (const struct yaml_node *const *)slos->item;
		n = slos->n;
	}
	if (!n)
		ERROR_AT(w, slos->place, "slos is empty; write [NAME], or labels");
	names = arena_array(w->arena, n, sizeof(*names));
	for (size_t i = 0; names && i < n; i++)
		if (yaml_text(item[i])) {
			names[ret->n_slos++] = item[i]->text;
			world_resolve(w, KIND_SLO, item[i]);
		}
	ret->slos = names;
}

static void read_whom(const struct world *w, const struct document *d, struct exclusion *ret)
{
	const struct yaml_node *slos = yaml_get(d->spec, "slos");
	const struct yaml_node *labels = yaml_get(d->spec, "labels");

	if (slos && labels)
		ERROR_AT(w, labels->place, "'labels' together with 'slos'; leave one of them out");
	else if (!slos && !labels)
		ERROR_AT(w, d->spec->place,
			 "the Exclusion needs 'slos' or 'labels'; write slos: "
			 "[NAME]");
	if (slos && slos->kind != YAML_MAPPING)
		read_slos(w, slos, ret);
	else if (labels)
		ret->labels = read_labels(w, labels, &ret->n_labels);
	if (labels && labels->kind == YAML_MAPPING && !labels->n)
		ERROR_AT(w, labels->place, "labels is empty: every SLO would be meant; write one");
}

static void read_rule(const struct world *w, const struct document *d,
		      const struct yaml_node *rrule, struct exclusion *ret)
{
	const char *text = yaml_text(rrule);
	struct rrule rule;
	char why[256];

	if (yaml_get(d->spec, "end"))
		ERROR_AT(w, yaml_get(d->spec, "end")->place,
			 "'end' together with 'rrule'; write duration: 2h, and UNTIL in the rule");
	if (!yaml_get(d->spec, "duration"))
		ERROR_AT(w, d->spec->place, "'rrule' needs 'duration'; write duration: 2h");
	ret->rrule = text;
	if (!text || rrule_parse(text, ret->zone, &rule, why, sizeof(why)))
		ERROR_AT(w, rrule->place, "rrule: %s", text ? why : "a rule is text");
}

static void read_once(const struct world *w, const struct document *d, bool began,
		      struct exclusion *ret)
{
	const struct yaml_node *end = yaml_get(d->spec, "end");

	if (end && ret->duration_s)
		ERROR_AT(w, end->place, "'end' together with 'duration'; leave one of them out");
	else if (!end && !yaml_get(d->spec, "duration"))
		ERROR_AT(w, d->spec->place,
			 "the Exclusion needs 'end', or 'rrule' and 'duration'; "
			 "write end: 2026-01-31T23:00:00Z");
	ret->end = ret->start + ret->duration_s;
	if (end && !read_moment(w, "end", end, ret->zone, &ret->end) && began &&
	    ret->end <= ret->start)
		ERROR_AT(w, end->place, "'end' is not after 'start'");
}

struct exclusion *read_exclusion(const struct world *w, const struct document *d)
{
	const struct yaml_node *start = yaml_get(d->spec, "start");
	const struct yaml_node *rrule = yaml_get(d->spec, "rrule");
	struct exclusion *e = arena_get(w->arena, sizeof(*e));
	bool began;
	struct civil c;

	if (!e)
		return NULL;
	e->name = d->name;
	e->place = d->place;
	e->reason = yaml_text(yaml_get(d->spec, "reason"));
	e->author = yaml_text(yaml_get(d->spec, "author"));
	if (!e->reason)
		WARNING_AT(w, d->place, "no reason: write reason, what is done then");
	if (!e->author)
		WARNING_AT(w, d->place, "no author: write author, who decided it");
	read_whom(w, d, e);
	/* With an error in these the others are read all the same: they are wrong or right by themselves. */
	began = !read_zone(w, yaml_get(d->spec, "timeZone"), &e->zone);
	if (!start || read_moment(w, "start", start, e->zone, &e->start))
		began = false;
	c = zone_civil(e->zone, e->start);
	if (yaml_text(start))
		civil_parse(start->text,
			    &c); /* a local time that does not exist stays as written */
	keep_civil(e, &c);
	if (yaml_get(d->spec, "duration"))
		read_duration(w, yaml_get(d->spec, "duration"), e);
	if (rrule)
		read_rule(w, d, rrule, e);
	else
		read_once(w, d, began, e);
	return e;
}
