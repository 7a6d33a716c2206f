// SPDX-License-Identifier: Apache-2.0
/* scene.c - see scene.h. */
#include "scene.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

/* A play takes a second or two; but some begin before troth, and wait for as long as it starts. */
#define PLAY_LIMIT_S 240

static struct scene *current; /* of this process, for die() */

void die(const char *format, ...)
{
	int error = errno;
	size_t used;
	va_list args;

	if (current && !atomic_flag_test_and_set(&current->troubled)) {
		va_start(args, format);
		vsnprintf(current->trouble, sizeof(current->trouble), format, args);
		va_end(args);
		used = strlen(current->trouble);
		snprintf(current->trouble + used, sizeof(current->trouble) - used, " (errno: %s)",
			 strerror(error));
	}
	_exit(1);
}

static int trouble(struct scene *s, const char *what)
{
	if (!atomic_flag_test_and_set(&s->troubled))
		snprintf(s->trouble, sizeof(s->trouble), "%s", what);
	return -1;
}

void counted(struct scene *s, enum role role, enum outcome o)
{
	atomic_fetch_add(&s->counted[role][o], 1);
}

enum outcome outcome_of(int status)
{
	return status < 400 ? OUTCOME_OK :
	       status < 500 ? OUTCOME_CLIENT_ERROR :
			      OUTCOME_SERVER_ERROR;
}

void tell(struct scene *s, enum cue c)
{
	sem_post(&s->cues[c]);
}

static int cue_wait(struct scene *s, enum cue c)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PLAY_LIMIT_S;
	while (sem_timedwait(&s->cues[c], &until))
		if (errno != EINTR)
			return -1;
	return 0;
}

void wait_for(struct scene *s, enum cue c)
{
	if (cue_wait(s, c))
		die("cue %d did not come", c);
}

/* Dual stack, or IPv4 only. */
static int listener_open(const struct scene *s)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(s->port) };
	struct sockaddr_in four = { .sin_family = AF_INET,
				    .sin_port = htons(s->port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int is_six = s->played->family == AF_INET6, on = 1;
	int fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, is_six ? (void *)&six : (void *)&four, is_six ? sizeof(six) : sizeof(four)) ||
	    listen(fd, 512))
		return -1;
	return fd;
}

int connect_to(struct scene *s)
{
	const char *host = s->played->host ? s->played->host : "127.0.0.1";
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(s->port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(s->port) };
	int is_six = inet_pton(AF_INET6, host, &six.sin6_addr) == 1, on = 1;
	int fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!is_six && inet_pton(AF_INET, host, &four.sin_addr) != 1)
		die("%s is no address", host);
	if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
	    connect(fd, is_six ? (void *)&six : (void *)&four, is_six ? sizeof(six) : sizeof(four)))
		die("cannot connect to %s", host);
	return fd;
}

int accept_one(struct scene *s)
{
	int on = 1, fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
		die("accept");
	return fd;
}

void serve_each(struct scene *s)
{
	for (unsigned int i = 0; i < s->played->connections + !s->played->connections; i++) {
		struct wire w;

		wire_init(&w, accept_one(s), s->played->calls[ROLE_SERVER]);
		s->played->serve(s, &w);
		wire_close(&w);
	}
}

static void client(struct scene *s)
{
	if (s->played->before)
		s->played->before(s);
	tell(s, CUE_PREPARED);
	wait_for(s, CUE_BEGIN);
	s->played->ask(s);
}

/* A process that ends with us, and in any case after a while. */
static pid_t child(struct scene *s, void (*body)(struct scene *))
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	alarm(2 * PLAY_LIMIT_S);
	current = s;
	body(s);
	_exit(0);
}

void scene_init(struct scene *s, const struct vm_case *c, uint16_t port)
{
	memset(s, 0, sizeof(*s));
	s->played = c;
	s->port = port;
	s->processes = c->processes ? c->processes : 1;
	for (int i = 0; i < CUES; i++)
		sem_init(&s->cues[i], 1, 0);
}

int scene_begin(struct scene *s)
{
	const struct vm_case *c = s->played;

	s->listener = listener_open(s);
	if (s->listener < 0)
		return trouble(s, "cannot listen");
	for (unsigned int i = 0; i < s->processes; i++)
		s->servers[i] = child(s, c->listen ? c->listen : serve_each);
	close(s->listener); /* in this process only */
	for (unsigned int i = 0; i < s->processes; i++)
		s->clients[i] = child(s, client);
	return 0;
}

int scene_prepare(struct scene *s)
{
	for (unsigned int i = 0; i < s->processes; i++)
		if (cue_wait(s, CUE_PREPARED))
			return trouble(s, "a client did not prepare itself");
	return 0;
}

/* pids[i] is 0 afterwards. A killed server is no trouble: its case did that, and counts. */
static int wait_all(struct scene *s, pid_t *pids, const struct timespec *until, const char *who)
{
	for (unsigned int i = 0; i < s->processes; i++) {
		int status = 0;

		for (;;) {
			pid_t gone = waitpid(pids[i], &status, WNOHANG);
			struct timespec now;

			if (gone)
				break;
			clock_gettime(CLOCK_MONOTONIC, &now);
			if (now.tv_sec > until->tv_sec)
				return trouble(s, who);
			nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
		}
		pids[i] = 0;
		if (WIFEXITED(status) && WEXITSTATUS(status))
			return trouble(s, who);
	}
	return 0;
}

int scene_play(struct scene *s)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PLAY_LIMIT_S;
	for (unsigned int i = 0; i < s->processes; i++)
		tell(s, CUE_BEGIN);
	if (wait_all(s, s->clients, &until, "a client did not end well"))
		return -1;
	return wait_all(s, s->servers, &until, "a server did not end well");
}

void scene_end(struct scene *s)
{
	pid_t *pids[] = { s->clients, s->servers };

	for (int side = 0; side < 2; side++)
		for (unsigned int i = 0; i < s->processes; i++)
			if (pids[side][i] > 0) {
				kill(pids[side][i], SIGKILL);
				waitpid(pids[side][i], NULL, 0);
			}
	for (int i = 0; i < CUES; i++)
		sem_destroy(&s->cues[i]);
}
