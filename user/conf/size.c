// SPDX-License-Identifier: Apache-2.0
/* size.c - reads and writes amounts of bytes in integers throughout. Knows text only. */
#include "size.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct unit {
	const char *name, *letter, *decimal;
	uint64_t bytes, decimal_bytes;
} units[] = {
	{ "TiB", "T", "TB", UINT64_C(1) << 40, UINT64_C(1000000000000) },
	{ "GiB", "G", "GB", UINT64_C(1) << 30, UINT64_C(1000000000) },
	{ "MiB", "M", "MB", UINT64_C(1) << 20, UINT64_C(1000000) },
	{ "KiB", "K", "kB", UINT64_C(1) << 10, UINT64_C(1000) },
	{ "B", "", "B", 1, 1 },
};
#define N_UNITS (sizeof(units) / sizeof(units[0]))

/* 0: no such unit. */
static uint64_t unit_bytes(const char *name)
{
	for (size_t i = 0; i < N_UNITS; i++) {
		if (!strcmp(name, units[i].name) || !strcmp(name, units[i].letter))
			return units[i].bytes;
		if (!strcmp(name, units[i].decimal))
			return units[i].decimal_bytes;
	}
	return 0;
}

int size_parse(const char *text, uint64_t *ret)
{
	const char *p = text;
	uint64_t n = 0, unit;
	bool large = false;

	for (; isdigit((unsigned char)*p); p++)
		large |= __builtin_mul_overflow(n, 10, &n) ||
			 __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n);
	if (p == text)
		return -EINVAL;
	if (*p == ' ')
		p++;
	unit = unit_bytes(p);
	if (!unit || (!*p && p[-1] == ' '))
		return -EINVAL;
	if (large || __builtin_mul_overflow(n, unit, &n))
		return -ERANGE;
	*ret = n;
	return 0;
}

const char *size_format(uint64_t bytes, char *buf, size_t size)
{
	size_t i = 0;

	while (i + 1 < N_UNITS && (!bytes || bytes % units[i].bytes))
		i++;
	snprintf(buf, size, "%llu%s", (unsigned long long)(bytes / units[i].bytes), units[i].name);
	return buf;
}
