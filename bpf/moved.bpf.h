/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * moved.bpf.h - what a system call that has returned has moved, and on which socket: from its registers
 * and the caller's descriptors. For the syscall backend. Knows: files, sockets, messages of one call.
 * Must not know: programs, what requests and answers are.
 */
#ifndef TROTH_MOVED_BPF_H
#define TROTH_MOVED_BPF_H

#include "call.bpf.h"

#define MESSAGES_OF_CALL 24 /* told apart in one call; what follows goes with the last of them */

/*
 * What is looked at in a call. Not on the stack: frames would be deeper than 512 bytes, and the verifier
 * would follow the rest once for each way in which this was set. While a program runs on a CPU, the
 * kernel does not run it there once more, nor what it leaves for: there is one for each of COPIES.
 */
#define BLOCK 512 /* of a tcp_sock, from the first to the last field of interest */
struct moved {
	struct window w;
	__u32 length; /* bytes of the call, or of one of its messages ... */
	__u32 later;  /* ... and of those behind that */
	__u32 readable;
	__u32 message;
	__u32 taken;
	struct tcp_copy tcp;
	__u8 block[BLOCK];
};

#define COPIES 4
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COPIES);
	__type(key, __u32);
	__type(value, struct moved);
} moves SEC(".maps");

static __always_inline struct moved *moved_take(void)
{
	for (__u32 i = 0; i < COPIES; i++) {
		__u32 copy = i;
		struct moved *m = bpf_map_lookup_elem(&moves, &copy);

		if (!config.preempted || !m)
			return m;
		if (!__sync_val_compare_and_swap(&m->taken, 0, 1))
			return m;
	}
	return 0;
}

static __always_inline void moved_give(struct moved *m)
{
	if (config.preempted)
		*(volatile __u32 *)&m->taken = 0;
}

#if defined(__TARGET_ARCH_x86)
#define CALL_ARG1(regs) ((regs)->di)
#define CALL_ARG4(regs) ((regs)->r10)
#else
#define CALL_ARG1(regs) ((regs)->orig_x0)
#define CALL_ARG4(regs) ((regs)->user_regs.regs[3])
#endif

#define TCP_OFFSET(field) bpf_core_field_offset(struct tcp_sock, field)
#define TCP_REACH(field)                                                                           \
	do {                                                                                       \
		low = TCP_OFFSET(field) < low ? TCP_OFFSET(field) : low;                           \
		high = TCP_OFFSET(field) > high ? TCP_OFFSET(field) : high;                        \
	} while (0)
#define TCP_TAKE(field)                                                                            \
	m->tcp.field = *(__typeof__(m->tcp.field) *)&m->block[TCP_OFFSET(field) - low]

/*
 * Copies what calls look at, all but srtt_us, in one read, where it lies as close together as on every
 * kernel known.
 */
static __always_inline tcp_view tcp_of_call(struct moved *m, const struct sock *sk)
{
	__u32 low = TCP_OFFSET(rcv_nxt), high = low;

	TCP_REACH(tcp_clock_cache);
	TCP_REACH(tcp_wstamp_ns);
	TCP_REACH(copied_seq);
	TCP_REACH(snd_nxt);
	TCP_REACH(write_seq);
	TCP_REACH(lsndtime);
	if (high - low > BLOCK - sizeof(__u64)) {
		tcp_copy_fill(&m->tcp, sk);
		return &m->tcp;
	}
	bpf_probe_read_kernel(m->block, high - low + sizeof(__u64), (const void *)sk + low);
	TCP_TAKE(tcp_clock_cache);
	TCP_TAKE(tcp_wstamp_ns);
	TCP_TAKE(rcv_nxt);
	TCP_TAKE(copied_seq);
	TCP_TAKE(snd_nxt);
	TCP_TAKE(write_seq);
	TCP_TAKE(lsndtime);
	m->tcp.state = FIELD(sk, __sk_common.skc_state);
	return &m->tcp;
}

/* The socket behind a file descriptor of the current task: it knows its file. NULL: there is none. */
static __always_inline struct sock *sock_of(struct task_struct *task, __u32 fd)
{
	const struct files_struct *files = task->files;
	const struct fdtable *fdt;
	const struct socket *socket;
	struct file *file;
	struct {
		struct file *file;
		struct sock *sk;
	} both;

	if (!files)
		return 0;
	fdt = files->fdt;
	if (fd >= fdt->max_fds || bpf_probe_read_kernel(&file, sizeof(file), &fdt->fd[fd]) || !file)
		return 0;
	socket = FIELD(file, private_data);
	if (!socket)
		return 0;
	if (bpf_core_field_offset(struct socket, sk) ==
	    bpf_core_field_offset(struct socket, file) + sizeof(both.file)) {
		if (bpf_probe_read_kernel(&both, sizeof(both), &socket->file))
			return 0;
	} else {
		both.file = FIELD(socket, file);
		both.sk = FIELD(socket, sk);
	}
	return both.file == file ? both.sk : 0;
}

/* What is kept of the connection on which the call was made; NULL: nothing is. */
static __always_inline struct connection *call_connection(struct task_struct *task, __u32 fd,
							  struct sock **sk)
{
	struct connection *c;

	*sk = sock_of(task, fd);
	if (!*sk)
		return 0;
	c = connection_find(*sk);
	return c && c->flags & (FLAG_READY | FLAG_CONNECTING) ? c : 0;
}

/* Bytes that message i of the call has moved. */
static __always_inline __u32 message_length(__u64 messages, __u32 i)
{
	__u32 length = 0;

	bpf_probe_read_user(&length, sizeof(length),
			    (void *)(messages + i * sizeof(struct mmsghdr) +
				     __builtin_offsetof(struct mmsghdr, msg_len)));
	return length;
}

struct messages {
	__u64 messages;
	__u32 i;
	__u32 n;
	__u32 length;
};

static long message_add(__u64 step, void *context)
{
	struct messages *m = context;

	(void)step;
	if (m->i >= m->n)
		return 1;
	m->length += message_length(m->messages, m->i++);
	return 0;
}
REPEATABLE(message_add)

/* What messages from the i-th of n on have moved. */
__noinline __u32 messages_length(__u64 messages, __u32 i, __u32 n)
{
	struct messages m = { .messages = messages, .i = i, .n = n };

	REPEAT(MESSAGES_MAX, message_add, &m);
	return m.length;
}

/* Of sendmmsg and recvmmsg, the message that comes next. */
static __noinline int moved_message(struct moved *m, struct connection *c, __u64 messages, __u32 n,
				    int receiving)
{
	if (!m || !c)
		return 0;
	m->message = c->messages[receiving & 1] & ~MESSAGES_USED;
	m->length = message_length(messages, m->message);
	m->later = messages_length(messages, m->message + 1, n);
	if (m->message + 1 == MESSAGES_OF_CALL) {
		m->length += m->later;
		m->later = 0;
	}
	return 0;
}

/* Is there one more? The last that is told apart stands for all that follow. */
static __always_inline int message_next(const struct moved *m, struct connection *c, int receiving,
					__u32 n)
{
	__u32 i = m->message + 1;
	int more = i < n && i < MESSAGES_OF_CALL;

	c->messages[receiving] = (more ? i : 0) | (n > 1 ? MESSAGES_USED : 0);
	return more;
}

/* Fills m for the call, all of it. */
static __always_inline void moved_call(struct moved *m, __u32 length, __u32 readable)
{
	m->length = length;
	m->later = 0;
	m->readable = readable;
}

#endif
