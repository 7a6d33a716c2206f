/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features.h - what this kernel and these privileges allow, need by need, and which backend follows.
 * Knows: probes that leave nothing behind. Must not know: how the answers are printed.
 *
 * TROTH_WITHOUT="ROW,ROW" in the environment: those rows are taken for not there, whatever is true.
 */
#ifndef TROTH_COLLECT_FEATURES_H
#define TROTH_COLLECT_FEATURES_H

#include <stddef.h>

#include "backend.h"

/* Missing: no backend works because of it. Degraded: one does, and what that costs is said. */
enum feature_state { FEATURE_OK, FEATURE_DEGRADED, FEATURE_MISSING };

struct feature {
	const char *name; /* static string */
	enum feature_state state;
	char detail[256];   /* what was found; where not ok, what is lost */
	const char *remedy; /* static string, how to get it; NULL where ok */
};

#define FEATURES_MAX 32

struct features {
	struct feature rows[FEATURES_MAX];
	size_t n;
	const char *backend; /* what auto picks; NULL: nothing can be measured here */
};

/* Whether TROTH_WITHOUT names rows that there are. 0, or -EINVAL and one line. */
int features_without(char *why, size_t size);

/*
 * Probes everything: some 15 ms, 15 MB for the kernel's types while it lasts. 0, or as
 * features_without().
 */
int features_probe(struct features *ret, char *why, size_t size);

/*
 * The backend to measure with. wanted: "auto" (NULL is the same) or a backend's name. Asks only what
 * is quickly answered: some 5 ms. 0; as features_without(); or -ENOTSUP and one line: what is
 * missing, how to get it.
 */
int features_choose(const char *wanted, enum backend *ret, char *why, size_t size);

/* After it failed to load all the same: 1 and one line if something indispensable to it is missing. */
int features_missing(enum backend backend, char *why, size_t size);

#endif
