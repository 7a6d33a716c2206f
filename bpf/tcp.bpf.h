/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * tcp.bpf.h - how connections come and go: hooks that fire a few times a connection, whatever
 * its traffic. Both backends use them.
 */
#ifndef TROTH_TCP_BPF_H
#define TROTH_TCP_BPF_H

#include "connection.bpf.h"

#define PF_EXITING    0x00000004
#define SOCK_DONE_BIT (1 << 1) /* enum sock_flags SOCK_DONE: the peer's FIN came */
#define EPIPE	      32
#define ECONNABORTED  103
#define ECONNRESET    104
#define ECONNREFUSED  111

/* Is this process on its way out because of a signal? */
static __always_inline int current_is_killed(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return task->flags & PF_EXITING && task->exit_code & 0x7f;
}

/* Room becomes a new connection's. in_task: current opened it. A server's is returned locked. */
static __always_inline struct connection *connection_take(struct connection *c, struct sock *sk,
							  __u32 role, int in_task)
{
	__u32 flags = 0;

	if (role == ROLE_SERVER) {
		/* With Fast Open a task and a softirq may both come to make it: one does. */
		if (__sync_val_compare_and_swap(&c->lock, 0, 1))
			return 0;
		if (c->flags & FLAG_READY) {
			connection_leave(c);
			return 0;
		}
	}
	/* A socket can be connected again. */
	__builtin_memset(&c->events, 0, sizeof(*c) - sizeof(c->lock));
	c->series = endpoint_series(sk, role, in_task ? bpf_get_current_task_btf() : 0, &flags);
	c->flags = flags;
	return c;
}

/* A connection that is beginning. last: see state_changed(). */
static __always_inline struct connection *connection_make(struct sock *sk, __u32 role, int in_task,
							  int last)
{
	struct connection *c = connection_room(sk, role, last);

	return c ? connection_take(c, sk, role, in_task) : 0;
}

/*
 * A server's connection, locked, is used before the handshake is over: what came with the SYN (TCP
 * Fast Open, RFC 7413) came at a time that is not known. The next look accounts it.
 */
static __always_inline void connection_open_early(struct connection *c, struct sock *sk)
{
	struct series_counts *s = series_stripe(c->series);

	c->state = TCP_SYN_RECV;
	if (s)
		add(&s->opened, 1);
	connection_fill(c, sk, ROLE_SERVER, c->flags & FLAG_FACTS);
	exchange_on_data(c, FIELD(tcp_of(sk), rcv_nxt), c->written, 0, bpf_ktime_get_ns());
	connection_leave(c);
}

static __noinline int client_connecting(struct sock *sk, int last)
{
	struct connection *c;

	if (!sk)
		return 0;
	c = connection_make(sk, ROLE_CLIENT, 1, last);
	if (c) {
		c->role = ROLE_CLIENT;
		c->state = TCP_SYN_SENT;
		c->opened_ns = bpf_ktime_get_ns();
		c->flags |= FLAG_CONNECTING;
	}
	return 0;
}

static __always_inline void count_connect(const struct connection *c)
{
	struct series_counts *s = series_at(c->series);
	__u64 took;

	if (!s || !c->opened_ns)
		return;
	took = bpf_ktime_get_ns() - c->opened_ns;
	add(&s->connect_ns, took);
	add(&s->connects, 1);
	count_slot(s->queue, took);
}

static __noinline int connection_established(struct sock *sk, int oldstate, int last)
{
	__u32 role = oldstate == TCP_SYN_SENT ? ROLE_CLIENT : ROLE_SERVER;
	struct series_counts *s;
	struct connection *c;

	if (!sk)
		return 0;
	/* Both sides connected at once: it came here by SYN_RECEIVED, but opened it was. */
	c = connection_find(sk);
	if (c && c->flags & FLAG_CONNECTING && !(c->flags & FLAG_READY))
		role = ROLE_CLIENT;
	if (c && c->flags & FLAG_READY && c->state == TCP_SYN_RECV) {
		c->state = TCP_ESTABLISHED; /* troth_early made it */
		return 0;
	}
	if (c && c->flags & FLAG_READY && c->state == TCP_SYN_SENT) {
		c->state = TCP_ESTABLISHED; /* client_late did: its request went with the SYN */
		c->read = c->received = FIELD(tcp_of(sk), copied_seq);
		count_connect(c);
		return 0;
	}
	if (role == ROLE_SERVER)
		c = connection_make(sk, role, 0, last);
	if (!c)
		return 0;
	c->state = TCP_ESTABLISHED;
	s = series_stripe(c->series);
	if (s)
		add(&s->opened, 1);
	count_connect(c);
	connection_fill(c, sk, role, c->flags & FLAG_FACTS);
	c->written -=
		(__u32)FIELD(tcp_of(sk), bytes_sent); /* before the handshake's end (RFC 7413) */
	if (role == ROLE_SERVER) {
		c->stamps[0].seq = c->read;
		c->stamps[0].written = c->written;
		c->stamps[0].ns = bpf_ktime_get_ns();
		if (c->read != FIELD(tcp_of(sk), rcv_nxt))
			exchange_on_data(c, FIELD(tcp_of(sk), rcv_nxt), c->written, 0,
					 bpf_ktime_get_ns());
		connection_leave(c);
	}
	return 0;
}

