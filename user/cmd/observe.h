/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observe.h - wait out a measurement: a tick a second, until time, a signal or a guest ends it.
 * Knows: epoll, timers, signals. Must not know: what is measured.
 */
#ifndef TROTH_CMD_OBSERVE_H
#define TROTH_CMD_OBSERVE_H

#include <stdbool.h>
#include <stdint.h>

struct observation {
	uint64_t duration_ns;
	int signal_fd;		   /* from observe_signals() */
	int guest_fd;		   /* readable or hung up: over; -1: no guest */
	bool progress;		   /* remaining seconds on stderr, wiped at the end */
	int (*tick)(void *ticked); /* 0, or -errno: over */
	void *ticked;
};

enum observed { OBSERVED_ALL, OBSERVED_SIGNAL, OBSERVED_GUEST };

/*
 * SIGINT and SIGTERM from here on wait for the descriptor, and so disturb nobody: neither the
 * loading of programs nor the printing of a result. 0 or -errno.
 */
int observe_signals(int *ret_fd);

/* 0 or -errno. A signal that came before the call ends it at once. */
int observe(const struct observation *o, enum observed *ret);

#endif
