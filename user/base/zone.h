/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zone.h - local time of an IANA zone. The zone data and its rules are the C library's (tzset(3));
 * this only asks it. Knows clocks' readings, never the clock. Not thread-safe.
 *
 * The environment is left as it was, but the C library keeps the zone that it was last asked about:
 * who else wants local time calls tzset() first, as localtime_r(3) says.
 */
#ifndef TROTH_BASE_ZONE_H
#define TROTH_BASE_ZONE_H

#include <stdbool.h>
#include <stdint.h>

/* A reading of a clock on the wall: proleptic Gregorian, month and day from 1. */
struct civil {
	int32_t year;
	uint8_t month, day, hour, minute, second;
};

/* Years 1 to 9999 in UTC. */
#define TIME_MIN (-62135596800)
#define TIME_MAX 253402300799

/*
 * Does this machine's zone database (TZDIR or /usr/share/zoneinfo) hold it? "UTC" is always known;
 * "../x", "" and "/x" never are, nor is what counts leap seconds ("right/UTC").
 */
bool zone_known(const char *zone);

/* What a clock in zone (which is known) shows at t, Unix seconds from TIME_MIN to TIME_MAX. */
struct civil zone_civil(const char *zone, int64_t t);

/*
 * When a clock in zone shows c. A reading that the clock skips moves forward by the gap; of one that it
 * shows twice the first is meant (RFC 5545 3.3.5). c may be out of range in its day only: 32 March is
 * 1 April, 0 is the last of the month before.
 */
int64_t zone_unix(const char *zone, const struct civil *c);

/* Days since 1970-01-01 (negative before); day may be out of its month. */
int64_t civil_days(int64_t year, unsigned int month, int64_t day);
struct civil civil_date(int64_t days); /* at 00:00:00; the inverse of civil_days() */
unsigned int civil_month_days(int32_t year, unsigned int month);

/*
 * RFC 3339: 2026-01-31T12:00:00Z, with or without a fraction (dropped), any offset; t, z and a space
 * for T are fine. A leap second is the second after it. Or Unix seconds. Years 1 to 9999. 0 or -EINVAL.
 */
int time_parse(const char *text, int64_t *ret);

/* "2026-01-31T12:00:00Z"; what is out of range is the nearest that is not. Returns buf. */
#define TIME_TEXT 32
const char *time_format(int64_t t, char buf[TIME_TEXT]);

#endif
