/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sdnotify.h - tells whoever started the daemon how it is: the protocol of sd_notify(3).
 * Knows: a datagram socket, the environment. Must not know: what the daemon does.
 * Nobody listens, nobody answers: nothing here can fail once it is open, and NULL is fine everywhere.
 */
#ifndef TROTH_DAEMON_SDNOTIFY_H
#define TROTH_DAEMON_SDNOTIFY_H

#include "../base/cleanup.h"

struct sdnotify;

/*
 * From NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, which leave the environment: what is run later is
 * not meant. *ret is NULL where no socket is named. -EINVAL: no address of a socket; or -errno.
 */
int sdnotify_open(struct sdnotify **ret);
void sdnotify_free(struct sdnotify *n);
DEFINE_FREEP(struct sdnotify, sdnotify_free)

/* Started, or reloaded. status (may be NULL): one line, shown by systemctl status. */
void sdnotify_ready(struct sdnotify *n, const char *status);
void sdnotify_reloading(struct sdnotify *n); /* sdnotify_ready() ends it, whatever came of it */
void sdnotify_stopping(struct sdnotify *n);

/* For a watchdog: once a tick, which is far more often than it asks for. */
void sdnotify_alive(struct sdnotify *n);

#endif
