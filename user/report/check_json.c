// SPDX-License-Identifier: Apache-2.0
/*
 * check_json.c - a diagnosis as one troth.check/1 document (CONTRACT has every field).
 * What is not known is null, never 0. Leaves the arithmetic to figures and the judge.
 */
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/utf8.h"
#include "check.h"
#include "figures.h"

/* A null pointer stands for "no memory" everywhere: json_object_set_new() refuses it. */
static json_t *text(const char *s)
{
	_cleanup_(freep) char *valid = NULL;

	if (!s)
		return json_null();
	valid = utf8_valid(s);
	return valid ? json_string(valid) : NULL;
}

static json_t *count(uint64_t n)
{
	return json_integer(n > LLONG_MAX ? LLONG_MAX : (json_int_t)n);
}

static json_t *known_count(uint64_t n)
{
	return n ? count(n) : json_null();
}

static json_t *real(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

/* Takes object and value. NULL if either is or memory ends, so that calls can be nested. */
static json_t *with(json_t *object, const char *key, json_t *value)
{
	if (!object) {
		json_decref(value);
		return NULL;
	}
	if (!json_object_set_new(object, key, value))
		return object;
	json_decref(object);
	return NULL;
}

static json_t *mean(double mean_s)
{
	return with(json_object(), "mean", real(mean_s));
}

static json_t *identity(const struct service_row *row)
{
	const struct identity *id = &row->id;
	json_t *o = json_object();

	/* What is unattributed came to more than one port. */
	o = with(o, "port", row->overflow ? json_null() : count(id->port));
	o = with(o, "pid", known_count(id->pid));
	o = with(o, "comm", text(id->comm));
	o = with(o, "exe", text(id->exe));
	o = with(o, "unit", text(id->unit));
	o = with(o, "container", text(id->container));
	o = with(o, "pod", text(id->pod));
	o = with(o, "cgroup", text(id->cgroup));
	return with(o, "netns", known_count(id->netns));
}

static json_t *peer(const struct service_row *row)
{
	json_t *o;

	if (row->role != ROLE_CLIENT || row->overflow)
		return json_null();
	o = with(json_object(), "address", text(row->id.peer_address));
	o = with(o, "port", known_count(row->id.peer_port));
	return with(o, "name", json_null());
}

static json_t *exchanges(const struct service_row *row, const struct figures *f)
{
	json_t *o = with(json_object(), "total", count(f->total));

	for (unsigned int outcome = 0; outcome < OUTCOMES; outcome++)
		o = with(o, figures_outcome(outcome), count(f->outcomes[outcome]));
	o = with(o, "in_flight", count(row->in_flight.count));
	o = with(o, "streamed", count(counts_streamed(&row->counts)));
	return with(o, "coalesced", count(row->counts.coalesced));
}

static json_t *latency(const struct figures *f)
{
	json_t *o = with(json_object(), "mean", real(f->mean_s));

	o = with(o, "p50", real(f->p50_s));
	o = with(o, "p90", real(f->p90_s));
	o = with(o, "p99", real(f->p99_s));
	o = with(o, "p999", real(f->p999_s));
	return with(o, "max", real(f->max_s));
}

static json_t *parts(const struct service_row *row, const struct figures *f)
{
	json_t *o = with(json_object(), "first_byte", mean(f->first_byte_s));
	json_t *queue;

	if (row->role == ROLE_CLIENT) {
		o = with(o, "queue", json_null());
		o = with(o, "receive", json_null());
		o = with(o, "service", json_null());
		return with(o, "send", json_null());
	}
	queue = with(mean(f->queue_s), "p50", real(f->queue_p50_s));
	queue = with(queue, "p99", real(f->queue_p99_s));
	o = with(o, "queue", queue);
	o = with(o, "receive", mean(f->receive_s));
	o = with(o, "service", mean(f->service_s));
	return with(o, "send", mean(f->send_s));
}

static json_t *connections(const struct service_row *row, const struct figures *f)
{
	const struct series_counts *c = &row->counts;
	bool client = row->role == ROLE_CLIENT;
	json_t *o = json_object();
	json_t *connect = json_null();

	if (client && c->connects)
		connect = with(mean(f->connect_s), "p99", real(f->connect_p99_s));
	o = with(o, "opened", count(c->opened));
	o = with(o, "closed", count(c->closed));
	o = with(o, "refused", client ? count(c->refused) : json_null());
	o = with(o, "reset_by_peer", count(c->reset_by_peer));
	o = with(o, "reset_by_us", count(c->reset_by_us));
	o = with(o, "retransmits", count(c->retransmits));
	o = with(o, "accept_overflows", client ? json_null() : count(c->accept_overflows));
	o = with(o, "connect_timeouts", client ? count(c->connect_timeouts) : json_null());
	o = with(o, "connect_s", connect);
	return with(o, "srtt_s", mean(f->srtt_s));
}

static json_t *budget(const struct judgement *j)
{
	json_t *o = with(json_object(), "allowed", real(j->allowed));

	o = with(o, "spent", count(j->total - j->good));
	return with(o, "remaining_ratio", real(j->remaining_ratio));
}

static json_t *slo(const struct check_report *r, const struct judgement *j)
{
	static const char *const part_names[PARTS] = {
		[PART_DURATION] = "duration", [PART_FIRST_BYTE] = "first_byte",
		[PART_QUEUE] = "queue",	      [PART_RECEIVE] = "receive",
		[PART_SERVICE] = "service",   [PART_SEND] = "send",
	};
	bool judged = j->verdict != VERDICT_NO_DATA;
	const struct threshold *limit;
	json_t *o = with(json_object(), "name", text(j->name));

	o = with(o, "indicator", text(j->indicator));
	o = with(o, "target", real(j->target));
	o = with(o, "good", count(j->good));
	o = with(o, "total", count(j->total));
	o = with(o, "sli", real(j->sli));
	o = with(o, "exact", json_boolean(j->exact));
	o = with(o, "met", judged ? json_boolean(j->verdict == VERDICT_MET) : json_null());
	o = with(o, "budget", budget(j));
	if (!j->exact) {
		o = with(o, "sli_lowest", real(j->sli_lowest));
		o = with(o, "sli_highest", real(j->sli_highest));
	}
	if (strcmp(j->indicator, "latency") || j->threshold >= r->sample->n_thresholds)
		return o;
	limit = &r->sample->thresholds[j->threshold];
	o = with(o, "part", text(limit->part < PARTS ? part_names[limit->part] : NULL));
	return with(o, "max_s", real(limit->max_ns / 1e9));
}

static json_t *slos(const struct check_report *r, size_t service)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < r->per_service; i++) {
		const struct judgement *j = &r->judgements[service * r->per_service + i];

		if (json_array_append_new(list, slo(r, j))) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

static json_t *service(const struct check_report *r, size_t index)
{
	const struct service_row *row = &r->sample->services[index];
	struct figures f;
	json_t *bytes;
	json_t *o;

	figures_of(row, &f);
	bytes = with(json_object(), "in", count(row->counts.bytes_in));
	bytes = with(bytes, "out", count(row->counts.bytes_out));
	o = with(json_object(), "name", text(figures_name(row)));
	o = with(o, "role", text(figures_role(row->role)));
	o = with(o, "protocol", text(row->protocol ? row->protocol : "unknown"));
	o = with(o, "identity", identity(row));
	o = with(o, "peer", peer(row));
	o = with(o, "exchanges", exchanges(row, &f));
	o = with(o, "latency_s", latency(&f));
	o = with(o, "parts_s", parts(row, &f));
	o = with(o, "connections", connections(row, &f));
	o = with(o, "bytes", bytes);
	o = with(o, "routes", json_array());
	return with(o, "slos", slos(r, index));
}

static json_t *services(const struct check_report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < r->sample->n_services; i++) {
		if (figures_empty(&r->sample->services[i]))
			continue;
		if (json_array_append_new(list, service(r, i))) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

static json_t *losses(const struct losses *l)
{
	json_t *o = json_object();
	const char *name;
	uint64_t n;

	for (unsigned int i = 0; (name = figures_loss(l, i, &n)); i++)
		o = with(o, name, count(n));
	return o;
}

static json_t *measurement(const struct measurement_row *m)
{
	json_t *o = with(json_object(), "coverage", real(m->coverage));

	o = with(o, "exchanges", count(m->exchanges));
	o = with(o, "lost", count(m->lost));
	o = with(o, "unattributed", count(m->unattributed));
	o = with(o, "unreadable_payloads", count(m->unreadable_payloads));
	o = with(o, "missed_probe_runs", count(m->missed_probe_runs));
	o = with(o, "kernel_ns_per_exchange", json_null());
	return with(o, "losses", losses(&m->losses));
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
	json_t *host = with(json_object(), "name", text(r->host));
	json_t *o = with(json_object(), "schema", json_string("troth.check/1"));

	host = with(host, "kernel", text(r->kernel));
	host = with(host, "backend", text(r->sample->measurement.backend));
	o = with(o, "started", started(&r->started));
	o = with(o, "duration_s", real(r->duration_s));
	o = with(o, "host", host);
	o = with(o, "measurement", measurement(&r->sample->measurement));
	return with(o, "services", services(r));
}

int check_report_json(FILE *out, const struct check_report *r)
{
	_cleanup_(json_decrefp) json_t *root = document(r);
	/* 15 digits: 0.994 is printed as it was written, not as its nearest double. */
	const size_t flags = JSON_INDENT(2) | JSON_REAL_PRECISION(15);

	if (!root)
		return -ENOMEM;
	errno = 0;
	if (json_dumpf(root, out, flags) || fputc('\n', out) == EOF || fflush(out))
		return errno ? -errno : -EIO;
	return 0;
}
