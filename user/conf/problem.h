/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problem.h - what is wrong with files that people wrote: where, how bad, and what to write
 * instead. Knows text and places. Must not know: what the files mean, or how problems are printed.
 */
#ifndef TROTH_CONF_PROBLEM_H
#define TROTH_CONF_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * line and column count from 1 and lie inside the file; file is borrowed. Line 0: it is no file, but what
 * else somebody wrote, like the name of a flag.
 */
struct place {
	const char *file;
	unsigned int line, column;
};

enum problem_level { PROBLEM_WARNING, PROBLEM_ERROR };

struct problem {
	struct place place; /* its file is the list's own copy */
	enum problem_level level;
	char *message; /* one line, UTF-8, no full stop at the end */
};

/* At most PROBLEMS_MAX are kept, errors before warnings: the others are only counted. */
#define PROBLEMS_MAX 1000

struct problems_file {
	char *name;
	size_t errors; /* kept or not */
};

struct problems {
	struct problem *item;
	size_t n, room;
	size_t errors, warnings;    /* kept or not */
	size_t raised;		    /* errors said, repeated ones too */
	struct problems_file *file; /* all that were mentioned, in order */
	size_t n_files, files_room;
	bool out_of_memory;
};

/* Names a file before anything is said about it: problems are sorted in this order. */
void problems_mention(struct problems *p, const char *file);

/*
 * What steers a terminal becomes '?'; what stands in the list already, of the same place, is not
 * counted again.
 */
__attribute__((format(printf, 4, 5))) void problem_add(struct problems *p, enum problem_level level,
						       struct place at, const char *format, ...);

/* By the order in which files were first mentioned, then line, then column; stable. */
void problems_sort(struct problems *p);
void problems_clear(struct problems *p);

#endif
