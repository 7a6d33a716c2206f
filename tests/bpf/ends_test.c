// SPDX-License-Identifier: Apache-2.0
/*
 * ends_test.c - connections come and go: what is kept of them leaves with them, what is under way
 * at a close is judged once, and nothing passes from one connection to the next.
 */
#include "bench.h"

#include <fcntl.h>

#define SWEEPS_AFTER_DEATH 2 /* an entry outlives its socket by so many */

static struct losses losses_of(const struct bench *b)
{
	return b->skeleton->bss->losses;
}

/* Sockets are destroyed some moments after close(). */
static void all_gone(struct bench *b)
{
	for (unsigned int i = 0; i < 100 && connections_kept(b); i++) {
		usleep(20000);
		sweep(b, false);
	}
	assert_int_equal(0, connections_kept(b));
}

static void reset(int fd)
{
	struct linger at_once = { .l_onoff = 1 };

	assert_int_equal(0, setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
	close(fd);
}

static void say(int fd, const char *text)
{
	assert_int_equal(strlen(text), send(fd, text, strlen(text), MSG_NOSIGNAL));
}

static int accept_from(const struct bench *b, unsigned int i)
{
	int fd = accept(b->listener[i], NULL, NULL);

	assert_true(fd >= 0);
	return fd;
}

/* ---- nothing stays ---- */

#define VISITS 300

static void visit(struct bench *b)
{
	pthread_t server = serve_port(b, 0);

	for (unsigned int i = 0; i < VISITS; i++) {
		int fd = connect_to(b->port[0]);

		assert_true(ask(fd, GET));
		if (i % 3)
			close(fd);
		else
			reset(fd);
	}
	stop_serving(b, 0, server);
}

static void entries_leave_two_sweeps_after_their_sockets(void **state)
{
	struct bench b = bench_open((struct setup){ .roles = 3, .servers = 1, .clients = 1 });

	(void)state;
	visit(&b);
	for (unsigned int i = 0; i < 200 && counts_at(&b, ROLE_SERVER, b.port[0]).closed < VISITS;
	     i++)
		usleep(10000);
	usleep(200000); /* the last of them are destroyed */
	if (HASHED)
		assert_int_equal(2 * VISITS, connections_kept(&b));
	for (unsigned int i = 0; i < SWEEPS_AFTER_DEATH; i++)
		sweep(&b, false);
	assert_int_equal(0, connections_kept(&b));
	for (enum role role = 0; role < ROLES; role++) {
		struct series_counts c = counts_at(&b, role, b.port[0]);

		assert_int_equal(VISITS, exchanges(&c, OUTCOME_OK));
		assert_int_equal(VISITS, exchanges_total(&c));
	}
	assert_int_equal(0, losses_of(&b).merged);
	bench_close(&b);
}

static void a_refused_connect_leaves_nothing(void **state)
{
	struct bench b = bench_open((struct setup){ .roles = 3, .servers = 1, .clients = 1 });

	(void)state;
	close(b.listener[0]);
	for (unsigned int i = 0; i < VISITS; i++)
		assert_int_equal(-1, connect_to(b.port[0]));
	assert_int_equal(VISITS, counts_at(&b, ROLE_CLIENT, b.port[0]).refused);
	all_gone(&b);
	b.listener[0] = -1;
	bench_close(&b);
}

/* Nobody accepts and the queue is short: of some connections no SYN is answered. */
static void a_handshake_that_never_ends_leaves_nothing(void **state)
{
	struct bench b = bench_open((struct setup){ .roles = 3, .servers = 1, .clients = 1 });
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(b.port[0]),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	unsigned int pending = 0;
	int fd[8];

	(void)state;
	assert_int_equal(0, listen(b.listener[0], 1));
	for (unsigned int i = 0; i < 8; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		pending += connect(fd[i], (struct sockaddr *)&to, sizeof(to)) != 0;
	}
	usleep(50000);
	assert_true(pending > 2);
	for (unsigned int i = 0; i < 8; i++)
		close(fd[i]);
	close(b.listener[0]);
	all_gone(&b);
	b.listener[0] = -1;
	bench_close(&b);
}

/* A listener closes on connections that nobody has accepted: they are reset. */
static void a_listener_that_closes_leaves_nothing(void **state)
{
	struct bench b = bench_open((struct setup){ .roles = 3, .servers = 1, .clients = 1 });
	struct series_counts server, client;
	int fd[32];

	(void)state;
	for (unsigned int i = 0; i < 32; i++) {
		fd[i] = connect_to(b.port[0]);
		say(fd[i], GET);
	}
	close(b.listener[0]);
	for (unsigned int i = 0; i < 32; i++)
		close(fd[i]);
	all_gone(&b);
	server = counts_at(&b, ROLE_SERVER, b.port[0]);
	client = counts_at(&b, ROLE_CLIENT, b.port[0]);
	assert_int_equal(32, exchanges(&server, OUTCOME_NO_RESPONSE));
	assert_int_equal(32, exchanges(&client, OUTCOME_NO_RESPONSE));
	assert_int_equal(64, exchanges_total(&server) + exchanges_total(&client));
	b.listener[0] = -1;
	bench_close(&b);
}

/* ---- no room ---- */

#define ROOM   8
#define BEYOND 5

struct pair {
	int client, server;
};

static void pairs_open(const struct bench *b, struct pair *p, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		p[i].client = connect_to(b->port[0]);
		p[i].server = accept_from(b, 0);
	}
}

