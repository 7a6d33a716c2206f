// SPDX-License-Identifier: Apache-2.0
/* made_up.c - the numbers of made_up.h. */
#include "made_up.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "../../bpf/slots.h"

static const char yaml[] =
	"apiVersion: openslo/v1\n"
	"kind: SLO\n"
	"metadata:\n"
	"  name: checkout\n"
	"  annotations: {troth.dev/promise: Paying works, troth.dev/owner: shop}\n"
	"spec:\n"
	"  service: shop\n"
	"  indicator:\n"
	"    metadata: {name: fast}\n"
	"    spec:\n"
	"      ratioMetric:\n"
	"        counter: true\n"
	"        good: {metricSource: {type: troth, spec: {select: {port: 8000}, latency: {max: 100ms}}}}\n"
	"        total: {metricSource: {type: troth, spec: {select: {port: 8000}}}}\n"
	"  timeWindow: [{duration: 28d, isRolling: true}]\n"
	"  budgetingMethod: Occurrences\n"
	"  objectives:\n"
	"    - {displayName: most, target: 0.95}\n"
	"    - {displayName: all, target: 0.999}\n";

static const struct burn burns[] = { { 3600, 2.5 }, { 300, NAN }, { 21600, 0 }, { 3600, 2.5 } };
static const char *const meant[] = { "svc-0:8000" };

static const struct service_row *at(void *context, size_t i, int64_t within_before[THRESHOLDS])
{
	struct made_up *m = context;
	uint64_t k = (i + 1) * m->factor;
	struct series_counts *c = &m->row.counts;

	if (i == 1 && m->tricky)
		snprintf(m->name, sizeof(m->name), "%s", m->tricky);
	else
		snprintf(m->name, sizeof(m->name), "svc-%zu:%zu", i, 8000 + i % 50000);
	m->row = (struct service_row){
		.role = i == 2 && m->tricky ? ROLE_CLIENT : ROLE_SERVER,
		.protocol = "http",
		.id = { .name = m->name,
			.port = (uint16_t)(8000 + i % 50000),
			.pid = 4242,
			.comm = "nginx",
			.exe = "/usr/sbin/nginx",
			.unit = "nginx.service",
			.cgroup = "/system.slice/nginx.service",
			.netns = 4026531840 },
		.in_flight = { .count = 2, .oldest_ns = 1500000000 },
	};
	/* Thresholds: 500 ms, queue 10 ms, 100 ms, 30 s. */
	c->exchanges[0xf][OUTCOME_OK] = MADE_FAST * k;
	c->exchanges[0x9][OUTCOME_OK] = (MADE_SLOW - MADE_BEFORE) * k;
	c->exchanges[0x8][OUTCOME_OK] = MADE_BEFORE * k;
	c->exchanges[0xf][OUTCOME_CLIENT_ERROR] = MADE_CLIENT_ERRORS * k;
	c->exchanges[0xa][OUTCOME_SERVER_ERROR] = MADE_SERVER_ERRORS * k;
	c->exchanges[0x2][OUTCOME_NO_RESPONSE] = MADE_NO_RESPONSE * k;
	c->exchanges[0xf][OUTCOME_ABORTED] = MADE_ABORTED * k;
	c->duration[slot_of(50000000)] = MADE_FAST * k;
	c->duration[slot_of(300000000)] = MADE_SLOW * k;
	c->duration[slot_of(800)] = MADE_CLIENT_ERRORS * k;
	c->duration[slot_of(20000000000)] = MADE_SERVER_ERRORS * k;
	c->duration[HISTOGRAM_BUCKETS - 1] = MADE_NO_RESPONSE * k;
	c->queue[slot_of(1000000)] = 1000 * k;
	c->queue_ns = 1000000000 * k;
	c->refused = 17 * k;
	c->receive_ns = 500000000 * k;
	c->service_ns = 250000000 * k;
	c->send_ns = 125000000 * k;
	c->max_ns = 70000000000;
	c->undivided_ns = 2000000000 * k;
	c->undivided = 4 * k;
	c->opened = c->closed = 10 * k;
	c->bytes_in = 120000 * k;
	c->bytes_out = 900000 * k;
	within_before[0] = MADE_BEFORE * k;
	within_before[1] = within_before[2] = within_before[3] = 0;
	return &m->row;
}

