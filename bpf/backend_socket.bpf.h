/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * backend_socket.bpf.h - what only the socket backend does: the kernel's objects are read by direct
 * loads, a connection is kept in its socket's storage, and hooks run inside the system call.
 * backend_syscall.bpf.h is the other; each BPF object includes one of them first.
 */
#ifndef TROTH_BACKEND_BPF_H
#define TROTH_BACKEND_BPF_H

#include "maps.bpf.h"

void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym;

#define CAST(type, object)                                                                         \
	((const struct type *)bpf_rdonly_cast(object, bpf_core_type_id_kernel(struct type)))
#define FIELD(object, field) ((object)->field)

static __always_inline const struct tcp_sock *tcp_of(const struct sock *sk)
{
	return CAST(tcp_sock, sk);
}

/* What looks see of a TCP socket: the socket itself. */
#define tcp_view	     const struct tcp_sock *
#define LOOK_AT(view, sk)    tcp_view view = tcp_of(sk)
#define LOOK_AGAIN(view, sk) ((void)sk)

static __always_inline int state_of(tcp_view tp)
{
	return ((const struct sock *)tp)->__sk_common.skc_state;
}

/* One per TCP socket of interest; freed with it. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct connection);
} connections SEC(".maps");

/* What is kept of a socket; NULL: nothing is. */
static __always_inline struct connection *connection_find(struct sock *sk)
{
	return sk->sk_bpf_storage ? bpf_sk_storage_get(&connections, sk, 0, 0) : 0;
}

/* The same, or room for it, all zero; NULL: there is none. */
static __always_inline struct connection *connection_add(struct sock *sk)
{
	struct connection *c;

	c = bpf_sk_storage_get(&connections, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	return c ? c : bpf_sk_storage_get(&connections, sk, 0, 0); /* somebody else was faster */
}

/* All data passes a hook. */
static __always_inline void data_with_handshake(struct connection *c, __u32 received)
{
	(void)c;
	(void)received;
}

/* The socket is gone. */
static __always_inline void connection_drop(struct sock *sk)
{
	(void)sk; /* and its storage with it */
}

#define SEC_EACH_CONNECTION SEC("iter/bpf_sk_storage_map")
#define each_connection	    struct bpf_iter__bpf_sk_storage_map

static __always_inline struct connection *connection_next(each_connection *ctx, struct sock **sk)
{
	*sk = ctx->sk;
	return ctx->sk && ctx->value ? bpf_sk_storage_get(&connections, ctx->sk, 0, 0) : 0;
}

/* Calls step(i, context), i from 0, until it returns 1; n times, where it does not. */
#define REPEATABLE(step)
#define REPEAT(n, step, context) bpf_loop(n, step, context, 0)

/* The registers with which the current task entered the kernel. */
static __always_inline const struct pt_regs *task_registers(struct task_struct *task)
{
	if (control.regs_offset)
		return CAST(pt_regs, (void *)task->stack + control.regs_offset);
	return (const struct pt_regs *)bpf_task_pt_regs(task);
}

/*
 * The call whose registers these are has returned already. (x86: ax is -ENOSYS until then; arm64: x0
 * is still orig_x0.) Task work of io_uring runs with the registers of an older call.
 */
static __always_inline int call_is_over(const struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->ax != (unsigned long)-38; /* ENOSYS */
#else
	return regs->user_regs.regs[0] != regs->orig_x0;
#endif
}

#endif
