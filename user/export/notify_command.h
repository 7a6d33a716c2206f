/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify_command.h - runs a program without a shell: a text on its stdin, a time limit, an exit code.
 * Its end is seen through a pidfd: SIGCHLD and other children are left alone.
 * Knows: processes, the loop. Must not know: what the text says, whether it is run again.
 */
#ifndef TROTH_EXPORT_NOTIFY_COMMAND_H
#define TROTH_EXPORT_NOTIFY_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "../base/loop.h"

#define COMMAND_LINE_MAX 200 /* of its output, in why */

struct command_run;

/*
 * ended is called once, from the loop; why is NULL where the exit code was 0. The run is gone by then.
 * 0, or -errno where it could not be started.
 */
int command_start(struct loop *loop, const char *path, const char *input, char **environment,
		  uint64_t timeout_ns, void (*ended)(void *context, const char *why), void *context,
		  struct command_run **ret);
void command_kill(struct command_run *r); /* without calling back; NULL is fine */

#endif
