/* SPDX-License-Identifier: Apache-2.0 */
/*
 * withheld.h - random keep-alive talks on one connection, the truth about each of their exchanges,
 * and a run of them in which some receive and send hooks never happen. Truth is noted while the
 * talk is made up; the code under test has no part in it.
 */
#ifndef TROTH_TESTS_WITHHELD_H
#define TROTH_TESTS_WITHHELD_H

#include <stdio.h>
#include <stdlib.h>

#include "script.h"

#define TALK_OPS       2048
#define TALK_EXCHANGES 64

enum op_kind {
	OP_ARRIVE,
	OP_TAKE,      /* a receive moves copied_seq ... */
	OP_RECV_HOOK, /* ... and its hook runs */
	OP_WRITE,
	OP_SEND_HOOK,
};

struct op {
	enum op_kind kind;
	uint64_t us;
	const char *text;
	uint32_t n;
};

/* Of one exchange, microseconds. hook: its first receive or send hook; asked: behind its request. */
struct truth {
	uint64_t arrived, read, complete, first, last;
	uint32_t outcome;
	unsigned int hook, asked;
};

enum talk_end { END_BY_CLOSE, END_BY_PEER, END_BY_MEASUREMENT, TALK_ENDS };

struct talk {
	enum role role;
	bool no_windows;
	enum talk_end end;
	uint64_t us; /* now, while it is made up */
	uint64_t seed;
	unsigned int n_ops, n_hooks, n;
	struct op ops[TALK_OPS];
	struct truth truth[TALK_EXCHANGES];
};

static inline uint32_t talk_random(struct talk *t, uint32_t below)
{
	t->seed ^= t->seed << 13;
	t->seed ^= t->seed >> 7;
	t->seed ^= t->seed << 17;
	return (uint32_t)((t->seed >> 11) % below);
}

/* Mostly microseconds, now and then tens of milliseconds: several ticks. */
static inline void talk_pause(struct talk *t)
{
	t->us += 1 + talk_random(t, 300);
	if (!talk_random(t, 4))
		t->us += talk_random(t, 30000);
}

static inline void talk_op(struct talk *t, enum op_kind kind, const char *text, uint32_t n)
{
	assert_true(t->n_ops < TALK_OPS);
	t->ops[t->n_ops++] = (struct op){ .kind = kind, .us = t->us, .text = text, .n = n };
	t->n_hooks += kind == OP_RECV_HOOK || kind == OP_SEND_HOOK;
}

/* A message in 1 to 3 pieces; the cuts. */
static inline unsigned int talk_cut(struct talk *t, uint32_t n, uint32_t cuts[4])
{
	unsigned int pieces = talk_random(t, 3) ? 1 : 1 + talk_random(t, 3);

	if (n < 40)
		pieces = 1; /* first lines in pieces are test_exchange.c's business */
	cuts[0] = 0;
	for (unsigned int i = 1; i < pieces; i++)
		cuts[i] = cuts[i - 1] + 14 + talk_random(t, (n - cuts[i - 1]) / 4 + 1);
	cuts[pieces] = n;
	for (unsigned int i = 1; i <= pieces; i++)
		if (cuts[i] > n || cuts[i] <= cuts[i - 1]) {
			cuts[1] = n;
			return 1;
		}
	return pieces;
}

/* The message comes in, and is read in as many calls as it has segments, or in one. */
static inline void talk_in(struct talk *t, const char *text, uint64_t *arrived, uint64_t *read,
			   uint64_t *complete)
{
	uint32_t n = (uint32_t)strlen(text), cuts[4];
	unsigned int pieces = talk_cut(t, n, cuts);
	bool at_once = talk_random(t, 2);

	*arrived = t->us;
	*read = 0;
	for (unsigned int i = 0; i < pieces; i++) {
		uint32_t from = at_once ? 0 : cuts[i];

		talk_op(t, OP_ARRIVE, NULL, cuts[i + 1] - cuts[i]);
		talk_pause(t);
		if (at_once && i + 1 < pieces)
			continue;
		talk_op(t, OP_TAKE, NULL, cuts[i + 1] - from);
		talk_op(t, OP_RECV_HOOK, text + from, cuts[i + 1] - from);
		*read = *read ? *read : t->us;
		*complete = t->us;
		talk_pause(t);
	}
}

static inline void talk_out(struct talk *t, const char *text, uint64_t *first, uint64_t *last)
{
	uint32_t n = (uint32_t)strlen(text), cuts[4];
	unsigned int pieces = talk_cut(t, n, cuts);

	*first = t->us;
	for (unsigned int i = 0; i < pieces; i++) {
		if (i)
			talk_pause(t);
		*last = t->us;
		talk_op(t, OP_WRITE, NULL, cuts[i + 1] - cuts[i]);
		talk_op(t, OP_SEND_HOOK, text + cuts[i], cuts[i + 1] - cuts[i]);
	}
}

