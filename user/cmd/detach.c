// SPDX-License-Identifier: Apache-2.0
/* detach.c - `troth detach`: takes out of the kernel what a daemon left there. */
#include "../daemon/daemon.h"
#include "command.h"
#include "configured.h"

struct detach_values {
	struct daemon_flags daemon;
};

static const struct option_row rows[] = { DAEMON_ROWS_DIRECTORIES(struct detach_values, daemon) };

static enum exit_code detach_run(const void *values)
{
	const struct detach_values *v = values;
	_cleanup_(daemon_conf_freep) struct daemon_conf_file *owner = NULL;
	struct daemon_conf conf;
	enum exit_code code = configured_directories("troth detach", &v->daemon, &conf, &owner);

	if (code != EXIT_DONE)
		return code;
	return exit_code_of(daemon_detach(&conf));
}

const struct command command_detach = {
	.options = {
		.command = "detach",
		.summary = "take out of the kernel everything that 'troth run' left there",
		.detail = "For a daemon that was stopped with --on-stop linger, or was killed. What "
			  "the kernel has counted meanwhile goes into the record first. While a "
			  "daemon runs it is refused: stop that one.",
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
	},
	.values_size = sizeof(struct detach_values),
	.measures = true,
	.run = detach_run,
};
