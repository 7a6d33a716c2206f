// SPDX-License-Identifier: Apache-2.0
/* main.c - the table of commands. What a command does is its own affair. */
#include "base/stdio.h"
#include "cmd/command.h"

#ifndef TROTH_VERSION
#define TROTH_VERSION "0.1.0"
#endif

static const struct command *const commands[] = {
	&command_check, &command_run,	 &command_status, &command_report,
	&command_slo,	&command_doctor, &command_detach, &command_store,
};

static const struct command_group troth = {
	.name = "troth",
	.about = "Measures in the kernel whether services keep their objectives.",
	.version = TROTH_VERSION,
	.commands = commands,
	.n = sizeof(commands) / sizeof(commands[0]),
};

int main(int argc, char *argv[])
{
	stdio_guard();
	return command_group_main(&troth, argc, argv);
}
