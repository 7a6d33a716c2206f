/* SPDX-License-Identifier: Apache-2.0 */
/*
 * script.h - a TCP socket played from a script, so that the state machine sees what hooks show it:
 * sequence numbers, ticks, arrivals, calls, the end. Each hook here does what its program in
 * bpf/socket.bpf.c and bpf/tcp.bpf.h does around the pure part; fields that a program leaves unset
 * hold rubbish.
 *
 *	at(&s, 10); arrives(&s, GET);
 *	at(&s, 30); reads(&s, GET);
 *	at(&s, 80); sends(&s, OK);
 *
 * Times are microseconds. What ended is kept in s.ended, in order.
 */
#ifndef TROTH_TESTS_SCRIPT_H
#define TROTH_TESTS_SCRIPT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef SCRIPT_ASSERT /* a fuzzer brings its own */
#include <cmocka.h>
#define SCRIPT_ASSERT assert_true
#endif

#include "native.h"

#include "../../bpf/end.h"

#define GET	  "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST	  "POST /cart HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"
#define BODY	  "0123456789"
#define OK	  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define ERROR	  "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
#define NOT_FOUND "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
#define CONTINUE  "HTTP/1.1 100 Continue\r\n\r\n"

#define TICK_NS	      4000000ULL  /* HZ=250 */
#define FIRST_SEQ     0xffffff80u /* soon to wrap */
#define START_NS      (1000 * TICK_NS + 12345)
#define FINAL_IDLE_NS 100000000ULL
#define IDLE_END_NS   5000000000ULL
#define SECOND	      1000000 /* in at()'s microseconds */
#define ENDED_KEPT    256
#define RUBBISH	      0x5eadbeefu

struct script {
	struct connection c;
	uint64_t now_ns;
	uint32_t arrived_seq;	 /* rcv_nxt */
	uint32_t read_seq;	 /* copied_seq */
	uint32_t written_seq;	 /* write_seq */
	uint64_t sent_ns;	 /* the last transmission */
	const uint8_t *withheld; /* [hook]: this receive or send hook never runs; NULL: all do */
	unsigned int hooks;	 /* receive and send hooks so far, withheld ones too */
	bool no_windows;	 /* io_uring and the like: no payload is ever readable */

	struct ended ended[ENDED_KEPT];
	unsigned int n_ended, n_seen;
	unsigned int merged, caught_up, unparsed_end, coalesced;
};

static inline uint32_t script_ticks(uint64_t ns)
{
	return (uint32_t)(ns / TICK_NS) - 3000; /* jiffies start anywhere; here they wrap early */
}

static inline void script_take(struct script *s, const struct ended_list *out)
{
	SCRIPT_ASSERT(out->n <= ENDED_MAX);
	for (unsigned int i = 0; i < out->n; i++) {
		SCRIPT_ASSERT(s->n_ended < ENDED_KEPT);
		s->ended[s->n_ended++] = out->e[i];
	}
	s->merged += out->merged;
	s->caught_up += out->caught_up;
	s->unparsed_end += out->unparsed_end;
	s->coalesced += out->coalesced;
}

/* The peer's FIN counts one and is no byte. */
static inline uint32_t script_peer_bytes(const struct script *s, uint32_t seq)
{
	return s->c.fins & FIN_PEER && seq_after(seq, s->c.peer_fin) ? s->c.peer_fin : seq;
}

static inline uint32_t script_our_bytes(const struct script *s)
{
	return s->c.fins & FIN_OURS && seq_after(s->written_seq, s->c.our_fin) ? s->c.our_fin :
										 s->written_seq;
}

static inline struct look script_look(const struct script *s, uint64_t now_ns)
{
	return (struct look){ .now_ns = now_ns,
			      .read = script_peer_bytes(s, s->read_seq),
			      .written = script_our_bytes(s),
			      .sent_ticks = script_ticks(s->sent_ns),
			      .now_ticks = script_ticks(s->now_ns),
			      .tick_ns = TICK_NS,
			      .received = script_peer_bytes(s, s->arrived_seq) };
}

