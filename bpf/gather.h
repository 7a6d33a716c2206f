/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * gather.h - the first bytes of a message, also where they come in several calls, and what the
 * parsers say of them. Pure.
 */
#ifndef TROTH_GATHER_H
#define TROTH_GATHER_H

#include "connection.h"
#include "proto/dispatch.h"

#define GATHER_BYTES WINDOW_HEAD

/* Gathers first bytes across calls: as many of the window's, from the given one, as fit. */
__noinline int gather_append(struct connection *c, const struct window *w, __u32 from)
{
	if (!c || !w)
		return 0;
	c->gather.state = WINDOW_FILLED;
	c->gather.total = 0;
	for (__u32 i = 0; i < GATHER_BYTES; i++) {
		__u32 at = c->gather.length;

		if (from + i >= w->length || at >= GATHER_BYTES)
			break;
		c->gather.bytes[BOUNDED(at, GATHER_BYTES)] =
			w->bytes[BOUNDED(from + i, WINDOW_BYTES)];
		c->gather.length = at + 1;
	}
	return 0;
}

/*
 * What do the first bytes of a request say? (enum request_verdict) Finds the protocol too, where
 * it is not known. first: nothing was asked on this connection before.
 */
__noinline __u32 request_verdict(struct connection *c, const struct window *w, int first)
{
	__u32 v, pieces;

	if (!c || !w)
		return REQUEST_NO;
	first = first && !(c->flags & FLAG_PREFACED);
	pieces = c->gather.length || w->length < GATHER_BYTES;
	if (pieces)
		gather_append(c, w, 0);
	v = protocol_request(&c->protocol, pieces ? &c->gather : w, first);
	if (v == REQUEST_PREFACE) {
		c->flags |= FLAG_PREFACED;
		v = REQUEST_NO;
	}
	if (!pieces)
		return v;
	if (v == REQUEST_MORE && (c->gather.length >= GATHER_BYTES || w->state == WINDOW_SHORT))
		v = REQUEST_NO;
	if (v != REQUEST_MORE)
		c->gather.length = 0;
	return v;
}

/* Skips the rest of an interim answer's header; where the bytes after it begin. */
__noinline __u32 interim_skip(struct connection *c, const struct window *w, __u32 from)
{
	if (!c || !w)
		return WINDOW_BYTES;
	for (__u32 i = 0; i < WINDOW_BYTES; i++) {
		__u32 at = from + i;
		__u8 byte;

		if (at >= w->length)
			break;
		byte = w->bytes[BOUNDED(at, WINDOW_BYTES)];
		if (byte == '\n') {
			if (c->interim == 2) {
				c->interim = 0;
				return at + 1;
			}
			c->interim = 2;
		} else if (byte != '\r') {
			c->interim = 1;
		}
	}
	return WINDOW_BYTES;
}

/* An answer whose first bytes come in several calls, or behind an interim one. */
__noinline __u32 response_verdict_slow(struct connection *c, const struct window *w)
{
	__u32 from = 0;

	if (!c || !w)
		return RESPONSE_NO;
	for (__u32 round = 0; round < 3; round++) {
		__u32 had = c->gather.length, v;

		if (c->interim)
			from = interim_skip(c, w, from);
		if (c->interim && w->length == WINDOW_BYTES) {
			c->interim =
				0; /* what a window does not show is taken to end with its call */
			return RESPONSE_UNSEEN;
		}
		if (c->interim || from >= w->length)
			return RESPONSE_INTERIM;
		gather_append(c, w, from);
		v = protocol_response(&c->protocol, &c->gather, c->flags & FLAG_TUNNEL);
		if (v == RESPONSE_MORE)
			return v;
		c->gather.length = 0;
		if (v != RESPONSE_INTERIM)
			return v;
		c->interim = 1;
		from += HTTP_STATUS_LENGTH - (had < HTTP_STATUS_LENGTH ? had : 0);
	}
	return RESPONSE_INTERIM;
}

static __always_inline __u32 response_verdict(struct connection *c, const struct window *w)
{
	__u32 v;

	if (!window_length(w))
		return OUTCOME_UNKNOWN;
	if (c->gather.length || c->interim)
		return response_verdict_slow(c, w);
	v = protocol_response(&c->protocol, w, c->flags & FLAG_TUNNEL);
	if (v != RESPONSE_MORE && v != RESPONSE_INTERIM)
		return v;
	return w->state == WINDOW_SHORT ? OUTCOME_UNKNOWN : response_verdict_slow(c, w);
}

#endif
