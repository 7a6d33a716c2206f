/* SPDX-License-Identifier: Apache-2.0 */
/* configured.h - the daemon's directories as a command needs them: read, and what is wrong said. */
#ifndef TROTH_CMD_CONFIGURED_H
#define TROTH_CMD_CONFIGURED_H

#include "../conf/daemon.h"
#include "command.h"

/*
 * state_dir, slo_dir and pin_dir only: see daemon_conf_directories(). EXIT_DONE; EXIT_USAGE: errors (and
 * warnings) stand on stderr, a line each; EXIT_UNABLE: no memory.
 */
enum exit_code configured_directories(const char *who, const struct daemon_flags *flags,
				      struct daemon_conf *ret, struct daemon_conf_file **ret_owner);

#endif
