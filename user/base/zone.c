// SPDX-License-Identifier: Apache-2.0
/*
 * zone.c - asks the C library for local time, and finds back from local time to Unix seconds.
 * Reading and printing times as text is in time_text.c.
 */
#include "zone.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cleanup.h"

#define DAY_S 86400
#define HOUR  3600

#define ZONE_NAME_MAX 255
#define ZONE_DIR      "/usr/share/zoneinfo"

/* No offset is further from UTC than this (RFC 8536 3.2: less than 25 hours west, 26 east). */
#define OFFSET_LIMIT_S (26 * HOUR)

int64_t civil_days(int64_t year, unsigned int month, int64_t day)
{
	/* Years begin in March here, so that a leap day is the last of its year. */
	int64_t y = month > 2 ? year : year - 1;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t before_month = ((month + 9) % 12 * 153 + 2) / 5;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + before_month + day - 1 -
	       719468;
}

struct civil civil_date(int64_t days)
{
	int64_t since = days + 719468; /* 1 March of the year 0 */
	int64_t era = (since >= 0 ? since : since - 146096) / 146097;
	int64_t of_era = since - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t day = of_era - (year * 365 + year / 4 - year / 100);
	int64_t month = (day * 5 + 2) / 153;
	struct civil c = { 0 };

	c.day = (uint8_t)(day - (month * 153 + 2) / 5 + 1);
	c.month = (uint8_t)(month < 10 ? month + 3 : month - 9);
	c.year = (int32_t)(year + era * 400 + (c.month <= 2));
	return c;
}

unsigned int civil_month_days(int32_t year, unsigned int month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[(month - 1) % 12] + (month == 2 && leap);
}

/* What c would be if its clock showed UTC. */
static int64_t civil_seconds(const struct civil *c)
{
	return civil_days(c->year, c->month, c->day) * DAY_S + c->hour * HOUR + c->minute * 60 +
	       c->second;
}

static struct civil seconds_civil(int64_t t)
{
	int64_t days = t / DAY_S - (t % DAY_S < 0);
	int64_t second = t - days * DAY_S;
	struct civil c = civil_date(days);

	c.hour = (uint8_t)(second / HOUR);
	c.minute = (uint8_t)(second / 60 % 60);
	c.second = (uint8_t)(second % 60);
	return c;
}

static bool is_utc(const char *zone)
{
	return !strcmp(zone, "UTC");
}

/* A name of the database: no part of it is empty or begins with a dot. */
static bool name_is_sound(const char *zone)
{
	if (!*zone || *zone == ':' || strlen(zone) > ZONE_NAME_MAX)
		return false;
	/* These count leap seconds, which Unix seconds do not. */
	if (!strncmp(zone, "right/", 6))
		return false;
	for (const char *part = zone; part; part = strchr(part, '/')) {
		part += part != zone;
		if (!*part || *part == '/' || *part == '.')
			return false;
	}
	return true;
}

static const char *zone_dir(void)
{
	const char *dir = getenv("TZDIR");

	return dir && *dir ? dir : ZONE_DIR;
}

bool zone_known(const char *zone)
{
	_cleanup_(freep) char *path = NULL;
	_cleanup_(closep) int fd = -1;
	struct stat st;
	char magic[4];

	if (is_utc(zone))
		return true;
	if (!name_is_sound(zone) || asprintf(&path, "%s/%s", zone_dir(), zone) < 0)
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	return read(fd, magic, sizeof(magic)) == sizeof(magic) &&
	       !memcmp(magic, "TZif", sizeof(magic));
}

/*
 * The C library now reads zone's clock. TZ is set in an environment of its own for the moment of
 * tzset(), so the process's is never touched and nothing can fail. The library reads the zone's file
 * only where the zone is not the one it has; what others make it read in between costs time, not truth.
 */
static void zone_use(const char *zone)
{
	char tz[sizeof("TZ=") + ZONE_NAME_MAX];
	char *own[] = { tz, NULL, NULL };
	char **process = environ;

	snprintf(tz, sizeof(tz), "TZ=%s", zone);
	for (char **e = process; e && *e; e++)
		if (!strncmp(*e, "TZDIR=", 6))
			own[1] = *e;
	environ = own;
	tzset();
	environ = process;
}

static int64_t within_years(int64_t t)
{
	return t < TIME_MIN ? TIME_MIN : t > TIME_MAX ? TIME_MAX : t;
}

/* Seconds east of UTC at t, by the zone in use. */
static int64_t offset_at(int64_t t)
{
	time_t clock = within_years(t);
	struct tm tm;

	return localtime_r(&clock, &tm) ? tm.tm_gmtoff : 0;
}

struct civil zone_civil(const char *zone, int64_t t)
{
	t = within_years(t);
	if (is_utc(zone))
		return seconds_civil(t);
	zone_use(zone);
	return seconds_civil(t + offset_at(t));
}

/* The first moment in (from, to] at which the offset is not that of from; it is another one at to. */
static int64_t offset_changed(int64_t from, int64_t to)
{
	int64_t before = offset_at(from);

	while (to - from > 1) {
		int64_t middle = from + (to - from) / 2;

		if (offset_at(middle) == before)
			from = middle;
		else
			to = middle;
	}
	return to;
}

/* A stretch of time at a time, in which the offset stays the same: the first that shows local. */
static int64_t search(int64_t local)
{
	int64_t from = local - OFFSET_LIMIT_S, end = local + OFFSET_LIMIT_S;
	int64_t skipped = INT64_MIN;

	while (from < end) {
		int64_t offset = offset_at(from), to = from, t = local - offset;

		while (to < end && offset_at(to) == offset)
			to += HOUR;
		if (offset_at(to) != offset)
			to = offset_changed(to - HOUR, to);
		if (t >= from && t < to)
			return t;
		/* Not yet shown when the offset changed, and by the new one it is over. */
		if (skipped == INT64_MIN && t >= to && local < to + offset_at(to))
			skipped = t;
		from = to;
	}
	return skipped;
}

int64_t zone_unix(const char *zone, const struct civil *c)
{
	int64_t local = civil_seconds(c), offset;

	if (is_utc(zone))
		return local;
	zone_use(zone);
	/*
	 * Nearly always nothing changes for days around. Two changes that undo each other within 26 hours
	 * would go unseen here; the shortest such time in all of the zone database is 95 hours.
	 */
	offset = offset_at(local - OFFSET_LIMIT_S);
	if (offset_at(local + OFFSET_LIMIT_S) == offset && offset_at(local - offset) == offset)
		return local - offset;
	return search(local);
}
