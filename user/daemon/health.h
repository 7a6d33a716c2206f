/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health.h - what is wrong now, and since when: a line for /readyz, status and metrics; the log hears
 * of each beginning, change and end once.
 * Knows: words. Must not know: what they are about.
 */
#ifndef TROTH_DAEMON_HEALTH_H
#define TROTH_DAEMON_HEALTH_H

#include <stdint.h>

#include "../report/now.h"

enum health_part {
	HEALTH_RECORD,
	HEALTH_KERNEL,
	HEALTH_OBJECTIVES,
	HEALTH_SERIES,
	HEALTH_NOTIFICATIONS,
	HEALTH_PARTS
};

struct health {
	struct {
		bool wrong, not_ready;
		int64_t since;
		char line[400];
	} part[HEALTH_PARTS];
	struct now_trouble troubles[HEALTH_PARTS]; /* filled by health_troubles() */
};

__attribute__((format(printf, 4, 5))) void health_wrong(struct health *h, enum health_part part,
							bool not_ready, const char *format, ...);
void health_well(struct health *h, enum health_part part);

const struct now_trouble *health_troubles(struct health *h, size_t *ret_n);

#endif
