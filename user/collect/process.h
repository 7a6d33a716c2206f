/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h - what /proc says of one process, and whether it is the one that was meant.
 * Knows: /proc. Must not know: endpoints, names of services.
 * proc is the directory to read, "/proc" but in tests.
 */
#ifndef TROTH_COLLECT_PROCESS_H
#define TROTH_COLLECT_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/cleanup.h"

/* Strings NULL and numbers 0 where /proc does not tell (exe and netns need CAP_SYS_PTRACE). */
struct process {
	uint32_t pid;
	uint32_t netns;
	uint64_t exe_inode;
	char *comm;    /* the main thread's */
	char *exe;     /* without " (deleted)" */
	char *command; /* words, each ended by a NUL */
	size_t command_size;
	char *cgroups; /* text of /proc/PID/cgroup */
};

/*
 * All of it from one process even if the number is reused meanwhile. 0, -ESRCH (gone), -errno.
 * The caller clears it.
 */
int process_read(const char *proc, uint32_t pid, struct process *ret);
void process_clear(struct process *p);

/* Whether one of its threads goes by that name. */
bool process_has_comm(const char *proc, uint32_t pid, const char *comm);

#endif
