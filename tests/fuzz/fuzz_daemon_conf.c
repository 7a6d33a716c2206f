// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_daemon_conf.c - the reader of troth.yaml on any bytes. What must hold whatever they are: it
 * ends, an error has a place in the file and one line, and what is taken is within every limit.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../../user/conf/daemon.h"
#include "../../user/conf/duration.h"

#include "check.h"

static void check_problems(const struct problems *problems)
{
	CHECK(!problems->out_of_memory);
	for (size_t i = 0; i < problems->n; i++) {
		const struct problem *p = &problems->item[i];

		CHECK(!strcmp(p->place.file, "fuzz"));
		CHECK(p->place.line >= 1 && p->place.column >= 1);
		CHECK(*p->message && !strpbrk(p->message, "\n\r\x1b"));
		CHECK(!i || p->place.line >= problems->item[i - 1].place.line);
	}
}

static void check_path(const char *path)
{
	CHECK(!path || (*path == '/' && !strpbrk(path, "\n\r\x1b")));
}

static void check_receiver(const struct receiver_conf *r)
{
	bool command = !strcmp(r->kind, "command");

	CHECK(*r->name && strlen(r->name) <= 63 && !strpbrk(r->name, "/ \"\n"));
	CHECK(command || !strcmp(r->kind, "webhook") || !strcmp(r->kind, "alertmanager"));
	CHECK(!!r->command == command && !r->url == command);
	CHECK(!r->url || !strncasecmp(r->url, "http", 4));
	CHECK(!command || (!r->bearer_file && !r->user && !r->password_file && !r->ca_file));
	CHECK(!r->user == !r->password_file && !(r->user && r->bearer_file));
	CHECK(r->timeout_ns >= SEC_NS && r->timeout_ns <= 5 * MIN_NS);
	check_path(r->command);
	check_path(r->bearer_file);
	check_path(r->password_file);
	check_path(r->ca_file);
}

static void check_conf(const struct daemon_conf *c)
{
	check_path(c->state_dir);
	check_path(c->slo_dir);
	check_path(c->pin_dir);
	check_path(c->cert_file);
	check_path(c->key_file);
	check_path(c->bearer_file);
	CHECK(c->state_dir && c->slo_dir && c->pin_dir && c->listen && c->user);
	CHECK(c->backend <= 2 && c->on_stop <= ON_STOP_LINGER && c->log_level <= 3);
	CHECK(c->max_series <= 16384 && c->connections_max >= 4 && c->connections_max <= 1024);
	CHECK(c->minutes_days >= 1 && c->minutes_days <= 400);
	CHECK(c->hours_months >= 1 && c->hours_months <= 240);
	CHECK(c->max_bytes >= 1 << 20 && c->queue_max >= 10 && c->queue_max <= 10000);
	CHECK(!c->cert_file == !c->key_file);
	CHECK(c->n_receivers <= RECEIVERS_MAX);
	for (unsigned int i = 0; i < c->n_receivers; i++) {
		check_receiver(&c->receivers[i]);
		for (unsigned int k = 0; k < i; k++)
			CHECK(strcmp(c->receivers[i].name, c->receivers[k].name) != 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct daemon_conf_file *owner = NULL;
	struct problems problems = {};
	struct daemon_conf conf;
	size_t at = 0;
	int r = daemon_conf_read_bytes("fuzz", (const char *)data, size, NULL, &problems, &conf,
				       &owner);

	CHECK(r == (problems.errors ? -EINVAL : 0));
	CHECK(!owner == !!r);
	check_problems(&problems);
	if (!r) {
		check_conf(&conf);
		CHECK(!daemon_conf_fixed_change(&conf, &conf, &at));
	}
	problems_clear(&problems);
	daemon_conf_free(owner);
	return 0;
}
