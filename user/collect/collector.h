/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector.h - measure: load and attach the programs, sweep, read, name.
 * Knows: libbpf, the ABI, /proc, cgroups. Must not know: targets, windows, output formats.
 */
#ifndef TROTH_COLLECT_COLLECTOR_H
#define TROTH_COLLECT_COLLECTOR_H

#include "../base/cleanup.h"
#include "../store/rows.h"

struct collector;

struct collector_options {
	const char *backend;	 /* "auto", "socket", "syscall" */
	unsigned int max_series; /* 0: the largest number within the memory budget, at most 2048 */
	uint16_t ports[FILTER_PORTS]; /* server: own port; client: the peer's; none: all */
	unsigned int n_ports;
	bool roles[ROLES]; /* which to measure */
	struct threshold thresholds[THRESHOLDS];
	unsigned int n_thresholds;
	uint64_t idle_end_ns; /* silence that ends an answer */
};

/*
 * Loads and attaches; when it returns 0 everything counts. -EPERM, -ENOTSUP, -ENOMEM, ...:
 * nothing is attached, and why (never empty) says in one line what is missing and how to get it.
 */
int collector_open(const struct collector_options *o, struct collector **ret, char *why,
		   size_t why_size);
void collector_free(struct collector *c); /* detaches; NULL is fine */
DEFINE_FREEP(struct collector, collector_free)

/* Once a second: ends silent exchanges, names new endpoints. 0 or -errno. */
int collector_tick(struct collector *c);

/*
 * Everything counted so far. final: what has begun to answer ends at its last byte first.
 * The caller clears the sample. 0 or -errno.
 */
int collector_sample(struct collector *c, bool final, struct sample *ret);

#endif
