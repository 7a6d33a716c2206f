// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * socket.bpf.c - the socket backend (kernels from 6.3): three hooks an exchange. Each finds the
 * connection, what moved, the payload and now, and shows them to the pure part.
 */
/* First: the others take it as it is. */
#include "backend_socket.bpf.h"

#include "call.bpf.h"
#include "sweep.bpf.h"
#include "tcp.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* A server's first receive before the handshake is over. (A program of its own, for its stack.) */
TAIL(early, troth_early);
TAIL(again, troth_recv);
SEC("tp_btf/sock_recv_length")
int BPF_PROG(troth_early, struct sock *sk, int ret)
{
	struct connection *c;

	if (!sk_is_tcp(sk))
		return 0;
	c = connection_make(sk, ROLE_SERVER, 0, 1);
	if (!c)
		return 0;
	connection_open_early(c, sk);
	bpf_tail_call(ctx, &again, 0); /* now it is known */
	return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(troth_recv, struct sock *sk, int ret, int flags)
{
	struct connection *c;
	struct window w;

	if (flags & MSG_PEEK || control.stopped_ns)
		return 0;
	c = connection_of(sk);
	if (!c && ret > 0 && sk->__sk_common.skc_state == TCP_SYN_RECV)
		bpf_tail_call(ctx, &early, 0);
	if (ret > 0)
		return c && !WITHHELD() ?
			       call_ended(sk, tcp_of(sk), c, &w, ret, 0, 1, !(flags & MSG_TRUNC)) :
			       0;
	call_failed(c, 1);
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(troth_send, struct sock *sk, int ret, int flags)
{
	struct connection *c;
	struct window w;

	KEEP_ORDINARY_STACK(ctx, no_tails);
	if (control.stopped_ns)
		return 0;
	c = connection_of(sk);
	if (ret <= 0) {
		call_failed(c, 0);
		return 0;
	}
	if (!c && sk->sk_bpf_storage && client_late(sk, ret))
		c = connection_of(sk);
	return c && !WITHHELD() ? call_ended(sk, tcp_of(sk), c, &w, ret, 0, 0, 1) : 0;
}

/* Copies, see looked_before(): attached in the place of the two above, which they leave for. */
#define COPIES 2
TAIL(send, troth_send);
#define DEFINE_COPY(name, tracepoint, hook, copy, map)                                             \
	SEC("tp_btf/" #tracepoint)                                                                 \
	int name(unsigned long long *ctx)                                                          \
	{                                                                                          \
		if (!looked_before(hook, copy, COPIES))                                            \
			bpf_tail_call(ctx, &map, 0);                                               \
		return 0;                                                                          \
	}

DEFINE_COPY(troth_recv_1, sock_recv_length, 0, 1, again)
DEFINE_COPY(troth_recv_2, sock_recv_length, 0, 2, again)
DEFINE_COPY(troth_send_1, sock_send_length, 1, 1, send)
DEFINE_COPY(troth_send_2, sock_send_length, 1, 2, send)

static __always_inline void arrived(struct connection *c, const struct tcp_sock *tp)
{
	exchange_on_data(c, tp->rcv_nxt, connection_write_seq(c, tp), tp->lsndtime,
			 tp->tcp_clock_cache);
}

TAIL(crowd, troth_crowd);
SEC("tp_btf/sk_data_ready")
int BPF_PROG(troth_crowd, struct sock *sk)
{
	struct connection *c = connection_of(sk);

	KEEP_ORDINARY_STACK(ctx, crowd);
	if (!c)
		return 0;
	crowd_look(c, sk, tcp_of(sk));
	arrived(c, tcp_of(sk));
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

	if (sk->__sk_common.skc_state == TCP_LISTEN || control.stopped_ns)
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

	if (ret <= 0 || !control.self_test_port ||
	    sk->__sk_common.skc_num != control.self_test_port || sk->sk_protocol != IPPROTO_TCP)
		return 0;
	self_test.cached_ns = tcp_of(sk)->tcp_clock_cache;
	self_test.now_ns = bpf_ktime_get_ns();
	task = bpf_get_current_task_btf();
	/* Not subtracted here: which of them is a pointer to the verifier depends on the kernel. */
	self_test.stack = (__u64)task->stack;
	self_test.regs = (__u64)bpf_task_pt_regs(task);
	return 0;
}
