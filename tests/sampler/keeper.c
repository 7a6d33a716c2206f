// SPDX-License-Identifier: Apache-2.0
/*
 * keeper.c - pins with the layout that it was built with, and goes: keeper PIN_DIR BACKEND [MAX_SERIES].
 * For the tests of an upgrade.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../../user/collect/sampler.h"

int main(int argc, char **argv)
{
	struct sampler_options o = {
		.backend = argc > 2 ? argv[2] : "auto",
		.pin_dir = argc > 1 ? argv[1] : "",
		.max_series = argc > 3 ? (unsigned int)atoi(argv[3]) : 0,
		.thresholds = { { PART_DURATION, 0, 500000000 } },
		.n_thresholds = 1,
		.idle_end_ns = 5000000000,
	};
	struct sampler *s;
	char why[512];

	if (sampler_open(&o, &s, why, sizeof(why))) {
		fprintf(stderr, "keeper: %s\n", why);
		return 1;
	}
	sampler_close(s, true);
	return 0;
}
