/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * exchange.h - how exchanges are told apart on one connection (DESIGN 3).
 * Pure: a connection's marks, what was seen, and now, in; what ended, out. It compiles for BPF
 * and natively. Must not know: helpers, maps, sockets. look.h and end.h say what was seen.
 */
#ifndef TROTH_EXCHANGE_H
#define TROTH_EXCHANGE_H

#include "gather.h"

#define FRUITLESS_MAX                                                                              \
	200 /* scans of pipelined answers that find nothing, before they are given up */

static __always_inline __u64 mark_between(__u64 mark, __u64 low, __u64 high)
{
	return mark < low ? low : mark > high ? high : mark;
}

static __always_inline void exchange_push(struct ended_list *out, const struct connection *c,
					  __u32 outcome, __u64 end, __u32 kind)
{
	__u64 slack, first, read, complete;
	struct ended *e;

	if (out->n >= ENDED_MAX) {
		out->merged++;
		return;
	}
	e = &out->e[out->n & (ENDED_MAX - 1)];
	out->n++;
	e->outcome = outcome;
	e->kind = kind;
	slack = c->slack_ns + c->begin_slack_ns;
	e->slack_ns = slack < 0xffffffff ? slack : 0xffffffff;
	if (end < c->arrived_ns)
		end = c->arrived_ns;
	e->duration_ns = end - c->arrived_ns;
	e->divided = !(c->flags & FLAG_UNDIVIDED);
	/* Marks of two threads may cross; the parts add up to the whole all the same. */
	first = c->first_ns ? mark_between(c->first_ns, c->arrived_ns, end) : end;
	read = c->arrived_ns;
	complete = c->arrived_ns;
	if (c->role == ROLE_SERVER) {
		read = c->read_ns ? mark_between(c->read_ns, c->arrived_ns, first) : first;
		complete = c->read_ns ? mark_between(c->complete_ns, read, first) : first;
	}
	if (!e->divided)
		read = complete = first = end = c->arrived_ns;
	e->queue_ns = read - c->arrived_ns;
	e->receive_ns = complete - read;
	e->service_ns = first - complete;
	e->send_ns = end - first;
}

/* arrived 0: not known; then the exchange begins at the read. read 0: not known. */
static __always_inline void exchange_begin(struct connection *c, __u64 arrived, __u64 read)
{
	c->phase = PHASE_REQUEST;
	c->arrived_ns = arrived ? arrived : read;
	c->read_ns = read;
	c->complete_ns = read;
	c->first_ns = 0;
	c->slack_ns = 0;
	c->begin_slack_ns = 0;
	c->interim = 0;
	c->flags &= ~(FLAG_BODILESS | FLAG_BODIED | FLAG_TUNNEL | FLAG_NEXT | FLAG_EARLY |
		      FLAG_UNDIVIDED | FLAG_GATHER | FLAG_ODD | FLAG_VOID | FLAG_TAIL |
		      FLAG_JOINED | FLAG_AFTER_FIN | FLAG_BESIDE);
	if (!arrived || !read)
		c->flags |= FLAG_UNDIVIDED;
}

/* The answer under way is over, at its last byte. */
static __always_inline void exchange_finish(struct connection *c, struct ended_list *out)
{
	if (!(c->flags & FLAG_VOID))
		exchange_push(out, c, c->outcome, c->last_ns, ENDED_EXCHANGE);
	c->flags |= FLAG_VOID;
}

/* May the next bytes be the rest of this request? Unset: its window was not looked at. */
static __always_inline void exchange_note_request(struct connection *c, __u32 v)
{
	if (v == REQUEST_BODILESS)
		c->flags |= FLAG_BODILESS;
	else if (v == REQUEST_TUNNEL)
		c->flags |= FLAG_TUNNEL;
	else if (v == REQUEST_YES)
		c->flags |= FLAG_BODIED;
}

static __always_inline void exchange_note_next(struct connection *c, __u64 arrived, __u64 read)
{
	if (c->flags & FLAG_NEXT)
		return;
	c->flags |= FLAG_NEXT;
	c->next_arrived_ns = arrived;
	c->next_read_ns = read;
	c->next_slack_ns = 0;
}

/* Its calls may carry many messages: each must be looked at, so that the next is found. */
static __always_inline int uses_messages(const struct connection *c)
{
	return (c->messages[0] | c->messages[1]) & MESSAGES_USED;
}

