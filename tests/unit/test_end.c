// SPDX-License-Identifier: Apache-2.0
/* test_end.c - how the end of a connection ends what was under way: the table of DESIGN 3. */
#include "script.h"

/* ---- a server's side leaves ---- */

static void a_close_behind_an_answer_ends_it_at_its_last_byte(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 7), sends(&s, OK);
	at(&s, 900), closes(&s, 0);
	ended_parts(&s, OUTCOME_OK, 0, 0, 7, 0);
	is_destroyed(&s);
	nothing_ended(&s);
}

static void a_close_of_an_idle_connection_ends_nothing(void **state)
{
	(void)state;
	for (unsigned int role = 0; role < ROLES; role++) {
		struct script s = script_open(role);

		at(&s, 10), peer_fin(&s);
		at(&s, 20), closes(&s, 0);
		is_destroyed(&s);
		s = script_open(role);
		peer_resets(&s, 0);
		is_destroyed(&s);
		nothing_ended(&s);
	}
}

static void a_close_without_an_answer_is_no_response(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), arrives(&s, POST);
	at(&s, 4), reads(&s, POST);
	at(&s, 6), gets(&s, BODY);
	at(&s, 30), closes(&s, 0);
	ended_parts(&s, OUTCOME_NO_RESPONSE, 4, 2, 24, 0);
	is_destroyed(&s);
	nothing_ended(&s);
}

static void a_request_that_was_never_read_is_no_response_all_of_it_queueing(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 3), arrives(&s, GET);
	at(&s, 30), closes(&s, 0);
	ended_parts(&s, OUTCOME_NO_RESPONSE, 27, 0, 0, 0);
	is_destroyed(&s);
	nothing_ended(&s);
}

static void a_second_request_that_was_never_read_is_no_response(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 7), sends(&s, OK);
	at(&s, 13), arrives(&s, GET);
	at(&s, 30), closes(&s, 0);
	ended_in(&s, OUTCOME_OK, 7);
	ended_parts(&s, OUTCOME_NO_RESPONSE, 17, 0, 0, 0);
	nothing_ended(&s);
}

static void a_killed_server_gives_no_response(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 30), closes(&s, END_FATAL_SIGNAL);
	ended_in(&s, OUTCOME_NO_RESPONSE, 30);
	nothing_ended(&s);
}

static void a_reset_of_ours_without_an_answer_is_no_response(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 30), script_event(&s, END_RESET_BY_US);
	ended_in(&s, OUTCOME_NO_RESPONSE, 30);
	is_destroyed(&s);
	nothing_ended(&s);
}

static void an_interim_answer_alone_is_no_response(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, POST);
	at(&s, 5), sends(&s, CONTINUE);
	at(&s, 30), closes(&s, 0);
	ended_in(&s, OUTCOME_NO_RESPONSE, 30);
	nothing_ended(&s);
}

static void half_a_status_line_is_an_answer_that_nobody_understood(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 5), sends(&s, "HTTP/1.1 2");
	at(&s, 30), closes(&s, 0);
	ended_in(&s, OUTCOME_UNKNOWN, 5);
	nothing_ended(&s);
}

static const struct {
	const char *name;
	uint32_t events;
	uint32_t outcome;
} cuts[] = {
	{ "close, all sent", END_OUR_FIN | END_OUR_CLOSE, OUTCOME_OK },
	{ "close, bytes in flight", END_OUR_FIN | END_OUR_CLOSE | END_UNACKED, OUTCOME_OK },
	{ "close, bytes unsent", END_OUR_FIN | END_OUR_CLOSE | END_UNSENT | END_UNACKED,
	  OUTCOME_OK },
	{ "reset, all sent", END_RESET_BY_US | END_UNACKED, OUTCOME_OK },
	{ "reset, bytes unsent", END_RESET_BY_US | END_UNSENT | END_UNACKED, OUTCOME_SERVER_ERROR },
	{ "killed, all sent", END_OUR_FIN | END_OUR_CLOSE | END_FATAL_SIGNAL | END_UNACKED,
	  OUTCOME_OK },
	{ "killed, bytes unsent",
	  END_OUR_FIN | END_OUR_CLOSE | END_FATAL_SIGNAL | END_UNSENT | END_UNACKED,
	  OUTCOME_SERVER_ERROR },
	{ "peer resets, bytes unsent", END_RESET_BY_PEER | END_UNSENT | END_UNACKED,
	  OUTCOME_ABORTED },
	{ "peer resets, ack not shown", END_RESET_BY_PEER | END_UNACKED, OUTCOME_OK },
	{ "peer resets, all acknowledged", END_RESET_BY_PEER, OUTCOME_OK },
	{ "times out, bytes unsent", END_TIMED_OUT | END_UNSENT | END_UNACKED, OUTCOME_ABORTED },
};

static void an_answer_is_cut_off_only_where_bytes_were_unsent(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct script s = script_open(ROLE_SERVER);

		at(&s, 0), gets(&s, GET);
		at(&s, 7), sends(&s, OK);
		at(&s, 9), sends_n(&s, NULL, 100000);
		at(&s, 50), script_event(&s, cuts[i].events);
		assert_int_equal(1, s.n_ended);
		if (s.ended[0].outcome != cuts[i].outcome)
			fail_msg("%s: %s", cuts[i].name, script_outcome_name(s.ended[0].outcome));
		ended_parts(&s, cuts[i].outcome, 0, 0, 7, 2);
		is_destroyed(&s);
		nothing_ended(&s);
	}
}

