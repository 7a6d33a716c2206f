// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_exchange.c - the state machine on any sequence of arrivals, calls, late and missing hooks,
 * sweeps and ends. What must hold whatever happens: nothing ends twice or out of nothing, no span
 * is negative, parts add up, what is accounted is never ahead of the socket.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#define SCRIPT_ASSERT CHECK

#include "../unit/script.h"

#define LATE 8 /* hooks that wait to run */

struct late {
	const char *text;
	size_t n;
	bool receive;
};

struct fuzz {
	struct script s;
	const uint8_t *data;
	size_t size;
	struct late late[LATE];
	unsigned int n_late;
	unsigned long moves; /* what may have begun or ended an exchange */
	unsigned long ended;
	uint32_t first_read, first_written;
	bool over; /* the socket is gone */
};

static const char *const texts[] = {
	GET,
	POST,
	BODY,
	OK,
	ERROR,
	NOT_FOUND,
	CONTINUE,
	CONTINUE OK,
	GET GET,
	OK OK,
	"HTTP/1.1 ",
	"GET ",
	"\r\n",
	"HTTP/1.1 101 Switching Protocols\r\n\r\n",
	"CONNECT db:1 HTTP/1.1\r\n\r\n",
	"\x16\x03\x01\x02\x01hello",
	"\x17\x03\x03\x01\x20record",
	"PING\r\n",
	POST BODY,
	"H",
	"G",
};

static uint8_t next_byte(struct fuzz *f)
{
	if (!f->size)
		return 0;
	f->size--;
	return *f->data++;
}

/* Some text and how much of it a call moves. */
static const char *next_text(struct fuzz *f, size_t *n)
{
	uint8_t choice = next_byte(f);

	if (choice >= 0xc0 && f->size) { /* the input's own bytes */
		const char *text = (const char *)f->data;

		*n = 1 + (choice & 0x3f);
		*n = *n < f->size ? *n : f->size;
		f->data += *n;
		f->size -= *n;
		return text;
	}
	*n = strlen(texts[choice % (sizeof(texts) / sizeof(texts[0]))]);
	if (choice >= 0x80)
		*n = 1 + *n / 2;
	return texts[choice % (sizeof(texts) / sizeof(texts[0]))];
}

static void check_ended(const struct fuzz *f, const struct ended *e)
{
	uint64_t most = f->s.now_ns;

	CHECK(e->outcome < OUTCOMES);
	CHECK(e->kind == ENDED_EXCHANGE || e->kind == ENDED_STREAMED);
	CHECK(e->duration_ns <= most && e->queue_ns <= most && e->receive_ns <= most &&
	      e->service_ns <= most && e->send_ns <= most && e->slack_ns <= 2 * most);
	if (e->divided && e->kind == ENDED_EXCHANGE)
		CHECK(e->queue_ns + e->receive_ns + e->service_ns + e->send_ns == e->duration_ns);
}

/* Bytes are counted when they are accounted, or at the end, when they had moved. */
static void check_bytes(const struct fuzz *f)
{
	const struct connection *c = &f->s.c;
	uint32_t read = script_peer_bytes(&f->s, f->s.read_seq);
	uint32_t moved = seq_after(read, f->first_read) ? read - f->first_read : 0;

	CHECK(c->bytes_in >= c->read - f->first_read && c->bytes_in <= moved);
	CHECK(c->bytes_out == c->written - f->first_written);
}

static void check(struct fuzz *f)
{
	struct script *s = &f->s;
	const struct connection *c = &s->c;

	for (unsigned int i = 0; i < s->n_ended; i++) {
		check_ended(f, &s->ended[i]);
		f->ended += s->ended[i].kind == ENDED_EXCHANGE;
	}
	s->n_ended = 0;
	CHECK(f->ended <= f->moves);
	CHECK(c->phase <= PHASE_OVER && c->role < ROLES && c->protocol < PROTOCOL_COUNT);
	CHECK(c->interim <= 2 && c->gather.length <= GATHER_BYTES);
	CHECK(!seq_after(c->read, script_peer_bytes(s, s->read_seq)) || c->flags & FLAG_JOINED ||
	      c->read == f->first_read);
	CHECK(!seq_after(c->written, script_our_bytes(s)));
	check_bytes(f);
}

