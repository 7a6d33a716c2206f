// SPDX-License-Identifier: Apache-2.0
/*
 * rrule_parse.c - reads a recurrence rule part by part, and says what is wrong with it.
 * What a rule gives is rrule.c's.
 */
#include "rrule.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* A piece of the text. */
struct token {
	const char *at;
	size_t n;
};

struct reader {
	const char *zone;
	struct rrule *rule;
	unsigned int seen; /* bit by part */
	char *why;
	size_t why_size;
};

static const char *const weekday_names[] = { "MO", "TU", "WE", "TH", "FR", "SA", "SU" };
static const char *const freq_names[] = { "DAILY", "WEEKLY", "MONTHLY", "YEARLY" };
static const char *const other_freqs[] = { "SECONDLY", "MINUTELY", "HOURLY" };
static const char *const other_parts[] = { "BYSECOND",	"BYMINUTE", "BYHOUR",
					   "BYYEARDAY", "BYWEEKNO", "BYSETPOS" };

#define SUPPORTED "FREQ, INTERVAL, COUNT, UNTIL, BYMONTH, BYMONTHDAY, BYDAY and WKST are"

__attribute__((format(printf, 2, 3))) static int wrong(struct reader *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->why, r->why_size, format, args);
	va_end(args);
	return -EINVAL;
}

/* A token fit for a message: the beginning of it, what is not plain ASCII as '?'. */
struct quoted {
	char text[40];
};

static struct quoted quote(struct token t)
{
	struct quoted q = { "" };
	size_t n = t.n < sizeof(q.text) - 4 ? t.n : sizeof(q.text) - 4;

	for (size_t i = 0; i < n; i++)
		q.text[i] = t.at[i] >= ' ' && t.at[i] <= '~' ? t.at[i] : '?';
	if (n < t.n)
		strcpy(q.text + n, "...");
	return q;
}

#define QUOTE(token) (quote(token).text)

static bool is(struct token t, const char *word)
{
	return strlen(word) == t.n && !strncasecmp(t.at, word, t.n);
}

static int index_of(struct token t, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is(t, words[i]))
			return (int)i;
	return -1;
}

/* What stands before the next separator, which rest is moved past; at the end, rest->at is NULL. */
static struct token cut(struct token *rest, char separator)
{
	const char *end = memchr(rest->at, separator, rest->n);
	struct token t = { rest->at, end ? (size_t)(end - rest->at) : rest->n };

	rest->at = end ? end + 1 : NULL;
	rest->n -= end ? t.n + 1 : t.n;
	return t;
}

/* Digits only: a number from min to max. */
static bool number(struct token t, uint32_t min, uint32_t max, uint32_t *ret)
{
	uint64_t n = 0;

	for (size_t i = 0; i < t.n; i++) {
		if (!isdigit((unsigned char)t.at[i]))
			return false;
		n = n * 10 + (uint64_t)(t.at[i] - '0');
		if (n > max)
			return false;
	}
	*ret = (uint32_t)n;
	return t.n && n >= min;
}

/* As number(), with a sign before it. */
static bool signed_number(struct token t, uint32_t max, int *ret)
{
	bool negative = t.n && *t.at == '-';
	uint32_t n;

	if (t.n && (*t.at == '-' || *t.at == '+'))
		t = (struct token){ t.at + 1, t.n - 1 };
	if (!number(t, 1, max, &n))
		return false;
	*ret = negative ? -(int)n : (int)n;
	return true;
}

static int read_freq(struct reader *r, struct token value)
{
	int i = index_of(value, freq_names, ARRAY_SIZE(freq_names));

	if (i < 0)
		return wrong(r, "FREQ=%s is %s: write DAILY, WEEKLY, MONTHLY or YEARLY",
			     QUOTE(value),
			     index_of(value, other_freqs, ARRAY_SIZE(other_freqs)) < 0 ?
				     "no frequency" :
				     "not supported here");
	r->rule->freq = (__typeof__(r->rule->freq))i;
	return 0;
}

static int read_interval(struct reader *r, struct token value)
{
	if (number(value, 1, UINT32_MAX, &r->rule->interval))
		return 0;
	return wrong(r, "INTERVAL=%s: write a whole number from 1 on", QUOTE(value));
}

