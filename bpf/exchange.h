/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * exchange.h - how exchanges are told apart on one connection (DESIGN 3).
 * Pure: a connection's marks, what was seen, and now, in; what ended, out. It compiles for BPF
 * and natively. Must not know: helpers, maps, sockets. Whoever calls holds the connection's
 * lock, except for exchange_on_data(), whose fields only arrivals write (the socket's own lock
 * keeps arrivals in order).
 *
 * Sequence numbers decide what moved: a look compares the socket's copied_seq and write_seq
 * with what is accounted. catchup.h has what to do where a look finds more than its own call.
 */
#ifndef TROTH_EXCHANGE_H
#define TROTH_EXCHANGE_H

#include "proto/dispatch.h"

#define STAMPS	     4 /* power of two: arrivals kept until they are read */
#define GATHER_BYTES 16

enum phase {
	PHASE_IDLE,    /* nothing was asked yet */
	PHASE_REQUEST, /* asked, not answered */
	PHASE_ANSWER,  /* an answer has begun; the next request ends it */
	PHASE_STREAM,  /* 101 or CONNECT: bytes, no exchanges */
	PHASE_OVER,    /* our side has closed: nothing can be answered any more */
};

enum connection_flag {
	FLAG_BODILESS = 1 << 0,	 /* the request ended with its header: the next bytes are another */
	FLAG_TUNNEL = 1 << 1,	 /* a CONNECT waits for its 2xx */
	FLAG_NEXT = 1 << 2,	 /* next_* hold what may be the beginning of the next request */
	FLAG_UNDIVIDED = 1 << 3, /* when the request was read is not known */
	FLAG_GATHER = 1 << 4,	 /* the first bytes of the request are still being gathered */
	FLAG_ODD = 1 << 5,	 /* something was written that is no answer of the protocol */
	FLAG_VOID = 1 << 6,	 /* the answer under way is in no count, or in one already */
	FLAG_TAIL = 1 << 7,	 /* silence ended the answer: if it goes on, it streamed */
	FLAG_OPAQUE = 1 << 8,	 /* nothing here is understood: alternation alone decides */
	FLAG_JOINED = 1 << 9,	 /* older than the measurement: wait for a beginning */
	FLAG_FACTS = 1 << 12,	 /* whose the endpoint is, is still to be noted */
	FLAG_AWAIT_ACK = 1 << 13, /* reset by the peer; its segment will say what it had received */
	FLAG_EARLY = 1 << 14,	  /* next_* were read while an answer was not accounted yet */
	FLAG_CONNECTING = 1 << 15,
	FLAG_BODIED = 1 << 16, /* the request was seen to be one that a body may follow */
	FLAG_READY = 1 << 17,  /* every field is set */
	FLAG_MANY = 1 << 18,   /* one call may have held several requests */
};

enum fin { FIN_PEER = 1, FIN_OURS = 2 };

/* Data that began to arrive at ns, and what had been written by then. */
struct stamp {
	__u64 ns;
	__u32 seq;
	__u32 written;
	__u32 sent_ticks;
	__u32 merged; /* a later arrival, after a write, found no stamp of its own */
};

struct connection {
	__u32 lock;
	__u32 events;	/* enum end_event, posted by who could not take the lock */
	__u32 read;	/* copied_seq: reads accounted up to here */
	__u32 written;	/* write_seq: writes accounted up to here */
	__u32 received; /* rcv_nxt at the last arrival */
	__u32 head;	/* newest stamp */
	__u32 series;
	__u32 flags;
	__u8 role;
	__u8 phase;
	__u8 protocol;
	__u8 outcome;
	__u8 interim; /* inside an interim answer's header: 1, after a line feed: 2 */
	__u8 vector;  /* sendmmsg, recvmmsg: message of the call that comes next */
	__u8 fins; /* enum fin; written by changes of state only, which the socket's lock orders */
	__u8 pad;
	__u32 peer_fin; /* sequence number of the peer's FIN, where FIN_PEER */
	__u32 our_fin;	/* of ours, where FIN_OURS */
	__u32 single;	/* a call no longer than that holds one request */
	__u32 pad2;
	__u64 arrived_ns;
	__u64 read_ns;
	__u64 complete_ns;
	__u64 first_ns; /* 0: no byte of the answer yet */
	__u64 last_ns;
	__u64 slack_ns; /* the true end lies in [last - slack, last] */
	__u64 next_arrived_ns;
	__u64 next_read_ns;
	__u64 bytes_in; /* not yet in the series */
	__u64 bytes_out;
	__u64 opened_ns;
	struct window gather; /* first bytes that came in pieces */
	struct stamp stamps[STAMPS];
};

