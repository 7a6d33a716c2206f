// SPDX-License-Identifier: Apache-2.0
/* cases_http.c - what is one exchange, whatever pieces it comes in. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cases.h"
#include "calls.h"
#include "wire.h"

#define ANSWER_BODY 1000
#define DEPTH	    4  /* requests that a pipelining client sends at once */
#define BATCHES	    40 /* after 200 answers that came alone troth would look for no others */

int mixed(unsigned int i)
{
	static const int statuses[] = { 200, 404, 500 };

	return statuses[i % 3];
}

void answer_as_asked(struct scene *s, struct wire *w)
{
	int status;

	while ((status = wire_request(w)) > 0) {
		wire_answer(w, status, ANSWER_BODY);
		counted(s, ROLE_SERVER, outcome_of(status));
	}
	if (status == WIRE_RESET)
		die("the client has reset");
}

static void count_answer(struct scene *s, struct wire *w, int expected)
{
	int status = wire_response(w);

	if (status != expected)
		die("answer %d instead of %d", status, expected);
	counted(s, ROLE_CLIENT, outcome_of(status));
}

void ask_and_count(struct scene *s, struct wire *w, int status, size_t body_len)
{
	wire_ask(w, status, body_len);
	count_answer(s, w, status);
}

static void with_connections(struct scene *s, unsigned int n,
			     void (*ask)(struct scene *s, struct wire *w))
{
	for (unsigned int i = 0; i < n; i++) {
		struct wire w;

		wire_init(&w, connect_to(s), s->played->calls[ROLE_CLIENT]);
		ask(s, &w);
		wire_close(&w);
	}
}

static void ask_a_hundred(struct scene *s, struct wire *w)
{
	for (unsigned int i = 0; i < 100; i++)
		ask_and_count(s, w, mixed(i), 0);
}

static void ask_kept(struct scene *s)
{
	with_connections(s, s->played->connections, ask_a_hundred);
}

static void ask_one(struct scene *s, struct wire *w)
{
	static unsigned int turn;

	ask_and_count(s, w, mixed(turn++), 0);
}

static void ask_once_each(struct scene *s)
{
	with_connections(s, s->played->connections, ask_one);
}

/* In pieces */

static void post_in_pieces(struct scene *s, struct wire *w)
{
	char text[4096];

	for (unsigned int i = 0; i < 30; i++) {
		size_t len = wire_request_text(text, sizeof(text), mixed(i), 3000);

		for (size_t at = 0; at < len; at += 500)
			wire_send(w, text + at, len - at < 500 ? len - at : 500);
		count_answer(s, w, mixed(i));
	}
}

static void ask_pieces(struct scene *s)
{
	with_connections(s, 1, post_in_pieces);
}

static ssize_t send_bytes(int fd, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (calls_plain.send(fd, data + i, 1) < 0)
			return -1;
	return (ssize_t)len;
}

static ssize_t recv_byte(int fd, char *buf, size_t len)
{
	return calls_plain.recv(fd, buf, len ? 1 : 0);
}

static const struct calls calls_bytewise = { send_bytes, recv_byte };

static void post_few(struct scene *s, struct wire *w)
{
	for (unsigned int i = 0; i < 6; i++)
		ask_and_count(s, w, mixed(i), 30);
}

static void ask_few(struct scene *s)
{
	with_connections(s, 1, post_few);
}

static void answer_in_many_sends(struct scene *s, struct wire *w)
{
	char text[4096];
	int status;

	while ((status = wire_request(w)) > 0) {
		size_t len = wire_answer_text(text, sizeof(text), status, 2000);

		for (size_t at = 0; at < len; at += 100)
			wire_send(w, text + at, len - at < 100 ? len - at : 100);
		counted(s, ROLE_SERVER, outcome_of(status));
	}
}

static void trickle(struct scene *s, struct wire *w)
{
	int status;

	while ((status = wire_request(w)) > 0) {
		char head[128];

		snprintf(head, sizeof(head),
			 "HTTP/1.1 %d Said So\r\nTransfer-Encoding: chunked\r\n\r\n", status);
		wire_say(w, head);
		for (int i = 0; i < 4; i++) {
			nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
			wire_say(w, "a\r\n0123456789\r\n");
		}
		wire_say(w, "0\r\n\r\n");
		counted(s, ROLE_SERVER, outcome_of(status));
	}
}

static void get_some(struct scene *s, struct wire *w)
{
	for (unsigned int i = 0; i < 30; i++)
		ask_and_count(s, w, mixed(i), 0);
}

static void ask_some(struct scene *s)
{
	with_connections(s, 1, get_some);
}

/* Several requests at once */

static void pipeline(struct scene *s, struct wire *w)
{
	char text[1024];

	for (unsigned int round = 0; round < BATCHES; round++) {
		size_t len = 0;

		for (unsigned int i = 0; i < DEPTH; i++)
			len += wire_request_text(text + len, sizeof(text) - len, mixed(i), 0);
		wire_send(w, text, len);
		for (unsigned int i = 0; i < DEPTH; i++)
			count_answer(s, w, mixed(i));
	}
}

static void ask_pipelined(struct scene *s)
{
	with_connections(s, 1, pipeline);
}

