/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks.h - loaded programs that can be attached and detached in no time, whoever loaded them.
 * Must not know: what traffic runs, what its cost is compared with.
 */
#ifndef TROTH_BENCH_HOOKS_H
#define TROTH_BENCH_HOOKS_H

#include <stdint.h>

#include "user/collect/backend.h"

struct hooks;

int hooks_floor(struct hooks **ret);

/* The product's own programs, loaded as `troth check` loads them. port 0: all services. */
int hooks_troth(enum backend backend, uint16_t port, struct hooks **ret);

/* The programs that bpftrace makes of a script. -ENOENT: no bpftrace here. */
int hooks_bpftrace(const char *script, struct hooks **ret);

void hooks_free(struct hooks *h); /* detaches; NULL is fine */

int hooks_attach(struct hooks *h); /* 0 or -errno; then nothing is attached */
void hooks_detach(struct hooks *h);

/*
 * Waits until no other process has BTF tracepoints attached, which would make the floor look
 * cheaper than it is; up to ten seconds in all. Call it while nothing of ours is attached.
 */
void hooks_wait_alone(void);

/* One sweep of troth's, as once a second. 0 or -errno. */
int hooks_sweep(struct hooks *h);

#endif
