/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.h - one listening socket and the bounded number of connections behind it, served by
 * libmicrohttpd within the caller's loop. The newest connection always gets a place: whoever keeps one
 * without asking for anything loses it, and of those first whoever holds the most.
 * Knows: sockets, libmicrohttpd's loop. Must not know: what is answered.
 */
#ifndef TROTH_WEB_GATE_H
#define TROTH_WEB_GATE_H

#include <microhttpd.h>
#include <stdbool.h>

#include "../base/loop.h"

/* A head is refused beyond HEAD_MAX (431); what libmicrohttpd needs for one connection. */
#define HEAD_MAX       (16u << 10)
#define GATE_CONN_SIZE (24u << 10)

struct gate;
struct place; /* of one connection */

struct gate_options {
	struct loop *loop;
	int listen_fd;		  /* taken */
	const char *cert, *key;	  /* PEM, both or neither; borrowed while the gate lives */
	uint32_t connections_max; /* of this gate */
	uint32_t idle_s; /* for a head to come in, and between requests; an answer has six times that */
	void *context; /* of answer */
	/* As MHD_AccessHandlerCallback: *state is NULL at the head and kept until the request is over. */
	enum MHD_Result (*answer)(void *context, struct place *p, struct MHD_Connection *c,
				  const char *path, const char *method, size_t *body, void **state);
};

/* 0 or -errno (-EINVAL: libmicrohttpd refused, why has its words). The descriptor is taken in any case. */
int gate_new(const struct gate_options *o, struct gate **ret, char *why, size_t why_size);
void gate_free(struct gate *g); /* NULL is fine */
DEFINE_FREEP(struct gate, gate_free)

int gate_fd(const struct gate *g); /* the listening one, borrowed */

/*
 * The request is understood and what answers it has so many bytes: until they are read the place is in
 * use. Several places may share one what.
 */
void gate_answering(struct place *p, const void *what, size_t bytes);
/* Of those who read, drops the oldest until what the others read has at most max bytes in all. */
void gate_relieve(struct gate *g, size_t max);

struct gate_counts {
	uint64_t accepted;
	uint64_t dropped; /* to make room, or there was none */
	uint64_t expired; /* too slow */
};
void gate_counts(const struct gate *g, struct gate_counts *ret);

#endif
