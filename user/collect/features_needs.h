/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features_needs.h - the table of what measuring needs.
 * Knows: which backend needs what, since which kernel it is there. Must not know: what follows.
 */
#ifndef TROTH_COLLECT_FEATURES_NEEDS_H
#define TROTH_COLLECT_FEATURES_NEEDS_H

#include "backend.h"
#include "features_probe.h"

#define NEEDED_BY_ALL ((1u << BACKENDS) - 1)

/* Those of rows, and of what could not be asked. */
#define REMEDY_CAPABILITIES "run as root (sudo troth ...), or give CAP_BPF and CAP_PERFMON"
#define REMEDY_BPF_REFUSED                                                                         \
	"in a container: run it privileged, in the host's user namespace, with a seccomp profile " \
	"that allows bpf()"
#define REMEDY_BTF_KERNEL                                                                          \
	"boot a kernel built with CONFIG_DEBUG_INFO_BTF=y (every distribution's is)"

/* Absence of an indispensable need is `missing` or `degraded` (features.h), of another `degraded`. */
struct need {
	const char *name;      /* without a comma */
	unsigned int backends; /* that need it, a bit each */
	probe_function *probe;
	const char *argument; /* of the probe */
	bool indispensable;
	bool slow;	   /* not asked at each start; then a failed load asks */
	bool by_btf;	   /* found out by looking into the kernel's BTF */
	bool by_bpf_call;  /* found out by a call of bpf(), so only with privilege */
	const char *since; /* the kernel that brought it; NULL: no kernel did */
	const char *lost;  /* without it */
	const char *remedy;
};

extern const struct need features_needs[];
extern const size_t features_n_needs; /* less than FEATURES_MAX */

#endif
