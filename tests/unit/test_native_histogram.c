// SPDX-License-Identifier: Apache-2.0
/*
 * test_native_histogram.c - spans and deltas, read back as Prometheus reads them: index i of schema 3 is
 * (2^((i-1)/8), 2^(i/8)] seconds, an offset counts from the end of the span before, deltas add up.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "native.h"

#include "../../bpf/slots.h"
#include "../../user/export/metrics.h"

#define INDEX_MIN (-200)
#define INDEXES	  400

struct read_back {
	uint64_t at[INDEXES]; /* by index - INDEX_MIN */
	uint64_t sum;
};

static void read_back(const struct native_histogram *h, struct read_back *ret)
{
	int32_t index = 0;
	int64_t value = 0;
	unsigned int d = 0;

	*ret = (struct read_back){ .sum = h->zero_count };
	for (unsigned int s = 0; s < h->n_spans; s++) {
		assert_true(s == 0 || h->offsets[s] > 0);
		index += h->offsets[s];
		for (uint32_t i = 0; i < h->lengths[s]; i++, index++) {
			value += h->deltas[d++];
			assert_true(value >= 0);
			ret->at[index - INDEX_MIN] = (uint64_t)value;
			ret->sum += (uint64_t)value;
		}
	}
	assert_int_equal(h->n_deltas, d);
	assert_int_equal(h->count, ret->sum);
}

/* By the definition, with logarithms of doubles; values next to a bound are not asked. */
static int index_of(double s)
{
	return (int)ceil(8 * log2(s));
}

static bool next_to_a_bound(double s)
{
	double eighths = 8 * log2(s);

	return fabs(eighths - round(eighths)) < 1e-6;
}

static void every_duration_lies_in_the_bucket_of_its_index(void **state)
{
	static __u64 buckets[HISTOGRAM_BUCKETS];
	static uint64_t expected[INDEXES];
	struct native_histogram h;
	struct read_back got;
	uint64_t zero = 0;

	(void)state;
	srandom(1);
	for (unsigned int i = 0; i < 200000; i++) {
		double ns = exp2(8 + 28 * (double)random() / (double)RAND_MAX);
		double s = floor(ns) / 1e9;

		if (next_to_a_bound(s) || s > 64)
			continue;
		buckets[slot_of((uint64_t)ns)]++;
		if (s <= exp2(-20))
			zero++;
		else
			expected[index_of(s) - INDEX_MIN]++;
	}
	native_histogram_of(buckets, &h);
	read_back(&h, &got);
	assert_true(zero > 1000);
	assert_int_equal(zero, h.zero_count);
	assert_float_equal(exp2(-20), h.zero_threshold, 0);
	assert_memory_equal(expected, got.at, sizeof(expected));
}

static void bounds_belong_to_the_bucket_below(void **state)
{
	__u64 buckets[HISTOGRAM_BUCKETS] = {};
	struct native_histogram h;
	struct read_back got;

	(void)state;
	buckets[slot_of(1000000000)] = 3; /* 1 s is 2^0: index 0 is (0.917, 1] */
	buckets[slot_of(1000000001)] = 4;
	buckets[slot_of(64000000000)] = 5; /* 2^6: index 48 */
	native_histogram_of(buckets, &h);
	read_back(&h, &got);
	assert_int_equal(3, got.at[0 - INDEX_MIN]);
	assert_int_equal(4, got.at[1 - INDEX_MIN]);
	assert_int_equal(5, got.at[48 - INDEX_MIN]);
}

static void what_is_longer_than_64_seconds_lies_just_above(void **state)
{
	__u64 buckets[HISTOGRAM_BUCKETS] = {};
	struct native_histogram h;
	struct read_back got;

	(void)state;
	buckets[slot_of(3600000000000)] = 7;
	native_histogram_of(buckets, &h);
	read_back(&h, &got);
	assert_int_equal(7, got.at[49 - INDEX_MIN]);
	assert_int_equal(7, h.count);
}

static void nothing_is_no_span(void **state)
{
	__u64 buckets[HISTOGRAM_BUCKETS] = {};
	struct native_histogram h;

	(void)state;
	native_histogram_of(buckets, &h);
	assert_int_equal(0, h.n_spans);
	assert_int_equal(0, h.n_deltas);
	assert_int_equal(0, h.count);
}

static void every_second_bucket_and_every_fourth_fit(void **state)
{
	(void)state;
	for (unsigned int step = 1; step <= 5; step++) {
		__u64 buckets[HISTOGRAM_BUCKETS] = {};
		struct native_histogram h;
		struct read_back got;

		for (unsigned int k = 0; k < HISTOGRAM_BUCKETS; k += step)
			buckets[k] = 1000000 + k;
		native_histogram_of(buckets, &h);
		read_back(&h, &got);
		for (unsigned int k = 1; k < HISTOGRAM_BUCKETS; k++)
			assert_int_equal(buckets[k], got.at[(int)k - 160 - INDEX_MIN]);
		assert_true(h.n_spans <= NATIVE_SPANS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_duration_lies_in_the_bucket_of_its_index),
		cmocka_unit_test(bounds_belong_to_the_bucket_below),
		cmocka_unit_test(what_is_longer_than_64_seconds_lies_just_above),
		cmocka_unit_test(nothing_is_no_span),
		cmocka_unit_test(every_second_bucket_and_every_fourth_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
