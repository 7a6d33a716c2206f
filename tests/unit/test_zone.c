// SPDX-License-Identifier: Apache-2.0
/*
 * test_zone.c - local time and Unix seconds, there and back; what is a zone.
 * Thousands of other moments: test_time_tables.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/base/zone.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct civil at(int32_t year, uint8_t month, uint8_t day, uint8_t hour, uint8_t minute)
{
	return (struct civil){ year, month, day, hour, minute, 0 };
}

/* In UTC, as RFC 3339. */
static void assert_shown(const char *utc, const char *zone, struct civil c)
{
	char buf[TIME_TEXT];

	assert_string_equal(utc, time_format(zone_unix(zone, &c), buf));
}

static void a_reading_that_the_clock_skips_moves_forward_by_the_gap(void **state)
{
	(void)state;
	assert_shown("2026-03-29T00:59:00Z", "Europe/Berlin", at(2026, 3, 29, 1, 59));
	assert_shown("2026-03-29T01:00:00Z", "Europe/Berlin", at(2026, 3, 29, 2, 0));
	assert_shown("2026-03-29T01:30:00Z", "Europe/Berlin", at(2026, 3, 29, 2, 30));
	assert_shown("2026-03-29T01:00:00Z", "Europe/Berlin", at(2026, 3, 29, 3, 0));
	/* Half an hour, in the south. */
	assert_shown("2026-10-03T15:45:00Z", "Australia/Lord_Howe", at(2026, 10, 4, 2, 15));
	/* At midnight. */
	assert_shown("2018-11-04T03:00:00Z", "America/Sao_Paulo", at(2018, 11, 4, 0, 0));
}

static void of_a_reading_that_is_shown_twice_the_first_is_meant(void **state)
{
	(void)state;
	assert_shown("2026-10-24T23:59:00Z", "Europe/Berlin", at(2026, 10, 25, 1, 59));
	assert_shown("2026-10-25T00:00:00Z", "Europe/Berlin", at(2026, 10, 25, 2, 0));
	assert_shown("2026-10-25T00:59:00Z", "Europe/Berlin", at(2026, 10, 25, 2, 59));
	assert_shown("2026-10-25T02:00:00Z", "Europe/Berlin", at(2026, 10, 25, 3, 0));
	assert_shown("2026-04-04T14:45:00Z", "Australia/Lord_Howe", at(2026, 4, 5, 1, 45));
	assert_shown("2026-11-01T05:30:00Z", "America/New_York", at(2026, 11, 1, 1, 30));
}

static void a_day_that_the_dateline_took_moves_forward_by_a_day(void **state)
{
	(void)state;
	assert_shown("2011-12-30T09:59:00Z", "Pacific/Apia", at(2011, 12, 29, 23, 59));
	assert_shown("2011-12-30T10:00:00Z", "Pacific/Apia", at(2011, 12, 30, 0, 0));
	assert_shown("2011-12-30T22:00:00Z", "Pacific/Apia", at(2011, 12, 30, 12, 0));
	assert_shown("2011-12-30T10:00:00Z", "Pacific/Apia", at(2011, 12, 31, 0, 0));
	/* And one that it gave twice. */
	assert_shown("1969-09-30T01:00:00Z", "Pacific/Kwajalein", at(1969, 9, 30, 12, 0));
}

static void a_day_may_lie_outside_its_month(void **state)
{
	(void)state;
	assert_shown("2026-04-01T00:00:00Z", "UTC", at(2026, 3, 32, 0, 0));
	assert_shown("2024-02-29T00:00:00Z", "UTC", at(2024, 3, 0, 0, 0));
	assert_shown("2025-02-28T23:00:00Z", "Europe/Berlin", at(2025, 2, 29, 0, 0));
	assert_shown("2027-01-01T00:00:00Z", "UTC", at(2026, 12, 32, 0, 0));
}

static void a_clock_shows_its_own_offset(void **state)
{
	struct civil c = zone_civil("Asia/Kathmandu", 0);

	(void)state;
	assert_int_equal(5, c.hour);
	assert_int_equal(30, c.minute);
	c = zone_civil("Asia/Kathmandu", 1769860800); /* 2026-01-31T12:00:00Z */
	assert_int_equal(17, c.hour);
	assert_int_equal(45, c.minute);
	c = zone_civil("UTC", -1);
	assert_int_equal(1969, c.year);
	assert_int_equal(12, c.month);
	assert_int_equal(31, c.day);
	assert_int_equal(23, c.hour);
	assert_int_equal(59, c.second);
}

