/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h - a command's options: one table drives defaults, parsing, limits and help.
 * Knows: argv, types, limits. Must not know: what an option is for.
 */
#ifndef TROTH_CONF_OPTIONS_H
#define TROTH_CONF_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define OPTION_PORTS_MAX   64
#define OPTION_STRINGS_MAX 64

/* And the type of the field that an option sets. */
enum option_type {
	OPTION_FLAG,	 /* bool */
	OPTION_DURATION, /* uint64_t, ns: 10s, 1m30s, 500ms, 2h; a bare number is seconds */
	OPTION_SIZE,	 /* uint64_t, bytes: 8GiB, 512M, 100MB; a bare number is bytes */
	OPTION_NUMBER,	 /* uint64_t */
	OPTION_PORT,	 /* uint16_t */
	OPTION_PORTS,	 /* struct option_ports; may be repeated, each port is kept once */
	OPTION_STRING,	 /* const char *, borrowed from argv; max: bytes, 0 is any number */
	OPTION_NAME,	 /* const char *: letters, digits, '-', '_', '.'; min to max of them */
	OPTION_PATH,	 /* const char *: absolute */
	OPTION_LISTEN,	 /* const char *: as in listen.h, "" is none */
	OPTION_URL,	 /* const char *: http or https, without user and password */
	OPTION_STRINGS,	 /* struct option_strings; may be repeated, in order */
	OPTION_ENUM,	 /* unsigned int: index into words */
	OPTION_CHOICE,	 /* const char *: one of words */
	OPTION_WORDS,	 /* struct option_words: what stands without dashes; one row at most */
};

struct option_ports {
	uint16_t port[OPTION_PORTS_MAX];
	unsigned int n;
};

struct option_strings {
	const char *value[OPTION_STRINGS_MAX]; /* borrowed from argv */
	unsigned int n;
};

struct option_words {
	const char *const *word; /* borrowed from argv, in order */
	size_t n;
};

/* Room for the field of any type that may be kept as text. */
union option_scalar {
	uint64_t number;
	uint16_t port;
	unsigned int index;
	const char *text;
};

struct option_row {
	const char *name; /* long, without dashes; WORDS: what one word is, like FILE */
	char letter;	  /* 0: none */
	enum option_type type;
	size_t offset;		  /* of the field in the command's values */
	const char *metavar;	  /* of the value, in help; ENUM: its words if NULL */
	const char *const *words; /* ENUM, CHOICE; NULL-terminated */
	const char *initial;	  /* default, as one would write it; NULL: all bits 0 */
	/* DURATION (ns), SIZE, NUMBER: both allowed; PORTS, STRINGS: max is how many; WORDS: how many */
	uint64_t min, max;
	/*
	 * The value is checked by its type, and the field is a const char *: what was typed, NULL where
	 * nothing was. initial is then told only. Not for lists, FLAG and WORDS.
	 */
	bool as_text;
	bool secret; /* what was typed is not repeated in messages */
	const char *help;
};

struct option_table {
	const char *command;
	const char *summary; /* half a line */
	const char *detail;  /* paragraph at the end of the help, or NULL */
	const struct option_row *rows;
	size_t n_rows;
};

enum { OPTIONS_HELP = 1 }; /* --help or -h was among them */

/*
 * argv[1] ... argv[argc - 1] into values, which the caller zeroed. Words move to the front of argv,
 * as in getopt(3). 0, OPTIONS_HELP, or -EINVAL: then why holds one line that says what is wrong and
 * what to write instead.
 */
int options_parse(const struct option_table *t, int argc, char *argv[], void *values, char *why,
		  size_t why_size);

void options_help(const struct option_table *t, FILE *out);

#endif
