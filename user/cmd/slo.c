// SPDX-License-Identifier: Apache-2.0
/* slo.c - `troth slo`: objectives as files; no kernel, no root. */
#include "slo.h"
#include "slo_lint.h"

static const struct command *const commands[] = {
	&command_slo_init,   &command_slo_lint,	   &command_slo_show,
	&command_slo_replay, &command_slo_what_if, &command_slo_suggest,
};

static const struct command_group slo = {
	.name = "troth slo",
	.about = "Objectives as files: what was promised, and whether recorded counts kept it. "
		 "Needs no root and no particular kernel.",
	.commands = commands,
	.n = sizeof(commands) / sizeof(commands[0]),
};

const struct command command_slo = {
	.options = { .command = "slo",
		     .summary = "objectives as files: check, show, replay, try out, suggest" },
	.group = &slo,
};
