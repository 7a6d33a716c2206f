/* SPDX-License-Identifier: Apache-2.0 */
/* command.h - one sub-command: its options as a table, and what it does with them. */
#ifndef TROTH_CMD_COMMAND_H
#define TROTH_CMD_COMMAND_H

#include <stddef.h>

#include "../conf/options.h"

/* The exit codes of CONTRACT.md. */
enum exit_code {
	EXIT_DONE = 0,	    /* and where objectives were judged, every one is met */
	EXIT_MISSED = 1,    /* at least one objective is missed */
	EXIT_USAGE = 2,	    /* bad usage; a stdout that cannot be written belongs to it */
	EXIT_UNABLE = 3,    /* cannot measure here */
	EXIT_NO_TRAFFIC = 4 /* nothing to judge */
};

struct command {
	struct option_table options;
	size_t values_size;			   /* of the struct that the table fills */
	enum exit_code (*run)(const void *values); /* says itself what went wrong */
};

extern const struct command command_check;
extern const struct command command_doctor;

/* argv[0] is the command's name. Parses, helps, runs, and checks that the result got out. */
enum exit_code command_main(const struct command *c, int argc, char *const argv[]);

/* Flushes stdout. Says what went wrong and gives EXIT_USAGE if it cannot, else code. */
enum exit_code command_finish(const char *who, enum exit_code code);

/* "who: cannot write the result: why" on stderr; error is negative. */
enum exit_code command_unwritable(const char *who, int error);

#endif