/* A request was asked; may another follow it before its answer, or was it none? */
static __always_inline int request_is_open(const struct connection *c)
{
	if (c->protocol == PROTOCOL_TLS)
		return !(c->flags & FLAG_PREFACED);
	return !(c->flags & (FLAG_OPAQUE | FLAG_BODIED));
}

/*
 * Is the payload needed? Asked before the lock is taken; a wrong answer costs a window only.
 * length: of the call. One that is longer than any that held one request may hold several.
 * behind: something went the other way that is not accounted yet; it may have been an answer.
 */
static __always_inline int exchange_wants_request(const struct connection *c, __u32 length,
						  int behind)
{
	if (length > c->single && !(c->flags & FLAG_OPAQUE) && c->phase <= PHASE_ANSWER &&
	    c->phase != PHASE_REQUEST)
		return 1;
	switch (c->phase) {
	case PHASE_IDLE:
		return !(c->flags & FLAG_OPAQUE);
	case PHASE_REQUEST:
		return behind || c->flags & (FLAG_GATHER | FLAG_ODD) || uses_messages(c) ||
		       request_is_open(c);
	case PHASE_ANSWER:
		return !(c->flags & FLAG_OPAQUE) &&
		       (c->flags & FLAG_MANY || uses_messages(c) || !(c->flags & FLAG_BODILESS));
	default:
		return 0;
	}
}

static __always_inline int exchange_wants_response(const struct connection *c)
{
	if (c->flags & FLAG_OPAQUE)
		return 0;
	return c->phase != PHASE_STREAM && c->phase != PHASE_OVER;
}

/* The first bytes of a request came in pieces; is it one at all, and of which kind? */
static __always_inline void request_gather(struct connection *c, const struct window *w)
{
	__u32 v = window_length(w) ? request_verdict(c, w, 1) : REQUEST_NO;

	if (v == REQUEST_MORE)
		return;
	c->flags &= ~FLAG_GATHER;
	exchange_note_request(c, v);
	if (v == REQUEST_NO && c->protocol == PROTOCOL_TLS)
		c->phase = PHASE_IDLE;
}

/*
 * More came before an answer: a request behind one that has no body, or the rest of what has. In TLS
 * 1.3 a client's certificate looks like a request until its Finished comes.
 */
static __always_inline void request_more(struct connection *c, const struct window *w)
{
	__u32 v = protocol_request(&c->protocol, w, c->protocol == PROTOCOL_TLS);

	if (c->protocol == PROTOCOL_TLS) {
		if (v != REQUEST_PREFACE)
			return;
		c->flags |= FLAG_PREFACED;
		c->phase = PHASE_IDLE;
	} else if (v >= REQUEST_YES) {
		c->flags &= ~FLAG_BODILESS;
		c->flags |= FLAG_MANY;
		asked_add(c, 1);
		exchange_note_request(c, v);
	} else if (!(c->flags & FLAG_BODILESS)) {
		c->flags |= FLAG_BODIED;
	}
}

/* The first bytes ever asked on a connection. Joined ones wait for a beginning they can see. */
static __always_inline void request_first(struct connection *c, __u64 arrived, __u64 read,
					  const struct window *w)
{
	__u32 v = REQUEST_NO;
	__u32 joined = c->flags & FLAG_JOINED;

	if (window_length(w))
		v = request_verdict(c, w, 1);
	if (v == REQUEST_MORE && joined)
		return;
	if (v == REQUEST_NO && c->protocol == PROTOCOL_TLS)
		exchange_note_next(c, arrived, read); /* if the answer is plain, it was a request */
	/* Of an older connection what cannot be read is taken for a beginning, since it came after us. */
	if (v == REQUEST_NO && ((joined && window_length(w)) || c->protocol == PROTOCOL_TLS))
		return;
	if (joined && !arrived)
		return; /* it arrived before we did */
	exchange_begin(c, arrived, read);
	c->asked = 1;
	if (v == REQUEST_MORE)
		c->flags |= FLAG_GATHER;
	if (c->protocol == PROTOCOL_TLS)
		c->flags |= FLAG_UNDIVIDED; /* session tickets may go before the answer */
	exchange_note_request(c, v);
}

/*
 * Bytes of a request, in the direction in which requests go.
 * arrived: when the first of them arrived (server) or was sent (client).
 */
