// SPDX-License-Identifier: Apache-2.0
/* test_histogram.c - bounds as Prometheus and OTLP publish them; percentiles by nearest rank. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/store/histogram.h"

#define BUCKET_OF_EXP8(k) ((k)-HISTOGRAM_MIN_EXP8)
#define ONE_SECOND	  BUCKET_OF_EXP8(0)
#define OVERFLOW_BUCKET	  (HISTOGRAM_BUCKETS - 1)

static void assert_close(double expected, double value)
{
	if (!(fabs(value - expected) <= 1e-9 * fabs(expected)))
		fail_msg("%.12g, expected %.12g", value, expected);
}

/* Prometheus native histograms, schema 3: base 2^(1/8), its published bounds within (1, 2]. */
static void bounds_are_those_of_prometheus_schema_3(void **state)
{
	static const double published[] = { 1.0905077326652577, 1.189207115002721,
					    1.2968395546510096, 1.414213562373095,
					    1.5422108254079407, 1.6817928305074292,
					    1.8340080864093424, 2.0 };

	(void)state;
	for (unsigned int i = 0; i < 8; i++)
		assert_close(published[i], histogram_bound_s(ONE_SECOND + 1 + i));
}

static void bounds_begin_near_a_microsecond_and_end_at_64_seconds(void **state)
{
	(void)state;
	assert_close(1.0 / (1 << 20), histogram_bound_s(0));
	assert_close(64, histogram_bound_s(OVERFLOW_BUCKET - 1));
	assert_true(isinf(histogram_bound_s(OVERFLOW_BUCKET)));
}

static void nothing_counted_has_no_percentile(void **state)
{
	__u64 none[HISTOGRAM_BUCKETS] = {};

	(void)state;
	assert_true(isnan(histogram_percentile_s(none, 500, INFINITY)));
	assert_int_equal(0, histogram_count(none));
}

static void a_percentile_is_the_geometric_middle_of_its_bucket(void **state)
{
	__u64 one[HISTOGRAM_BUCKETS] = { [ONE_SECOND] = 1 };

	(void)state;
	assert_close(sqrt(pow(2, -1 / 8.0) * 1.0), histogram_percentile_s(one, 500, INFINITY));
}

static void a_percentile_is_never_above_the_maximum_seen(void **state)
{
	__u64 one[HISTOGRAM_BUCKETS] = { [0] = 10, [ONE_SECOND] = 1, [OVERFLOW_BUCKET] = 0 };

	(void)state;
	assert_close(0.92, histogram_percentile_s(one, 1000, 0.92));
	assert_close(3e-7, histogram_percentile_s(one, 500, 3e-7));
}

static void the_first_bucket_gives_its_upper_bound(void **state)
{
	__u64 one[HISTOGRAM_BUCKETS] = { [0] = 1 };

	(void)state;
	assert_close(1.0 / (1 << 20), histogram_percentile_s(one, 500, INFINITY));
}

static void the_overflow_lies_between_64_seconds_and_the_maximum(void **state)
{
	__u64 one[HISTOGRAM_BUCKETS] = { [OVERFLOW_BUCKET] = 1 };

	(void)state;
	assert_close(64, histogram_percentile_s(one, 500, INFINITY));
	assert_close(80, histogram_percentile_s(one, 500, 100)); /* sqrt(64 * 100) */
}

static void the_99th_of_100_is_the_99th_and_of_101_the_100th(void **state)
{
	__u64 values[HISTOGRAM_BUCKETS] = { [10] = 99, [20] = 1 };
	double low, high;

	(void)state;
	low = histogram_percentile_s(values, 500, INFINITY);
	high = histogram_percentile_s(values, 1000, INFINITY);
	assert_true(low < high);
	assert_close(low, histogram_percentile_s(values, 990, INFINITY));
	assert_close(high, histogram_percentile_s(values, 991, INFINITY));
	values[20] = 2;
	assert_close(high, histogram_percentile_s(values, 990, INFINITY));
}

static void ranks_are_whole_numbers_even_where_doubles_are_not(void **state)
{
	__u64 values[HISTOGRAM_BUCKETS] = { [10] = 7, [20] = 93 };

	(void)state;
	/* 0.07 * 100 > 7 in doubles */
	assert_close(histogram_percentile_s(values, 1, INFINITY),
		     histogram_percentile_s(values, 70, INFINITY));
}

static void huge_counts_do_not_overflow(void **state)
{
	__u64 values[HISTOGRAM_BUCKETS] = { [10] = UINT64_MAX / 4 * 3, [20] = UINT64_MAX / 4 };

	(void)state;
	assert_true(histogram_percentile_s(values, 740, INFINITY) <
		    histogram_percentile_s(values, 760, INFINITY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_are_those_of_prometheus_schema_3),
		cmocka_unit_test(bounds_begin_near_a_microsecond_and_end_at_64_seconds),
		cmocka_unit_test(nothing_counted_has_no_percentile),
		cmocka_unit_test(a_percentile_is_the_geometric_middle_of_its_bucket),
		cmocka_unit_test(a_percentile_is_never_above_the_maximum_seen),
		cmocka_unit_test(the_first_bucket_gives_its_upper_bound),
		cmocka_unit_test(the_overflow_lies_between_64_seconds_and_the_maximum),
		cmocka_unit_test(the_99th_of_100_is_the_99th_and_of_101_the_100th),
		cmocka_unit_test(ranks_are_whole_numbers_even_where_doubles_are_not),
		cmocka_unit_test(huge_counts_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
