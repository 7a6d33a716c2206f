// SPDX-License-Identifier: Apache-2.0
/* listen.c - binding, with words for whoever wrote the address. */
#include "listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "../base/cleanup.h"

#define BACKLOG	  1024 /* the kernel's own limit may be lower */
#define SILENT_S  1    /* a connection that says nothing is accepted after so long */
#define HOST_SIZE 256

static __attribute__((format(printf, 4, 5))) int refuse(int error, char *why, size_t why_size,
							const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, why_size, format, args);
	va_end(args);
	return error;
}

/* "host:port" apart. */
static int split(const char *where, char host[HOST_SIZE], const char **port)
{
	const char *colon = strrchr(where, ':');
	size_t n;

	if (!colon || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
	    strlen(colon + 1) > 5 || strtoul(colon + 1, NULL, 10) > 65535)
		return -EINVAL;
	n = (size_t)(colon - where);
	if (*where == '[') {
		if (n < 3 || where[n - 1] != ']')
			return -EINVAL;
		where++;
		n -= 2;
	} else if (memchr(where, ':', n)) {
		return -EINVAL; /* an IPv6 address without brackets */
	}
	if (n >= HOST_SIZE)
		return -EINVAL;
	memcpy(host, where, n);
	host[n] = '\0';
	*port = colon + 1;
	return 0;
}

static int bound(const struct addrinfo *a, bool every, int *ret_fd)
{
	_cleanup_(closep) int fd =
		socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, silent_s = SILENT_S, only_v6 = !every;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* Then who asks at once is answered at once, however many others come and say nothing. */
	setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &silent_s, sizeof(silent_s));
	if (a->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof(only_v6));
	if (bind(fd, a->ai_addr, a->ai_addrlen) || listen(fd, BACKLOG))
		return -errno;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static int bound_first(const struct addrinfo *list, int family, bool every, int *ret_fd)
{
	int r = -EADDRNOTAVAIL;

	for (const struct addrinfo *a = list; a; a = a->ai_next) {
		if (family && a->ai_family != family)
			continue;
		r = bound(a, every, ret_fd);
		if (!r)
			return 0;
	}
	return r;
}

int listen_tcp(const char *where, int *ret_fd, char *why, size_t why_size)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	struct addrinfo *list = NULL;
	char host[HOST_SIZE];
	const char *port;
	int r = split(where, host, &port);

	if (r)
		return refuse(r, why, why_size,
			      "'%s' is no address to listen on: write 127.0.0.1:9477, [::1]:9477 "
			      "or :9477",
			      where);
	r = getaddrinfo(*host ? host : NULL, port, &hints, &list);
	if (r)
		return refuse(-EINVAL, why, why_size,
			      "'%s' is no address of this machine (%s): write 127.0.0.1:9477, "
			      "[::1]:9477 or :9477",
			      host, gai_strerror(r));
	/* One socket of the IPv6 wildcard serves both families. */
	r = *host ? -EADDRNOTAVAIL : bound_first(list, AF_INET6, true, ret_fd);
	if (r)
		r = bound_first(list, 0, false, ret_fd);
	freeaddrinfo(list);
	if (r == -EADDRINUSE)
		return refuse(r, why, why_size,
			      "%s is taken by another program: stop it ('ss -ltnp' says which it "
			      "is), or listen elsewhere",
			      where);
	if (r)
		return refuse(r, why, why_size, "cannot listen on %s: %s", where, strerror(-r));
	return 0;
}

uint16_t listen_port(int fd)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);

	if (getsockname(fd, (struct sockaddr *)&a, &n))
		return 0;
	if (a.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&a)->sin_port);
	if (a.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&a)->sin6_port);
	return 0;
}

/* 0: nothing is in the way any more. */
static int clear_the_way(const struct sockaddr_un *a, char *why, size_t why_size)
{
	_cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (lstat(a->sun_path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return refuse(-EEXIST, why, why_size, "%s is in the way and no socket: move it",
			      a->sun_path);
	/* EAGAIN: it listens, and has much to do. */
	if (!connect(fd, (const struct sockaddr *)a, sizeof(*a)) || errno == EAGAIN)
		return refuse(-EADDRINUSE, why, why_size,
			      "another troth answers on %s: stop it, or give this one a state "
			      "directory of its own",
			      a->sun_path);
	if (errno != ECONNREFUSED)
		return -errno;
	return unlink(a->sun_path) && errno != ENOENT ? -errno : 0;
}

int listen_unix(const char *path, int *ret_fd, char *why, size_t why_size)
{
	_cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n = strlen(path);
	int r;

	if (!n || n >= sizeof(a.sun_path))
		return refuse(-ENAMETOOLONG, why, why_size,
			      "%s: a socket's path has at most %zu bytes, this one %zu: use a "
			      "state directory with a shorter name",
			      path, sizeof(a.sun_path) - 1, n);
	memcpy(a.sun_path, path, n);
	*why = '\0';
	r = fd < 0 ? -errno : clear_the_way(&a, why, why_size);
	/* The file takes the socket's mode: nobody may connect before it is right. */
	if (!r && fchmod(fd, 0600))
		r = -errno;
	if (!r && (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, BACKLOG)))
		r = -errno;
	if (r && !*why)
		refuse(r, why, why_size, "cannot make the socket %s: %s", path, strerror(-r));
	if (r)
		return r;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

void listen_unix_end(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	_cleanup_(closep) int probe =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (probe < 0 || strlen(path) >= sizeof(a.sun_path))
		return;
	strcpy(a.sun_path, path);
	if (connect(probe, (struct sockaddr *)&a, sizeof(a)) && errno == ECONNREFUSED)
		unlink(path);
}
