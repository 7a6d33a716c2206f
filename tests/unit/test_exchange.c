// SPDX-License-Identifier: Apache-2.0
/* test_exchange.c - how exchanges are told apart where every hook runs. */
#include "script.h"

/* ---- one after the other ---- */

static void a_server_s_exchange_has_four_parts(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 10), arrives(&s, GET);
	at(&s, 30), reads(&s, GET);
	at(&s, 80), sends(&s, OK);
	at(&s, 95), sends_n(&s, NULL, 1000);
	nothing_ended(&s);
	at(&s, 500), gets(&s, GET);
	ended_parts(&s, OUTCOME_OK, 20, 0, 50, 15);
	nothing_ended(&s);
}

static void a_client_s_exchange_begins_at_its_first_send(void **state)
{
	struct script s = script_open(ROLE_CLIENT);

	(void)state;
	at(&s, 10), sends(&s, GET);
	at(&s, 50), arrives(&s, OK);
	at(&s, 60), reads(&s, OK);
	at(&s, 100), sends(&s, GET);
	/* first byte: as it arrived; last: as it was read */
	ended_parts(&s, OUTCOME_OK, 0, 0, 40, 10);
	nothing_ended(&s);
}

static void keep_alive_gives_each_answer_its_own_outcome(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 5), sends(&s, ERROR);
	at(&s, 10), gets(&s, POST);
	at(&s, 12), gets(&s, BODY);
	at(&s, 20), sends(&s, NOT_FOUND);
	at(&s, 30), gets(&s, "HEAD / HTTP/1.1\r\n\r\n");
	at(&s, 31), sends(&s, "HTTP/1.1 304 Not Modified\r\n\r\n");
	at(&s, 40), gets(&s, GET);
	ended_parts(&s, OUTCOME_SERVER_ERROR, 0, 0, 5, 0);
	ended_parts(&s, OUTCOME_CLIENT_ERROR, 0, 2, 8, 0);
	ended_parts(&s, OUTCOME_OK, 0, 0, 1, 0);
	nothing_ended(&s);
}

static void the_bytes_of_both_directions_are_counted(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	gets(&s, POST);
	gets(&s, BODY);
	sends(&s, OK);
	sends_file(&s, 1 << 20);
	assert_int_equal(strlen(POST) + strlen(BODY), s.c.bytes_in);
	assert_int_equal(strlen(OK) + (1 << 20), s.c.bytes_out);
}

/* ---- in pieces ---- */

static void a_request_may_come_byte_by_byte(void **state)
{
	struct script s = script_open(ROLE_SERVER);
	size_t length = strlen(GET);

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		at(&s, 1000 * i), gets_byte_by_byte(&s, GET);
		at(&s, 1000 * i + 500), sends(&s, i == 1 ? ERROR : OK);
	}
	at(&s, 5000), closes(&s, 0);
	ended_parts(&s, OUTCOME_OK, 0, length - 1, 500 - length, 0);
	ended_parts(&s, OUTCOME_SERVER_ERROR, 0, length - 1, 500 - length, 0);
	ended_parts(&s, OUTCOME_OK, 0, length - 1, 500 - length, 0);
	nothing_ended(&s);
}

static void both_sides_may_go_byte_by_byte(void **state)
{
	(void)state;
	for (unsigned int role = 0; role < ROLES; role++) {
		struct script s = script_open(role);

		for (unsigned int i = 0; i < 4; i++) {
			const char *request = i % 2 ? POST BODY : GET;
			const char *answer = i == 2 ? ERROR : OK;

			at(&s, 1000 * i);
			if (role == ROLE_SERVER) {
				gets_byte_by_byte(&s, request);
				sends_byte_by_byte(&s, answer);
			} else {
				sends_byte_by_byte(&s, request);
				gets_byte_by_byte(&s, answer);
			}
		}
		closes(&s, 0);
		for (unsigned int i = 0; i < 4; i++)
			ended_in(&s, i == 2 ? OUTCOME_SERVER_ERROR : OUTCOME_OK,
				 strlen(i % 2 ? POST BODY : GET) + strlen(i == 2 ? ERROR : OK) - 1);
		nothing_ended(&s);
	}
}

static void a_status_may_come_in_two_sends_wherever_it_is_cut(void **state)
{
	(void)state;
	for (size_t cut = 1; cut < strlen(ERROR); cut++) {
		struct script s = script_open(ROLE_SERVER);

		at(&s, 0), gets(&s, GET);
		at(&s, 5), sends_n(&s, ERROR, cut);
		at(&s, 9), sends(&s, ERROR + cut);
		at(&s, 20), gets(&s, GET);
		ended_parts(&s, OUTCOME_SERVER_ERROR, 0, 0, 5, 4);
		nothing_ended(&s);
	}
}

static void second_in_two_reads(const char *first)
{
	for (size_t cut = 1; cut < strlen(POST); cut++) {
		struct script s = script_open(ROLE_SERVER);

		at(&s, 0), gets(&s, first);
		at(&s, 2), sends(&s, OK);
		at(&s, 10), arrives_n(&s, cut);
		at(&s, 11), reads_n(&s, POST, cut);
		at(&s, 14), gets(&s, POST + cut);
		at(&s, 19), sends(&s, OK);
		at(&s, 30), closes(&s, 0);
		ended_in(&s, OUTCOME_OK, 2);
		ended_parts(&s, OUTCOME_OK, 1, 3, 5, 0);
		nothing_ended(&s);
	}
}

static void a_request_may_come_in_two_reads_wherever_it_is_cut(void **state)
{
	(void)state;
	second_in_two_reads(GET);
}

