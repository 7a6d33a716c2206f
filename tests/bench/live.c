// SPDX-License-Identifier: Apache-2.0
/* live.c - 1,000 services for 200 objectives live: what a tick, a minute's end and all results cost. */
#include "live.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../user/slo/live.h"

#define OBJECTIVES 200
#define SERVICES   1000
#define HISTORY	   5000 /* minutes */
#define BEGIN	   1767225600

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void fail(const char *what)
{
	fprintf(stderr, "live: %s failed\n", what);
	exit(1);
}

/* Every fourth means each service, the others one port each; half of them are latencies. */
static struct slo_set *objectives(void)
{
	struct problems problems = {};
	struct slo_set *set;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (unsigned int i = 0; out && i < OBJECTIVES; i++) {
		char select[64];

		snprintf(select, sizeof(select), i % 4 ? "{port: %u}" : "{role: server}", 1000 + i);
		fprintf(out,
			"---\napiVersion: openslo/v1\nkind: SLO\nmetadata: {name: slo-%u}\nspec:\n"
			"  service: bench\n  budgetingMethod: Occurrences\n"
			"  timeWindow: [{duration: 28d, isRolling: true}]\n"
			"  objectives: [{target: 0.999}]\n  indicator:\n    metadata: {name: i}\n"
			"    spec: {ratioMetric: {counter: true,\n"
			"      good: {metricSource: {type: troth, spec: {select: %s%s}}},\n"
			"      total: {metricSource: {type: troth, spec: {select: %s}}}}}\n",
			i, select, i % 2 ? ", latency: {max: 300ms}" : "", select);
	}
	if (!out || fclose(out) ||
	    slo_set_read_bytes("bench.yaml", text, size, BEGIN, &problems, &set) || problems.errors)
		fail("slo_set_read_bytes");
	problems_clear(&problems);
	free(text);
	return set;
}

static struct service_row *services(void)
{
	struct service_row *rows = calloc(SERVICES, sizeof(*rows));

	for (unsigned int i = 0; rows && i < SERVICES; i++) {
		rows[i] = (struct service_row){ .role = ROLE_SERVER, .protocol = "http" };
		rows[i].id.port = (uint16_t)(1000 + i);
		if (asprintf(&rows[i].id.name, "service-%u", i) < 0)
			fail("asprintf");
		rows[i].counts.exchanges[MASKS - 1][OUTCOME_OK] = 100;
		rows[i].counts.exchanges[0][OUTCOME_SERVER_ERROR] = 1;
	}
	return rows;
}

static void count(struct live *l, const struct service_row *rows)
{
	for (unsigned int i = 0; i < SERVICES; i++)
		if (live_count(l, &rows[i], true))
			fail("live_count");
	live_tick_end(l);
}

void live(unsigned int ticks)
{
	struct slo_set *set = objectives();
	struct service_row *rows = services();
	struct live_options o = { .set = set, .now = BEGIN };
	struct threshold limits[THRESHOLDS];
	struct problems problems = {};
	struct slo_result result;
	int64_t at = BEGIN;
	uint64_t idle_end_ns;
	struct live *l;
	char why[256];

	if (live_limits(set, BEGIN, &problems, limits, &o.n_limits, &idle_end_ns))
		fail("live_limits");
	o.limits = limits;
	if (!rows || live_new(&o, &l, why, sizeof(why)))
		fail("live_new");
	for (unsigned int i = 0; i < HISTORY; i++, at += LIVE_STEP_S) {
		if (i % 100 == 0)
			count(l, rows);
		if (live_minute_end(l, at, MEASURED_ONE, NULL, NULL))
			fail("live_minute_end");
	}
	for (unsigned int i = 0; i < ticks; i++, at += LIVE_STEP_S) {
		uint64_t begin = now_ns(), counted, told;

		count(l, rows);
		counted = now_ns();
		for (size_t k = 0; k < live_n_results(l); k++)
			live_result(l, k, at + 30, MEASURED_ONE / 2, &result);
		told = now_ns();
		if (live_minute_end(l, at, MEASURED_ONE, NULL, NULL))
			fail("live_minute_end");
		printf("live %llu %llu %llu\n", (unsigned long long)(counted - begin),
		       (unsigned long long)(told - counted), (unsigned long long)(now_ns() - told));
	}
	printf("live_bytes %zu\n", live_bytes(l));
	live_free(l);
	for (unsigned int i = 0; i < SERVICES; i++)
		free(rows[i].id.name);
	free(rows);
	slo_set_free(set);
}
