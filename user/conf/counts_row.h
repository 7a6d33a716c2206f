/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counts_row.h - one line of recorded counts, read and checked; what counts.c and counts_row.c share.
 * The ordinary row is read by read_plain(), in one go; what it does not know is read by read_any(),
 * which also says what is wrong. Both give the same row.
 */
#ifndef TROTH_CONF_COUNTS_ROW_H
#define TROTH_CONF_COUNTS_ROW_H

#include <errno.h>

#include "counts.h"
#include "counts_field.h"
#include "counts_input.h"
#include "counts_names.h"

#define COUNTS_TIME_TEXT 40

enum field { FIELD_TIME, FIELD_SLO, FIELD_GOOD, FIELD_TOTAL, FIELD_MEASURED, FIELDS };
extern const char *const counts_field_names[FIELDS];

struct counts {
	const char *path;
	struct problems *problems;
	uint32_t step_s;
	struct counts_input input;
	struct counts_names names;
	struct counts_fields fields; /* of the line that is read_any()'s */
	int column[FIELDS];	     /* where the field stands; -1: nowhere */
	unsigned int n_columns;
	bool plain;    /* the columns stand as in the contract, and no others */
	bool complete; /* all of it has been read once: names are known */
	/* The time that was read last: rows of many names share it. */
	char time_text[COUNTS_TIME_TEXT];
	size_t time_n;
	int64_t time;
	const char *line;
	size_t line_n;
	unsigned int line_number;
	int64_t from, last;
	int64_t gap; /* the shortest between two rows of a name; 0: none yet */
	bool rows;
};

/* One line to the problems, at a byte of the line. */
__attribute__((format(printf, 4, 5))) void counts_say(struct counts *c, enum problem_level level,
						      size_t at, const char *format, ...);
#define WRONG(c, at, ...) (counts_say(c, PROBLEM_ERROR, at, __VA_ARGS__), -EINVAL)

/* What stands in the file, fit for a message. The caller frees. */
char *counts_shown(const char *text);

/* c's line, which is not empty. 0, -EINVAL (told) or -ENOMEM. */
int counts_row_read(struct counts *c, struct counts_row *ret);

#endif