static int read_count(struct reader *r, struct token value)
{
	if (number(value, 1, UINT32_MAX, &r->rule->count))
		return 0;
	return wrong(r, "COUNT=%s: write a whole number from 1 on", QUOTE(value));
}

/* n digits of t from at on, as a number; what is no digit makes it too large for anything. */
static uint32_t field(struct token t, size_t at, size_t n)
{
	uint32_t value;

	return number((struct token){ t.at + at, n }, 0, 9999, &value) ? value : UINT32_MAX;
}

/* 20261231, 20261231T235959 or, timed as well, 20261231T235959Z. */
static bool date_and_time(struct token t, bool timed, struct civil *ret)
{
	uint32_t year = field(t, 0, 4), month = field(t, 4, 2), day = field(t, 6, 2);
	uint32_t hour = timed ? field(t, 9, 2) : 0, minute = timed ? field(t, 11, 2) : 0;
	uint32_t second = timed ? field(t, 13, 2) : 0;

	if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 ||
	    day > civil_month_days((int32_t)year, month))
		return false;
	if (hour > 23 || minute > 59 || second > 59 ||
	    (timed && toupper((unsigned char)t.at[8]) != 'T'))
		return false;
	*ret = (struct civil){ (int32_t)year, (uint8_t)month,  (uint8_t)day,
			       (uint8_t)hour, (uint8_t)minute, (uint8_t)second };
	return true;
}

static int read_until(struct reader *r, struct token value)
{
	bool utc = value.n == 16 && toupper((unsigned char)value.at[15]) == 'Z';
	bool timed = utc || value.n == 15;
	struct civil c;

	if (!(timed || value.n == 8) || !date_and_time(value, timed, &c))
		return wrong(r,
			     "UNTIL=%s: write 20261231, 20261231T235959Z (UTC) or "
			     "20261231T235959 (local time)",
			     QUOTE(value));
	/* A date is its whole day, to the last second. */
	c.day += !timed;
	r->rule->until = zone_unix(utc ? "UTC" : r->zone, &c) - !timed;
	return 0;
}

static int read_months(struct reader *r, struct token value)
{
	do {
		struct token one = cut(&value, ',');
		uint32_t n;

		if (!number(one, 1, 12, &n))
			return wrong(r,
				     "BYMONTH: \"%s\" is no month: write 1 to 12, with commas "
				     "between",
				     QUOTE(one));
		r->rule->months |= (uint16_t)(1 << n);
	} while (value.at);
	return 0;
}

static int read_month_days(struct reader *r, struct token value)
{
	do {
		struct token one = cut(&value, ',');
		int n;

		if (!signed_number(one, 31, &n))
			return wrong(r,
				     "BYMONTHDAY: \"%s\" is no day of a month: write 1 to 31, or "
				     "-1 (the last) to -31",
				     QUOTE(one));
		if (n > 0)
			r->rule->days |= 1u << n;
		else
			r->rule->days_end |= 1u << -n;
	} while (value.at);
	return 0;
}

static int add_nth(struct reader *r, int n, int weekday)
{
	struct rrule *rule = r->rule;

	for (unsigned int i = 0; i < rule->n_nth; i++)
		if (rule->nth[i].n == n && rule->nth[i].weekday == weekday)
			return 0;
	if (rule->n_nth == ARRAY_SIZE(rule->nth))
		return wrong(r, "BYDAY: at most %zu weekdays with an ordinal are supported here",
			     ARRAY_SIZE(rule->nth));
	rule->nth[rule->n_nth++] = (struct rrule_nth){ (int8_t)n, (uint8_t)weekday };
	return 0;
}

static int read_weekdays(struct reader *r, struct token value)
{
	do {
		struct token one = cut(&value, ',');
		struct token name = one, ordinal = { one.at, 0 };
		int weekday, n, error;

		if (one.n > 2) {
			name = (struct token){ one.at + one.n - 2, 2 };
			ordinal.n = one.n - 2;
		}
		weekday = index_of(name, weekday_names, ARRAY_SIZE(weekday_names));
		if (weekday < 0)
			return wrong(r,
				     "BYDAY: \"%s\" is no weekday: write MO, TU, WE, TH, FR, SA "
				     "or SU, with an ordinal as in 1SU or -1FR",
				     QUOTE(one));
		if (!ordinal.n) {
			r->rule->weekdays |= (uint8_t)(1 << weekday);
			continue;
		}
		if (!signed_number(ordinal, 5, &n))
			return wrong(r,
				     "BYDAY: the ordinal in \"%s\" is not supported here: write 1 "
				     "to 5, or -1 (the last) to -5",
				     QUOTE(one));
		error = add_nth(r, n, weekday);
		if (error)
			return error;
	} while (value.at);
	return 0;
}

