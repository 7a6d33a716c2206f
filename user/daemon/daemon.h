/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon.h - `troth run` and `troth detach`: opens everything in the order in which it may fail, gives
 * up privilege, ticks, and leaves nothing behind but what it was told to.
 */
#ifndef TROTH_DAEMON_DAEMON_H
#define TROTH_DAEMON_DAEMON_H

#include "../conf/daemon.h"

enum daemon_end {
	DAEMON_DONE,
	DAEMON_USAGE,	/* said; exit code 2 */
	DAEMON_UNABLE,	/* 3 */
	DAEMON_NOTHING, /* nothing is pinned */
};

/* Returns when a signal ended it, or it could not begin. */
enum daemon_end daemon_run(const struct daemon_flags *flags);

/*
 * Whether daemon_run() would take configuration and objectives, without privilege; what is wrong with
 * them is said on stderr. *ret_objectives: how many of them there are, revisions as one.
 */
enum daemon_end daemon_check(const struct daemon_flags *flags, size_t *ret_objectives);

/*
 * What is pinned goes; what it had counted goes into the record first, where there is one. Of conf the
 * directories count. DAEMON_DONE also where nothing was pinned.
 */
enum daemon_end daemon_detach(const struct daemon_conf *conf);

#endif
