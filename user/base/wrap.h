/* SPDX-License-Identifier: Apache-2.0 */
/* wrap.h - text in lines. Knows words and columns only. */
#ifndef TROTH_BASE_WRAP_H
#define TROTH_BASE_WRAP_H

#include <stddef.h>
#include <stdio.h>

/* Words of text in lines of at most width, each but the first behind indent spaces; a newline. */
void wrap_print(FILE *out, const char *text, size_t indent, size_t width);

#endif
