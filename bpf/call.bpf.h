/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * call.bpf.h - a call has moved bytes: finds what moved, the payload and now, and shows them to the
 * pure part. Both backends use it.
 */
#ifndef TROTH_CALL_BPF_H
#define TROTH_CALL_BPF_H

#include "connection.bpf.h"
#include "scan.bpf.h"

/* The task whose call a copy of a hook has looked at last, for each hook. */
#define HOOKS_COPIED 2
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, HOOKS_COPIED);
	__type(key, __u32);
	__type(value, __u64);
} looked SEC(".maps");

/*
 * From Linux 7.0 a task may be preempted inside a program, which then stays shut on that CPU for
 * milliseconds: there a hook has copies, and who preempts finds one that is free. What one has looked
 * at is nothing new to the next; the last leaves the mark as the first finds it. 0: look.
 */
static __always_inline int looked_before(__u32 hook, int copy, int copies)
{
	__u64 task, *seen;
	int before;

	if (!config.preempted)
		return 0;
	seen = bpf_map_lookup_elem(&looked, &hook);
	if (!seen)
		return 0;
	task = bpf_get_current_task();
	before = copy > 1 && *seen == task;
	*seen = copy < copies ? task : 0;
	return before;
}

/* kTLS: the call's length is plain text, the step is records. The step counts. */
static __always_inline __u32 step_length(const struct sock *sk, __u32 step, __u32 length)
{
	const struct inet_connection_sock *icsk;

	if (step == length || (__s32)step < 0) /* less than nothing: another look came first */
		return length;
	icsk = CAST(inet_connection_sock, sk);
	return FIELD(icsk, icsk_ulp_ops) ? step : length;
}

/*
 * What the send hook calls now: the moment of transmission, where everything written was
 * sent; on loopback the hook itself runs only after the peer was served.
 */
static __always_inline __u64 send_time(tcp_view tp)
{
	__u64 cached = tp->tcp_clock_cache, sent = tp->tcp_wstamp_ns;

	if (tp->snd_nxt != tp->write_seq || !cached)
		return bpf_ktime_get_ns();
	return sent && sent < cached ? sent : cached;
}

static __always_inline __u64 recv_time(tcp_view tp)
{
	return control.recv_clock_is_cached ? tp->tcp_clock_cache : bpf_ktime_get_ns();
}

/*
 * Requests that follow another in the same call (asked of what is longer than any call that held one
 * alone), or answers that begin in it and not at its beginning (where more than one is waited for).
 */
static __always_inline __u32 pipelined(const struct connection *c, const struct window *w,
				       __u32 length, int is_request)
{
	__u32 found;

	if (is_request ? length <= c->single : !(c->flags & FLAG_MANY) || asked_is_one(c))
		return 0;
	if (!w->length)
		return 0;
	if (is_request)
		return scan_call(length, 1);
	found = scan_call(length, 0);
	return found && http_status(w) >= 100 ? found - 1 : found;
}

#ifdef TROTH_WITHHOLD
/* The test build: hooks are withheld as the kernel may skip them. Bit n: the n-th of 64. */
volatile __u64 withhold_pattern;
volatile __u32 withhold_next;
#define WITHHELD() (withhold_pattern >> (__sync_fetch_and_add(&withhold_next, 1) & 63) & 1)
#else
#define WITHHELD() 0
#endif

/*
 * What both hooks do. tp: the socket as it is, or was a moment ago. w: room. length: bytes of the call; later: of those that this call has moved after them,
 * and that are shown after them. receiving: a constant, each hook has its own copy. readable: the
 * bytes are in the caller's buffer.
 */
static __always_inline int call_ended(struct sock *sk, tcp_view tp, struct connection *c,
				      struct window *w, __u32 length, __u32 later, int receiving,
				      int readable)
{
	int is_request = c->role == (receiving ? ROLE_SERVER : ROLE_CLIENT);
	struct ended_list out;
	struct look l;
	__u32 many;
	int is_new;

	if (receiving && c->flags & FLAG_FACTS)
		endpoint_note_facts(sk, c->role);
	window_clear(w);
	w->total = length;
	if (is_request ? exchange_wants_request(c, length,
						receiving ? tp->write_seq != c->written :
							    tp->copied_seq != c->read) :
			 exchange_wants_response(c)) {
		if (readable)
			payload_read(w, c, length, receiving);
		else
			add(&losses.unreadable, 1);
	}
	many = pipelined(c, w, length, is_request);
	l.now_ns = receiving ? recv_time(tp) : send_time(tp);
	ended_clear(&out);
	if (!connection_enter(c, TRIES_OF_CALLS))
		return 0;
	if (receiving && !c->head)
		data_with_handshake(c, connection_received_seq(c, tp));
	look_steps(&l, c, tp);
	/* Where answers pass requests on their way, a read waits for its own look, which counts them. */
	if (!receiving && is_request && c->flags & FLAG_MANY)
		l.read = c->read;
	if (receiving)
		l.read -= later;
	else
		l.written -= later;
	is_new = receiving ? seq_after(l.read, c->read) : seq_after(l.written, c->written);
	l.length = step_length(sk, receiving ? l.read - c->read : l.written - c->written, length);
	if (!(receiving ? look_is_plain_recv(c, &l) : look_is_plain_send(c, &l))) {
		l.sent_ticks = tp->lsndtime;
		l.now_ticks = bpf_jiffies64();
		l.tick_ns = control.tick_ns;
		if (receiving)
			connection_catch_up(c, &l, l.read - l.length, l.written - recv_waits(c, &l),
					    &out);
		else
			connection_catch_up(c, &l, l.read, l.written - l.length, &out);
	}
	if (receiving)
		look_recv(c, &l, w, &out);
	else
		look_send(c, &l, w, &out);
	/* On Linux 7 a call may be looked at twice, and by two generations of programs it is. */
	if (is_new || (!config.preempted && is_of_now()))
		exchange_note_many(c, is_request, many, length, &out);
	if (receiving)
		c->flags &= ~FLAG_FACTS;
	connection_settle(c, sk, tp, &l, &out);
	count_out(c, &out);
	return 0;
}

/* A recvmmsg or sendmmsg that can go no further ends here. */
static __always_inline void call_failed(struct connection *c, int receiving)
{
	if (c && c->messages[receiving] & ~MESSAGES_USED)
		c->messages[receiving] &= MESSAGES_USED;
}

/* Data has come after a write, and there is no room for another arrival. */
static __always_inline void crowd_look(struct connection *c, struct sock *sk, tcp_view tp)
{
	struct ended_list out = {};
	struct look l;

	if (!connection_enter(c, TRIES_OF_EVENTS))
		return;
	look_fill(&l, c, tp, bpf_ktime_get_ns());
	look_oldest(c, &l, l.read, l.written, &out);
	connection_settle(c, sk, tp, &l, &out);
	count_out(c, &out);
}

#endif
