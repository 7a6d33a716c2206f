// SPDX-License-Identifier: Apache-2.0
/*
 * notify_body.c - one document a change. What tells alerts apart is read back from the document itself,
 * so that what was kept over a restart falls into the same order as what comes later.
 */
#include "notify_body.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "../base/zone.h"
#include "../report/human.h"
#include "../report/json.h"
#include "../report/slo_words.h"

#define ALERT_NAME   "ErrorBudgetBurn" /* as in the mixins of Kubernetes and in Pyrra */
#define COMMAND_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define FLAGS	     (JSON_COMPACT | JSON_REAL_PRECISION(15))

/* Labels and annotations are text; Alertmanager drops empty ones, so they are not sent. */
static json_t *with_text(json_t *object, const char *key, const char *value)
{
	return value && *value ? json_with(object, key, json_text(value)) : object;
}

/* The same whether it fires or is resolved: nothing here may change during an alert. */
static json_t *labels_of(const struct notice *what)
{
	json_t *labels = json_object();

	labels = with_text(labels, "alertname", ALERT_NAME);
	labels = with_text(labels, "slo", what->slo);
	labels = with_text(labels, "objective", what->objective);
	labels = with_text(labels, "service", what->service);
	labels = with_text(labels, "severity", what->severity);
	labels = with_text(labels, "long", human_window(what->long_s).s);
	if (what->short_s)
		labels = with_text(labels, "short", human_window(what->short_s).s);
	return with_text(labels, "instance", what->host);
}

static void describe_rates(FILE *out, const struct notice *what)
{
	fprintf(out, "In the %s the error budget was spent at %s the rate that it can bear",
		words_last(what->long_s, what->long_known_ns).s, words_rate(what->long_rate).s);
	if (what->short_s)
		fprintf(out, ", in the %s at %s", words_last(what->short_s, what->short_known_ns).s,
			words_rate(what->short_rate).s);
	fprintf(out, "; the alert stands at %s.", words_factor(what->factor).s);
}

/* Of an alert that is over the rates would read as if it went on. */
static void describe(FILE *out, const struct notice *what)
{
	if (what->firing)
		describe_rates(out, what);
	else if (what->since && what->until)
		fprintf(out, "It is over: it fired from %s to %s.", words_moment(what->since).s,
			words_moment(what->until).s);
	else
		fputs("It is over.", out);
	fprintf(out, " Promised: %s.", human_target(what->target).s);
	if (isfinite(what->remaining_ratio))
		fprintf(out, " Of the whole window %s.", words_left(what->remaining_ratio).s);
}

static char *description_of(const struct notice *what)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool failed;

	if (!out)
		return NULL;
	describe(out, what);
	failed = ferror(out);
	if (fclose(out) || failed) {
		free(text);
		return NULL;
	}
	return text;
}

static json_t *annotations_of(const struct notice *what)
{
	_cleanup_(freep) char *description = description_of(what);
	char moment[TIME_TEXT], left[32];
	json_t *notes = json_object();

	if (!description) {
		json_decref(notes);
		return NULL;
	}
	notes = with_text(notes, "summary", what->summary);
	notes = with_text(notes, "description", description);
	notes = with_text(notes, "promise", what->promise);
	notes = with_text(notes, "owner", what->owner);
	notes = with_text(notes, "runbook_url", what->runbook);
	if (isfinite(what->remaining_ratio)) {
		snprintf(left, sizeof(left), "%.1f %%", floor(what->remaining_ratio * 1000) / 10);
		notes = with_text(notes, "budget_remaining", left);
	}
	if (what->exhausted_at)
		notes = with_text(notes, "exhausted_at", time_format(what->exhausted_at, moment));
	return notes;
}

json_t *notify_alert(const struct notice *what, int64_t created)
{
	int64_t since = what->since ? what->since : created;
	int64_t until = what->until ? what->until : created;
	json_t *alert = json_object();

	alert = json_with(alert, "labels", labels_of(what));
	alert = json_with(alert, "annotations", annotations_of(what));
	alert = json_with(alert, "startsAt", json_moment(since));
	if (!what->firing) /* the clock may have gone back in between; Alertmanager refuses that */
		alert = json_with(alert, "endsAt", json_moment(until > since ? until : since));
	return with_text(alert, "generatorURL", what->generator_url);
}

static json_t *seconds_or_null(uint32_t s)
{
	return s ? json_count(s) : json_null();
}

/* The same for a change however often it is told, and for no other. */
static json_t *id_of(const struct notice *what, const char *state)
{
	_cleanup_(freep) char *id = NULL;

	if (asprintf(&id, "%s/%s/%s/%" PRIu32 "/%" PRIu32 "/%" PRId64 "/%" PRId64 "/%s/%s",
		     what->host ? what->host : "", what->slo, state, what->long_s, what->short_s,
		     what->since, what->until, what->severity ? what->severity : "",
		     what->objective ? what->objective : "") < 0) {
		id = NULL;
		return NULL;
	}
	return json_text(id);
}

