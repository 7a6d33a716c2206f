// SPDX-License-Identifier: Apache-2.0
/*
 * openslo_agreement.c - what people agreed on, in annotations under troth.dev/. Nothing here makes
 * an objective invalid: what cannot be read is a warning, and not there.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../base/zone.h"
#include "openslo_read.h"

#define PREFIX_LENGTH (sizeof(ANNOTATION_PREFIX) - 1)

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* A copy of [from, to) without spaces at its ends. */
static const char *trimmed(const struct world *w, const char *from, const char *to)
{
	while (from < to && is_space(*from))
		from++;
	while (to > from && is_space(to[-1]))
		to--;
	return arena_text(w->arena, from, (size_t)(to - from));
}

/*
 * The parts of text between any of marks, spaces at their ends and empty ones left out; at most
 * room are kept. The number of all.
 */
static size_t split(const struct world *w, const char *text, const char *marks, const char **parts,
		    size_t room)
{
	size_t n = 0;

	for (const char *p = text;; p++) {
		size_t length = strcspn(p, marks);
		const char *part = trimmed(w, p, p + length);

		if (part && *part) {
			if (n < room)
				parts[n] = part;
			n++;
		}
		p += length;
		if (!*p)
			return n;
	}
}

static size_t count_marks(const char *text, const char *marks)
{
	size_t n = 0;

	for (; *text; text++)
		n += strchr(marks, *text) != NULL;
	return n;
}

static const char **split_all(const struct world *w, const char *text, const char *marks,
			      size_t *ret_n)
{
	size_t room = count_marks(text, marks) + 1;
	const char **parts = arena_array(w->arena, room, sizeof(*parts));

	*ret_n = parts ? split(w, text, marks, parts, room) : 0;
	return parts;
}

static void on_stakeholders(const struct world *w, const struct yaml_node *value, struct slo *ret)
{
	ret->agreement.stakeholders =
		split_all(w, value->text, ",\n", &ret->agreement.n_stakeholders);
}

/* "50%" or "0.5". */
static bool level_parse(const char *text, double *ret)
{
	char *end;

	if (!isdigit((unsigned char)*text) && *text != '-' && *text != '.')
		return false;
	*ret = strtod(text, &end);
	if (end != text && *end == '%') {
		*ret /= 100;
		end++;
	}
	while (is_space(*end))
		end++;
	return end != text && !*end && isfinite(*ret) && *ret <= 1;
}

static int by_falling_level(const void *a, const void *b)
{
	double x = ((const struct policy_step *)a)->remaining_ratio;
	double y = ((const struct policy_step *)b)->remaining_ratio;

	return x > y ? -1 : x < y;
}

static void on_policy(const struct world *w, const struct yaml_node *value, struct slo *ret)
{
	struct policy_step *step;
	const char **line;
	size_t n, n_steps = 0;

	line = split_all(w, value->text, "\n", &n);
	step = arena_array(w->arena, n, sizeof(*step));
	for (size_t i = 0; step && i < n; i++) {
		const char *colon = strchr(line[i], ':');
		const char *level = colon ? trimmed(w, line[i], colon) : NULL;
		const char *action = colon ? trimmed(w, colon + 1, line[i] + strlen(line[i])) : "";

		if (!level || !level_parse(level, &step[n_steps].remaining_ratio) || !*action)
			WARNING_AT(
				w, value->place,
				"policy: '%.60s' is no step; write what is left of the budget and what is "
				"done then, as 50%%: freeze risky releases",
				line[i]);
		else
			step[n_steps++].action = action;
	}
	if (step && n_steps)
		qsort(step, n_steps, sizeof(*step), by_falling_level);
	ret->agreement.policy = step;
	ret->agreement.n_policy = n_steps;
}

static void on_cost(const struct world *w, const struct yaml_node *value, struct slo *ret)
{
	const struct yaml_node as_number = { .kind = YAML_SCALAR, .text = value->text };
	double cost;

	if (node_number(&as_number, &cost) && cost >= 0)
		ret->agreement.cost_per_bad_event = cost;
	else
		WARNING_AT(
			w, value->place,
			"cost-per-bad-event: '%.60s' is no amount; write a number like 0.40, and its "
			"currency in " ANNOTATION_PREFIX "currency",
			value->text);
}

static void on_currency(const struct world *w, const struct yaml_node *value, struct slo *ret)
{
	ret->agreement.currency = value->text;
	if (strlen(value->text) != 3 || !isupper((unsigned char)value->text[0]) ||
	    !isupper((unsigned char)value->text[1]) || !isupper((unsigned char)value->text[2]))
		WARNING_AT(w, value->place,
			   "currency: '%.60s' is no ISO 4217 code; write one like EUR",
			   value->text);
}