static int read_week_start(struct reader *r, struct token value)
{
	int weekday = index_of(value, weekday_names, ARRAY_SIZE(weekday_names));

	if (weekday < 0)
		return wrong(r, "WKST=%s: write MO, TU, WE, TH, FR, SA or SU", QUOTE(value));
	r->rule->week_start = (uint8_t)weekday;
	return 0;
}

enum part { PART_FREQ, PART_INTERVAL, PART_COUNT, PART_UNTIL, PART_OTHER };

static const struct part_row {
	const char *name;
	int (*read)(struct reader *r, struct token value);
} parts[] = {
	[PART_FREQ] = { "FREQ", read_freq },
	[PART_INTERVAL] = { "INTERVAL", read_interval },
	[PART_COUNT] = { "COUNT", read_count },
	[PART_UNTIL] = { "UNTIL", read_until },
	{ "BYMONTH", read_months },
	{ "BYMONTHDAY", read_month_days },
	{ "BYDAY", read_weekdays },
	{ "WKST", read_week_start },
};

static int read_part(struct reader *r, struct token part)
{
	struct token name = cut(&part, '=');

	if (!name.n && !part.at)
		return wrong(r, "an empty part: write one ';' between parts and none at the end");
	if (index_of(name, other_parts, ARRAY_SIZE(other_parts)) >= 0)
		return wrong(r, "%s is not supported here: " SUPPORTED, QUOTE(name));
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!is(name, parts[i].name))
			continue;
		if (!part.at || !part.n)
			return wrong(r, "%s has no value: write %s=...", parts[i].name,
				     parts[i].name);
		if (r->seen >> i & 1)
			return wrong(r, "%s stands twice: write it once, lists with commas",
				     parts[i].name);
		r->seen |= 1u << i;
		return parts[i].read(r, part);
	}
	return wrong(r, "\"%s\" is no part of a recurrence rule: " SUPPORTED, QUOTE(name));
}

/* What parts say together. */
static int check_whole(struct reader *r)
{
	const struct rrule *rule = r->rule;

	if (!(r->seen >> PART_FREQ & 1))
		return wrong(r, "FREQ is missing: write FREQ=DAILY, WEEKLY, MONTHLY or YEARLY");
	if (r->seen >> PART_COUNT & r->seen >> PART_UNTIL & 1)
		return wrong(r, "COUNT and UNTIL exclude each other: leave one out");
	if (rule->freq == RRULE_WEEKLY && (rule->days || rule->days_end))
		return wrong(r, "BYMONTHDAY says nothing with FREQ=WEEKLY: write BYDAY, or "
				"FREQ=MONTHLY");
	if (rule->n_nth && rule->freq != RRULE_MONTHLY && rule->freq != RRULE_YEARLY)
		return wrong(r, "BYDAY with an ordinal (1SU) needs FREQ=MONTHLY, or FREQ=YEARLY "
				"with BYMONTH");
	if (rule->n_nth && rule->freq == RRULE_YEARLY && !rule->months)
		return wrong(r, "BYDAY with an ordinal (1SU) is not supported here in FREQ=YEARLY "
				"without BYMONTH: add BYMONTH=1 to 12");
	return 0;
}

int rrule_parse(const char *text, const char *zone, struct rrule *ret, char *why, size_t why_size)
{
	struct rrule rule = { .interval = 1, .until = INT64_MAX };
	struct reader r = { .zone = zone, .rule = &rule, .why = why, .why_size = why_size };
	struct token rest;
	int error;

	if (!strncasecmp(text, "RRULE:", 6))
		text += 6;
	rest = (struct token){ text, strlen(text) };
	if (!rest.n)
		return wrong(&r, "an empty recurrence rule: write, say, FREQ=WEEKLY;BYDAY=SU");
	do {
		error = read_part(&r, cut(&rest, ';'));
	} while (!error && rest.at);
	if (!error)
		error = check_whole(&r);
	if (!error)
		*ret = rule;
	return error;
}
