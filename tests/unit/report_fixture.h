/* SPDX-License-Identifier: Apache-2.0 */
/* report_fixture.h - one diagnosis for the tests of its outputs: a client, a server, an idle one. */
#ifndef TROTH_TESTS_REPORT_FIXTURE_H
#define TROTH_TESTS_REPORT_FIXTURE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/base/cleanup.h"
#include "../../user/report/check.h"

#define SERVICES    3
#define PER_SERVICE 2
#define FAST	    3 /* within both thresholds */
#define TARGET(x)   ((decimal)llround(1e6 * (x)) * (DECIMAL_ONE / 1000000))
#define ONE_MS	    80 /* bucket with the bound 2^(-80/8) s, 0.98 ms */

struct fixture {
	struct service_row rows[SERVICES];
	struct judgement judgements[SERVICES * PER_SERVICE];
	size_t numbers[SERVICES];
	struct sample sample;
	struct check_report report;
};

static const char *const not_seen[] = {
	"TLS: 3 connections were encrypted, so their outcomes are unknown and their latency is not",
	NULL,
};

static void judge_all(struct fixture *f)
{
	for (size_t i = 0; i < SERVICES; i++) {
		struct judgement *j = &f->judgements[i * PER_SERVICE];

		f->numbers[i] = i;
		judge_availability(&f->rows[i], 1, "availability", TARGET(0.999), &j[0]);
		judge_latency(&f->rows[i], 0, "latency", TARGET(0.99), &j[1]);
		for (unsigned int k = 0; k < PER_SERVICE; k++) {
			j[k].services = &f->numbers[i];
			j[k].n_services = 1;
		}
	}
}

/* CONTRACT's example: 994 good of 1000. */
static void fill_server(struct service_row *row)
{
	struct series_counts *c = &row->counts;

	row->role = ROLE_SERVER;
	row->protocol = "http";
	row->id = (struct identity){ .name = "nginx:8080",
				     .port = 8080,
				     .pid = 4242,
				     .comm = "nginx",
				     .exe = "/usr/sbin/nginx",
				     .unit = "nginx.service",
				     .cgroup = "/system.slice/nginx.service",
				     .netns = 4026531840 };
	c->exchanges[FAST][OUTCOME_OK] = 990;
	c->exchanges[FAST][OUTCOME_CLIENT_ERROR] = 4;
	c->exchanges[FAST][OUTCOME_SERVER_ERROR] = 5;
	c->exchanges[FAST][OUTCOME_NO_RESPONSE] = 1;
	c->queue_ns = 1200000000;
	c->receive_ns = 100000000;
	c->service_ns = 600000000;
	c->send_ns = 100000000;
	c->max_ns = 61000000;
	c->opened = c->closed = 10;
	c->bytes_in = 120000;
	c->bytes_out = 900000;
	c->srtt_us = 500;
	c->srtt_samples = 10;
	c->duration[ONE_MS] = 1000;
	c->queue[ONE_MS] = 1000;
}

static void fill_client(struct service_row *row)
{
	row->role = ROLE_CLIENT;
	row->protocol = "postgresql";
	row->id = (struct identity){ .name = "checkout -> 10.0.0.5:5432",
				     .comm = "checkout",
				     .peer_address = "10.0.0.5",
				     .peer_port = 5432 };
	row->counts.exchanges[FAST][OUTCOME_OK] = 10;
	row->counts.service_ns = 30000000;
	row->counts.send_ns = 10000000;
	row->counts.max_ns = 9000000;
	row->counts.duration[ONE_MS] = 10;
	row->counts.connects = 4;
	row->counts.connect_ns = 8000000;
	row->counts.queue[ONE_MS] = 4;
	row->counts.refused = 2;
}

static void fill(struct fixture *f)
{
	*f = (struct fixture){};
	fill_client(&f->rows[0]);
	fill_server(&f->rows[1]);
	f->rows[2] = (struct service_row){ .protocol = "unknown", .id.name = "sshd:22" };
	f->sample = (struct sample){
		.services = f->rows,
		.n_services = SERVICES,
		.measurement = { .coverage = 1, .exchanges = 1010, .backend = "socket" },
		.thresholds = { { PART_DURATION, 0, 500000000 },
				{ PART_DURATION, 0, 10000000000 } },
		.n_thresholds = 2,
	};
	f->report = (struct check_report){
		.started = { 1769860800, 7000000 }, /* 2026-01-31T12:00:00.007Z */
		.duration_s = 10,
		.host = "web-1",
		.kernel = "6.12.0",
		.sample = &f->sample,
		.judgements = f->judgements,
		.n_judgements = SERVICES * PER_SERVICE,
		.not_seen = not_seen,
	};
	judge_all(f);
}

static char *printed(const struct check_report *r, bool json, bool colour)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(0, json ? check_report_json(out, r) : check_report_text(out, r, colour));
	fclose(out);
	return text;
}

#endif
