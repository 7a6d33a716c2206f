/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features.h - what this kernel and these privileges allow, need by need.
 * Knows: probes that leave nothing behind. Must not know: how the answers are printed.
 */
#ifndef TROTH_COLLECT_FEATURES_H
#define TROTH_COLLECT_FEATURES_H

#include <stdbool.h>
#include <stddef.h>

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
	const char *backend; /* "socket", or NULL: nothing can be measured here */
};

/* Probes everything: some 50 ms, 15 MB for the kernel's BTF while it lasts. */
void features_probe(struct features *ret);

/* 1 and one line (what is missing, how to get it) if something indispensable is; else 0. */
int features_missing(char *why, size_t size);

#endif
