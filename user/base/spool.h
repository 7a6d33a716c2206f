/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool.h - bytes that grow up to a limit, in pages of their own: what a large document took goes
 * back to the system as soon as it is freed, whatever the heap looks like.
 * Knows: bytes. Must not know: what they say.
 */
#ifndef TROTH_BASE_SPOOL_H
#define TROTH_BASE_SPOOL_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct spool {
	char *bytes; /* NULL: none yet */
	size_t n;
	size_t room;
	size_t max;
	int error; /* first -errno: -ENOMEM, or -EFBIG beyond max; then nothing more is added */
};

void spool_init(struct spool *s, size_t max);
void spool_clear(struct spool *s); /* gives all back; it may be used again */

int spool_grow(struct spool *s, size_t more); /* room for so many more bytes: 0 or s->error */

static inline void spool_put(struct spool *s, const void *bytes, size_t n)
{
	if ((s->room - s->n < n && spool_grow(s, n)) || !n)
		return;
	memcpy(s->bytes + s->n, bytes, n);
	s->n += n;
}

static inline void spool_text(struct spool *s, const char *text)
{
	spool_put(s, text, strlen(text));
}

void spool_count(struct spool *s, uint64_t n); /* in digits */

/* A stream that adds to s, which outlives it; writes fail with s->error. NULL: no memory. */
FILE *spool_stream(struct spool *s);

#endif
