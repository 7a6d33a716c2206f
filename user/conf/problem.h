/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problem.h - what is wrong with files that people wrote: where, how bad, and what to write instead.
 * Knows text and places. Must not know: what the files mean, or how problems are printed.
 */
#ifndef TROTH_CONF_PROBLEM_H
#define TROTH_CONF_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

/* line and column count from 1 and lie inside the file; file is borrowed from the list (or static). */
struct place {
	const char *file;
	unsigned int line, column;
};

enum problem_level { PROBLEM_WARNING, PROBLEM_ERROR };

struct problem {
	struct place place;
	enum problem_level level;
	char *message; /* one line, UTF-8, no full stop at the end */
};

/* At most PROBLEMS_MAX are kept; the last says how many more there were. */
#define PROBLEMS_MAX 1000

struct problems {
	struct problem *item;
	size_t n, room;
	size_t errors, warnings; /* kept or not */
	bool out_of_memory;
};

__attribute__((format(printf, 4, 5))) void problem_add(struct problems *p, enum problem_level level,
						       struct place at, const char *format, ...);

/* By the order in which files were first named, then line, then column; stable. */
void problems_sort(struct problems *p);
void problems_clear(struct problems *p);

#endif
