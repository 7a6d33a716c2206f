// SPDX-License-Identifier: Apache-2.0
/*
 * duplex.c - both ends of pipelined HTTP, each with a reading and a writing thread a connection.
 *
 *   duplex PORT CONNECTIONS REQUESTS DEPTH
 *
 * Serves on 127.0.0.1:PORT and, once "go" arrives on stdin, asks it from CONNECTIONS connections,
 * REQUESTS each, with up to DEPTH of them unanswered. Every answer is a send of its own. Prints
 * "listening", then what the server answered and what the client received.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char request[] = "GET /duplex HTTP/1.1\r\nHost: e2e\r\n\r\n";
static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
#define REQUEST_LEN (sizeof(request) - 1)
#define ANSWER_LEN  (sizeof(answer) - 1)

static int port, connections, requests, depth;
static atomic_long answered, received;

struct end {
	int fd;
	sem_t due; /* server: requests to answer; client: requests that may be sent */
	atomic_int closing;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void send_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0)
			die("send");
		data += n;
		len -= n;
	}
}

static void *answer_due(void *arg)
{
	struct end *e = arg;

	for (;;) {
		sem_wait(&e->due);
		if (e->closing)
			return NULL;
		answered++;
		send_all(e->fd, answer, ANSWER_LEN);
	}
}

static void *serve_one(void *arg)
{
	struct end *e = arg;
	pthread_t writer;
	char buf[4096];
	size_t have = 0;
	size_t posted = 0;
	ssize_t n;

	sem_init(&e->due, 0, 0);
	if (pthread_create(&writer, NULL, answer_due, e))
		die("pthread_create");
	while ((n = recv(e->fd, buf, sizeof(buf), 0)) > 0) {
		have += n;
		for (; posted < have / REQUEST_LEN; posted++)
			sem_post(&e->due);
	}
	if (n < 0)
		die("recv");
	/* The client has all its answers before it closes: nothing is due but the end. */
	e->closing = 1;
	sem_post(&e->due);
	pthread_join(writer, NULL);
	close(e->fd);
	return NULL;
}

static void *serve(void *arg)
{
	int listener = *(int *)arg, one = 1, fd;

	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		struct end *e = calloc(1, sizeof(*e));
		pthread_t t;

		if (!e)
			die("calloc");
		e->fd = fd;
		setsockopt(e->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (pthread_create(&t, NULL, serve_one, e))
			die("pthread_create");
	}
	return NULL;
}

static void *ask_due(void *arg)
{
	struct end *e = arg;

	for (int i = 0; i < requests; i++) {
		sem_wait(&e->due);
		send_all(e->fd, request, REQUEST_LEN);
	}
	return NULL;
}

static void *ask(void *arg)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct end e = { .fd = socket(AF_INET, SOCK_STREAM, 0) };
	size_t want = requests * ANSWER_LEN, have = 0;
	pthread_t writer;
	char buf[4096];
	int one = 1;

	(void)arg;
	sem_init(&e.due, 0, depth);
	setsockopt(e.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(e.fd, (struct sockaddr *)&to, sizeof(to)))
		die("connect");
	if (pthread_create(&writer, NULL, ask_due, &e))
		die("pthread_create");
	while (have < want) {
		ssize_t n = recv(e.fd, buf, sizeof(buf), 0);

		if (n <= 0)
			die("client recv");
		for (size_t i = have / ANSWER_LEN; i < (have + n) / ANSWER_LEN; i++) {
			received++;
			sem_post(&e.due);
		}
		have += n;
	}
	pthread_join(writer, NULL);
	close(e.fd);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	char go[8];
	pthread_t server, *clients;

	if (argc != 5)
		return 2;
	port = atoi(argv[1]);
	connections = atoi(argv[2]);
	requests = atoi(argv[3]);
	depth = atoi(argv[4]);
	at.sin_port = htons(port);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, 128))
		die("listen");
	if (pthread_create(&server, NULL, serve, &listener))
		die("pthread_create");
	puts("listening");
	fflush(stdout);
	if (!fgets(go, sizeof(go), stdin))
		return 1;
	clients = calloc(connections, sizeof(*clients));
	if (!clients)
		die("calloc");
	for (int i = 0; i < connections; i++)
		if (pthread_create(&clients[i], NULL, ask, NULL))
			die("pthread_create");
	for (int i = 0; i < connections; i++)
		pthread_join(clients[i], NULL);
	printf("%ld %ld\n", answered, received);
	return 0;
}
