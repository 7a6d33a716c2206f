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

static __always_inline int tls_is_header(const struct window *w, __u32 at)
{
	__u32 type = window_at(w, at);

	return type >= TLS_CHANGE_CIPHER_SPEC && type <= TLS_APPLICATION_DATA &&
	       window_at(w, at + 1) == 3 && window_at(w, at + 2) <= 4;
}

static __always_inline int tls_is_record(const struct window *w)
{
	return w->length >= 3 && tls_is_header(w, 0);
}

#define TLS_HEADER	 5
#define TLS_ALERT_13	 19  /* length of an alert of TLS 1.3, which looks like data: 2 + 1 + 16 */
#define TLS_RECORDS	 4   /* of one call that are looked at */
#define TLS_CLIENT_HELLO 1   /* handshake type */
#define TLS_SHORT	 105 /* a handshake record of TLS 1.2: keys (elliptic curves), Finished */

/* A Finished of TLS 1.3 looks like data: 53 or 69 bytes (SHA-256, SHA-384). */
static __always_inline int tls_is_finished(__u32 length)
{
	return length == 53 || length == 69;
}

/* In TLS 1.3 a client's hello, which is longer, is all that is called a handshake (RFC 8446 5.1). */
static __always_inline int tls_is_12(const struct window *w, __u32 at, __u32 length)
{
	return at + TLS_HEADER < w->length ? window_at(w, at + TLS_HEADER) != TLS_CLIENT_HELLO :
					     length <= TLS_SHORT;
}

/*
 * Handshakes, alerts and cipher changes are facts of the connection, not exchanges; so is the
 * Finished that comes first of what is encrypted in TLS 1.3. A call may hold them and a request
 * behind them; what cannot be seen behind a Finished is one. first: no Finished was seen, and it
 * is not known to be TLS 1.2, where a Finished is a handshake record.
 */
__noinline __u32 tls_records(const struct window *w, int first)
{
	__u32 at = 0, v = REQUEST_NO;

	if (!w)
		return REQUEST_NO;
	for (__u32 i = 0; i < TLS_RECORDS; i++) {
		__u32 type = window_at(w, at);
		__u32 length = window_at(w, at + 3) << 8 | window_at(w, at + 4);

		if (!tls_is_header(w, at))
			return REQUEST_NO;
		if (type == TLS_APPLICATION_DATA && length != TLS_ALERT_13) {
			if (!first || !tls_is_finished(length))
				return REQUEST_YES;
			v = REQUEST_PREFACE;
			first = 0;
		} else if (type == TLS_HANDSHAKE && tls_is_12(w, at, length)) {
			v = REQUEST_PREFACE;
		}
		at += TLS_HEADER + length;
		if (at >= w->total && at >= w->length)
			return v;
		if (at + TLS_HEADER > w->length)
			return type == TLS_APPLICATION_DATA ? REQUEST_YES : v;
	}
	return v;
}

static __always_inline enum request_verdict tls_request(const struct window *w, int first)
{
	__u8 type = window_at(w, 0);

	if (w->length >= TLS_HEADER)
		return tls_records(w, first);
	if (w->length && (type < TLS_CHANGE_CIPHER_SPEC || type > TLS_APPLICATION_DATA))
		return REQUEST_NO;
	return w->length < 3 || tls_is_record(w) ? REQUEST_MORE : REQUEST_NO;
}

/* An alert, such as the goodbye (close_notify), or its header alone. */
static __always_inline int tls_is_alert(const struct window *w)
{
	__u32 length = window_at(w, 3) << 8 | window_at(w, 4);

	return window_at(w, 0) == TLS_ALERT ||
	       (window_at(w, 0) == TLS_APPLICATION_DATA && length == TLS_ALERT_13 &&
		w->total <= TLS_HEADER + TLS_ALERT_13);
}

static __always_inline __u32 tls_response(const struct window *w, int tunnel)
{
	(void)tunnel;
	if (tls_is_record(w) && tls_is_alert(w))
		return w->total > TLS_HEADER ? RESPONSE_BESIDE : RESPONSE_BESIDE_MORE;
	return window_at(w, 0) == TLS_APPLICATION_DATA ? OUTCOME_UNKNOWN : RESPONSE_NO;
}

#endif
