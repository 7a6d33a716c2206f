// SPDX-License-Identifier: Apache-2.0
/* test_http.c - what a window of HTTP/1.x says, whole and in every prefix. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "native.h"

#include "../../bpf/proto/dispatch.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TUNNEL	 1

static struct window window_of(const char *text, size_t length)
{
	struct window w = { .state = WINDOW_FILLED };

	w.length = length < WINDOW_BYTES ? length : WINDOW_BYTES;
	memcpy(w.bytes, text, w.length);
	/* What lies behind the length is never to be believed. */
	memset(w.bytes + w.length, '0', WINDOW_BYTES - w.length);
	return w;
}

static uint32_t asked(const char *text)
{
	struct window w = window_of(text, strlen(text));

	return http_request(&w, 1);
}

static uint32_t answered(const char *text, int tunnel)
{
	struct window w = window_of(text, strlen(text));

	return http_response(&w, tunnel);
}

static const struct {
	const char *text;
	uint32_t verdict;
} requests[] = {
	{ "GET / HTTP/1.1\r\n", REQUEST_BODILESS },
	{ "GET /home HTTP/1.1\r\n", REQUEST_BODILESS },
	{ "HEAD /http HTTP/1.1\r\n", REQUEST_BODILESS },
	{ "GET /a/very/long/path/that/goes/on/and/on/behind/the/window's/end/1234567890",
	  REQUEST_BODILESS },
	{ "HEAD / HTTP/1.0\r\n", REQUEST_BODILESS },
	{ "TRACE / HTTP/1.1\r\n", REQUEST_BODILESS },
	{ "POST /cart HTTP/1.1\r\n", REQUEST_YES },
	{ "PUT /x HTTP/1.1\r\n", REQUEST_YES },
	{ "DELETE /x HTTP/1.1\r\n", REQUEST_YES },
	{ "OPTIONS * HTTP/1.1\r\n", REQUEST_YES },
	{ "PATCH /x HTTP/1.1\r\n", REQUEST_YES },
	{ "PROPFIND / HTTP/1.1\r\n", REQUEST_YES },
	{ "PROPPATCH / HTTP/1.1\r\n", REQUEST_YES },
	{ "MKCOL /d HTTP/1.1\r\n", REQUEST_YES },
	{ "COPY /d HTTP/1.1\r\n", REQUEST_YES },
	{ "MOVE /d HTTP/1.1\r\n", REQUEST_YES },
	{ "LOCK /d HTTP/1.1\r\n", REQUEST_YES },
	{ "UNLOCK /d HTTP/1.1\r\n", REQUEST_YES },
	{ "REPORT /d HTTP/1.1\r\n", REQUEST_YES },
	{ "SEARCH /d HTTP/1.1\r\n", REQUEST_YES },
	{ "CONNECT db:5432 HTTP/1.1\r\n", REQUEST_TUNNEL },
	/* Through a proxy: a CONNECT may follow, so nothing is taken to be bodiless. */
	{ "GET http://example.org/ HTTP/1.1\r\n", REQUEST_YES },
	{ "HEAD http://example.org/ HTTP/1.1\r\n", REQUEST_YES },
	/* A method alone, with the space that ends it. */
	{ "GET ", REQUEST_BODILESS },
	{ "POST ", REQUEST_YES },
	/* Too little to tell. */
	{ "", REQUEST_MORE },
	{ "G", REQUEST_MORE },
	{ "GET", REQUEST_MORE },
	{ "P", REQUEST_MORE },
	{ "PRO", REQUEST_MORE },
	{ "PROPFIN", REQUEST_MORE },
	{ "CONNECT", REQUEST_MORE },
	/* None. */
	{ "get / HTTP/1.1\r\n", REQUEST_NO },
	{ "GETX / HTTP/1.1\r\n", REQUEST_NO },
	{ "GET\t/ HTTP/1.1\r\n", REQUEST_NO },
	{ " GET / HTTP/1.1\r\n", REQUEST_NO },
	{ "\r\nGET / HTTP/1.1\r\n", REQUEST_NO },
	{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", REQUEST_NO },
	{ "HTTP/1.1 200 OK\r\n", REQUEST_NO },
	{ "name=value&GET /", REQUEST_NO },
	{ "*1\r\n$4\r\nPING\r\n", REQUEST_NO },
	{ "\x16\x03\x01\x02\x00", REQUEST_NO },
};

static void a_request_is_known_by_its_method(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(requests); i++)
		if (asked(requests[i].text) != requests[i].verdict)
			fail_msg("\"%s\": %u, expected %u", requests[i].text,
				 asked(requests[i].text), requests[i].verdict);
}