static void on_review_by(const struct world *w, const struct yaml_node *value, struct slo *ret)
{
	time_t now = w->now;
	struct tm today;
	char text[16];
	struct civil c;

	if (strlen(value->text) != strlen("2026-01-31") || civil_parse(value->text, &c)) {
		WARNING_AT(w, value->place,
			   "review-by: '%.60s' is no date; write one like 2026-12-31", value->text);
		return;
	}
	ret->agreement.review_by = value->text;
	if (gmtime_r(&now, &today) && strftime(text, sizeof(text), "%Y-%m-%d", &today) &&
	    strcmp(text, value->text) > 0)
		WARNING_AT(
			w, value->place,
			"review-by: %s has passed; settle the objective again and write a new date",
			value->text);
}

static void on_min_bad_events(const struct world *w, const struct yaml_node *value, struct slo *ret)
{
	size_t n = strspn(value->text, "0123456789");
	uint64_t events = strtoull(value->text, NULL, 10);

	if (n && n < 19 && !value->text[n] && events)
		ret->min_bad_events = events;
	else
		WARNING_AT(w, value->place,
			   "min-bad-events: '%.60s' is none; write a whole number from 1",
			   value->text);
}

/* Its value was read with the document: openslo.c needs it to tell revisions apart. */
static void on_since(const struct world *w, const struct yaml_node *value, struct slo *ret)
{
	(void)ret;
	if (strchr(value->text, '-') && !time_parse(value->text, &(int64_t){ 0 }))
		return;
	ERROR_AT(w, value->place,
		 "since: '%.60s' is no moment; write one like 2026-01-31T12:00:00Z", value->text);
}

static void on_promise(const struct world *w, const struct yaml_node *value, struct slo *ret)
{
	(void)w;
	ret->agreement.promise = value->text;
}

static void on_owner(const struct world *w, const struct yaml_node *value, struct slo *ret)
{
	(void)w;
	ret->agreement.owner = value->text;
}

static void on_runbook(const struct world *w, const struct yaml_node *value, struct slo *ret)
{
	(void)w;
	ret->agreement.runbook = value->text;
}

static void on_rationale(const struct world *w, const struct yaml_node *value, struct slo *ret)
{
	(void)w;
	ret->agreement.rationale = value->text;
}

static const char *const names[] = { "promise",	  "owner",     "stakeholders",
				     "rationale", "policy",    "cost-per-bad-event",
				     "currency",  "review-by", "min-bad-events",
				     "since",	  "runbook" };
static void (*const readers[])(const struct world *w, const struct yaml_node *value,
			       struct slo *ret) = {
	on_promise,  on_owner,	   on_stakeholders,   on_rationale, on_policy,	on_cost,
	on_currency, on_review_by, on_min_bad_events, on_since,	    on_runbook,
};
#define N_NAMES (sizeof(names) / sizeof(names[0]))
_Static_assert(N_NAMES == sizeof(readers) / sizeof(readers[0]), "each name has its reader");

static void read_one(const struct world *w, const struct yaml_node *key,
		     const struct yaml_node *value, struct slo *ret)
{
	const char *name = key->text + PREFIX_LENGTH;
	char buf[512];

	if (value->kind != YAML_SCALAR)
		return;
	for (size_t i = 0; i < N_NAMES; i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		if (!*value->text)
			WARNING_AT(w, key->place, "%s is empty; write it, or leave it out", name);
		else
			readers[i](w, value, ret);
		return;
	}
	WARNING_AT(w, key->place, "annotation " ANNOTATION_PREFIX ": %s",
		   schema_unknown(name, names, N_NAMES, buf, sizeof(buf)));
}

void read_agreement(const struct world *w, const struct document *d, struct slo *ret)
{
	const struct yaml_node *annotations = yaml_get(d->metadata, "annotations");
	struct agreement *a = &ret->agreement;

	a->cost_per_bad_event = NAN;
	ret->min_bad_events = 1;
	ret->since = d->since;
	if (annotations && annotations->kind == YAML_MAPPING)
		for (size_t i = 0; i < annotations->n; i++) {
			const struct yaml_node *key = yaml_key(annotations, i);

			if (!strncmp(key->text, ANNOTATION_PREFIX, PREFIX_LENGTH))
				read_one(w, key, yaml_value(annotations, i), ret);
		}
	if (!a->promise)
		WARNING_AT(w, d->place,
			   "no promise: write annotation " ANNOTATION_PREFIX
			   "promise, one sentence that a customer would recognise");
	if (!a->owner)
		WARNING_AT(w, d->place,
			   "no owner: write annotation " ANNOTATION_PREFIX
			   "owner, who answers for it");
	if (!isnan(a->cost_per_bad_event) && !a->currency)
		WARNING_AT(w, d->place,
			   "a cost without currency: write annotation " ANNOTATION_PREFIX
			   "currency, as EUR");
}
