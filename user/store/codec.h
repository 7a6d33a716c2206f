/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec.h - counters as a few bytes, zeros left out. Counters have numbers of their own, which never
 * change meaning: whatever the order of a struct in one build, another one reads it. The tables of
 * numbers are codec.c's.
 *
 * A counter whose number follows the last one's is the varint 2 x value; any other, or one of 2^63 and
 * more, is the varint 2 x step + 1 and then the varint of its value. Numbers ascend, from 0.
 */
#ifndef TROTH_STORE_CODEC_H
#define TROTH_STORE_CODEC_H

#include "rows.h"

#define CODEC_BYTES_MAX	 8192 /* every counter at its largest */
#define LOSSES_BYTES_MAX 512
#define CODEC_NUMBER_MAX 8191 /* of a counter */

/* How many bytes. */
size_t codec_write(const struct series_counts *c, unsigned char buf[CODEC_BYTES_MAX]);

/*
 * Adds what is there to *sum (max_ns: the larger). Numbers that this build does not know are left out.
 * 0 or -EINVAL: no such bytes; *sum is as it was.
 */
int codec_add(const unsigned char *bytes, size_t n, struct series_counts *sum);

size_t losses_write(const struct losses *l, unsigned char buf[LOSSES_BYTES_MAX]);
int losses_add(const unsigned char *bytes, size_t n, struct losses *sum);

/* to - from, counter by counter (max_ns: to's if it grew, else 0). False: one of them went down. */
bool counts_difference(const struct series_counts *to, const struct series_counts *from,
		       struct series_counts *ret);
bool counts_empty(const struct series_counts *c);

/* Counters by name, for text that people read. */
struct codec_counter {
	const char *name;  /* "bytes_in", "exchanges", "duration" */
	unsigned int at;   /* of several: which; a histogram's bucket */
	unsigned int sub;  /* of exchanges: the outcome */
	unsigned int dims; /* 0: one counter; 1: several (at); 2: at and sub */
};
/* Each that is not 0, in order of numbers. */
int codec_each(const struct series_counts *c,
	       int (*each)(void *context, const struct codec_counter *counter, uint64_t value),
	       void *context);
/* Where it stands, or NULL: there is no such counter. */
__u64 *codec_find(struct series_counts *c, const struct codec_counter *counter);

/* The same of losses. */
int losses_each(const struct losses *l,
		int (*each)(void *context, const struct codec_counter *counter, uint64_t value),
		void *context);
__u64 *losses_find(struct losses *l, const struct codec_counter *counter);

#endif
