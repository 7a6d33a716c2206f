// SPDX-License-Identifier: Apache-2.0
/* wire.c - see wire.h. */
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "calls.h"

#define MESSAGE_MAX 8192

void wire_init(struct wire *w, int fd, const struct calls *calls)
{
	w->fd = fd;
	w->calls = calls ? calls : &calls_plain;
	w->have = 0;
}

void wire_close(struct wire *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

void wire_reset(struct wire *w)
{
	struct linger now = { .l_onoff = 1 };

	if (setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)))
		die("SO_LINGER");
	wire_close(w);
}

int wire_try(struct wire *w, const char *data, size_t len)
{
	return w->calls->send(w->fd, data, len) < 0 ? WIRE_RESET : 0;
}

void wire_send(struct wire *w, const char *data, size_t len)
{
	if (wire_try(w, data, len))
		die("the peer is gone");
}

void wire_say(struct wire *w, const char *text)
{
	wire_send(w, text, strlen(text));
}

/* One receive call more in kept. */
static int fill(struct wire *w)
{
	ssize_t n = w->calls->recv(w->fd, w->kept + w->have, sizeof(w->kept) - w->have);

	if (n <= 0)
		return n < 0 ? WIRE_RESET : WIRE_CLOSED;
	w->have += (size_t)n;
	return 1;
}

static void use(struct wire *w, size_t len)
{
	w->have -= len;
	memmove(w->kept, w->kept + len, w->have);
}

/* The length up to and with the mark, once it is there. */
static int until(struct wire *w, const char *mark, size_t *ret)
{
	const char *found;

	while (!(found = memmem(w->kept, w->have, mark, strlen(mark)))) {
		int r = fill(w);

		if (r <= 0)
			return r;
	}
	*ret = (size_t)(found - w->kept) + strlen(mark);
	return 1;
}

int wire_head(struct wire *w)
{
	size_t len;
	int r = until(w, "\r\n\r\n", &len);

	if (r <= 0)
		return r;
	if (len >= sizeof(w->head))
		die("a head of %zu bytes", len);
	memcpy(w->head, w->kept, len);
	w->head[len] = 0;
	use(w, len);
	return 1;
}

int wire_skip(struct wire *w, size_t len)
{
	while (len) {
		size_t now = w->have < len ? w->have : len;
		int r;

		use(w, now);
		len -= now;
		if (!len)
			break;
		r = fill(w);
		if (r <= 0)
			return r;
	}
	return 1;
}

static int body(struct wire *w)
{
	const char *length = strcasestr(w->head, "\r\nContent-Length: ");
	size_t len;
	int r;

	if (length)
		return wire_skip(w, strtoul(length + 18, NULL, 10));
	if (!strcasestr(w->head, "\r\nTransfer-Encoding: chunked"))
		return 1;
	r = until(w, "\r\n0\r\n\r\n", &len); /* no play's data holds that */
	if (r > 0)
		use(w, len);
	return r;
}

int wire_request(struct wire *w)
{
	const char *path;
	int r = wire_head(w);

	if (r > 0)
		r = body(w);
	if (r <= 0)
		return r;
	path = strchr(w->head, '/');
	r = path ? atoi(path + 1) : 0;
	return r ? r : 200;
}

int wire_response(struct wire *w)
{
	int status, r = wire_head(w);

	if (r <= 0)
		return r;
	if (sscanf(w->head, "HTTP/1.1 %d ", &status) != 1)
		die("not an answer: %.40s", w->head);
	r = status < 200 ? 1 : body(w);
	return r > 0 ? status : r;
}

static size_t with_body(char *buf, size_t size, int head_len, size_t body_len)
{
	if (head_len < 0 || (size_t)head_len + body_len > size)
		die("a message of %zu bytes", (size_t)head_len + body_len);
	memset(buf + head_len, 'x', body_len);
	return (size_t)head_len + body_len;
}

size_t wire_request_text(char *buf, size_t size, int status, size_t body_len)
{
	int n = body_len ? snprintf(buf, size,
				    "POST /%d HTTP/1.1\r\nHost: vm\r\n"
				    "Content-Length: %zu\r\n\r\n",
				    status, body_len) :
			   snprintf(buf, size, "GET /%d HTTP/1.1\r\nHost: vm\r\n\r\n", status);

	return with_body(buf, size, n, body_len);
}

size_t wire_answer_text(char *buf, size_t size, int status, size_t body_len)
{
	int n = snprintf(buf, size, "HTTP/1.1 %d Said So\r\nContent-Length: %zu\r\n\r\n", status,
			 body_len);

	return with_body(buf, size, n, body_len);
}

void wire_ask(struct wire *w, int status, size_t body_len)
{
	char text[MESSAGE_MAX];

	wire_send(w, text, wire_request_text(text, sizeof(text), status, body_len));
}

void wire_answer(struct wire *w, int status, size_t body_len)
{
	char text[MESSAGE_MAX];

	wire_send(w, text, wire_answer_text(text, sizeof(text), status, body_len));
}
