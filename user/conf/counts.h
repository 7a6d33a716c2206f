/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counts.h - recorded counts, read row by row: CONTRACT's counts.csv.
 *
 * A header names the columns, in any order: time, slo, good, total, and measured if it is there;
 * others are left aside with a warning. Quotes, CRLF and a byte order mark as in RFC 4180; empty lines
 * are skipped. The file is read twice and never held: once to find its names, its time and whatever
 * is wrong, then row by row. A pipe is copied to a file without a name first.
 *
 * Knows text. Must not know: objectives, windows.
 */
#ifndef TROTH_CONF_COUNTS_H
#define TROTH_CONF_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "problem.h"

#define COUNTS_LINE_MAX	   4096		/* bytes */
#define COUNTS_SPOOL_MAX   (8ull << 30) /* bytes of a pipe, which is copied to a file */
#define COUNTS_COLUMNS_MAX 64
#define COUNTS_NAMES_MAX   10000
#define COUNTS_NAME_MAX	   512 /* bytes */
#define COUNTS_SUM_MAX                                                                             \
	9223372036854775807u	      /* of all counts of one name: what JSON's readers hold */
#define COUNTS_STEPS_MAX 40000000u    /* from the first row to the last: 76 years of minutes */
#define COUNTS_TIME_MAX	 253402300799 /* the end of the year 9999 */
#define COUNTS_MEASURED	 1000000000u  /* a step that was measured from end to end */

/* One step [time, time + step). */
struct counts_row {
	int64_t time; /* a multiple of the step, later than the last of its name */
	uint64_t good, total;
	uint32_t measured; /* in units of 1 / COUNTS_MEASURED */
	uint32_t name;	   /* index */
};

/* In the order in which they first stand in the file. */
struct counts_name {
	const char *text;
	int64_t first, last; /* times of its rows */
	uint64_t rows;
};

struct counts;

/*
 * Reads all of path ("-": stdin) once. path is borrowed, and problems until counts_free(): what is
 * wrong goes there. 0; -EINVAL: the file is wrong, the first problem is told; or -errno, told as well.
 */
int counts_open(const char *path, uint32_t step_s, struct problems *problems, struct counts **ret);
void counts_free(struct counts *c); /* NULL is fine */

size_t counts_n_names(const struct counts *c);
const struct counts_name *counts_name(const struct counts *c, size_t i);

/* From the first row's time to the last row's end. False: there are no rows. */
bool counts_range(const struct counts *c, int64_t *ret_from, int64_t *ret_to);

/* The next row: 1; 0 after the last; or as counts_open(), where the file changed meanwhile. */
int counts_next(struct counts *c, struct counts_row *ret);

/* Begins again at the first row. */
void counts_rewind(struct counts *c);

#endif