static void late_hook(struct fuzz *f, unsigned int i)
{
	struct late l = f->late[i];

	memmove(&f->late[i], &f->late[i + 1], (--f->n_late - i) * sizeof(l));
	if (l.receive)
		recv_hook(&f->s, l.text, l.n);
	else
		send_hook(&f->s, l.text, l.n);
}

/* how: now, late, or never. */
static void call(struct fuzz *f, bool receive, const char *text, size_t n, unsigned int how)
{
	f->moves++;
	if (receive)
		taken_n(&f->s, n);
	else
		written_n(&f->s, n);
	if (how == 2 || f->n_late == LATE)
		return;
	f->late[f->n_late++] = (struct late){ text, n, receive };
	if (how != 1)
		late_hook(f, f->n_late - 1);
}

static void step_call(struct fuzz *f, bool receive, unsigned int how)
{
	struct script *s = &f->s;
	size_t n;
	const char *text = next_text(f, &n);
	uint32_t waiting = script_peer_bytes(s, s->arrived_seq) - s->read_seq;

	if (receive && seq_after(s->read_seq, script_peer_bytes(s, s->arrived_seq)))
		return; /* the FIN has been read */
	if (receive && n > waiting)
		n = waiting;
	if (!n || (!receive && s->c.fins & FIN_OURS))
		return;
	call(f, receive, text, n, how);
}

static void step_end(struct fuzz *f, uint8_t which)
{
	static const uint32_t extra[] = { 0, END_UNSENT | END_UNACKED, END_UNACKED,
					  END_FATAL_SIGNAL | END_UNSENT | END_UNACKED };
	uint32_t events = extra[which >> 4 & 3];
	struct script *s = &f->s;

	f->moves++;
	switch (which % 6) {
	case 0:
		if (!(s->c.fins & FIN_PEER))
			peer_fin(s);
		break;
	case 1:
		if (!(s->c.fins & FIN_OURS))
			closes(s, events);
		break;
	case 2:
		if (!(s->c.fins & FIN_OURS))
			our_fin(s, events);
		break;
	case 3:
		peer_resets(s, events);
		break;
	default:
		is_destroyed(s);
		f->over = true;
	}
}

static void step(struct fuzz *f)
{
	uint8_t b = next_byte(f);
	struct script *s = &f->s;
	size_t n;

	s->now_ns += 1000ULL << (b >> 4 & 15) / 2;
	switch (b & 15) {
	case 0:
	case 1:
	case 2:
		next_text(f, &n);
		if (!(s->c.fins & FIN_PEER)) {
			arrives_n(s, n);
			f->moves++;
		}
		break;
	case 3:
	case 4:
	case 5:
		step_call(f, true, (b & 15) - 3);
		break;
	case 6:
	case 7:
	case 8:
		step_call(f, false, (b & 15) - 6);
		break;
	case 9:
	case 10:
		if (f->n_late)
			late_hook(f, next_byte(f) % f->n_late);
		break;
	case 11:
		s->now_ns += (uint64_t)next_byte(f) << 25; /* up to 8.5 s */
		break;
	case 12:
		sweeps(s, false);
		break;
	case 13:
		sweeps(s, true);
		break;
	case 14:
		if (s->c.fins & FIN_PEER && s->read_seq == s->c.peer_fin)
			s->read_seq++;
		break;
	default:
		step_end(f, next_byte(f));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz f;
	uint8_t kind;

	memset(&f, 0, sizeof(f));
	f.data = data;
	f.size = size;
	kind = next_byte(&f);
	f.s = kind & 2 ? script_join(kind & 1, kind >> 4) : script_open(kind & 1);
	f.s.no_windows = kind & 4;
	f.first_read = f.s.c.read;
	f.first_written = f.s.c.written;
	while (f.size && !f.over) {
		step(&f);
		check(&f);
	}
	return 0;
}
