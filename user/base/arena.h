/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h - many small pieces of memory that live and end together. Knows sizes only.
 */
#ifndef TROTH_BASE_ARENA_H
#define TROTH_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/* All zero is an empty one. */
struct arena {
	struct arena_block *last;
	bool failed; /* some allocation did: what was built is not whole */
};

/* Zeroed and aligned for anything; NULL: no memory, and failed is set. Of size 0 it is not NULL. */
void *arena_get(struct arena *a, size_t size);

/* n elements of size; overflow counts as no memory. */
void *arena_array(struct arena *a, size_t n, size_t size);

/* A copy of n bytes with a NUL behind them. */
char *arena_text(struct arena *a, const char *text, size_t n);

__attribute__((format(printf, 2, 3))) char *arena_printf(struct arena *a, const char *format, ...);

void arena_clear(struct arena *a);

#endif
