// SPDX-License-Identifier: Apache-2.0
/* test_slots.c - bucket bounds are exactly 2^(k/8) seconds, to the nanosecond. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "native.h"

#include "../../bpf/slots.h"

#define BOUNDS	 (HISTOGRAM_BUCKETS - 1)
#define OVERFLOW (HISTOGRAM_BUCKETS - 1)

/* 64 bits of mantissa: 64e9 ns leaves 28 of them behind the point. */
static uint64_t true_bound_ns(unsigned int bucket)
{
	return (uint64_t)floorl(exp2l(((int)bucket + HISTOGRAM_MIN_EXP8) / 8.0L) * 1e9L);
}

static void every_bound_is_the_whole_nanoseconds_of_the_exact_one(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < BOUNDS; i++)
		assert_int_equal(true_bound_ns(i), slot_bound_ns(i));
}

static void the_exact_bound_never_lies_within_rounding_of_a_whole_nanosecond(void **state)
{
	(void)state;
	/* Or floorl() above would prove nothing. Whole powers of two above 2^-9 s are whole. */
	for (unsigned int i = 0; i < BOUNDS; i++) {
		long double exact = exp2l(((int)i + HISTOGRAM_MIN_EXP8) / 8.0L) * 1e9L;
		long double away = fabsl(exact - rintl(exact));

		if (i % 8)
			assert_true(away > 1e-6L);
	}
}

static void a_duration_at_its_bound_is_within_and_one_more_is_not(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < BOUNDS; i++) {
		uint64_t bound = true_bound_ns(i);

		assert_int_equal(i, slot_of(bound - 1));
		assert_int_equal(i, slot_of(bound));
		assert_int_equal(i + 1, slot_of(bound + 1));
	}
}

static void the_first_bucket_holds_all_that_is_shorter(void **state)
{
	(void)state;
	assert_int_equal(953, slot_bound_ns(0));
	assert_int_equal(0, slot_of(0));
	assert_int_equal(0, slot_of(1));
	assert_int_equal(0, slot_of(953));
	assert_int_equal(1, slot_of(954));
}

static void a_second_and_64_seconds_are_bounds(void **state)
{
	(void)state;
	assert_int_equal(1000000000, slot_bound_ns(-HISTOGRAM_MIN_EXP8));
	assert_int_equal(64000000000, slot_bound_ns(BOUNDS - 1));
}

static void the_overflow_holds_all_that_is_longer(void **state)
{
	(void)state;
	assert_int_equal(OVERFLOW - 1, slot_of(64000000000));
	assert_int_equal(OVERFLOW, slot_of(64000000001));
	assert_int_equal(OVERFLOW, slot_of(UINT64_MAX));
}

static void a_longer_duration_is_never_in_an_earlier_bucket(void **state)
{
	unsigned int last = 0;

	(void)state;
	for (uint64_t ns = 0; ns < 100000000000; ns += 1 + ns / 4096) {
		unsigned int slot = slot_of(ns);

		assert_true(slot >= last && slot - last <= 1);
		last = slot;
	}
	assert_int_equal(OVERFLOW, last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_bound_is_the_whole_nanoseconds_of_the_exact_one),
		cmocka_unit_test(the_exact_bound_never_lies_within_rounding_of_a_whole_nanosecond),
		cmocka_unit_test(a_duration_at_its_bound_is_within_and_one_more_is_not),
		cmocka_unit_test(the_first_bucket_holds_all_that_is_shorter),
		cmocka_unit_test(a_second_and_64_seconds_are_bounds),
		cmocka_unit_test(the_overflow_holds_all_that_is_longer),
		cmocka_unit_test(a_longer_duration_is_never_in_an_earlier_bucket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
