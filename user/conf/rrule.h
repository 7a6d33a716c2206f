/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rrule.h - recurrence rules (RFC 5545 3.3.10), the subset that planned maintenance needs:
 * FREQ=DAILY|WEEKLY|MONTHLY|YEARLY, INTERVAL, COUNT or UNTIL, BYMONTH, BYMONTHDAY (negative counts
 * from the end; not in WEEKLY), BYDAY (with an ordinal in MONTHLY, and in YEARLY with BYMONTH), WKST.
 * Knows calendars.
 */
#ifndef TROTH_CONF_RRULE_H
#define TROTH_CONF_RRULE_H

#include <stddef.h>
#include <stdint.h>

#include "../base/zone.h"

struct rrule {
	enum { RRULE_DAILY, RRULE_WEEKLY, RRULE_MONTHLY, RRULE_YEARLY } freq;
	uint32_t interval;
	uint32_t count;	   /* 0: no COUNT */
	int64_t until;	   /* Unix seconds, inclusive; INT64_MAX: no UNTIL */
	uint16_t months;   /* bit 1..12; 0: any */
	uint32_t days;	   /* of the month, bit 1..31; 0: any */
	uint32_t days_end; /* from the month's end, bit 1..31 */
	uint8_t weekdays;  /* bit 0 (Monday) .. 6; without ordinal; 0: any */
	struct rrule_nth {
		int8_t n; /* 1..5, -1..-5 */
		uint8_t weekday;
	} nth[16];
	uint8_t n_nth;
	uint8_t week_start; /* 0 is Monday */
};

/*
 * "FREQ=WEEKLY;BYDAY=SU", with or without "RRULE:" before it. 0, or -EINVAL: why says in one line what
 * is wrong and what to write. zone is that of an UNTIL without Z; an UNTIL that is a date is its whole
 * day. RRULE_WHY holds every message.
 */
#define RRULE_WHY 256
int rrule_parse(const char *text, const char *zone, struct rrule *ret, char *why, size_t why_size);

/*
 * Calls found with the start of each occurrence in [from, before) (Unix seconds), in order, until it
 * returns other than 0 or none is left. first is the local time in zone at which the rule begins; it is
 * an occurrence, the first of COUNT, only where the rule itself gives it (RFC 5545 leaves open what
 * it is otherwise). Days that do not exist are left out; times that do not are as zone_unix() has them.
 */
void rrule_each(const struct rrule *r, const struct civil *first, const char *zone, int64_t from,
		int64_t before, int (*found)(int64_t start, void *context), void *context);

#endif
