/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * dispatch.h - which parser reads this window? Derived from list.h. Pure.
 */
#ifndef TROTH_PROTO_DISPATCH_H
#define TROTH_PROTO_DISPATCH_H

#include "http.h"
#include "tls.h"

/*
 * Does the window begin a request? Of a connection whose protocol is not known each parser is
 * asked; the one that recognises it is remembered in *protocol. first: nothing was asked before.
 */
static __always_inline enum request_verdict protocol_request(__u8 *protocol, const struct window *w,
							     int first)
{
	enum request_verdict v = REQUEST_NO, more = REQUEST_NO;

	if (*protocol == PROTOCOL_UNKNOWN && tls_is_record(w))
		*protocol = PROTOCOL_TLS;
	/* Plain text after a TLS handshake: the kernel does the encryption (kTLS). */
	if (*protocol == PROTOCOL_TLS && http_request(w, first) >= REQUEST_YES)
		*protocol = PROTOCOL_HTTP;
#define PROTOCOL_TRY(NAME, prefix, text)                                                           \
	if (*protocol == PROTOCOL_##NAME)                                                          \
		return prefix##_request(w, first);                                                 \
	if (*protocol == PROTOCOL_UNKNOWN && v < REQUEST_YES) {                                    \
		v = prefix##_request(w, first);                                                    \
		if (v >= REQUEST_YES)                                                              \
			*protocol = PROTOCOL_##NAME;                                               \
		else if (v == REQUEST_MORE)                                                        \
			more = v;                                                                  \
	}
	PROTOCOLS(PROTOCOL_TRY)
#undef PROTOCOL_TRY
	return v >= REQUEST_YES ? v : more;
}

/* What does an answer say? An outcome or a response_verdict; may recognise HTTP too. */
static __always_inline __u32 protocol_response(__u8 *protocol, const struct window *w, int tunnel)
{
	__u32 v;

#define PROTOCOL_TRY(NAME, prefix, text)                                                           \
	if (*protocol == PROTOCOL_##NAME)                                                          \
		return prefix##_response(w, tunnel);
	PROTOCOLS(PROTOCOL_TRY)
#undef PROTOCOL_TRY
	v = http_response(w, tunnel);
	if (v != RESPONSE_NO && v != RESPONSE_MORE)
		*protocol = PROTOCOL_HTTP;
	return v;
}

#endif