/* What connection_catch_up() of bpf/connection.bpf.h does. */
static inline void script_catch_up(struct script *s, const struct look *l, uint32_t read_end,
				   uint32_t write_end)
{
	for (unsigned int i = 0; i < STAMPS; i++) {
		struct ended_list out = {};

		if (!look_oldest(&s->c, l, read_end, write_end, &out))
			break;
		script_take(s, &out);
	}
}

static inline void script_end_locked(struct script *s, struct ended_list *out)
{
	struct look l = script_look(s, s->now_ns);
	uint32_t events = s->c.events;

	s->c.events = 0;
	if (events)
		s->c.events |= exchange_on_end(&s->c, &l, events, out);
}

/* A change of state, of which nobody else handles the events. */
static inline void script_end(struct script *s)
{
	struct look l = script_look(s, s->now_ns);
	struct ended_list out = {};

	if (s->c.events & (END_OUR_CLOSE | END_GONE))
		script_catch_up(s, &l, l.read, l.written);
	script_end_locked(s, &out);
	script_take(s, &out);
}

/* ---- how a script begins ---- */

static inline struct script script_open(enum role role)
{
	struct script s = { .now_ns = START_NS,
			    .sent_ns = START_NS,
			    .arrived_seq = FIRST_SEQ,
			    .read_seq = FIRST_SEQ,
			    .written_seq = FIRST_SEQ + 77 };

	s.c.role = role;
	s.c.read = s.c.received = FIRST_SEQ;
	s.c.written = FIRST_SEQ + 77;
	s.c.flags = FLAG_READY;
	return s;
}

/* A connection older than the measurement, with that many bytes in its queue. */
static inline struct script script_join(enum role role, uint32_t unread)
{
	struct script s = script_open(role);

	s.arrived_seq += unread;
	s.c.read = s.c.received = s.arrived_seq;
	s.c.flags |= FLAG_JOINED;
	return s;
}

/* ---- what happens; _n: bytes that need not be seen ---- */

static inline void at(struct script *s, uint64_t us)
{
	s->now_ns = START_NS + us * 1000;
}

static inline void arrives_n(struct script *s, size_t n)
{
	if (exchange_is_full(&s->c) && script_our_bytes(s) != exchange_last_written(&s->c)) {
		struct ended_list out = {};
		struct look l = script_look(s, s->now_ns);

		look_oldest(&s->c, &l, l.read, l.written, &out);
		script_take(s, &out);
	}
	s->arrived_seq += (uint32_t)n;
	exchange_on_data(&s->c, s->arrived_seq, script_our_bytes(s), script_ticks(s->sent_ns),
			 s->now_ns);
}

static inline void arrives(struct script *s, const char *text)
{
	arrives_n(s, strlen(text));
}

/* A call moves the sequence number under the socket's lock; its hook runs later. */
static inline void taken_n(struct script *s, size_t n)
{
	s->read_seq += (uint32_t)n;
	SCRIPT_ASSERT(!seq_after(s->read_seq, s->arrived_seq));
}

static inline void written_n(struct script *s, size_t n)
{
	s->written_seq += (uint32_t)n;
	s->sent_ns = s->now_ns;
}

static inline struct window script_window(const struct script *s, bool wanted, const char *text,
					  size_t n)
{
	struct window w = { .state = WINDOW_UNREADABLE };

	memset(w.bytes, 0xa5, sizeof(w.bytes));
	if (!wanted || s->no_windows || !text)
		return w;
	w.state = WINDOW_FILLED;
	w.length = n < WINDOW_BYTES ? (uint32_t)n : WINDOW_BYTES;
	memcpy(w.bytes, text, w.length);
	return w;
}

static inline bool script_is_withheld(struct script *s)
{
	unsigned int n = s->hooks++;

	return s->withheld && s->withheld[n];
}

