/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_table.h - every option of troth.yaml. Inside of daemon.c's family only.
 * Knows names, types, limits, defaults, help.
 */
#ifndef TROTH_CONF_DAEMON_TABLE_H
#define TROTH_CONF_DAEMON_TABLE_H

#include "daemon.h"

struct daemon_row {
	struct option_row option; /* offset is that in struct daemon_conf */
	const char *section;	  /* of the file, NULL: none; its name stands before a '.' */
	size_t flag;		  /* offset in struct daemon_flags; 0: none */
	bool reload;		  /* takes effect at SIGHUP, else when the daemon starts again */
	bool directory;		  /* also of commands beside the daemon */
	const char *example;	  /* in the sample, where there is no default */
};
#define DAEMON_ROWS_MAX 28
extern const struct daemon_row daemon_rows[];
extern const size_t daemon_rows_n;

struct daemon_section {
	const char *name, *help;
};
extern const struct daemon_section daemon_sections[];
extern const size_t daemon_sections_n;

/* "minutes-days" of "store.minutes-days". */
const char *daemon_row_key(const struct daemon_row *row);
const struct daemon_row *daemon_row_find(const char *section, const char *key);

/* Bits of kinds of receivers. */
enum { KIND_ALERTMANAGER = 1, KIND_WEBHOOK = 2, KIND_COMMAND = 4 };
#define KIND_HTTP (KIND_ALERTMANAGER | KIND_WEBHOOK)
#define KIND_ALL  (KIND_HTTP | KIND_COMMAND)
extern const char *const daemon_receiver_kinds[]; /* NULL-terminated; bit i is KIND_ 1 << i */

struct receiver_row {
	struct option_row option;   /* offset is that in struct receiver_conf */
	unsigned int kinds;	    /* that may have it */
	unsigned int required;	    /* that must */
	unsigned int shown;	    /* whose example in the sample has it */
	const char *const *example; /* by kind; NULL: initial */
};
#define RECEIVER_ROWS_MAX 16
extern const struct receiver_row receiver_rows[];
extern const size_t receiver_rows_n;
extern const char *const daemon_notify_help;

#endif