#define LONG                                                                                       \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static inline void talk_exchange(struct talk *t)
{
	static const char *const requests[] = {
		GET,	   GET,	      "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n",
		POST BODY, POST LONG, "HEAD /" LONG " HTTP/1.1\r\n\r\n"
	};
	static const struct {
		const char *text;
		uint32_t outcome;
	} answers[] = { { OK, OUTCOME_OK },
			{ OK LONG LONG, OUTCOME_OK },
			{ OK LONG, OUTCOME_OK },
			{ ERROR LONG, OUTCOME_SERVER_ERROR },
			{ NOT_FOUND, OUTCOME_CLIENT_ERROR } };
	struct truth *x = &t->truth[t->n++];
	const char *request = requests[talk_random(t, 6)];
	uint32_t answer = talk_random(t, 5);

	x->hook = t->n_hooks;
	x->outcome = t->no_windows ? (uint32_t)OUTCOME_UNKNOWN : answers[answer].outcome;
	if (t->role == ROLE_SERVER) {
		talk_in(t, request, &x->arrived, &x->read, &x->complete);
		talk_pause(t);
		talk_out(t, answers[answer].text, &x->first, &x->last);
	} else {
		talk_out(t, request, &x->arrived, &x->read);
		x->asked = t->n_hooks;
		talk_pause(t);
		talk_in(t, answers[answer].text, &x->first, &x->read, &x->last);
	}
	talk_pause(t);
}

/* On loopback a hook may run only after the peer was served and has asked again. */
static inline void talk_delay_hooks(struct talk *t)
{
	for (unsigned int i = 0; i + 1 < t->n_ops; i++) {
		struct op late = t->ops[i];

		if (late.kind != OP_SEND_HOOK || t->ops[i + 1].kind != OP_ARRIVE ||
		    t->ops[i + 1].us - late.us > 200 || talk_random(t, 2))
			continue;
		late.us = t->ops[i + 1].us;
		t->ops[i] = t->ops[i + 1];
		t->ops[++i] = late;
	}
}

static inline void talk_make(struct talk *t, enum role role, bool no_windows, enum talk_end end,
			     unsigned int exchanges, uint64_t seed)
{
	memset(t, 0, sizeof(*t));
	t->role = role;
	t->no_windows = no_windows;
	t->end = end;
	t->seed = seed * 0x9e3779b97f4a7c15ULL + 1;
	t->us = 10;
	for (unsigned int i = 0; i < exchanges; i++)
		talk_exchange(t);
	talk_delay_hooks(t);
}

static inline void talk_end(const struct talk *t, struct script *s)
{
	at(s, t->us + 100);
	switch (t->end) {
	case END_BY_CLOSE:
		closes(s, 0);
		break;
	case END_BY_PEER:
		peer_fin(s);
		at(s, t->us + 200);
		closes(s, 0);
		break;
	default: /* a silence, then the last sweep */
		at(s, t->us + SECOND);
		sweeps(s, true);
		return;
	}
	at(s, t->us + 9000);
	is_destroyed(s);
}

/* withheld: by number of the hook. */
static inline void talk_run(const struct talk *t, const uint8_t *withheld, struct script *s)
{
	*s = script_open(t->role);
	s->no_windows = t->no_windows;
	s->withheld = withheld;
	for (unsigned int i = 0; i < t->n_ops; i++) {
		const struct op *o = &t->ops[i];

		at(s, o->us);
		switch (o->kind) {
		case OP_ARRIVE:
			arrives_n(s, o->n);
			break;
		case OP_TAKE:
			taken_n(s, o->n);
			break;
		case OP_RECV_HOOK:
			recv_hook(s, o->text, o->n);
			break;
		case OP_WRITE:
			written_n(s, o->n);
			break;
		case OP_SEND_HOOK:
			send_hook(s, o->text, o->n);
			break;
		}
	}
	talk_end(t, s);
}

enum fault {
	FAULT_NONE,
	FAULT_COUNT,
	FAULT_BYTES,
	FAULT_OUTCOME,
	FAULT_DURATION,
	FAULT_PARTS,
	FAULTS
};

static inline enum fault talk_judge_bytes(const struct talk *t, const struct script *s)
{
	uint64_t in = 0, out = 0;

	for (unsigned int i = 0; i < t->n_ops; i++) {
		in += t->ops[i].kind == OP_TAKE ? t->ops[i].n : 0;
		out += t->ops[i].kind == OP_WRITE ? t->ops[i].n : 0;
	}
	return s->c.bytes_in != in || s->c.bytes_out != out ? FAULT_BYTES : FAULT_NONE;
}