static void pipeline_in_sends(struct scene *s, struct wire *w)
{
	for (unsigned int round = 0; round < BATCHES; round++) {
		for (unsigned int i = 0; i < DEPTH; i++)
			wire_ask(w, mixed(i), 0);
		for (unsigned int i = 0; i < DEPTH; i++)
			count_answer(s, w, mixed(i));
	}
}

static void ask_pipelined_in_sends(struct scene *s)
{
	with_connections(s, 1, pipeline_in_sends);
}

struct writer {
	struct scene *scene;
	struct wire *wire;
	sem_t due;
	atomic_int statuses[BATCHES * DEPTH + 1]; /* to be answered, 0: the end */
};

static void *write_answers(void *arg)
{
	struct writer *writer = arg;

	for (unsigned int i = 0;; i++) {
		int status;

		sem_wait(&writer->due);
		status = writer->statuses[i];
		if (!status)
			return NULL;
		counted(writer->scene, ROLE_SERVER, outcome_of(status));
		wire_answer(writer->wire, status, 10);
	}
}

static void read_here_write_there(struct scene *s, struct wire *w)
{
	struct writer writer = { .scene = s, .wire = w };
	pthread_t thread;
	unsigned int n = 0;
	int status;

	sem_init(&writer.due, 0, 0);
	if (pthread_create(&thread, NULL, write_answers, &writer))
		die("pthread_create");
	do {
		status = wire_request(w);
		writer.statuses[n++] = status > 0 ? status : 0;
		sem_post(&writer.due);
	} while (status > 0);
	pthread_join(thread, NULL);
}

/* Interim answers, switches */

static void continue_then_answer(struct scene *s, struct wire *w)
{
	while (wire_head(w) > 0) {
		wire_say(w, "HTTP/1.1 100 Continue\r\n\r\n");
		if (wire_skip(w, 1000) <= 0)
			die("no body");
		wire_answer(w, 503, 10);
		counted(s, ROLE_SERVER, OUTCOME_SERVER_ERROR);
	}
}

static void expect_continue(struct scene *s, struct wire *w)
{
	char body[1000];

	memset(body, 'x', sizeof(body));
	for (int i = 0; i < 20; i++) {
		wire_say(w, "PUT / HTTP/1.1\r\nHost: vm\r\nExpect: 100-continue\r\n"
			    "Content-Length: 1000\r\n\r\n");
		if (wire_response(w) != 100)
			die("no 100");
		wire_send(w, body, sizeof(body));
		count_answer(s, w, 503);
	}
}

static void ask_continue(struct scene *s)
{
	with_connections(s, 1, expect_continue);
}

static void switch_and_echo(struct scene *s, struct wire *w)
{
	if (wire_head(w) <= 0)
		die("no request");
	wire_say(w, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n");
	counted(s, ROLE_SERVER, OUTCOME_OK);
	while (wire_head(w) > 0)
		wire_say(w, w->head);
}

static void upgrade_and_stream(struct scene *s, struct wire *w)
{
	wire_say(w, "GET /chat HTTP/1.1\r\nHost: vm\r\nConnection: Upgrade\r\n"
		    "Upgrade: websocket\r\n\r\n");
	if (wire_response(w) != 101)
		die("no 101");
	counted(s, ROLE_CLIENT, OUTCOME_OK);
	for (int i = 0; i < 5; i++) {
		wire_ask(w, 200, 0); /* HTTP inside a tunnel is a stream too */
		if (wire_head(w) <= 0)
			die("no echo");
	}
}

static void ask_upgrades(struct scene *s)
{
	with_connections(s, s->played->connections, upgrade_and_stream);
}

const struct vm_case http_cases[] = {
	{ "keep-alive", answer_as_asked, .ask = ask_kept, .exchanges = 300, .connections = 3 },
	{ "one-request-connections", answer_as_asked, .ask = ask_once_each, .exchanges = 300,
	  .connections = 300 },
	{ "post-in-pieces", answer_as_asked, .ask = ask_pieces, .exchanges = 30 },
	{ "byte-by-byte", answer_as_asked, .ask = ask_few, .exchanges = 6,
	  .calls = { &calls_bytewise, &calls_bytewise } },
	{ "answer-in-many-sends", answer_in_many_sends, .ask = ask_some, .exchanges = 30 },
	{ "chunked-trickle", trickle, .ask = ask_some, .exchanges = 30 },
	{ "pipelined", answer_as_asked, .ask = ask_pipelined, .exchanges = BATCHES * DEPTH,
	  .may = { [ROLE_CLIENT] = COALESCED } },
	{ "pipelined-in-sends", answer_as_asked, .ask = ask_pipelined_in_sends,
	  .exchanges = BATCHES * DEPTH, .may = { [ROLE_CLIENT] = COALESCED } },
	{ "two-threads", read_here_write_there, .ask = ask_pipelined, .exchanges = BATCHES * DEPTH,
	  .may = { [ROLE_CLIENT] = COALESCED } },
	{ "100-continue", continue_then_answer, .ask = ask_continue, .exchanges = 20 },
	{ "101", switch_and_echo, .ask = ask_upgrades, .exchanges = 10, .connections = 10 },
	{},
};
