/* SPDX-License-Identifier: Apache-2.0 */
/* driver.h - what the driver holds, and what it does with it when it is told. */
#ifndef TROTH_TESTS_PRIVILEGE_DRIVER_H
#define TROTH_TESTS_PRIVILEGE_DRIVER_H

#include <sqlite3.h>
#include <stdbool.h>

#include "user/collect/collector.h"

struct stage {
	const char *state_dir, *pin_dir;
	const char *cert_file, *key_file; /* NULL: plain */
	struct collector *collector;
	sqlite3 *record;
	int listen_fd;
};

__attribute__((format(printf, 3, 4))) void say(const char *name, bool ok, const char *format, ...);

int open_collector(struct collector **ret, const char *backend, char *why, size_t why_size);

/* What the daemon does. */
void act_tick(struct stage *s, const char *port);      /* sweeps; what is known of a server */
void act_second(struct stage *s, const char *backend); /* a probe that is needed later */
void act_pins(struct stage *s, const char *unused);
void act_record(struct stage *s, const char *unused);
void act_fetch(struct stage *s, const char *url);
void act_serve(struct stage *s, const char *unused);	   /* one request at the socket of before */
void act_wait(struct stage *s, const char *unused);	   /* timers, signals, processes */
void act_command(struct stage *s, const char *path);	   /* what it prints, in one line */
void act_descriptors(struct stage *s, const char *unused); /* as many as there may be */
void act_write(struct stage *s, const char *path); /* "0", or why it cannot be opened for that */

/* What it must not: each call with its errno, or 0. */
void act_forbidden(struct stage *s, const char *unused);

#endif
