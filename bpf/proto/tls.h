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

#define TLS_HEADER   5
#define TLS_ALERT_13 19 /* length of an alert of TLS 1.3, which looks like data: 2 + 1 + 16 */
#define TLS_RECORDS  4	/* of one call that are looked at */

/* So does a Finished of TLS 1.3: 53 or 69 bytes (SHA-256, SHA-384). */
static __always_inline int tls_is_finished(__u32 length)
{
	return length == 53 || length == 69;
}

/*
 * Handshakes, alerts and cipher changes are facts of the connection, not exchanges; so is the
 * Finished that comes first of what is encrypted in TLS 1.3. A call may hold them and a request
 * behind them; what cannot be seen behind a Finished is one. first: nothing was asked before.
 */
__noinline __u32 tls_records(const struct window *w, int first)
{
	__u32 total, at = 0;

	if (!w)
		return REQUEST_NO;
	total = w->total > w->length ? w->total : w->length;
	for (__u32 i = 0; i < TLS_RECORDS; i++) {
		__u32 type = window_at(w, at);
		__u32 length = window_at(w, at + 3) << 8 | window_at(w, at + 4);

		if (type < TLS_CHANGE_CIPHER_SPEC || type > TLS_APPLICATION_DATA ||
		    window_at(w, at + 1) != 3 || window_at(w, at + 2) > 4)
			return REQUEST_NO;
		if (type == TLS_APPLICATION_DATA && length != TLS_ALERT_13 &&
		    !(first && tls_is_finished(length)))
			return REQUEST_YES;
		at += TLS_HEADER + length;
		if (at >= total)
			return REQUEST_NO;
		if (at + TLS_HEADER > w->length)
			return type == TLS_APPLICATION_DATA ? REQUEST_YES : REQUEST_NO;
	}
	return REQUEST_NO;
}

static __always_inline enum request_verdict tls_request(const struct window *w, int first)
{
	if (w->length >= TLS_HEADER)
		return tls_records(w, first);
	return w->length < 3 || tls_is_record(w) ? REQUEST_MORE : REQUEST_NO;
}

static __always_inline __u32 tls_response(const struct window *w, int tunnel)
{
	(void)tunnel;
	return window_at(w, 0) == TLS_APPLICATION_DATA ? OUTCOME_UNKNOWN : RESPONSE_NO;
}

#endif
