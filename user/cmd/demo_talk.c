// SPDX-License-Identifier: Apache-2.0
/*
 * demo_talk.c - 200 requests on ten connections: each path has its canned answer and delay.
 * A thread a connection at either end; nothing here is a general HTTP server or client.
 */
#include "demo_talk.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "demo.h"

#define REQUESTS      198 /* on the kept connections */
#define SLOW_FIRST    80  /* six in a row, so each on a connection of its own: side by side */
#define SLOW_MS	      600
#define GIVE_UP_MS    300
#define SERVER_IDLE_S 10 /* nobody came: the client is gone */

static const struct answer {
	const char *path;
	const char *status; /* NULL: none, the connection is closed after ... */
	bool wait;	    /* ... at once, or when the client has left */
	unsigned int delay_ms;
} answers[] = {
	{ "/ok", "200 OK", false, 40 },
	{ "/unavailable", "503 Service Unavailable", false, 1 },
	{ "/missing", "404 Not Found", false, 1 },
	{ "/slow", "200 OK", false, SLOW_MS },
	{ "/hang-up", NULL, false, 20 },
	{ "/never", NULL, true, 0 },
};

enum { PATH_OK, PATH_UNAVAILABLE, PATH_MISSING, PATH_SLOW, PATH_HANG_UP, PATH_NEVER, PATHS };
_Static_assert(sizeof(answers) / sizeof(answers[0]) == PATHS, "a path without an answer");

/* All answers have this body, so a reader knows where one ends. */
static const char body[] = "troth\n";

static void sleep_ms(unsigned int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

/* Receives until tail stands behind from bytes; the length, 0: the peer left, -errno. */
static ssize_t receive_until(int fd, const char *tail, char *buf, size_t size)
{
	size_t used = 0;

	while (used < size - 1) {
		ssize_t n = recv(fd, buf + used, size - 1 - used, 0);

		if (n <= 0)
			return n < 0 ? -errno : 0;
		used += (size_t)n;
		buf[used] = '\0';
		if (strstr(buf, tail))
			return (ssize_t)used;
	}
	return -EMSGSIZE;
}

static const struct answer *answer_to(const char *request)
{
	const char *path = request + strlen("GET ");

	for (size_t i = 0; i < PATHS; i++) {
		size_t n = strlen(answers[i].path);

		if (!strncmp(path, answers[i].path, n) && path[n] == ' ')
			return &answers[i];
	}
	return &answers[PATH_MISSING];
}

static void *serve_connection(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char buf[512];

	while (receive_until(fd, "\r\n\r\n", buf, sizeof(buf)) > 0) {
		const struct answer *a = answer_to(buf);
		int n;

		sleep_ms(a->delay_ms);
		if (!a->status && a->wait)
			continue; /* the next receive tells that the client has left */
		if (!a->status)
			break;
		n = snprintf(buf, sizeof(buf), "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s",
			     a->status, strlen(body), body);
		if (send(fd, buf, (size_t)n, MSG_NOSIGNAL) != n)
			break;
	}
	close(fd);
	return NULL;
}

void demo_serve(int listener)
{
	struct timeval patience = { .tv_sec = SERVER_IDLE_S };
	pthread_t threads[DEMO_CONNECTIONS];
	unsigned int n = 0;

	setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	while (n < DEMO_CONNECTIONS) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			break;
		if (pthread_create(&threads[n], NULL, serve_connection, (void *)(intptr_t)fd)) {
			close(fd);
			break;
		}
		n++;
	}
	while (n)
		pthread_join(threads[--n], NULL);
}

/* One connection of the client. */
struct visitor {
	const struct sockaddr_in *server;
	unsigned int index;
	struct demo_tally tally;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* What became of it, as a client sees it. */
static enum outcome request_send(int fd, unsigned int path, unsigned int patience_ms)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	char buf[512];
	int n = snprintf(buf, sizeof(buf), "GET %s HTTP/1.1\r\nHost: demo\r\n\r\n",
			 answers[path].path);

	if (send(fd, buf, (size_t)n, MSG_NOSIGNAL) != n)
		return OUTCOME_NO_RESPONSE;
	if (poll(&readable, 1, patience_ms ? (int)patience_ms : -1) == 0)
		return OUTCOME_ABORTED;
	if (receive_until(fd, body, buf, sizeof(buf)) <= 0)
		return OUTCOME_NO_RESPONSE;
	switch (buf[strlen("HTTP/1.1 ")]) {
	case '2':
		return OUTCOME_OK;
	case '4':
		return OUTCOME_CLIENT_ERROR;
	default:
		return OUTCOME_SERVER_ERROR;
	}
}

static void request_count(struct visitor *v, int fd, unsigned int path, unsigned int patience_ms)
{
	uint64_t start = now_ms();
	enum outcome o = request_send(fd, path, patience_ms);

	v->tally.outcome[o]++;
	if (o <= OUTCOME_SERVER_ERROR && now_ms() - start > DEMO_SLOW_MS)
		v->tally.slow++;
}

/* Twelve 503, six slow, six 404, the rest well and fast. */
static unsigned int path_of(unsigned int request)
{
	if (request >= SLOW_FIRST && request < SLOW_FIRST + 6)
		return PATH_SLOW;
	if (request % 16 == 6)
		return PATH_UNAVAILABLE;
	if (request % 32 == 9)
		return PATH_MISSING;
	return PATH_OK;
}

static void *visit(void *arg)
{
	struct visitor *v = arg;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return NULL;
	if (connect(fd, (const struct sockaddr *)v->server, sizeof(*v->server)) == 0) {
		if (v->index == DEMO_KEPT)
			request_count(v, fd, PATH_HANG_UP, 0);
		else if (v->index > DEMO_KEPT)
			request_count(v, fd, PATH_NEVER, GIVE_UP_MS);
		else
			for (unsigned int i = v->index; i < REQUESTS; i += DEMO_KEPT)
				request_count(v, fd, path_of(i), 0);
	}
	close(fd);
	return NULL;
}

void demo_visit(const struct sockaddr_in *server, struct demo_tally *tally)
{
	struct visitor visitors[DEMO_CONNECTIONS] = {};
	pthread_t threads[DEMO_CONNECTIONS];
	unsigned int n = 0;

	for (; n < DEMO_CONNECTIONS; n++) {
		visitors[n].server = server;
		visitors[n].index = n;
		if (pthread_create(&threads[n], NULL, visit, &visitors[n]))
			break;
	}
	for (unsigned int i = 0; i < n; i++) {
		pthread_join(threads[i], NULL);
		for (unsigned int o = 0; o < OUTCOMES; o++)
			tally->outcome[o] += visitors[i].tally.outcome[o];
		tally->slow += visitors[i].tally.slow;
	}
	tally->done = 1;
}
