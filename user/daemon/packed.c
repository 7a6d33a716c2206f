// SPDX-License-Identifier: Apache-2.0
/* packed.c - bytes of the codec on the heap. */
#include "packed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../store/codec.h"

int packed_bytes(struct packed *p, const unsigned char *bytes, size_t n)
{
	unsigned char *to = n == p->n ? p->bytes : realloc(p->bytes, n ? n : 1);

	if (!to)
		return n ? -ENOMEM : 0;
	if (n)
		memcpy(to, bytes, n);
	p->bytes = to;
	p->n = (uint32_t)n;
	return 0;
}

int packed_set(struct packed *p, const struct series_counts *c)
{
	unsigned char bytes[CODEC_BYTES_MAX];

	return packed_bytes(p, bytes, codec_write(c, bytes));
}

void packed_get(const struct packed *p, struct series_counts *ret)
{
	*ret = (struct series_counts){};
	codec_add(p->bytes, p->n, ret);
}

int packed_sum(const struct packed *p, const struct series_counts *more, struct packed *ret)
{
	struct series_counts sum;

	packed_get(p, &sum);
	counts_add(&sum, more);
	return packed_set(ret, &sum);
}

void packed_clear(struct packed *p)
{
	free(p->bytes);
	*p = (struct packed){};
}
