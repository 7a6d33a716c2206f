// SPDX-License-Identifier: Apache-2.0
/* test_end_order.c - ends and hooks in other orders, and the ends that a client sees. */
#include "script.h"

/* ---- hooks and ends in other orders ---- */

static void a_close_may_come_before_the_answer_s_own_hook(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 7), written_n(&s, strlen(ERROR));
	at(&s, 9), closes(&s, 0);
	nothing_ended(&s);
	at(&s, 11), send_hook(&s, ERROR, strlen(ERROR));
	ended_in(&s, OUTCOME_SERVER_ERROR, 7);
	is_destroyed(&s);
	nothing_ended(&s);
	assert_int_equal(strlen(ERROR), s.c.bytes_out);
}

static void a_second_end_of_the_same_connection_ends_nothing_more(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 7), sends(&s, OK);
	at(&s, 9), closes(&s, 0);
	at(&s, 10), peer_fin(&s);
	at(&s, 11), peer_resets(&s, 0);
	at(&s, 12), sweeps(&s, true);
	at(&s, 13), is_destroyed(&s);
	ended_in(&s, OUTCOME_OK, 7);
	nothing_ended(&s);
}

static void what_silence_has_ended_a_close_does_not_end_again(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 7), sends(&s, OK);
	at(&s, 6 * SECOND), sweeps(&s, false);
	at(&s, 7 * SECOND), peer_fin(&s);
	at(&s, 7 * SECOND), closes(&s, 0);
	is_destroyed(&s);
	ended_in(&s, OUTCOME_OK, 7);
	nothing_ended(&s);
}

/* A request whose receive was withheld, then a close: it had been read, when is not known. */
static void a_request_that_no_hook_saw_read_is_still_no_response(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 3), arrives(&s, GET);
	at(&s, 5), taken_n(&s, strlen(GET));
	at(&s, 30), closes(&s, 0);
	is_destroyed(&s);
	ended_in(&s, OUTCOME_NO_RESPONSE, 27);
	nothing_ended(&s);
}

static void an_answer_that_no_hook_saw_is_an_answer(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 3), gets(&s, GET);
	at(&s, 5), written_n(&s, strlen(OK));
	at(&s, 30), closes(&s, 0);
	at(&s, 40), is_destroyed(&s);
	assert_int_equal(1, s.n_ended);
	assert_int_equal(OUTCOME_UNKNOWN, s.ended[0].outcome);
	/* Sent 35 us before the look, in the same tick or the one before. */
	assert_true(s.ended[0].slack_ns > 0);
	assert_true(s.ended[0].duration_ns >= 2000);
	assert_true(s.ended[0].duration_ns - s.ended[0].slack_ns + 1 <= 2000 ||
		    s.ended[0].slack_ns >= s.ended[0].duration_ns);
}

/* The answer's hook was withheld; what arrives behind our FIN must not take that for a byte. */
static void our_fin_is_no_byte_that_was_written(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 5), written_n(&s, strlen(OK));
	at(&s, 9), our_fin(&s, 0);
	at(&s, 20), arrives(&s, BODY);
	at(&s, 25), reads(&s, BODY);
	at(&s, 30), is_destroyed(&s);
	assert_int_equal(strlen(OK), s.c.bytes_out);
	assert_int_equal(OUTCOME_UNKNOWN, s.ended[0].outcome);
}

static void bytes_that_were_read_behind_our_half_close_are_counted_once(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	gets(&s, GET);
	sends(&s, OK);
	arrives(&s, BODY BODY);
	taken_n(&s, 10);
	our_fin(&s, 0);
	recv_hook(&s, BODY, 10);
	reads(&s, BODY);
	is_destroyed(&s);
	assert_int_equal(strlen(GET BODY BODY), s.c.bytes_in);
}

static void bytes_from_before_the_measurement_are_not_counted(void **state)
{
	struct script s = script_join(ROLE_SERVER, 100);

	(void)state;
	taken_n(&s, 40);
	peer_resets(&s, 0);
	is_destroyed(&s);
	assert_int_equal(0, s.c.bytes_in);
}

static void a_joined_connection_ends_without_an_exchange_that_it_never_saw_begin(void **state)
{
	struct script s = script_join(ROLE_SERVER, (uint32_t)strlen(GET));

	(void)state;
	at(&s, 30), closes(&s, 0);
	is_destroyed(&s);
	nothing_ended(&s);
	s = script_join(ROLE_CLIENT, 0);
	at(&s, 30), peer_fin(&s);
	closes(&s, 0);
	is_destroyed(&s);
	nothing_ended(&s);
}

static void a_tls_goodbye_is_no_request(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	gets(&s, "\x16\x03\x01\x02\x01hellohellohello");
	sends(&s, "\x16\x03\x03\x02\x01hellohellohello");
	arrives(&s, "\x15\x03\x03\x01\x12goodbye");
	closes(&s, 0);
	is_destroyed(&s);
	nothing_ended(&s);
}

/* ---- a client ---- */