static struct slo_result result(const struct slo *slo, const struct objective *o, double sli)
{
	return (struct slo_result){
		.slo = slo->name,
		.service = slo->service,
		.objective = o ? o->display_name : "*",
		.counts_name = o ? o->counts_name : slo->name,
		.method = "Occurrences",
		.target = o ? decimal_double(o->target) : 0.9745,
		.allowed_ratio = 0.05,
		.at = 1769860800,
		.window_start = 1769860800 - 28 * 86400,
		.window_end = 1769860800,
		.rolling = true,
		.good = 960,
		.total = 1000,
		.sli = sli,
		.verdict = o && decimal_double(o->target) > sli ? VERDICT_MISSED : VERDICT_MET,
		.good_ns = 86400000000000,
		.unmeasured_ns = 27 * 86400000000000,
		.coverage = 1 / 28.0,
		.allowed = 50,
		.spent = 40,
		.remaining = 10,
		.remaining_ratio = 0.2,
		.allowed_of = 1000,
		.spent_of = 1000,
		.burns = burns,
		.n_burns = sizeof(burns) / sizeof(burns[0]),
		.chance = NAN,
	};
}

static struct alert_state alerts[] = {
	{ .severity = "page",
	  .long_s = 3600,
	  .short_s = 300,
	  .factor = 13.44,
	  .long_rate = 20,
	  .short_rate = 30,
	  .firing = true,
	  .can_fire = true,
	  .since = 1769860000,
	  .bad = 12 },
	{ .severity = "ticket",
	  .long_s = 86400,
	  .short_s = 0,
	  .factor = 2.8,
	  .long_rate = NAN,
	  .short_rate = NAN,
	  .can_fire = true },
};

int made_up_new(size_t services, struct made_up *ret)
{
	_cleanup_(problems_clear) struct problems problems = {};
	struct now *n = &ret->now;
	int r;

	*ret = (struct made_up){ .factor = 1 };
	r = slo_set_read_bytes("made-up.yaml", yaml, sizeof(yaml) - 1, 1769860800, &problems,
			       &ret->set);
	if (r || !ret->set->n_slos)
		return r ?: -EINVAL;
	for (size_t i = 0; i < 3; i++) {
		const struct slo *slo = &ret->set->slos[0];
		const struct objective *o = i < 2 ? &slo->objectives[i] : NULL;

		ret->entries[i] = (struct slo_entry){ .result = result(slo, o, 0.96),
						      .slo = slo,
						      .objective = o };
		ret->objectives[i] = (struct now_objective){ .services = meant,
							     .n_services = o ? 1 : 0,
							     .inexact = i,
							     .good_ever = 1960 + i,
							     .total_ever = 2000 + i };
	}
	ret->entries[1].result.alerts = alerts;
	ret->entries[1].result.n_alerts = sizeof(alerts) / sizeof(alerts[0]);
	ret->entries[1].result.remaining_ratio = -39;
	ret->receivers[0] = (struct now_receiver){ "pager", "webhook", 5, 2, 1, 3 };
	ret->troubles[0] = (struct now_trouble){
		"store", true, "the record cannot be written: disk full; measuring goes on"
	};
	*n = (struct now){
		.version = "0.1.0",
		.host = "web-1",
		.kernel = "6.12.0",
		.backend = "socket",
		.state_dir = "/var/lib/troth",
		.pin_dir = "/sys/fs/bpf/troth",
		.slo_dir = "/etc/troth/slo.d",
		.at = { 1769860800000000000, 1000000000, 1000000000 },
		.began = 1769800000,
		.started = 1769850000,
		.up_ns = 10800000000000,
		.thresholds = { { PART_DURATION, 0, 500000000 },
				{ PART_QUEUE, 0, 10000000 },
				{ PART_DURATION, 0, 100000000 },
				{ PART_DURATION, 0, 30000000000 } },
		.n_thresholds = 4,
		.services = { services, ret, at },
		.measurement = { .coverage = 0.9995,
				 .exchanges = 12345,
				 .lost = 6,
				 .losses = { .no_storage = 1,
					     .merged = 2,
					     .unseen = 3,
					     .caught_up = 11 },
				 .backend = "socket" },
		.slos = { .at = 1769860800, .entries = ret->entries, .n = 3 },
		.objectives = ret->objectives,
		.receivers = ret->receivers,
		.n_receivers = 1,
		.series_used = (unsigned int)services,
		.series_max = 10000,
		.kernel_bytes = 64 << 20,
		.store_bytes = 123456789,
		.resident_bytes = 8 << 20,
		.left_out = { .rows = 21,
			      .minutes = 22,
			      .services = 23,
			      .alerts = 24,
			      .events = 25 },
		.ticks = 10800,
		.late_ticks = 1,
		.tick_ns = 1500000,
		.tick_max_ns = 250000000,
	};
	return 0;
}

void made_up_clear(struct made_up *m)
{
	slo_set_free(m->set);
}
