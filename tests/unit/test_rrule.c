// SPDX-License-Identifier: Apache-2.0
/*
 * test_rrule.c - recurrence rules: RFC 5545's own examples, what is refused and in which words.
 * Thousands of other rules: test_time_tables.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../../user/conf/rrule.h"

#define COUNT(array)   (sizeof(array) / sizeof((array)[0]))
#define RFC_ZONE       "America/New_York"
#define NINE(y, mo, d) (&(const struct civil){ y, mo, d, 9, 0, 0 })

struct days {
	const char *zone;
	char text[8192];
	size_t used;
	unsigned int n, stop_after;
};

/* "1997-09-02 1997-09-03", local dates; all at 9:00 but where the clock says otherwise. */
static int add_day(int64_t start, void *context)
{
	struct days *d = context;
	struct civil c = zone_civil(d->zone, start);

	d->used += (size_t)snprintf(d->text + d->used, sizeof(d->text) - d->used,
				    "%s%04d-%02u-%02u", d->n ? " " : "", c.year, c.month, c.day);
	assert_in_range(d->used, 0, sizeof(d->text) - 1);
	if (c.hour != 9)
		d->used += (size_t)snprintf(d->text + d->used, sizeof(d->text) - d->used,
					    "T%02u:%02u", c.hour, c.minute);
	return ++d->n == d->stop_after;
}

static struct rrule parsed(const char *text)
{
	struct rrule r;
	char why[RRULE_WHY];

	if (rrule_parse(text, RFC_ZONE, &r, why, sizeof(why)))
		fail_msg("\"%s\": %s", text, why);
	return r;
}

/* Those of the first years, at most n of them. */
static void assert_days_in(const char *zone, const char *expected, const char *rule,
			   const struct civil *first, unsigned int n)
{
	struct rrule r = parsed(rule);
	struct days d = { .zone = zone, .stop_after = n };

	rrule_each(&r, first, zone, TIME_MIN, 4102444800 /* 2100 */, add_day, &d);
	assert_string_equal(expected, d.text);
}

static void assert_days(const char *expected, const char *rule, const struct civil *first,
			unsigned int n)
{
	assert_days_in(RFC_ZONE, expected, rule, first, n);
}

static unsigned int count_between(const char *rule, const struct civil *first, int64_t from,
				  int64_t before)
{
	struct rrule r = parsed(rule);
	struct days d = { .zone = "UTC" };

	rrule_each(&r, first, "UTC", from, before, add_day, &d);
	return d.n;
}

static void days_and_weeks_recur_as_in_the_rfc(void **state)
{
	(void)state;
	assert_days("1997-09-02 1997-09-03 1997-09-04 1997-09-05 1997-09-06 1997-09-07 1997-09-08 "
		    "1997-09-09 1997-09-10 1997-09-11",
		    "FREQ=DAILY;COUNT=10", NINE(1997, 9, 2), 0);
	assert_days("1997-09-02 1997-09-12 1997-09-22 1997-10-02 1997-10-12",
		    "FREQ=DAILY;INTERVAL=10;COUNT=5", NINE(1997, 9, 2), 0);
	assert_days("1997-09-02 1997-09-09 1997-09-16 1997-09-23 1997-09-30 1997-10-07 1997-10-14 "
		    "1997-10-21 1997-10-28 1997-11-04",
		    "RRULE:FREQ=WEEKLY;COUNT=10", NINE(1997, 9, 2), 0);
	assert_days("1997-09-01 1997-09-03 1997-09-05 1997-09-15 1997-09-17 1997-09-19 1997-09-29 "
		    "1997-10-01 1997-10-03 1997-10-13 1997-10-15 1997-10-17 1997-10-27 1997-10-29 "
		    "1997-10-31 1997-11-10 1997-11-12 1997-11-14 1997-11-24 1997-11-26 1997-11-28 "
		    "1997-12-08 1997-12-10 1997-12-12 1997-12-22",
		    "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR",
		    NINE(1997, 9, 1), 0);
}

