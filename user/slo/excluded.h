/* SPDX-License-Identifier: Apache-2.0 */
/*
 * excluded.h - planned maintenance as stretches of time.
 * Knows: exclusions, RFC 5545 recurrence rules (the subset in troth-slo-file(5)). Must not know: counts.
 */
#ifndef TROTH_SLO_EXCLUDED_H
#define TROTH_SLO_EXCLUDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../conf/openslo.h"

/* A stretch of time that is excluded, and by whom: sorted by start, may overlap. */
struct stretch {
	int64_t start, end;
	const struct exclusion *why;
};

/*
 * All stretches of one SLO that meet [from, to), whole. The caller frees; NULL where there is none.
 * 0, -ENOMEM, -E2BIG: more than EXCLUDED_MAX of them; or -EINVAL: a rule that rrule_parse() refuses.
 */
#define EXCLUDED_MAX 100000
int excluded_find(const struct slo_set *set, const struct slo *slo, int64_t from, int64_t to,
		  struct stretch **ret, size_t *ret_n);

#endif
