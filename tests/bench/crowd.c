// SPDX-License-Identifier: Apache-2.0
/* crowd.c - see crowd.h. */
#include "crowd.h"

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "talk.h"

#define BURST 50 /* exchanges between two looks at stdin, where there is no pause */

static void die(int r)
{
	fprintf(stderr, "bench: crowd: %s\n", strerror(-r));
	exit(1);
}

/* A listener and both ends of a connection for each port. */
static void allow_files(unsigned int ports)
{
	struct rlimit limit = { 3 * ports + 64, 3 * ports + 64 }, now;

	if (!getrlimit(RLIMIT_NOFILE, &now) && now.rlim_max > limit.rlim_max)
		limit.rlim_max = now.rlim_max;
	if (limit.rlim_cur > now.rlim_cur)
		setrlimit(RLIMIT_NOFILE, &limit);
}

static void pause_until(uint64_t due)
{
	uint64_t now = talk_now_ns();
	struct timespec t = { .tv_nsec = (long)(due - now) };

	if (due > now && due - now < 1000000000)
		nanosleep(&t, NULL);
}

void crowd(unsigned int ports, double rate, unsigned int idle)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };
	struct idle *open = NULL;
	unsigned long long done = ports;
	struct talk *t;
	uint64_t begin;
	int r = idle ? idle_open(idle, &open) : 0;

	allow_files(ports);
	if (!r)
		r = talk_open(ports, ports, &t);
	if (!r)
		r = talk_exchanges(t, ports);
	if (r)
		die(r);
	printf("talking\n");
	begin = talk_now_ns();
	for (unsigned long long n = 0; !poll(&in, 1, 0);) {
		unsigned int burst = rate > 0 ? 1 : BURST;

		if (rate > 0)
			pause_until(begin + (uint64_t)((double)n * 1e9 / rate));
		r = talk_exchanges(t, burst);
		if (r)
			die(r);
		n += burst;
		done += burst;
	}
	printf("%llu\n", done);
	idle_free(open);
	talk_free(t);
}
