// SPDX-License-Identifier: Apache-2.0
/* test_status_text.c - figures on the screen of `troth status`: few digits, and none rounded up. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/base/cleanup.h"
#include "../../user/report/json.h"
#include "../../user/report/status_text.h"

/* The screen of one document; the caller's to free. */
static char *screen(double up_s, double coverage, double sli)
{
	_cleanup_(json_decrefp) json_t *status =
		json_pack("{s:b, s:f, s:{s:f}, s:[{s:s, s:b, s:f, s:f}]}", "ready", 1, "up_s", up_s,
			  "measurement", "coverage", coverage, "slos", "name", "shop", "met", 1,
			  "sli", sli, "target", 0.999);
	char *ret = NULL;
	size_t n;
	FILE *out = open_memstream(&ret, &n);

	assert_non_null(status);
	assert_non_null(out);
	assert_int_equal(0, status_text(out, status, false));
	fclose(out);
	return ret;
}

static void assert_said(const char *said, double up_s, double coverage, double sli)
{
	_cleanup_(freep) char *text = screen(up_s, coverage, sli);

	if (!strstr(text, said))
		fail_msg("no \"%s\" in:\n%s", said, text);
}

static void how_long_it_is_up_is_said_in_words(void **state)
{
	(void)state;
	assert_said("up 2 seconds ", 2.03448, 1, 1);
	assert_said("up 0 seconds ", 0.873399, 1, 1);
	assert_said("up 4 minutes 19 seconds ", 259.9, 1, 1);
	assert_said("up 1 day 1 hour ", 90061.5, 1, 1);
}

static void coverage_has_few_digits_and_is_never_rounded_up(void **state)
{
	(void)state;
	assert_said("coverage 98.31 % ", 1, 0.983139279477, 1);
	assert_said("coverage 99.99 % ", 1, 0.9999999999, 1);
	assert_said("coverage 99.95 % ", 1, 0.9995, 1);
	assert_said("coverage 100 % ", 1, 1, 1);
	assert_said("coverage 0 % ", 1, 0, 1);
	assert_said("coverage 29 % ", 1, 0.29, 1);
}

static void what_was_kept_has_the_digits_of_its_target_and_is_never_rounded_up(void **state)
{
	(void)state;
	assert_said("99.999 % of 99.9 %", 1, 1, 0.99999999);
	assert_said("97.338 % of 99.9 %", 1, 1, 0.97338123456);
	assert_said("100 % of 99.9 %", 1, 1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(how_long_it_is_up_is_said_in_words),
		cmocka_unit_test(coverage_has_few_digits_and_is_never_rounded_up),
		cmocka_unit_test(
			what_was_kept_has_the_digits_of_its_target_and_is_never_rounded_up),
	};

	return cmocka_run_group_tests_name("status_text", tests, NULL, NULL);
}