/* A client's first send, of length bytes, where the hook that tells of its connection was skipped. */
static __noinline int client_late(struct sock *sk, __u32 length)
{
	struct series_counts *s;
	struct connection *c;

	if (!sk)
		return 0;
	c = connection_find(sk);
	if (!c || c->flags & FLAG_READY || !(c->flags & FLAG_CONNECTING))
		return 0;
	s = series_stripe(c->series);
	if (s)
		add(&s->opened, 1);
	connection_fill(c, sk, ROLE_CLIENT, c->flags & FLAG_FACTS);
	c->written = FIELD(tcp_of(sk), write_seq) - length;
	return 1;
}

static __noinline int connect_failed(struct connection *c, struct sock *sk)
{
	struct series_counts *s;
	int err;

	if (!c || !sk)
		return 0;
	s = series_stripe(c->series);
	err = FIELD(sk, sk_err);
	if (!s || err == ECONNABORTED || !FIELD(tcp_of(sk), segs_out))
		return 0; /* nothing was sent */
	/* No error: the caller gave up first. */
	add(err == ECONNREFUSED || err == ECONNRESET ? &s->refused : &s->connect_timeouts, 1);
	return 0;
}

/* What a change of state says about an exchange under way; 0: nothing. */
static __always_inline __u32 end_events(const struct sock *sk, const struct tcp_sock *tp,
					int oldstate, int newstate)
{
	__u32 events = 0;

	if (newstate == TCP_CLOSE_WAIT || newstate == TCP_CLOSING)
		return END_PEER_FIN;
	if (newstate == TCP_FIN_WAIT1 || newstate == TCP_LAST_ACK) {
		events = END_OUR_FIN;
		if (FIELD(sk, sk_shutdown) == 3)
			events |= END_OUR_CLOSE;
	} else if (newstate == TCP_CLOSE) {
		int err = FIELD(sk, sk_err);

		if (err == ECONNRESET || err == EPIPE)
			events = END_RESET_BY_PEER;
		else if (err && err != ECONNABORTED)
			events = END_TIMED_OUT;
		else if (err || oldstate == TCP_ESTABLISHED || oldstate == TCP_CLOSE_WAIT ||
			 oldstate == TCP_SYN_RECV)
			events = END_RESET_BY_US;
		else if (oldstate == TCP_FIN_WAIT2 &&
			 !(FIELD(sk, __sk_common.skc_flags) & SOCK_DONE_BIT))
			events = END_OUR_FIN | END_OUR_CLOSE; /* no FIN came: we gave up */
		else
			return END_PEER_FIN;
	} else {
		return 0;
	}
	if (seq_after(FIELD(tp, write_seq), FIELD(tp, snd_nxt)))
		events |= END_UNSENT;
	if (seq_after(FIELD(tp, write_seq), FIELD(tp, snd_una)))
		events |= END_UNACKED;
	if (!(events & (END_RESET_BY_PEER | END_TIMED_OUT)) && current_is_killed())
		events |= END_FATAL_SIGNAL;
	return events;
}

static __always_inline int connection_change(struct connection *c, struct sock *sk, int oldstate,
					     int newstate)
{
	const struct tcp_sock *tp;
	struct series_counts *s;
	__u32 events;

	tp = tcp_of(sk);
	events = end_events(sk, tp, oldstate, newstate);
	/* From here write_seq counts our FIN, and after a disconnect nothing at all. */
	if ((events & END_OUR_FIN || newstate == TCP_CLOSE) && !(c->fins & FIN_OURS)) {
		c->our_fin = FIELD(tp, write_seq) - !!state_has_our_fin(oldstate);
		PUBLISH(c->fins, c->fins | FIN_OURS);
	}
	if ((events & END_PEER_FIN || oldstate == TCP_CLOSE_WAIT) && !(c->fins & FIN_PEER)) {
		c->peer_fin = FIELD(tp, rcv_nxt) - 1;
		PUBLISH(c->fins, c->fins | FIN_PEER);
	}
	s = series_stripe(c->series);
	if (s && newstate == TCP_CLOSE) {
		add(&s->closed, 1);
		if (events & END_RESET_BY_PEER)
			add(&s->reset_by_peer, 1);
		if (events & END_RESET_BY_US)
			add(&s->reset_by_us, 1);
	}
	if (events)
		connection_post(c, events);
	return events != 0;
}

/*
 * The kernel does not run a program on a CPU on which it runs already: what a softirq does while it
 * interrupts a task inside one would go unseen. So each of these hooks has two programs, both the
 * same: one of them is always free, and what the first has handled is nothing new to the last.
 * From Linux 7.0 a task may be preempted inside one, which then stays shut on that CPU for
 * milliseconds, and so may the next: there two more lead into the first.
 * last: what could not be had is counted by that one alone. Returns 1 where an end was posted.
 */