enum ended_kind {
	ENDED_EXCHANGE,
	ENDED_STREAMED, /* counted before; went on after its end */
};

/* One exchange that is over. Parts are 0 where they are not known. */
struct ended {
	__u64 duration_ns;
	__u64 queue_ns;
	__u64 receive_ns;
	__u64 service_ns;
	__u64 send_ns;
	__u64 slack_ns;
	__u32 outcome;
	__u16 kind;
	__u16 divided;
};

/* More than two in one look cannot be held; they are counted as merged. */
#define ENDED_MAX 2
struct ended_list {
	struct ended e[ENDED_MAX];
	__u32 n;
	__u32 merged;
	__u32 coalesced;
	__u32 caught_up;
	__u32 unparsed_end;
};

static __always_inline int seq_after(__u32 a, __u32 b)
{
	return (__s32)(a - b) > 0;
}

static __always_inline __u64 span_ns(__u64 from, __u64 to)
{
	return to > from ? to - from : 0;
}

/* The newest stamp that began at or before seq; NULL: older than any. */
static __always_inline const struct stamp *exchange_stamp(const struct connection *c, __u32 seq)
{
	__u32 head = c->head;

#pragma unroll
	for (__u32 i = 0; i < STAMPS; i++) {
		const struct stamp *s = &c->stamps[(head - i) & (STAMPS - 1)];

		if (s->ns && !seq_after(s->seq, seq))
			return s;
	}
	return 0;
}

static __always_inline __u64 exchange_arrival(const struct connection *c, __u32 seq)
{
	const struct stamp *s = exchange_stamp(c, seq);

	return s ? s->ns : 0;
}

/*
 * Data has arrived: bytes from the last arrival's rcv_nxt up to received. Where STAMPS arrivals
 * wait to be accounted, it is dated like the newest of them.
 */
static __always_inline void exchange_on_data(struct connection *c, __u32 received, __u32 written,
					     __u32 sent_ticks, __u64 now)
{
	__u32 from = c->received;
	__u32 head = c->head;
	struct stamp *s = &c->stamps[(head + 1) & (STAMPS - 1)];

	if (received == from)
		return;
	c->received = received;
	/* The slot is needed while a byte of its stretch is not accounted. */
	if (s->ns && seq_after(c->stamps[(head + 2) & (STAMPS - 1)].seq, c->read)) {
		s = &c->stamps[head & (STAMPS - 1)];
		s->merged |= s->written != written;
		return;
	}
	s->ns = now;
	s->merged = 0;
	s->written = written;
	s->sent_ticks = sent_ticks;
	s->seq = from;
	c->head = head + 1;
}