static void the_process_keeps_its_own_time_zone(void **state)
{
	const struct civil noon = { 2026, 7, 1, 12, 0, 0 };
	time_t t = 1782900000; /* 2026-07-01T10:00:00Z */

	(void)state;
	assert_int_equal(0, setenv("TZ", "America/New_York", 1));
	assert_int_equal(t, zone_unix("Europe/Berlin", &noon));
	assert_string_equal("America/New_York", getenv("TZ"));
	/* localtime() reads TZ: neither is fooled by the other. */
	assert_int_equal(6, localtime(&t)->tm_hour);
	assert_int_equal(t, zone_unix("Europe/Berlin", &noon));
	assert_int_equal(12, zone_civil("Europe/Berlin", t).hour);
	assert_int_equal(6, localtime(&t)->tm_hour);
	assert_int_equal(0, unsetenv("TZ"));
	assert_int_equal(12, zone_civil("Europe/Berlin", t).hour);
	assert_null(getenv("TZ"));
}

static void a_zone_is_a_name_of_the_database(void **state)
{
	static const char *const known[] = { "UTC", "Europe/Berlin", "Etc/UTC",
					     "America/Argentina/Ushuaia" };
	static const char *const unknown[] = {
		"",
		"/",
		"Europe",
		"Europe/",
		"/Europe/Paris",
		"Europe//Paris",
		"Europe/Atlantis",
		"../zoneinfo/UTC",
		":UTC",
		"Europe/../UTC",
		"./UTC",
		"UTC0",
		"zone.tab",
		"CET-1CEST,M3.5.0",
		"Europe/Berlin ",
		"right/UTC",
	};
	char name[5000];

	(void)state;
	for (size_t i = 0; i < COUNT(known); i++)
		assert_true(zone_known(known[i]));
	for (size_t i = 0; i < COUNT(unknown); i++)
		if (zone_known(unknown[i]))
			fail_msg("\"%s\" is taken for a zone", unknown[i]);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	assert_false(zone_known(name));
}

/* A database of its own for one test, with one zone in it, Mars/Base. */
static char database[32], base[64];

static int make_database(void **state)
{
	(void)state;
	strcpy(database, "/tmp/test_zone.XXXXXX");
	if (!mkdtemp(database))
		return -1;
	snprintf(base, sizeof(base), "%s/Mars", database);
	if (mkdir(base, 0700) || setenv("TZDIR", database, 1))
		return -1;
	snprintf(base, sizeof(base), "%s/Mars/Base", database);
	return 0;
}

static int remove_database(void **state)
{
	(void)state;
	unlink(base);
	*strrchr(base, '/') = 0;
	rmdir(base);
	rmdir(database);
	return unsetenv("TZDIR");
}

static void write_base(const void *data, size_t n)
{
	FILE *f = fopen(base, "w");

	assert_non_null(f);
	assert_int_equal(n, fwrite(data, 1, n, f));
	assert_int_equal(0, fclose(f));
}

static void the_database_may_lie_elsewhere(void **state)
{
	(void)state;
	assert_true(zone_known("UTC"));
	assert_false(zone_known("Europe/Berlin"));
	assert_false(zone_known("Mars"));
	assert_false(zone_known("Mars/Base"));
	assert_int_equal(0, symlink("/usr/share/zoneinfo/Asia/Kathmandu", base));
	assert_true(zone_known("Mars/Base"));
	assert_shown("2026-01-31T12:00:00Z", "Mars/Base", at(2026, 1, 31, 17, 45));
	assert_int_equal(0, unsetenv("TZDIR"));
	assert_false(zone_known("Mars/Base"));
	assert_true(zone_known("Europe/Berlin"));
}

static void what_is_no_zone_file_is_no_zone(void **state)
{
	(void)state;
	write_base("", 0);
	assert_false(zone_known("Mars/Base"));
	write_base("TZi", 3);
	assert_false(zone_known("Mars/Base"));
	write_base("TZOT2", 5);
	assert_false(zone_known("Mars/Base"));
	/* A pipe without a writer must not hold us up. */
	unlink(base);
	assert_int_equal(0, mkfifo(base, 0600));
	assert_false(zone_known("Mars/Base"));
}

static void put_number(unsigned char **to, uint32_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		*(*to)++ = (unsigned char)(n >> shift);
}

/*
 * Mars/Base is at UTC, from first (Unix seconds) on an hour further east, and from second on at
 * last_hours. RFC 8536, version 1.
 */
