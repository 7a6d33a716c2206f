// SPDX-License-Identifier: Apache-2.0
/* test_nearest.c - what somebody meant who mistyped a word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/base/nearest.h"

static const char *nearest_of(const char *word)
{
	struct nearest near = { .word = word };

	nearest_offer(&near, "check");
	nearest_offer(&near, "doctor");
	nearest_offer(&near, "report");
	return near.best;
}

static void a_swap_a_slip_or_a_beginning_finds_its_word(void **state)
{
	(void)state;
	assert_string_equal("check", nearest_of("chekc"));
	assert_string_equal("check", nearest_of("chck"));
	assert_string_equal("doctor", nearest_of("doc"));
	assert_string_equal("report", nearest_of("reprot"));
	assert_null(nearest_of("zebra"));
	assert_null(nearest_of(""));
	assert_null(nearest_of("a-word-that-is-much-longer-than-any-of-ours"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_swap_a_slip_or_a_beginning_finds_its_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
