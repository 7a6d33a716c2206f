/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * payload.bpf.h - the first bytes of a call, through the registers with which the current task entered
 * the kernel. They are believed only if the call is one that carries a buffer (see call_is_over()).
 */
#ifndef TROTH_PAYLOAD_BPF_H
#define TROTH_PAYLOAD_BPF_H

#include "maps.bpf.h"

#define PF_IO_WORKER 0x00000010
#define PF_KTHREAD   0x00200000
#define MSG_PEEK     0x02
#define MSG_TRUNC    0x20
#define TS_COMPAT    0x0002
#define MESSAGES_MAX 1024 /* of one call: the kernel's own limit, UIO_MAXIOV */
#define VECTORS_MAX  8	  /* vectors of one call that are gathered into a window */

enum call {
	CALL_OTHER,
	CALL_BUFFER,   /* (fd, buffer, ...) */
	CALL_VECTOR,   /* (fd, iovec *, n) */
	CALL_MESSAGE,  /* (fd, msghdr *, ...) */
	CALL_MESSAGES, /* (fd, mmsghdr *, n, ...) */
	CALL_BODY,     /* no buffer of the caller's */
};

#if defined(__TARGET_ARCH_x86)
#define SYS_READ     0
#define SYS_READV    19
#define SYS_PREADV2  327
#define SYS_RECVFROM 45
#define SYS_RECVMSG  47
#define SYS_RECVMMSG 299
#define SYS_WRITE    1
#define SYS_WRITEV   20
#define SYS_PWRITEV2 328
#define SYS_SENDTO   44
#define SYS_SENDMSG  46
#define SYS_SENDMMSG 307
#define SYS_SENDFILE 40
#define SYS_SPLICE   275

/* A 32-bit program: its numbers mean other calls. */
static __always_inline int call_is_compat(const struct task_struct *task,
					  const struct pt_regs *regs)
{
	(void)regs;
	return task->thread_info.status & TS_COMPAT;
}

#define CALL_NUMBER(regs) ((regs)->orig_ax)
#define CALL_ARG2(regs)	  ((regs)->si)
#define CALL_ARG3(regs)	  ((regs)->dx)
#elif defined(__TARGET_ARCH_arm64)
#define SYS_READ     63
#define SYS_READV    65
#define SYS_PREADV2  286
#define SYS_RECVFROM 207
#define SYS_RECVMSG  212
#define SYS_RECVMMSG 243
#define SYS_WRITE    64
#define SYS_WRITEV   66
#define SYS_PWRITEV2 287
#define SYS_SENDTO   206
#define SYS_SENDMSG  211
#define SYS_SENDMMSG 269
#define SYS_SENDFILE 71
#define SYS_SPLICE   76

#define PSTATE_MODE32 0x10

static __always_inline int call_is_compat(const struct task_struct *task,
					  const struct pt_regs *regs)
{
	(void)task;
	return regs->user_regs.pstate & PSTATE_MODE32;
}

#define CALL_NUMBER(regs) ((__u64)(regs)->syscallno)
#define CALL_ARG2(regs)	  ((regs)->user_regs.regs[1])
#define CALL_ARG3(regs)	  ((regs)->user_regs.regs[2])
#else
#error "payload.bpf.h: no system call numbers for this architecture"
#endif

static __always_inline enum call call_of(__u64 nr)
{
	switch (nr) {
	case SYS_READ:
	case SYS_WRITE:
	case SYS_SENDTO:
	case SYS_RECVFROM:
		return CALL_BUFFER;
	case SYS_READV:
	case SYS_WRITEV:
	case SYS_PREADV2:
	case SYS_PWRITEV2:
		return CALL_VECTOR;
	case SYS_SENDMSG:
	case SYS_RECVMSG:
		return CALL_MESSAGE;
	case SYS_RECVMMSG:
	case SYS_SENDMMSG:
		return CALL_MESSAGES;
	case SYS_SENDFILE:
	case SYS_SPLICE:
		return CALL_BODY;
	default:
		return CALL_OTHER;
	}
}

/* The first vector fills the window; what a later one adds is enough to go on to the head's end. */
static __always_inline void payload_take(struct window *w, __u64 base, __u64 available)
{
	__u32 at = w->length, limit = at ? WINDOW_BYTES - WINDOW_HEAD : WINDOW_BYTES, n;

	if (at >= WINDOW_HEAD || !available)
		return;
	n = available < limit ? available : limit;
	barrier_var(n); /* clang knows that it is in bounds; the verifier wants to see it */
	if (n > limit)
		return;
	if (at) {
		if (bpf_probe_read_user(&w->bytes[BOUNDED(at, WINDOW_HEAD)], n, (void *)base))
			return;
	} else if (bpf_probe_read_user(w->bytes, n, (void *)base)) {
		return;
	}
	w->length = at + n;
}

