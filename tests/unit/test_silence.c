// SPDX-License-Identifier: Apache-2.0
/* test_silence.c - what silence, a late start and unknown bytes leave to be told. */
#include "script.h"

/* ---- silence ---- */

static void silence_ends_an_answer_at_its_last_byte(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 7), sends(&s, OK);
	at(&s, 5 * SECOND), assert_int_equal(0, sweeps(&s, false));
	nothing_ended(&s);
	at(&s, 5 * SECOND + 8), sweeps(&s, false);
	ended_parts(&s, OUTCOME_OK, 0, 0, 7, 0);
	at(&s, 60 * SECOND), sweeps(&s, false);
	at(&s, 61 * SECOND), gets(&s, GET);
	at(&s, 61 * SECOND + 3), sends(&s, OK);
	at(&s, 99 * SECOND), closes(&s, 0);
	ended_parts(&s, OUTCOME_OK, 0, 0, 3, 0);
	nothing_ended(&s);
}

static void an_answer_that_goes_on_after_silence_streamed_once(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 7), sends(&s, OK);
	at(&s, 6 * SECOND), sweeps(&s, false);
	ended_in(&s, OUTCOME_OK, 7);
	for (unsigned int i = 0; i < 5; i++) {
		at(&s, (10 + 10 * i) * SECOND), sends(&s, "data: tick\n\n");
		at(&s, (16 + 10 * i) * SECOND), sweeps(&s, false);
	}
	at(&s, 99 * SECOND), gets(&s, GET);
	at(&s, 99 * SECOND + 1), sends(&s, OK);
	at(&s, 99 * SECOND + 2), closes(&s, 0);
	streamed(&s);
	ended_in(&s, OUTCOME_OK, 1);
	nothing_ended(&s);
}

static void a_request_that_waits_has_an_age_and_no_end(void **state)
{
	(void)state;
	for (unsigned int role = 0; role < ROLES; role++) {
		struct script s = script_open(role);

		at(&s, 10);
		(role == ROLE_SERVER ? gets : sends)(&s, GET);
		at(&s, 30 * SECOND),
			assert_int_equal((30 * SECOND - 10) * 1000ULL, sweeps(&s, false) - 1);
		assert_true(sweeps(&s, true) > 0);
		nothing_ended(&s);
		at(&s, 40 * SECOND);
		(role == ROLE_SERVER ? sends : gets)(&s, OK);
		closes(&s, 0);
		ended_in(&s, OUTCOME_OK, 40 * SECOND - 10);
	}
}

static void an_unread_request_waits_too(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 10), arrives(&s, GET);
	at(&s, 2 * SECOND), assert_int_equal((2 * SECOND - 10) * 1000ULL, sweeps(&s, false) - 1);
	nothing_ended(&s);
}

static void when_the_measurement_ends_what_has_begun_to_answer_ends_at_its_last_byte(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, GET);
	at(&s, 7), sends(&s, OK);
	at(&s, 9), assert_int_equal(0, sweeps(&s, true));
	ended_in(&s, OUTCOME_OK, 7);
	closes(&s, 0);
	nothing_ended(&s);
}

/* ---- connections older than the measurement ---- */

static void a_joined_connection_counts_from_its_first_whole_exchange(void **state)
{
	struct script s = script_join(ROLE_SERVER, 0);

	(void)state;
	at(&s, 5), sends_n(&s, "rest of an older answer", 23);
	at(&s, 10), gets(&s, GET);
	at(&s, 17), sends(&s, OK);
	at(&s, 20), gets(&s, GET);
	ended_in(&s, OUTCOME_OK, 7);
	nothing_ended(&s);
}

static void an_answer_that_was_due_when_we_joined_is_not_counted(void **state)
{
	(void)state;
	for (unsigned int role = 0; role < ROLES; role++) {
		struct script s = script_join(role, 0);
		void (*ask)(struct script *, const char *) = role == ROLE_SERVER ? gets : sends;
		void (*answer)(struct script *, const char *) = role == ROLE_SERVER ? sends : gets;

		at(&s, 5), answer(&s, ERROR);
		at(&s, 20), ask(&s, GET);
		nothing_ended(&s);
		at(&s, 29), answer(&s, OK);
		at(&s, 50), ask(&s, GET);
		ended_in(&s, OUTCOME_OK, 9);
		nothing_ended(&s);
	}
}

static void the_rest_of_an_older_upload_is_no_request(void **state)
{
	struct script s = script_join(ROLE_SERVER, 0);

	(void)state;
	at(&s, 1), gets(&s, BODY);
	at(&s, 2), gets(&s, BODY);
	at(&s, 5), sends(&s, OK);
	at(&s, 20), gets(&s, GET);
	at(&s, 29), sends(&s, NOT_FOUND);
	at(&s, 50), closes(&s, 0);
	ended_in(&s, OUTCOME_CLIENT_ERROR, 9);
	nothing_ended(&s);
}

static void what_was_in_the_queue_when_we_joined_began_before_us(void **state)
{
	struct script s = script_join(ROLE_SERVER, (uint32_t)strlen(GET));

	(void)state;
	at(&s, 1), reads(&s, GET);
	at(&s, 5), sends(&s, OK);
	at(&s, 20), gets(&s, GET);
	at(&s, 29), sends(&s, OK);
	at(&s, 50), closes(&s, 0);
	ended_in(&s, OUTCOME_OK, 9);
	nothing_ended(&s);
}

/* ---- what nobody understands ---- */

