// SPDX-License-Identifier: Apache-2.0
/*
 * record_maker.c - writes a record without a kernel: what `troth report` and the benchmark read.
 *
 *   record-maker DIR < lines	each a JSON object, see operations[] at the end
 *   record-maker --generate DIR NOW DAYS OBJECTIVES SERVICES MINUTES_DAYS	a busy host, always the
 *	same one, over DAYS and the DAYS before; minutes of the last MINUTES_DAYS only
 *
 * What a line says goes into the record as the daemon would write it, by the store's own functions.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/decimal.h"
#include "user/slo/cell.h"
#include "user/store/histogram.h"
#include "user/store/promises.h"

#define TRY(call)                                                                                  \
	do {                                                                                       \
		int try_error = (call);                                                            \
		if (try_error)                                                                     \
			return try_error;                                                          \
	} while (0)

static const char *text(const json_t *line, const char *key)
{
	return json_string_value(json_object_get(line, key));
}

static int64_t number(const json_t *line, const char *key)
{
	return json_integer_value(json_object_get(line, key));
}

static double real_or(const json_t *line, const char *key, double otherwise)
{
	const json_t *value = json_object_get(line, key);

	return value ? json_number_value(value) : otherwise;
}

/* --- lines -------------------------------------------------------------------------------------- */

static int op_service(struct store *s, const json_t *line)
{
	const char *role = text(line, "role");
	struct store_service svc = {
		.role = role && !strcmp(role, "client") ? ROLE_CLIENT : ROLE_SERVER,
		.protocol = text(line, "protocol") ? text(line, "protocol") : "http",
		.first_seen = number(line, "seen"),
		.last_seen = number(line, "seen"),
	};

	svc.id_row.name = (char *)text(line, "name");
	svc.id_row.port = (uint16_t)number(line, "port");
	svc.id_row.comm = (char *)text(line, "comm");
	svc.id_row.unit = (char *)text(line, "unit");
	svc.id_row.peer_address = (char *)text(line, "peer_address");
	svc.id_row.peer_port = (uint16_t)number(line, "peer_port");
	return store_service_put(s, &svc);
}

static unsigned int slot_of(uint64_t ns)
{
	unsigned int slot = 0;

	while ((double)ns / 1e9 > histogram_bound_s(slot))
		slot++;
	return slot;
}

/* n exchanges of one outcome that took so long, all of it in `service`. */
static void add(struct series_counts *c, enum outcome o, uint64_t n, uint64_t duration_ns)
{
	if (!n)
		return;
	c->exchanges[0][o] += n;
	if (o == OUTCOME_ABORTED)
		return;
	c->service_ns += n * duration_ns;
	c->duration[slot_of(duration_ns)] += n;
	c->queue[0] += n;
	if (duration_ns > c->max_ns)
		c->max_ns = duration_ns;
}

static int op_count(struct store *s, const json_t *line)
{
	static const char *const outcomes[OUTCOMES] = {
		[OUTCOME_OK] = "ok",
		[OUTCOME_CLIENT_ERROR] = "client_error",
		[OUTCOME_SERVER_ERROR] = "server_error",
		[OUTCOME_NO_RESPONSE] = "no_response",
		[OUTCOME_ABORTED] = "aborted",
		[OUTCOME_UNKNOWN] = "unknown",
	};
	const char *role = text(line, "role");
	struct series_counts c = { .opened = (uint64_t)number(line, "opened") };
	int64_t id, minute = number(line, "minute");

	TRY(store_service_by_name(s, role && !strcmp(role, "client") ? ROLE_CLIENT : ROLE_SERVER,
				  text(line, "service"), &id));
	for (unsigned int o = 0; o < OUTCOMES; o++)
		add(&c, o, (uint64_t)number(line, outcomes[o]),
		    (uint64_t)(real_or(line, "duration_s", 0.001) * 1e9));
	return store_count(s, id, minute, minute, &c);
}

static int op_time(struct store *s, const json_t *line)
{
	struct store_time t = {
		.measured_ns = (uint64_t)(real_or(line, "measured_s", 60) * 1e9),
		.estimated = json_is_true(json_object_get(line, "estimated")),
		.exchanges = (uint64_t)number(line, "exchanges"),
		.lost = (uint64_t)number(line, "lost"),
	};
	int64_t minute = number(line, "minute"), n = number(line, "minutes");

	for (int64_t i = 0; i < (n ? n : 1); i++)
		TRY(store_time_add(s, minute + i * 60, &t));
	return 0;
}

static int op_minute(struct store *s, const json_t *line)
{
	struct store_slo_minute m = {
		.time = number(line, "time"),
		.good = (uint64_t)number(line, "good"),
		.total = (uint64_t)number(line, "total"),
		.measured = (uint32_t)(real_or(line, "measured", 1) * 1e9),
		.estimated = json_is_true(json_object_get(line, "estimated")),
		.inexact = (uint64_t)number(line, "inexact"),
	};
	int64_t id;

	TRY(store_objective_id(s, text(line, "objective"), &id));
	return store_slo_minute_put(s, id, &m);
}

