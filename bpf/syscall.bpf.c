// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * syscall.bpf.c - the syscall backend, for kernels without the socket tracepoints (5.15 to 6.2) or on
 * request: the end of every system call, and every TCP segment that arrives. A call that is not one
 * of a few costs the first program alone; what those do leave for programs of their own, each with
 * its own stack.
 */
/* First: the others take it as it is. */
#include "backend_syscall.bpf.h"

#include "call.bpf.h"
#include "sweep.bpf.h"
#include "tcp.bpf.h"

#include "moved.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define TCP_FIN 1

enum way { WAY_RECEIVED, WAY_SENT, WAY_MESSAGES, WAYS };

int troth_received(unsigned long long *ctx);
int troth_sent(unsigned long long *ctx);
int troth_messages(unsigned long long *ctx);
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, WAYS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__array(values, int(void *));
} ways SEC(".maps") = { .values = {
				[WAY_RECEIVED] = (void *)&troth_received,
				[WAY_SENT] = (void *)&troth_sent,
				[WAY_MESSAGES] = (void *)&troth_messages,
			} };

static __always_inline enum way way_of(__u64 nr)
{
	switch (nr) {
	case SYS_READ:
	case SYS_READV:
	case SYS_PREADV2:
	case SYS_RECVFROM:
	case SYS_RECVMSG:
		return WAY_RECEIVED;
	case SYS_WRITE:
	case SYS_WRITEV:
	case SYS_PWRITEV2:
	case SYS_SENDFILE:
	case SYS_SENDTO:
	case SYS_SENDMSG:
	case SYS_SPLICE:
		return WAY_SENT;
	case SYS_RECVMMSG:
	case SYS_SENDMMSG:
		return WAY_MESSAGES;
	default:
		return WAYS;
	}
}

