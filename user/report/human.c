// SPDX-License-Identifier: Apache-2.0
/* human.c - units, separators, rounding. */
#include "human.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TARGET_DIGITS 10 /* of a percentage, after the point: targets have twelve in all */

struct human human_count(uint64_t n)
{
	char digits[24];
	struct human ret;
	char *end = ret.s;
	int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*end++ = ',';
		*end++ = digits[i];
	}
	*end = '\0';
	return ret;
}

struct human human_amount(double value)
{
	struct human ret;

	if (value >= 99.95)
		return human_count(value < 1e19 ? (uint64_t)value : UINT64_MAX);
	snprintf(ret.s, sizeof(ret.s), "%.3g", value);
	return ret;
}

struct human human_sum(double value)
{
	return human_amount(value * (1 + 1e-12));
}

/* Three digits; the limits lie where the next digit would round up to a fourth. */
static struct human three_digits(double value, const char *unit)
{
	int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	struct human ret;

	snprintf(ret.s, sizeof(ret.s), "%.*f %s", decimals, fmin(value, 1e30), unit);
	return ret;
}

struct human human_seconds(double s)
{
	if (!isfinite(s))
		return (struct human){ "-" };
	if (s == 0)
		return (struct human){ "0 s" };
	if (s < 999.5e-6)
		return three_digits(s * 1e6, "µs");
	if (s < 999.5e-3)
		return three_digits(s * 1e3, "ms");
	return three_digits(s, "s");
}

struct human human_duration(double s)
{
	struct human ret;

	if (s < 1e-3)
		snprintf(ret.s, sizeof(ret.s), "%.6g µs", s * 1e6);
	else if (s < 1)
		snprintf(ret.s, sizeof(ret.s), "%.6g ms", s * 1e3);
	else
		snprintf(ret.s, sizeof(ret.s), "%.6g s", s);
	return ret;
}

struct human human_share(double ratio)
{
	struct human ret;

	if (!isfinite(ratio))
		return (struct human){ "-" };
	if (ratio > 0 && ratio < 0.005)
		return (struct human){ "<1 %" };
	if (ratio >= 10 && ratio < 1e15) {
		snprintf(ret.s, sizeof(ret.s), "%.40s %%",
			 human_count((uint64_t)round(ratio * 100)).s);
		return ret;
	}
	snprintf(ret.s, sizeof(ret.s), "%.0f %%", ratio * 100);
	return ret;
}

/* The hair is for what a product of doubles lacks: 0.29 is 29 %. */
struct human human_share_down(double ratio)
{
	return ratio > 0 && ratio < 0.01 ? (struct human){ "<1 %" } :
					   human_share(floor(ratio * 100 + 1e-9) / 100);
}

struct human human_window(uint32_t s)
{
	static const struct {
		uint32_t s;
		char unit;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	struct human ret;
	size_t i = 0;

	while (units[i].s > 1 && (!s || s % units[i].s))
		i++;
	snprintf(ret.s, sizeof(ret.s), "%u%c", s / units[i].s, units[i].unit);
	return ret;
}

/* "99.900" is "99.9", "100.000" is "100". Returns how many digits remain after the point. */
static int strip_zeros(char *number)
{
	char *point = strchr(number, '.');
	char *end = number + strlen(number);

	if (!point)
		return 0;
	while (end[-1] == '0')
		*--end = '\0';
	if (end - 1 == point)
		*point = '\0';
	return end - 1 - point;
}

static struct human target_digits(double ratio, int *decimals)
{
	struct human ret;

	snprintf(ret.s, sizeof(ret.s) - sizeof(" %"), "%.*f", TARGET_DIGITS, ratio * 100);
	*decimals = strip_zeros(ret.s);
	return ret;
}

struct human human_target(double ratio)
{
	int decimals;
	struct human ret = target_digits(ratio, &decimals);

	strcat(ret.s, " %");
	return ret;
}

struct human human_sli(uint64_t good, uint64_t total, double target)
{
	unsigned __int128 scale = 100;
	unsigned __int128 parts;
	struct human ret;
	int decimals;

	if (!total)
		return (struct human){ "-" };
	target_digits(target, &decimals);
	if (decimals < 3)
		decimals = 3;
	for (int i = 0; i < decimals; i++)
		scale *= 10;
	parts = good * scale / total;
	scale /= 100;
	snprintf(ret.s, sizeof(ret.s), "%llu.%0*llu", (unsigned long long)(parts / scale), decimals,
		 (unsigned long long)(parts % scale));
	strip_zeros(ret.s);
	strcat(ret.s, " %");
	return ret;
}
