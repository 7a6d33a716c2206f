// SPDX-License-Identifier: Apache-2.0
/* utf8.c - decoding and cleaning; a strict reader, so that no two bytes mean one thing. */
#include "utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

static bool continues(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* RFC 3629 section 4: no overlong forms, no surrogates, nothing above U+10FFFF. */
static bool allowed(uint32_t code, unsigned int length)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };

	if (code < smallest[length] || code > 0x10ffff)
		return false;
	return code < 0xd800 || code > 0xdfff;
}

uint32_t utf8_next(const char **p)
{
	const unsigned char *s = (const unsigned char *)*p;
	unsigned int length = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t code = s[0];

	*p += 1;
	if (length == 1)
		return code;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return UTF8_REPLACEMENT;
	code &= 0xff >> (length + 1);
	for (unsigned int i = 1; i < length; i++) {
		if (!continues(s[i]))
			return UTF8_REPLACEMENT;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (!allowed(code, length))
		return UTF8_REPLACEMENT;
	*p += length - 1;
	return code;
}

static unsigned int columns_of(uint32_t code)
{
	/* From Hangul Jamo on characters may be wide; the replacement and dashes are not. */
	if (code < 0x1100 || code == UTF8_REPLACEMENT || (code >= 0x2000 && code < 0x2300))
		return 1;
	return 2;
}

/* Controls (C0, DEL, C1), line and paragraph separators, zero-width, bidirectional marks. */
static bool steers(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c ||
	       (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff;
}

static char *copy(const char *s, bool printable)
{
	size_t size = 3 * strlen(s) + 1; /* each byte may become a replacement of three */
	char *to = malloc(size);
	char *end = to;

	if (!to)
		return NULL;
	while (*s) {
		const char *from = s;
		uint32_t code = utf8_next(&s);

		if (printable && (steers(code) || code == UTF8_REPLACEMENT)) {
			*end++ = '?';
		} else if (code == UTF8_REPLACEMENT) {
			end = stpcpy(end, "\xef\xbf\xbd");
		} else {
			memcpy(end, from, s - from);
			end += s - from;
		}
	}
	*end = '\0';
	return to;
}

char *utf8_valid(const char *s)
{
	return copy(s, false);
}

char *utf8_printable(const char *s)
{
	return copy(s, true);
}

unsigned int utf8_columns(const char *s)
{
	unsigned int columns = 0;

	while (*s)
		columns += columns_of(utf8_next(&s));
	return columns;
}

char *utf8_shortened(const char *s, unsigned int columns)
{
	_cleanup_(freep) char *clean = utf8_printable(s);
	unsigned int all, head = 0;
	const char *cut, *tail;
	char *ret;

	if (!clean)
		return NULL;
	all = utf8_columns(clean);
	if (all <= columns)
		return TAKE(clean);
	for (tail = cut = clean;; cut = tail) {
		head += columns_of(utf8_next(&tail));
		if (head > (columns - 1) / 2)
			break;
	}
	for (tail = cut; utf8_columns(tail) > columns / 2;)
		utf8_next(&tail);
	ret = malloc(strlen(clean) + sizeof("…"));
	if (ret)
		sprintf(ret, "%.*s…%s", (int)(cut - clean), clean, tail);
	return ret;
}
