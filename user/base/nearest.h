/* SPDX-License-Identifier: Apache-2.0 */
/* nearest.h - what a mistyped word was probably meant to be. Knows words only. */
#ifndef TROTH_BASE_NEAREST_H
#define TROTH_BASE_NEAREST_H

#include <stddef.h>

/*
 * Of n candidates, offered one by one: keep asking, then read best. NULL while nothing is near
 * enough to be worth a suggestion (at most a third of the word wrong, or a prefix of the candidate).
 */
struct nearest {
	const char *word;
	const char *best;
	unsigned int distance; /* of best; meaningless while best is NULL */
};

void nearest_offer(struct nearest *n, const char *candidate);

#endif