static void an_unknown_protocol_alternates(void **state)
{
	(void)state;
	for (unsigned int role = 0; role < ROLES; role++) {
		struct script s = script_open(role);
		void (*ask)(struct script *, const char *) = role == ROLE_SERVER ? gets : sends;
		void (*answer)(struct script *, const char *) = role == ROLE_SERVER ? sends : gets;

		for (unsigned int i = 0; i < 4; i++) {
			at(&s, 100 * i), ask(&s, "*1\r\n$4\r\n");
			at(&s, 100 * i + 2), ask(&s, "PING\r\n");
			at(&s, 100 * i + 9), answer(&s, "+PO");
			at(&s, 100 * i + 11), answer(&s, "NG\r\n");
		}
		closes(&s, 0);
		for (unsigned int i = 0; i < 4; i++)
			ended_in(&s, OUTCOME_UNKNOWN, 11);
		nothing_ended(&s);
		assert_int_equal(PROTOCOL_UNKNOWN, s.c.protocol);
	}
}

static void who_speaks_first_answers_nothing(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), sends(&s, "220 mail.example.org ESMTP\r\n");
	nothing_ended(&s);
	at(&s, 50), gets(&s, "EHLO me\r\n");
	nothing_ended(&s);
	at(&s, 55), sends(&s, "250 hello\r\n");
	at(&s, 90), closes(&s, 0);
	ended_in(&s, OUTCOME_UNKNOWN, 5);
	nothing_ended(&s);
}

static void http_without_readable_bytes_is_counted_and_not_judged(void **state)
{
	(void)state;
	for (unsigned int role = 0; role < ROLES; role++) {
		struct script s = script_open(role);
		void (*ask)(struct script *, const char *) = role == ROLE_SERVER ? gets : sends;
		void (*answer)(struct script *, const char *) = role == ROLE_SERVER ? sends : gets;

		s.no_windows = true;
		for (unsigned int i = 0; i < 4; i++) {
			at(&s, 100 * i), ask(&s, GET);
			at(&s, 100 * i + 9), answer(&s, OK);
		}
		closes(&s, 0);
		for (unsigned int i = 0; i < 4; i++)
			ended_in(&s, OUTCOME_UNKNOWN, 9);
		nothing_ended(&s);
	}
}

#define HELLO	     "\x16\x03\x01\x02\x01hellohellohello"
#define SERVER_HELLO "\x16\x03\x03\x02\x01hellohellohello"
#define FINISHED     "\x14\x03\x03\x01\x01\x01\x17\x03\x03\x01\x35xxxxxxxxxxxxx"
#define RECORD	     "\x17\x03\x03\x01\x20qwertyuiopasdfgh"

static void a_tls_handshake_is_no_exchange_and_its_records_are(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	at(&s, 0), gets(&s, HELLO);
	at(&s, 5), sends(&s, SERVER_HELLO);
	at(&s, 10), gets(&s, FINISHED);
	at(&s, 12), sends(&s, SERVER_HELLO);
	for (unsigned int i = 1; i < 4; i++) {
		at(&s, 100 * i), gets(&s, RECORD);
		at(&s, 100 * i + 9), sends(&s, RECORD);
	}
	at(&s, 900), closes(&s, 0);
	for (unsigned int i = 1; i < 4; i++)
		ended_in(&s, OUTCOME_UNKNOWN, 9);
	nothing_ended(&s);
	assert_int_equal(PROTOCOL_TLS, s.c.protocol);
}

static void a_tls_record_s_header_may_be_read_before_its_body(void **state)
{
	struct script s = script_open(ROLE_SERVER);

	(void)state;
	/* As OpenSSL without read-ahead: 5 bytes, then the rest. */
	at(&s, 0), arrives(&s, HELLO);
	reads_n(&s, HELLO, 5), reads(&s, HELLO + 5);
	at(&s, 5), sends(&s, SERVER_HELLO);
	for (unsigned int i = 1; i < 4; i++) {
		at(&s, 100 * i), arrives(&s, RECORD);
		reads_n(&s, RECORD, 5), reads(&s, RECORD + 5);
		at(&s, 100 * i + 9), sends(&s, RECORD);
	}
	at(&s, 900), closes(&s, 0);
	for (unsigned int i = 1; i < 4; i++)
		ended_in(&s, OUTCOME_UNKNOWN, 9);
	nothing_ended(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_ends_an_answer_at_its_last_byte),
		cmocka_unit_test(an_answer_that_goes_on_after_silence_streamed_once),
		cmocka_unit_test(a_request_that_waits_has_an_age_and_no_end),
		cmocka_unit_test(an_unread_request_waits_too),
		cmocka_unit_test(
			when_the_measurement_ends_what_has_begun_to_answer_ends_at_its_last_byte),
		cmocka_unit_test(a_joined_connection_counts_from_its_first_whole_exchange),
		cmocka_unit_test(an_answer_that_was_due_when_we_joined_is_not_counted),
		cmocka_unit_test(the_rest_of_an_older_upload_is_no_request),
		cmocka_unit_test(what_was_in_the_queue_when_we_joined_began_before_us),
		cmocka_unit_test(an_unknown_protocol_alternates),
		cmocka_unit_test(who_speaks_first_answers_nothing),
		cmocka_unit_test(http_without_readable_bytes_is_counted_and_not_judged),
		cmocka_unit_test(a_tls_handshake_is_no_exchange_and_its_records_are),
		cmocka_unit_test(a_tls_record_s_header_may_be_read_before_its_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
