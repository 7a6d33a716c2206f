/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml_text.h - the bytes of a YAML file before they are parsed: fit to be read, and where each
 * character stands. Knows bytes.
 */
#ifndef TROTH_CONF_YAML_TEXT_H
#define TROTH_CONF_YAML_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "problem.h"

struct yaml_text {
	const char *bytes; /* behind the byte order mark, if there is one */
	size_t n;
	size_t characters;
	uint32_t *line; /* by line, from 0: number of its first character; lines end in '\n' */
	size_t n_lines;
	uint32_t *length; /* by line: characters before its '\n' or "\r\n" */
};

/*
 * 0; -EINVAL: no YAML text, and one problem says why; -ENOMEM. bytes are borrowed.
 */
int yaml_text_open(const char *file, const char *bytes, size_t n, struct problems *problems,
		   struct yaml_text *ret);
void yaml_text_close(struct yaml_text *t);

/*
 * Where the character of this number stands; beyond the end: the last one. Never beside the text.
 */
struct place yaml_text_place(const struct yaml_text *t, const char *file, size_t character);

#endif