static void a_server_that_leaves_without_an_answer_gave_no_response(void **state)
{
	static const uint32_t events[] = { END_RESET_BY_PEER, END_TIMED_OUT };
	struct script s = script_open(ROLE_CLIENT);

	(void)state;
	at(&s, 0), sends(&s, GET);
	at(&s, 30), peer_fin(&s);
	at(&s, 50), closes(&s, 0);
	is_destroyed(&s);
	ended_in(&s, OUTCOME_NO_RESPONSE, 30);
	nothing_ended(&s);
	for (unsigned int i = 0; i < 2; i++) {
		s = script_open(ROLE_CLIENT);
		at(&s, 0), sends(&s, GET);
		at(&s, 30), script_event(&s, events[i]);
		is_destroyed(&s);
		ended_in(&s, OUTCOME_NO_RESPONSE, 30);
		nothing_ended(&s);
	}
}

static void a_client_that_leaves_first_has_aborted(void **state)
{
	struct script s = script_open(ROLE_CLIENT);

	(void)state;
	at(&s, 0), sends(&s, GET);
	at(&s, 30), closes(&s, 0);
	at(&s, 40), peer_fin(&s);
	is_destroyed(&s);
	ended_in(&s, OUTCOME_ABORTED, 30);
	nothing_ended(&s);
}

static void a_client_that_leaves_an_answer_unread_has_aborted(void **state)
{
	struct script s = script_open(ROLE_CLIENT);

	(void)state;
	at(&s, 0), sends(&s, GET);
	at(&s, 20), arrives(&s, OK);
	at(&s, 30), closes(&s, 0);
	is_destroyed(&s);
	ended_in(&s, OUTCOME_ABORTED, 30);
	nothing_ended(&s);
}

static void a_client_may_half_close_and_still_be_answered(void **state)
{
	struct script s = script_open(ROLE_CLIENT);

	(void)state;
	at(&s, 0), sends(&s, GET);
	at(&s, 2), our_fin(&s, 0);
	nothing_ended(&s);
	at(&s, 20), gets(&s, NOT_FOUND);
	at(&s, 25), peer_fin(&s);
	at(&s, 30), script_event(&s, END_PEER_FIN); /* TIME_WAIT */
	is_destroyed(&s);
	ended_in(&s, OUTCOME_CLIENT_ERROR, 20);
	nothing_ended(&s);
}

static void an_answer_that_ends_with_the_connection_ends_at_its_last_byte(void **state)
{
	struct script s = script_open(ROLE_CLIENT);

	(void)state;
	at(&s, 0), sends(&s, GET);
	at(&s, 20), gets(&s, "HTTP/1.0 200 OK\r\n\r\n");
	at(&s, 24), gets(&s, BODY);
	at(&s, 25), peer_fin(&s);
	at(&s, 90), closes(&s, 0);
	is_destroyed(&s);
	ended_parts(&s, OUTCOME_OK, 0, 0, 20, 4);
	nothing_ended(&s);
}

/* The FIN comes in the answer's own segment, before the client has read it. */
static void an_answer_that_arrived_with_the_fin_is_an_answer(void **state)
{
	struct script s = script_open(ROLE_CLIENT);

	(void)state;
	at(&s, 0), sends(&s, GET);
	at(&s, 20), arrives(&s, ERROR);
	at(&s, 20), peer_fin(&s);
	nothing_ended(&s);
	at(&s, 25), reads(&s, ERROR);
	taken_n(&s, 1);
	at(&s, 90), closes(&s, 0);
	is_destroyed(&s);
	ended_parts(&s, OUTCOME_SERVER_ERROR, 0, 0, 20, 5);
	nothing_ended(&s);
	assert_int_equal(strlen(ERROR), s.c.bytes_in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_close_may_come_before_the_answer_s_own_hook),
		cmocka_unit_test(a_second_end_of_the_same_connection_ends_nothing_more),
		cmocka_unit_test(what_silence_has_ended_a_close_does_not_end_again),
		cmocka_unit_test(a_request_that_no_hook_saw_read_is_still_no_response),
		cmocka_unit_test(an_answer_that_no_hook_saw_is_an_answer),
		cmocka_unit_test(our_fin_is_no_byte_that_was_written),
		cmocka_unit_test(bytes_that_were_read_behind_our_half_close_are_counted_once),
		cmocka_unit_test(bytes_from_before_the_measurement_are_not_counted),
		cmocka_unit_test(
			a_joined_connection_ends_without_an_exchange_that_it_never_saw_begin),
		cmocka_unit_test(a_tls_goodbye_is_no_request),
		cmocka_unit_test(a_server_that_leaves_without_an_answer_gave_no_response),
		cmocka_unit_test(a_client_that_leaves_first_has_aborted),
		cmocka_unit_test(a_client_that_leaves_an_answer_unread_has_aborted),
		cmocka_unit_test(a_client_may_half_close_and_still_be_answered),
		cmocka_unit_test(an_answer_that_ends_with_the_connection_ends_at_its_last_byte),
		cmocka_unit_test(an_answer_that_arrived_with_the_fin_is_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
