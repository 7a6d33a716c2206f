// SPDX-License-Identifier: Apache-2.0
/* query.c - one bounded copy, then the time parser that everything uses. */
#include "query.h"

#include <errno.h>
#include <string.h>

#include "../base/zone.h"

#define OFFSET_LENGTH 6 /* " 02:00" */

int query_time(const char *text, size_t n, int64_t *ret)
{
	char copy[QUERY_TIME_MAX + 1];

	if (!text || !n || n > QUERY_TIME_MAX || memchr(text, '\0', n))
		return -EINVAL;
	memcpy(copy, text, n);
	copy[n] = '\0';
	/* Behind a time of day, which ends in a digit: the space of "2026-01-31 12:00" is another one. */
	if (n > sizeof("2026-01-31T12:00") && copy[n - OFFSET_LENGTH] == ' ')
		copy[n - OFFSET_LENGTH] = '+';
	return time_parse(copy, ret);
}
