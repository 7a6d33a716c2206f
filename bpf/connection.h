/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * connection.h - what is kept of one connection, and of the data that has arrived on it. Pure.
 *
 * Whoever calls holds the connection's lock, except for exchange_on_data(), whose fields only
 * arrivals write: the socket's own lock keeps those in order.
 */
#ifndef TROTH_CONNECTION_H
#define TROTH_CONNECTION_H

#include "window.h"

#define STAMPS 4 /* power of two: arrivals kept until they are read */

enum phase {
	PHASE_IDLE,    /* nothing was asked yet */
	PHASE_REQUEST, /* asked, not answered */
	PHASE_ANSWER,  /* an answer has begun; the next request ends it */
	PHASE_STREAM,  /* 101 or CONNECT: bytes, no exchanges */
	PHASE_OVER,    /* our side has closed: nothing can be answered any more */
};

enum connection_flag {
	FLAG_BODILESS = 1 << 0,	 /* the request ended with its header: the next bytes are another */
	FLAG_TUNNEL = 1 << 1,	 /* a CONNECT waits for its 2xx */
	FLAG_NEXT = 1 << 2,	 /* next_* hold what may be the beginning of the next request */
	FLAG_UNDIVIDED = 1 << 3, /* when the request was read is not known */
	FLAG_GATHER = 1 << 4,	 /* the first bytes of the request are still being gathered */
	FLAG_ODD = 1 << 5,	 /* something was written that is no answer of the protocol */
	FLAG_VOID = 1 << 6,	 /* the answer under way is in no count, or in one already */
	FLAG_TAIL = 1 << 7,	 /* silence ended the answer: if it goes on, it streamed */
	FLAG_OPAQUE = 1 << 8,	 /* nothing here is understood: alternation alone decides */
	FLAG_JOINED = 1 << 9,	 /* older than the measurement: wait for a beginning */
	FLAG_FACTS = 1 << 12,	 /* whose the endpoint is, is still to be noted */
	FLAG_EARLY = 1 << 14, /* what is not accounted was read behind a write that is not either */
	FLAG_CONNECTING = 1 << 15,
	FLAG_BODIED = 1 << 16,	  /* the request was seen to be one that a body may follow */
	FLAG_READY = 1 << 17,	  /* every field is set */
	FLAG_MANY = 1 << 18,	  /* it pipelines: one call may hold several answers */
	FLAG_AFTER_FIN = 1 << 19, /* the answer began after the peer had closed */
	FLAG_PREFACED = 1 << 20,  /* what a protocol says before the first request has been said */
	FLAG_BESIDE = 1 << 21, /* the rest of what is no part of an answer comes in the next call */
};

#define MESSAGES_USED 0x8000

enum fin { FIN_PEER = 1, FIN_OURS = 2 };

/* Data that began to arrive at ns, and what had been written by then. */
struct stamp {
	__u64 ns;
	__u32 seq;
	__u32 written;
	__u32 sent_ticks;
	__u32 merged; /* later arrivals, each after another write, that found no stamp of their own */
};

/*
 * In the order of use: an exchange touches four lines of 64 bytes (the first begins 8 bytes in,
 * behind what the kernel keeps of a socket's storage), what is rare stands behind them.
 */
struct connection {
	__u32 lock;
	__u32 events;	/* enum end_event, posted by who could not take the lock */
	__u32 read;	/* copied_seq: reads accounted up to here */
	__u32 written;	/* write_seq: writes accounted up to here */
	__u32 received; /* rcv_nxt at the last arrival */
	__u32 head;	/* newest stamp */
	__u32 series;
	__u32 flags;
	__u8 role;
	__u8 phase;
	__u8 protocol;
	__u8 outcome;
	__u8 interim;	/* inside an interim answer's header: 1, after a line feed: 2 */
	__u8 fruitless; /* scans in a row that found nothing */
	__s8 asked;	/* requests less answers; below 0 some requests were not told apart */
	__u8 state;	/* of TCP, as last handled; written by changes of state only */
	__u32 fins; /* enum fin; written by changes of state only, which the socket's lock orders */
	__u32 single;	      /* a call no longer than that holds one request */
	__u32 begin_slack_ns; /* the true begin lies in [arrived, arrived + that] */
	__u16 messages[2]; /* sendmmsg, recvmmsg: message of the call that comes next, and _USED */
	__u64 arrived_ns;
	__u64 read_ns;
	__u64 complete_ns;
	__u64 first_ns; /* 0: no byte of the answer yet */
	__u64 last_ns;
	__u64 slack_ns; /* the true end lies in [last - slack, last] */
	__u64 bytes_in; /* not yet in the series */
	__u64 bytes_out;
	struct stamp stamps[STAMPS];
	__u64 next_arrived_ns;
	__u64 next_read_ns;
	__u64 early_ns; /* where FLAG_EARLY: when the first of it was read */
	__u64 opened_ns;
	__u32 next_slack_ns;  /* as begin_slack_ns, of next_arrived_ns */
	__u32 peer_fin;	      /* sequence number of the peer's FIN, where FIN_PEER */
	__u32 our_fin;	      /* of ours, where FIN_OURS */
	__u32 merged_written; /* what had been written when a stamp last merged another arrival */
	struct window gather; /* first bytes that came in pieces */
};
_Static_assert(__builtin_offsetof(struct connection, arrived_ns) == 64 - 8,
	       "not at a line's start");
