// SPDX-License-Identifier: Apache-2.0
/*
 * yaml_text.c - refuses what is not YAML's set of characters (YAML 1.1, 4.1) and knows lines as
 * editors count them: YAML also breaks lines at U+0085, U+2028 and U+2029.
 */
#include "yaml_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/utf8.h"
#include "yaml.h"

static bool starts_with(const char *bytes, size_t n, const char *mark, size_t size)
{
	return n >= size && !memcmp(bytes, mark, size);
}

/* UTF-16 and UTF-32 have a mark, or zeros beside ASCII. */
static bool is_wide(const char *bytes, size_t n)
{
	return starts_with(bytes, n, "\xff\xfe", 2) || starts_with(bytes, n, "\xfe\xff", 2) ||
	       (n >= 2 && (!bytes[0]) != (!bytes[1]));
}

static bool printable(uint32_t code)
{
	if (code < 0x20)
		return code == '\t' || code == '\n' || code == '\r';
	return code != 0x7f && (code < 0x80 || code >= 0xa0 || code == 0x85) && code != 0xfeff &&
	       code != 0xfffe && code != 0xffff;
}

/*
 * The character at bytes[*at], which moves past it; UTF8_REPLACEMENT of bytes that are none. Copies
 * what may be of it: utf8_next() stops at a NUL, and the file need not end in one.
 */
static uint32_t next_character(const char *bytes, size_t n, size_t *at)
{
	char few[5] = {};
	const char *p = few;
	uint32_t code;

	if ((unsigned char)bytes[*at] < 0x80)
		return (unsigned char)bytes[(*at)++];
	memcpy(few, bytes + *at, n - *at < 4 ? n - *at : 4);
	code = utf8_next(&p);
	/* U+FFFD itself has three bytes, a byte that was replaced one. */
	*at += (size_t)(p - few);
	return code == UTF8_REPLACEMENT && p - few == 1 ? UINT32_MAX : code;
}

static int refuse(const struct yaml_text *t, const char *file, size_t character, uint32_t code,
		  unsigned char byte, struct problems *problems)
{
	struct place at = yaml_text_place(t, file, character);

	if (code == UINT32_MAX)
		problem_add(problems, PROBLEM_ERROR, at,
			    "byte 0x%02x is not UTF-8; save the file as UTF-8", byte);
	else if (!code)
		problem_add(problems, PROBLEM_ERROR, at,
			    "a NUL byte; this is no text, or it is damaged");
	else
		problem_add(problems, PROBLEM_ERROR, at,
			    "the control character U+%04X is not allowed in YAML; take it out",
			    code);
	return -EINVAL;
}

static void end_line(struct yaml_text *t, size_t character, bool carriage_return)
{
	size_t length = character - t->line[t->n_lines - 1];

	t->length[t->n_lines - 1] = (uint32_t)(length - (carriage_return && length));
}

static int scan(struct yaml_text *t, const char *file, struct problems *problems)
{
	uint32_t code = 0, before = 0, bad = 0;
	size_t at = 0, bad_at = 0, bad_character = 0;
	bool found = false;

	while (at < t->n) {
		size_t start = at;

		before = code;
		code = next_character(t->bytes, t->n, &at);
		if (!found && (code == UINT32_MAX || !printable(code))) {
			found = true;
			bad = code;
			bad_at = start;
			bad_character = t->characters;
		}
		if (code == '\n') {
			end_line(t, t->characters, before == '\r');
			if (at < t->n)
				t->line[t->n_lines++] = (uint32_t)t->characters + 1;
		}
		t->characters++;
	}
	if (code != '\n')
		end_line(t, t->characters, false);
	return found ? refuse(t, file, bad_character, bad, (unsigned char)t->bytes[bad_at],
			      problems) :
		       0;
}

int yaml_text_open(const char *file, const char *bytes, size_t n, struct problems *problems,
		   struct yaml_text *ret)
{
	struct place start = { .file = file, .line = 1, .column = 1 };
	struct yaml_text t = { .bytes = bytes, .n = n };
	size_t lines = 1;
	int r;

	if (n > YAML_BYTES_MAX) {
		problem_add(problems, PROBLEM_ERROR, start,
			    "the file is larger than %d KiB; write several files",
			    YAML_BYTES_MAX / 1024);
		return -EINVAL;
	}
	if (is_wide(bytes, n)) {
		problem_add(problems, PROBLEM_ERROR, start,
			    "the file is UTF-16 or UTF-32; save it as UTF-8");
		return -EINVAL;
	}
	if (starts_with(bytes, n, "\xef\xbb\xbf", 3)) {
		t.bytes += 3;
		t.n -= 3;
	}
	for (size_t i = 0; i < t.n; i++)
		lines += t.bytes[i] == '\n';
	t.line = calloc(lines, sizeof(*t.line));
	t.length = calloc(lines, sizeof(*t.length));
	t.n_lines = 1;
	r = t.line && t.length ? scan(&t, file, problems) : -ENOMEM;
	if (r) {
		yaml_text_close(&t);
		return r;
	}
	*ret = t;
	return 0;
}

void yaml_text_close(struct yaml_text *t)
{
	free(t->line);
	free(t->length);
	t->line = t->length = NULL;
}

struct place yaml_text_place(const struct yaml_text *t, const char *file, size_t character)
{
	size_t low = 0, high = t->n_lines - 1;
	size_t column;

	while (low < high) {
		size_t middle = (low + high + 1) / 2;

		if (t->line[middle] <= character)
			low = middle;
		else
			high = middle - 1;
	}
	column = character - t->line[low];
	/* The end of a line is where its last character is. */
	if (column >= t->length[low])
		column = t->length[low] ? t->length[low] - 1 : 0;
	return (struct place){ .file = file,
			       .line = (unsigned int)low + 1,
			       .column = (unsigned int)column + 1 };
}
