// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_counts.c - any bytes as a file of counts. Whatever is accepted keeps its promises: rows ascend
 * within a name, good is not above total, and the second reading is the first.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../user/conf/counts.h"
#include "check.h"

#define STEP_S 60

/* Of everything that a pass gives; not a good hash, but the same for the same rows. */
static uint64_t pass(struct counts *c)
{
	int64_t last[64];
	uint64_t sum = 0;
	struct counts_row row;
	int r;

	for (size_t i = 0; i < 64; i++)
		last[i] = -1;
	while ((r = counts_next(c, &row)) == 1) {
		CHECK(row.name < counts_n_names(c));
		CHECK(row.good <= row.total && row.measured <= COUNTS_MEASURED);
		CHECK(row.time >= 0 && row.time % STEP_S == 0);
		if (row.name < 64) {
			CHECK(row.time > last[row.name]);
			last[row.name] = row.time;
		}
		sum = 31 * (sum ^ (uint64_t)row.time ^ row.good << 20 ^ row.total << 40 ^
			    row.measured ^ (uint64_t)row.name << 50) +
		      1;
	}
	CHECK(r == 0);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[64];
	struct problems problems = {};
	struct counts *c = NULL;

	if (fd < 0) {
		fd = memfd_create("counts", 0);
		CHECK(fd >= 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	CHECK(!ftruncate(fd, 0) && pwrite(fd, data, size, 0) == (ssize_t)size);
	if (!counts_open(path, STEP_S, &problems, &c)) {
		uint64_t first = pass(c);

		CHECK(!problems.errors);
		counts_rewind(c);
		CHECK(pass(c) == first);
	} else {
		CHECK(problems.errors == 1 && !c);
	}
	counts_free(c);
	problems_clear(&problems);
	return 0;
}