static void the_week_start_decides_which_weeks_are_every_other(void **state)
{
	(void)state;
	assert_days("1997-08-05 1997-08-10 1997-08-19 1997-08-24",
		    "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", NINE(1997, 8, 5), 0);
	assert_days("1997-08-05 1997-08-17 1997-08-19 1997-08-31",
		    "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", NINE(1997, 8, 5), 0);
	/* Monday, where the rule does not say. */
	assert_days("1997-08-05 1997-08-10 1997-08-19 1997-08-24",
		    "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU", NINE(1997, 8, 5), 0);
}

static void months_recur_as_in_the_rfc(void **state)
{
	(void)state;
	assert_days("1997-09-05 1997-10-03 1997-11-07 1997-12-05 1998-01-02 1998-02-06 1998-03-06 "
		    "1998-04-03 1998-05-01 1998-06-05",
		    "FREQ=MONTHLY;COUNT=10;BYDAY=1FR", NINE(1997, 9, 5), 0);
	assert_days("1997-09-07 1997-09-28 1997-11-02 1997-11-30 1998-01-04 1998-01-25 1998-03-01 "
		    "1998-03-29 1998-05-03 1998-05-31",
		    "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU", NINE(1997, 9, 7), 0);
	assert_days("1997-09-22 1997-10-20 1997-11-17 1997-12-22 1998-01-19 1998-02-16",
		    "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", NINE(1997, 9, 22), 0);
	assert_days("1997-09-28 1997-10-29 1997-11-28 1997-12-29 1998-01-29 1998-02-26",
		    "FREQ=MONTHLY;BYMONTHDAY=-3", NINE(1997, 9, 28), 6);
	assert_days("1997-09-30 1997-10-01 1997-10-31 1997-11-01 1997-11-30 1997-12-01 1997-12-31 "
		    "1998-01-01 1998-01-31 1998-02-01",
		    "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1", NINE(1997, 9, 30), 0);
	assert_days("1998-02-13 1998-03-13 1998-11-13 1999-08-13 2000-10-13",
		    "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", NINE(1997, 9, 2), 5);
	assert_days("1997-09-13 1997-10-11 1997-11-08 1997-12-13 1998-01-10 1998-02-07 1998-03-07 "
		    "1998-04-11 1998-05-09 1998-06-13",
		    "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13", NINE(1997, 9, 13), 10);
}

static void years_recur_as_in_the_rfc(void **state)
{
	(void)state;
	assert_days("1997-06-10 1997-07-10 1998-06-10 1998-07-10 1999-06-10 1999-07-10 2000-06-10 "
		    "2000-07-10 2001-06-10 2001-07-10",
		    "FREQ=YEARLY;COUNT=10;BYMONTH=6,7", NINE(1997, 6, 10), 0);
	assert_days("1997-03-13 1997-03-20 1997-03-27 1998-03-05 1998-03-12 1998-03-19 1998-03-26",
		    "FREQ=YEARLY;BYMONTH=3;BYDAY=TH", NINE(1997, 3, 13), 7);
	assert_days("1996-11-05 2000-11-07 2004-11-02",
		    "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
		    NINE(1996, 11, 5), 3);
	assert_days("1997-10-26 1998-10-25 1999-10-31", "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
		    NINE(1997, 10, 26), 3);
	assert_days("2024-02-29 2028-02-29 2032-02-29", "FREQ=YEARLY", NINE(2024, 2, 29), 3);
}

static void until_includes_its_own_moment(void **state)
{
	static const char *const rules[] = {
		"FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA",
		"FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1",
		"FREQ=DAILY;UNTIL=20000131T090000;BYMONTH=1",
		"FREQ=DAILY;UNTIL=20000131;BYMONTH=1",
	};
	struct rrule r;
	struct days d;

	(void)state;
	for (size_t i = 0; i < COUNT(rules); i++) {
		r = parsed(rules[i]);
		d = (struct days){ .zone = RFC_ZONE };
		rrule_each(&r, NINE(1998, 1, 1), RFC_ZONE, TIME_MIN, TIME_MAX, add_day, &d);
		assert_int_equal(93, d.n);
	}
	r = parsed("FREQ=DAILY;UNTIL=20000131T135959Z;BYMONTH=1");
	d = (struct days){ .zone = RFC_ZONE };
	rrule_each(&r, NINE(1998, 1, 1), RFC_ZONE, TIME_MIN, TIME_MAX, add_day, &d);
	assert_int_equal(92, d.n);
}

