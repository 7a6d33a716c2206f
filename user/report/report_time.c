// SPDX-License-Identifier: Apache-2.0
/*
 * report_time.c - moments as people type them: RFC 3339, Unix seconds, a day of this machine's calendar,
 * or how long ago. Leaves zones to the C library.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "../base/zone.h"
#include "../conf/duration.h"
#include "../conf/openslo.h"
#include "report.h"

#define QUARTER_S 900 /* every offset from UTC is a whole number of these */
#define DAY_S	  86400

/* "2026-11-01" */
static bool date_parse(const char *text, struct civil *ret)
{
	char padded[40];
	int64_t noon;

	if (strlen(text) != 10 || snprintf(padded, sizeof(padded), "%sT12:00:00Z", text) != 20 ||
	    time_parse(padded, &noon))
		return false;
	*ret = zone_civil("UTC", noon);
	return true;
}

/*
 * The first moment at which a clock here shows that day. It is not always midnight: clocks that go forward
 * at midnight skip it. A day that a zone left out whole (it moved over the date line) begins with the next.
 */
static int64_t day_begins(const struct civil *day)
{
	int64_t noon = civil_days(day->year, day->month, day->day) * DAY_S + DAY_S / 2;

	tzset();
	for (int64_t at = noon - 2 * DAY_S; at < noon + 2 * DAY_S; at += QUARTER_S) {
		time_t t = at;
		struct tm here;

		if (localtime_r(&t, &here) &&
		    civil_days(here.tm_year + 1900, (unsigned int)here.tm_mon + 1, here.tm_mday) >=
			    civil_days(day->year, day->month, day->day))
			return at;
	}
	return noon - DAY_S / 2;
}

int report_time_parse(const char *text, int64_t now, int64_t *ret)
{
	struct civil day;
	struct span span;
	uint64_t ns;

	if (!time_parse(text, ret))
		return 0;
	if (date_parse(text, &day)) {
		*ret = day_begins(&day);
		return 0;
	}
	if (!span_parse(text, &span)) {
		*ret = now - span_seconds(span);
		return 0;
	}
	if (duration_parse(text, &ns))
		return -EINVAL;
	*ret = now - (int64_t)(ns / SEC_NS);
	return 0;
}
