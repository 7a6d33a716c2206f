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
/* *ret as p and more; as packed_set(). */
int packed_sum(const struct packed *p, const struct series_counts *more, struct packed *ret);
int packed_bytes(struct packed *p, const unsigned char *bytes, size_t n); /* as packed_set() */
void packed_clear(struct packed *p);

#endif
