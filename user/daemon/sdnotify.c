// SPDX-License-Identifier: Apache-2.0
/* sdnotify.c - see sdnotify.h. One datagram a message; lines are NAME=VALUE. */
#include "sdnotify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_MAX 1024

struct sdnotify {
	int fd;
	struct sockaddr_un address;
	socklen_t address_size;
};

static int parse_address(const char *text, struct sdnotify *n)
{
	size_t length = strlen(text);

	if ((*text != '/' && *text != '@') || !text[1] || length >= sizeof(n->address.sun_path))
		return -EINVAL;
	n->address.sun_family = AF_UNIX;
	memcpy(n->address.sun_path, text, length);
	n->address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	if (*text == '@') /* abstract: begins with a NUL and does not end with one */
		n->address.sun_path[0] = '\0';
	else
		n->address_size++;
	return 0;
}

int sdnotify_open(struct sdnotify **ret)
{
	_cleanup_(sdnotify_freep) struct sdnotify *n = NULL;
	const char *where = getenv("NOTIFY_SOCKET");
	int r;

	*ret = NULL;
	if (!where || !*where)
		return 0;
	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->fd = -1;
	r = parse_address(where, n);
	if (r)
		return r;
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (n->fd < 0 || connect(n->fd, (struct sockaddr *)&n->address, n->address_size))
		return -errno;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	*ret = TAKE(n);
	return 0;
}

void sdnotify_free(struct sdnotify *n)
{
	if (!n)
		return;
	closep(&n->fd);
	free(n);
}

/* MSG_NOSIGNAL is for streams; a datagram to nobody is only refused. */
static void say(struct sdnotify *n, const char *message)
{
	size_t length = strlen(message);

	if (!n || send(n->fd, message, length, 0) >= 0)
		return;
	/* Another socket may stand there by now, where it can still be reached. */
	if ((errno == ECONNREFUSED || errno == ENOTCONN || errno == ECONNRESET) &&
	    !connect(n->fd, (struct sockaddr *)&n->address, n->address_size))
		(void)!send(n->fd, message, length, 0);
}

void sdnotify_ready(struct sdnotify *n, const char *status)
{
	static const char ready[] = "READY=1\n";
	char message[MESSAGE_MAX];

	snprintf(message, sizeof(message), "%s%s%s", ready, status ? "STATUS=" : "",
		 status ? status : "");
	/* A newline in a status would begin another field. */
	for (char *c = message + strlen(ready); *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	say(n, message);
}

void sdnotify_reloading(struct sdnotify *n)
{
	char message[64];
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	snprintf(message, sizeof(message), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		 (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000);
	say(n, message);
}

void sdnotify_stopping(struct sdnotify *n)
{
	say(n, "STOPPING=1");
}

void sdnotify_alive(struct sdnotify *n)
{
	say(n, "WATCHDOG=1");
}
