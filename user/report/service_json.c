// SPDX-License-Identifier: Apache-2.0
/*
 * service_json.c - one service and one measurement as CONTRACT has them. What is not known is null,
 * never 0. Leaves the arithmetic to figures.
 */
#include "service_json.h"

#include "figures.h"

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

json_t *service_json(const struct service_row *row, json_t *slos)
{
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
	return json_with(o, "slos", slos);
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

json_t *measurement_json(const struct measurement_row *m)
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
