/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows.h - what was counted, as the rest of the program sees it: one row a service.
 * Knows: shapes and units. Must not know: BPF maps, where a row came from, where it goes.
 */
#ifndef TROTH_STORE_ROWS_H
#define TROTH_STORE_ROWS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../bpf/abi.h"

/* Who a service is. Strings are owned by the row; NULL is "not known". */
struct identity {
	char *name;    /* unique with the role, stable over restarts */
	uint16_t port; /* server: own port, client: 0 */
	uint32_t pid;  /* 0: not known */
	char *comm;
	char *exe;
	char *unit;
	char *container; /* id, 64 hex digits or as the runtime names it */
	char *pod;	 /* uid */
	char *cgroup;
	uint32_t netns;
	char *peer_address; /* client: the peer's, printed; else NULL */
	uint16_t peer_port;
};

/* In flight: exchanges that wait for an answer at the moment of the sample. */
struct in_flight_row {
	uint64_t count;
	uint64_t older[THRESHOLDS]; /* already older than threshold t's max_ns */
	uint64_t oldest_ns;
};

/* One service. counts: the stripes summed, since the start of the measurement. */
struct service_row {
	enum role role;
	const char *protocol; /* static string */
	struct identity id;
	struct series_counts counts;
	struct in_flight_row in_flight;
	bool overflow; /* not a service: what found no free series */
};

/* How well it was measured. */
struct measurement_row {
	double coverage; /* 0..1 */
	uint64_t exchanges;
	uint64_t lost;
	uint64_t unattributed;
	uint64_t unreadable_payloads;
	uint64_t missed_probe_runs;
	struct losses losses;
	const char *backend; /* "socket" */
};

struct sample {
	struct service_row *services;
	size_t n_services;
	struct measurement_row measurement;
	struct threshold thresholds[THRESHOLDS];
	unsigned int n_thresholds;
};

void identity_clear(struct identity *id); /* frees what it owns; leaves it empty */
int identity_copy(const struct identity *from, struct identity *ret); /* 0 or -ENOMEM */
bool identity_same(const struct identity *a, const struct identity *b);
/* What objectives select by: all but who runs now. */
bool identity_same_selected(const struct identity *a, const struct identity *b);
void sample_clear(struct sample *s); /* frees what the rows own; NULL is fine */

bool threshold_same(const struct threshold *a, const struct threshold *b);

/* max_ns: the larger. */
void counts_add(struct series_counts *sum, const struct series_counts *c);

/* Sums over the masks. */
uint64_t counts_outcome(const struct series_counts *c, enum outcome o);
uint64_t counts_within(const struct series_counts *c, unsigned int threshold, enum outcome o);
uint64_t counts_streamed(const struct series_counts *c);
uint64_t counts_streamed_within(const struct series_counts *c, unsigned int threshold);
uint64_t counts_total(const struct series_counts *c); /* all outcomes, aborted included */

/* Exchanges that are in no count; payloads that were there and could not be read. backend: its name. */
uint64_t losses_lost(const struct losses *l);
uint64_t losses_unreadable(const struct losses *l, const char *backend);

#endif
