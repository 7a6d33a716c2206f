// SPDX-License-Identifier: Apache-2.0
/* self_test.c - see self_test.h. */
#include "self_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#include "../base/cleanup.h"

#define WAIT_NS		3000000 /* between arrival and receive */
#define FRESH_NS	1000000 /* a cached clock older than that was not refreshed */
#define SLOWEST_TICK_NS 10000000

static void wait_a_while(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = WAIT_NS }, NULL);
}

static int exchange_byte(int from, int to, volatile struct self_test *seen, struct self_test *ret)
{
	char byte = 0;

	seen->now_ns = 0;
	if (send(from, &byte, 1, MSG_NOSIGNAL) != 1)
		return -errno;
	wait_a_while();
	if (recv(to, &byte, 1, 0) != 1)
		return -errno;
	ret->cached_ns = seen->cached_ns;
	ret->now_ns = seen->now_ns;
	ret->stack = seen->stack;
	ret->regs = seen->regs;
	return ret->now_ns ? 0 : -ENODATA;
}

int self_test_run(volatile struct self_test *seen, volatile unsigned int *port,
		  struct self_test_result *ret)
{
	_cleanup_(closep) int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	_cleanup_(closep) int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	_cleanup_(closep) int server = -1;
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval limit = { .tv_sec = 1 };
	socklen_t size = sizeof(address);
	struct self_test first = {};
	int r;

	if (listener < 0 || client < 0 ||
	    setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ||
	    bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&address, &size) ||
	    connect(client, (struct sockaddr *)&address, size))
		return -errno;
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (server < 0 || setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		return -errno;
	*port = ntohs(address.sin_port);
	r = exchange_byte(client, server, seen, &first);
	if (r)
		return r;
	ret->recv_clock_is_cached = first.now_ns - first.cached_ns < FRESH_NS;
	ret->regs_offset = (unsigned int)(first.regs - first.stack);
	return 0;
}

unsigned int self_test_tick_ns(void)
{
	struct timespec tick;

	/* The coarse clocks advance once a jiffy. */
	return clock_getres(CLOCK_MONOTONIC_COARSE, &tick) ? SLOWEST_TICK_NS :
							     (unsigned int)tick.tv_nsec;
}