_Static_assert(__builtin_offsetof(struct connection, stamps) == 128 - 8, "not at a line's start");

/* That many more requests have been seen, or answers, where n is below 0. */
static __always_inline void asked_add(struct connection *c, __s32 n)
{
	__s32 asked = c->asked + n;

	c->asked = asked > 127 ? 127 : asked < -128 ? -128 : asked;
}

/* Can a call hold no other answer than the one that is waited for, or none but the rest of one? */
static __always_inline int asked_is_one(const struct connection *c)
{
	return c->asked + (c->phase == PHASE_ANSWER) == 1;
}

/* Is an exchange under way, that its end would count? */
static __always_inline int connection_waits(const struct connection *c)
{
	return c->phase == PHASE_REQUEST || (c->phase == PHASE_ANSWER && !(c->flags & FLAG_VOID));
}

enum ended_kind {
	ENDED_EXCHANGE,
	ENDED_STREAMED, /* counted before; went on after its end */
};

/* One exchange that is over. Parts are 0 where they are not known. */
struct ended {
	__u64 duration_ns;
	__u64 queue_ns;
	__u64 receive_ns;
	__u64 service_ns;
	__u64 send_ns;
	__u32 slack_ns; /* how much shorter it may have been; at most 4 s can be told */
	__u8 outcome;
	__u8 kind;
	__u8 divided;
	__u8 pad;
};

/*
 * What one look ended. More than two cannot be held; they are counted as merged. (Small, for it
 * is on a stack of 512 bytes that the whole of a hook shares.)
 */
#define ENDED_MAX 2
struct ended_list {
	struct ended e[ENDED_MAX];
	__u64 slack_ns; /* in: how much earlier than its time the step that is shown may have been */
	__u32 coalesced;
	__u16 merged;
	__u8 n;
	__u8 caught_up; /* steps; 255: that many or more */
	__u8 unparsed_end;
	__u8 unscanned;
	__u8 pad[6];
};

static __always_inline void ended_clear(struct ended_list *out)
{
	out->slack_ns = 0;
	out->coalesced = 0;
	out->merged = 0;
	out->n = 0;
	out->caught_up = 0;
	out->unparsed_end = 0;
	out->unscanned = 0;
}

static __always_inline int seq_after(__u32 a, __u32 b)
{
	return (__s32)(a - b) > 0;
}

static __always_inline __u64 span_ns(__u64 from, __u64 to)
{
	return to > from ? to - from : 0;
}

/* The newest stamp that began at or before seq; NULL: older than any. */
static __always_inline const struct stamp *exchange_stamp(const struct connection *c, __u32 seq)
{
	__u32 head = c->head;

	if (!seq_after(c->received, seq))
		return 0; /* no hook saw it come */
#pragma unroll
	for (__u32 i = 0; i < STAMPS; i++) {
		const struct stamp *s = &c->stamps[(head - i) & (STAMPS - 1)];

		if (s->ns && !seq_after(s->seq, seq))
			return s;
	}
	return 0;
}

static __always_inline __u64 exchange_arrival(const struct connection *c, __u32 seq)
{
	const struct stamp *s = exchange_stamp(c, seq);

	return s ? s->ns : 0;
}

/* Do STAMPS arrivals wait to be accounted? A slot is needed while a byte of its stretch is not. */
static __always_inline int exchange_is_full(const struct connection *c)
{
	__u32 head = c->head;

	return c->stamps[(head + 1) & (STAMPS - 1)].ns &&
	       seq_after(c->stamps[(head + 2) & (STAMPS - 1)].seq, c->read);
}

/* What had been written when data last arrived. */
static __always_inline __u32 exchange_last_written(const struct connection *c)
{
	const struct stamp *s = &c->stamps[c->head & (STAMPS - 1)];

	return s->merged ? c->merged_written : s->written;
}

/*
 * Data has arrived: bytes from the last arrival's rcv_nxt up to received. Where there is no room for
 * it, it is dated like the newest of those that wait.
 */
static __always_inline void exchange_on_data(struct connection *c, __u32 received, __u32 written,
					     __u32 sent_ticks, __u64 now)
{
	__u32 from = c->received;
	__u32 head = c->head;
	struct stamp *s = &c->stamps[(head + 1) & (STAMPS - 1)];

	if (received == from)
		return;
	c->received = received;
	if (exchange_is_full(c)) {
		s = &c->stamps[head & (STAMPS - 1)];
		if (written != exchange_last_written(c)) {
			c->merged_written = written;
			__sync_fetch_and_add(&s->merged, 1);
		}
		return;
	}
	s->ns = now;
	s->merged = 0;
	s->written = written;
	s->sent_ticks = sent_ticks;
	s->seq = from;
	PUBLISH(c->head, head + 1);
}

#endif
