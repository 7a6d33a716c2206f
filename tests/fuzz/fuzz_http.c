// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_http.c - the parsers, on any bytes: what a prefix was told, more bytes never contradict.
 * MORE may become anything; NO stays NO; a request stays one; an answer keeps its outcome.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../unit/native.h"

#include "../../bpf/proto/dispatch.h"

#include "check.h"

static int is_request(uint32_t v)
{
	return v == REQUEST_YES || v == REQUEST_BODILESS || v == REQUEST_TUNNEL;
}

static void check_request(uint32_t shorter, uint32_t longer)
{
	CHECK(longer <= REQUEST_TUNNEL);
	if (shorter == REQUEST_NO)
		CHECK(longer == REQUEST_NO);
	else if (shorter == REQUEST_TUNNEL)
		CHECK(longer == REQUEST_TUNNEL);
	else if (shorter != REQUEST_MORE)
		CHECK(is_request(longer) && longer != REQUEST_TUNNEL);
}

static void check_response(uint32_t shorter, uint32_t longer)
{
	CHECK(longer <= RESPONSE_BESIDE_MORE);
	if (shorter != RESPONSE_MORE)
		CHECK(longer == shorter);
}

/* Of a connection of this protocol; UNKNOWN: every parser is asked. */
static void check_protocol(uint8_t known, const struct window *w, struct window *prefix, int first,
			   int tunnel)
{
	uint32_t request = REQUEST_MORE, response = RESPONSE_MORE;

	for (uint32_t n = 0; n <= w->length; n++) {
		uint8_t asked = known, answered = known;
		uint32_t v;

		prefix->length = n;
		/* What lies behind the length must not matter. */
		memcpy(prefix->bytes, w->bytes, n);
		memset(prefix->bytes + n, n & 1 ? '0' : ' ', WINDOW_BYTES - n);
		v = protocol_request(&asked, prefix, first);
		/* Of TLS records the last that is seen decides; plain text behind them is kTLS. */
		if (known == PROTOCOL_TLS || asked == PROTOCOL_TLS)
			CHECK(v <= REQUEST_TUNNEL);
		else
			check_request(request, v);
		request = v;
		CHECK(asked < PROTOCOL_COUNT && (known != PROTOCOL_HTTP || asked == known));
		/* Of TLS it takes a record's header; too few bytes of the others are MORE. */
		v = protocol_response(&answered, prefix, tunnel);
		check_response(response, v);
		response = known == PROTOCOL_TLS && n < TLS_HEADER ? (uint32_t)RESPONSE_MORE : v;
		CHECK(answered < PROTOCOL_COUNT);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct window w = { .state = WINDOW_FILLED }, prefix = { .state = WINDOW_FILLED };

	if (size < 1)
		return 0;
	w.length = size - 1 < WINDOW_BYTES ? (uint32_t)size - 1 : WINDOW_BYTES;
	memcpy(w.bytes, data + 1, w.length);
	for (uint8_t protocol = 0; protocol < PROTOCOL_COUNT; protocol++)
		check_protocol(protocol, &w, &prefix, data[0] & 1, data[0] >> 1 & 1);
	return 0;
}
