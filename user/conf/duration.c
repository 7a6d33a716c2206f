// SPDX-License-Identifier: Apache-2.0
/* duration.c - reads and writes durations in integers throughout. Knows text only. */
#include "duration.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct unit {
	const char *name;
	uint64_t ns;
} units[] = { { "h", HOUR_NS }, { "m", MIN_NS }, { "s", SEC_NS }, { "ms", MSEC_NS } };

#define N_UNITS (sizeof(units) / sizeof(units[0]))

/* One number with its fraction, in nanoseconds of unit_ns; text was checked to be digits. */
static bool amount_ns(const char *whole, const char *end, uint64_t unit_ns, uint64_t *ret)
{
	uint64_t n = 0, fraction = 0, scale = 1;
	const char *p = whole;
	uint64_t ns;

	for (; p < end && *p != '.'; p++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p - '0', &n))
			return false;
	/* Nine places of an hour fit 64 bits; more say nothing that a nanosecond could. */
	for (p++; p < end && scale < 1000ULL * 1000 * 1000; p++, scale *= 10)
		fraction = fraction * 10 + (uint64_t)(*p - '0');
	if (__builtin_mul_overflow(n, unit_ns, &n))
		return false;
	ns = unit_ns / scale * fraction + unit_ns % scale * fraction / scale;
	return !__builtin_add_overflow(n, ns, ret);
}

/* Digits with at most one point between digits; the end, or NULL. */
static const char *number_end(const char *p)
{
	const char *start = p;

	while (isdigit((unsigned char)*p))
		p++;
	if (p == start)
		return NULL;
	if (*p != '.')
		return p;
	start = ++p;
	while (isdigit((unsigned char)*p))
		p++;
	return p == start ? NULL : p;
}

static size_t unit_at(const char *p, size_t n)
{
	for (size_t i = 0; i < N_UNITS; i++)
		if (strlen(units[i].name) == n && !memcmp(units[i].name, p, n))
			return i;
	return N_UNITS;
}

int duration_parse(const char *text, uint64_t *ret_ns)
{
	uint64_t total = 0, part;
	size_t next = 0; /* the largest unit that may still follow */
	bool bare = false;

	if (!*text)
		return -EINVAL;
	for (const char *p = text; *p;) {
		const char *end = number_end(p);
		size_t letters = 0, unit;

		if (!end || bare)
			return -EINVAL;
		while (isalpha((unsigned char)end[letters]))
			letters++;
		bare = p == text && !*end;
		unit = bare ? unit_at("s", 1) : unit_at(end, letters);
		if (unit == N_UNITS || unit < next)
			return -EINVAL;
		if (!amount_ns(p, end, units[unit].ns, &part) ||
		    __builtin_add_overflow(total, part, &total))
			return -ERANGE;
		next = unit + 1;
		p = end + letters;
	}
	*ret_ns = total;
	return 0;
}

const char *duration_format(uint64_t ns, char *buf, size_t size)
{
	size_t used = 0;

	snprintf(buf, size, "0s");
	for (size_t i = 0; i < N_UNITS && used < size; i++) {
		uint64_t n = ns / units[i].ns;
		int written;

		ns %= units[i].ns;
		if (!n)
			continue;
		written = snprintf(buf + used, size - used, "%llu%s", (unsigned long long)n,
				   units[i].name);
		used += (size_t)written;
	}
	return buf;
}
