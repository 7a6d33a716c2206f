// SPDX-License-Identifier: Apache-2.0
/* run.c - `troth run`: its flags and its configuration. */
#include "../base/log.h"
#include "../base/stdio.h"
#include "../daemon/daemon.h"
#include "command.h"
#include "configured.h"

#define WHO "troth run"

struct run_values {
	struct daemon_flags daemon;
	bool check_config, print_sample;
};

static const struct option_row rows[] = {
	DAEMON_ROWS_RUN(struct run_values, daemon),
	{ .name = "check-config",
	  .type = OPTION_FLAG,
	  .offset = offsetof(struct run_values, check_config),
	  .help = "say what is wrong with configuration and objectives, and exit: 0 nothing, 2 something" },
	{ .name = "print-config-sample",
	  .type = OPTION_FLAG,
	  .offset = offsetof(struct run_values, print_sample),
	  .help = "print a configuration of every option, commented out, and exit" },
};

static enum exit_code run_run(const void *values)
{
	const struct run_values *v = values;
	size_t objectives;
	int r;

	if (v->print_sample) {
		r = daemon_conf_sample(stdout);
		return r ? command_unwritable(WHO, r) : EXIT_DONE;
	}
	if (v->check_config) {
		enum daemon_end end = daemon_check(&v->daemon, &objectives);

		if (end == DAEMON_DONE)
			printf("in order: the configuration; objectives: %zu\n", objectives);
		return exit_code_of(end);
	}
	return exit_code_of(daemon_run(&v->daemon));
}

const struct command command_run = {
	.options = {
		.command = "run",
		.summary = "measure all the time, keep a record, serve figures and tell of alerts",
		.detail = "Without a configuration file the defaults above are in force. SIGHUP "
			  "reads it and the objectives again; SIGTERM ends the daemon. Exit code "
			  "2: something in flags or files is wrong, 3: it cannot measure here, or "
			  "another daemon has the same directories.",
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
	},
	.values_size = sizeof(struct run_values),
	.measures = true,
	.run = run_run,
};