/* Here the parser must say that it begins a request: a POST's body may still follow. */
static void a_second_request_behind_a_post_may_come_in_two_reads(void **state)
{
	(void)state;
	second_in_two_reads(POST BODY);
}

static void a_request_in_many_segments_is_queued_from_its_first(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	for (unsigned int i = 0; i < 20; i++)
		at(&s, i), arrives_n(&s, 1);
	at(&s, 50), reads_n(&s, GET, 20);
	at(&s, 60), gets(&s, GET + 20);
	at(&s, 90), sends(&s, OK);
	closes(&s, 0);
	ended_parts(&s, OUTCOME_OK, 50, 10, 30, 0);
}

static void a_chunked_answer_over_seconds_is_one_exchange(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 10), sends(&s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (unsigned int i = 1; i <= 30; i++) {
		at(&s, (uint64_t)i * SECOND), sends(&s, "5\r\nhello\r\n");
		assert_int_equal(0, sweeps(&s, false));
	}
	at(&s, 31 * SECOND), sends(&s, "0\r\n\r\n");
	at(&s, 32 * SECOND), gets(&s, GET);
	ended_parts(&s, OUTCOME_OK, 0, 0, 10, 31 * SECOND - 10);
	nothing_ended(&s);
}

static void an_answer_s_body_may_be_a_file(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 10), sends(&s, OK);
	for (unsigned int i = 1; i <= 5; i++)
		at(&s, 100 * i), sends_file(&s, 100000);
	at(&s, 900), gets(&s, GET);
	ended_parts(&s, OUTCOME_OK, 0, 0, 10, 490);
}

/* A body that looks like a status line but does not begin one at a send's start. */
static void an_answer_that_quotes_http_is_still_one(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	gets(&s, GET);
	sends(&s, "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 500 Oops");
	sends(&s, "and HTTP/1.1 500 again");
	closes(&s, 0);
	ended_in(&s, OUTCOME_OK, 0);
	nothing_ended(&s);
}

/* ---- arrivals ---- */

static void a_request_that_arrives_while_the_answer_is_sent_is_not_dated_late(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 10), sends(&s, OK);
	at(&s, 15), arrives(&s, GET);
	at(&s, 20), sends_n(&s, NULL, 1000);
	at(&s, 100), reads(&s, GET);
	at(&s, 110), sends(&s, OK);
	at(&s, 200), closes(&s, 0);
	ended_parts(&s, OUTCOME_OK, 0, 0, 10, 10);
	ended_parts(&s, OUTCOME_OK, 85, 0, 10, 0);
	nothing_ended(&s);
}

static void an_answer_s_own_hook_may_run_after_the_next_request_arrived(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 10), written_n(&s, strlen(ERROR));
	at(&s, 30), arrives(&s, GET);
	at(&s, 40), send_hook(&s, ERROR, strlen(ERROR));
	at(&s, 50), reads(&s, GET);
	at(&s, 60), sends(&s, OK);
	at(&s, 70), closes(&s, 0);
	ended_parts(&s, OUTCOME_SERVER_ERROR, 0, 0, 10, 0);
	ended_parts(&s, OUTCOME_OK, 20, 0, 10, 0);
	nothing_ended(&s);
}

/* One thread writes the answer, another reads the next request before the writer's hook. */
static void a_reader_thread_may_overtake_the_writer_s_hook(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 10), written_n(&s, strlen(ERROR));
	at(&s, 30), arrives(&s, GET);
	at(&s, 35), reads(&s, GET);
	at(&s, 40), send_hook(&s, ERROR, strlen(ERROR));
	at(&s, 60), sends(&s, OK);
	at(&s, 70), closes(&s, 0);
	ended_in(&s, OUTCOME_SERVER_ERROR, 10);
	ended_in(&s, OUTCOME_OK, 30);
	nothing_ended(&s);
}

/* Its parts add up even where the server spoke first. */
static void an_answer_that_arrived_before_its_request_takes_no_time(void **state)
{
	struct script s = script_open(ROLE_CLIENT);

	(void)state;
	at(&s, 0), arrives(&s, "hello");
	at(&s, 10), sends(&s, "helo me");
	at(&s, 15), reads(&s, "hello");
	at(&s, 90), closes(&s, 0);
	ended_parts(&s, OUTCOME_UNKNOWN, 0, 0, 0, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_s_exchange_has_four_parts),
		cmocka_unit_test(a_client_s_exchange_begins_at_its_first_send),
		cmocka_unit_test(keep_alive_gives_each_answer_its_own_outcome),
		cmocka_unit_test(the_bytes_of_both_directions_are_counted),
		cmocka_unit_test(a_request_may_come_byte_by_byte),
		cmocka_unit_test(both_sides_may_go_byte_by_byte),
		cmocka_unit_test(a_status_may_come_in_two_sends_wherever_it_is_cut),
		cmocka_unit_test(a_request_may_come_in_two_reads_wherever_it_is_cut),
		cmocka_unit_test(a_second_request_behind_a_post_may_come_in_two_reads),
		cmocka_unit_test(a_request_in_many_segments_is_queued_from_its_first),
		cmocka_unit_test(a_chunked_answer_over_seconds_is_one_exchange),
		cmocka_unit_test(an_answer_s_body_may_be_a_file),
		cmocka_unit_test(an_answer_that_quotes_http_is_still_one),
		cmocka_unit_test(a_request_that_arrives_while_the_answer_is_sent_is_not_dated_late),
		cmocka_unit_test(an_answer_s_own_hook_may_run_after_the_next_request_arrived),
		cmocka_unit_test(a_reader_thread_may_overtake_the_writer_s_hook),
		cmocka_unit_test(an_answer_that_arrived_before_its_request_takes_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