static void a_null_byte_is_not_the_end_of_a_window(void **state)
{
	struct window w = window_of("GET\0 / HTTP/1.1", 15);

	(void)state;
	assert_int_equal(REQUEST_NO, http_request(&w, 1));
}

static int is_yes(uint32_t v)
{
	return v == REQUEST_YES || v == REQUEST_BODILESS || v == REQUEST_TUNNEL;
}

static void a_request_s_prefix_is_more_until_it_is_yes_and_then_stays_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(requests); i++) {
		size_t length = strlen(requests[i].text);
		int yes = 0, no = 0;

		for (size_t n = 0; n <= length; n++) {
			struct window w = window_of(requests[i].text, n);
			uint32_t v = http_request(&w, 1);

			assert_false(yes && !is_yes(v));
			assert_false(no && v != REQUEST_NO);
			yes |= is_yes(v);
			no |= v == REQUEST_NO;
		}
	}
}

static const struct {
	const char *text;
	int tunnel;
	uint32_t verdict;
} answers[] = {
	{ "HTTP/1.1 200 OK\r\n", 0, OUTCOME_OK },
	{ "HTTP/1.0 200 OK\r\n", 0, OUTCOME_OK },
	{ "HTTP/1.1 200", 0, OUTCOME_OK },
	{ "HTTP/1.1 200\r\n", 0, OUTCOME_OK },
	{ "HTTP/1.1 204 No Content\r\n", 0, OUTCOME_OK },
	{ "HTTP/1.1 299 \r\n", 0, OUTCOME_OK },
	{ "HTTP/1.1 300 \r\n", 0, OUTCOME_OK },
	{ "HTTP/1.1 304 Not Modified\r\n", 0, OUTCOME_OK },
	{ "HTTP/1.1 399 \r\n", 0, OUTCOME_OK },
	{ "HTTP/1.1 400 Bad Request\r\n", 0, OUTCOME_CLIENT_ERROR },
	{ "HTTP/1.1 404 Not Found\r\n", 0, OUTCOME_CLIENT_ERROR },
	{ "HTTP/1.1 499 \r\n", 0, OUTCOME_CLIENT_ERROR },
	{ "HTTP/1.1 500 \r\n", 0, OUTCOME_SERVER_ERROR },
	{ "HTTP/1.1 503 Service Unavailable\r\n", 0, OUTCOME_SERVER_ERROR },
	{ "HTTP/1.1 599 \r\n", 0, OUTCOME_SERVER_ERROR },
	{ "HTTP/1.1 600 \r\n", 0, OUTCOME_UNKNOWN },
	{ "HTTP/1.1 999 \r\n", 0, OUTCOME_UNKNOWN },
	{ "HTTP/1.1 100 Continue\r\n\r\n", 0, RESPONSE_INTERIM },
	{ "HTTP/1.1 102 Processing\r\n", 0, RESPONSE_INTERIM },
	{ "HTTP/1.1 103 Early Hints\r\n", 0, RESPONSE_INTERIM },
	{ "HTTP/1.1 101 Switching Protocols\r\n", 0, RESPONSE_SWITCH },
	{ "HTTP/1.1 200 Connection established\r\n", TUNNEL, RESPONSE_SWITCH },
	{ "HTTP/1.0 204 \r\n", TUNNEL, RESPONSE_SWITCH },
	{ "HTTP/1.1 300 \r\n", TUNNEL, OUTCOME_OK },
	{ "HTTP/1.1 407 Proxy Authentication Required\r\n", TUNNEL, OUTCOME_CLIENT_ERROR },
	{ "HTTP/1.1 502 Bad Gateway\r\n", TUNNEL, OUTCOME_SERVER_ERROR },
	/* Too little to tell. */
	{ "", 0, RESPONSE_MORE },
	{ "H", 0, RESPONSE_MORE },
	{ "HTTP/1.", 0, RESPONSE_MORE },
	{ "HTTP/1.1 ", 0, RESPONSE_MORE },
	{ "HTTP/1.1 20", 0, RESPONSE_MORE },
	/* None. */
	{ "HTTP/2.0 200 OK\r\n", 0, RESPONSE_NO },
	{ "HTTP/1.x 200 OK\r\n", 0, RESPONSE_NO },
	{ "HTTP/1.1  200 OK\r\n", 0, RESPONSE_NO },
	{ "HTTP/1.1 2x0 OK\r\n", 0, RESPONSE_NO },
	{ "HTTP/1.1 20\r\n     ", 0, RESPONSE_NO },
	{ "HTTP/1.1 099 \r\n", 0, RESPONSE_NO },
	{ "HTTP/1.1 000 \r\n", 0, RESPONSE_NO },
	{ "http/1.1 200 OK\r\n", 0, RESPONSE_NO },
	{ "<html>HTTP/1.1 200 OK", 0, RESPONSE_NO },
	{ "HELLO", 0, RESPONSE_NO },
	{ "220 smtp.example.org", 0, RESPONSE_NO },
};

