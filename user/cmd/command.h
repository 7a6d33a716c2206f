/* SPDX-License-Identifier: Apache-2.0 */
/* command.h - sub-commands: the options of each as a table, what it does, and groups of them. */
#ifndef TROTH_CMD_COMMAND_H
#define TROTH_CMD_COMMAND_H

#include <stdbool.h>
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

struct command_group;

struct command {
	struct option_table options;		   /* options.command: "check", "slo lint" */
	size_t values_size;			   /* of the struct that the table fills */
	bool measures;				   /* it heeds TROTH_WITHOUT */
	enum exit_code (*run)(const void *values); /* says itself what went wrong */
	const struct command_group *group;	   /* instead of all that: commands below it */
};

/* Commands under one word, and a page that lists them. */
struct command_group {
	const char *name;    /* "troth", "troth slo" */
	const char *about;   /* one line of the page, or more */
	const char *version; /* printed by --version; NULL: no such option */
	const struct command *const *commands;
	size_t n;
};

extern const struct command command_check;
extern const struct command command_detach;
extern const struct command command_doctor;
extern const struct command command_run;
extern const struct command command_report;
extern const struct command command_slo;
extern const struct command command_status;
extern const struct command command_store;

/* argv[0] is the command's name. Parses, helps, runs, and checks that the result got out. */
enum exit_code command_main(const struct command *c, int argc, char *argv[]);

/*
 * argv[0] is the group's own word. argv[1] is a command's, and what follows belongs to it; or help,
 * with or without the words of a command.
 */
enum exit_code command_group_main(const struct command_group *g, int argc, char *argv[]);

/* Flushes stdout. Says what went wrong and gives EXIT_USAGE if it cannot, else code. */
enum exit_code command_finish(const char *who, enum exit_code code);

/* "who: cannot write the result: why" on stderr; error is negative. */
enum exit_code command_unwritable(const char *who, int error);

#endif