static void read_list(const json_t *list, uint64_t ret[STORE_STATES])
{
	for (size_t i = 0; i < STORE_STATES; i++)
		ret[i] = (uint64_t)json_integer_value(json_array_get(list, i));
}

/* ratio: in units of 10^-18, as text, since it may be large. */
static int op_hour(struct store *s, const json_t *line)
{
	struct store_slo_hour h = {
		.time = number(line, "time"),
		.good = (uint64_t)number(line, "good"),
		.total = (uint64_t)number(line, "total"),
		.inexact = (uint64_t)number(line, "inexact"),
	};
	unsigned __int128 ratio = 0;
	int64_t id;

	for (const char *p = text(line, "ratio"); p && *p; p++)
		ratio = ratio * 10 + (unsigned int)(*p - '0');
	h.ratio_high = (uint64_t)(ratio >> 64);
	h.ratio_low = (uint64_t)ratio;
	read_list(json_object_get(line, "cells"), h.cells);
	read_list(json_object_get(line, "ns"), h.ns);
	TRY(store_objective_id(s, text(line, "objective"), &id));
	return store_slo_hour_put(s, id, &h);
}

static int op_event(struct store *s, const json_t *line)
{
	struct store_event e = {
		.time = number(line, "time"),
		.kind = text(line, "kind"),
		.slo = text(line, "slo"),
		.severity = text(line, "severity"),
		.long_s = (uint32_t)number(line, "long_s"),
		.short_s = (uint32_t)number(line, "short_s"),
		.state = text(line, "state"),
		.text = text(line, "text"),
	};

	return store_event_put(s, &e);
}

static int op_documents(struct store *s, const json_t *line)
{
	return store_documents_put(s, number(line, "time"), text(line, "yaml"),
				   strlen(text(line, "yaml")));
}

static int op_settle(struct store *s, const json_t *line)
{
	return store_settle(s, number(line, "now"));
}

static const struct {
	const char *name;
	int (*run)(struct store *s, const json_t *line);
} operations[] = {
	{ "service", op_service },     { "count", op_count },	{ "time", op_time },
	{ "minute", op_minute },       { "hour", op_hour },	{ "event", op_event },
	{ "documents", op_documents }, { "settle", op_settle },
};

static int line_run(struct store *s, const json_t *line)
{
	const char *op = text(line, "op");

	for (size_t i = 0; op && i < sizeof(operations) / sizeof(operations[0]); i++)
		if (!strcmp(operations[i].name, op))
			return operations[i].run(s, line);
	return -EINVAL;
}

static int lines_run(struct store *s)
{
	_cleanup_(freep) char *buf = NULL;
	size_t size = 0, n = 0;

	TRY(store_begin(s));
	while (getline(&buf, &size, stdin) > 0) {
		json_t *line = json_loads(buf, 0, NULL);
		int r = line ? line_run(s, line) : -EINVAL;

		json_decref(line);
		if (r) {
			fprintf(stderr, "record-maker: line %zu: %s: %s", n + 1, strerror(-r), buf);
			return r;
		}
		if (++n % 10000 == 0) {
			TRY(store_commit(s));
			TRY(store_begin(s));
		}
	}
	return store_commit(s);
}

/* --- a busy host -------------------------------------------------------------------------------- */

struct plan {
	int64_t now, days, objectives, services, minutes_days;
};

static uint32_t dice(uint32_t n)
{
	static uint32_t seed = 7;

	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static int put_documents(struct store *s, const struct plan *p)
{
	_cleanup_(freep) char *yaml = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&yaml, &size);

	if (!f)
		return -ENOMEM;
	for (int64_t i = 0; i < p->objectives; i++) {
		int port = (int)(10000 + i % p->services);

		fprintf(f,
			"---\napiVersion: openslo/v1\nkind: SLO\nmetadata:\n  name: slo-%lld\n"
			"  annotations:\n    troth.dev/promise: Requests to %d are answered.\n"
			"    troth.dev/owner: team %lld\nspec:\n  service: shop\n  indicator:\n"
			"    metadata: {name: answered-%lld}\n    spec:\n      ratioMetric:\n"
			"        counter: true\n"
			"        good: {metricSource: {type: troth, spec: {select: {port: %d}}}}\n"
			"        total: {metricSource: {type: troth, spec: {select: {port: %d}}}}\n"
			"  timeWindow: [{duration: 28d, isRolling: true}]\n"
			"  budgetingMethod: Occurrences\n  objectives: [{target: 0.999}]\n",
			(long long)i, port, (long long)i % 7, (long long)i, port, port);
	}
	if (fclose(f))
		return -ENOMEM;
	return store_documents_put(s, p->now - 2 * p->days * 86400, yaml, size);
}

