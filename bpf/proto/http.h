/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * http.h - HTTP/1.x (RFC 9112): does a window begin a request, and what does an answer say?
 * Pure: bytes in, verdict out. Headers and bodies are not parsed; a status line says enough.
 */
#ifndef TROTH_PROTO_HTTP_H
#define TROTH_PROTO_HTTP_H

#include "../window.h"

/* Methods of RFC 9110, 5789 and 4918, longest 9 letters, each with the space that ends it. */
#define HTTP_METHODS(X)                                                                            \
	X("GET ", REQUEST_BODILESS)                                                                \
	X("HEAD ", REQUEST_BODILESS)                                                               \
	X("POST ", REQUEST_YES)                                                                    \
	X("PUT ", REQUEST_YES)                                                                     \
	X("DELETE ", REQUEST_YES)                                                                  \
	X("OPTIONS ", REQUEST_YES)                                                                 \
	X("PATCH ", REQUEST_YES)                                                                   \
	X("CONNECT ", REQUEST_TUNNEL)                                                              \
	X("TRACE ", REQUEST_BODILESS)                                                              \
	X("PROPFIND ", REQUEST_YES)                                                                \
	X("PROPPATCH ", REQUEST_YES)                                                               \
	X("MKCOL ", REQUEST_YES)                                                                   \
	X("COPY ", REQUEST_YES)                                                                    \
	X("MOVE ", REQUEST_YES)                                                                    \
	X("LOCK ", REQUEST_YES)                                                                    \
	X("UNLOCK ", REQUEST_YES)                                                                  \
	X("REPORT ", REQUEST_YES)                                                                  \
	X("SEARCH ", REQUEST_YES)

/* Bytes of the window that equal text, up to its end or the window's. */
static __always_inline __u32 http_match(const struct window *w, const char *text, __u32 length)
{
	__u32 i;

#pragma unroll
	for (i = 0; i < length; i++)
		if (i >= w->length || w->bytes[i] != (__u8)text[i])
			break;
	return i;
}

/*
 * A client that speaks to a proxy sends the absolute form (RFC 9112 3.2.2) and may send CONNECT
 * later: it is never taken to be bodiless, so every request of it is looked at.
 */
static __always_inline int http_is_proxy_form(const struct window *w, __u32 target)
{
	return window_at(w, target) == 'h';
}

static __always_inline enum request_verdict http_request(const struct window *w, int first)
{
	__u32 matched;

	(void)first;
	if (!w->length)
		return REQUEST_MORE;
#define HTTP_TRY_METHOD(text, verdict)                                                             \
	matched = http_match(w, text, sizeof(text) - 1);                                           \
	if (matched == sizeof(text) - 1)                                                           \
		return (verdict) == REQUEST_BODILESS && http_is_proxy_form(w, sizeof(text) - 1) ?  \
			       REQUEST_YES :                                                       \
			       (verdict);                                                          \
	if (matched == w->length)                                                                  \
		return REQUEST_MORE;
	HTTP_METHODS(HTTP_TRY_METHOD)
#undef HTTP_TRY_METHOD
	return REQUEST_NO;
}

#define HTTP_STATUS_LENGTH 12			 /* "HTTP/1.1 200" */
#define HTTP_VERSION_HEAD  0x002e312f50545448ULL /* "HTTP/1." in memory, little-endian */

static __always_inline __u32 http_digit(__u8 c)
{
	return (__u8)(c - '0') <= 9;
}

/* The status code at the window's first byte; 0: none; 1: too few bytes to tell. */
static __always_inline __u32 http_status(const struct window *w)
{
	__u32 matched;
	__u64 head;

	if (w->length < HTTP_STATUS_LENGTH) {
		matched = http_match(w, "HTTP/1.", 7);
		return matched == 7 || matched == w->length ? 1 : 0;
	}
	/* Eight at once, lowest first: this is on the hot path. */
	__builtin_memcpy(&head, w->bytes, sizeof(head));
	if (head << 8 != HTTP_VERSION_HEAD << 8 || !http_digit(w->bytes[7]) || w->bytes[8] != ' ' ||
	    !http_digit(w->bytes[9]) || !http_digit(w->bytes[10]) || !http_digit(w->bytes[11]))
		return 0;
	return (w->bytes[9] - '0') * 100 + (w->bytes[10] - '0') * 10 + (w->bytes[11] - '0');
}

/* tunnel: the request was a CONNECT, so that any 2xx switches (RFC 9110 9.3.6). */
static __always_inline __u32 http_response(const struct window *w, int tunnel)
{
	__u32 status = http_status(w);

	if (status == 1)
		return RESPONSE_MORE;
	if (status < 100)
		return RESPONSE_NO;
	if (status >= 500)
		return status < 600 ? OUTCOME_SERVER_ERROR : OUTCOME_UNKNOWN;
	if (status >= 400)
		return OUTCOME_CLIENT_ERROR;
	if (status == 101 || (tunnel && status >= 200 && status < 300))
		return RESPONSE_SWITCH;
	if (status < 200)
		return RESPONSE_INTERIM;
	return OUTCOME_OK;
}

#endif
