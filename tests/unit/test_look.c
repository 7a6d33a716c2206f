// SPDX-License-Identifier: Apache-2.0
/*
 * test_look.c - looks that find more than their own call: hooks that never ran, one by one and in
 * runs, and hooks that ran late. The smallest cases by name; test_withheld.c has the rest.
 */
#include "script.h"

#define GET_HOME "GET /home HTTP/1.1\r\n\r\n"

static void skips_recv(struct script *s, const char *text)
{
	taken_n(s, strlen(text));
}

static void skips_send(struct script *s, const char *text)
{
	written_n(s, strlen(text));
}

/* The next that ended has this outcome, and the truth lies within its slack. */
static void ended_about(struct script *s, uint32_t outcome, uint64_t true_us)
{
	const struct ended *e = script_next(s);
	uint64_t off = e->duration_ns > true_us * 1000 ? e->duration_ns - true_us * 1000 :
							 true_us * 1000 - e->duration_ns;

	if (e->outcome != outcome)
		fail_msg("outcome %s, expected %s", script_outcome_name(e->outcome),
			 script_outcome_name(outcome));
	if (off > e->slack_ns)
		fail_msg("took %.3f us with a slack of %.3f us, expected %llu",
			 (double)e->duration_ns / 1e3, (double)e->slack_ns / 1e3,
			 (unsigned long long)true_us);
}

static void ends(struct script *s, const char *unused)
{
	(void)unused;
	closes(s, 0);
	s->now_ns += SECOND * 1000;
	is_destroyed(s);
}

/* A call of the other thread has moved the bytes; its hook runs as a step of its own. */
static void late_send(struct script *s, const char *text)
{
	send_hook(s, text, strlen(text));
}

static void late_recv(struct script *s, const char *text)
{
	recv_hook(s, text, strlen(text));
}

struct step {
	uint64_t us;
	void (*does)(struct script *s, const char *text);
	const char *text;
};

#define STEPS  9
#define ENDS   3
#define FIRSTS 3
#define FIRST  NULL

/* What happens on a connection, and what has ended by then: nothing else, and nothing merged. */
struct play {
	const char *name;
	enum role role;
	struct step steps[STEPS];
	struct {
		enum outcome outcome;
		uint64_t us;
		bool about; /* known to its slack */
	} ended[ENDS];
	const char *firsts[FIRSTS]; /* FIRST is each of these in turn */
};

static void play_with(const struct play *p, const char *first)
{
	struct script s = script_open(p->role);

	for (const struct step *step = p->steps; step < p->steps + STEPS && step->does; step++) {
		at(&s, step->us);
		step->does(&s, step->text == FIRST ? first : step->text);
	}
	for (unsigned int i = 0; i < ENDS && p->ended[i].us; i++)
		if (p->ended[i].about)
			ended_about(&s, p->ended[i].outcome, p->ended[i].us);
		else
			ended_in(&s, p->ended[i].outcome, p->ended[i].us);
	nothing_ended(&s);
	assert_int_equal(0, s.merged);
}

static void plays(void **state)
{
	const struct play *p = *state;

	play_with(p, p->firsts[0]);
	for (unsigned int i = 1; i < FIRSTS && p->firsts[i]; i++)
		play_with(p, p->firsts[i]);
}

#define END   30 * SECOND, ends, ""
#define EXACT false
#define ABOUT true