/* What pipelined() of bpf/socket.bpf.c says of a call. */
static inline uint32_t script_pipelined(const struct script *s, bool request,
					const struct window *w, const char *text, size_t n)
{
	uint32_t found = 0;

	if ((request ? n <= s->c.single : !(s->c.flags & FLAG_MANY) || asked_is_one(&s->c)) ||
	    !w->length)
		return 0;
	if (request) {
		for (size_t i = 0; i + 4 <= n; i++)
			found += !memcmp(text + i, "\n\r\n", 3);
		return found;
	}
	for (size_t i = 0; i + 12 <= n; i++)
		found += !memcmp(text + i, "HTTP/1.", 7) && text[i + 9] >= '2';
	return found && http_status(w) >= 100 ? found - 1 : found;
}

static inline bool script_wants(const struct script *s, bool receive, bool request, size_t n)
{
	bool behind = receive ? s->written_seq != s->c.written : s->read_seq != s->c.read;

	return request ? exchange_wants_request(&s->c, (uint32_t)n, behind) :
			 exchange_wants_response(&s->c);
}

/* The hook of a call that moved n bytes; text NULL: they cannot be read. */
static inline void script_hook(struct script *s, bool receive, const char *text, size_t n,
			       enum window_state state)
{
	bool request = receive == (s->c.role == ROLE_SERVER);
	struct ended_list out = {};
	struct look l;
	struct window w;
	uint32_t many;

	if (script_is_withheld(s))
		return;
	w = script_window(s, script_wants(s, receive, request, n), text, n);
	many = script_pipelined(s, request, &w, text, n);
	if (state == WINDOW_BODY)
		w.state = state;
	l = script_look(s, receive || s->sent_ns > s->now_ns ? s->now_ns : s->sent_ns);
	l.length = (uint32_t)n;
	l.received = RUBBISH;
	if (receive ? look_is_plain_recv(&s->c, &l) : look_is_plain_send(&s->c, &l))
		l.sent_ticks = l.now_ticks = l.tick_ns = RUBBISH;
	else if (receive)
		script_catch_up(s, &l, l.read - l.length, l.written - recv_waits(&s->c, &l));
	else
		script_catch_up(s, &l, l.read, l.written - l.length);
	if (receive)
		look_recv(&s->c, &l, &w, &out);
	else
		look_send(&s->c, &l, &w, &out);
	exchange_note_many(&s->c, request, many, (uint32_t)n, &out);
	script_end_locked(s, &out);
	script_take(s, &out);
}

static inline void recv_hook(struct script *s, const char *text, size_t n)
{
	script_hook(s, true, text, n, WINDOW_FILLED);
}

static inline void send_hook(struct script *s, const char *text, size_t n)
{
	script_hook(s, false, text, n, WINDOW_FILLED);
}

static inline void reads_n(struct script *s, const char *text, size_t n)
{
	taken_n(s, n);
	recv_hook(s, text, n);
}

static inline void reads(struct script *s, const char *text)
{
	reads_n(s, text, strlen(text));
}

static inline void sends_n(struct script *s, const char *text, size_t n)
{
	written_n(s, n);
	send_hook(s, text, n);
}

static inline void sends(struct script *s, const char *text)
{
	sends_n(s, text, strlen(text));
}

/* sendfile, splice: bytes that no buffer of the caller's holds. */
static inline void sends_file(struct script *s, size_t n)
{
	written_n(s, n);
	script_hook(s, false, NULL, n, WINDOW_BODY);
}

/* It arrives, and is read at once. */
static inline void gets(struct script *s, const char *text)
{
	arrives(s, text);
	reads(s, text);
}

static inline void gets_byte_by_byte(struct script *s, const char *text)
{
	for (size_t i = 0; text[i]; i++) {
		s->now_ns += 1000;
		arrives_n(s, 1);
		reads_n(s, text + i, 1);
	}
}

static inline void sends_byte_by_byte(struct script *s, const char *text)
{
	for (size_t i = 0; text[i]; i++) {
		s->now_ns += 1000;
		sends_n(s, text + i, 1);
	}
}

/* ---- how a connection ends ---- */