static __always_inline int request_bytes(struct connection *c, __u64 arrived, __u64 read,
					 const struct window *w, struct ended_list *out)
{
	__u64 complete;
	__u32 v;

	if (c->phase == PHASE_REQUEST && c->flags & FLAG_ODD && window_length(w)) {
		v = request_verdict(c, w, 0);
		if (v >= REQUEST_YES) {
			exchange_push(out, c, OUTCOME_UNKNOWN, c->last_ns, ENDED_EXCHANGE);
			exchange_begin(c, arrived, read);
			exchange_note_request(c, v);
			return 0;
		}
		c->gather.length = 0;
	}
	if (c->phase == PHASE_REQUEST) {
		if (c->flags & FLAG_GATHER)
			request_gather(c, w);
		else if (window_length(w) && request_is_open(c))
			request_more(c, w);
		if (c->phase == PHASE_IDLE)
			return 0;
		c->complete_ns = read ? read : c->complete_ns;
		return 0;
	}
	if (c->phase == PHASE_IDLE) {
		request_first(c, arrived, read, w);
		return 0;
	}
	if (c->phase != PHASE_ANSWER)
		return 0;
	if (c->flags & (FLAG_BODILESS | FLAG_OPAQUE)) {
		/* Nothing but a request can follow: its own window is seldom looked at. */
		v = window_length(w) ? request_verdict(c, w, 0) : REQUEST_NO;
		c->gather.length = 0;
	} else if (window_length(w)) {
		v = request_verdict(c, w, 0);
		if (v == REQUEST_MORE && !(c->flags & FLAG_GATHER)) {
			c->flags &= ~FLAG_NEXT; /* what was the rest of an upload is past */
			exchange_note_next(c, arrived, read);
			c->flags |= FLAG_GATHER;
			return 0;
		}
		if (v == REQUEST_MORE)
			return 0;
		if (v == REQUEST_NO && c->protocol) {
			exchange_note_next(c, arrived, read);
			c->flags &= ~FLAG_GATHER;
			return 0;
		}
	} else {
		v = REQUEST_NO;
		if (c->protocol == PROTOCOL_HTTP && c->flags & FLAG_BODIED) {
			exchange_note_next(c, arrived, read);
			return 0;
		}
	}
	complete = read;
	if (c->flags & FLAG_GATHER && c->flags & FLAG_NEXT) {
		arrived = c->next_arrived_ns;
		read = c->next_read_ns;
	}
	exchange_finish(c, out);
	exchange_begin(c, arrived, read);
	asked_add(c, 1);
	c->complete_ns = complete;
	exchange_note_request(c, v);
	return 0;
}

/*
 * After a look. many, of a request: its call held more than its header; of an answer: how many
 * others its call held. Only of requests that have no body can what follows be another.
 */
static __always_inline void exchange_note_many(struct connection *c, int is_request, __u32 many,
					       __u32 length, struct ended_list *out)
{
	if (!is_request) {
		if (!(c->flags & FLAG_MANY))
			return;
		out->coalesced += many;
		asked_add(c, -(__s32)many);
		c->fruitless = many ? 0 : c->fruitless + (c->fruitless < 255);
		if (c->fruitless == FRUITLESS_MAX) {
			/* Whoever pipelines for long and is answered one by one is believed. */
			c->single = 0xffffffff;
			c->flags &= ~FLAG_MANY;
			out->unscanned = 1;
		}
	} else if (length > c->single) {
		if (many && c->phase == PHASE_REQUEST && c->flags & FLAG_BODILESS) {
			c->flags |= FLAG_MANY;
			asked_add(c, many);
		} else {
			c->single = length + length / 2;
		}
	}
}

static __always_inline void answer_begin(struct connection *c, __u32 outcome, __u64 first,
					 __u64 last)
{
	c->phase = PHASE_ANSWER;
	asked_add(c, -1);
	c->outcome = outcome;
	c->first_ns = c->first_ns ? c->first_ns : first;
	c->last_ns = last;
	c->gather.length = 0;
	c->flags &= ~FLAG_GATHER;
	if (c->fins & FIN_PEER)
		c->flags |= FLAG_AFTER_FIN;
}

/* An answer that no new request explains: a pipelined one. */
static __always_inline void answer_pipelined(struct connection *c, struct ended_list *out)
{
	__u64 arrived = c->arrived_ns, read = c->read_ns, complete = c->complete_ns;
	__u32 keep = c->flags & (FLAG_BODILESS | FLAG_UNDIVIDED);

	exchange_finish(c, out);
	c->gather.length = 0;
	if (c->flags & FLAG_NEXT) {
		exchange_begin(c, c->next_arrived_ns, c->next_read_ns);
		c->begin_slack_ns = c->next_slack_ns;
		c->flags |= keep & FLAG_BODILESS;
		return;
	}
	exchange_begin(c, arrived, read);
	c->complete_ns = complete;
	c->flags |= keep;
}

