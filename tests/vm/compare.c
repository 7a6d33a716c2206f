// SPDX-License-Identifier: Apache-2.0
/* compare.c - troth's document against what a scene counted itself: see measure.h. */
#include "measure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "scene.h"

static const char *const outcome_names[OUTCOMES] = {
	[OUTCOME_OK] = "ok",
	[OUTCOME_CLIENT_ERROR] = "client_error",
	[OUTCOME_SERVER_ERROR] = "server_error",
	[OUTCOME_NO_RESPONSE] = "no_response",
	[OUTCOME_ABORTED] = "aborted",
	[OUTCOME_UNKNOWN] = "unknown",
};

static const char *const role_names[ROLES] = { "server", "client" };

/* What all services of one role at one port counted. */
struct seen {
	unsigned int services;
	long long total, outcome[OUTCOMES], in_flight, streamed, coalesced;
};

/* Differences, one after the other in why. */
__attribute__((format(printf, 2, 3))) static int differ(char *why, const char *format, ...)
{
	size_t used = strlen(why);
	va_list args;

	if (used + 2 < WHY_MAX) {
		used += (size_t)snprintf(why + used, WHY_MAX - used, used ? ", " : "");
		va_start(args, format);
		vsnprintf(why + used, WHY_MAX - used, format, args);
		va_end(args);
	}
	return -1;
}

/* Nothing may be missing in the document: an absent number is a wrong one. */
static long long number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : -1000000;
}

static void add_service(struct seen *s, const json_t *exchanges)
{
	s->services++;
	s->total += number(exchanges, "total");
	s->in_flight += number(exchanges, "in_flight");
	s->streamed += number(exchanges, "streamed");
	s->coalesced += number(exchanges, "coalesced");
	for (int o = 0; o < OUTCOMES; o++)
		s->outcome[o] += number(exchanges, outcome_names[o]);
}

static struct seen seen_by(const json_t *document, enum role role, uint16_t port)
{
	const json_t *service;
	struct seen seen = {};
	size_t i;

	json_array_foreach(json_object_get(document, "services"), i, service) {
		const char *its_role = json_string_value(json_object_get(service, "role"));
		const char *where = role == ROLE_SERVER ? "identity" : "peer";

		if (its_role && !strcmp(its_role, role_names[role]) &&
		    number(json_object_get(service, where), "port") == port)
			add_service(&seen, json_object_get(service, "exchanges"));
	}
	return seen;
}

/* How many may be unknown; of other outcomes there may then be fewer. Totals are another matter. */
static long long may_be_unknown(struct measurement *m, const struct seen *seen, unsigned int may)
{
	long long unknown = seen->outcome[OUTCOME_UNKNOWN];

	if (may & BLIND)
		return unknown;
	if (unknown > m->unknown_left)
		return 0;
	m->unknown_left -= unknown;
	return unknown;
}

static int compare_outcomes(const struct seen *seen, const unsigned int *truth, unsigned int may,
			    long long unknown, const char *who, char *why)
{
	int r = 0;

	if (may & CUT)
		return 0;
	for (int o = 0; o < OUTCOMES; o++) {
		long long got = seen->outcome[o], want = truth[o];

		if (unknown && (o == OUTCOME_UNKNOWN || got < want))
			continue;
		if ((may & COALESCED) && got < want && seen->coalesced)
			continue;
		if (got != want)
			r = differ(why, "%s %s %lld (counted: %lld)", who, outcome_names[o], got,
				   want);
	}
	return r;
}

static int compare_role(struct measurement *m, struct scene *s, enum role role, char *why)
{
	unsigned int truth[OUTCOMES], total = 0, may = s->played->may[role];
	const struct seen seen = seen_by(m->json, role, s->port);
	const char *who = role_names[role];
	long long got = seen.total + (may & COALESCED ? seen.coalesced : 0);
	int r = 0;

	for (int o = 0; o < OUTCOMES; o++) {
		truth[o] = atomic_load(&s->counted[role][o]);
		total += truth[o];
	}
	if (total != s->played->exchanges)
		r = differ(why, "the %s itself counted %u of %u", who, total, s->played->exchanges);
	if (role == ROLE_SERVER && seen.services != 1)
		r = differ(why, "%u services at the port", seen.services);
	if (got != total)
		r = differ(why, "%s total %lld (counted: %u)", who, seen.total, total);
	if (compare_outcomes(&seen, truth, may, may_be_unknown(m, &seen, may), who, why))
		r = -1;
	if (seen.in_flight || seen.streamed || (r && seen.coalesced) ||
	    (seen.coalesced && !(may & COALESCED)))
		r = differ(why, "%s in_flight %lld streamed %lld coalesced %lld", who,
			   seen.in_flight, seen.streamed, seen.coalesced);
	return r;
}

int measure_compare(struct measurement *m, struct scene *s, char *why)
{
	int r = 0;

	*why = 0;
	for (int role = 0; role < ROLES; role++)
		if (compare_role(m, s, role, why))
			r = -1;
	return r;
}

static const json_t *losses_of(const struct measurement *m)
{
	return json_object_get(json_object_get(m->json, "measurement"), "losses");
}

int measure_compare_losses(const struct measurement *m, char *why)
{
	const json_t *measured = json_object_get(m->json, "measurement");
	int r = 0;

	*why = 0;
	if (number(measured, "lost"))
		r = differ(why, "lost %lld", number(measured, "lost"));
	if (number(measured, "unattributed"))
		r = differ(why, "unattributed %lld", number(measured, "unattributed"));
	if (number(losses_of(m), "unscanned"))
		r = differ(why, "unscanned %lld", number(losses_of(m), "unscanned"));
	return r;
}

long long measure_missed_runs(const struct measurement *m)
{
	return number(json_object_get(m->json, "measurement"), "missed_probe_runs");
}

long long measure_loss(const struct measurement *m, const char *name)
{
	return number(losses_of(m), name);
}

char *measure_losses_text(const struct measurement *m)
{
	json_t *some = json_object(), *value;
	const char *key;
	char *text;

	json_object_foreach((json_t *)losses_of(m), key, value)
		if (json_integer_value(value))
			json_object_set(some, key, value);
	text = json_dumps(some, JSON_COMPACT);
	json_decref(some);
	return text;
}
