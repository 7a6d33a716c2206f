/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * slots.h - pure: duration in nanoseconds to histogram bucket, and a bucket's bound.
 * Upper bounds are 2^(k/8) seconds, k from HISTOGRAM_MIN_EXP8: the boundaries of Prometheus
 * native histograms of schema 3 and of OTLP exponential histograms of scale 3.
 */
#ifndef TROTH_SLOTS_H
#define TROTH_SLOTS_H

#include "abi.h"

/*
 * floor(10^9 * 2^(r/8) * 2^32): nanoseconds with 32 binary places. A shift keeps the floor, so
 * every bound below is the floor of the exact one, and ns <= floor(bound) is ns <= bound.
 */
#define SLOT_ROOTS                                                                                 \
	{                                                                                          \
		4294967296000000000ULL, 4683695047832392561ULL, 5107605667107197932ULL,            \
			5569883475385291208ULL, 6074000999952099384ULL, 6623745058664271696ULL,    \
			7223245205676679009ULL, 7877004751727667949ULL,                            \
	}

/* Bound of bucket i (0 .. HISTOGRAM_BUCKETS - 2), rounded down to a nanosecond. */
static __always_inline __u64 slot_bound_ns(__u32 i)
{
	static const __u64 roots[8] = SLOT_ROOTS;

	return roots[i & 7] >> (32 - HISTOGRAM_MIN_EXP8 / 8 - (i >> 3));
}

/* Bucket of ns: the first whose bound is not below it; the last one has no bound. */
static __always_inline __u32 slot_of(__u64 ns)
{
	__u32 slot = 0;

#pragma unroll
	for (__u32 step = 128; step; step >>= 1) {
		__u32 next = slot + step;

		if (next < HISTOGRAM_BUCKETS && ns > slot_bound_ns(next - 1))
			slot = next;
	}
	return slot;
}

#endif