/* ---- a server's peer leaves ---- */

static void a_half_close_ends_nothing(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 3), peer_fin(&s);
	nothing_ended(&s);
	at(&s, 9), sends(&s, OK);
	at(&s, 12), sends_n(&s, BODY, 10);
	at(&s, 30), closes(&s, 0);
	ended_parts(&s, OUTCOME_OK, 0, 0, 9, 3);
	is_destroyed(&s);
	nothing_ended(&s);
}

static void a_half_close_right_behind_an_unread_request_ends_nothing(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), arrives(&s, GET);
	at(&s, 0), peer_fin(&s);
	at(&s, 4), reads(&s, GET);
	taken_n(&s, 1); /* the FIN, by a receive that returns 0 */
	at(&s, 9), sends(&s, OK);
	at(&s, 30), closes(&s, 0);
	ended_parts(&s, OUTCOME_OK, 4, 0, 5, 0);
	nothing_ended(&s);
	assert_int_equal(strlen(GET), s.c.bytes_in);
}

static void a_peer_that_leaves_before_an_answer_has_aborted(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 3), peer_fin(&s);
	at(&s, 30), closes(&s, 0);
	ended_in(&s, OUTCOME_ABORTED, 30);
	s = script_open(ROLE_SERVER);
	at(&s, 0), gets(&s, GET);
	at(&s, 30), peer_resets(&s, 0);
	ended_in(&s, OUTCOME_ABORTED, 30);
	nothing_ended(&s);
}

static void a_peer_that_resets_before_it_was_read_has_aborted(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), arrives(&s, GET);
	at(&s, 30), peer_resets(&s, 0);
	ended_in(&s, OUTCOME_ABORTED, 30);
	is_destroyed(&s);
	nothing_ended(&s);
}

static void a_peer_that_never_answers_our_segments_has_aborted(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 30), script_event(&s, END_TIMED_OUT);
	ended_in(&s, OUTCOME_ABORTED, 30);
	nothing_ended(&s);
}

static void a_reset_with_an_answer_under_way_proves_nothing_unless_the_peer_had_closed(void **state)
{
	(void)state;
	for (unsigned int closed = 0; closed < 2; closed++) {
		struct script s = script_open(ROLE_SERVER);

		at(&s, 0), gets(&s, GET);
		if (closed)
			at(&s, 3), peer_fin(&s);
		at(&s, 7), sends(&s, OK);
		at(&s, 30), peer_resets(&s, END_UNACKED);
		ended_in(&s, closed ? OUTCOME_ABORTED : OUTCOME_OK, 7);
		is_destroyed(&s);
		nothing_ended(&s);
	}
}

static void a_reset_during_an_upload_is_aborted(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, POST);
	at(&s, 5), arrives(&s, BODY);
	at(&s, 30), peer_resets(&s, 0);
	ended_in(&s, OUTCOME_ABORTED, 30);
	nothing_ended(&s);
}

static void the_unread_rest_of_a_refused_upload_is_no_request(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, POST);
	at(&s, 5), sends(&s, "HTTP/1.1 413 Content Too Large\r\n\r\n");
	at(&s, 8), arrives(&s, BODY);
	at(&s, 30), closes(&s, 0);
	ended_in(&s, OUTCOME_CLIENT_ERROR, 5);
	assert_int_equal(1, s.unparsed_end);
	is_destroyed(&s);
	nothing_ended(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_close_behind_an_answer_ends_it_at_its_last_byte),
		cmocka_unit_test(a_close_of_an_idle_connection_ends_nothing),
		cmocka_unit_test(a_close_without_an_answer_is_no_response),
		cmocka_unit_test(a_request_that_was_never_read_is_no_response_all_of_it_queueing),
		cmocka_unit_test(a_second_request_that_was_never_read_is_no_response),
		cmocka_unit_test(a_killed_server_gives_no_response),
		cmocka_unit_test(a_reset_of_ours_without_an_answer_is_no_response),
		cmocka_unit_test(an_interim_answer_alone_is_no_response),
		cmocka_unit_test(half_a_status_line_is_an_answer_that_nobody_understood),
		cmocka_unit_test(an_answer_is_cut_off_only_where_bytes_were_unsent),
		cmocka_unit_test(a_half_close_ends_nothing),
		cmocka_unit_test(a_half_close_right_behind_an_unread_request_ends_nothing),
		cmocka_unit_test(a_peer_that_leaves_before_an_answer_has_aborted),
		cmocka_unit_test(a_peer_that_resets_before_it_was_read_has_aborted),
		cmocka_unit_test(a_peer_that_never_answers_our_segments_has_aborted),
		cmocka_unit_test(
			a_reset_with_an_answer_under_way_proves_nothing_unless_the_peer_had_closed),
		cmocka_unit_test(a_reset_during_an_upload_is_aborted),
		cmocka_unit_test(the_unread_rest_of_a_refused_upload_is_no_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
