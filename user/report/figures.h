/* SPDX-License-Identifier: Apache-2.0 */
/*
 * figures.h - one row as the numbers that every output shows: totals, means, percentiles.
 * Knows: rows, histograms. Must not know: formats, objectives.
 */
#ifndef TROTH_REPORT_FIGURES_H
#define TROTH_REPORT_FIGURES_H

#include "../store/rows.h"

/* Times in seconds, means over what was counted; NAN: not known. */
struct figures {
	uint64_t total;
	uint64_t outcomes[OUTCOMES];
	uint64_t timed;	  /* exchanges that have a duration: all but aborted */
	uint64_t divided; /* of those, whose parts are known */
	double mean_s, p50_s, p90_s, p99_s, p999_s, max_s;
	double first_byte_s;
	double queue_s, queue_p50_s, queue_p99_s, receive_s, service_s, send_s; /* server */
	double rest_s;			 /* client: from the answer's first byte to its last */
	double connect_s, connect_p99_s; /* client */
	double srtt_s;
};

void figures_of(const struct service_row *row, struct figures *ret);

/* An overflow row that nothing went to: not worth a line anywhere. */
bool figures_empty(const struct service_row *row);

/* By a fault of the service: answered with an error of its own, or not at all. */
uint64_t figures_failed(const struct series_counts *c);

const char *figures_name(const struct service_row *row); /* never NULL */
const char *figures_role(enum role role);
const char *figures_outcome(enum outcome outcome); /* as in CONTRACT: "client_error" */

/* The counters of struct losses by name, in the order of abi.h; NULL after the last. */
const char *figures_loss(const struct losses *l, unsigned int index, uint64_t *ret);

#endif
