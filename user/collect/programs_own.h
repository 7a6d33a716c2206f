/* SPDX-License-Identifier: Apache-2.0 */
/* programs_own.h - what the files of programs.h share; for user/collect/programs*.c alone. */
#ifndef TROTH_COLLECT_PROGRAMS_OWN_H
#define TROTH_COLLECT_PROGRAMS_OWN_H

#include <bpf/libbpf.h>

#include "programs.h"

/*
 * One BPF object, opened from its skeleton. Both have the same maps and variables; the pointers are
 * into the skeleton, and stay where they are when it is loaded.
 */
struct object {
	void *skeleton;
	struct bpf_object *bpf;
	struct config *config; /* until it is loaded */
	volatile struct control *control;
	struct losses *losses;
	struct self_test *self_test;
	__u64 *withhold_pattern; /* NULL but in the test build that has it */
};

struct backend_object;

struct programs {
	const struct backend_object *backend;
	struct object object;
	struct bpf_link *links[PROGRAMS_LINKS_MAX]; /* as the table of hooks; NULL: not needed */
	struct bpf_link *sweep, *sweep_listeners;
	struct programs_view view;
	size_t states_size;
	bool outlive; /* what is attached stays so when we go: it is pinned */
};

/* Which programs are loaded and attached, for these roles (bit per enum role). */
void programs_choose(const struct programs *p, unsigned int roles);

/* The hooks' links; what is pinned stays attached. */
void programs_close_links(struct programs *p);

#endif