static void a_date_that_does_not_exist_is_left_out(void **state)
{
	(void)state;
	assert_days("2007-01-15 2007-01-30 2007-02-15 2007-03-15 2007-03-30",
		    "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", NINE(2007, 1, 15), 0);
	assert_days("2026-01-31 2026-03-31 2026-05-31", "FREQ=MONTHLY", NINE(2026, 1, 31), 3);
	assert_days("2026-03-30 2026-06-29 2026-08-31", "FREQ=MONTHLY;BYDAY=5MO", NINE(2026, 1, 1),
		    3);
}

static void a_time_that_does_not_exist_moves_forward(void **state)
{
	const struct civil first = { 2026, 3, 28, 2, 30, 0 };

	(void)state;
	assert_days_in("Europe/Berlin", "2026-03-28T02:30 2026-03-29T03:30 2026-03-30T02:30",
		       "FREQ=DAILY;COUNT=3", &first, 0);
}

static void the_beginning_counts_only_where_the_rule_gives_it(void **state)
{
	(void)state;
	/* A Tuesday. */
	assert_days("1997-09-03 1997-09-10", "FREQ=WEEKLY;COUNT=2;BYDAY=WE", NINE(1997, 9, 2), 0);
	assert_days("1997-09-02 1997-09-03", "FREQ=WEEKLY;COUNT=2;BYDAY=TU,WE", NINE(1997, 9, 2),
		    0);
	assert_days("1997-10-01 1997-11-01", "FREQ=MONTHLY;COUNT=2;BYMONTHDAY=1", NINE(1997, 9, 2),
		    0);
}

static void plain_weekdays_and_ordinals_add_up(void **state)
{
	(void)state;
	assert_days("2026-02-02 2026-02-06 2026-02-13 2026-02-20 2026-02-27 2026-03-02",
		    "FREQ=MONTHLY;BYDAY=FR,1MO", NINE(2026, 2, 1), 6);
}

static void only_what_begins_in_the_asked_range_is_found(void **state)
{
	static const char *const rules[] = { "FREQ=DAILY", "FREQ=DAILY;COUNT=10000",
					     "FREQ=DAILY;BYMONTH=1,2;COUNT=10000" };
	const int64_t start = 1769936400; /* 2026-02-01T09:00:00Z */

	(void)state;
	for (size_t i = 0; i < COUNT(rules); i++) {
		const struct civil *first = NINE(2006, 1, 1);

		assert_int_equal(1, count_between(rules[i], first, start, start + 1));
		assert_int_equal(0, count_between(rules[i], first, start + 1, start + 86400));
		assert_int_equal(2, count_between(rules[i], first, start, start + 86401));
		assert_int_equal(0, count_between(rules[i], first, start, start));
	}
	/* 20 years with 5 leap days come before. */
	assert_int_equal(0, count_between("FREQ=DAILY;COUNT=7336", NINE(2006, 1, 1), start,
					  start + 864000));
	assert_int_equal(2, count_between("FREQ=DAILY;COUNT=7338", NINE(2006, 1, 1), start,
					  start + 864000));
}

