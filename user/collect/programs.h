/* SPDX-License-Identifier: Apache-2.0 */
/*
 * programs.h - the BPF programs of a backend: configured, loaded, attached, detached.
 * Knows: libbpf, the skeleton. Must not know: what the maps' contents mean, where things are pinned.
 */
#ifndef TROTH_COLLECT_PROGRAMS_H
#define TROTH_COLLECT_PROGRAMS_H

#include "backend.h"
#include "collector.h"

struct bpf_object;
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
void programs_free(
	struct programs *p); /* NULL is fine; nothing stays attached, unless it outlives */
DEFINE_FREEP(struct programs, programs_free)

const struct programs_view *programs_view(const struct programs *p);

/* The hooks go; maps and sweeps stay. */
void programs_detach(struct programs *p);

/*
 * One sweep: calls found for each exchange that waits. final: what has begun to answer ends.
 * 0 or -errno.
 */
typedef void programs_found(void *context, const struct in_flight *line);
int programs_sweep(struct programs *p, bool final, programs_found *found, void *context);

/* Runs of programs that the kernel skipped since they were loaded. */
uint64_t programs_missed(const struct programs *p);

/*
 * The same in steps, for maps and links that outlive us. Each 0 or -errno, in this order:
 * prepare: opened and configured, nothing is in the kernel. Then maps may be given that are there
 *	already (bpf_map__reuse_fd() on programs_object()), and the generation be set.
 * free_numbers: only where the queues are new.
 * attach_sweeps; self_test: only where control is new.
 * attach: attached() is called for each link as soon as it stands; program_fd: -1 of a sweep.
 * join: only where nobody has joined before.
 * outlive: what is attached and pinned stays, when p is freed.
 */
int programs_prepare(const struct collector_options *o, enum backend backend,
		     struct programs **ret);
int programs_load(struct programs *p);
int programs_free_numbers(const struct programs *p);
int programs_attach_sweeps(struct programs *p);
void programs_self_test(struct programs *p);
typedef int programs_attached(void *context, const char *name, int link_fd, int program_fd);
int programs_attach(struct programs *p, programs_attached *attached, void *context);
int programs_join(struct programs *p);
void programs_outlive(struct programs *p);

struct bpf_object *programs_object(const struct programs *p);
struct config *programs_config(const struct programs *p); /* until loaded */
volatile struct control *programs_control(const struct programs *p);

/* Names of the hooks that are attached when all is up, sweeps left out. */
#define PROGRAMS_LINKS_MAX 32
size_t programs_links(const struct programs *p, const char *names[PROGRAMS_LINKS_MAX]);

/* Without an object. */
int programs_iterate(int link_fd, programs_found *found, void *context);
uint64_t programs_missed_of(int program_fd); /* 0 where it cannot be told */

/* Sizes: bytes of kernel memory that the series take here, and for how many services that is. */
size_t programs_memory(const struct collector_options *o, unsigned int *services);
void programs_sizes(const struct collector_options *o, unsigned int *ret_series,
		    unsigned int *ret_stripes);

/* A number belongs to one role for good; free ones are in its queue. */
extern const char *const programs_queues[ROLES];
enum role programs_role_of_number(unsigned int number);

#endif
