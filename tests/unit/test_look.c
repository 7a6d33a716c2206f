// SPDX-License-Identifier: Apache-2.0
/*
 * test_look.c - looks that find more than their own call: hooks that never ran, one by one and in
 * runs, and hooks that ran late. The smallest cases by name; test_withheld.c has the rest.
 */
#include "script.h"

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

static void ends(struct script *s)
{
	at(s, 30 * SECOND), closes(s, 0);
	at(s, 31 * SECOND), is_destroyed(s);
}

/* ---- a server's receive ---- */

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

static void a_withheld_second_receive_begins_another_exchange(void **state)
{
	static const char *const firsts[] = { GET, "GET /home HTTP/1.1\r\n\r\n", POST BODY };

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		struct script s = script_open(ROLE_SERVER);

		at(&s, 0), gets(&s, firsts[i]);
		at(&s, 5), sends(&s, OK);
		at(&s, 10), arrives(&s, GET);
		at(&s, 20), skips_recv(&s, GET);
		at(&s, 50), sends(&s, ERROR);
		ends(&s);
		ended_in(&s, OUTCOME_OK, 5);
		ended_in(&s, OUTCOME_SERVER_ERROR, 40);
		nothing_ended(&s);
	}
}

/* ---- a server's send ---- */

static void a_withheld_answer_is_dated_by_the_tick_it_was_sent_in(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 50000), skips_send(&s, ERROR);
	at(&s, 3 * SECOND), arrives(&s, GET);
	at(&s, 4 * SECOND), reads(&s, GET);
	at(&s, 9 * SECOND), sends(&s, ERROR);
	ends(&s);
	ended_about(&s, OUTCOME_UNKNOWN, 50000);
	ended_in(&s, OUTCOME_SERVER_ERROR, 6 * SECOND);
	nothing_ended(&s);
}

static void a_withheld_answer_before_a_close_is_dated_by_its_tick_too(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 50000), skips_send(&s, ERROR);
	ends(&s);
	ended_about(&s, OUTCOME_UNKNOWN, 50000);
	nothing_ended(&s);
}

/* The rest of an answer, not a second one. */
static void a_withheld_rest_of_an_answer_is_its_last_byte(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 10), sends(&s, ERROR);
	at(&s, 50000), skips_send(&s, BODY);
	at(&s, 60000), gets(&s, GET);
	at(&s, 60007), sends(&s, OK);
	ends(&s);
	ended_about(&s, OUTCOME_SERVER_ERROR, 50000);
	ended_in(&s, OUTCOME_OK, 7);
	nothing_ended(&s);
}

static void a_withheld_head_of_an_answer_leaves_its_last_byte_exact(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 10), skips_send(&s, OK);
	at(&s, 50000), sends(&s, BODY);
	at(&s, 60000), gets(&s, GET);
	ended_in(&s, OUTCOME_UNKNOWN, 50000);
	nothing_ended(&s);
}

/* ---- runs ---- */

static void a_withheld_receive_and_send_are_one_exchange(void **state)
{
	(void)state;
	for (unsigned int again = 0; again < 2; again++) {
		struct script s = script_open(ROLE_SERVER);

		at(&s, 0), arrives(&s, GET);
		at(&s, 20), skips_recv(&s, GET);
		at(&s, 50000), skips_send(&s, OK);
		if (again) {
			at(&s, 90000), gets(&s, GET);
			at(&s, 90009), sends(&s, ERROR);
		}
		ends(&s);
		ended_about(&s, OUTCOME_UNKNOWN, 50000);
		if (again)
			ended_in(&s, OUTCOME_SERVER_ERROR, 9);
		nothing_ended(&s);
		assert_int_equal(0, s.merged);
	}
}

static void a_withheld_answer_and_the_next_receive_are_put_in_their_order(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 50000), skips_send(&s, OK);
	at(&s, 60000), arrives(&s, GET);
	at(&s, 60020), skips_recv(&s, GET);
	at(&s, 90000), sends(&s, ERROR);
	ends(&s);
	ended_about(&s, OUTCOME_UNKNOWN, 50000);
	ended_in(&s, OUTCOME_SERVER_ERROR, 30000);
	nothing_ended(&s);
}

/* Behind a POST nobody can say that the unseen bytes were no more of its body; their answer can. */
static void a_withheld_receive_and_send_behind_a_post_are_another_exchange(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, POST BODY);
	at(&s, 10), sends(&s, ERROR);
	at(&s, 60000), arrives(&s, GET);
	at(&s, 60020), skips_recv(&s, GET);
	at(&s, 90000), skips_send(&s, OK);
	at(&s, 120000), gets(&s, GET);
	at(&s, 120005), sends(&s, NOT_FOUND);
	ends(&s);
	ended_in(&s, OUTCOME_SERVER_ERROR, 10);
	ended_about(&s, OUTCOME_UNKNOWN, 30000);
	ended_in(&s, OUTCOME_CLIENT_ERROR, 5);
	nothing_ended(&s);
}

static void three_in_a_row_are_put_in_their_order(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), arrives(&s, GET);
	at(&s, 7), skips_recv(&s, GET);
	at(&s, 50000), skips_send(&s, OK);
	at(&s, 60000), arrives(&s, GET);
	at(&s, 60020), skips_recv(&s, GET);
	at(&s, 90000), sends(&s, ERROR);
	ends(&s);
	ended_about(&s, OUTCOME_UNKNOWN, 50000);
	ended_in(&s, OUTCOME_SERVER_ERROR, 30000);
	nothing_ended(&s);
}

/* ---- a client ---- */

