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
	__u32 unread; /* bytes of the peer's are not accounted */
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

/* Writes up to seq happened without a look of their own. */
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
	if (c->role == ROLE_CLIENT) {
		request_bytes(c, at, at, NO_WINDOW, out);
		if (c->phase == PHASE_REQUEST)
			c->flags |= FLAG_UNDIVIDED;
	} else {
		if (at < c->complete_ns)
			at = c->complete_ns;
		out->slack_ns = slack;
		response_bytes(c, at, at, NO_WINDOW, out);
		out->slack_ns = 0;
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
		__u64 at = arrived ? arrived : l->now_ns;

		out->slack_ns = span_ns(at, l->now_ns);
		response_bytes(c, at, at, NO_WINDOW, out);
		out->slack_ns = 0;
	} else if (c->flags & FLAG_EARLY) {
		c->flags &= ~(FLAG_EARLY | FLAG_NEXT);
		request_bytes(c, arrived, c->next_read_ns, NO_WINDOW, out);
	} else {
		request_bytes(c, arrived, 0, NO_WINDOW, out);
	}
	return 0;
}

/*
 * Replays what lies before the read up to read_end and the write up to write_end, in the order
 * that the arrivals tell. keep_write: the newest write; left alone.
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
		if (s && seq_after(s->written, c->written) && !seq_after(s->written, write_end))
			blind_write(c, l, s->written, s->sent_ticks, out);
		if (s && s->merged)
			out->merged++;
		blind_read(c, l, end, s ? s->ns : 0, out);
	}
	return 0;
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
	__u64 arrived = exchange_arrival(c, c->read);

	c->bytes_in += l->read - c->read;
	c->read = l->read;
	if (c->role == ROLE_CLIENT)
		response_bytes(c, arrived ? arrived : l->now_ns, l->now_ns, w, out);
	else
		request_bytes(c, arrived, l->now_ns, w, out);
}

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
	/* Everything but the newest write, and but what was read after that. */
	if (seq_after(from, c->read)) {
		s = exchange_stamp(c, from - 1);
		if (c->role == ROLE_SERVER && c->phase == PHASE_REQUEST && s &&
		    s->written == l->written && seq_after(s->written, c->written) &&
		    c->flags & FLAG_EARLY)
			return 0;
		look_catch_up(c, l, from, l->written, out);
	}
	s = exchange_stamp(c, c->read);
	if (seq_after(l->written, c->written) && c->phase != PHASE_STREAM) {
		if (s && seq_after(s->written, c->written) && seq_after(l->written, s->written))
			blind_write(c, l, s->written, s->sent_ticks, out);
		if (c->role == ROLE_SERVER && c->phase == PHASE_REQUEST) {
			/* The answer's own hook is late, or never comes: leave this read to a later look. */
			exchange_note_next(c, s ? s->ns : 0, l->now_ns);
			c->flags |= FLAG_EARLY;
			return 0;
		}
		if (c->role == ROLE_CLIENT && c->phase != PHASE_REQUEST && s &&
		    seq_after(s->written, c->written))
			blind_write(c, l, s->written, s->sent_ticks, out);
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
 * The reads that this answer (server) or this request (client) follows. Of a server, what was
 * read before the answer began belongs to its request, unless a receive hook saw that the
 * answer had been written already (FLAG_EARLY): then it waits for this look.
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
	early = c->flags & FLAG_EARLY && c->phase == PHASE_REQUEST;
	if (seq_after(from, c->written)) {
		/* Writes that no hook saw: what was read and asked meanwhile comes first. */
		look_catch_up(c, l, l->read, from, out);
		if (seq_after(from, c->written))
			blind_write(c, l, from, l->now_ticks, out);
	} else if (c->role == ROLE_CLIENT) {
		if (seq_after(l->read, c->read))
			look_catch_up(c, l, l->read, c->written, out);
	} else if (seq_after(l->read, c->read) && !early) {
		look_catch_up(c, l, l->read, c->written, out);
	}
	if (seq_after(c->written, from))
		window_clear(w); /* its beginning was accounted by another look */
	send_own(c, l, w, out);
	if (early && c->phase == PHASE_ANSWER && seq_after(l->read, c->read))
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