static void an_answer_is_known_by_its_status(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++)
		if (answered(answers[i].text, answers[i].tunnel) != answers[i].verdict)
			fail_msg("\"%s\": %u, expected %u", answers[i].text,
				 answered(answers[i].text, answers[i].tunnel), answers[i].verdict);
}

static void every_status_from_100_to_999_has_its_outcome(void **state)
{
	char text[] = "HTTP/1.1 000 X\r\n";

	(void)state;
	for (unsigned int status = 100; status < 1000; status++) {
		uint32_t expected = OUTCOME_OK;

		text[9] = (char)('0' + status / 100);
		text[10] = (char)('0' + status / 10 % 10);
		text[11] = (char)('0' + status % 10);
		if (status == 101)
			expected = RESPONSE_SWITCH;
		else if (status < 200)
			expected = RESPONSE_INTERIM;
		else if (status >= 600)
			expected = OUTCOME_UNKNOWN;
		else if (status >= 500)
			expected = OUTCOME_SERVER_ERROR;
		else if (status >= 400)
			expected = OUTCOME_CLIENT_ERROR;
		assert_int_equal(expected, answered(text, 0));
	}
}

static void an_answer_s_prefix_is_more_until_its_status_is_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		size_t length = strlen(answers[i].text);
		int decided = 0;
		uint32_t last = RESPONSE_MORE;

		for (size_t n = 0; n <= length; n++) {
			struct window w = window_of(answers[i].text, n);
			uint32_t v = http_response(&w, answers[i].tunnel);

			assert_false(decided && v != last);
			decided |= v != RESPONSE_MORE;
			last = v;
			if (n < HTTP_STATUS_LENGTH)
				assert_true(v == RESPONSE_MORE || v == RESPONSE_NO);
		}
	}
}

static void the_first_request_tells_the_protocol(void **state)
{
	struct window w = window_of("GET / HTTP/1.1", 14);
	uint8_t protocol = PROTOCOL_UNKNOWN;

	(void)state;
	assert_int_equal(REQUEST_BODILESS, protocol_request(&protocol, &w, 1));
	assert_int_equal(PROTOCOL_HTTP, protocol);
}

static void an_answer_alone_tells_the_protocol_too(void **state)
{
	struct window w = window_of("HTTP/1.1 404 Not Found", 22);
	uint8_t protocol = PROTOCOL_UNKNOWN;

	(void)state;
	assert_int_equal(OUTCOME_CLIENT_ERROR, protocol_response(&protocol, &w, 0));
	assert_int_equal(PROTOCOL_HTTP, protocol);
}

static void what_no_parser_knows_stays_unknown(void **state)
{
	struct window w = window_of("*1\r\n$4\r\nPING\r\n", 14);
	uint8_t protocol = PROTOCOL_UNKNOWN;

	(void)state;
	assert_int_equal(REQUEST_NO, protocol_request(&protocol, &w, 1));
	assert_int_equal(PROTOCOL_UNKNOWN, protocol);
	w = window_of("+PONG\r\n", 7);
	assert_int_equal(RESPONSE_NO, protocol_response(&protocol, &w, 0));
	assert_int_equal(PROTOCOL_UNKNOWN, protocol);
}

