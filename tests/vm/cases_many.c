// SPDX-License-Identifier: Apache-2.0
/* cases_many.c - addresses, and many processes on few CPUs. */
#include "cases.h"
#include "wire.h"

#define BUSY_PROCESSES	 16 /* that serve, and as many that ask */
#define BUSY_CONNECTIONS 8
#define BUSY_ASKS	 25

static void ask_twenty(struct scene *s)
{
	struct wire w;

	wire_init(&w, connect_to(s), NULL);
	for (unsigned int i = 0; i < 20; i++)
		ask_and_count(s, &w, mixed(i), 0);
	wire_close(&w);
}

static void ask_busily(struct scene *s)
{
	for (unsigned int i = 0; i < BUSY_CONNECTIONS; i++) {
		struct wire w;

		wire_init(&w, connect_to(s), NULL);
		for (unsigned int j = 0; j < BUSY_ASKS; j++)
			ask_and_count(s, &w, mixed(j), 0);
		wire_close(&w);
	}
}

const struct vm_case many_cases[] = {
	{ "ipv6", answer_as_asked, .ask = ask_twenty, .exchanges = 20, .family = AF_INET6,
	  .host = "::1" },
	{ "dual-stack", answer_as_asked, .ask = ask_twenty, .exchanges = 20, .family = AF_INET6 },
	{ "v4-mapped", answer_as_asked, .ask = ask_twenty, .exchanges = 20,
	  .host = "::ffff:127.0.0.1" },
	{ "busy", answer_as_asked, .ask = ask_busily,
	  .exchanges = BUSY_PROCESSES * BUSY_CONNECTIONS * BUSY_ASKS,
	  .connections = BUSY_CONNECTIONS, .processes = BUSY_PROCESSES },
	{},
};

const struct vm_case *const case_tables[] = { http_cases, call_cases, end_cases, many_cases, NULL };
