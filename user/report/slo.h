/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slo.h - objectives at one moment, in the formats that `troth slo replay` offers.
 * Knows: results, and what people agreed on. Must not know: how results came about.
 */
#ifndef TROTH_REPORT_SLO_H
#define TROTH_REPORT_SLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "../conf/openslo.h"
#include "../slo/result.h"

/* Everything is borrowed. */

/* One Exclusion in the window of one SLO. */
struct slo_excluded {
	const struct exclusion *why;
	int64_t first, last; /* start of its first stretch in the window, end of its last */
	size_t n;	     /* stretches */
};

struct slo_entry {
	struct slo_result result;
	const struct slo *slo;
	const struct objective *objective; /* NULL: of all of them together */
	const struct slo_excluded *excluded;
	size_t n_excluded;
};

struct slo_event {
	int64_t time;
	const char *name; /* as in counts.csv */
	struct alert_state alert;
	bool firing; /* else resolved */
};

struct slo_report {
	int64_t at;
	const struct slo_entry *entries;
	size_t n;
	const struct slo_event *events; /* in order of time */
	size_t n_events;
	uint64_t events_left_out; /* older ones, and those of objectives that are no longer in force */
};

/* Both: 0 or -errno of the stream. */
int slo_report_json(FILE *out, const struct slo_report *r);
int slo_report_text(FILE *out, const struct slo_report *r, bool colour);

#endif