static inline void script_event(struct script *s, uint32_t events)
{
	s->c.events |= events;
	script_end(s);
}

static inline void peer_fin(struct script *s)
{
	s->c.peer_fin = s->arrived_seq;
	s->c.fins |= FIN_PEER;
	s->arrived_seq++;
	script_event(s, END_PEER_FIN);
	arrives_n(s, 0);
}

static inline void our_fin(struct script *s, uint32_t events)
{
	s->c.our_fin = s->written_seq;
	s->c.fins |= FIN_OURS;
	script_event(s, END_OUR_FIN | events);
	s->written_seq++;
}

/* As tcp_close() does it: what was never read makes it a reset. */
static inline void closes(struct script *s, uint32_t events)
{
	if (seq_after(script_peer_bytes(s, s->arrived_seq), s->read_seq))
		script_event(s, END_RESET_BY_US | events);
	else
		our_fin(s, END_OUR_CLOSE | events);
}

static inline void is_destroyed(struct script *s)
{
	if (s->c.phase != PHASE_OVER)
		script_event(s, END_GONE);
}

static inline void peer_resets(struct script *s, uint32_t events)
{
	script_event(s, END_RESET_BY_PEER | events);
}

/* Returns the age of what waits, in nanoseconds. */
static inline uint64_t sweeps(struct script *s, bool final)
{
	struct ended_list out = {};
	struct look l;
	uint64_t age;

	script_end_locked(s, &out);
	l = script_look(s, s->now_ns);
	if (final)
		script_catch_up(s, &l, l.read, l.written);
	age = exchange_sweep(&s->c, &l, final ? 100000000 : IDLE_END_NS, final, &out);
	script_take(s, &out);
	return age;
}

/* ---- what was seen ---- */

#ifdef assert_true

static inline const struct ended *script_next(struct script *s)
{
	if (s->n_seen >= s->n_ended)
		fail_msg("nothing more has ended (%u have)", s->n_ended);
	return &s->ended[s->n_seen++];
}

static inline const char *script_outcome_name(uint32_t outcome)
{
	static const char *const names[] = { "ok",	    "client_error", "server_error",
					     "no_response", "aborted",	    "unknown" };

	return outcome < OUTCOMES ? names[outcome] : "no outcome";
}

/* The next that ended has this outcome and took that long. */
static inline const struct ended *ended_in(struct script *s, uint32_t outcome, uint64_t us)
{
	const struct ended *e = script_next(s);

	if (e->kind != ENDED_EXCHANGE)
		fail_msg("it streamed; an exchange was expected");
	if (e->outcome != outcome)
		fail_msg("outcome %s, expected %s", script_outcome_name(e->outcome),
			 script_outcome_name(outcome));
	if (e->duration_ns != us * 1000)
		fail_msg("took %.3f us, expected %llu", (double)e->duration_ns / 1e3,
			 (unsigned long long)us);
	return e;
}

static inline void part_is(const char *name, uint64_t ns, uint64_t us)
{
	if (ns != us * 1000)
		fail_msg("%s %.3f us, expected %llu", name, (double)ns / 1e3,
			 (unsigned long long)us);
}

/* ... and these parts, in microseconds. */
static inline void ended_parts(struct script *s, uint32_t outcome, uint64_t queue, uint64_t receive,
			       uint64_t service, uint64_t send)
{
	const struct ended *e = ended_in(s, outcome, queue + receive + service + send);

	assert_true(e->divided);
	part_is("queue", e->queue_ns, queue);
	part_is("receive", e->receive_ns, receive);
	part_is("service", e->service_ns, service);
	part_is("send", e->send_ns, send);
}

static inline void streamed(struct script *s)
{
	assert_int_equal(ENDED_STREAMED, script_next(s)->kind);
}

static inline void nothing_ended(const struct script *s)
{
	if (s->n_ended != s->n_seen)
		fail_msg("%u more ended, the next: %s", s->n_ended - s->n_seen,
			 script_outcome_name(s->ended[s->n_seen].outcome));
}

#endif /* assert_true */

#endif
