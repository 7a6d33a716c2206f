// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_lines.c - any bytes as a line of an exported record. What is accepted is written as a line that
 * is accepted, and that one is written as it is.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/store/lines.h"
#include "check.h"

/* NULL: refused, or the last line. The caller frees. */
static char *written(const char *text, size_t n)
{
	static struct line line;
	char why[256] = "", *out = NULL;
	json_t *json;

	if (line_parse(text, n, &line, why, sizeof(why))) {
		CHECK(*why);
	} else if (line.type) {
		json = line_json(&line);
		CHECK(json);
		out = json_dumps(json, JSON_COMPACT);
		CHECK(out);
		json_decref(json);
	}
	line_clear(&line);
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *first = written((const char *)data, size), *again;

	if (!first)
		return 0;
	again = written(first, strlen(first));
	CHECK(again && !strcmp(first, again));
	free(again);
	free(first);
	return 0;
}
