// SPDX-License-Identifier: Apache-2.0
/*
 * rrule.c - the days that a recurrence rule gives, one interval (a day, a week, a month, a year) after
 * the other. Reading a rule is rrule_parse.c's.
 */
#include "rrule.h"

#include <stdbool.h>

#define DAY_S 86400

/* Local dates and moments are not further apart than this: what a clock skips or repeats is a day. */
#define MARGIN_DAYS 2

struct walk {
	struct rrule rule; /* with what first gives where the rule does not say it */
	const char *zone;
	struct civil at;	   /* the time of day */
	int64_t first, from, last; /* days */
	int64_t from_s, before_s;
	uint64_t counted;
	int (*found)(int64_t start, void *context);
	void *context;
};

/* Monday is 0; 1970 began on a Thursday. */
static unsigned int weekday(int64_t day)
{
	return (unsigned int)(((day + 3) % 7 + 7) % 7);
}

static bool limits_days(const struct rrule *r)
{
	return r->days || r->days_end || r->weekdays || r->n_nth;
}

/* RFC 5545 3.3.10: what the rule leaves open is as in the first occurrence. */
static void fill_in(struct rrule *r, const struct civil *first, int64_t first_day)
{
	if (limits_days(r) || r->freq == RRULE_DAILY)
		return;
	if (r->freq == RRULE_WEEKLY) {
		r->weekdays = (uint8_t)(1 << weekday(first_day));
		return;
	}
	if (r->freq == RRULE_YEARLY && !r->months)
		r->months = (uint16_t)(1 << first->month);
	r->days = 1u << first->day;
}

static bool month_fits(const struct rrule *r, const struct civil *c)
{
	return !r->months || r->months >> c->month & 1;
}

static bool weekday_fits(const struct rrule *r, const struct civil *c, unsigned int length,
			 unsigned int of_week)
{
	int nth = (c->day - 1) / 7 + 1, nth_end = ((int)length - c->day) / 7 + 1;

	if (!r->weekdays && !r->n_nth)
		return true;
	if (r->weekdays >> of_week & 1)
		return true;
	for (unsigned int i = 0; i < r->n_nth; i++)
		if (r->nth[i].weekday == of_week && (r->nth[i].n == nth || r->nth[i].n == -nth_end))
			return true;
	return false;
}

static bool day_fits(const struct rrule *r, const struct civil *c, unsigned int of_week)
{
	unsigned int length = civil_month_days(c->year, c->month);

	if ((r->days || r->days_end) && !(r->days >> c->day & 1) &&
	    !(r->days_end >> (length + 1 - c->day) & 1))
		return false;
	return weekday_fits(r, c, length, of_week);
}

/* One occurrence. False: it was the last that is wanted. */
static bool take(struct walk *w, int64_t day, const struct civil *date)
{
	struct civil c = w->at;
	int64_t t;

	if (w->rule.count && w->counted++ >= w->rule.count)
		return false;
	if (day < w->from)
		return true;
	c.year = date->year;
	c.month = date->month;
	c.day = date->day;
	t = zone_unix(w->zone, &c);
	if (t >= w->before_s || t > w->rule.until)
		return false;
	return t < w->from_s || !w->found(t, w->context);
}

/* Days since 1970 of the first day of a month, counted from January of the year 0. */
static int64_t month_begin(int64_t month)
{
	return civil_days(month / 12, (unsigned int)(month % 12) + 1, 1);
}

/* Days, [begin, end). */
struct days {
	int64_t begin, end;
};

static struct days months(int64_t begin, int64_t end)
{
	return (struct days){ month_begin(begin), month_begin(end) };
}

static struct days interval(const struct walk *w, int64_t k)
{
	int64_t month = w->at.year * INT64_C(12);
	int64_t by = k * w->rule.interval, day;

	switch (w->rule.freq) {
	case RRULE_DAILY:
		return (struct days){ w->first + by, w->first + by + 1 };
	case RRULE_WEEKLY:
		day = w->first - (weekday(w->first) + 7 - w->rule.week_start) % 7 + 7 * by;
		return (struct days){ day, day + 7 };
	case RRULE_MONTHLY:
		month += w->at.month - 1 + by;
		return months(month, month + 1);
	case RRULE_YEARLY:
		break;
	}
	return months(month + 12 * by, month + 12 * by + 12);
}

/* The interval to begin with: near w->from, unless there is something to count on the way. */
static int64_t first_interval(struct walk *w)
{
	static const int longest[] = { 1, 7, 31, 366 }; /* days, by freq */
	const struct rrule *r = &w->rule;
	bool one_a_day = r->freq == RRULE_DAILY && !r->months && !limits_days(r);
	int64_t k;

	if (w->from <= w->first || (r->count && !one_a_day))
		return 0;
	k = (w->from - w->first) / ((int64_t)r->interval * longest[r->freq]);
	w->counted = (uint64_t)k;
	return k;
}

/* False: no more are wanted. */
static bool walk_days(struct walk *w, struct days days)
{
	int64_t begin = days.begin < w->first ? w->first : days.begin;

	for (int64_t day = begin; day < days.end && day <= w->last; day++) {
		struct civil date = civil_date(day);

		if (!month_fits(&w->rule, &date))
			day += civil_month_days(date.year, date.month) - date.day;
		else if (day_fits(&w->rule, &date, weekday(day)) && !take(w, day, &date))
			return false;
	}
	return true;
}

static int64_t local_day(const char *zone, int64_t t)
{
	struct civil c = zone_civil(zone, t);

	return civil_days(c.year, c.month, c.day);
}

void rrule_each(const struct rrule *r, const struct civil *first, const char *zone, int64_t from,
		int64_t before, int (*found)(int64_t start, void *context), void *context)
{
	struct walk w = {
		.rule = *r,
		.zone = zone,
		.at = *first,
		.first = civil_days(first->year, first->month, first->day),
		.from = local_day(zone, from) - MARGIN_DAYS,
		.last = local_day(zone, before) + MARGIN_DAYS,
		.from_s = from,
		.before_s = before,
		.found = found,
		.context = context,
	};
	struct days days;

	fill_in(&w.rule, first, w.first);
	for (int64_t k = first_interval(&w);; k++) {
		days = interval(&w, k);
		if (days.begin > w.last || !walk_days(&w, days))
			return;
	}
}
