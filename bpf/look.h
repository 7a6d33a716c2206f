/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * look.h - a hook is only a moment to look: from what moved since the last look to bytes of
 * requests and answers, what no hook saw included (DESIGN 4, "Sequence numbers decide").
 * Pure, like exchange.h; under the connection's lock.
 *
 * A hook may be skipped by the kernel, and splice() from a socket passes none. Then a later look
 * finds a longer step than its own call. The arrivals in between say what happened: each noted
 * how far had been written when it came, so reads and writes can be put in their order again.
 * The newest write is never claimed by a receive hook: its own hook may still be on its way.
 */
#ifndef TROTH_LOOK_H
#define TROTH_LOOK_H

#include "exchange.h"

struct look {
	__u64 now_ns;
	__u32 read;	  /* copied_seq, without the peer's FIN */
	__u32 written;	  /* write_seq, without our own FIN */
	__u32 length;	  /* bytes of the call; 0: not a call */
	__u32 sent_ticks; /* lsndtime */
	__u32 now_ticks;  /* this and below: set where the look is not plain */
	__u32 tick_ns;
	__u32 received; /* rcv_nxt, without the peer's FIN */
};

/* When something was sent at a tick: not later than *at, and not earlier than *at - the result. */
static __always_inline __u64 look_tick(const struct look *l, __u32 ticks, __u64 *at)
{
	__u32 age = l->now_ticks - ticks;

	*at = l->now_ns;
	if (age > 1 && (__u64)(age - 1) * l->tick_ns < l->now_ns)
		*at -= (__u64)(age - 1) * l->tick_ns;
	return 2ULL * l->tick_ns;
}

/* Writes up to seq happened without a look of their own; known to a tick. */
__noinline int blind_write(struct connection *c, const struct look *l, __u32 seq, __u32 ticks,
			   struct ended_list *out)
{
	__u64 at, slack;

	if (!c || !l || !out)
		return 0;
	slack = look_tick(l, ticks, &at);
	c->bytes_out += seq - c->written;
	c->written = seq;
	out->caught_up += out->caught_up < 255;
	if (c->role == ROLE_SERVER) {
		if (at < c->complete_ns)
			at = c->complete_ns;
		out->slack_ns = slack;
		response_bytes(c, at, at, NO_WINDOW, out);
		out->slack_ns = 0;
		c->flags |= FLAG_UNDIVIDED;	/* only the end is known, and that to a tick */
	} else if (c->phase != PHASE_REQUEST) { /* else it is the rest of a request */
		__u64 begin = at > slack ? at - slack : 0;

		/* Not before the answer that went before, as early as that may have been. */
		if (begin < span_ns(c->slack_ns, c->last_ns))
			begin = span_ns(c->slack_ns, c->last_ns);
		if (begin > at)
			begin = at;
		request_bytes(c, begin, begin, NO_WINDOW, out);
		if (c->phase == PHASE_REQUEST) {
			c->begin_slack_ns = at - begin;
			c->flags |= FLAG_UNDIVIDED;
		} else if (c->flags & FLAG_NEXT && c->next_arrived_ns == begin) {
			c->next_slack_ns = at - begin;
		}
	}
	return 0;
}

/* Reads from c->read up to seq happened without a look; the data arrived at arrived. */
__noinline int blind_read(struct connection *c, const struct look *l, __u32 seq, __u64 arrived,
			  struct ended_list *out)
{
	if (!c || !l || !out)
		return 0;
	c->bytes_in += seq - c->read;
	c->read = seq;
	out->caught_up += out->caught_up < 255;
	if (c->role == ROLE_CLIENT) {
		__u64 first = arrived ? arrived : l->now_ns;

		/* Read at some time between its arrival and now. */
		out->slack_ns = span_ns(first, l->now_ns);
		response_bytes(c, first, l->now_ns, NO_WINDOW, out);
		out->slack_ns = 0;
	} else {
		__u64 read = c->flags & FLAG_EARLY ? c->early_ns : 0;

		c->flags &= ~FLAG_EARLY;
		request_bytes(c, arrived || read ? arrived : l->now_ns, read, NO_WINDOW, out);
	}
	return 0;
}

/*
 * Replays reads up to read_end, and the writes that came before what was read, in the order that
 * the arrivals tell; stops before data that arrived after a write beyond write_end.
 */
__noinline int look_catch_up(struct connection *c, const struct look *l, __u32 read_end,
			     __u32 write_end, struct ended_list *out)
{
	if (!c || !l || !out)
		return 0;
	for (__u32 i = 0; i < STAMPS; i++) {
		const struct stamp *s = exchange_stamp(c, c->read);
		__u32 end = read_end;

		if (!seq_after(read_end, c->read))
			break;
#pragma unroll
		for (__u32 k = 0; k < STAMPS; k++) {
			const struct stamp *t = &c->stamps[k];

			if (t->ns && seq_after(t->seq, c->read) && seq_after(end, t->seq))
				end = t->seq;
		}
		if (s && seq_after(s->written, write_end))
			break;
		if (s && seq_after(s->written, c->written))
			blind_write(c, l, s->written, s->sent_ticks, out);
		if (s && !(c->flags & FLAG_MANY))
			out->merged += s->merged; /* else the connection's end tells */
		blind_read(c, l, end, s ? s->ns : 0, out);
	}
	return 0;
}

/*
 * The oldest arrival is accounted, if it was read, and another has come since that was read too (up
 * to read_end) or waits: then its hook was skipped. One look can end two exchanges; so this is called
 * before it, until it returns 0. write_end as in look_catch_up().
 */
