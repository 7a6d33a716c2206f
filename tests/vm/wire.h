/* SPDX-License-Identifier: Apache-2.0 */
/* wire.h - HTTP by hand over one connected socket. Knows bytes, no counts. */
#ifndef TROTH_VM_WIRE_H
#define TROTH_VM_WIRE_H

#include <stdbool.h>
#include <stddef.h>

struct calls;

enum { WIRE_CLOSED = 0, WIRE_RESET = -1 }; /* instead of a status */

struct wire {
	int fd;
	const struct calls *calls;
	char kept[8192]; /* read and not yet used */
	size_t have;
	char head[2048]; /* the last message's */
};

void wire_init(struct wire *w, int fd, const struct calls *calls); /* calls NULL: send, recv */
void wire_close(struct wire *w);
void wire_reset(struct wire *w); /* close with a reset */

/* Ends the process where the peer is gone: that is a part of a few plays, which look themselves. */
void wire_send(struct wire *w, const char *data, size_t len);
void wire_say(struct wire *w, const char *text);
int wire_try(struct wire *w, const char *data, size_t len); /* 0, or WIRE_RESET */

/* Read a whole message. The status asked for (200 if the path is no number), or WIRE_…. */
int wire_request(struct wire *w);
int wire_response(struct wire *w);	   /* its status, or WIRE_… */
int wire_head(struct wire *w);		   /* 1: a head was read into w->head; or WIRE_… */
int wire_skip(struct wire *w, size_t len); /* 1: so many bytes were read; or WIRE_… */

/* Whole messages. */
void wire_ask(struct wire *w, int status, size_t body_len); /* GET /status, POST with a body */
void wire_answer(struct wire *w, int status, size_t body_len);
size_t wire_request_text(char *buf, size_t size, int status, size_t body_len);
size_t wire_answer_text(char *buf, size_t size, int status, size_t body_len);

#endif
