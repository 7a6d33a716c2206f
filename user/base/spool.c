// SPDX-License-Identifier: Apache-2.0
/* spool.c - an anonymous mapping that is moved when it grows; nothing is copied. */
#include "spool.h"

#include <errno.h>
#include <sys/mman.h>

#define ROOM_MIN (64u << 10)

void spool_init(struct spool *s, size_t max)
{
	*s = (struct spool){ .max = max };
}

void spool_clear(struct spool *s)
{
	if (s->bytes)
		munmap(s->bytes, s->room);
	spool_init(s, s->max);
}

int spool_grow(struct spool *s, size_t more)
{
	size_t room = s->room ? s->room : ROOM_MIN;
	void *moved;

	if (s->error)
		return s->error;
	if (s->room - s->n >= more)
		return 0;
	if (more > s->max || s->n > s->max - more)
		return s->error = -EFBIG;
	while (room - s->n < more)
		room *= 2;
	room = room < s->max ? room : s->max;
	moved = s->bytes ? mremap(s->bytes, s->room, room, MREMAP_MAYMOVE) :
			   mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
				0);
	if (moved == MAP_FAILED)
		return s->error = -ENOMEM;
	s->bytes = moved;
	s->room = room;
	return 0;
}

void spool_count(struct spool *s, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	spool_put(s, digits + at, sizeof(digits) - at);
}

static ssize_t stream_write(void *cookie, const char *bytes, size_t n)
{
	struct spool *s = cookie;

	spool_put(s, bytes, n);
	if (!s->error)
		return (ssize_t)n;
	errno = -s->error;
	return 0; /* fopencookie(3): an error */
}

FILE *spool_stream(struct spool *s)
{
	return fopencookie(s, "w", (cookie_io_functions_t){ .write = stream_write });
}