static const struct play table[] = {
	{ .name = "a withheld second receive begins another exchange",
	  .role = ROLE_SERVER,
	  .steps = { { 0, gets, FIRST },
		     { 5, sends, OK },
		     { 10, arrives, GET },
		     { 20, skips_recv, GET },
		     { 50, sends, ERROR },
		     { END } },
	  .ended = { { OUTCOME_OK, 5, EXACT }, { OUTCOME_SERVER_ERROR, 40, EXACT } },
	  .firsts = { GET, GET_HOME, POST BODY } },
	{ .name = "a withheld answer is dated by the tick it was sent in",
	  .role = ROLE_SERVER,
	  .steps = { { 0, gets, GET },
		     { 50000, skips_send, ERROR },
		     { 3 * SECOND, arrives, GET },
		     { 4 * SECOND, reads, GET },
		     { 9 * SECOND, sends, ERROR },
		     { END } },
	  .ended = { { OUTCOME_UNKNOWN, 50000, ABOUT },
		     { OUTCOME_SERVER_ERROR, 6 * SECOND, EXACT } } },
	{ .name = "a withheld answer before a close is dated by its tick too",
	  .role = ROLE_SERVER,
	  .steps = { { 0, gets, GET }, { 50000, skips_send, ERROR }, { END } },
	  .ended = { { OUTCOME_UNKNOWN, 50000, ABOUT } } },
	{ .name = "a withheld rest of an answer is its last byte",
	  .role = ROLE_SERVER,
	  .steps = { { 0, gets, GET },
		     { 10, sends, ERROR },
		     { 50000, skips_send, BODY },
		     { 60000, gets, GET },
		     { 60007, sends, OK },
		     { END } },
	  .ended = { { OUTCOME_SERVER_ERROR, 50000, ABOUT }, { OUTCOME_OK, 7, EXACT } } },
	{ .name = "a withheld head of an answer leaves its last byte exact",
	  .role = ROLE_SERVER,
	  .steps = { { 0, gets, GET },
		     { 10, skips_send, OK },
		     { 50000, sends, BODY },
		     { 60000, gets, GET } },
	  .ended = { { OUTCOME_UNKNOWN, 50000, EXACT } } },
	{ .name = "a withheld receive and send are one exchange, the last",
	  .role = ROLE_SERVER,
	  .steps = { { 0, arrives, GET },
		     { 20, skips_recv, GET },
		     { 50000, skips_send, OK },
		     { END } },
	  .ended = { { OUTCOME_UNKNOWN, 50000, ABOUT } } },
	{ .name = "a withheld receive and send are one exchange, before another",
	  .role = ROLE_SERVER,
	  .steps = { { 0, arrives, GET },
		     { 20, skips_recv, GET },
		     { 50000, skips_send, OK },
		     { 90000, gets, GET },
		     { 90009, sends, ERROR },
		     { END } },
	  .ended = { { OUTCOME_UNKNOWN, 50000, ABOUT }, { OUTCOME_SERVER_ERROR, 9, EXACT } } },
	{ .name = "a withheld answer and the next receive are put in their order",
	  .role = ROLE_SERVER,
	  .steps = { { 0, gets, GET },
		     { 50000, skips_send, OK },
		     { 60000, arrives, GET },
		     { 60020, skips_recv, GET },
		     { 90000, sends, ERROR },
		     { END } },
	  .ended = { { OUTCOME_UNKNOWN, 50000, ABOUT }, { OUTCOME_SERVER_ERROR, 30000, EXACT } } },
	/* Nobody can say that the unseen bytes were no more of its body; their answer can. */
	{ .name = "a withheld receive and send behind a POST are another exchange",
	  .role = ROLE_SERVER,
	  .steps = { { 0, gets, POST BODY },
		     { 10, sends, ERROR },
		     { 60000, arrives, GET },
		     { 60020, skips_recv, GET },
		     { 90000, skips_send, OK },
		     { 120000, gets, GET },
		     { 120005, sends, NOT_FOUND },
		     { END } },
	  .ended = { { OUTCOME_SERVER_ERROR, 10, EXACT },
		     { OUTCOME_UNKNOWN, 30000, ABOUT },
		     { OUTCOME_CLIENT_ERROR, 5, EXACT } } },
	{ .name = "three in a row are put in their order",
	  .role = ROLE_SERVER,
	  .steps = { { 0, arrives, GET },
		     { 7, skips_recv, GET },
		     { 50000, skips_send, OK },
		     { 60000, arrives, GET },
		     { 60020, skips_recv, GET },
		     { 90000, sends, ERROR },
		     { END } },
	  .ended = { { OUTCOME_UNKNOWN, 50000, ABOUT }, { OUTCOME_SERVER_ERROR, 30000, EXACT } } },
	{ .name = "a withheld request states how well its begin is known",
	  .role = ROLE_CLIENT,
	  .steps = { { 50001, skips_send, GET }, { 70000, gets, NOT_FOUND }, { 90000, sends, GET } },
	  .ended = { { OUTCOME_CLIENT_ERROR, 70000 - 50001, ABOUT } } },
	{ .name = "a withheld rest of a request is no other request, headers",
	  .role = ROLE_CLIENT,
	  .steps = { { 0, sends, "GET / HTTP/1.1\r\n" },
		     { 10, skips_send, "Host: x\r\n\r\n" },
		     { 50, gets, OK },
		     { END } },
	  .ended = { { OUTCOME_OK, 50, EXACT } } },
	{ .name = "a withheld rest of a request is no other request, a body",
	  .role = ROLE_CLIENT,
	  .steps = { { 0, sends, POST }, { 10, skips_send, BODY }, { 50, gets, OK }, { END } },
	  .ended = { { OUTCOME_OK, 50, EXACT } } },
	{ .name = "a withheld request and answer of a client are one exchange",
	  .role = ROLE_CLIENT,
	  .steps = { { 0, sends, FIRST },
		     { 50, gets, ERROR },
		     { 60, skips_send, GET },
		     { 80, arrives, OK },
		     { 90, skips_recv, OK },
		     { 120, sends, GET },
		     { 130, gets, NOT_FOUND },
		     { END } },
	  .ended = { { OUTCOME_SERVER_ERROR, 50, EXACT },
		     { OUTCOME_UNKNOWN, 30, ABOUT },
		     { OUTCOME_CLIENT_ERROR, 10, EXACT } },
	  .firsts = { GET, GET_HOME, POST BODY } },
	{ .name = "a withheld rest of an answer is no other answer",
	  .role = ROLE_CLIENT,
	  .steps = { { 0, sends, GET },
		     { 50, gets, ERROR },
		     { 60, arrives, BODY },
		     { 65, skips_recv, BODY },
		     { 80, sends, GET },
		     { 90, gets, OK },
		     { END } },
	  .ended = { { OUTCOME_SERVER_ERROR, 65, ABOUT }, { OUTCOME_OK, 10, EXACT } } },
	{ .name = "a withheld answer of a client ends where it arrived",
	  .role = ROLE_CLIENT,
	  .steps = { { 0, sends, GET },
		     { 50, arrives, OK },
		     { 60, skips_recv, OK },
		     { 90, sends, GET },
		     { 99, gets, NOT_FOUND },
		     { END } },
	  .ended = { { OUTCOME_UNKNOWN, 60, ABOUT }, { OUTCOME_CLIENT_ERROR, 9, EXACT } } },
	/* A duplex client: its reader is ahead of its writer. */
	{ .name = "an answer that was taken before its request's hook is left to its own",
	  .role = ROLE_CLIENT,
	  .steps = { { 0, skips_send, GET },
		     { 20, arrives, ERROR },
		     { 25, skips_recv, ERROR },
		     { 25, late_send, GET },
		     { 25, late_recv, ERROR },
		     { 40, sends, GET },
		     { 60, gets, OK },
		     { END } },
	  .ended = { { OUTCOME_SERVER_ERROR, 25, ABOUT }, { OUTCOME_OK, 20, EXACT } } }
};

