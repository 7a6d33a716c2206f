// SPDX-License-Identifier: Apache-2.0
/* sampler_read.c - sampler_read(): what moved, and what waits. */
#include "sampler_own.h"

#include <errno.h>
#include <string.h>

static const char *const protocol_names[] = { "unknown",
#define PROTOCOL_NAME(NAME, prefix, text) text,
					      PROTOCOLS(PROTOCOL_NAME)
#undef PROTOCOL_NAME
};

const char *sampler_protocol(unsigned int protocol)
{
	return protocol_names[protocol < PROTOCOL_COUNT ? protocol : PROTOCOL_UNKNOWN];
}

const char *sampler_protocol_named(const char *name)
{
	for (unsigned int i = 0; i < PROTOCOL_COUNT; i++)
		if (!strcmp(protocol_names[i], name))
			return protocol_names[i];
	return protocol_names[PROTOCOL_UNKNOWN];
}

void sampler_describe(struct sampler *s, unsigned int number, struct sampler_series *ret)
{
	const struct number *n = &s->numbers[number];

	*ret = (struct sampler_series){
		.number = number,
		.key = n->key,
		.protocol = sampler_protocol(s->kernel.states[number].protocol),
		.overflow = number < SERIES_FIRST,
		.counts = s->counts,
		.in_flight = n->in_flight,
		.id = n->id.name ? &n->id : NULL,
	};
	if (number < SERIES_FIRST)
		ret->key = (struct endpoint_key){ .role = (__u16)number };
}

/*
 * Cleared before the counts are read: what moves from then on sets it again. A program marks a series
 * a moment before it counts there, so what moved is read once more the next time.
 */
static bool take_moved(struct sampler *s, unsigned int number)
{
	struct number *n = &s->numbers[number];
	volatile __u8 *dirty = &s->kernel.states[number].dirty;
	bool moved = n->moved, is_dirty = *dirty;

	if (is_dirty)
		__atomic_exchange_n(dirty, 0, __ATOMIC_SEQ_CST);
	if (is_dirty)
		n->quiet = 0;
	n->moved = is_dirty;
	return moved || is_dirty;
}

int sampler_read(struct sampler *s, bool all,
		 int (*each)(void *context, const struct sampler_series *series), void *context)
{
	for (unsigned int i = 0; i < s->kernel.n_series; i++) {
		struct number *n = &s->numbers[i];
		struct sampler_series series;
		bool moved, waits;
		int r;

		if (i >= SERIES_FIRST && n->state == NUMBER_FREE)
			continue;
		moved = take_moved(s, i);
		waits = n->in_flight.count || n->waited;
		n->waited = n->in_flight.count;
		if (!moved && !waits && !all)
			continue;
		r = kernel_read(&s->kernel, i, s->stripe, s->counts);
		if (r)
			return r;
		sampler_describe(s, i, &series);
		series.moved = moved;
		r = each(context, &series);
		if (r)
			return r;
	}
	return 0;
}
