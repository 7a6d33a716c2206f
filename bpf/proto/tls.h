/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * tls.h - TLS records (RFC 8446 5.1), recognised so that they are not taken for anything else.
 * Pure. What is inside is not readable here: latency counts, outcome does not.
 */
#ifndef TROTH_PROTO_TLS_H
#define TROTH_PROTO_TLS_H

#include "../window.h"

enum tls_record {
	TLS_CHANGE_CIPHER_SPEC = 20,
	TLS_ALERT,
	TLS_HANDSHAKE,
	TLS_APPLICATION_DATA,
};

static __always_inline int tls_is_record(const struct window *w)
{
	__u8 type = window_at(w, 0);

	return w->length >= 3 && type >= TLS_CHANGE_CIPHER_SPEC && type <= TLS_APPLICATION_DATA &&
	       window_at(w, 1) == 3 && window_at(w, 2) <= 4;
}

/* A Finished of TLS 1.3 looks like data; its record is 53 or 69 bytes (SHA-256, SHA-384). */
static __always_inline int tls_is_finished(const struct window *w)
{
	return window_at(w, 3) == 0 && (window_at(w, 4) == 53 || window_at(w, 4) == 69);
}

/*
 * Handshakes, alerts and cipher changes are facts of the connection, not exchanges; so is the
 * first record of the client's data phase in TLS 1.3. first: nothing was asked here before.
 */
static __always_inline enum request_verdict tls_request(const struct window *w, int first)
{
	if (!w->length)
		return REQUEST_MORE;
	if (window_at(w, 0) != TLS_APPLICATION_DATA)
		return REQUEST_NO;
	if (w->length < 5)
		return REQUEST_MORE;
	return tls_is_record(w) && !(first && tls_is_finished(w)) ? REQUEST_YES : REQUEST_NO;
}

static __always_inline __u32 tls_response(const struct window *w, int tunnel)
{
	(void)tunnel;
	return window_at(w, 0) == TLS_APPLICATION_DATA ? OUTCOME_UNKNOWN : RESPONSE_NO;
}

#endif
