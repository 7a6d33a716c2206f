// SPDX-License-Identifier: Apache-2.0
/* test_answers.c - answers that are more than one answer to one request. */
#include "script.h"

/* ---- pipelining ---- */

static void pipelined_answers_that_begin_a_send_are_exchanges_of_one_arrival(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET GET GET);
	at(&s, 10), sends(&s, OK);
	at(&s, 20), sends(&s, ERROR);
	at(&s, 30), sends(&s, NOT_FOUND);
	at(&s, 90), closes(&s, 0);
	ended_in(&s, OUTCOME_OK, 10);
	ended_in(&s, OUTCOME_SERVER_ERROR, 20);
	ended_in(&s, OUTCOME_CLIENT_ERROR, 30);
	nothing_ended(&s);
}

static void a_pipelined_answer_may_have_its_body_in_sends_of_its_own(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET GET);
	at(&s, 10), sends(&s, OK);
	at(&s, 12), sends_n(&s, BODY, 10);
	at(&s, 20), sends(&s, ERROR);
	at(&s, 25), sends_n(&s, BODY, 10);
	at(&s, 90), gets(&s, GET);
	ended_parts(&s, OUTCOME_OK, 0, 0, 10, 2);
	ended_parts(&s, OUTCOME_SERVER_ERROR, 0, 0, 20, 5);
	nothing_ended(&s);
}

static void answers_that_one_send_coalesces_are_one_exchange(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET GET GET);
	at(&s, 10), sends(&s, OK OK OK);
	at(&s, 20), gets(&s, GET);
	at(&s, 25), sends(&s, OK);
	at(&s, 90), closes(&s, 0);
	ended_in(&s, OUTCOME_OK, 10);
	ended_in(&s, OUTCOME_OK, 5);
	nothing_ended(&s);
	assert_int_equal(2, s.coalesced);
}

static void a_client_s_pipelined_requests_are_answered_one_by_one(void **state)
{
	struct script s = script_open(ROLE_CLIENT);

	(void)state;
	at(&s, 0), sends(&s, GET GET);
	at(&s, 10), gets(&s, OK);
	at(&s, 20), gets(&s, ERROR);
	at(&s, 90), closes(&s, 0);
	ended_in(&s, OUTCOME_OK, 10);
	ended_in(&s, OUTCOME_SERVER_ERROR, 20);
	nothing_ended(&s);
}

/* ---- interim answers ---- */

static void an_upload_that_waits_for_100_is_one_exchange(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, POST);
	at(&s, 5), sends(&s, CONTINUE);
	at(&s, 20), gets(&s, BODY);
	at(&s, 50), sends(&s, ERROR);
	at(&s, 60), gets(&s, GET);
	ended_parts(&s, OUTCOME_SERVER_ERROR, 0, 20, 30, 0);
	nothing_ended(&s);
}

static void a_100_in_front_of_the_answer_in_one_send_is_not_the_answer(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, POST BODY);
	at(&s, 5), sends(&s, CONTINUE ERROR);
	at(&s, 60), gets(&s, GET);
	ended_parts(&s, OUTCOME_SERVER_ERROR, 0, 0, 5, 0);
	nothing_ended(&s);
}

static void an_interim_answer_may_be_cut_anywhere(void **state)
{
	static const char both[] = CONTINUE ERROR;

	(void)state;
	for (size_t cut = 1; cut < strlen(both); cut++) {
		struct script s = script_open(ROLE_SERVER);

		at(&s, 0), gets(&s, POST BODY);
		at(&s, 5), sends_n(&s, both, cut);
		at(&s, 9), sends(&s, both + cut);
		at(&s, 60), gets(&s, GET);
		/* F is the first byte of the final answer, in whichever send that was. */
		ended_in(&s, OUTCOME_SERVER_ERROR, 9);
		nothing_ended(&s);
	}
}

static void an_interim_answer_byte_by_byte_has_the_final_one_s_first_byte(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, POST BODY);
	sends_byte_by_byte(&s, CONTINUE ERROR);
	closes(&s, 0);
	ended_parts(&s, OUTCOME_SERVER_ERROR, 0, 0, strlen(CONTINUE) + 1, strlen(ERROR) - 1);
	nothing_ended(&s);
}

