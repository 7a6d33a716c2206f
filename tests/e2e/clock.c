/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.c - LD_PRELOAD: a process whose clocks are set by a file. Two lines of nanoseconds: what is
 * added to CLOCK_REALTIME (the wall was set), and what is added to it and CLOCK_BOOTTIME (the host slept).
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long wall_ns, slept_ns;

static void read_file(void)
{
	const char *path = getenv("CLOCK_FILE");
	FILE *f = path ? fopen(path, "re") : NULL;

	if (!f)
		return;
	if (fscanf(f, "%lld %lld", &wall_ns, &slept_ns) != 2)
		abort();
	fclose(f);
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	int r = (int)syscall(SYS_clock_gettime, id, t);
	long long ns;

	if (r || (id != CLOCK_REALTIME && id != CLOCK_BOOTTIME))
		return r;
	read_file();
	ns = t->tv_nsec + slept_ns + (id == CLOCK_REALTIME ? wall_ns : 0);
	t->tv_sec += ns / 1000000000;
	t->tv_nsec = ns % 1000000000;
	if (t->tv_nsec < 0) {
		t->tv_nsec += 1000000000;
		t->tv_sec--;
	}
	return 0;
}

time_t time(time_t *ret)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	if (ret)
		*ret = t.tv_sec;
	return t.tv_sec;
}
