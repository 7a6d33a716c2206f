// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * socket.bpf.c - the socket backend (kernels from 6.3): three hooks an exchange. Each finds the
 * connection, what moved, the payload and now, and shows them to the pure part.
 */
#include "connection.bpf.h"
#include "scan.bpf.h"
#include "sweep.bpf.h"
#include "tcp.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* kTLS: the call's length is plain text, the step is records. The step counts. */
static __always_inline __u32 step_length(const struct sock *sk, __u32 step, __u32 length)
{
	const struct inet_connection_sock *icsk;

	if (step == length)
		return length;
	icsk = bpf_rdonly_cast(sk, bpf_core_type_id_kernel(struct inet_connection_sock));
	return icsk->icsk_ulp_ops ? step : length;
}

/*
 * What the send hook calls now: the moment of transmission, where everything written was
 * sent; on loopback the hook itself runs only after the peer was served.
 */
static __always_inline __u64 send_time(const struct tcp_sock *tp)
{
	__u64 cached = tp->tcp_clock_cache, sent = tp->tcp_wstamp_ns;

	if (tp->snd_nxt != tp->write_seq || !cached)
		return bpf_ktime_get_ns();
	return sent && sent < cached ? sent : cached;
}

static __always_inline __u64 recv_time(const struct tcp_sock *tp)
{
	return recv_clock_is_cached ? tp->tcp_clock_cache : bpf_ktime_get_ns();
}

/*
 * Requests that follow another in the same call (asked of what is longer than any call that held one
 * alone), or answers that begin in it and not at its beginning (where more than one is waited for).
 */
