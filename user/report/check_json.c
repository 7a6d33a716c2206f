// SPDX-License-Identifier: Apache-2.0
/*
 * check_json.c - a diagnosis as one troth.check/1 document (CONTRACT has every field).
 * What is not known is null, never 0. Leaves the arithmetic to figures and the judge.
 */
#include <jansson.h>
#include <string.h>

#include "check.h"
#include "figures.h"
#include "json.h"
#include "service_json.h"

static json_t *budget(const struct judgement *j)
{
	bool known = !j->impossible;
	json_t *o =
		json_with(json_object(), "allowed", known ? json_number(j->allowed) : json_null());

	o = json_with(o, "spent", known ? json_count(j->total - j->good) : json_null());
	return json_with(o, "remaining_ratio",
			 known ? json_number(j->remaining_ratio) : json_null());
}

/* What only an objective of a file has: which services were added, or why none. */
static json_t *with_origin(json_t *o, const struct check_report *r, const struct judgement *j)
{
	json_t *names = json_array();

	for (size_t i = 0; names && i < j->n_services; i++) {
		const struct service_row *row = &r->sample->services[j->services[i]];

		names = json_add(names, json_text(figures_name(row)));
	}
	o = json_with(o, "services", names);
	o = json_with(o, "reason", json_text(j->reason));
	o = json_with(o, "maintenance", json_text(j->maintenance));
	o = json_with(o, "promise", json_text(j->promise));
	o = json_with(o, "file", json_text(j->file));
	return json_with(o, "line", json_count(j->line));
}

static json_t *slo(const struct check_report *r, const struct judgement *j)
{
	static const char *const part_names[PARTS] = {
		[PART_DURATION] = "duration", [PART_FIRST_BYTE] = "first_byte",
		[PART_QUEUE] = "queue",	      [PART_RECEIVE] = "receive",
		[PART_SERVICE] = "service",   [PART_SEND] = "send",
	};
	bool judged = j->verdict != VERDICT_NO_DATA, known = !j->impossible;
	const struct threshold *limit;
	json_t *o = json_with(json_object(), "name", json_text(j->name));

	o = json_with(o, "indicator", json_text(j->indicator));
	o = json_with(o, "target", json_number(decimal_double(j->target)));
	o = json_with(o, "good", known ? json_count(j->good) : json_null());
	o = json_with(o, "total", known ? json_count(j->total) : json_null());
	o = json_with(o, "sli", json_number(j->sli));
	o = json_with(o, "exact", known ? json_boolean(j->exact) : json_null());
	o = json_with(o, "met", judged ? json_boolean(j->verdict == VERDICT_MET) : json_null());
	o = json_with(o, "budget", budget(j));
	if (!j->exact && known) {
		o = json_with(o, "sli_lowest", json_number(j->sli_lowest));
		o = json_with(o, "sli_highest", json_number(j->sli_highest));
	}
	if (r->from_files)
		o = with_origin(o, r, j);
	if (!j->timed || j->threshold >= r->sample->n_thresholds)
		return o;
	limit = &r->sample->thresholds[j->threshold];
	o = json_with(o, "part", json_text(limit->part < PARTS ? part_names[limit->part] : NULL));
	return json_with(o, "max_s", json_number(limit->max_ns / 1e9));
}

/* Objectives of one service; NULL: all there are. */
static json_t *slos(const struct check_report *r, const size_t *service)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < r->n_judgements; i++) {
		const struct judgement *j = &r->judgements[i];
		bool meant = !service;

		for (size_t k = 0; !meant && k < j->n_services; k++)
			meant = j->services[k] == *service;
		if (meant)
			list = json_add(list, slo(r, j));
	}
	return list;
}

static json_t *services(const struct check_report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < r->sample->n_services; i++)
		if (!figures_empty(&r->sample->services[i]))
			list = json_add(list, service_json(&r->sample->services[i], slos(r, &i)));
	return list;
}

static json_t *started(const struct timespec *t)
{
	char date[32], full[48];
	struct tm utc;

	if (!gmtime_r(&t->tv_sec, &utc) || !strftime(date, sizeof(date), "%FT%T", &utc))
		return json_null();
	snprintf(full, sizeof(full), "%s.%03ldZ", date, t->tv_nsec / 1000000);
	return json_string(full);
}

static json_t *document(const struct check_report *r)
{
	json_t *host = json_with(json_object(), "name", json_text(r->host));
	json_t *o = json_with(json_object(), "schema", json_string("troth.check/1"));

	host = json_with(host, "kernel", json_text(r->kernel));
	host = json_with(host, "backend", json_text(r->sample->measurement.backend));
	o = json_with(o, "started", started(&r->started));
	o = json_with(o, "duration_s", json_number(r->duration_s));
	o = json_with(o, "host", host);
	o = json_with(o, "measurement", measurement_json(&r->sample->measurement));
	if (r->from_files)
		o = json_with(o, "objectives", slos(r, NULL));
	return json_with(o, "services", services(r));
}

int check_report_json(FILE *out, const struct check_report *r)
{
	return json_print(out, document(r));
}