/* The longest of them look at every day of 10,000 years. */
static void a_hostile_rule_ends_and_costs_little(void **state)
{
	static const char *const rules[] = {
		"FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2",
		"FREQ=DAILY;BYMONTHDAY=30;BYMONTH=2",
		"FREQ=YEARLY;BYMONTHDAY=-31;BYMONTH=2",
		"FREQ=MONTHLY;INTERVAL=12;BYMONTH=5",
		"FREQ=DAILY;INTERVAL=7;BYDAY=SU;COUNT=4294967295",
		"FREQ=DAILY;INTERVAL=4294967295",
		"FREQ=WEEKLY;INTERVAL=4294967295;COUNT=4294967295;BYDAY=SA",
		"FREQ=YEARLY;INTERVAL=4294967295;BYMONTH=1",
	};
	const clock_t begin = clock();

	(void)state;
	for (size_t i = 0; i < COUNT(rules); i++)
		assert_int_equal(0, count_between(rules[i], NINE(1, 1, 1), TIME_MIN + 864000,
						  TIME_MAX));
	for (size_t i = 0; i < COUNT(rules); i++)
		assert_int_equal(0,
				 count_between(rules[i], NINE(1, 1, 1), INT64_MAX - 1, INT64_MAX));
	assert_true(clock() - begin < 5 * CLOCKS_PER_SEC);
}

