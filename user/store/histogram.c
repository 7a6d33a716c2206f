// SPDX-License-Identifier: Apache-2.0
/* histogram.c - from buckets to percentiles. Leaves words and units to report. */
#include "histogram.h"

#include <math.h>

#define OVERFLOW_BUCKET (HISTOGRAM_BUCKETS - 1)

double histogram_bound_s(unsigned int bucket)
{
	if (bucket >= OVERFLOW_BUCKET)
		return INFINITY;
	return exp2(((int)bucket + HISTOGRAM_MIN_EXP8) / 8.0);
}

uint64_t histogram_count(const __u64 buckets[HISTOGRAM_BUCKETS])
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		n += buckets[i];
	return n;
}

static double middle_s(unsigned int bucket, double max_s)
{
	double lower_s;

	if (!bucket)
		return histogram_bound_s(0);
	if (bucket < OVERFLOW_BUCKET)
		return exp2(((int)bucket + HISTOGRAM_MIN_EXP8 - 0.5) / 8.0);
	lower_s = histogram_bound_s(OVERFLOW_BUCKET - 1);
	return isfinite(max_s) ? sqrt(lower_s * max_s) : lower_s;
}

/* In whole numbers: 0.07 * 100 is more than 7 in doubles, and would be the eighth value. */
static uint64_t nearest_rank(uint64_t count, unsigned int permille)
{
	uint64_t rank = count / 1000 * permille + (count % 1000 * permille + 999) / 1000;

	return rank ? rank : 1;
}

double histogram_percentile_s(const __u64 buckets[HISTOGRAM_BUCKETS], unsigned int permille,
			      double max_s)
{
	uint64_t count = histogram_count(buckets);
	uint64_t rank = nearest_rank(count, permille);
	uint64_t seen = 0;

	if (!count)
		return NAN;
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += buckets[i];
		if (seen >= rank)
			return fmin(middle_s(i, max_s), max_s);
	}
	return NAN; /* permille above 1000 */
}
