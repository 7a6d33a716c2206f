// SPDX-License-Identifier: Apache-2.0
/* span.c - lengths of time as OpenSLO writes them. Leaves calendars to slo/periods.c. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "openslo.h"

static int64_t unit_s(char unit)
{
	static const struct {
		char unit;
		int32_t s;
	} units[] = { { 'm', 60 },	   { 'h', 3600 },	{ 'd', 86400 },
		      { 'w', 7 * 86400 },  { 'M', 30 * 86400 }, { 'Q', 90 * 86400 },
		      { 'Y', 365 * 86400 } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (units[i].unit == unit)
			return units[i].s;
	return 0;
}

int64_t span_seconds(struct span s)
{
	return s.n * unit_s(s.unit);
}

int span_parse(const char *text, struct span *ret)
{
	size_t digits = strspn(text, "0123456789");
	int64_t n = 0;

	if (!digits || digits > 9 || strlen(text) != digits + 1 || !unit_s(text[digits]))
		return -EINVAL;
	for (size_t i = 0; i < digits; i++)
		n = n * 10 + (text[i] - '0');
	if (!n || n * unit_s(text[digits]) > SPAN_MAX_S)
		return -EINVAL;
	*ret = (struct span){ .n = (uint32_t)n, .unit = text[digits] };
	return 0;
}
