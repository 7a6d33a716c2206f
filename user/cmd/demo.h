/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demo.h - a small HTTP server and a client that keeps its own count, to be measured.
 * Knows: sockets, canned answers. Must not know: how they are measured.
 */
#ifndef TROTH_CMD_DEMO_H
#define TROTH_CMD_DEMO_H

#include "../base/cleanup.h"
#include "../store/rows.h"

struct demo;

/*
 * Forks both as children that wait: before any program is loaded, so that they hold none of
 * its descriptors. The server listens on a port of its own on 127.0.0.1. 0 or -errno.
 */
int demo_new(struct demo **ret);
void demo_free(struct demo *d); /* ends and reaps the children; NULL is fine */
DEFINE_FREEP(struct demo, demo_free)

uint16_t demo_port(const struct demo *d);
int demo_start(struct demo *d);		/* 200 requests, about two seconds. 0 or -errno */
int demo_over_fd(const struct demo *d); /* hung up (EPOLLHUP) as soon as both have ended */

/*
 * The client's count beside that of every listed row of the demo, on out. slow: index of the
 * threshold that tells slow from fast. 0: equal; 1: they differ, or there is nothing to compare.
 */
int demo_compare(const struct demo *d, const struct sample *s, unsigned int slow, FILE *out);

/* Which of the client's answers are slow, by its own clock. */
#define DEMO_SLOW_MS 500

#endif
