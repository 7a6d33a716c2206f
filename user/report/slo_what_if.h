/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slo_what_if.h - one past under several promises: `troth slo what-if`, schema troth.whatif/1.
 * Knows results. Must not know: how they came about.
 */
#ifndef TROTH_REPORT_SLO_WHAT_IF_H
#define TROTH_REPORT_SLO_WHAT_IF_H

#include "slo.h"

/* One objective under one target; numbers are those of the last window, alerts those of all the past. */
struct what_if {
	decimal target;
	enum verdict verdict;
	bool in_slices; /* unit of allowed and spent */
	bool over;	/* the window is, so that nothing is to come */
	uint64_t good, total;
	double sli;
	uint64_t pages, tickets, others; /* alerts that began to fire */
	double allowed, spent, remaining_ratio;
	double coverage; /* NAN: all of it was excluded */
	bool estimated;	 /* the period is not over, and its traffic not known */
	double cost;	 /* of the failures of the window; NAN: not known */
};

struct what_if_slo {
	const char *name, *objective;
	const char *counts_name, *method;
	const char *currency; /* of cost; or NULL */
	bool composite;
	const struct what_if *candidates;
};

/* Everything is borrowed. */
struct what_if_report {
	int64_t at;
	const char *window; /* as typed; NULL: each its own */
	const struct what_if_slo *slos;
	size_t n;
	size_t n_candidates; /* of each */
};

/* Both: 0 or -errno of the stream. */
int slo_what_if_text(FILE *out, const struct what_if_report *r, bool colour);
int slo_what_if_json(FILE *out, const struct what_if_report *r);

#endif
