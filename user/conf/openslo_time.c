// SPDX-License-Identifier: Apache-2.0
/* openslo_time.c - windows of time as files say them. Zones and calendars are base/zone.h's. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../base/zone.h"
#include "openslo_read.h"

/* n digits at *p, which moves past them; -1: there are not as many. */
static int digits(const char **p, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++, ++*p) {
		if (!isdigit((unsigned char)**p))
			return -1;
		value = value * 10 + (**p - '0');
	}
	return value;
}

/* The same, with mark before them. */
static int marked(const char **p, const char *marks)
{
	if (!**p || !strchr(marks, **p))
		return -1;
	++*p;
	return digits(p, 2);
}

int civil_parse(const char *text, struct civil *ret)
{
	int year = digits(&text, 4), month = marked(&text, "-"), day = marked(&text, "-");
	int hour = 0, minute = 0, second = 0;

	if (year < 1 || month < 1 || month > 12 || day < 1 ||
	    day > (int)civil_month_days(year, (unsigned int)month))
		return -EINVAL;
	if (*text) {
		hour = marked(&text, " T");
		minute = marked(&text, ":");
	}
	if (*text)
		second = marked(&text, ":");
	if (*text || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
	    second > 59)
		return -EINVAL;
	*ret = (struct civil){ .year = year,
			       .month = (uint8_t)month,
			       .day = (uint8_t)day,
			       .hour = (uint8_t)hour,
			       .minute = (uint8_t)minute,
			       .second = (uint8_t)second };
	return 0;
}

int read_zone(const struct world *w, const struct yaml_node *zone, const char **ret)
{
	const char *text = yaml_text(zone);

	*ret = "UTC";
	if (!zone)
		return 0;
	if (text && zone_known(text)) {
		*ret = text;
		return 0;
	}
	ERROR_AT(
		w, zone->place,
		"timeZone: '%.60s' is not in this machine's zone database; write an IANA name like "
		"Europe/Zurich",
		text ? text : "");
	return -EINVAL;
}

/* RFC 3339, with Z or an offset behind the time. */
static bool has_zone(const char *text)
{
	return strlen(text) > strlen("2026-01-01T00:00:00") && strchr(text, '-') &&
	       !time_parse(text, &(int64_t){ 0 });
}

static void read_calendar(const struct world *w, const struct yaml_node *calendar,
			  struct time_window *ret)
{
	const struct yaml_node *start = yaml_get(calendar, "startTime");
	const char *text = yaml_text(start);
	struct civil c;

	if (!yaml_get(calendar, "timeZone"))
		WARNING_AT(w, calendar->place,
			   "'timeZone' is missing; UTC is assumed, write timeZone: UTC");
	read_zone(w, yaml_get(calendar, "timeZone"), &ret->zone);
	if (!text || !*text)
		return;
	if (civil_parse(text, &c)) {
		if (has_zone(text))
			ERROR_AT(
				w, start->place,
				"startTime: '%.60s' has a zone in it, which belongs into timeZone; "
				"write startTime: %.10s %.8s",
				text, text, text + strlen("2026-01-01T"));
		else
			ERROR_AT(
				w, start->place,
				"startTime: '%.60s' is no date with a time; write one like 2026-01-01 00:00:00",
				text);
		return;
	}
	if (strlen(text) != strlen("2026-01-01 00:00:00") || strchr(text, 'T'))
		WARNING_AT(
			w, start->place,
			"startTime: write '%04d-%02u-%02u %02u:%02u:%02u': not every tool takes '%s'",
			c.year, c.month, c.day, c.hour, c.minute, c.second, text);
	ret->start_year = (int16_t)c.year;
	ret->start_month = c.month;
	ret->start_day = c.day;
	ret->start_hour = c.hour;
	ret->start_minute = c.minute;
	ret->start_second = c.second;
}

struct time_window read_window(const struct world *w, const struct yaml_node *list)
{
	struct time_window ret = { .rolling = true, .zone = "UTC" };
	const struct yaml_node *window, *calendar, *rolling;
	const char *duration;

	if (!list || list->kind != YAML_SEQUENCE)
		return ret;
	if (list->n != 1)
		ERROR_AT(w, list->place, "timeWindow has exactly one item, not %zu; write %s",
			 list->n, "[{duration: 28d, isRolling: true}]");
	window = list->n ? list->item[0] : NULL;
	calendar = yaml_get(window, "calendar");
	rolling = yaml_get(window, "isRolling");
	duration = yaml_text(yaml_get(window, "duration"));
	if (duration)
		span_parse(duration, &ret.span);
	ret.rolling = node_bool(rolling, !calendar);
	if (calendar && ret.rolling)
		ERROR_AT(w, calendar->place,
			 "'calendar' together with isRolling: true; leave one of them out");
	else if (window && !calendar && !ret.rolling)
		ERROR_AT(
			w, rolling->place,
			"isRolling: false needs 'calendar'; write calendar: {startTime: 2026-01-01 "
			"00:00:00, timeZone: UTC}");
	else if (window && !calendar && !rolling)
		WARNING_AT(w, window->place, "'isRolling' is missing; true is assumed, write it");
	if (calendar && calendar->kind == YAML_MAPPING)
		read_calendar(w, calendar, &ret);
	return ret;
}
