// SPDX-License-Identifier: Apache-2.0
/* moment.c - reads the clocks, and which boot they belong to. */
#include "moment.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"

static int64_t read_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * NS_PER_SECOND + t.tv_nsec;
}

uint64_t moment_mono_ns(void)
{
	return (uint64_t)read_ns(CLOCK_MONOTONIC);
}

void moment_now(struct moment *ret)
{
	ret->wall_ns = read_ns(CLOCK_REALTIME);
	ret->mono_ns = moment_mono_ns();
	ret->boot_ns = (uint64_t)read_ns(CLOCK_BOOTTIME);
}

void moment_boot_id(char ret[BOOT_ID_SIZE])
{
	_cleanup_(closep) int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, BOOT_ID_SIZE - 1);

	if (n < 0)
		n = 0;
	ret[n] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
}
