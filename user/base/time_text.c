// SPDX-License-Identifier: Apache-2.0
/*
 * time_text.c - moments as text: RFC 3339 and Unix seconds. UTC and offsets only; zones are zone.c's.
 */
#include "zone.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#define DAY_S 86400
#define HOUR  3600

/* Exactly n digits at *p, which moves past them. */
static bool digits(const char **p, unsigned int n, unsigned int *ret)
{
	unsigned int value = 0;

	for (; n; n--, (*p)++) {
		if (!isdigit((unsigned char)**p))
			return false;
		value = value * 10 + (unsigned int)(**p - '0');
	}
	*ret = value;
	return true;
}

static bool literal(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

/* "2026-01-31": days since the epoch. */
static bool date(const char **p, int64_t *ret_days)
{
	unsigned int year, month, day;

	if (!digits(p, 4, &year) || !literal(p, '-') || !digits(p, 2, &month) || !literal(p, '-') ||
	    !digits(p, 2, &day))
		return false;
	if (year < 1 || month < 1 || month > 12 || day < 1 ||
	    day > civil_month_days((int32_t)year, month))
		return false;
	*ret_days = civil_days(year, month, day);
	return true;
}

/* "12:00:00", with or without a fraction: seconds of the day. 60 is a leap second, checked later. */
static bool time_of_day(const char **p, int64_t *ret_s, bool *ret_leap)
{
	unsigned int hour, minute, second;

	if (!digits(p, 2, &hour) || !literal(p, ':') || !digits(p, 2, &minute) ||
	    !literal(p, ':') || !digits(p, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	if (literal(p, '.')) {
		if (!isdigit((unsigned char)**p))
			return false;
		while (isdigit((unsigned char)**p))
			(*p)++;
	}
	*ret_leap = second == 60;
	*ret_s = hour * HOUR + minute * 60 + second;
	return true;
}

/* "Z" or "+05:30": seconds east of UTC. */
static bool offset(const char **p, int64_t *ret_s)
{
	bool west = **p == '-';
	unsigned int hour, minute;

	*ret_s = 0;
	if (literal(p, 'Z') || literal(p, 'z'))
		return true;
	if (!(west || **p == '+'))
		return false;
	(*p)++;
	if (!digits(p, 2, &hour) || !literal(p, ':') || !digits(p, 2, &minute) || hour > 23 ||
	    minute > 59)
		return false;
	*ret_s = hour * HOUR + minute * 60;
	if (west)
		*ret_s = -*ret_s;
	return true;
}

/* A leap second is the last of a month in UTC (RFC 3339 5.7); t is the second after it. */
static bool ends_month(int64_t t)
{
	return t % DAY_S == 0 && civil_date(t / DAY_S).day == 1;
}

static int rfc3339(const char *p, int64_t *ret)
{
	int64_t days, second, east, t;
	bool leap;

	if (!date(&p, &days))
		return -EINVAL;
	/* 5.6: lower case is as good, and so is a space, for people's sake. */
	if (*p != 'T' && *p != 't' && *p != ' ')
		return -EINVAL;
	p++;
	if (!time_of_day(&p, &second, &leap) || !offset(&p, &east) || *p)
		return -EINVAL;
	t = days * DAY_S + second - east;
	if (t < TIME_MIN || t > TIME_MAX || (leap && !ends_month(t)))
		return -EINVAL;
	*ret = t;
	return 0;
}

static int unix_seconds(const char *p, int64_t *ret)
{
	bool negative = literal(&p, '-');
	int64_t t = 0;

	if (!*p)
		return -EINVAL;
	for (; *p; p++) {
		if (!isdigit((unsigned char)*p))
			return -EINVAL;
		t = t * 10 + (*p - '0');
		if (t > TIME_MAX)
			return -EINVAL;
	}
	t = negative ? -t : t;
	if (t < TIME_MIN)
		return -EINVAL;
	*ret = t;
	return 0;
}

int time_parse(const char *text, int64_t *ret)
{
	return unix_seconds(text, ret) && rfc3339(text, ret) ? -EINVAL : 0;
}

const char *time_format(int64_t t, char buf[TIME_TEXT])
{
	struct civil c = zone_civil("UTC", t);

	snprintf(buf, TIME_TEXT, "%04d-%02u-%02uT%02u:%02u:%02uZ", c.year, c.month, c.day, c.hour,
		 c.minute, c.second);
	return buf;
}
