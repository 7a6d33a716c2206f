/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * end.h - how a connection's end, or silence, ends the exchange that is under way (DESIGN 3,
 * "Outcome"). Pure, like exchange.h; under the connection's lock.
 */
#ifndef TROTH_END_H
#define TROTH_END_H

#include "look.h"

enum end_event {
	END_PEER_FIN = 1 << 0,
	END_OUR_FIN = 1 << 1,
	END_OUR_CLOSE = 1 << 2, /* with OUR_FIN: a close, not a half-close */
	END_RESET_BY_PEER = 1 << 3,
	END_RESET_BY_US = 1 << 4,
	END_TIMED_OUT = 1 << 5,
	END_UNSENT = 1 << 6,	   /* bytes of ours had not been sent */
	END_UNACKED = 1 << 7,	   /* ... had been sent and not been acknowledged */
	END_FATAL_SIGNAL = 1 << 8, /* the process was being killed */
	END_GONE = 1 << 9,	   /* the socket is being destroyed: the last look */
	END_FINAL = END_OUR_FIN | END_RESET_BY_PEER | END_RESET_BY_US | END_TIMED_OUT | END_GONE,
};

/* Bytes of the peer's that no look has accounted. */
static __always_inline int end_unread(const struct connection *c, const struct look *l)
{
	return seq_after(l->received, c->read);
}

/* A request that was never answered is over now. */
static __always_inline void exchange_fail(struct connection *c, __u32 outcome, __u64 now,
					  struct ended_list *out)
{
	if (c->first_ns || c->flags & FLAG_ODD) {
		outcome = OUTCOME_UNKNOWN; /* something was answered that nobody understood */
		now = c->last_ns;
	}
	exchange_push(out, c, outcome, now, ENDED_EXCHANGE);
}

/* Data that no look has accounted, in an order that only the end can tell: it was a request. */
static __always_inline void end_unread_request(struct connection *c, const struct look *l,
					       struct ended_list *out)
{
	__u64 arrived = exchange_arrival(c, c->read);
	int known_http_body = c->protocol == PROTOCOL_HTTP && !(c->flags & FLAG_BODILESS);

	if (c->phase == PHASE_ANSWER && known_http_body) {
		out->unparsed_end++;
		return;
	}
	if ((c->phase != PHASE_IDLE && c->phase != PHASE_ANSWER) || c->flags & FLAG_JOINED ||
	    c->protocol == PROTOCOL_TLS)
		return;
	if (c->phase == PHASE_ANSWER)
		exchange_finish(c, out);
	exchange_begin(c, arrived, 0);
	if (!arrived)
		c->arrived_ns = l->now_ns;
	else if (!seq_after(l->read, c->read))
		c->flags &= ~FLAG_UNDIVIDED; /* it was never read: all of it is queueing */
}

/* Pipelined requests of which no answer was told apart; the one under way is not among them. */
static __always_inline void end_pipelined(struct connection *c, struct ended_list *out)
{
	__s32 under_way = c->phase == PHASE_REQUEST;

	if (c->flags & FLAG_MANY && (under_way || c->phase == PHASE_ANSWER) && c->asked > under_way)
		out->merged += c->asked - under_way;
	c->asked = 0;
}

static __always_inline void end_server(struct connection *c, const struct look *l, __u32 events,
				       struct ended_list *out)
{
	__u32 peer_left = events & (END_RESET_BY_PEER | END_TIMED_OUT);

	if (end_unread(c, l))
		end_unread_request(c, l, out);
	end_pipelined(c, out);
	if (c->phase == PHASE_REQUEST) {
		exchange_fail(
			c, peer_left || c->fins & FIN_PEER ? OUTCOME_ABORTED : OUTCOME_NO_RESPONSE,
			l->now_ns, out);
	} else if (c->phase == PHASE_ANSWER) {
		/*
		 * Unacknowledged alone proves nothing: the reset may carry the acknowledgement. But
		 * from who had closed already it says that nobody was there to receive.
		 */
		if (peer_left &&
		    (events & END_UNSENT || (events & END_UNACKED && c->flags & FLAG_AFTER_FIN)))
			c->outcome = OUTCOME_ABORTED;
		else if (events & (END_RESET_BY_US | END_FATAL_SIGNAL) && events & END_UNSENT)
			c->outcome = OUTCOME_SERVER_ERROR;
		exchange_finish(c, out);
	}
	c->phase = PHASE_OVER;
}

static __always_inline void end_client(struct connection *c, const struct look *l, __u32 events,
				       struct ended_list *out)
{
	__u32 peer_left = events & (END_RESET_BY_PEER | END_TIMED_OUT | END_PEER_FIN) ||
			  c->fins & FIN_PEER;