/* length: bytes that the call moved. */
static __always_inline void payload_gather(struct window *w, __u64 vectors, __u64 n, __u32 length)
{
	for (__u32 i = 0; i < VECTORS_MAX; i++) {
		struct iovec v;
		__u64 available;

		if (i >= n || w->length >= WINDOW_HEAD || w->length >= length)
			break;
		if (bpf_probe_read_user(&v, sizeof(v), (const void *)(vectors + i * sizeof(v))))
			break;
		available = v.iov_len;
		if (available > length - w->length)
			available = length - w->length;
		payload_take(w, (__u64)v.iov_base, available);
	}
}

/* Of a msghdr only the vectors matter. */
struct message_vectors {
	__u64 vectors;
	__u64 n;
};

static __always_inline int payload_message_vectors(__u64 message, struct message_vectors *v)
{
	return bpf_probe_read_user(
		v, sizeof(*v), (void *)(message + __builtin_offsetof(struct user_msghdr, msg_iov)));
}

__noinline int payload_vector(struct window *w, __u64 vectors, __u64 n, __u32 length)
{
	if (!w)
		return 0;
	payload_gather(w, vectors, n, length);
	return 0;
}

__noinline int payload_message(struct window *w, __u64 message, __u32 length)
{
	struct message_vectors v;

	if (!w || payload_message_vectors(message, &v))
		return 0;
	payload_gather(w, v.vectors, v.n, length);
	return 0;
}

/*
 * Messages of one sendmmsg or recvmmsg come to the hook one by one and do not say which they
 * are: the connection counts them, for each direction, and starts over after the last.
 */
static __always_inline __u64 payload_next_message(struct connection *c, int receiving,
						  __u64 messages, __u64 n)
{
	__u32 i = c->messages[receiving & 1] & ~MESSAGES_USED;

	c->messages[receiving & 1] = (i + 1 < n && i + 1 < MESSAGES_MAX ? i + 1 : 0) |
				     (n > 1 ? MESSAGES_USED : 0);
	return messages + i * sizeof(struct mmsghdr);
}

/* Bytes that a message would hold, of its first vectors. */
static __always_inline __u64 payload_message_room(__u64 message)
{
	struct message_vectors v;
	__u64 room = 0;

	if (payload_message_vectors(message, &v) || v.n > VECTORS_MAX)
		return 0;
	for (__u32 i = 0; i < VECTORS_MAX && i < v.n; i++) {
		struct iovec one;

		if (bpf_probe_read_user(&one, sizeof(one), (void *)(v.vectors + i * sizeof(one))))
			return 0;
		room += one.iov_len;
	}
	return room;
}

__noinline int payload_messages(struct window *w, struct connection *c, __u64 messages, __u64 n,
				__u64 length_and_direction)
{
	__u32 length = length_and_direction, receiving = length_and_direction >> 32 & 1;
	__u64 message;

	if (!w || !c)
		return 0;
	message = payload_next_message(c, receiving, messages, n);
	payload_message(w, message, length);
	/* A message that was sent in part is the last of its call. */
	if (!receiving && payload_message_room(message) > length)
		c->messages[0] &= MESSAGES_USED;
	return 0;
}

static __always_inline enum call payload_call(const struct task_struct *task,
					      const struct pt_regs *regs)
{
	if (task->flags & (PF_KTHREAD | PF_IO_WORKER) || call_is_over(regs) ||
	    call_is_compat(task, regs))
		return CALL_OTHER;
	return call_of(CALL_NUMBER(regs));
}

/* Whatever the call. (Global, so that the verifier does not follow each way through the rest.) */
__noinline int payload_read_any(struct window *w, struct connection *c, __u32 length, int receiving)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct pt_regs *regs;

	if (!w || !c)
		return 0;
	regs = task_registers(task);
	w->length = 0;
	w->state = WINDOW_UNREADABLE;
	switch (payload_call(task, regs)) {
	case CALL_BUFFER:
		payload_take(w, CALL_ARG2(regs), length);
		break;
	case CALL_VECTOR:
		payload_vector(w, CALL_ARG2(regs), CALL_ARG3(regs), length);
		break;
	case CALL_MESSAGE:
		payload_message(w, CALL_ARG2(regs), length);
		break;
	case CALL_MESSAGES:
		payload_messages(w, c, CALL_ARG2(regs), CALL_ARG3(regs),
				 length | (__u64)receiving << 32);
		break;
	case CALL_BODY:
		w->state = WINDOW_BODY;
		add(&losses.bodiless_window, 1);
		return 0;
	default:
		add(&losses.no_registers, 1);
		return 0;
	}
	if (w->length)
		w->state = w->length < WINDOW_HEAD && w->length < length ? WINDOW_SHORT :
									   WINDOW_FILLED;
	else
		add(&losses.unreadable, 1);
	return 0;
}

/* Fills w for a call that moved length (> 0) bytes; what is most common, in line. */
static __always_inline void payload_read(struct window *w, struct connection *c, __u32 length,
					 int receiving)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct pt_regs *regs = task_registers(task);

	if (length >= WINDOW_BYTES && payload_call(task, regs) == CALL_BUFFER) {
		w->length = WINDOW_BYTES;
		w->state = WINDOW_FILLED;
		if (!bpf_probe_read_user(w->bytes, WINDOW_BYTES, (void *)CALL_ARG2(regs)))
			return;
	}
	payload_read_any(w, c, length, receiving);
}

#endif
