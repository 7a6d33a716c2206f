/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * window.h - the first bytes of a request or of an answer, and what a parser may say of them.
 * Pure. Parsers read windows; hooks fill them.
 */
#ifndef TROTH_WINDOW_H
#define TROTH_WINDOW_H

#include "abi.h"

/*
 * Stores a word that others read without a lock, after all that was stored before it. On x86 stores
 * keep their order.
 */
#if defined(__TARGET_ARCH_arm64)
#define PUBLISH(word, value) ((void)__sync_lock_test_and_set(&(word), value))
#else
#define PUBLISH(word, value)                                                                       \
	do {                                                                                       \
		asm volatile("" ::: "memory");                                                     \
		*(volatile __typeof__(word) *)&(word) = (value);                                   \
	} while (0)
#endif

#define WINDOW_BYTES 64
#define WINDOW_HEAD  16 /* of those, what every message is looked at for; a power of two */

/* Why there are no bytes, where there are none. */
enum window_state {
	WINDOW_FILLED,
	WINDOW_SHORT,	   /* filled, but the call moved more than could be gathered */
	WINDOW_UNREADABLE, /* the call's bytes cannot be read: the outcome is not known */
	WINDOW_BODY,	   /* sendfile, splice: no buffer, but never the head of a message either */
};

struct window {
	__u8 bytes[WINDOW_BYTES] __attribute__((aligned(8)));
	__u32 total;  /* bytes that the call moved, where that is more than length */
	__u32 length; /* bytes filled; 0: none, state says why */
	__u32 state;
};

enum request_verdict {
	REQUEST_NO,
	REQUEST_MORE,	 /* too few bytes to tell */
	REQUEST_PREFACE, /* no, but after this the first of them may come */
	REQUEST_YES,
	REQUEST_BODILESS, /* yes, and nothing but the next request can follow it */
	REQUEST_TUNNEL,	  /* yes, and a successful answer turns the connection into a stream */
};

/* An outcome (enum outcome) or one of these. */
enum response_verdict {
	RESPONSE_NO = OUTCOMES, /* not the beginning of an answer */
	RESPONSE_MORE,
	RESPONSE_INTERIM,     /* an answer follows */
	RESPONSE_UNSEEN,      /* one may have followed already, where the window does not reach */
	RESPONSE_SWITCH,      /* what follows is a stream */
	RESPONSE_BESIDE,      /* neither a beginning nor a part of one */
	RESPONSE_BESIDE_MORE, /* the same, and so is the next call */
};

/*
 * A mask that clang may not drop although it knows the value to be in bounds: the verifier,
 * which sees each register alone, may not.
 */
#define BOUNDED(value, limit)                                                                      \
	({                                                                                         \
		__u32 _bounded = (value);                                                          \
		asm volatile("" : "+r"(_bounded));                                                 \
		_bounded &((limit)-1);                                                             \
	})

/* What no hook saw has no window at all. */
#define NO_WINDOW ((const struct window *)0)

static __always_inline __u32 window_length(const struct window *w)
{
	return w ? w->length : 0;
}

static __always_inline void window_clear(struct window *w)
{
	w->length = 0;
	w->state = WINDOW_UNREADABLE;
	w->total = 0;
}

static __always_inline __u8 window_at(const struct window *w, __u32 i)
{
	__u32 at = BOUNDED(i, WINDOW_BYTES);

	/* Before the comparison: after it, Linux 6.1 may believe in bounds that exclude each other. */
	asm volatile("" : "+r"(at));
	return i < w->length ? w->bytes[at] : 0;
}

#endif