	end_pipelined(c, out);
	if (c->phase == PHASE_REQUEST)
		exchange_fail(
			c, peer_left && !end_unread(c, l) ? OUTCOME_NO_RESPONSE : OUTCOME_ABORTED,
			l->now_ns, out);
	else if (c->phase == PHASE_ANSWER)
		exchange_finish(c, out);
	c->phase = PHASE_OVER;
}

/*
 * Returns the events that cannot be judged yet and must be shown again: a send whose hook is
 * still on its way, an answer that has arrived and not been read.
 */
__noinline __u32 exchange_on_end(struct connection *c, const struct look *l, __u32 events,
				 struct ended_list *out)
{
	if (!c || !l || !out || c->phase == PHASE_OVER)
		return 0;
	if (events & END_PEER_FIN && !(c->fins & FIN_PEER))
		c->fins |= FIN_PEER;
	if (c->role == ROLE_CLIENT) {
		if ((events & (END_FINAL | END_OUR_CLOSE)) == END_OUR_FIN)
			return 0; /* a half-close: the answer still comes */
		if (events & END_PEER_FIN && c->phase != PHASE_REQUEST)
			events &= ~END_PEER_FIN;
		if (!(events & (END_FINAL | END_PEER_FIN)))
			return 0;
		if (end_unread(c, l) && !(events & (END_OUR_FIN | END_RESET_BY_US | END_GONE)) &&
		    c->phase == PHASE_REQUEST)
			return events;
	} else if (!(events & END_FINAL)) {
		return 0;
	}
	if (seq_after(l->written, c->written) && c->phase != PHASE_STREAM) {
		if (!(events & END_GONE))
			return events;
		look_catch_up(c, l, l->read, l->written, out);
		if (seq_after(l->written, c->written))
			blind_write(c, l, l->written, l->sent_ticks, out);
	}
	if (c->role == ROLE_CLIENT) {
		if (seq_after(l->read, c->read))
			look_catch_up(c, l, l->read, c->written, out);
		end_client(c, l, events, out);
		return 0;
	}
	end_server(c, l, events, out);
	if (seq_after(l->read, c->read)) {
		c->bytes_in += l->read - c->read;
		c->read = l->read;
	}
	return 0;
}

/*
 * Once a second. An answer that has been silent for idle_end is over, at its last byte; if
 * it goes on, it streamed. final: the measurement ends, and with it what has begun to answer.
 * Returns the age of a request that waits, 0 where none does.
 */
__noinline __u64 exchange_sweep(struct connection *c, const struct look *l, __u64 idle_end_ns,
				int final, struct ended_list *out)
{
	__u64 last;

	if (!c || !l || !out || c->phase == PHASE_OVER)
		return 0;
	last = c->last_ns;
	if (seq_after(l->read, c->read) || seq_after(l->written, c->written)) {
		/* Its hook may be on its way; what is as old as a silence was never looked at. */
		__u64 at = c->stamps[c->head & (STAMPS - 1)].ns;
		__u64 sent;

		look_tick(l, l->sent_ticks, &sent);
		if (sent > at && seq_after(l->written, c->written))
			at = sent;
		if (span_ns(at, l->now_ns) > idle_end_ns) {
			look_catch_up(c, l, l->read, l->written, out);
			if (seq_after(l->written, c->written))
				blind_write(c, l, l->written, l->sent_ticks, out);
			last = c->last_ns;
		} else if (c->phase == PHASE_ANSWER && !final) {
			return 0;
		}
	}
	if (c->phase == PHASE_ANSWER && !(c->flags & FLAG_VOID) &&
	    (final || span_ns(last, l->now_ns) > idle_end_ns)) {
		exchange_finish(c, out);
		if (!final)
			c->flags |= FLAG_TAIL;
	}
	if (c->phase == PHASE_REQUEST && c->flags & FLAG_ODD &&
	    (final || span_ns(last, l->now_ns) > idle_end_ns)) {
		exchange_fail(c, OUTCOME_UNKNOWN, last, out);
		c->phase = PHASE_ANSWER;
		asked_add(c, -1);
		c->flags |= FLAG_VOID;
	}
	if (c->phase == PHASE_REQUEST && !(c->flags & FLAG_ODD))
		return span_ns(c->arrived_ns, l->now_ns) + 1;
	if (end_unread(c, l) && c->role == ROLE_SERVER && !(c->flags & FLAG_JOINED) &&
	    c->protocol != PROTOCOL_TLS &&
	    (c->phase == PHASE_IDLE || (c->phase == PHASE_ANSWER && c->flags & FLAG_BODILESS))) {
		__u64 arrived = exchange_arrival(c, c->read);

		return arrived ? span_ns(arrived, l->now_ns) + 1 : 0;
	}
	return 0;
}

#endif