static void a_withheld_receive_leaves_all_but_the_division_exact(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), arrives(&s, GET);
	at(&s, 20), skips_recv(&s, GET);
	at(&s, 50), sends(&s, ERROR);
	at(&s, 60), gets(&s, GET);
	ended_in(&s, OUTCOME_SERVER_ERROR, 50);
	assert_false(s.ended[0].divided);
	assert_int_equal(0, s.ended[0].slack_ns);
	nothing_ended(&s);
}

/* Linux 7 skips for as long as somebody who was preempted inside the program does not run again. */
static void however_many_hooks_are_withheld_every_exchange_is_counted(void **state)
{
	for (enum role role = 0; role < ROLES; role++) {
		struct script s = script_open(role);

		(void)state;
		for (uint64_t i = 0; i < 30; i++) {
			uint64_t us = i * 20000;

			at(&s, us);
			if (role == ROLE_CLIENT)
				skips_send(&s, GET);
			at(&s, us + 100), arrives(&s, role == ROLE_CLIENT ? OK : GET);
			at(&s, us + 200), taken_n(&s, strlen(role == ROLE_CLIENT ? OK : GET));
			at(&s, us + 300);
			if (role == ROLE_SERVER)
				skips_send(&s, OK);
		}
		ends(&s, NULL);
		for (unsigned int i = 0; i < 30; i++)
			ended_about(&s, OUTCOME_UNKNOWN, role == ROLE_CLIENT ? 200 : 300);
		nothing_ended(&s);
		assert_int_equal(0, s.merged);
	}
}

/* Five requests come while an answer is sent in pieces; there is room for four arrivals. */
static void arrivals_without_room_are_not_lost_where_their_hooks_come(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 10), sends(&s, OK);
	for (unsigned int i = 0; i < 5; i++) {
		at(&s, 20 + i), sends(&s, BODY);
		at(&s, 30 + i), arrives(&s, GET);
	}
	for (unsigned int i = 0; i < 4; i++) {
		at(&s, 100 + 10 * i), reads(&s, GET);
		at(&s, 105 + 10 * i), sends(&s, OK);
	}
	at(&s, 200), taken_n(&s, strlen(GET));
	at(&s, 210), sends(&s, OK);
	ends(&s, NULL);
	for (unsigned int i = 0; i < 6; i++)
		assert_int_equal(OUTCOME_OK, script_next(&s)->outcome);
	nothing_ended(&s);
	assert_int_equal(0, s.merged);
}

#define ROWS (sizeof(table) / sizeof(table[0]))

int main(void)
{
	struct CMUnitTest tests[ROWS + 3] = {
		cmocka_unit_test(a_withheld_receive_leaves_all_but_the_division_exact),
		cmocka_unit_test(however_many_hooks_are_withheld_every_exchange_is_counted),
		cmocka_unit_test(arrivals_without_room_are_not_lost_where_their_hooks_come),
	};

	for (size_t i = 0; i < ROWS; i++)
		tests[i + 3] = (struct CMUnitTest){ .name = table[i].name,
						    .test_func = plays,
						    .initial_state = (void *)&table[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
