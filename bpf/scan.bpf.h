/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * scan.bpf.h - pipelined HTTP/1: does one call hold several requests, how many answers does
 * it hold? Slow, and therefore looked at only where the length of a call says that it may.
 */
#ifndef TROTH_SCAN_BPF_H
#define TROTH_SCAN_BPF_H

#include "payload.bpf.h"

#define SCAN_STEP   32
#define SCAN_BEYOND 12	  /* a status line that begins in a step may end beyond it */
#define SCAN_BYTES  16384 /* of one call, whatever its vectors */

struct scan {
	__u64 base;
	__u32 length;
	__u32 found;
	__u32 requests; /* what is looked for: ends of headers that something follows, or answers */
	__u8 bytes[SCAN_STEP + SCAN_BEYOND];
};

/* 1 if x (< 2^32) is 0. Without a branch: the verifier has one path to follow, not 2^64. */
static __always_inline __u32 scan_is_zero(__u64 x)
{
	return (x - 1) >> 63;
}

/* "HTTP/1.x ddd" of a final answer: 2xx to 5xx. */
static __always_inline __u32 scan_is_status(const __u8 *b)
{
	__u32 other = (b[0] ^ 'H') | (b[1] ^ 'T') | (b[2] ^ 'T') | (b[3] ^ 'P') | (b[4] ^ '/') |
		      (b[5] ^ '1') | (b[6] ^ '.') | (b[8] ^ ' ');

	return scan_is_zero(other | ((b[9] & 0xfe) ^ '2')) +
	       scan_is_zero(other | ((b[9] & 0xfe) ^ '4'));
}

/* A blank line and something behind it. */
static __always_inline __u32 scan_is_header_end(const __u8 *b)
{
	return scan_is_zero((b[0] ^ '\n') | (b[1] ^ '\r') | (b[2] ^ '\n') | scan_is_zero(b[3]));
}

/* One step; 1 ends the loop. */
static long scan_step(__u64 index, void *context)
{
	struct scan *s = context;
	__u32 at = index * SCAN_STEP, found = 0, n;

	if (at >= s->length)
		return 1;
	n = s->length - at;
	__builtin_memset(s->bytes, 0, sizeof(s->bytes)); /* so that nothing is found at the end */
	if (n > sizeof(s->bytes))
		n = sizeof(s->bytes);
	barrier_var(n);
	if (n > sizeof(s->bytes) || bpf_probe_read_user(s->bytes, n, (const void *)(s->base + at)))
		return 1;
	if (s->requests) {
		for (int i = 0; i < SCAN_STEP; i++)
			found += scan_is_header_end(&s->bytes[i]);
	} else {
		for (int i = 0; i < SCAN_STEP; i++)
			found += scan_is_status(&s->bytes[i]);
	}
	s->found += found;
	return 0;
}

REPEATABLE(scan_step)

/* How often it is found in length bytes from base. */
__noinline __u32 scan_buffer(__u64 base, __u32 length, __u32 requests)
{
	struct scan s = { .base = base, .length = length, .requests = requests };

	REPEAT(SCAN_BYTES / SCAN_STEP, scan_step, &s);
	return s.found;
}

static __always_inline __u32 scan_vectors(__u64 vectors, __u64 n, __u32 length, __u32 requests)
{
	__u32 found = 0;

	for (__u32 i = 0; i < VECTORS_MAX && i < n && length; i++) {
		struct iovec v;
		__u32 here;

		if (bpf_probe_read_user(&v, sizeof(v), (void *)(vectors + i * sizeof(v))))
			break;
		here = v.iov_len < length ? v.iov_len : length;
		found += scan_buffer((__u64)v.iov_base, here, requests);
		length -= here;
	}
	return found;
}

/* The same over the call that we are in, of which length bytes moved; not over many messages. */
__noinline __u32 scan_call(__u32 length, __u32 requests)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct pt_regs *regs = task_registers(task);
	struct message_vectors v;

	if (length > SCAN_BYTES)
		length = SCAN_BYTES;
	switch (payload_call(task, regs)) {
	case CALL_BUFFER:
		return scan_buffer(CALL_ARG2(regs), length, requests);
	case CALL_VECTOR:
		return scan_vectors(CALL_ARG2(regs), CALL_ARG3(regs), length, requests);
	case CALL_MESSAGE:
		return payload_message_vectors(CALL_ARG2(regs), &v) ?
			       0 :
			       scan_vectors(v.vectors, v.n, length, requests);
	default:
		return 0;
	}
}

#endif
