// SPDX-License-Identifier: Apache-2.0
/* talk.c - see talk.h. */
#include "talk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "user/base/cleanup.h"

#define PER_ADDRESS 8192 /* connections from one loopback address */
#define PER_HOLDER  7000 /* idle connections of one process, two descriptors each */
#define HOLDERS_MAX 16

static const char request[] = "GET /cart/4711?full=1 HTTP/1.1\r\n"
			      "Host: shop.example\r\n"
			      "User-Agent: troth-bench/1\r\n"
			      "Accept: application/json\r\n"
			      "\r\n";
static const char response[] = "HTTP/1.1 200 OK\r\n"
			       "Server: bench\r\n"
			       "Date: Sun, 22 Nov 2026 01:00:00 GMT\r\n"
			       "Content-Type: application/json\r\n"
			       "Content-Length: 31\r\n"
			       "Connection: keep-alive\r\n"
			       "\r\n"
			       "{\"items\":[1,2,3],\"total\":42.50}";

struct pair {
	int client, server;
};

struct talk {
	struct pair *pairs;
	unsigned int n, next;
	int *listeners;
	unsigned int ports;
	uint16_t port;
	pid_t server; /* 0: this thread answers itself */
	clockid_t server_clock;
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t talk_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t talk_served_ns(const struct talk *t)
{
	return clock_ns(t->server_clock);
}

static int listener_open(int *ret, struct sockaddr_in *address)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);
	_cleanup_(closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, size) || listen(fd, 16) ||
	    getsockname(fd, (struct sockaddr *)&a, &size))
		return -errno;
	*address = a;
	*ret = fd;
	fd = -1;
	return 0;
}

/* One loopback address has some 28,000 ports to connect from: the i-th comes from another. */
static int pair_open(int listener, const struct sockaddr_in *to, unsigned int i, struct pair *ret)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	struct linger reset = { .l_onoff = 1 };
	_cleanup_(closep) int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + i / PER_ADDRESS);
	if (client < 0 ||
	    setsockopt(client, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one)) ||
	    bind(client, (struct sockaddr *)&from, sizeof(from)) ||
	    setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) ||
	    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) ||
	    connect(client, (const struct sockaddr *)to, sizeof(*to)))
		return -errno;
	ret->server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (ret->server < 0)
		return -errno;
	setsockopt(ret->server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	ret->client = client;
	client = -1;
	return 0;
}

int talk_open(unsigned int connections, unsigned int ports, struct talk **ret)
{
	struct talk *t = calloc(1, sizeof(*t));
	struct sockaddr_in *to = calloc(ports, sizeof(*to));
	int r = 0;

	if (t) {
		t->pairs = calloc(connections, sizeof(*t->pairs));
		t->listeners = calloc(ports, sizeof(*t->listeners));
	}
	if (!t || !to || !t->pairs || !t->listeners)
		r = -ENOMEM;
	while (!r && t->ports < ports) {
		r = listener_open(&t->listeners[t->ports], &to[t->ports]);
		t->ports += !r;
	}
	while (!r && t->n < connections) {
		unsigned int at = t->n % ports;

		r = pair_open(t->listeners[at], &to[at], t->n, &t->pairs[t->n]);
		t->n += !r;
	}
	if (!r)
		t->port = ntohs(to[0].sin_port);
	free(to);
	if (r)
		talk_free(t);
	else
		*ret = t;
	return r;
}

void talk_free(struct talk *t)
{
	if (!t)
		return;
	if (t->server) {
		kill(t->server, SIGKILL);
		waitpid(t->server, NULL, 0);
	}
	for (unsigned int i = 0; i < t->n; i++) {
		close(t->pairs[i].client);
		close(t->pairs[i].server);
	}
	for (unsigned int i = 0; i < t->ports; i++)
		close(t->listeners[i]);
	free(t->pairs);
	free(t->listeners);
	free(t);
}

uint16_t talk_port(const struct talk *t)
{
	return t->port;
}

static int answer(int fd)
{
	char buffer[4096];

	if (read(fd, buffer, sizeof(buffer)) != sizeof(request) - 1 ||
	    write(fd, response, sizeof(response) - 1) != sizeof(response) - 1)
		return -EIO;
	return 0;
}

static int exchange(const struct talk *t, const struct pair *p)
{
	char buffer[4096];

	if (write(p->client, request, sizeof(request) - 1) != sizeof(request) - 1 ||
	    (!t->server && answer(p->server)) ||
	    read(p->client, buffer, sizeof(buffer)) != sizeof(response) - 1)
		return -EIO;
	return 0;
}

int talk_serve(struct talk *t)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (!answer(t->pairs[0].server))
			;
		_exit(0);
	}
	t->server = pid;
	t->n = 1;
	return -clock_getcpuclockid(pid, &t->server_clock);
}

int talk_exchanges(struct talk *t, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		int r = exchange(t, &t->pairs[t->next]);

		if (r)
			return r;
		if (++t->next == t->n)
			t->next = 0;
	}
	return 0;
}

struct idle {
	pid_t pids[HOLDERS_MAX];
	unsigned int n;
};

/* Holds its connections until it is killed, by us or by our death. */
__attribute__((noreturn)) static void hold(unsigned int connections, int report)
{
	struct talk *t = NULL;
	char state = 'x';

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!talk_open(connections, 1, &t) && !talk_exchanges(t, connections))
		state = 'o';
	if (write(report, &state, 1) == 1)
		pause();
	_exit(1);
}

static int holder_start(struct idle *idle, unsigned int connections)
{
	int ends[2];
	char state = 'x';
	pid_t pid;

	if (pipe(ends))
		return -errno;
	pid = fork();
	if (!pid)
		hold(connections, ends[1]);
	close(ends[1]);
	if (pid > 0) {
		idle->pids[idle->n++] = pid;
		if (read(ends[0], &state, 1) != 1)
			state = 'x';
	}
	close(ends[0]);
	return state == 'o' ? 0 : -EMFILE;
}

int idle_open(unsigned int connections, struct idle **ret)
{
	struct rlimit limit;
	struct idle *idle = calloc(1, sizeof(*idle));
	int r = 0;

	if (!idle)
		return -ENOMEM;
	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	while (connections && !r) {
		unsigned int n = connections < PER_HOLDER ? connections : PER_HOLDER;

		r = idle->n < HOLDERS_MAX ? holder_start(idle, n) : -E2BIG;
		connections -= n;
	}
	if (r)
		idle_free(idle);
	else
		*ret = idle;
	return r;
}

void idle_free(struct idle *idle)
{
	if (!idle)
		return;
	for (unsigned int i = 0; i < idle->n; i++)
		kill(idle->pids[i], SIGKILL);
	for (unsigned int i = 0; i < idle->n; i++)
		waitpid(idle->pids[i], NULL, 0);
	free(idle);
}
