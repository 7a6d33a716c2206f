/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * connection.bpf.h - the state of one TCP socket: made, locked, looked at, ended.
 * Between the hooks and the pure part: fetches sequence numbers and clocks, counts what ended.
 */
#ifndef TROTH_CONNECTION_BPF_H
#define TROTH_CONNECTION_BPF_H

#include "count.bpf.h"
#include "endpoint.bpf.h"

/*
 * A spin lock of our own: bpf_spin_lock() is two helper calls and switches interrupts off,
 * 90 ns here against 26. It is held for the pure part only, tens of nanoseconds; who waits
 * longer than that waits for a holder whose CPU does something else, as one of a virtual machine
 * that its host takes away. A call has bytes to show that cannot be seen later: it waits for some
 * 30 ms, and then leaves its step to the next look. An event need not wait for longer than a store
 * takes to be seen, since it is posted.
 */
#define TRIES_OF_CALLS	(1 << 22)
#define TRIES_OF_EVENTS 64

/* At the end of a measurement, what no hook has claimed for so long was skipped. */
#define FINAL_IDLE_NS 100000000ULL

struct wait {
	struct connection *c;
	__u32 tries;
	__u32 got;
};

static long connection_try(__u64 i, void *context)
{
	struct wait *w = context;

	(void)i;
	if (w->got || !w->tries)
		return 1;
	w->tries--;
	w->got = !*(volatile __u32 *)&w->c->lock && !__sync_val_compare_and_swap(&w->c->lock, 0, 1);
	return w->got;
}
REPEATABLE(connection_try)

/* Out of line: it is rare, and its frame is not the hooks'. */
static __noinline int connection_wait(struct connection *c, __u32 tries)
{
	struct wait w = { .c = c, .tries = tries };

	if (!c)
		return 0;
	REPEAT(TRIES_OF_CALLS, connection_try, &w);
	if (!w.got)
		add(&losses.contended, 1);
	return w.got;
}

static __always_inline int connection_enter(struct connection *c, __u32 tries)
{
	return !__sync_val_compare_and_swap(&c->lock, 0, 1) || connection_wait(c, tries);
}

static __always_inline void connection_leave(struct connection *c)
{
#if defined(__TARGET_ARCH_x86)
	/* Stores are not reordered with older accesses: a plain store releases. */
	barrier();
	*(volatile __u32 *)&c->lock = 0;
	barrier();
#else
	__sync_lock_test_and_set(&c->lock, 0);
#endif
}

/* The field is there only where the kernel has MPTCP. */
static __always_inline int is_mptcp(const struct tcp_sock *tp)
{
	return bpf_core_field_exists(tp->is_mptcp) && FIELD(tp, is_mptcp);
}

static __always_inline int sk_is_tcp(const struct sock *sk)
{
	return FIELD(sk, sk_protocol) == IPPROTO_TCP &&
	       (FIELD(sk, __sk_common.skc_family) == AF_INET ||
		FIELD(sk, __sk_common.skc_family) == AF_INET6);
}

static __always_inline struct connection *connection_of(struct sock *sk)
{
	struct connection *c = connection_find(sk);

	return c && c->flags & FLAG_READY ? c : 0;
}

/*
 * The FINs, which count one in either direction, are not data. state: read after seq, so that a FIN which
 * seq holds is known, whether or not the hook that tells so was run.
 */
static __always_inline __u32 without_peer_fin(const struct connection *c, tcp_view tp, int state,
					      __u32 seq)
{
	__u32 fin;

	if (c->fins & FIN_PEER)
		fin = c->peer_fin;
	else if (state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK || state == TCP_CLOSING)
		fin = tp->rcv_nxt - 1;
	else
		return seq;
	return seq_after(seq, fin) ? fin : seq;
}

/* Has our FIN been sent in this state? (In CLOSE that cannot be told.) */
static __always_inline int state_has_our_fin(int state)
{
	return 1 << state & (1 << TCP_FIN_WAIT1 | 1 << TCP_FIN_WAIT2 | 1 << TCP_CLOSING |
			     1 << TCP_LAST_ACK | 1 << TCP_TIME_WAIT);
}