static void pairs_close(struct bench *b, const struct pair *p, unsigned int n, unsigned int left)
{
	for (unsigned int i = 0; i < n; i++) {
		close(p[i].client);
		close(p[i].server);
	}
	for (unsigned int i = 0; i < 100 && connections_kept(b) > left; i++) {
		usleep(20000);
		sweep(b, false);
	}
	assert_int_equal(left, connections_kept(b));
}

#define ASKED_OF_EACH 3

static void pairs_ask(struct bench *b, const struct pair *p, unsigned int n)
{
	char request[ASKED], answer[sizeof(OK) - 1];

	for (unsigned int i = 0; i < ASKED_OF_EACH * n; i++) {
		say(p[i % n].client, GET);
		assert_true(receive_all(p[i % n].server, request, sizeof(request)));
		say(p[i % n].server, OK);
		assert_true(receive_all(p[i % n].client, answer, sizeof(answer)));
	}
	sweep(b, true);
}

static void counted(const struct bench *b, uint64_t connections, uint64_t asked)
{
	struct series_counts c = counts_at(b, ROLE_SERVER, b->port[0]);

	assert_int_equal(connections, c.opened);
	assert_int_equal(asked, exchanges(&c, OUTCOME_OK));
	assert_int_equal(asked, exchanges_total(&c));
}

static void connections_beyond_the_limit_are_lost_and_push_nobody_out(void **state)
{
	struct bench b =
		bench_open((struct setup){ .roles = 1, .servers = 1, .connections = ROOM });
	struct pair p[ROOM + BEYOND];

	(void)state;
	pairs_open(&b, p, ROOM + BEYOND);
	pairs_ask(&b, p, ROOM + BEYOND);
	assert_int_equal(ROOM, connections_kept(&b));
	counted(&b, ROOM, ASKED_OF_EACH * ROOM);
	assert_int_equal(BEYOND, losses_of(&b).no_storage);
	/* Where some have left there is room for as many. */
	pairs_close(&b, p, 3, ROOM - 3);
	pairs_open(&b, p, 3);
	pairs_ask(&b, p, ROOM + BEYOND);
	counted(&b, ROOM + 3, 2 * ASKED_OF_EACH * ROOM);
	assert_int_equal(BEYOND, losses_of(&b).no_storage);
	pairs_close(&b, p, ROOM + BEYOND, 0);
	bench_close(&b);
}

/* Where both roles are measured, data for a connection that nobody knows makes it known, if it can. */
static void a_connection_without_room_is_lost_once(void **state)
{
	struct bench b = bench_open(
		(struct setup){ .roles = 3, .servers = 1, .clients = 1, .connections = 2 * ROOM });
	struct pair p[ROOM + BEYOND];

	(void)state;
	b.skeleton->data->control.join_pass = JOIN_DONE;
	close(b.listener[0]);
	b.listener[0] = listen_at(&b.port[0]); /* it is known now who listens */
	pairs_open(&b, p, ROOM + BEYOND);
	pairs_ask(&b, p, ROOM + BEYOND);
	counted(&b, ROOM, ASKED_OF_EACH * ROOM);
	assert_int_equal(2 * BEYOND, losses_of(&b).no_storage);
	pairs_close(&b, p, ROOM, 0);
	pairs_ask(&b, p + ROOM, BEYOND); /* there is room now */
	assert_int_equal(2 * BEYOND, connections_kept(&b));
	pairs_close(&b, p + ROOM, BEYOND, 0);
	assert_int_equal(2 * BEYOND, losses_of(&b).no_storage);
	assert_int_equal(0, losses_of(&b).unseen);
	bench_close(&b);
}

