// SPDX-License-Identifier: Apache-2.0
/*
 * metrics_native.c - the kernel's buckets as spans and deltas.
 *
 * Two ends do not fit exactly. The first bucket reaches down to 0 and is the zero bucket, whose
 * threshold is its bound, 2^-20 s. The overflow, above 64 s, has no upper bound; it is put into the
 * bucket just above 64 s: whatever is asked of 64 s and below is exact, and a quantile that falls
 * into it reads as a little over 64 s, as one of a classic histogram reads as its last limit.
 */
#include <math.h>

#include "metrics.h"

/* Of few empty buckets in a row zeros cost less than a span. */
#define GAP_MAX 2

void native_histogram_of(const __u64 buckets[HISTOGRAM_BUCKETS], struct native_histogram *ret)
{
	int32_t end = 0; /* index behind the last bucket that is in a span */
	int64_t last = 0;

	*ret = (struct native_histogram){
		.zero_threshold = exp2(HISTOGRAM_MIN_EXP8 / 8.0),
		.zero_count = buckets[0],
		.count = buckets[0],
	};
	for (int32_t k = 1; k < HISTOGRAM_BUCKETS; k++) {
		int32_t index = k + HISTOGRAM_MIN_EXP8;

		if (!buckets[k])
			continue;
		if (!ret->n_spans || index - end > GAP_MAX) {
			ret->offsets[ret->n_spans] = index - end;
			ret->lengths[ret->n_spans++] = 0;
			end = index;
		}
		for (; end <= index; end++) {
			int64_t value = end == index ? (int64_t)buckets[k] : 0;

			ret->deltas[ret->n_deltas++] = value - last;
			ret->lengths[ret->n_spans - 1]++;
			last = value;
		}
		ret->count += buckets[k];
	}
}