static void several_interim_answers_may_precede(void **state)
{
	struct script s = script_open(ROLE_CLIENT);

	(void)state;
	at(&s, 0), sends(&s, GET);
	at(&s, 5), gets(&s, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n");
	at(&s, 6), gets(&s, "HTTP/1.1 102 Processing\r\n\r\n");
	at(&s, 9), gets(&s, NOT_FOUND);
	at(&s, 60), closes(&s, 0);
	ended_parts(&s, OUTCOME_CLIENT_ERROR, 0, 0, 9, 0);
	nothing_ended(&s);
}

static void a_client_may_read_100_and_answer_at_once(void **state)
{
	struct script s = script_open(ROLE_CLIENT);

	(void)state;
	at(&s, 0), sends(&s, POST);
	at(&s, 5), gets(&s, CONTINUE);
	at(&s, 6), sends(&s, BODY);
	at(&s, 9), gets(&s, ERROR);
	at(&s, 20), sends(&s, POST BODY);
	at(&s, 29), gets(&s, CONTINUE OK);
	at(&s, 60), closes(&s, 0);
	ended_parts(&s, OUTCOME_SERVER_ERROR, 0, 0, 9, 0);
	ended_parts(&s, OUTCOME_OK, 0, 0, 9, 0);
	nothing_ended(&s);
}

/* ---- streams ---- */

static void a_switch_of_protocol_ends_the_exchange_and_starts_a_stream(void **state)
{
	(void)state;
	for (unsigned int role = 0; role < ROLES; role++) {
		struct script s = script_open(role);
		void (*ask)(struct script *, const char *) = role == ROLE_SERVER ? gets : sends;
		void (*answer)(struct script *, const char *) = role == ROLE_SERVER ? sends : gets;

		at(&s, 0), ask(&s, "GET /chat HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
		at(&s, 7), answer(&s, "HTTP/1.1 101 Switching Protocols\r\n\r\n");
		ended_in(&s, OUTCOME_OK, 7);
		for (unsigned int i = 0; i < 5; i++) {
			at(&s, 100 + i), ask(&s, GET);
			at(&s, 200 + i), answer(&s, ERROR);
		}
		sweeps(&s, true);
		closes(&s, 0);
		nothing_ended(&s);
		assert_int_equal(strlen("GET /chat HTTP/1.1\r\nUpgrade: websocket\r\n\r\n") +
					 5 * strlen(GET),
				 role == ROLE_SERVER ? s.c.bytes_in : s.c.bytes_out);
	}
}

static void connect_is_a_stream_once_it_succeeds(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, "CONNECT db:5432 HTTP/1.1\r\n\r\n");
	at(&s, 7), sends(&s, "HTTP/1.1 502 Bad Gateway\r\n\r\n");
	at(&s, 20), gets(&s, "CONNECT db:5432 HTTP/1.1\r\n\r\n");
	ended_in(&s, OUTCOME_SERVER_ERROR, 7);
	at(&s, 29), sends(&s, "HTTP/1.1 200 Connection established\r\n\r\n");
	ended_in(&s, OUTCOME_OK, 9);
	at(&s, 30), gets(&s, GET);
	at(&s, 31), sends(&s, OK);
	closes(&s, 0);
	nothing_ended(&s);
}

static void a_connect_behind_a_proxied_get_is_seen(void **state)
{
	struct script s = script_open(ROLE_CLIENT);

	(void)state;
	at(&s, 0), sends(&s, "GET http://example.org/ HTTP/1.1\r\n\r\n");
	at(&s, 7), gets(&s, OK);
	at(&s, 20), sends(&s, "CONNECT db:5432 HTTP/1.1\r\n\r\n");
	at(&s, 29), gets(&s, "HTTP/1.1 200 Connection established\r\n\r\n");
	ended_in(&s, OUTCOME_OK, 7);
	ended_in(&s, OUTCOME_OK, 9);
	at(&s, 30), sends(&s, "\x16\x03\x01");
	at(&s, 31), gets(&s, "\x16\x03\x03");
	closes(&s, 0);
	nothing_ended(&s);
}

/* ---- uploads ---- */

static void an_early_413_is_one_exchange_while_the_upload_goes_on(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, POST);
	at(&s, 5), sends(&s, "HTTP/1.1 413 Content Too Large\r\n\r\n");
	for (unsigned int i = 0; i < 10; i++)
		at(&s, 10 + i), gets(&s, "some more of the upload that nobody wants");
	at(&s, 50), closes(&s, 0);
	ended_parts(&s, OUTCOME_CLIENT_ERROR, 0, 0, 5, 0);
	nothing_ended(&s);
}

static void the_request_behind_a_refused_upload_is_another(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, POST);
	at(&s, 5), sends(&s, "HTTP/1.1 413 Content Too Large\r\n\r\n");
	at(&s, 10), gets(&s, BODY BODY);
	at(&s, 20), gets(&s, GET);
	at(&s, 27), sends(&s, OK);
	at(&s, 50), closes(&s, 0);
	ended_in(&s, OUTCOME_CLIENT_ERROR, 5);
	ended_in(&s, OUTCOME_OK, 7);
	nothing_ended(&s);
}

static void a_large_upload_is_received_until_its_last_read(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, POST);
	for (unsigned int i = 1; i <= 1000; i++)
		at(&s, i), gets(&s, "0123456789012345678901234567890123456789");
	at(&s, 1500), sends(&s, OK);
	at(&s, 2000), closes(&s, 0);
	ended_parts(&s, OUTCOME_OK, 0, 1000, 500, 0);
	nothing_ended(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipelined_answers_that_begin_a_send_are_exchanges_of_one_arrival),
		cmocka_unit_test(a_pipelined_answer_may_have_its_body_in_sends_of_its_own),
		cmocka_unit_test(answers_that_one_send_coalesces_are_one_exchange),
		cmocka_unit_test(a_client_s_pipelined_requests_are_answered_one_by_one),
		cmocka_unit_test(an_upload_that_waits_for_100_is_one_exchange),
		cmocka_unit_test(a_100_in_front_of_the_answer_in_one_send_is_not_the_answer),
		cmocka_unit_test(an_interim_answer_may_be_cut_anywhere),
		cmocka_unit_test(an_interim_answer_byte_by_byte_has_the_final_one_s_first_byte),
		cmocka_unit_test(several_interim_answers_may_precede),
		cmocka_unit_test(a_client_may_read_100_and_answer_at_once),
		cmocka_unit_test(a_switch_of_protocol_ends_the_exchange_and_starts_a_stream),
		cmocka_unit_test(connect_is_a_stream_once_it_succeeds),
		cmocka_unit_test(a_connect_behind_a_proxied_get_is_seen),
		cmocka_unit_test(an_early_413_is_one_exchange_while_the_upload_goes_on),
		cmocka_unit_test(the_request_behind_a_refused_upload_is_another),
		cmocka_unit_test(a_large_upload_is_received_until_its_last_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