static void write_zone(uint32_t first, uint32_t second, uint32_t last_hours)
{
	unsigned char data[128] = "TZif", *to = data + 20;
	const uint32_t counts[] = { 0, 0, 0, 2, 3, 4 }, hours[] = { 0, 1, last_hours };

	for (size_t i = 0; i < COUNT(counts); i++)
		put_number(&to, counts[i]);
	put_number(&to, first);
	put_number(&to, second);
	*to++ = 1;
	*to++ = 2;
	for (size_t i = 0; i < COUNT(hours); i++) {
		put_number(&to, hours[i] * 3600);
		*to++ = 0;
		*to++ = 0;
	}
	memcpy(to, "MBT", 4);
	write_base(data, (size_t)(to + 4 - data));
	/* Or the C library goes on with what it read of that name. */
	zone_civil("America/New_York", 0);
	assert_true(zone_known("Mars/Base"));
}

static void an_offset_may_change_twice_within_hours(void **state)
{
	(void)state;
	/* 2026-01-31T12:00:00Z, and three hours later. */
	write_zone(1769860800, 1769860800 + 3 * 3600, 2);
	assert_shown("2026-01-31T11:59:00Z", "Mars/Base", at(2026, 1, 31, 11, 59));
	assert_shown("2026-01-31T12:30:00Z", "Mars/Base", at(2026, 1, 31, 12, 30));
	assert_shown("2026-01-31T12:30:00Z", "Mars/Base", at(2026, 1, 31, 13, 30));
	assert_shown("2026-01-31T14:59:00Z", "Mars/Base", at(2026, 1, 31, 15, 59));
	assert_shown("2026-01-31T15:30:00Z", "Mars/Base", at(2026, 1, 31, 16, 30));
	assert_shown("2026-01-31T15:30:00Z", "Mars/Base", at(2026, 1, 31, 17, 30));
}

static void an_offset_may_change_and_be_back_within_two_days(void **state)
{
	(void)state;
	/* 30 hours later: 2026-02-01T18:00:00Z. */
	write_zone(1769860800, 1769860800 + 30 * 3600, 0);
	assert_shown("2026-01-31T12:30:00Z", "Mars/Base", at(2026, 1, 31, 12, 30));
	assert_shown("2026-01-31T12:30:00Z", "Mars/Base", at(2026, 1, 31, 13, 30));
	assert_shown("2026-02-01T11:00:00Z", "Mars/Base", at(2026, 2, 1, 12, 0));
	assert_shown("2026-02-01T17:30:00Z", "Mars/Base", at(2026, 2, 1, 18, 30));
	assert_shown("2026-02-01T19:00:00Z", "Mars/Base", at(2026, 2, 1, 19, 0));
}

static void days_are_those_of_the_gregorian_calendar(void **state)
{
	(void)state;
	assert_int_equal(0, civil_days(1970, 1, 1));
	assert_int_equal(-719162, civil_days(1, 1, 1));	     /* Rata Die 1 */
	assert_int_equal(2932896, civil_days(9999, 12, 31)); /* Rata Die 3652059 */
	assert_int_equal(29, civil_month_days(2000, 2));
	assert_int_equal(28, civil_month_days(1900, 2));
	assert_int_equal(28, civil_month_days(2025, 2));
	assert_int_equal(30, civil_month_days(2025, 11));
	for (int64_t day = -800000; day < 3000000; day++) {
		struct civil c = civil_date(day);

		assert_true(c.day >= 1 && c.day <= civil_month_days(c.year, c.month));
		assert_int_equal(day, civil_days(c.year, c.month, c.day));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reading_that_the_clock_skips_moves_forward_by_the_gap),
		cmocka_unit_test(of_a_reading_that_is_shown_twice_the_first_is_meant),
		cmocka_unit_test(a_day_that_the_dateline_took_moves_forward_by_a_day),
		cmocka_unit_test(a_day_may_lie_outside_its_month),
		cmocka_unit_test(a_clock_shows_its_own_offset),
		cmocka_unit_test(the_process_keeps_its_own_time_zone),
		cmocka_unit_test(a_zone_is_a_name_of_the_database),
		cmocka_unit_test_setup_teardown(the_database_may_lie_elsewhere, make_database,
						remove_database),
		cmocka_unit_test_setup_teardown(what_is_no_zone_file_is_no_zone, make_database,
						remove_database),
		cmocka_unit_test_setup_teardown(an_offset_may_change_twice_within_hours,
						make_database, remove_database),
		cmocka_unit_test_setup_teardown(an_offset_may_change_and_be_back_within_two_days,
						make_database, remove_database),
		cmocka_unit_test(days_are_those_of_the_gregorian_calendar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
