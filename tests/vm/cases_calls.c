// SPDX-License-Identifier: Apache-2.0
/* cases_calls.c - whatever call moves the bytes, the exchange is the same. */
#include "calls.h"
#include "cases.h"
#include "wire.h"

#define ROUNDS 21

static void ask_each_way(struct scene *s)
{
	struct wire w;

	wire_init(&w, connect_to(s), s->played->calls[ROLE_CLIENT]);
	for (unsigned int i = 0; i < ROUNDS; i++)
		ask_and_count(s, &w, mixed(i), i % 2 ? 3000 : 0);
	wire_close(&w);
}

#define CASE(title, server, client, ...)                                                           \
	{                                                                                          \
		.name = title, .serve = answer_as_asked, .ask = ask_each_way, .exchanges = ROUNDS, \
		.calls = { server, client }, __VA_ARGS__                                           \
	}

#define BLIND_SERVER .may = { [ROLE_SERVER] = BLIND }
#define BLIND_CLIENT .may = { [ROLE_CLIENT] = BLIND }

const struct vm_case call_cases[] = {
	CASE("read-write", &calls_read_write, &calls_read_write),
	CASE("recvfrom-sendto", &calls_from_to, &calls_from_to),
	CASE("readv-writev", &calls_vectors, &calls_vectors),
	CASE("recvmsg-sendmsg", &calls_messages, &calls_messages),
	CASE("recvmmsg-sendmmsg", &calls_many_messages, &calls_many_messages),
	CASE("sendfile-of-the-body", &calls_sendfile, NULL),
	CASE("splice-of-the-body", &calls_splice_to, NULL),
	CASE("client-sendfile-of-the-body", NULL, &calls_sendfile),
	/* No buffer of the caller's holds the head, or no hook is passed. */
	CASE("sendfile-of-all", &calls_sendfile_whole, NULL, BLIND_SERVER),
	CASE("splice-of-all", &calls_splice_to_whole, NULL, BLIND_SERVER),
	CASE("splice-from", &calls_splice_from, NULL, BLIND_SERVER),
	CASE("client-splice-from", NULL, &calls_splice_from, BLIND_CLIENT),
	CASE("io_uring", &calls_uring, NULL, BLIND_SERVER),
	CASE("client-io_uring", NULL, &calls_uring, BLIND_CLIENT),
	{},
};
