/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * backend_syscall.bpf.h - what only the syscall backend does: a socket found from a file descriptor
 * is an address to the verifier, so the kernel's objects are read by helper and connections are
 * kept in a hash. Its key is the socket's cookie, which the kernel gives out once: addresses are used
 * again. backend_socket.bpf.h is the other; each BPF object includes one of them first.
 */
#ifndef TROTH_BACKEND_BPF_H
#define TROTH_BACKEND_BPF_H

#include "maps.bpf.h"

#define CAST(type, object)   ((const struct type *)(object))
#define FIELD(object, field) BPF_CORE_READ(object, field)

static __always_inline const struct tcp_sock *tcp_of(const struct sock *sk)
{
	return CAST(tcp_sock, sk);
}

/* What looks see of a TCP socket: a copy, for each read by a helper takes some 25 ns. */
struct tcp_copy {
	__u64 tcp_clock_cache;
	__u64 tcp_wstamp_ns;
	__u32 rcv_nxt;
	__u32 copied_seq;
	__u32 snd_nxt;
	__u32 write_seq;
	__u32 lsndtime;
	__u32 srtt_us;
	__u32 state;
	__u32 pad;
};
#define tcp_view const struct tcp_copy *
#define LOOK_AT(view, sk)                                                                          \
	struct tcp_copy view##_copy;                                                               \
	tcp_view view = &view##_copy;                                                              \
	tcp_copy_fill(&view##_copy, sk)
#define LOOK_AGAIN(view, sk) tcp_copy_fill((struct tcp_copy *)view, sk)

/* The state last: see without_peer_fin(). */
static __noinline int tcp_copy_fill(struct tcp_copy *t, const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_of(sk);

	if (!t)
		return 0;
	t->tcp_clock_cache = FIELD(tp, tcp_clock_cache);
	t->tcp_wstamp_ns = FIELD(tp, tcp_wstamp_ns);
	t->rcv_nxt = FIELD(tp, rcv_nxt);
	t->copied_seq = FIELD(tp, copied_seq);
	t->snd_nxt = FIELD(tp, snd_nxt);
	t->write_seq = FIELD(tp, write_seq);
	t->lsndtime = FIELD(tp, lsndtime);
	t->srtt_us = FIELD(tp, srtt_us);
	t->state = FIELD(sk, __sk_common.skc_state);
	return 0;
}

static __always_inline int state_of(tcp_view tp)
{
	return tp->state;
}

struct tracked {
	struct connection connection; /* first */
	__u64 sk;
	__u64 dead; /* sweeps that have seen it, and one, since its socket is gone */
};

/*
 * Entries outlive their sockets by a sweep or two: a program on another CPU may hold a pointer to
 * one, and newer kernels use memory of a map again at once.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CONNECTIONS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct tracked);
} connections SEC(".maps");

const volatile __u64 nobody[sizeof(struct tracked) / sizeof(__u64)] = {};

static __always_inline __u64 cookie_of(const struct sock *sk)
{
	return FIELD(sk, __sk_common.skc_cookie.counter);
}

/* What is kept of the socket with that cookie; NULL: nothing is. */
static __always_inline struct connection *connection_known(__u64 cookie)
{
	return cookie ? bpf_map_lookup_elem(&connections, &cookie) : 0;
}

/* The same of a socket. */
static __always_inline struct connection *connection_find(const struct sock *sk)
{
	return connection_known(cookie_of(sk));
}

/* The same, or room for it, all zero; NULL: there is none. */
static __always_inline struct connection *connection_add(struct sock *sk)
{
	__u64 cookie = bpf_get_socket_cookie(sk);
	struct tracked *t;

	t = bpf_map_lookup_elem(&connections, &cookie);
	if (!t) {
		bpf_map_update_elem(&connections, &cookie, (const void *)nobody, BPF_NOEXIST);
		t = bpf_map_lookup_elem(&connections, &cookie);
	}
	if (!t)
		return 0;
	t->sk = (__u64)sk;
	return &t->connection;
}

/*
 * Data that comes with the end of the handshake, as all does where the server defers to accept, passes no
 * hook of ours: it came when the connection was established, which the first stamp says.
 */
static __always_inline void data_with_handshake(struct connection *c, __u32 received)
{
	__u32 begin = c->stamps[0].seq;

	if (!c->head && c->stamps[0].ns && c->received == begin && (__s32)(received - begin) > 0)
		__sync_val_compare_and_swap(&c->received, begin, received);
}

/* The socket is gone. */
static __always_inline void connection_drop(struct sock *sk)
{
	struct tracked *t = (struct tracked *)connection_find(sk);

	if (t && !t->dead)
		t->dead = 1;
}

#define SEC_EACH_CONNECTION SEC("iter/bpf_map_elem")
#define each_connection	    struct bpf_iter__bpf_map_elem /* no typedef: CO-RE takes its name */

/* Removes on the way whose socket has been gone for two sweeps. */
static __always_inline struct connection *connection_next(each_connection *ctx, struct sock **sk)
{
	const __u64 *key = ctx->key;
	struct tracked *t;
	__u64 cookie;
	int is_it;

	if (!key || !ctx->value)
		return 0;
	cookie = *key;
	t = bpf_map_lookup_elem(&connections, &cookie);
	if (!t || !t->sk)
		return 0; /* not there any more, or just being made */
	*sk = (struct sock *)t->sk;
	is_it = cookie_of(*sk) == cookie;
	if (!t->dead && (!is_it || !FIELD(*sk, __sk_common.skc_refcnt.refs.counter)))
		t->dead = 1; /* the hooks that tell so were skipped */
	if (!t->dead)
		return &t->connection;
	if (t->dead++ < 2) {
		__sync_fetch_and_or(&t->connection.events, END_GONE);
		return is_it ? &t->connection : 0;
	}
	if (connection_waits(&t->connection))
		add(&losses.merged, 1);
	bpf_map_delete_elem(&connections, &cookie);
	return 0;
}

/* Elements do not matter, only how many: bpf_loop() came with 5.17, this with 5.13. */
#define STEPS 2048
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, STEPS);
	__type(key, __u32);
	__type(value, __u32);
} steps SEC(".maps");

/*
 * Calls step(i, context), i from 0, until it returns 1; n times at least, where it does not. i starts
 * over at STEPS. (At the last of these it may be called once more after a 1.)
 */
#define REPEATABLE(step)                                                                           \
	static long step##_each(struct bpf_map *map, const __u32 *i, __u32 *value, void *context)  \
	{                                                                                          \
		(void)map;                                                                         \
		(void)value;                                                                       \
		return step(*i, context);                                                          \
	}                                                                                          \
	static __attribute__((unused)) long step##_all(struct bpf_map *map, const __u32 *i,        \
						       __u32 *value, void *context)                \
	{                                                                                          \
		(void)map;                                                                         \
		(void)i;                                                                           \
		(void)value;                                                                       \
		return bpf_for_each_map_elem(&steps, step##_each, context, 0) < STEPS;             \
	}
#define REPEAT(n, step, context)                                                                   \
	bpf_for_each_map_elem(&steps, (n) > STEPS ? step##_all : step##_each, context, 0)

/* The registers with which the current task entered the kernel. */
static __always_inline const struct pt_regs *task_registers(struct task_struct *task)
{
	return (const struct pt_regs *)bpf_task_pt_regs(task);
}

/* Hooks run when it has returned, and before its task goes on. */
static __always_inline int call_is_over(const struct pt_regs *regs)
{
	(void)regs;
	return 0;
}

#endif
