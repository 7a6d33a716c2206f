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

/* Bound of bucket i, rounded down to a nanosecond; beyond the last one too, up to i 255. */
static __always_inline __u64 slot_bound_ns(__u32 i)
{
	static const __u64 roots[8] = SLOT_ROOTS;

	return roots[i & 7] >> (32 - HISTOGRAM_MIN_EXP8 / 8 - (i >> 3));
}

/*
 * Bucket of ns (< 2^63): the first whose bound is not below it; the last one has no bound. The
 * octave first, by branches that a steady service makes predictable, then the eighth without.
 */
static __always_inline __u32 slot_of(__u64 ns)
{
	__u32 slot = 0;

#pragma unroll
	for (__u32 step = 128; step >= 8; step >>= 1)
		if (ns > slot_bound_ns(slot + step - 1))
			slot += step;
#pragma unroll
	for (__u32 step = 4; step; step >>= 1) {
		__u64 above = (__s64)(slot_bound_ns(slot + step - 1) - ns) >> 63;

		slot += step & above;
	}
	return slot < HISTOGRAM_BUCKETS ? slot : HISTOGRAM_BUCKETS - 1;
}

#endif
