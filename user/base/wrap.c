// SPDX-License-Identifier: Apache-2.0
/* wrap.c - breaks at spaces; a word that is longer than a line stands out. */
#include "wrap.h"

#include <string.h>

void wrap_print(FILE *out, const char *text, size_t indent, size_t width)
{
	size_t column = 0;

	while (*text) {
		size_t n = strcspn(text, " ");

		if (column && column + 1 + n > width) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = 0;
		}
		column += (size_t)fprintf(out, "%s%.*s", column ? " " : "", (int)n, text);
		text += n + strspn(text + n, " ");
	}
	fputc('\n', out);
}