static __always_inline int state_changed(struct sock *sk, int oldstate, int newstate, int last)
{
	struct connection *c;
	struct listening *l;

	if (FIELD(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (newstate == TCP_LISTEN) {
		listener_open(sk, bpf_get_current_task_btf(), last);
		return 0;
	}
	if (oldstate == TCP_LISTEN) {
		l = sk->sk_bpf_storage ? bpf_sk_storage_get(&listening, sk, 0, 0) : 0;
		if (l && l->ready) {
			l->ready = 0;
			listener_change(&l->key, -1, 0);
		}
		return 0;
	}
	c = connection_find(sk);
	if (c && c->state == newstate)
		return 0;
	if (newstate == TCP_SYN_SENT) {
		client_connecting(sk, last);
		return 0;
	}
	if (newstate == TCP_ESTABLISHED) {
		connection_established(sk, oldstate, last);
		return 0;
	}
	if (!c)
		return 0;
	c->state = newstate;
	if (c->flags & FLAG_READY)
		return connection_change(c, sk, oldstate, newstate);
	if (newstate == TCP_CLOSE && oldstate == TCP_SYN_SENT)
		connect_failed(c, sk);
	return 0;
}

/*
 * What ends is judged by one program for both of a pair, so that the verifier follows it once. It is
 * attached nowhere: they leave for it. If they cannot, what was posted waits for the next look. Since
 * it may run inside itself (a task left by the first for it, a softirq by the second), a stack of its
 * own for each CPU, as kernels from 6.13 give out, would be overwritten.
 */
TAIL(state_end, troth_state_end);
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(troth_state_end, struct sock *sk)
{
	KEEP_ORDINARY_STACK(ctx, state_end);
	connection_end(sk);
	return 0;
}

TAIL(destroy_end, troth_destroy_end);
SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(troth_destroy_end, struct sock *sk)
{
	KEEP_ORDINARY_STACK(ctx, destroy_end);
	connection_end(sk);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(troth_set_state, struct sock *sk, int oldstate, int newstate)
{
	if (state_changed(sk, oldstate, newstate, 0))
		bpf_tail_call(ctx, &state_end, 0);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(troth_set_state_2, struct sock *sk, int oldstate, int newstate)
{
	if (state_changed(sk, oldstate, newstate, is_of_now()))
		bpf_tail_call(ctx, &state_end, 0);
	return 0;
}

TAIL(state_again, troth_set_state);
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(troth_set_state_3, struct sock *sk)
{
	bpf_tail_call(ctx, &state_again, 0);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(troth_set_state_4, struct sock *sk)
{
	bpf_tail_call(ctx, &state_again, 0);
	return 0;
}

/* Both ends of a socket that is gone: its own number may have been given back. */
static __always_inline int unseen_wanted(const struct sock *sk)
{
	const struct inet_sock *inet = CAST(inet_sock, sk);
	__u16 own = bpf_ntohs(FIELD(inet, inet_sport)),
	      peer = bpf_ntohs(FIELD(sk, __sk_common.skc_dport));

	if (!config.n_ports)
		return 1;
	for (__u32 i = 0; i < FILTER_PORTS; i++)
		if (i < config.n_ports && (config.ports[i] == own || config.ports[i] == peer))
			return 1;
	return 0;
}

/* A connection that carried data, that no hook ever knew, and that is not older than troth. */
static __always_inline void unseen_count(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_of(sk);

	if (config.roles != (1 << ROLES) - 1 || control.join_pass != JOIN_DONE || is_mptcp(tp) ||
	    (!FIELD(tp, segs_in) && !FIELD(tp, segs_out)) || !unseen_wanted(sk) ||
	    connection_find(sk) || connection_had_no_storage())
		return;
	if ((FIELD(tp, data_segs_in) || FIELD(tp, data_segs_out)) && !connection_is_older(sk))
		add(&losses.unseen, 1);
}

/* The last look at a connection, whatever had to wait. Returns 1 where it is wanted. */
static __always_inline int destroyed(struct sock *sk, int last)
{
	struct connection *c = connection_of(sk);

	if (!c && last && is_of_now())
		unseen_count(sk);
	if (last)
		connection_drop(sk);
	if (!c || (c->phase == PHASE_OVER && !c->bytes_in && !c->bytes_out))
		return 0;
	connection_post(c, END_GONE);
	return 1;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(troth_destroy, struct sock *sk)
{
	if (destroyed(sk, 0))
		bpf_tail_call(ctx, &destroy_end, 0);
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(troth_destroy_2, struct sock *sk)
{
	if (destroyed(sk, 1))
		bpf_tail_call(ctx, &destroy_end, 0);
	return 0;
}

TAIL(destroy_again, troth_destroy);
SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(troth_destroy_3, struct sock *sk)
{
	bpf_tail_call(ctx, &destroy_again, 0);
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(troth_destroy_4, struct sock *sk)
{
	bpf_tail_call(ctx, &destroy_again, 0);
	return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(troth_retransmit, struct sock *sk)
{
	struct series_counts *s;
	struct connection *c = connection_of(sk);

	if (!c || !is_of_now())
		return 0;
	s = series_stripe(c->series);
	if (s)
		add(&s->retransmits, 1);
	return 0;
}

#endif
