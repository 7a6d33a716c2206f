/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demo_talk.h - what the demo's server and client say to each other.
 * Knows: sockets, canned HTTP by path. Must not know: how it is measured, who waits for it.
 */
#ifndef TROTH_CMD_DEMO_TALK_H
#define TROTH_CMD_DEMO_TALK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "../store/rows.h"

/* Eight that are kept alive, one that is closed unanswered, one that gives up. */
#define DEMO_KEPT	 8
#define DEMO_CONNECTIONS (DEMO_KEPT + 2)

/* What the client saw, by its own count and clock. Compared bytewise: no holes. */
struct demo_tally {
	uint64_t outcome[OUTCOMES];
	uint64_t slow; /* answered, and later than DEMO_SLOW_MS */
	uint64_t done; /* 1: complete */
};

/* Answers DEMO_CONNECTIONS connections to their end. */
void demo_serve(int listener);

/* Sends all the requests, side by side, and sets *tally. */
void demo_visit(const struct sockaddr_in *server, struct demo_tally *tally);

#endif