json_t *notify_document(const struct notice *what, int64_t created)
{
	const char *state = what->firing ? "firing" : "resolved";
	json_t *d = json_object();

	d = json_with(d, "schema", json_string(NOTIFY_SCHEMA));
	d = json_with(d, "id", id_of(what, state));
	d = json_with(d, "time", json_moment(created));
	d = json_with(d, "state", json_string(state));
	d = json_with(d, "slo", json_text(what->slo));
	d = json_with(d, "objective", json_text(what->objective));
	d = json_with(d, "service", json_text(what->service));
	d = json_with(d, "severity", json_text(what->severity));
	d = json_with(d, "long_s", seconds_or_null(what->long_s));
	d = json_with(d, "short_s", seconds_or_null(what->short_s));
	d = json_with(d, "factor", json_number(what->factor));
	d = json_with(d, "long_rate", json_number(what->long_rate));
	d = json_with(d, "short_rate", json_number(what->short_rate));
	d = json_with(d, "target", json_number(what->target));
	d = json_with(d, "sli", json_number(what->sli));
	d = json_with(d, "remaining_ratio", json_number(what->remaining_ratio));
	d = json_with(d, "since", json_moment_or_null(what->since));
	d = json_with(d, "until", json_moment_or_null(what->until));
	d = json_with(d, "exhausted_at", json_moment_or_null(what->exhausted_at));
	d = json_with(d, "summary", json_text(what->summary));
	d = json_with(d, "promise", json_text(what->promise));
	d = json_with(d, "owner", json_text(what->owner));
	d = json_with(d, "runbook_url", json_text(what->runbook));
	d = json_with(d, "host", json_text(what->host));
	return json_with(d, "generator_url", json_text(what->generator_url));
}

char *notify_text(const json_t *body)
{
	return json_dumps(body, FLAGS);
}

static const char *text_at(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

json_t *notify_parse(enum receiver_kind kind, const char *body)
{
	_cleanup_(json_decrefp) json_t *ret = json_loads(body, 0, NULL);
	bool good = kind == RECEIVER_ALERTMANAGER ? json_is_object(json_object_get(ret, "labels")) :
						    !strcmp(text_at(ret, "schema"), NOTIFY_SCHEMA);

	return good ? TAKE(ret) : NULL;
}

char *notify_key(enum receiver_kind kind, const json_t *body)
{
	static const char *const names[] = { "host",	 "slo",	   "objective", "service",
					     "severity", "long_s", "short_s" };
	_cleanup_(json_decrefp) json_t *key = NULL;

	if (kind == RECEIVER_ALERTMANAGER)
		return json_dumps(json_object_get(body, "labels"), JSON_COMPACT | JSON_SORT_KEYS);
	key = json_object();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_t *value = json_object_get(body, names[i]);

		key = json_with(key, names[i], value ? json_incref(value) : json_null());
	}
	return key ? json_dumps(key, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
}

char *notify_title(enum receiver_kind kind, const json_t *body)
{
	const json_t *names = body;
	const char *state = text_at(body, "state"), *objective;
	char *ret;

	if (kind == RECEIVER_ALERTMANAGER) {
		names = json_object_get(body, "labels");
		state = json_object_get(body, "endsAt") ? "resolved" : "firing";
	}
	objective = text_at(names, "objective");
	return asprintf(&ret, "%s%s%s %s %s", text_at(names, "slo"), *objective ? "/" : "",
			objective, text_at(names, "severity"), state) < 0 ?
		       NULL :
		       ret;
}

/* Where the clock went back, an alert may begin later than that; Alertmanager refuses such ones. */
static json_t *with_end(json_t *alert, int64_t firing_until)
{
	const char *start = text_at(alert, "startsAt"); /* these sort as text */
	char end[TIME_TEXT];

	time_format(firing_until, end);
	return json_with(alert, "endsAt", json_text(strcmp(end, start) < 0 ? start : end));
}

char *notify_post(json_t *const *alerts, size_t n, int64_t firing_until)
{
	_cleanup_(json_decrefp) json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *alert = json_copy(alerts[i]);

		if (alert && !json_object_get(alert, "endsAt"))
			alert = with_end(alert, firing_until);
		list = json_add(list, alert);
	}
	return list ? notify_text(list) : NULL;
}

char **notify_environment(const json_t *document)
{
	char **ret = calloc(NOTIFY_ENVIRONMENT + 1, sizeof(*ret));

	if (!ret)
		return NULL;
	if (asprintf(&ret[0], "TROTH_SLO=%s", text_at(document, "slo")) < 0)
		ret[0] = NULL;
	if (ret[0] && asprintf(&ret[1], "TROTH_STATE=%s", text_at(document, "state")) < 0)
		ret[1] = NULL;
	if (ret[1] && asprintf(&ret[2], "TROTH_SEVERITY=%s", text_at(document, "severity")) < 0)
		ret[2] = NULL;
	if (ret[2])
		ret[3] = strdup(COMMAND_PATH);
	if (ret[3])
		return ret;
	notify_environment_free(ret);
	return NULL;
}

void notify_environment_free(char **environment)
{
	for (size_t i = 0; environment && i < NOTIFY_ENVIRONMENT; i++)
		free(environment[i]);
	free(environment);
}