static void a_connection_without_room_is_lost_once_though_it_stays_unknown(void **state)
{
	struct bench b = bench_open(
		(struct setup){ .roles = 3, .servers = 1, .clients = 1, .connections = 2 * ROOM });
	struct pair p[ROOM + BEYOND];

	(void)state;
	b.skeleton->data->control.join_pass = JOIN_DONE;
	pairs_open(&b, p, ROOM + BEYOND);
	pairs_ask(&b, p, ROOM + BEYOND);
	pairs_close(&b, p + ROOM, BEYOND, 2 * ROOM);
	usleep(100000);
	assert_int_equal(2 * BEYOND, losses_of(&b).no_storage);
	assert_int_equal(0, losses_of(&b).unseen);
	pairs_close(&b, p, ROOM, 0);
	bench_close(&b);
}

/* All that is said on these connections is said before the walk over older ones ends: at joined. */
static void nothing_tells_of(uint64_t joined, unsigned int unseen)
{
	struct bench b = bench_open((struct setup){ .roles = 3, .servers = 1, .clients = 1 });
	struct pair p[ROOM];

	for (size_t i = 0; i < HOOKS; i++)
		if (!strncmp(hooks[i], "troth_set_state", strlen("troth_set_state"))) {
			bpf_link__destroy(b.hook[i]);
			b.hook[i] = NULL;
		}
	b.skeleton->data->control.join_pass = JOIN_CONNECTIONS;
	pairs_open(&b, p, ROOM);
	pairs_ask(&b, p, ROOM);
	b.skeleton->bss->joined_ticks = joined;
	b.skeleton->data->control.join_pass = JOIN_DONE;
	pairs_close(&b, p, ROOM, 0);
	usleep(100000);
	assert_int_equal(unseen, losses_of(&b).unseen);
	bench_close(&b);
}

static void a_connection_that_no_hook_knew_is_lost_unless_it_is_older(void **state)
{
	(void)state;
	nothing_tells_of(1, 2 * ROOM);
	nothing_tells_of(UINT64_MAX, 0);
}

/* ---- an exchange in flight ---- */

enum leaves { SERVER_CLOSES, SERVER_RESETS, CLIENT_CLOSES, CLIENT_RESETS, BOTH_HALF_CLOSE, WAYS };

static const struct {
	enum outcome of[ROLES];
} due[WAYS] = {
	[SERVER_CLOSES] = { { OUTCOME_NO_RESPONSE, OUTCOME_NO_RESPONSE } },
	[SERVER_RESETS] = { { OUTCOME_NO_RESPONSE, OUTCOME_NO_RESPONSE } },
	[CLIENT_CLOSES] = { { OUTCOME_ABORTED, OUTCOME_ABORTED } },
	[CLIENT_RESETS] = { { OUTCOME_ABORTED, OUTCOME_ABORTED } },
	[BOTH_HALF_CLOSE] = { { OUTCOME_OK, OUTCOME_OK } },
};

static void leave(enum leaves way, int server, int client)
{
	char answer[sizeof(OK) - 1];

	switch (way) {
	case SERVER_CLOSES:
		close(server);
		close(client);
		return;
	case SERVER_RESETS:
		reset(server);
		close(client);
		return;
	case CLIENT_CLOSES:
		close(client);
		close(server);
		return;
	case CLIENT_RESETS:
		reset(client);
		close(server);
		return;
	default: /* the answer comes after the client's FIN, and its own FIN with it */
		shutdown(client, SHUT_WR);
		say(server, OK);
		close(server);
		assert_true(receive_all(client, answer, sizeof(answer)));
		close(client);
	}
}

#define LEAVES 60 /* in each way */

static volatile bool sweeping;

static void *sweep_thread(void *bench)
{
	while (sweeping)
		sweep(bench, false);
	return NULL;
}