__noinline int look_oldest(struct connection *c, const struct look *l, __u32 read_end,
			   __u32 write_end, struct ended_list *out)
{
	__u32 end = read_end;

	if (!c || !l || !out)
		return 0;

#pragma unroll
	for (__u32 k = 0; k < STAMPS; k++) {
		const struct stamp *t = &c->stamps[k];

		if (t->ns && seq_after(t->seq, c->read) && seq_after(end, t->seq))
			end = t->seq;
	}
	if (end == read_end || !seq_after(end, c->read))
		return 0;
	look_catch_up(c, l, end, write_end, out);
	return 1;
}

/* Is there nothing but the call's own step? */
static __always_inline int look_is_plain_recv(const struct connection *c, const struct look *l)
{
	return l->read - c->read == l->length && l->written == c->written;
}

static __always_inline int look_is_plain_send(const struct connection *c, const struct look *l)
{
	return l->written - c->written == l->length && l->read == c->read;
}

static __always_inline void recv_own(struct connection *c, const struct look *l, struct window *w,
				     struct ended_list *out)
{
	struct stamp *s = (struct stamp *)exchange_stamp(c, c->read);
	__u64 arrived = s ? s->ns : 0;

	if (s && s->merged)
		__sync_fetch_and_add(&s->merged, -1); /* one that it stands for is told apart */
	c->bytes_in += l->read - c->read;
	c->read = l->read;
	if (c->role == ROLE_CLIENT)
		response_bytes(c, arrived ? arrived : l->now_ns, l->now_ns, w, out);
	else
		request_bytes(c, arrived, l->now_ns, w, out);
}

static __always_inline __u32 recv_waits(const struct connection *c, const struct look *l)
{
	return c->role == ROLE_SERVER && seq_after(l->written, c->written) &&
	       (c->phase == PHASE_REQUEST || c->phase == PHASE_ANSWER);
}

/* This read, and what is still before it, waits for the hook of the newest write. */
static __always_inline void recv_early(struct connection *c, const struct look *l)
{
	if (!(c->flags & FLAG_EARLY))
		c->early_ns = l->read - c->read == l->length ? l->now_ns : 0;
	c->flags |= FLAG_EARLY;
}

/*
 * Of a server, the newest write may be an answer whose own hook is late: reads behind it wait. Of
 * a client it is the request that these bytes answer, and its hook can add nothing but a time.
 */
__noinline int recv_not_plain(struct connection *c, const struct look *l, struct window *w,
			      struct ended_list *out)
{
	const struct stamp *s;
	__u32 from;

	if (!c || !l || !w || !out)
		return 0;
	from = l->read - l->length;
	if (!seq_after(l->read, c->read))
		return 0; /* another look accounted it */
	if (seq_after(from, c->read)) {
		look_catch_up(c, l, from, l->written - recv_waits(c, l), out);
		if (seq_after(from, c->read)) {
			recv_early(c, l);
			return 0;
		}
	}
	s = exchange_stamp(c, c->read);
	if (s && seq_after(s->written, c->written) &&
	    (c->role == ROLE_CLIENT || seq_after(l->written, s->written)))
		blind_write(c, l, s->written, s->sent_ticks, out);
	if (recv_waits(c, l)) {
		recv_early(c, l);
		return 0;
	}
	if (l->read - c->read != l->length)
		window_clear(w); /* its beginning was accounted by another look */
	recv_own(c, l, w, out);
	return 0;
}

static __always_inline void send_own(struct connection *c, const struct look *l, struct window *w,
				     struct ended_list *out)
{
	c->bytes_out += l->written - c->written;
	c->written = l->written;
	if (c->role == ROLE_CLIENT)
		request_bytes(c, l->now_ns, l->now_ns, w, out);
	else
		response_bytes(c, l->now_ns, l->now_ns, w, out);
}

/*
 * Before this write come the writes that no hook saw, and what had been read by then: of a
 * server that belongs to the request which it answers, unless a receive hook saw that the answer
 * had been written already (FLAG_EARLY); then it follows.
 */
__noinline int send_not_plain(struct connection *c, const struct look *l, struct window *w,
			      struct ended_list *out)
{
	__u32 from, early;

	if (!c || !l || !w || !out)
		return 0;
	if (!seq_after(l->written, c->written))
		return 0;
	from = l->written - l->length;
	early = c->flags & FLAG_EARLY;
	if (seq_after(from, c->written)) {
		look_catch_up(c, l, l->read, from, out);
		if (seq_after(from, c->written))
			blind_write(c, l, from, l->now_ticks, out);
	} else if (seq_after(l->read, c->read) && !early) {
		look_catch_up(c, l, l->read, c->written, out);
	}
	if (seq_after(c->written, from))
		window_clear(w); /* its beginning was accounted by another look */
	send_own(c, l, w, out);
	if (early && seq_after(l->read, c->read))
		look_catch_up(c, l, l->read, c->written, out);
	return 0;
}

static __always_inline void look_recv(struct connection *c, const struct look *l, struct window *w,
				      struct ended_list *out)
{
	if (look_is_plain_recv(c, l))
		recv_own(c, l, w, out);
	else
		recv_not_plain(c, l, w, out);
}

static __always_inline void look_send(struct connection *c, const struct look *l, struct window *w,
				      struct ended_list *out)
{
	if (look_is_plain_send(c, l))
		send_own(c, l, w, out);
	else
		send_not_plain(c, l, w, out);
}

#endif
