// SPDX-License-Identifier: Apache-2.0
/* cases_ends.c - who leaves first, and what troth finds when it comes late. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases.h"
#include "wire.h"

#define BEFORE	  299 /* a status that is asked for before troth measures: not counted */
#define CHUNK	  65536
#define SMALL_BUF 4096

/* Resets and closes */

static void read_until_reset(struct scene *s, struct wire *w)
{
	if (wire_request(w) <= 0)
		die("no request");
	tell(s, CUE_TO_CLIENT);
	if (wire_head(w) != WIRE_RESET)
		die("no reset");
	counted(s, ROLE_SERVER, OUTCOME_ABORTED);
}

static void ask_and_reset(struct scene *s)
{
	for (unsigned int i = 0; i < s->played->connections; i++) {
		struct wire w;

		wire_init(&w, connect_to(s), NULL);
		wire_ask(&w, 200, 0);
		wait_for(s, CUE_TO_CLIENT);
		wire_reset(&w);
		counted(s, ROLE_CLIENT, OUTCOME_ABORTED);
	}
}

static void read_and_close(struct scene *s, struct wire *w)
{
	if (wire_request(w) <= 0)
		die("no request");
	counted(s, ROLE_SERVER, OUTCOME_NO_RESPONSE);
}

static void ask_in_vain(struct scene *s)
{
	for (unsigned int i = 0; i < s->played->connections + !s->played->connections; i++) {
		struct wire w;

		wire_init(&w, connect_to(s), NULL);
		wire_ask(&w, 200, 0);
		if (wire_response(&w) != WIRE_CLOSED)
			die("not closed");
		counted(s, ROLE_CLIENT, OUTCOME_NO_RESPONSE);
		wire_close(&w);
	}
}

/* Kills */

static void read_and_hang(struct scene *s, struct wire *w)
{
	if (wire_request(w) <= 0)
		die("no request");
	counted(s, ROLE_SERVER, OUTCOME_NO_RESPONSE);
	tell(s, CUE_TO_CLIENT);
	pause();
}

/* Until its sockets are closed; somebody else reaps it. */
static void kill_and_wait(pid_t pid)
{
	struct pollfd gone = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };

	if (gone.fd < 0 || kill(pid, SIGKILL) || poll(&gone, 1, -1) != 1)
		die("killing the server");
	close(gone.fd);
}

static void ask_and_kill(struct scene *s)
{
	struct wire w;

	wire_init(&w, connect_to(s), NULL);
	wire_ask(&w, 200, 0);
	wait_for(s, CUE_TO_CLIENT);
	kill_and_wait(s->servers[0]);
	if (wire_response(&w) != WIRE_CLOSED)
		die("not closed");
	counted(s, ROLE_CLIENT, OUTCOME_NO_RESPONSE);
	wire_close(&w);
}