/* One hour of one objective, by minute and judged. */
static int put_hour(struct store *s, int64_t id, int64_t hour, bool minutes)
{
	const struct cell_rules rules = { .method = METHOD_OCCURRENCES,
					  .cell_s = 60,
					  .target = DECIMAL_ONE / 1000 * 999 };
	struct store_slo_hour h = { .time = hour };
	struct sums sums = {};

	for (int64_t at = hour; at < hour + 3600; at += 60) {
		struct cell c = { .total = 500 + dice(1000), .measured_ns = 60 * NS_PER_S };
		struct store_slo_minute m = { .time = at, .measured = 1000000000 };

		m.good = c.good = c.total - (dice(3) ? 0 : dice(4));
		m.total = c.total;
		c.state = cell_judge(&rules, &c);
		sums_add(&sums, &rules, &c);
		if (minutes)
			TRY(store_slo_minute_put(s, id, &m));
	}
	h.good = sums.good;
	h.total = sums.total;
	memcpy(h.cells, sums.cells, sizeof(h.cells));
	memcpy(h.ns, sums.ns, sizeof(h.ns));
	return store_slo_hour_put(s, id, &h);
}

/* A service's hour stands in one of its minutes: what a report reads of it is the row by hour. */
static int put_counts(struct store *s, int64_t id, int64_t hour)
{
	struct series_counts c = { .bytes_in = 1000000, .bytes_out = 9000000, .opened = 60 };

	for (unsigned int i = 0; i < 24; i++)
		add(&c, OUTCOME_OK, 1000 + dice(2000), 200000ull << (i / 4) | dice(100000));
	add(&c, OUTCOME_SERVER_ERROR, dice(20), 5000000);
	add(&c, OUTCOME_CLIENT_ERROR, dice(200), 400000);
	return store_count(s, id, hour + 3540, hour + 3540, &c);
}

static int put_services(struct store *s, const struct plan *p, int64_t *ids)
{
	for (int64_t i = 0; i < p->services; i++) {
		char name[64];
		struct store_service svc = { .role = ROLE_SERVER,
					     .protocol = "http",
					     .first_seen = p->now,
					     .last_seen = p->now };

		snprintf(name, sizeof(name), "service-%lld:%lld", (long long)i,
			 (long long)(10000 + i));
		svc.id_row.name = name;
		svc.id_row.port = (uint16_t)(10000 + i);
		TRY(store_service_put(s, &svc));
		ids[i] = svc.id;
	}
	return 0;
}

static int generate_hour(struct store *s, const struct plan *p, int64_t hour,
			 const int64_t *services, const int64_t *objectives)
{
	struct store_time t = { .measured_ns = 60 * NS_PER_S, .exchanges = 1000 };

	TRY(store_begin(s));
	for (int64_t at = hour; at < hour + 3600; at += 60)
		TRY(store_time_add(s, at, &t));
	for (int64_t i = 0; i < p->services; i++)
		TRY(put_counts(s, services[i], hour));
	for (int64_t i = 0; i < p->objectives; i++)
		TRY(put_hour(s, objectives[i], hour, hour >= p->now - p->minutes_days * 86400));
	TRY(store_settle(s, hour + 3600));
	return store_commit(s);
}

static int generate(struct store *s, const struct plan *p)
{
	_cleanup_(freep) int64_t *services = calloc((size_t)p->services, sizeof(*services));
	_cleanup_(freep) int64_t *objectives = calloc((size_t)p->objectives, sizeof(*objectives));
	char name[32];

	if (!services || !objectives)
		return -ENOMEM;
	TRY(store_begin(s));
	TRY(put_documents(s, p));
	TRY(put_services(s, p, services));
	for (int64_t i = 0; i < p->objectives; i++) {
		snprintf(name, sizeof(name), "slo-%lld", (long long)i);
		TRY(store_objective_id(s, name, &objectives[i]));
	}
	TRY(store_commit(s));
	for (int64_t hour = p->now - 2 * p->days * 86400; hour < p->now; hour += 3600)
		TRY(generate_hour(s, p, hour, services, objectives));
	return 0;
}

int main(int argc, char *argv[])
{
	bool busy = argc == 8 && !strcmp(argv[1], "--generate");
	struct store_options o = { .dir = argv[busy ? 2 : 1], .mode = STORE_WRITER };
	_cleanup_(store_closep) struct store *s = NULL;
	char why[512] = "";
	int r;

	if (!busy && argc != 2) {
		fprintf(stderr, "usage: record-maker DIR < lines\n"
				"       record-maker --generate DIR NOW DAYS OBJECTIVES SERVICES "
				"MINUTES_DAYS\n");
		return 2;
	}
	r = store_open(&o, &s, why, sizeof(why));
	if (!r && busy)
		r = generate(s, &(struct plan){ atoll(argv[3]) / 3600 * 3600, atoll(argv[4]),
						atoll(argv[5]), atoll(argv[6]), atoll(argv[7]) });
	else if (!r)
		r = lines_run(s);
	if (r)
		fprintf(stderr, "record-maker: %s %s\n", strerror(-r), why);
	return r ? 1 : 0;
}
