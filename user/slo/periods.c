// SPDX-License-Identifier: Apache-2.0
/* periods.c - finds a calendar window's period by counting from its start; zones are zone.h's. */
#include "periods.h"

#include <stddef.h>

#include "../base/zone.h"

#define DAY_S 86400

static const struct unit {
	char name;
	int32_t mean_s; /* over 400 years */
	enum { UNIT_ABSOLUTE, UNIT_DAYS, UNIT_MONTHS } kind;
	int32_t size; /* in seconds, days, or months */
} units[] = {
	{ 'm', 60, UNIT_ABSOLUTE, 60 },	    { 'h', 3600, UNIT_ABSOLUTE, 3600 },
	{ 'd', DAY_S, UNIT_DAYS, 1 },	    { 'w', 7 * DAY_S, UNIT_DAYS, 7 },
	{ 'M', 2629746, UNIT_MONTHS, 1 },   { 'Q', 7889238, UNIT_MONTHS, 3 },
	{ 'Y', 31556952, UNIT_MONTHS, 12 },
};

static const struct unit *unit_of(struct span s)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (units[i].name == s.unit)
			return &units[i];
	return NULL;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t clamped(int64_t v, int64_t low, int64_t high)
{
	return v < low ? low : v > high ? high : v;
}

/* The window's start and the local time of day at which its periods begin. */
static struct civil start_of(const struct time_window *w)
{
	return (struct civil){ w->start_year, w->start_month,  w->start_day,
			       w->start_hour, w->start_minute, w->start_second };
}

/*
 * Start of period k. What is outside the years 1 to 9999 is just outside TIME_MIN and TIME_MAX, so
 * that a search always ends.
 */
static int64_t boundary(const struct time_window *w, const struct unit *u, int64_t k)
{
	struct civil c = start_of(w);
	int64_t by = k * w->span.n * u->size;
	int64_t t, month;

	if (u->kind == UNIT_ABSOLUTE) {
		t = zone_unix(w->zone, &c) + by;
		return clamped(t, TIME_MIN - 1, TIME_MAX + 1);
	}
	if (u->kind == UNIT_DAYS) {
		struct civil date;

		by = clamped(civil_days(c.year, c.month, c.day) + by, TIME_MIN / DAY_S - 1,
			     TIME_MAX / DAY_S + 1);
		date = civil_date(by);
		c.year = date.year;
		c.month = date.month;
		c.day = date.day;
	} else {
		month = c.year * INT64_C(12) + c.month - 1 + by;
		c.year = (int32_t)clamped(floor_div(month, 12), 0, 10000);
		c.month = (uint8_t)(month - floor_div(month, 12) * 12 + 1);
		if (c.day > civil_month_days(c.year, c.month))
			c.day = (uint8_t)civil_month_days(c.year, c.month);
	}
	if (c.year < 1)
		return TIME_MIN - 1;
	return c.year > 9999 ? TIME_MAX + 1 : zone_unix(w->zone, &c);
}

struct period period_at(const struct time_window *w, int64_t at)
{
	const struct unit *u = unit_of(w->span);
	struct period p = { at - span_seconds(w->span), at };
	int64_t k, moment;

	if (w->rolling || !u || !w->span.n)
		return p;
	moment = clamped(at, TIME_MIN, TIME_MAX);
	/* A guess that months of several lengths and changes of offset put off by one or two. */
	k = floor_div(moment - boundary(w, u, 0), (int64_t)w->span.n * u->mean_s);
	while ((p.start = boundary(w, u, k)) >= moment)
		k--;
	while ((p.end = boundary(w, u, k + 1)) < moment) {
		p.start = p.end;
		k++;
	}
	return p;
}
