/* SPDX-License-Identifier: Apache-2.0 */
/* sockets.h - TCP over loopback, for tests in C. Whoever includes it has cmocka. */
#ifndef TROTH_TESTS_SOCKETS_H
#define TROTH_TESTS_SOCKETS_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

/* *port 0: anywhere. */
static int listen_at(uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(*port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
	socklen_t length = sizeof(a);

	assert_true(fd >= 0);
	assert_int_equal(0, setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)));
	assert_int_equal(0, bind(fd, (struct sockaddr *)&a, sizeof(a)));
	assert_int_equal(0, listen(fd, 1024));
	assert_int_equal(0, getsockname(fd, (struct sockaddr *)&a, &length));
	*port = ntohs(a.sin_port);
	return fd;
}

static int connect_to(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a))) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool receive_all(int fd, char *buffer, size_t n)
{
	for (size_t have = 0; have < n;) {
		ssize_t r = recv(fd, buffer + have, n - have, 0);

		if (r <= 0)
			return false;
		have += (size_t)r;
	}
	return true;
}

#endif
