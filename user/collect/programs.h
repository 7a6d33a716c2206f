/* SPDX-License-Identifier: Apache-2.0 */
/*
 * programs.h - the BPF programs of a backend: configured, loaded, attached, detached.
 * Knows: libbpf, the skeleton. Must not know: what the maps' contents mean.
 */
#ifndef TROTH_COLLECT_PROGRAMS_H
#define TROTH_COLLECT_PROGRAMS_H

#include "backend.h"
#include "collector.h"

struct programs;

/* File descriptors are borrowed; volatile pointers are into the programs' own memory. */
struct programs_view {
	int series_fd, endpoints_fd, announcements_fd;
	unsigned int n_series; /* those of nobody included */
	unsigned int stripes;
	volatile struct series_state *states; /* n_series */
	volatile struct losses *losses;
};

/* Loads and attaches everything, and joins the connections that are there. 0 or -errno. */
int programs_open(const struct collector_options *o, enum backend backend, struct programs **ret);
void programs_free(struct programs *p); /* NULL is fine; nothing stays attached */
DEFINE_FREEP(struct programs, programs_free)

/* Bytes of kernel memory that the series take on this machine, and how many services that is for. */
size_t programs_memory(const struct collector_options *o, unsigned int *services);

const struct programs_view *programs_view(const struct programs *p);

/* The hooks go; maps and sweeps stay. */
void programs_detach(struct programs *p);

/*
 * One sweep: calls found for each exchange that waits. final: what has begun to answer ends.
 * 0 or -errno.
 */
int programs_sweep(struct programs *p, bool final,
		   void (*found)(void *context, const struct in_flight *line), void *context);

/* Runs of programs that the kernel skipped since they were loaded. */
uint64_t programs_missed(const struct programs *p);

#endif
