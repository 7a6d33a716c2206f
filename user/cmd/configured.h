/* SPDX-License-Identifier: Apache-2.0 */
/* configured.h - for commands that stand on the daemon: its directories, and how it ended. */
#ifndef TROTH_CMD_CONFIGURED_H
#define TROTH_CMD_CONFIGURED_H

#include "../daemon/daemon.h"
#include "command.h"

/*
 * state_dir, slo_dir and pin_dir only: see daemon_conf_directories(). EXIT_DONE; EXIT_USAGE: errors (and
 * warnings) stand on stderr, a line each; EXIT_UNABLE: no memory.
 */
enum exit_code configured_directories(const char *who, const struct daemon_flags *flags,
				      struct daemon_conf *ret, struct daemon_conf_file **ret_owner);

enum exit_code exit_code_of(enum daemon_end end);

#endif
