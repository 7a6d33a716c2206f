// SPDX-License-Identifier: Apache-2.0
/* nearest.c - edit distance with adjacent swaps (optimal string alignment). Knows words only. */
#include "nearest.h"

#include <string.h>

#define LONGEST 32 /* longer words are nobody's typing mistake of ours */

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

static unsigned int distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	unsigned int d[LONGEST + 1][LONGEST + 1];

	for (size_t i = 0; i <= n_a; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= n_b; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= n_a; i++) {
		for (size_t j = 1; j <= n_b; j++) {
			d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
					d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[n_a][n_b];
}

void nearest_offer(struct nearest *n, const char *candidate)
{
	size_t typed = strlen(n->word);
	size_t length = strlen(candidate);
	unsigned int d;

	if (!typed || typed > LONGEST || length > LONGEST)
		return;
	if (typed < length && !strncmp(n->word, candidate, typed))
		d = 1;
	else
		d = distance(n->word, typed, candidate, length);
	if (d > 1 && d > (length + 1) / 3)
		return;
	if (n->best && n->distance <= d)
		return;
	n->best = candidate;
	n->distance = d;
}