/*
 * What cannot be known (docs/measuring.md): when a client's request began that went out in several
 * calls, the first of them withheld.
 */
static inline bool talk_begin_is_lost(const struct talk *t, const struct truth *x,
				      const uint8_t *withheld)
{
	return t->role == ROLE_CLIENT && x->asked > x->hook + 1 && withheld && withheld[x->hook];
}

/* A duration is stated as the longest that it can be, and by how much it may have been shorter. */
static inline enum fault talk_judge_duration(const struct talk *t, const struct truth *x,
					     const struct ended *e, const uint8_t *withheld)
{
	uint64_t true_ns = (x->last - x->arrived) * 1000, slack = e->slack_ns;

	if (true_ns > e->duration_ns && !talk_begin_is_lost(t, x, withheld))
		return FAULT_DURATION;
	if (e->duration_ns > true_ns + slack)
		return FAULT_DURATION;
	return t->role == ROLE_SERVER && slack > 2 * TICK_NS ? FAULT_DURATION : FAULT_NONE;
}

static inline enum fault talk_judge_parts(const struct talk *t, const struct truth *x,
					  const struct ended *e, bool any_withheld)
{
	if (!e->divided)
		return any_withheld ? FAULT_NONE : FAULT_PARTS;
	if (e->queue_ns + e->receive_ns + e->service_ns + e->send_ns != e->duration_ns)
		return FAULT_PARTS;
	if (t->role == ROLE_CLIENT || e->slack_ns)
		return FAULT_NONE;
	if (e->queue_ns != (x->read - x->arrived) * 1000)
		return FAULT_PARTS;
	if (any_withheld)
		return FAULT_NONE;
	return e->receive_ns != (x->complete - x->read) * 1000 ||
			       e->service_ns != (x->first - x->complete) * 1000 ?
		       FAULT_PARTS :
		       FAULT_NONE;
}

/* The first thing that is wrong with that run. withheld NULL: nothing was. */
static inline enum fault talk_judge(const struct talk *t, const struct script *s,
				    const uint8_t *withheld)
{
	enum fault fault;

	if (s->n_ended != t->n)
		return FAULT_COUNT;
	for (unsigned int i = 0; i < t->n; i++)
		if (s->ended[i].kind != ENDED_EXCHANGE)
			return FAULT_COUNT;
	fault = talk_judge_bytes(t, s);
	for (unsigned int i = 0; i < t->n && !fault; i++) {
		uint32_t outcome = s->ended[i].outcome;

		if (outcome != t->truth[i].outcome && (!withheld || outcome != OUTCOME_UNKNOWN))
			fault = FAULT_OUTCOME;
	}
	/* More arrivals than stamps while nobody looked: said so, and none is lost. */
	for (unsigned int i = 0; i < t->n && !fault && !s->merged; i++)
		fault = talk_judge_duration(t, &t->truth[i], &s->ended[i], withheld);
	for (unsigned int i = 0; i < t->n && !fault && !s->merged; i++)
		fault = talk_judge_parts(t, &t->truth[i], &s->ended[i], withheld);
	return fault;
}

static inline void talk_print(const struct talk *t, const uint8_t *withheld, const struct script *s)
{
	static const char *const kinds[] = { "arrive", "take", "recv hook", "write", "send hook" };
	unsigned int hook = 0;

	for (unsigned int i = 0; i < t->n_ops; i++) {
		const struct op *o = &t->ops[i];
		bool is_hook = o->kind == OP_RECV_HOOK || o->kind == OP_SEND_HOOK;

		print_message("%8llu  %-9s %3u", (unsigned long long)o->us, kinds[o->kind], o->n);
		if (o->text)
			print_message("  \"%.*s\"", (int)strcspn(o->text, "\r\n") % 13, o->text);
		print_message("%s\n", is_hook && withheld[hook] ? "  WITHHELD" : "");
		hook += is_hook;
	}
	for (unsigned int i = 0; i < t->n; i++)
		print_message("truth: %-12s %8llu us\n", script_outcome_name(t->truth[i].outcome),
			      (unsigned long long)(t->truth[i].last - t->truth[i].arrived));
	for (unsigned int i = 0; i < s->n_ended; i++)
		print_message("ended: %-12s %8llu us, slack %llu%s\n",
			      script_outcome_name(s->ended[i].outcome),
			      (unsigned long long)s->ended[i].duration_ns / 1000,
			      (unsigned long long)s->ended[i].slack_ns / 1000,
			      s->ended[i].divided ? "" : ", undivided");
}

#endif