static __always_inline void exchange_push(struct ended_list *out, const struct connection *c,
					  __u32 outcome, __u64 end, __u32 kind)
{
	struct ended *e;

	if (out->n >= ENDED_MAX) {
		out->merged++;
		return;
	}
	e = &out->e[out->n & (ENDED_MAX - 1)];
	out->n++;
	e->outcome = outcome;
	e->kind = kind;
	e->slack_ns = c->slack_ns;
	e->duration_ns = span_ns(c->arrived_ns, end);
	e->divided = !(c->flags & FLAG_UNDIVIDED);
	if (c->role == ROLE_CLIENT) {
		e->queue_ns = 0;
		e->receive_ns = 0;
		e->service_ns = span_ns(c->arrived_ns, c->first_ns ? c->first_ns : end);
	} else {
		__u64 first = c->first_ns ? c->first_ns : end;
		/* A reader thread may still read while a writer answers: the request is over then. */
		__u64 complete = c->complete_ns < first ? c->complete_ns : first;

		e->queue_ns = span_ns(c->arrived_ns, c->read_ns ? c->read_ns : end);
		e->receive_ns = c->read_ns ? span_ns(c->read_ns, complete) : 0;
		e->service_ns = c->read_ns ? span_ns(complete, first) : 0;
	}
	e->send_ns = c->first_ns ? span_ns(c->first_ns, end) : 0;
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
	c->interim = 0;
	c->flags &= ~(FLAG_BODILESS | FLAG_BODIED | FLAG_TUNNEL | FLAG_NEXT | FLAG_EARLY |
		      FLAG_UNDIVIDED | FLAG_GATHER | FLAG_ODD | FLAG_VOID | FLAG_TAIL |
		      FLAG_JOINED | FLAG_MANY);
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
		return behind || c->flags & FLAG_GATHER;
	case PHASE_ANSWER:
		return !(c->flags & (FLAG_OPAQUE | FLAG_BODILESS));
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

/* Gathers first bytes across calls: as many of the window's, from the given one, as fit. */
__noinline int gather_append(struct connection *c, const struct window *w, __u32 from)
{
	if (!c || !w)
		return 0;
	c->gather.state = WINDOW_FILLED;
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
	__u32 v;

	if (!c || !w)
		return REQUEST_NO;
	if (!c->gather.length && w->length >= GATHER_BYTES)
		return protocol_request(&c->protocol, w, first);
	gather_append(c, w, 0);
	v = protocol_request(&c->protocol, &c->gather, first);
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
		__u8 byte;

		if (i < from)
			continue;
		if (i >= w->length)
			break;
		byte = w->bytes[i];
		if (byte == '\n' && c->interim == 2) {
			c->interim = 0;
			return i + 1;
		}
		if (byte == '\n')
			c->interim = 2;
		else if (byte != '\r')
			c->interim = 1;
	}
	/* What a window does not show is taken to end with its call. */
	if (w->length == WINDOW_BYTES)
		c->interim = 0;
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

	if (!w->length)
		return OUTCOME_UNKNOWN;
	if (c->gather.length || c->interim)
		return response_verdict_slow(c, w);
	v = protocol_response(&c->protocol, w, c->flags & FLAG_TUNNEL);
	if (v != RESPONSE_MORE && v != RESPONSE_INTERIM)
		return v;
	return w->state == WINDOW_SHORT ? OUTCOME_UNKNOWN : response_verdict_slow(c, w);
}

/* The first bytes of a request came in pieces; is it one at all, and of which kind? */
static __always_inline void request_gather(struct connection *c, const struct window *w)
{
	__u32 v = request_verdict(c, w, 1);

	if (v == REQUEST_MORE)
		return;
	c->flags &= ~FLAG_GATHER;
	exchange_note_request(c, v);
	if (v == REQUEST_NO && c->protocol == PROTOCOL_TLS)
		c->phase = PHASE_IDLE;
}

/* The first bytes ever asked on a connection. Joined ones wait for a beginning they can see. */
static __always_inline void request_first(struct connection *c, __u64 arrived, __u64 read,
					  const struct window *w)
{
	__u32 v = REQUEST_NO;
	__u32 joined = c->flags & FLAG_JOINED;

	if (w->length)
		v = request_verdict(c, w, 1);
	if (v == REQUEST_MORE && joined)
		return;
	if (v == REQUEST_NO && (joined || c->protocol == PROTOCOL_TLS))
		return;
	if (joined && !arrived)
		return; /* it arrived before we did */
	exchange_begin(c, arrived, read);
	if (v == REQUEST_MORE)
		c->flags |= FLAG_GATHER;
	exchange_note_request(c, v);
}

/*
 * Bytes of a request, in the direction in which requests go.
 * arrived: when the first of them arrived (server) or was sent (client).
 */
static __always_inline void request_bytes(struct connection *c, __u64 arrived, __u64 read,
					  const struct window *w, struct ended_list *out)
{
	__u32 v;

	if (c->phase == PHASE_REQUEST) {
		if (c->flags & FLAG_GATHER)
			request_gather(c, w);
		c->complete_ns = read ? read : c->complete_ns;
		return;
	}
	if (c->phase == PHASE_IDLE) {
		request_first(c, arrived, read, w);
		return;
	}
	if (c->phase != PHASE_ANSWER)
		return;
	if (c->flags & (FLAG_BODILESS | FLAG_OPAQUE)) {
		/* Nothing but a request can follow: its own window is seldom looked at. */
		v = w->length ? request_verdict(c, w, 0) : REQUEST_NO;
		c->gather.length = 0;
	} else if (w->length) {
		v = request_verdict(c, w, 0);
		if (v == REQUEST_MORE && !(c->flags & FLAG_GATHER)) {
			c->flags &= ~FLAG_NEXT; /* what was the rest of an upload is past */
			exchange_note_next(c, arrived, read);
			c->flags |= FLAG_GATHER;
			return;
		}
		if (v == REQUEST_MORE)
			return;
		if (v == REQUEST_NO && c->protocol) {
			exchange_note_next(c, arrived, read);
			c->flags &= ~FLAG_GATHER;
			return;
		}
	} else {
		v = REQUEST_NO;
		if (c->protocol == PROTOCOL_HTTP && c->flags & FLAG_BODIED) {
			exchange_note_next(c, arrived, read);
			return;
		}
	}
	if (c->flags & FLAG_GATHER && c->flags & FLAG_NEXT) {
		arrived = c->next_arrived_ns;
		read = c->next_read_ns;
	}
	exchange_finish(c, out);
	exchange_begin(c, arrived, read);
	exchange_note_request(c, v);
}