/* TLS was asked of a port that does not speak it, and that says so: it was a request all the same. */
__noinline int answer_to_tls(struct connection *c, const struct window *w)
{
	if (!c || !w || !(c->flags & FLAG_NEXT) || http_status(w) < 100)
		return 0;
	c->protocol = PROTOCOL_HTTP;
	exchange_begin(c, c->next_arrived_ns, c->next_read_ns);
	return 0;
}

/* Bytes of an answer: the first of them at first, the last at last, less out->slack_ns. */
static __always_inline int response_bytes(struct connection *c, __u64 first, __u64 last,
					  const struct window *w, struct ended_list *out)
{
	__u32 v;

	if (c->phase == PHASE_STREAM || c->phase == PHASE_OVER)
		return 0;
	if (c->flags & FLAG_BESIDE) {
		c->flags &= ~FLAG_BESIDE;
		return 0;
	}
	if (c->phase == PHASE_IDLE && c->protocol == PROTOCOL_TLS && w)
		answer_to_tls(c, w);
	if (c->phase == PHASE_IDLE) {
		/* Who speaks first answers nothing; on a joined connection it is an older answer. */
		if (c->flags & FLAG_JOINED) {
			if (window_length(w))
				response_verdict(c, w);
			answer_begin(c, OUTCOME_UNKNOWN, first, last);
			c->flags |= FLAG_VOID;
		}
		return 0;
	}
	if (c->phase == PHASE_ANSWER) {
		v = RESPONSE_NO;
		if (c->protocol && window_length(w))
			v = protocol_response(&c->protocol, w, 0);
		if (v >= RESPONSE_BESIDE) {
			c->flags |= v == RESPONSE_BESIDE_MORE ? FLAG_BESIDE : 0;
			return 0;
		}
		if (c->protocol == PROTOCOL_TLS)
			v = RESPONSE_NO; /* what begins an answer cannot be told: alternation decides */
		if (!w && c->flags & FLAG_NEXT)
			v = OUTCOME_UNKNOWN; /* nobody saw it: an answer to what was read meanwhile */
		if (v == RESPONSE_NO || v == RESPONSE_MORE ||
		    (c->flags & FLAG_VOID && !(c->flags & (FLAG_TAIL | FLAG_NEXT)))) {
			if (c->flags & FLAG_TAIL)
				exchange_push(out, c, c->outcome, c->last_ns, ENDED_STREAMED);
			c->flags &= ~FLAG_TAIL;
			if (!(c->flags & FLAG_VOID)) {
				c->last_ns = last;
				c->slack_ns = out->slack_ns;
			}
			return 0;
		}
		answer_pipelined(c, out);
	}
	if (c->flags & FLAG_GATHER) { /* the request's first bytes were never enough */
		c->flags &= ~FLAG_GATHER;
		c->gather.length = 0;
	}
	v = c->flags & FLAG_OPAQUE ? OUTCOME_UNKNOWN : response_verdict(c, w);
	if (v == RESPONSE_MORE) {
		c->first_ns = c->first_ns ? c->first_ns : first;
		c->last_ns = last;
		return 0;
	}
	if (v == RESPONSE_INTERIM) {
		c->first_ns = 0;
		return 0;
	}
	if (v >= RESPONSE_BESIDE) {
		c->flags |= v == RESPONSE_BESIDE_MORE ? FLAG_BESIDE : 0;
		return 0;
	}
	if (v == RESPONSE_UNSEEN || (v == RESPONSE_NO && c->protocol)) {
		/* An answer that is not understood, unless one that is comes after it. */
		c->flags |= FLAG_ODD;
		c->first_ns = c->first_ns ? c->first_ns : first;
		c->last_ns = last;
		return 0;
	}
	if (c->flags & FLAG_ODD) {
		c->flags &= ~FLAG_ODD;
		c->first_ns = 0;
	}
	if (v == RESPONSE_NO) {
		c->flags |= FLAG_OPAQUE;
		v = OUTCOME_UNKNOWN;
	}
	c->slack_ns = out->slack_ns;
	answer_begin(c, v == RESPONSE_SWITCH ? OUTCOME_OK : v, first, last);
	if (v == RESPONSE_SWITCH) {
		exchange_finish(c, out);
		c->phase = PHASE_STREAM;
	}
	return 0;
}

#endif