/* Writes until no more fits, so that some is unsent when the server dies. */
static void answer_and_hang(struct scene *s, struct wire *w)
{
	static const char zeroes[CHUNK];
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n";

	if (wire_request(w) <= 0)
		die("no request");
	wire_say(w, head);
	while (send(w->fd, zeroes, sizeof(zeroes), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
	if (errno != EAGAIN)
		die("send");
	counted(s, ROLE_SERVER, OUTCOME_SERVER_ERROR);
	tell(s, CUE_TO_CLIENT);
	pause();
}

static void kill_in_answer(struct scene *s)
{
	int small = SMALL_BUF;
	struct wire w;

	wire_init(&w, connect_to(s), NULL);
	if (setsockopt(w.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)))
		die("SO_RCVBUF");
	wire_ask(&w, 200, 0);
	wait_for(s, CUE_TO_CLIENT);
	if (wire_head(&w) <= 0)
		die("no head");
	counted(s, ROLE_CLIENT, OUTCOME_SERVER_ERROR);
	kill_and_wait(s->servers[0]);
	wire_close(&w);
}

/* A process a connection, as old servers do it. */
static void fork_for_each(struct scene *s)
{
	for (unsigned int i = 0; i < s->played->connections; i++) {
		struct wire w;
		pid_t pid;

		wire_init(&w, accept_one(s), NULL);
		pid = fork();
		if (!pid) {
			int status = wire_request(&w);

			wire_answer(&w, status, 10);
			counted(s, ROLE_SERVER, outcome_of(status));
			_exit(0);
		}
		wire_close(&w);
		waitpid(pid, NULL, 0);
	}
}

static void ask_forked(struct scene *s)
{
	for (unsigned int i = 0; i < s->played->connections; i++) {
		struct wire w;

		wire_init(&w, connect_to(s), NULL);
		ask_and_count(s, &w, mixed(i), 0);
		if (wire_head(&w) != WIRE_CLOSED)
			die("the server did not exit");
		wire_close(&w);
	}
}

/* Connections older than troth */

static struct wire old; /* of the client process */

static void answer_from_now_on(struct scene *s, struct wire *w)
{
	int status;

	while ((status = wire_request(w)) > 0) {
		wire_answer(w, status, 10);
		if (status != BEFORE)
			counted(s, ROLE_SERVER, outcome_of(status));
	}
}

static void ask_before(struct scene *s)
{
	wire_init(&old, connect_to(s), NULL);
	for (int i = 0; i < 2; i++) {
		wire_ask(&old, BEFORE, 0);
		if (wire_response(&old) != BEFORE)
			die("no answer before troth");
	}
}

static void connect_before(struct scene *s)
{
	wire_init(&old, connect_to(s), NULL);
}

static void nothing_before(struct scene *s)
{
	(void)s; /* only the listener is older */
}

static void ask_forty(struct scene *s)
{
	wire_init(&old, connect_to(s), NULL);
	for (unsigned int i = 0; i < 40; i++)
		ask_and_count(s, &old, mixed(i), 0);
	wire_close(&old);
}

static void ask_old(struct scene *s)
{
	for (unsigned int i = 0; i < 10; i++)
		ask_and_count(s, &old, mixed(i), 0);
	wire_close(&old);
}

static void answer_late(struct scene *s, struct wire *w)
{
	if (wire_request(w) != BEFORE)
		die("no request");
	tell(s, CUE_TO_CLIENT);
	wait_for(s, CUE_TO_SERVER);
	wire_answer(w, BEFORE, 10);
	answer_from_now_on(s, w);
}

static void send_before(struct scene *s)
{
	wire_init(&old, connect_to(s), NULL);
	wire_ask(&old, BEFORE, 0);
	wait_for(s, CUE_TO_CLIENT);
}

static void take_and_ask_old(struct scene *s)
{
	tell(s, CUE_TO_SERVER);
	if (wire_response(&old) != BEFORE)
		die("no late answer");
	ask_old(s);
}

const struct vm_case end_cases[] = {
	{ "client-reset", read_until_reset, .ask = ask_and_reset, .exchanges = 20,
	  .connections = 20 },
	{ "server-close", read_and_close, .ask = ask_in_vain, .exchanges = 20, .connections = 20 },
	{ "server-killed", read_and_hang, .ask = ask_and_kill, .exchanges = 1 },
	{ "server-killed-in-answer", answer_and_hang, .ask = kill_in_answer, .exchanges = 1,
	  .may = { [ROLE_CLIENT] = CUT } },
	{ "fork-answer-exit", .listen = fork_for_each, .ask = ask_forked, .exchanges = 60,
	  .connections = 60 },
	{ "older-connections", answer_from_now_on, .before = ask_before, .ask = ask_old,
	  .exchanges = 40, .processes = 4 },
	{ "older-unused-connections", answer_from_now_on, .before = connect_before, .ask = ask_old,
	  .exchanges = 40, .processes = 4 },
	{ "older-listener", answer_from_now_on, .before = nothing_before, .ask = ask_forty,
	  .exchanges = 40 },
	{ "older-request", answer_late, .before = send_before, .ask = take_and_ask_old,
	  .exchanges = 10 },
	{},
};