/*
 * After a look. many, of a request: its call held more than its header; of an answer: how many
 * others its call held. Only of requests that have no body can what follows be another.
 */
static __always_inline void exchange_note_many(struct connection *c, int is_request, __u32 many,
					       __u32 length, struct ended_list *out)
{
	if (!is_request) {
		out->coalesced += many;
	} else if (length > c->single && c->phase == PHASE_REQUEST) {
		if (!many || !(c->flags & FLAG_BODILESS))
			c->single = length + length / 2;
		else
			c->flags |= FLAG_MANY;
	}
}

static __always_inline void answer_begin(struct connection *c, __u32 outcome, __u64 first,
					 __u64 last)
{
	c->phase = PHASE_ANSWER;
	c->outcome = outcome;
	c->first_ns = c->first_ns ? c->first_ns : first;
	c->last_ns = last;
	c->gather.length = 0;
	c->flags &= ~FLAG_GATHER;
}

/* An answer that no new request explains: a pipelined one. */
static __always_inline void answer_pipelined(struct connection *c, struct ended_list *out)
{
	__u64 arrived = c->arrived_ns, read = c->read_ns, complete = c->complete_ns;
	__u32 keep = c->flags & (FLAG_BODILESS | FLAG_UNDIVIDED | FLAG_MANY);

	exchange_finish(c, out);
	c->gather.length = 0;
	if (c->flags & FLAG_NEXT) {
		exchange_begin(c, c->next_arrived_ns, c->next_read_ns);
		c->flags |= keep & (FLAG_BODILESS | FLAG_MANY);
		return;
	}
	exchange_begin(c, arrived, read);
	c->complete_ns = complete;
	c->flags |= keep;
}

/* slack: how much earlier than last the bytes may have been. */
static __always_inline void response_bytes(struct connection *c, __u64 first, __u64 last,
					   __u64 slack, const struct window *w,
					   struct ended_list *out)
{
	__u32 v;

	if (c->phase == PHASE_STREAM || c->phase == PHASE_OVER)
		return;
	if (c->phase == PHASE_IDLE) {
		/* Who speaks first answers nothing; on a joined connection it is an older answer. */
		if (c->flags & FLAG_JOINED) {
			if (w->length)
				response_verdict(c, w);
			answer_begin(c, OUTCOME_UNKNOWN, first, last);
			c->flags |= FLAG_VOID;
		}
		return;
	}
	if (c->phase == PHASE_ANSWER) {
		v = RESPONSE_NO;
		if (c->protocol == PROTOCOL_HTTP && w->length)
			v = protocol_response(&c->protocol, w, 0);
		if (v == RESPONSE_NO || v == RESPONSE_MORE ||
		    (c->flags & FLAG_VOID && !(c->flags & (FLAG_TAIL | FLAG_NEXT)))) {
			if (c->flags & FLAG_TAIL)
				exchange_push(out, c, c->outcome, c->last_ns, ENDED_STREAMED);
			c->flags &= ~FLAG_TAIL;
			if (!(c->flags & FLAG_VOID)) {
				c->last_ns = last;
				c->slack_ns = slack;
			}
			return;
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
		return;
	}
	if (v == RESPONSE_INTERIM) {
		c->first_ns = 0;
		return;
	}
	if (v == RESPONSE_NO) {
		if (c->protocol) {
			c->flags |= FLAG_ODD;
			c->last_ns = last;
			return;
		}
		c->flags |= FLAG_OPAQUE;
		v = OUTCOME_UNKNOWN;
	}
	c->slack_ns = slack;
	answer_begin(c, v == RESPONSE_SWITCH ? OUTCOME_OK : v, first, last);
	if (v == RESPONSE_SWITCH) {
		exchange_finish(c, out);
		c->phase = PHASE_STREAM;
	}
}

#endif