static __always_inline __u32 without_our_fin(const struct connection *c, int state, __u32 seq)
{
	if (c->fins & FIN_OURS)
		return seq_after(seq, c->our_fin) ? c->our_fin : seq;
	return state_has_our_fin(state) ? seq - 1 : seq;
}

static __always_inline __u32 connection_write_seq(const struct connection *c, tcp_view tp)
{
	__u32 seq = tp->write_seq;

	return without_our_fin(c, state_of(tp), seq);
}

static __always_inline __u32 connection_received_seq(const struct connection *c, tcp_view tp)
{
	__u32 seq = tp->rcv_nxt;

	return without_peer_fin(c, tp, state_of(tp), seq);
}

/* How far has been read and written. */
static __always_inline void look_steps(struct look *l, const struct connection *c, tcp_view tp)
{
	__u32 read = tp->copied_seq, written = tp->write_seq;
	int state = state_of(tp);

	l->read = without_peer_fin(c, tp, state, read);
	l->written = without_our_fin(c, state, written);
}

static __always_inline void look_fill(struct look *l, struct connection *c, tcp_view tp, __u64 now)
{
	l->now_ns = now;
	look_steps(l, c, tp);
	l->sent_ticks = tp->lsndtime;
	l->now_ticks = bpf_jiffies64();
	l->tick_ns = control.tick_ns;
	l->received = connection_received_seq(c, tp);
	data_with_handshake(c, l->received);
	l->length = 0;
}

/* Bytes and round trips go to the series now and then, not once an exchange. */
static __always_inline void connection_flush(struct connection *c, tcp_view tp)
{
	struct series_counts *s = series_stripe(c->series);

	if (!s)
		return;
	if (c->bytes_in)
		add(&s->bytes_in, c->bytes_in);
	if (c->bytes_out)
		add(&s->bytes_out, c->bytes_out);
	c->bytes_in = 0;
	c->bytes_out = 0;
	if (tp->srtt_us) {
		add(&s->srtt_us, tp->srtt_us >> 3);
		add(&s->srtt_samples, 1);
	}
}

/* All but the newest arrival, where hooks were skipped: see look_oldest(). */
static __always_inline void connection_catch_up(struct connection *c, const struct look *l,
						__u32 read_end, __u32 write_end,
						struct ended_list *out)
{
	for (__u32 i = 0; i < STAMPS && look_oldest(c, l, read_end, write_end, out); i++) {
		count_list(c, out);
		ended_clear(out);
	}
}

/* Handles what was posted; what cannot be judged yet is posted again. */
static __always_inline void connection_end_locked(struct connection *c, tcp_view tp, struct look *l,
						  struct ended_list *out)
{
	__u32 later;

	if (control.stopped_ns) {
		/* What has not begun to answer is not judged any more. */
		if (c->phase == PHASE_ANSWER)
			exchange_finish(c, out);
		c->phase = PHASE_OVER;
		return;
	}
	look_fill(l, c, tp, bpf_ktime_get_ns());
	later = exchange_on_end(c, l, __sync_lock_test_and_set(&c->events, 0), out);
	if (later)
		__sync_fetch_and_or(&c->events, later);
}

/*
 * Gives the lock back, and then handles what was posted meanwhile: whoever posted has waited for the
 * lock in vain, and may have been the last to look. Returns what was posted meanwhile again.
 */
static __always_inline __u32 connection_settle(struct connection *c, struct sock *sk, tcp_view tp,
					       struct look *l, struct ended_list *out)
{
	connection_leave(c);
	if (!c->events || !connection_enter(c, TRIES_OF_EVENTS))
		return 0;
	LOOK_AGAIN(tp, sk);
	connection_end_locked(c, tp, l, out);
	connection_flush(c, tp);
	connection_leave(c);
	return c->events;
}

