// SPDX-License-Identifier: Apache-2.0
/* counts_field.c - quotes, commas, digits. Says what is wrong, and leaves where to counts.c. */
#include "counts_field.h"

#include <errno.h>
#include <string.h>

#define SHARE_DIGITS   9     /* after the point, in 1 / COUNTS_MEASURED */
#define EXPONENT_LIMIT 10000 /* a line is shorter */

/* A quoted field from its first quote on; p moves behind the closing one. NULL, or what is wrong. */
static const char *unquote(const char **p, const char *end, char **out)
{
	const char *at = *p + 1;

	for (; at < end; at++) {
		if (*at == '"' && (at + 1 == end || at[1] != '"'))
			break;
		if (*at == '"')
			at++;
		*(*out)++ = *at;
	}
	if (at == end)
		return "this quote is never closed; write a second one before the line ends";
	*p = at + 1;
	if (*p < end && **p != ',')
		return "text goes on behind the closing quote; write a comma there, or two quotes "
		       "for one that is part of the text";
	return NULL;
}

const char *counts_fields_split(struct counts_fields *f, const char *line, size_t n, size_t *ret_at)
{
	const char *p = line, *end = line + n;
	const char *nul = memchr(line, '\0', n);
	char *out = f->room;

	f->n = 0;
	*ret_at = nul ? (size_t)(nul - line) : 0;
	if (nul)
		return "a NUL byte; write the file as UTF-8 text";
	for (;; p++) {
		const char *wrong = NULL;

		*ret_at = (size_t)(p - line);
		if (f->n == COUNTS_COLUMNS_MAX)
			return "too many columns; write at most 64";
		f->at[f->n] = *ret_at;
		f->text[f->n] = out;
		if (p < end && *p == '"')
			wrong = unquote(&p, end, &out);
		else
			for (; p < end && *p != ','; p++) {
				if (*p == '"' && !wrong) {
					wrong = "a quote in the middle of a field; write the whole "
						"field in quotes, and this one twice";
					*ret_at = (size_t)(p - line);
				}
				*out++ = *p;
			}
		if (wrong)
			return wrong;
		f->size[f->n] = (size_t)(out - f->text[f->n]);
		f->n++;
		*out++ = '\0';
		if (p >= end)
			return NULL;
	}
}

int counts_integer_parse(const char *text, uint64_t *ret)
{
	uint64_t n = 0;

	if (!*text)
		return -EINVAL;
	for (const char *p = text; *p; p++)
		if (*p < '0' || *p > '9')
			return -EINVAL;
	for (const char *p = text; *p; p++) {
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n) || n > COUNTS_SUM_MAX)
			return -ERANGE;
	}
	*ret = n;
	return 0;
}

/* What stands behind the e: "-5". */
static int exponent_parse(const char *p, int *ret)
{
	int sign = 1, value = 0;

	if (*p == '+' || *p == '-')
		sign = *p++ == '-' ? -1 : 1;
	if (!*p)
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++)
		if (value < EXPONENT_LIMIT)
			value = 10 * value + (*p - '0');
	*ret = sign * value;
	return *p ? -EINVAL : 0;
}

int counts_share_parse(const char *text, uint32_t *ret)
{
	static const uint32_t worth[SHARE_DIGITS + 1] = {
		1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
	};
	const char *p = text;
	int before = -1, digits = 0, exponent = 0;
	bool more = false, above = false;
	uint64_t units = 0;

	/* How many digits stand before the point decides what the first of them is worth. */
	for (; (*p >= '0' && *p <= '9') || (*p == '.' && before < 0); p++) {
		if (*p == '.')
			before = digits;
		else
			digits++;
	}
	if (!digits || (*p && *p != 'e' && *p != 'E'))
		return -EINVAL;
	if (*p && exponent_parse(p + 1, &exponent))
		return -EINVAL;
	exponent += before < 0 ? digits : before;
	for (p = text; (*p >= '0' && *p <= '9') || *p == '.'; p++) {
		int power = SHARE_DIGITS - 1 + exponent; /* of ten, of this digit, in units */

		if (*p == '.')
			continue;
		exponent--;
		if (*p == '0' && power > SHARE_DIGITS)
			continue;
		if (power > SHARE_DIGITS)
			return -ERANGE;
		if (power == -1 && *p >= '5')
			more = true;
		if (power < 0) {
			above |= *p > '0';
			continue;
		}
		units += (uint64_t)(*p - '0') * worth[power];
	}
	if (units > COUNTS_MEASURED || (units == COUNTS_MEASURED && above))
		return -ERANGE;
	*ret = (uint32_t)(units + more);
	return 0;
}
