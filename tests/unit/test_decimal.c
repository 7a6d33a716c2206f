// SPDX-License-Identifier: Apache-2.0
/*
 * test_decimal.c - ratios as people write them; comparisons were worked out with Python's
 * fractions.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../user/base/decimal.h"

#define E15 1000000000000000ull

static void assert_reads(const char *text, int shift, decimal expected)
{
	decimal d = 1;

	if (decimal_parse(text, shift, &d) || d != expected)
		fail_msg("'%s' is %llu, not %llu", text, (unsigned long long)d,
			 (unsigned long long)expected);
}

static void assert_refused(const char *text, int shift, int error)
{
	decimal d;

	if (decimal_parse(text, shift, &d) != error)
		fail_msg("'%s' gives another error than %d", text, error);
}

static void decimals_are_read_digit_by_digit(void **state)
{
	(void)state;
	assert_reads("0.999", 0, 999 * E15);
	assert_reads(".5", 0, 500 * E15);
	assert_reads("1", 0, DECIMAL_ONE);
	assert_reads("1.", 0, DECIMAL_ONE);
	assert_reads("+0.25", 0, 250 * E15);
	assert_reads("0", 0, 0);
	assert_reads("0.000", 0, 0);
	assert_reads("000.1", 0, 100 * E15);
	assert_reads("18", 0, 18 * DECIMAL_ONE);
	assert_reads("0.123456789012345678", 0, 123456789012345678ull);
	assert_reads("0.000000000000000001", 0, 1);
}

static void exponents_move_the_point(void **state)
{
	(void)state;
	assert_reads("9.99e-1", 0, 999 * E15);
	assert_reads("9990E-4", 0, 999 * E15);
	assert_reads("0.0001e+3", 0, 100 * E15);
	assert_reads("1e-18", 0, 1);
	assert_reads("0e999999999999", 0, 0);
}

static void a_percentage_is_the_same_number(void **state)
{
	(void)state;
	assert_reads("99.9", -2, 999 * E15);
	assert_reads("100", -2, DECIMAL_ONE);
	assert_reads("99.99999999", -2, 999999999900000000ull);
	assert_reads("0.0000000000000001", -2, 1);
}

static void zeros_at_the_end_take_no_digits(void **state)
{
	(void)state;
	assert_reads("0.9990000000000000000000000000000", 0, 999 * E15);
	assert_reads("99.90000000000000000000", -2, 999 * E15);
	assert_reads("1000000000000000000000000e-24", 0, DECIMAL_ONE);
}

static void what_is_no_ratio_is_refused(void **state)
{
	static const char *const wrong[] = { "",     ".",   "x",    "0.9x", "-0.5", "-0",
					     "0..9", "e",   "1e",   "1e+",  "0x1",  " 1",
					     "1 ",   "1,5", "1.5.", "inf",  "nan",  "1_000" };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_refused(wrong[i], 0, -EINVAL);
}

static void what_does_not_fit_is_out_of_range(void **state)
{
	(void)state;
	assert_refused("19", 0, -ERANGE);
	assert_refused("1e2", 0, -ERANGE);
	assert_refused("0.0000000000000000001", 0, -ERANGE);
	assert_refused("0.1234567890123456789", 0, -ERANGE);
	assert_refused("0.00000000000000001", -2, -ERANGE);
	assert_refused("99999999999999999999999999", 0, -ERANGE);
	assert_refused("1e99999999999999999999", 0, -ERANGE);
	assert_refused("1e-99999999999999999999", 0, -ERANGE);
}

static void the_shortest_text_is_written(void **state)
{
	char buf[DECIMAL_TEXT];

	(void)state;
	assert_string_equal("0.999", decimal_format(999 * E15, 0, buf));
	assert_string_equal("99.9", decimal_format(999 * E15, -2, buf));
	assert_string_equal("0", decimal_format(0, 0, buf));
	assert_string_equal("1", decimal_format(DECIMAL_ONE, 0, buf));
	assert_string_equal("100", decimal_format(DECIMAL_ONE, -2, buf));
	assert_string_equal("0.000000000000000001", decimal_format(1, 0, buf));
	assert_string_equal("18.446744073709551615", decimal_format(UINT64_MAX, 0, buf));
	assert_string_equal("0.0000000000000000000000000001", decimal_format(1, 10, buf));
}

static void what_is_written_reads_back(void **state)
{
	char buf[DECIMAL_TEXT];

	(void)state;
	for (decimal d = 1; d < UINT64_MAX / 3; d = d * 3 + 7)
		for (int shift = -2; shift <= 0; shift++)
			assert_reads(decimal_format(d, shift, buf), shift, d);
}

static void a_double_is_the_nearest_one(void **state)
{
	(void)state;
	assert_true(decimal_double(999 * E15) == 0.999);
	assert_true(decimal_double(DECIMAL_ONE / 10) == 0.1);
	assert_true(decimal_double(DECIMAL_ONE) == 1.0);
	assert_true(decimal_double(0) == 0.0);
	assert_true(decimal_double(930600000000000000ull) == 0.9306);
}

static void a_target_is_reached_exactly_or_not(void **state)
{
	(void)state;
	assert_true(decimal_reached(999, 1000, 999 * E15));
	assert_false(decimal_reached(998, 1000, 999 * E15));
	assert_true(decimal_reached(UINT64_MAX, UINT64_MAX, DECIMAL_ONE));
	assert_false(decimal_reached(UINT64_MAX - 1, UINT64_MAX, DECIMAL_ONE));
	assert_true(decimal_reached(1, 3, 333333333333333333ull));
	assert_false(decimal_reached(1, 3, 333333333333333334ull));
	assert_true(decimal_reached(UINT64_MAX - 1, UINT64_MAX, DECIMAL_ONE - 1));
	assert_true(decimal_reached(0, 1, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decimals_are_read_digit_by_digit),
		cmocka_unit_test(exponents_move_the_point),
		cmocka_unit_test(a_percentage_is_the_same_number),
		cmocka_unit_test(zeros_at_the_end_take_no_digits),
		cmocka_unit_test(what_is_no_ratio_is_refused),
		cmocka_unit_test(what_does_not_fit_is_out_of_range),
		cmocka_unit_test(the_shortest_text_is_written),
		cmocka_unit_test(what_is_written_reads_back),
		cmocka_unit_test(a_double_is_the_nearest_one),
		cmocka_unit_test(a_target_is_reached_exactly_or_not),
	};

	return cmocka_run_group_tests_name("decimal", tests, NULL, NULL);
}
