/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * sweep.bpf.h - programs that user space runs: the walk that finds sockets older than troth,
 * and the sweep, once a second, that ends what is silent and tells what waits.
 */
#ifndef TROTH_SWEEP_BPF_H
#define TROTH_SWEEP_BPF_H

#include "connection.bpf.h"

/*
 * A connection on which nothing was said yet is as good as a new one. task NULL: it is seen because
 * data has come for it, and none of it was read; either it waited to be accepted when the
 * measurement began, or the hook that tells of new connections was skipped.
 */
static __always_inline int sk_is_new(const struct sock *sk, const struct task_struct *task)
{
	const struct tcp_sock *tp = tcp_of(sk);

	if (FIELD(tp, data_segs_out))
		return 0;
	return task ? !FIELD(tp, data_segs_in) :
		      FIELD(tp, bytes_received) == FIELD(tp, rcv_nxt) - FIELD(tp, copied_seq);
}

/* A connection that was there before; its role follows from who listens. */
static __noinline int connection_join(struct sock *sk, struct task_struct *task)
{
	struct series_counts *s;
	struct connection *c;
	__u32 role, flags;

	if (!sk || (!task && is_mptcp(tcp_of(sk))))
		return 0;
	flags = sk_is_new(sk, task) ? 0 : FLAG_JOINED;
	role = is_listened_on(netns_of(sk), FIELD(sk, __sk_common.skc_num)) ? ROLE_SERVER :
									      ROLE_CLIENT;
	c = connection_room(sk, role, !!task); /* else each segment would count it once more */
	if (!c || c->flags & FLAG_READY)
		return 0;
	if (c->flags & FLAG_CONNECTING)
		flags |= c->flags & FLAG_FACTS; /* a client whose ESTABLISHED was skipped */
	else
		c->series = endpoint_series(sk, role, role == ROLE_CLIENT ? task : 0, &flags);
	s = flags & FLAG_JOINED ? 0 : series_stripe(c->series);
	if (s && !task)
		add(&s->opened, 1);
	if (!s && !task && !connection_had_no_storage() && !connection_is_older(sk))
		add(&losses.unseen, 1); /* something was said before it was known */
	connection_fill(c, sk, c->flags & FLAG_CONNECTING ? ROLE_CLIENT : role, flags);
	return 0;
}

/* Data for a TCP socket that nobody knew: it was in nobody's file table when troth looked. */
static __always_inline int connection_join_unseen(struct sock *sk)
{
	/* Where one role is not wanted, its connections are unseen on purpose. */
	if (config.roles != (1 << ROLES) - 1 || control.join_pass != JOIN_DONE ||
	    FIELD(sk, __sk_common.skc_state) != TCP_ESTABLISHED || !sk_is_tcp(sk))
		return 0;
	if (!endpoint_wanted(sk, ROLE_SERVER) && !endpoint_wanted(sk, ROLE_CLIENT))
		return 0;
	return connection_join(sk, 0);
}

SEC("iter/task_file")
int troth_join(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *sock;
	struct sock *sk;
	int state;

	/*
	 * The walk's last run, without a task. Told here: user space may be held up, and what comes
	 * meanwhile would neither be older nor be found.
	 */
	if (!task && control.join_pass == JOIN_CONNECTIONS) {
		joined_ticks = bpf_jiffies64();
		control.join_pass = JOIN_DONE;
	}
	if (!task || !file)
		return 0;
	sock = bpf_sock_from_file(file);
	if (!sock)
		return 0;
	sk = sock->sk;
	if (!sk || !sk_is_tcp(sk))
		return 0;
	state = FIELD(sk, __sk_common.skc_state);
	if (control.join_pass == JOIN_LISTENERS && state == TCP_LISTEN)
		return listener_open(sk, task, 1);
	if (control.join_pass == JOIN_CONNECTIONS &&
	    (state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT || state == TCP_FIN_WAIT2))
		return connection_join(sk, task);
	return 0;
}

/* Most connections of a host have nothing to tell; a look without the lock says so. */
static __always_inline int sweep_may_skip(const struct connection *c, tcp_view tp)
{
	struct look l;

	look_steps(&l, c, tp);
	return !connection_waits(c) && !c->events && !c->bytes_in && !c->bytes_out &&
	       c->read == l.read && c->written == l.written &&
	       !seq_after(connection_received_seq(c, tp), c->read);
}

SEC_EACH_CONNECTION
int troth_sweep(each_connection *ctx)
{
	struct ended_list out = {};
	struct in_flight line = {};
	struct connection *c;
	struct sock *sk;
	struct look l;
	__u64 age;

	c = connection_next(ctx, &sk);
	if (!c)
		return 0;
	series_seen(c->series);
	if (!(c->flags & FLAG_READY))
		return 0;
	LOOK_AT(tp, sk);
	if (sweep_may_skip(c, tp) || !connection_enter(c, TRIES_OF_CALLS))
		return 0;
	LOOK_AGAIN(tp, sk);
	if (c->events)
		connection_end_locked(c, tp, &l, &out);
	look_fill(&l, c, tp,
		  control.sweep_final && control.stopped_ns ? control.stopped_ns :
							      bpf_ktime_get_ns());
	if (control.sweep_final && c->phase != PHASE_OVER)
		connection_catch_up(c, &l, l.read, l.written, &out); /* no hook is on its way */
	age = exchange_sweep(c, &l, control.sweep_final ? FINAL_IDLE_NS : control.idle_end_ns,
			     control.sweep_final, &out);
	connection_flush(c, tp);
	line.series = c->series;
	connection_settle(c, sk, tp, &l, &out);
	count_out(c, &out);
	if (age) {
		line.age_ns = age;
		bpf_seq_write(ctx->meta->seq, &line, sizeof(line));
	}
	return 0;
}

/* What listeners had to drop since the last look. */
SEC("iter/bpf_sk_storage_map")
int troth_sweep_listeners(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct sock *sk = ctx->sk;
	struct series_counts *s;
	struct listening *l;
	__u32 drops, flags = 0;

	if (!sk || !ctx->value || FIELD(sk, __sk_common.skc_state) != TCP_LISTEN)
		return 0;
	l = bpf_sk_storage_get(&listening, sk, 0, 0);
	if (!l || !l->ready)
		return 0;
	listener_seen(&l->key);
	drops = FIELD(sk, sk_drops.counter) - l->drops;
	if (!drops || !endpoint_wanted(sk, ROLE_SERVER))
		return 0;
	l->drops += drops;
	s = series_stripe(endpoint_series(sk, ROLE_SERVER, 0, &flags));
	if (s)
		add(&s->accept_overflows, drops);
	return 0;
}

#endif
