/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk.h - HTTP over loopback, both ends in one thread, so that a block of exchanges takes
 * what the calls take and nobody waits for a wake-up.
 * Must not know: BPF, what is being measured.
 */
#ifndef TROTH_BENCH_TALK_H
#define TROTH_BENCH_TALK_H

#include <stdint.h>

struct talk;

/* Connections over so many listening ports, each of its own. 0 or -errno. */
int talk_open(unsigned int connections, unsigned int ports, struct talk **ret);
void talk_free(struct talk *t); /* resets the connections: no TIME_WAIT stays; NULL is fine */

/* The port of the first listener. */
uint16_t talk_port(const struct talk *t);

/*
 * From now on a process of its own answers, on the first connection, which is the only one then.
 * 0 or -errno.
 */
int talk_serve(struct talk *t);

/* What that process has run up to now. */
uint64_t talk_served_ns(const struct talk *t);

/* One keep-alive GET and its 200, on each connection in turn. 0 or -errno. */
int talk_exchanges(struct talk *t, unsigned int n);

uint64_t talk_now_ns(void);

struct idle;

/*
 * Connections that were used once and stay open, held by processes of their own: the limit on
 * descriptors need not be raised. 0 or -errno.
 */
int idle_open(unsigned int connections, struct idle **ret);
void idle_free(struct idle *i); /* NULL is fine */

#endif
