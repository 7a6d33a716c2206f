// SPDX-License-Identifier: Apache-2.0
/* One service's counts, and targets, for the tests of judgements. */
#ifndef TROTH_TESTS_JUDGE_FIXTURE_H
#define TROTH_TESTS_JUDGE_FIXTURE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/slo/judge.h"

#define PATIENCE 1 /* threshold 1; threshold 0 is the latency limit */
#define LIMIT	 0
#define WITHIN	 ((1 << LIMIT) | (1 << PATIENCE)) /* fast */
#define SLOW	 (1 << PATIENCE)
#define HOPELESS 0 /* older than the patience */

static inline void assert_close(double expected, double value)
{
	if (!(fabs(value - expected) <= 1e-12 + 1e-12 * fabs(expected)))
		fail_msg("%.17g, expected %.17g", value, expected);
}

static inline struct service_row http(void)
{
	return (struct service_row){ .role = ROLE_SERVER, .protocol = "http" };
}

/* What somebody wrote with at most twelve digits. */
static inline decimal target_of(double target)
{
	return (decimal)llround(target * 1e12) * (DECIMAL_ONE / 1000000000000);
}

#endif