/* One of the copies: see looked_before(). */
static __always_inline void call_left(void *ctx, const struct pt_regs *regs, long ret, int copy)
{
	enum way way;

	if (ret <= 0)
		return;
	way = way_of(CALL_NUMBER(regs));
	if (way < WAYS && !control.stopped_ns && !looked_before(0, copy, COPIES))
		bpf_tail_call(ctx, &ways, way);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(troth_sys_exit, struct pt_regs *regs, long ret)
{
	call_left(ctx, regs, ret, 1);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(troth_sys_exit_2, struct pt_regs *regs, long ret)
{
	call_left(ctx, regs, ret, 2);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(troth_sys_exit_3, struct pt_regs *regs, long ret)
{
	call_left(ctx, regs, ret, 3);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(troth_sys_exit_4, struct pt_regs *regs, long ret)
{
	call_left(ctx, regs, ret, 4);
	return 0;
}

/* The flags of a receive, where it has any. */
static __always_inline __u64 receive_flags(const struct pt_regs *regs)
{
	switch (CALL_NUMBER(regs)) {
	case SYS_RECVFROM:
	case SYS_RECVMMSG:
		return CALL_ARG4(regs);
	case SYS_RECVMSG:
		return CALL_ARG3(regs);
	default:
		return 0;
	}
}

SEC("tp_btf/sys_exit")
int BPF_PROG(troth_received, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct connection *c;
	struct moved *m;
	tcp_view tp;
	struct sock *sk;
	int more = 0;

	if (call_is_compat(task, regs) || receive_flags(regs) & MSG_PEEK)
		return 0;
	c = call_connection(task, CALL_ARG1(regs), &sk);
	if (!c)
		return 0;
	if (!(c->flags & FLAG_READY) || WITHHELD())
		return 0;
	m = moved_take();
	if (!m)
		return 0;
	tp = tcp_of_call(m, sk);
	moved_call(m, ret, !(receive_flags(regs) & MSG_TRUNC) && CALL_NUMBER(regs) != SYS_SPLICE);
	if (CALL_NUMBER(regs) == SYS_RECVMMSG)
		moved_message(m, c, CALL_ARG2(regs), ret, 1);
	if (m->length)
		call_ended(sk, tp, c, &m->w, m->length, m->later, 1, m->readable);
	if (CALL_NUMBER(regs) == SYS_RECVMMSG)
		more = message_next(m, c, 1, ret);
	moved_give(m);
	if (more)
		bpf_tail_call(ctx, &ways, WAY_RECEIVED);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(troth_sent, struct pt_regs *regs, long ret)
{
	int splice = CALL_NUMBER(regs) == SYS_SPLICE, more = 0;
	struct task_struct *task = bpf_get_current_task_btf();
	struct connection *c;
	struct moved *m;
	tcp_view tp;
	struct sock *sk;

	if (call_is_compat(task, regs))
		return 0;
	c = call_connection(task, splice ? CALL_ARG3(regs) : CALL_ARG1(regs), &sk);
	if (!c) {
		if (splice)
			bpf_tail_call(ctx, &ways, WAY_RECEIVED);
		return 0;
	}
	if ((!(c->flags & FLAG_READY) && !client_late(sk, ret)) || WITHHELD())
		return 0;
	m = moved_take();
	if (!m)
		return 0;
	tp = tcp_of_call(m, sk);
	moved_call(m, ret, 1);
	if (CALL_NUMBER(regs) == SYS_SENDMMSG)
		moved_message(m, c, CALL_ARG2(regs), ret, 0);
	if (m->length)
		call_ended(sk, tp, c, &m->w, m->length, m->later, 0, m->readable);
	if (CALL_NUMBER(regs) == SYS_SENDMMSG)
		more = message_next(m, c, 0, ret);
	moved_give(m);
	if (more)
		bpf_tail_call(ctx, &ways, WAY_SENT);
	return 0;
}

/* sendmmsg and recvmmsg: a look for each message. The first of them comes next. */
SEC("tp_btf/sys_exit")
int BPF_PROG(troth_messages, struct pt_regs *regs, long ret)
{
	int receiving = CALL_NUMBER(regs) == SYS_RECVMMSG;
	struct connection *c;
	struct sock *sk;

	c = call_connection(bpf_get_current_task_btf(), CALL_ARG1(regs), &sk);
	if (!c)
		return 0;
	c->messages[receiving & 1] &= MESSAGES_USED;
	bpf_tail_call(ctx, &ways, receiving ? WAY_RECEIVED : WAY_SENT);
	return 0;
}

/*
 * What looks see of a socket that the verifier knows: loads. (Its state is read before the rest is, but
 * the socket's lock is held.)
 */
static __always_inline int tcp_of_segment(struct tcp_copy *t, struct sock *sk)
{
	const struct tcp_sock *tp = (const struct tcp_sock *)bpf_skc_to_tcp_sock(sk);

	if (!tp)
		return 0;
	t->rcv_nxt = tp->rcv_nxt;
	t->copied_seq = tp->copied_seq;
	t->write_seq = tp->write_seq;
	t->lsndtime = tp->lsndtime;
	t->srtt_us = tp->srtt_us;
	t->state = sk->__sk_common.skc_state;
	return 1;
}

struct segment {
	__u32 begin, end; /* as in tcp_skb_cb, whose first fields they are ever since */
};

/* Has it data? Where it ends is without a FIN. */
static __always_inline int segment_of(struct segment *s, const struct sk_buff *skb)
{
	const struct tcp_skb_cb *cb = (const void *)skb + bpf_core_field_offset(struct sk_buff, cb);

	if (bpf_probe_read_kernel(s, sizeof(*s), cb) || s->begin == s->end)
		return 0;
	s->end -= FIELD(cb, tcp_flags) & TCP_FIN;
	return s->begin != s->end;
}

/* Is it in order, and new? */
static __always_inline int segment_is_next(const struct segment *s, tcp_view tp)
{
	return seq_after(s->end, tp->rcv_nxt) && !seq_after(s->begin, tp->rcv_nxt);
}

static __always_inline void arrived(struct connection *c, tcp_view tp, __u32 received)
{
	exchange_on_data(c, received, connection_write_seq(c, tp), tp->lsndtime,
			 bpf_ktime_get_ns());
}

TAIL(crowd, troth_crowd);
SEC("tp_btf/tcp_probe")
int BPF_PROG(troth_crowd, struct sock *sk, struct sk_buff *skb)
{
	struct connection *c = connection_of(sk);
	struct tcp_copy tp = {};
	struct segment segment;

	KEEP_ORDINARY_STACK(ctx, crowd);
	if (!c || !segment_of(&segment, skb) || !tcp_of_segment(&tp, sk))
		return 0;
	crowd_look(c, sk, &tp);
	arrived(c, &tp, segment.end);
	return 0;
}

/* A segment has come, before it is put into the queue. Segments of one socket never race each other. */
SEC("tp_btf/tcp_probe")
int BPF_PROG(troth_segment, struct sock *sk, struct sk_buff *skb)
{
	struct segment segment;
	struct tcp_copy tp = {};
	struct connection *c;
	__u32 queued;

	if (control.stopped_ns || !segment_of(&segment, skb))
		return 0;
	c = connection_known(sk->__sk_common.skc_cookie.counter);
	if (!c || !(c->flags & FLAG_READY)) {
		connection_join_unseen(sk);
		c = connection_of(sk);
		if (!c)
			return 0;
	}
	if (!tcp_of_segment(&tp, sk) || !segment_is_next(&segment, &tp))
		return 0;
	/* What had come out of order, or with the handshake, came when the last segment did. */
	queued = connection_received_seq(c, &tp);
	if (seq_after(queued, c->received))
		c->received = queued;
	if (exchange_is_full(c) && connection_write_seq(c, &tp) != exchange_last_written(c))
		bpf_tail_call(ctx, &crowd, 0);
	arrived(c, &tp, segment.end);
	return 0;
}
