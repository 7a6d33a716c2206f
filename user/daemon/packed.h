/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packed.h - counts that are kept for long and read seldom: a few hundred bytes instead of 4,480.
 * Knows: the record's codec. Must not know: whose they are.
 */
#ifndef TROTH_DAEMON_PACKED_H
#define TROTH_DAEMON_PACKED_H

#include "../store/rows.h"

struct packed {
	unsigned char *bytes; /* NULL: all zero */
	uint32_t n;
};

int packed_set(struct packed *p, const struct series_counts *c); /* 0 or -ENOMEM: p is as it was */
void packed_get(const struct packed *p, struct series_counts *ret);
int packed_add(struct packed *p, const struct series_counts *c); /* as packed_set() */
void packed_clear(struct packed *p);

#endif