/* Events are posted first, and handled by whoever has the lock or gets it next. */
static __always_inline void connection_post(struct connection *c, __u32 events)
{
	__sync_fetch_and_or(&c->events, events);
}

/* Handles what was posted, unless whoever holds the lock does. */
static __always_inline void connection_end(struct sock *sk)
{
	struct connection *c = connection_of(sk);
	struct ended_list out = {};
	struct look l;

	if (!c || !connection_enter(c, TRIES_OF_EVENTS))
		return;
	LOOK_AT(tp, sk);
	if (c->events & (END_OUR_CLOSE | END_GONE)) {
		/* No hook is on its way. */
		look_fill(&l, c, tp, bpf_ktime_get_ns());
		connection_catch_up(c, &l, l.read, l.written, &out);
	}
	connection_end_locked(c, tp, &l, &out);
	connection_flush(c, tp);
	if (connection_settle(c, sk, tp, &l, &out) & END_GONE)
		add(&losses.merged, 1); /* there is no later look */
	count_out(c, &out);
}

/*
 * A connection that no hook knew is known now, or gone. Is it one of those that no_storage counts?
 * (Nothing is kept of them, so one is as good as another.)
 */
static __always_inline int connection_had_no_storage(void)
{
	for (int i = 0; i < 8; i++) {
		__u64 n = *(volatile __u64 *)&without_storage;

		if (!n)
			return 0;
		if (__sync_val_compare_and_swap(&without_storage, n, n - 1) == n)
			return 1;
	}
	return 0;
}

static __always_inline __u64 ticks_since(__u64 now, __u32 then)
{
	return then ? (__u32)now - then : 0;
}

/*
 * Is it older than the measurement, though the walk over all files did not find it? It was closed by
 * then, or it waited to be accepted and its data had come. Both ticks are set when a connection is
 * established, then by what it receives and what it sends: one from before the walk's end is proof.
 */
static __always_inline int connection_is_older(const struct sock *sk)
{
	const struct inet_connection_sock *icsk = CAST(inet_connection_sock, sk);
	__u64 now = bpf_jiffies64(), silent = ticks_since(now, FIELD(icsk, icsk_ack.lrcvtime)),
	      unsent = ticks_since(now, FIELD(tcp_of(sk), lsndtime));

	return now - (silent > unsent ? silent : unsent) <= joined_ticks;
}

/*
 * Room for the state of a connection that somebody wants; NULL: nobody does, or it is lost, which
 * is counted where that is asked.
 */
static __always_inline struct connection *connection_room(struct sock *sk, __u32 role, int count)
{
	struct connection *c;

	if (!endpoint_wanted(sk, role))
		return 0;
	if (is_mptcp(tcp_of(sk))) {
		if (count)
			add(&losses.unseen_mptcp, 1);
		return 0;
	}
	c = connection_add(sk);
	if (!c && count) {
		add(&losses.no_storage, 1);
		add(&without_storage, 1);
	}
	return c;
}

/* Fills a new connection; whoever calls knows that no hook runs on it, or that it is joined. */
static __noinline int connection_fill(struct connection *c, struct sock *sk, __u32 role,
				      __u32 flags)
{
	const struct tcp_sock *tp;

	if (!c || !sk)
		return 0;
	tp = tcp_of(sk);
	c->role = role;
	c->read = FIELD(tp, copied_seq);
	/* What came with the SYN (RFC 7413) may have been read already. */
	if (role == ROLE_SERVER && !(flags & FLAG_JOINED))
		c->read = FIELD(tp, rcv_nxt) - (__u32)FIELD(tp, bytes_received);
	c->received = flags & FLAG_JOINED ? FIELD(tp, rcv_nxt) : c->read;
	c->written = FIELD(tp, write_seq);
	if (flags & FLAG_JOINED)
		c->read = c->received; /* what is in the queue already began before us */
	PUBLISH(c->flags, flags | FLAG_READY);
	return 0;
}

#endif
