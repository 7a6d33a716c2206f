/* SPDX-License-Identifier: Apache-2.0 */
/*
 * now.h - what the daemon knows at one moment, for whatever shows it: API, metrics, status.
 * A read-only view: valid during the call that it was handed to. Shapes and units only.
 */
#ifndef TROTH_REPORT_NOW_H
#define TROTH_REPORT_NOW_H

#include <stdbool.h>

#include "../base/moment.h"
#include "../store/rows.h"
#include "slo.h"

/* Services since the beginning of record, one at a time: 10,000 of them are not in memory at once. */
struct now_services {
	size_t n;
	void *context;
	/*
	 * Row i, until the next call. counts: since the beginning of record. within_before, per limit:
	 * what is to be added to what the masks hold within it, so that the sum is since then too (what
	 * was counted before the limit was set by the histogram, less what was within an older limit at
	 * its index). NULL: it is gone.
	 */
	const struct service_row *(*at)(void *context, size_t i, int64_t within_before[THRESHOLDS]);
};

/* Why not ready, or what is wrong though ready. */
struct now_trouble {
	const char *what; /* "store", "kernel", "objectives", "series", "notifications" */
	bool not_ready;
	const char *line; /* one line: what, since when, what to do */
};

struct now_objective {
	const char *const *services; /* names of those it means now */
	size_t n_services;
	uint64_t inexact; /* exchanges in its window whose side is not certain */
	/* Since it was first seen by the record, revisions included: only grow. Not of a composite. */
	uint64_t good_ever, total_ever;
};

struct now_receiver {
	const char *name, *kind;
	uint64_t sent, failed, dropped, waiting;
};

/* Connections to its own HTTP, as server_counts() has them. */
struct now_http {
	uint64_t accepted, dropped, expired;
};

/* What a limit of troth's own kept out; since this process began. */
struct now_left_out {
	uint64_t rows;	   /* of objectives, and changes of alerts, that waited for the record */
	uint64_t minutes;  /* whose measured time waited for the record: they count as unmeasured */
	uint64_t services; /* that objectives had to look up again */
	uint64_t alerts;   /* firing, that were not repeated */
	uint64_t events;   /* the oldest of the record */
};

struct now {
	const char *version, *host, *kernel, *backend;
	const char *state_dir, *pin_dir, *slo_dir;
	struct moment at;
	int64_t began;	 /* beginning of record, Unix s */
	int64_t started; /* of this process */
	uint64_t up_ns;
	struct threshold thresholds[THRESHOLDS];
	unsigned int n_thresholds;
	struct now_services services;
	struct measurement_row measurement;	/* since the beginning of record */
	struct slo_report slos;			/* at `at` */
	const struct now_objective *objectives; /* as slos.entries */
	const struct now_trouble *troubles;
	size_t n_troubles;
	const struct now_receiver *receivers;
	size_t n_receivers;
	unsigned int series_used, series_max;
	unsigned int groups_left_out; /* control groups beyond those that are looked through */
	uint64_t kernel_bytes, store_bytes, resident_bytes;
	uint64_t ticks, late_ticks;    /* late: more than half a second after its time */
	uint64_t tick_ns, tick_max_ns; /* the last one, the longest */
	uint64_t in_flight_at_change;
	struct now_http http;
	struct now_left_out left_out;
	int64_t reloaded;	  /* 0: never */
	const char *reload_error; /* of the last reload that was refused; NULL */
};

#endif