static __always_inline __u32 pipelined(const struct connection *c, const struct window *w,
				       __u32 length, int is_request)
{
	__u32 found;

	if (is_request ? length <= c->single :
			 !(c->flags & FLAG_MANY) || c->asked + (c->phase == PHASE_ANSWER) < 2)
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
 * What both hooks do. length: bytes of the call; receiving: a constant, each hook has its own copy.
 * readable: the bytes are in the caller's buffer.
 */
static __always_inline int call_ended(struct sock *sk, struct connection *c, __u32 length,
				      int receiving, int readable)
{
	const struct tcp_sock *tp = tcp_of(sk);
	int is_request = c->role == (receiving ? ROLE_SERVER : ROLE_CLIENT);
	struct ended_list out;
	struct window w;
	struct look l;
	__u32 many;

	if (receiving && c->flags & FLAG_FACTS)
		endpoint_note_facts(sk, c->role);
	window_clear(&w);
	w.total = length;
	if (is_request ? exchange_wants_request(c, length,
						receiving ? tp->write_seq != c->written :
							    tp->copied_seq != c->read) :
			 exchange_wants_response(c)) {
		if (readable)
			payload_read(&w, c, length, receiving);
		else
			add(&losses.unreadable, 1);
	}
	many = pipelined(c, &w, length, is_request);
	l.now_ns = receiving ? recv_time(tp) : send_time(tp);
	ended_clear(&out);
	if (!connection_enter(c, TRIES_OF_CALLS))
		return 0;
	/* Where answers pass requests on their way, a read waits for its own look, which counts them. */
	l.read = !receiving && is_request && c->flags & FLAG_MANY ? c->read :
								    connection_read_seq(c, tp);
	l.written = connection_write_seq(c, tp);
	l.length = step_length(sk, receiving ? l.read - c->read : l.written - c->written, length);
	if (!(receiving ? look_is_plain_recv(c, &l) : look_is_plain_send(c, &l))) {
		l.sent_ticks = tp->lsndtime;
		l.now_ticks = bpf_jiffies64();
		l.tick_ns = tick_ns;
		if (receiving)
			connection_catch_up(c, &l, l.read - l.length, l.written - recv_waits(c, &l),
					    &out);
		else
			connection_catch_up(c, &l, l.read, l.written - l.length, &out);
	}
	if (receiving)
		look_recv(c, &l, &w, &out);
	else
		look_send(c, &l, &w, &out);
	exchange_note_many(c, is_request, many, length, &out);
	if (receiving)
		c->flags &= ~FLAG_FACTS;
	connection_settle(c, tp, &l, &out);
	count_out(c, &out);
	return 0;
}

/* A recvmmsg or sendmmsg that can go no further ends here. */
static __always_inline void call_failed(struct connection *c, int receiving)
{
	if (c && c->messages[receiving] & ~MESSAGES_USED)
		c->messages[receiving] &= MESSAGES_USED;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(troth_recv, struct sock *sk, int ret, int flags)
{
	struct connection *c;

	if (flags & MSG_PEEK || stopped_ns)
		return 0;
	c = connection_of(sk);
	if (!c && ret > 0 && sk->__sk_common.skc_state == TCP_SYN_RECV)
		bpf_tail_call(ctx, &early, 0);
	if (ret > 0)
		return c && !WITHHELD() ? call_ended(sk, c, ret, 1, !(flags & MSG_TRUNC)) : 0;
	call_failed(c, 1);
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(troth_send, struct sock *sk, int ret, int flags)
{
	struct connection *c;

	KEEP_ORDINARY_STACK(ctx, no_tails);
	if (stopped_ns)
		return 0;
	c = connection_of(sk);
	if (ret <= 0) {
		call_failed(c, 0);
		return 0;
	}
	if (!c && sk->sk_bpf_storage && client_late(sk, ret))
		c = connection_of(sk);
	return c && !WITHHELD() ? call_ended(sk, c, ret, 0, 1) : 0;
}

static __always_inline void arrived(struct connection *c, const struct tcp_sock *tp)
{
	exchange_on_data(c, tp->rcv_nxt, connection_write_seq(c, tp), tp->lsndtime,
			 tp->tcp_clock_cache);
}

/* Data has come after a write, and there is no room for another arrival. */
TAIL(crowd, troth_crowd);
SEC("tp_btf/sk_data_ready")
int BPF_PROG(troth_crowd, struct sock *sk)
{
	struct connection *c = connection_of(sk);
	const struct tcp_sock *tp = tcp_of(sk);
	struct ended_list out = {};
	struct look l;

	KEEP_ORDINARY_STACK(ctx, crowd);
	if (!c)
		return 0;
	if (connection_enter(c, TRIES_OF_EVENTS)) {
		look_fill(&l, c, tp, bpf_ktime_get_ns());
		look_oldest(c, &l, l.read, l.written, &out);
		connection_settle(c, tp, &l, &out);
		count_out(c, &out);
	}
	arrived(c, tp);
	return 0;
}

/*
 * Data has come; in softirq, or in whoever releases the socket. The segment was stamped just
 * before. Arrivals of one socket never race each other: the socket is locked.
 */
SEC("tp_btf/sk_data_ready")
int BPF_PROG(troth_data_ready, struct sock *sk)
{
	const struct tcp_sock *tp;
	struct connection *c;

	if (sk->__sk_common.skc_state == TCP_LISTEN || stopped_ns)
		return 0;
	c = connection_of(sk);
	if (!c) {
		connection_join_unseen(sk);
		c = connection_of(sk);
		if (!c)
			return 0;
	}
	tp = tcp_of(sk);
	if (exchange_is_full(c) && connection_write_seq(c, tp) != exchange_last_written(c))
		bpf_tail_call(ctx, &crowd, 0);
	arrived(c, tp);
	return 0;
}

/* Is the receive path's cached clock fresh? Attached for the self-test only. */
SEC("tp_btf/sock_recv_length")
int BPF_PROG(troth_self_test, struct sock *sk, int ret, int flags)
{
	struct task_struct *task;

	if (ret <= 0 || !self_test_port || sk->__sk_common.skc_num != self_test_port ||
	    sk->sk_protocol != IPPROTO_TCP)
		return 0;
	self_test.cached_ns = tcp_of(sk)->tcp_clock_cache;
	self_test.now_ns = bpf_ktime_get_ns();
	task = bpf_get_current_task_btf();
	/* Not subtracted here: which of them is a pointer to the verifier depends on the kernel. */
	self_test.stack = (__u64)task->stack;
	self_test.regs = (__u64)bpf_task_pt_regs(task);
	return 0;
}