static void a_withheld_request_states_how_well_its_begin_is_known(void **state)
{
	struct script s = script_open(ROLE_CLIENT);

	(void)state;
	at(&s, 50001), skips_send(&s, GET);
	at(&s, 70000), gets(&s, NOT_FOUND);
	at(&s, 90000), sends(&s, GET);
	ended_about(&s, OUTCOME_CLIENT_ERROR, 70000 - 50001);
	nothing_ended(&s);
}

static void a_withheld_rest_of_a_request_is_no_other_request(void **state)
{
	(void)state;
	for (unsigned int bodied = 0; bodied < 2; bodied++) {
		struct script s = script_open(ROLE_CLIENT);

		at(&s, 0), sends(&s, bodied ? POST : "GET / HTTP/1.1\r\n");
		at(&s, 10), skips_send(&s, bodied ? BODY : "Host: x\r\n\r\n");
		at(&s, 50), gets(&s, OK);
		ends(&s);
		ended_in(&s, OUTCOME_OK, 50);
		nothing_ended(&s);
	}
}

/* The same of a request whose answer no hook saw either. */
static void a_withheld_request_and_answer_of_a_client_are_one_exchange(void **state)
{
	static const char *const firsts[] = { GET, "GET /home HTTP/1.1\r\n\r\n", POST BODY };

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		struct script s = script_open(ROLE_CLIENT);

		at(&s, 0), sends(&s, firsts[i]);
		at(&s, 50), gets(&s, ERROR);
		at(&s, 60), skips_send(&s, GET);
		at(&s, 80), arrives(&s, OK);
		at(&s, 90), skips_recv(&s, OK);
		at(&s, 120), sends(&s, GET);
		at(&s, 130), gets(&s, NOT_FOUND);
		ends(&s);
		ended_in(&s, OUTCOME_SERVER_ERROR, 50);
		ended_about(&s, OUTCOME_UNKNOWN, 30);
		ended_in(&s, OUTCOME_CLIENT_ERROR, 10);
		nothing_ended(&s);
	}
}

/* An answer's rest came in an unseen receive: it is not a second answer. */
static void a_withheld_rest_of_an_answer_is_no_other_answer(void **state)
{
	struct script s = script_open(ROLE_CLIENT);

	(void)state;
	at(&s, 0), sends(&s, GET);
	at(&s, 50), gets(&s, ERROR);
	at(&s, 60), arrives(&s, BODY);
	at(&s, 65), skips_recv(&s, BODY);
	at(&s, 80), sends(&s, GET);
	at(&s, 90), gets(&s, OK);
	ends(&s);
	ended_about(&s, OUTCOME_SERVER_ERROR, 65);
	ended_in(&s, OUTCOME_OK, 10);
	nothing_ended(&s);
}

static void a_withheld_answer_of_a_client_ends_where_it_arrived(void **state)
{
	struct script s = script_open(ROLE_CLIENT);

	(void)state;
	at(&s, 0), sends(&s, GET);
	at(&s, 50), arrives(&s, OK);
	at(&s, 60), skips_recv(&s, OK);
	at(&s, 90), sends(&s, GET);
	at(&s, 99), gets(&s, NOT_FOUND);
	ends(&s);
	ended_about(&s, OUTCOME_UNKNOWN, 60);
	ended_in(&s, OUTCOME_CLIENT_ERROR, 9);
	nothing_ended(&s);
}

/* ---- late hooks ---- */

/* A duplex client: its reader has taken the answer before its writer's hook has run. */
static void an_answer_that_was_taken_before_its_request_s_hook_is_left_to_its_own(void **state)
{
	struct script s = script_open(ROLE_CLIENT);

	(void)state;
	at(&s, 0), written_n(&s, strlen(GET));
	at(&s, 20), arrives(&s, ERROR);
	at(&s, 25), taken_n(&s, strlen(ERROR));
	send_hook(&s, GET, strlen(GET));
	recv_hook(&s, ERROR, strlen(ERROR));
	at(&s, 40), sends(&s, GET);
	at(&s, 60), gets(&s, OK);
	ends(&s);
	ended_about(&s, OUTCOME_SERVER_ERROR, 25);
	ended_in(&s, OUTCOME_OK, 20);
	nothing_ended(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_withheld_receive_leaves_all_but_the_division_exact),
		cmocka_unit_test(a_withheld_second_receive_begins_another_exchange),
		cmocka_unit_test(a_withheld_answer_is_dated_by_the_tick_it_was_sent_in),
		cmocka_unit_test(a_withheld_answer_before_a_close_is_dated_by_its_tick_too),
		cmocka_unit_test(a_withheld_rest_of_an_answer_is_its_last_byte),
		cmocka_unit_test(a_withheld_head_of_an_answer_leaves_its_last_byte_exact),
		cmocka_unit_test(a_withheld_receive_and_send_are_one_exchange),
		cmocka_unit_test(a_withheld_answer_and_the_next_receive_are_put_in_their_order),
		cmocka_unit_test(a_withheld_receive_and_send_behind_a_post_are_another_exchange),
		cmocka_unit_test(three_in_a_row_are_put_in_their_order),
		cmocka_unit_test(a_withheld_request_states_how_well_its_begin_is_known),
		cmocka_unit_test(a_withheld_rest_of_a_request_is_no_other_request),
		cmocka_unit_test(a_withheld_request_and_answer_of_a_client_are_one_exchange),
		cmocka_unit_test(a_withheld_rest_of_an_answer_is_no_other_answer),
		cmocka_unit_test(a_withheld_answer_of_a_client_ends_where_it_arrived),
		cmocka_unit_test(
			an_answer_that_was_taken_before_its_request_s_hook_is_left_to_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
