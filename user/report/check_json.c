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

static json_t *known_count(uint64_t n)
{
	return n ? json_count(n) : json_null();
}

static json_t *mean(double mean_s)
{
	return json_with(json_object(), "mean", json_number(mean_s));
}

static json_t *identity(const struct service_row *row)
{
	const struct identity *id = &row->id;
	json_t *o = json_object();

	/* What is unattributed came to more than one port. */
	o = json_with(o, "port", row->overflow ? json_null() : json_count(id->port));
	o = json_with(o, "pid", known_count(id->pid));
	o = json_with(o, "comm", json_text(id->comm));
	o = json_with(o, "exe", json_text(id->exe));
	o = json_with(o, "unit", json_text(id->unit));
	o = json_with(o, "container", json_text(id->container));
	o = json_with(o, "pod", json_text(id->pod));
	o = json_with(o, "cgroup", json_text(id->cgroup));
	return json_with(o, "netns", known_count(id->netns));
}

static json_t *peer(const struct service_row *row)
{
	json_t *o;

	if (row->role != ROLE_CLIENT || row->overflow)
		return json_null();
	o = json_with(json_object(), "address", json_text(row->id.peer_address));
	o = json_with(o, "port", known_count(row->id.peer_port));
	return json_with(o, "name", json_null());
}

static json_t *exchanges(const struct service_row *row, const struct figures *f)
{
	json_t *o = json_with(json_object(), "total", json_count(f->total));

	for (unsigned int outcome = 0; outcome < OUTCOMES; outcome++)
		o = json_with(o, figures_outcome(outcome), json_count(f->outcomes[outcome]));
	o = json_with(o, "in_flight", json_count(row->in_flight.count));
	o = json_with(o, "streamed", json_count(counts_streamed(&row->counts)));
	return json_with(o, "coalesced", json_count(row->counts.coalesced));
}

static json_t *latency(const struct figures *f)
{
	json_t *o = json_with(json_object(), "mean", json_number(f->mean_s));

	o = json_with(o, "p50", json_number(f->p50_s));
	o = json_with(o, "p90", json_number(f->p90_s));
	o = json_with(o, "p99", json_number(f->p99_s));
	o = json_with(o, "p999", json_number(f->p999_s));
	return json_with(o, "max", json_number(f->max_s));
}

static json_t *parts(const struct service_row *row, const struct figures *f)
{
	json_t *o = json_with(json_object(), "first_byte", mean(f->first_byte_s));
	json_t *queue;

	if (row->role == ROLE_CLIENT) {
		o = json_with(o, "queue", json_null());
		o = json_with(o, "receive", json_null());
		o = json_with(o, "service", json_null());
		return json_with(o, "send", json_null());
	}
	queue = json_with(mean(f->queue_s), "p50", json_number(f->queue_p50_s));
	queue = json_with(queue, "p99", json_number(f->queue_p99_s));
	o = json_with(o, "queue", queue);
	o = json_with(o, "receive", mean(f->receive_s));
	o = json_with(o, "service", mean(f->service_s));
	return json_with(o, "send", mean(f->send_s));
}

static json_t *connections(const struct service_row *row, const struct figures *f)
{
	const struct series_counts *c = &row->counts;
	bool client = row->role == ROLE_CLIENT;
	json_t *o = json_object();
	json_t *connect = json_null();

	if (client && c->connects)
		connect = json_with(mean(f->connect_s), "p99", json_number(f->connect_p99_s));
	o = json_with(o, "opened", json_count(c->opened));
	o = json_with(o, "closed", json_count(c->closed));
	o = json_with(o, "refused", client ? json_count(c->refused) : json_null());
	o = json_with(o, "reset_by_peer", json_count(c->reset_by_peer));
	o = json_with(o, "reset_by_us", json_count(c->reset_by_us));
	o = json_with(o, "retransmits", json_count(c->retransmits));
	o = json_with(o, "accept_overflows",
		      client ? json_null() : json_count(c->accept_overflows));
	o = json_with(o, "connect_timeouts",
		      client ? json_count(c->connect_timeouts) : json_null());
	o = json_with(o, "connect_s", connect);
	return json_with(o, "srtt_s", mean(f->srtt_s));
}

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

static json_t *service(const struct check_report *r, size_t index)
{
	const struct service_row *row = &r->sample->services[index];
	struct figures f;
	json_t *bytes;
	json_t *o;

	figures_of(row, &f);
	bytes = json_with(json_object(), "in", json_count(row->counts.bytes_in));
	bytes = json_with(bytes, "out", json_count(row->counts.bytes_out));
	o = json_with(json_object(), "name", json_text(figures_name(row)));
	o = json_with(o, "role", json_text(figures_role(row->role)));
	o = json_with(o, "protocol", json_text(row->protocol ? row->protocol : "unknown"));
	o = json_with(o, "identity", identity(row));
	o = json_with(o, "peer", peer(row));
	o = json_with(o, "exchanges", exchanges(row, &f));
	o = json_with(o, "latency_s", latency(&f));
	o = json_with(o, "parts_s", parts(row, &f));
	o = json_with(o, "connections", connections(row, &f));
	o = json_with(o, "bytes", bytes);
	o = json_with(o, "routes", json_array());
	return json_with(o, "slos", slos(r, &index));
}

static json_t *services(const struct check_report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < r->sample->n_services; i++)
		if (!figures_empty(&r->sample->services[i]))
			list = json_add(list, service(r, i));
	return list;
}

static json_t *losses(const struct losses *l)
{
	json_t *o = json_object();
	const char *name;
	uint64_t n;

	for (unsigned int i = 0; (name = figures_loss(l, i, &n)); i++)
		o = json_with(o, name, json_count(n));
	return o;
}

static json_t *measurement(const struct measurement_row *m)
{
	json_t *o = json_with(json_object(), "coverage", json_number(m->coverage));

	o = json_with(o, "exchanges", json_count(m->exchanges));
	o = json_with(o, "lost", json_count(m->lost));
	o = json_with(o, "unattributed", json_count(m->unattributed));
	o = json_with(o, "unreadable_payloads", json_count(m->unreadable_payloads));
	o = json_with(o, "missed_probe_runs", json_count(m->missed_probe_runs));
	o = json_with(o, "kernel_ns_per_exchange", json_null());
	return json_with(o, "losses", losses(&m->losses));
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
	o = json_with(o, "measurement", measurement(&r->sample->measurement));
	if (r->from_files)
		o = json_with(o, "objectives", slos(r, NULL));
	return json_with(o, "services", services(r));
}

int check_report_json(FILE *out, const struct check_report *r)
{
	return json_print(out, document(r));
}
