/* SPDX-License-Identifier: Apache-2.0 */
/*
 * histogram.h - percentiles of the kernel's histograms.
 * Knows: bucket bounds, 2^(k/8) seconds (abi.h). Must not know: which part was measured.
 */
#ifndef TROTH_STORE_HISTOGRAM_H
#define TROTH_STORE_HISTOGRAM_H

#include "rows.h"

/* Upper bound in seconds, inclusive; INFINITY for the last bucket, the overflow. */
double histogram_bound_s(unsigned int bucket);

uint64_t histogram_count(const __u64 buckets[HISTOGRAM_BUCKETS]);

/*
 * The value that permille of the values do not exceed (nearest rank; 990 is the 99th
 * percentile): the geometric middle of its bucket, never above max_s, the largest value seen
 * (INFINITY: not known). The first bucket has no middle and gives its bound; the overflow ends
 * at max_s, or gives its lower bound. NAN: no data.
 */
double histogram_percentile_s(const __u64 buckets[HISTOGRAM_BUCKETS], unsigned int permille,
			      double max_s);

#endif
