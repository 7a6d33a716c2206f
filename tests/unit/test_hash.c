// SPDX-License-Identifier: Apache-2.0
/* Vectors of FNV-1a, 64 bits, that its authors publish. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/base/hash.h"

static void published(void **state)
{
	(void)state;
	assert_true(hash_text(HASH_OF_NOTHING, "") == 0xcbf29ce484222325);
	assert_true(hash_text(HASH_OF_NOTHING, "a") == 0xaf63dc4c8601ec8c);
	assert_true(hash_text(HASH_OF_NOTHING, "foobar") == 0x85944171f73967e8);
}

static void in_pieces_as_in_one(void **state)
{
	(void)state;
	assert_true(hash_bytes(hash_text(HASH_OF_NOTHING, "foo"), "bar", 3) == 0x85944171f73967e8);
	assert_true(hash_bytes(HASH_OF_NOTHING, "a", 2) != hash_text(HASH_OF_NOTHING, "a"));
	assert_int_equal(hash_fold(0x85944171f73967e8), 0x85944171 ^ 0xf73967e8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published),
		cmocka_unit_test(in_pieces_as_in_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