/* Whoever looks meanwhile: entries may be removed at any time, and what they hold is told before. */
static void an_exchange_in_flight_at_a_close_is_judged_once(void **state)
{
	struct bench b = bench_open((struct setup){ .roles = 3, .servers = 1, .clients = 1 });
	unsigned int want[ROLES][OUTCOMES] = {};
	char request[ASKED];
	pthread_t sweeper;

	(void)state;
	sweeping = true;
	assert_int_equal(0, pthread_create(&sweeper, NULL, sweep_thread, &b));
	for (unsigned int i = 0; i < WAYS * LEAVES; i++) {
		int client = connect_to(b.port[0]), server = accept_from(&b, 0);

		say(client, GET);
		if (i / WAYS % 2 || i % WAYS == BOTH_HALF_CLOSE) /* else it was never read */
			assert_true(receive_all(server, request, sizeof(request)));
		leave(i % WAYS, server, client);
		for (enum role role = 0; role < ROLES; role++)
			want[role][due[i % WAYS].of[role]]++;
	}
	all_gone(&b);
	sweeping = false;
	pthread_join(sweeper, NULL);
	settle(&b, series_of(&b, ROLE_SERVER, b.port[0]), WAYS * LEAVES);
	for (enum role role = 0; role < ROLES; role++) {
		struct series_counts c = counts_at(&b, role, b.port[0]);

		for (unsigned int o = 0; o < OUTCOMES; o++)
			if (exchanges(&c, o) != want[role][o])
				fail_msg("role %d, outcome %u: %llu, not %u", role, o,
					 (unsigned long long)exchanges(&c, o), want[role][o]);
		assert_int_equal(WAYS * LEAVES, c.closed);
	}
	assert_int_equal(0, losses_of(&b).merged);
	bench_close(&b);
}

/* ---- one after the other in the same place ---- */

#define ROUNDS 5000

/*
 * Each socket has the number and often the memory of the one before. Every other one leaves with its
 * request unanswered, so that what is left of it would be seen in the next.
 */
static void what_is_used_again_starts_afresh(void **state)
{
	struct bench b = bench_open((struct setup){ .roles = 3, .servers = 1, .clients = 1 });
	uint64_t answered = 0, bytes = 0;
	char request[ASKED], answer[sizeof(OK) - 1];
	unsigned int same = 0;
	int last = -1;

	(void)state;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		int client = connect_to(b.port[0]), server = accept_from(&b, 0);

		same += client == last;
		last = client;
		say(client, i % 4 ? GET : BREAK);
		bytes += ASKED;
		assert_true(receive_all(server, request, sizeof(request)));
		/* What is dead of the one before is removed now; this one lives. */
		for (unsigned int k = 0; i % 50 == 0 && k <= SWEEPS_AFTER_DEATH; k++)
			sweep(&b, false);
		if (i % 2 == 0) {
			say(server, i % 4 ? OK : ERROR);
			assert_true(receive_all(client, answer, sizeof(answer)));
			answered++;
		}
		if (i % 3)
			close(client);
		else
			reset(client);
		close(server);
	}
	assert_true(same > ROUNDS / 2);
	all_gone(&b);
	settle(&b, series_of(&b, ROLE_SERVER, b.port[0]), ROUNDS);
	for (enum role role = 0; role < ROLES; role++) {
		struct series_counts c = counts_at(&b, role, b.port[0]);

		assert_int_equal(answered / 2, exchanges(&c, OUTCOME_OK));
		assert_int_equal(answered / 2, exchanges(&c, OUTCOME_SERVER_ERROR));
		assert_int_equal(ROUNDS - answered, exchanges(&c, OUTCOME_ABORTED));
		assert_int_equal(ROUNDS, exchanges_total(&c));
		assert_int_equal(ROUNDS, c.opened);
		assert_int_equal(ROUNDS, c.closed);
		assert_int_equal(bytes, role == ROLE_SERVER ? c.bytes_in : c.bytes_out);
	}
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_leave_two_sweeps_after_their_sockets),
		cmocka_unit_test(a_refused_connect_leaves_nothing),
		cmocka_unit_test(a_handshake_that_never_ends_leaves_nothing),
		cmocka_unit_test(a_listener_that_closes_leaves_nothing),
#if HASHED
		cmocka_unit_test(connections_beyond_the_limit_are_lost_and_push_nobody_out),
		cmocka_unit_test(a_connection_without_room_is_lost_once),
		cmocka_unit_test(a_connection_without_room_is_lost_once_though_it_stays_unknown),
#endif
		cmocka_unit_test(a_connection_that_no_hook_knew_is_lost_unless_it_is_older),
		cmocka_unit_test(an_exchange_in_flight_at_a_close_is_judged_once),
		cmocka_unit_test(what_is_used_again_starts_afresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