static void tls_records_are_tls_and_a_handshake_is_no_request(void **state)
{
	struct window hello = window_of("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
	struct window data = window_of("\x17\x03\x03\x01\x35xxxxxxxxxxx", 16);
	uint8_t protocol = PROTOCOL_UNKNOWN;

	(void)state;
	assert_int_equal(REQUEST_NO, protocol_request(&protocol, &hello, 1));
	assert_int_equal(PROTOCOL_TLS, protocol);
	assert_int_equal(REQUEST_YES, protocol_request(&protocol, &data, 1));
	assert_int_equal(RESPONSE_NO, protocol_response(&protocol, &hello, 0));
	assert_int_equal(OUTCOME_UNKNOWN, protocol_response(&protocol, &data, 0));
}

#define FINISHED                                                                                   \
	"\x17\x03\x03\x00\x35"                                                                     \
	"0123456789012345678901234567890123456789012345678901x"
#define CIPHERS "\x14\x03\x03\x00\x01\x01"

/* RFC 8446 4.4.4 looks like data and comes once; of RFC 5246 a client's keys tell that it does not. */
static void one_record_of_a_finished_s_length_is_no_request(void **state)
{
	struct window keys = window_of("\x16\x03\x03\x00\x25\x10xxxxxxxxxx", 16);
	struct window old_header = window_of("\x16\x03\x03\x00\x28", 5);
	struct window old = window_of(CIPHERS "\x16\x03\x03\x00\x28xxxxx", 16);
	struct window second_hello = window_of(CIPHERS "\x16\x03\x03\x02\x00\x01xxxx", 16);
	struct window finished = window_of(FINISHED, 58);
	struct window with_request = finished;
	uint8_t protocol = PROTOCOL_TLS;

	(void)state;
	with_request.total = 200;
	assert_int_equal(REQUEST_PREFACE, protocol_request(&protocol, &finished, 1));
	assert_int_equal(REQUEST_YES, protocol_request(&protocol, &finished, 0));
	assert_int_equal(REQUEST_YES, protocol_request(&protocol, &with_request, 1));
	assert_int_equal(REQUEST_PREFACE, protocol_request(&protocol, &keys, 1));
	assert_int_equal(REQUEST_PREFACE, protocol_request(&protocol, &old, 1));
	assert_int_equal(REQUEST_PREFACE, protocol_request(&protocol, &old_header, 1));
	assert_int_equal(REQUEST_NO, protocol_request(&protocol, &second_hello, 1));
}

static void an_alert_is_beside_the_answer(void **state)
{
	struct window alert = window_of("\x15\x03\x03\x00\x1axxxxxxxxxxx", 16);
	struct window hidden = window_of("\x17\x03\x03\x00\x13xxxxxxxxxxxxxxxxxxx", 24);
	struct window header = window_of("\x17\x03\x03\x00\x13", 5);
	struct window more = hidden;
	uint8_t protocol = PROTOCOL_TLS;

	(void)state;
	header.total = 5;
	hidden.total = 24;
	more.total = 300;
	assert_int_equal(RESPONSE_BESIDE, protocol_response(&protocol, &hidden, 0));
	assert_int_equal(RESPONSE_BESIDE_MORE, protocol_response(&protocol, &header, 0));
	assert_int_equal(OUTCOME_UNKNOWN, protocol_response(&protocol, &more, 0));
	alert.total = 31;
	assert_int_equal(RESPONSE_BESIDE, protocol_response(&protocol, &alert, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_known_by_its_method),
		cmocka_unit_test(a_null_byte_is_not_the_end_of_a_window),
		cmocka_unit_test(a_request_s_prefix_is_more_until_it_is_yes_and_then_stays_so),
		cmocka_unit_test(an_answer_is_known_by_its_status),
		cmocka_unit_test(every_status_from_100_to_999_has_its_outcome),
		cmocka_unit_test(an_answer_s_prefix_is_more_until_its_status_is_whole),
		cmocka_unit_test(the_first_request_tells_the_protocol),
		cmocka_unit_test(an_answer_alone_tells_the_protocol_too),
		cmocka_unit_test(what_no_parser_knows_stays_unknown),
		cmocka_unit_test(tls_records_are_tls_and_a_handshake_is_no_request),
		cmocka_unit_test(one_record_of_a_finished_s_length_is_no_request),
		cmocka_unit_test(an_alert_is_beside_the_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