static void what_is_no_rule_is_refused_in_plain_words(void **state)
{
	static const struct {
		const char *rule, *why;
	} cases[] = {
		{ "", "write, say, FREQ=WEEKLY;BYDAY=SU" },
		{ "RRULE:", "write, say, FREQ=WEEKLY;BYDAY=SU" },
		{ "BYDAY=SU", "FREQ is missing" },
		{ "FREQ", "FREQ has no value" },
		{ "FREQ=", "FREQ has no value" },
		{ "FREQ=HOURLY", "FREQ=HOURLY is not supported here: write DAILY" },
		{ "FREQ=NEVER", "FREQ=NEVER is no frequency: write DAILY, WEEKLY" },
		{ "FREQ=DAILY;", "an empty part" },
		{ "FREQ=DAILY;;COUNT=1", "an empty part" },
		{ "FREQ=DAILY;FREQ=WEEKLY", "FREQ stands twice" },
		{ "FREQ=DAILY; COUNT=1", "\" COUNT\" is no part" },
		{ "FREQ=DAILY;BYSETPOS=1", "BYSETPOS is not supported here: FREQ, INTERVAL" },
		{ "FREQ=DAILY;BYHOUR=9,10", "BYHOUR is not supported here" },
		{ "FREQ=YEARLY;BYWEEKNO=20", "BYWEEKNO is not supported here" },
		{ "FREQ=YEARLY;BYYEARDAY=100", "BYYEARDAY is not supported here" },
		{ "FREQ=DAILY;COLOUR=RED", "\"COLOUR\" is no part of a recurrence rule: FREQ" },
		{ "FREQ=DAILY;COL\nOUR=RED", "\"COL?OUR\" is no part" },
		{ "FREQ=DAILY;INTERVAL=0", "INTERVAL=0: write a whole number from 1" },
		{ "FREQ=DAILY;INTERVAL=-1", "INTERVAL=-1: write" },
		{ "FREQ=DAILY;INTERVAL=1.5", "INTERVAL=1.5: write" },
		{ "FREQ=DAILY;INTERVAL=4294967296", "INTERVAL=4294967296: write" },
		{ "FREQ=DAILY;INTERVAL=99999999999999999999999999999999999999999999",
		  "INTERVAL=999999999999999999999999999999999999...: write" },
		{ "FREQ=DAILY;COUNT=0", "COUNT=0: write a whole number from 1" },
		{ "FREQ=DAILY;COUNT=1;UNTIL=20261231", "COUNT and UNTIL exclude each other" },
		{ "FREQ=DAILY;UNTIL=2026-12-31", "UNTIL=2026-12-31: write 20261231" },
		{ "FREQ=DAILY;UNTIL=20260229", "UNTIL=20260229: write" },
		{ "FREQ=DAILY;UNTIL=00000101", "UNTIL=00000101: write" },
		{ "FREQ=DAILY;UNTIL=20261231T2400", "UNTIL=20261231T2400: write" },
		{ "FREQ=DAILY;UNTIL=20261231T240000Z", "UNTIL=20261231T240000Z: write" },
		{ "FREQ=DAILY;UNTIL=20261231X235959Z", "UNTIL=20261231X235959Z: write" },
		{ "FREQ=DAILY;UNTIL=20261231T235959X", "UNTIL=20261231T235959X: write" },
		{ "FREQ=DAILY;BYMONTH=0", "\"0\" is no month: write 1 to 12" },
		{ "FREQ=DAILY;BYMONTH=1,13", "\"13\" is no month" },
		{ "FREQ=DAILY;BYMONTH=1,", "\"\" is no month" },
		{ "FREQ=DAILY;BYMONTH=JAN", "\"JAN\" is no month" },
		{ "FREQ=MONTHLY;BYMONTHDAY=0", "\"0\" is no day of a month: write 1 to 31" },
		{ "FREQ=MONTHLY;BYMONTHDAY=32", "\"32\" is no day" },
		{ "FREQ=MONTHLY;BYMONTHDAY=-32", "\"-32\" is no day" },
		{ "FREQ=MONTHLY;BYMONTHDAY=--1", "\"--1\" is no day" },
		{ "FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY says nothing with FREQ=WEEKLY" },
		{ "FREQ=WEEKLY;BYDAY=SUN", "\"SUN\" is no weekday: write MO" },
		{ "FREQ=WEEKLY;BYDAY=S", "\"S\" is no weekday" },
		{ "FREQ=WEEKLY;BYDAY=1SU", "an ordinal (1SU) needs FREQ=MONTHLY" },
		{ "FREQ=DAILY;BYDAY=1SU", "an ordinal (1SU) needs FREQ=MONTHLY" },
		{ "FREQ=YEARLY;BYDAY=1SU", "not supported here in FREQ=YEARLY without BYMONTH" },
		{ "FREQ=MONTHLY;BYDAY=6SU", "the ordinal in \"6SU\" is not supported here" },
		{ "FREQ=MONTHLY;BYDAY=0SU", "the ordinal in \"0SU\" is not supported here" },
		{ "FREQ=MONTHLY;BYDAY=1MO,2MO,3MO,4MO,5MO,1TU,2TU,3TU,4TU,5TU,1WE,2WE,3WE,4WE,5WE,"
		  "1TH,2TH",
		  "at most 16 weekdays with an ordinal" },
		{ "FREQ=WEEKLY;WKST=1", "WKST=1: write MO" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rrule r;
		char why[RRULE_WHY] = "";

		if (rrule_parse(cases[i].rule, "UTC", &r, why, sizeof(why)) != -EINVAL)
			fail_msg("\"%s\" is read", cases[i].rule);
		if (!strstr(why, cases[i].why))
			fail_msg("\"%s\": \"%s\" does not say \"%s\"", cases[i].rule, why,
				 cases[i].why);
		assert_in_range(strlen(why), 10, RRULE_WHY - 2);
	}
}

static void case_does_not_matter(void **state)
{
	(void)state;
	assert_days("1997-09-07 1997-09-14", "rrule:freq=weekly;byday=su;until=19970914t130000z",
		    NINE(1997, 9, 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_and_weeks_recur_as_in_the_rfc),
		cmocka_unit_test(the_week_start_decides_which_weeks_are_every_other),
		cmocka_unit_test(months_recur_as_in_the_rfc),
		cmocka_unit_test(years_recur_as_in_the_rfc),
		cmocka_unit_test(until_includes_its_own_moment),
		cmocka_unit_test(a_date_that_does_not_exist_is_left_out),
		cmocka_unit_test(a_time_that_does_not_exist_moves_forward),
		cmocka_unit_test(the_beginning_counts_only_where_the_rule_gives_it),
		cmocka_unit_test(plain_weekdays_and_ordinals_add_up),
		cmocka_unit_test(only_what_begins_in_the_asked_range_is_found),
		cmocka_unit_test(a_hostile_rule_ends_and_costs_little),
		cmocka_unit_test(what_is_no_rule_is_refused_in_plain_words),
		cmocka_unit_test(case_does_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
