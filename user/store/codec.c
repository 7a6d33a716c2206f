// SPDX-License-Identifier: Apache-2.0
/* codec.c - counters as bytes, by number. Knows the shapes of abi.h. Must not know: tables, files. */
#include "codec.h"

#include <errno.h>
#include <string.h>

#define VARINT_MAX 10

/*
 * Counters that stand together in a struct: outer x inner of them. Number of [i][j]: first + i * room
 * + j. A number is for ever: a counter that goes leaves a gap, a new one takes a number that never was.
 */
struct group {
	const char *name;
	uint16_t first;
	uint16_t offset; /* in the struct, in counters */
	uint16_t outer, inner, room;
	uint8_t dims;
};

#define AT(type, field) (offsetof(struct type, field) / sizeof(__u64))
#define ONE(type, number, field)                                                                   \
	{                                                                                          \
#field, number, AT(type, field), 1, 1, 1, 0                                        \
	}
#define MANY(type, number, field, n)                                                               \
	{                                                                                          \
#field, number, AT(type, field), n, 1, 1, 1                                        \
	}

/*
 * A bucket's number follows its upper bound, 2^(exp8 / 8) s, not its place: base + 512 + exp8. The
 * overflow has base + 1023.
 */
#define BUCKETS(field, base)                                                                       \
	MANY(series_counts, (base) + 512 + HISTOGRAM_MIN_EXP8, field, HISTOGRAM_BUCKETS - 1),      \
	{                                                                                          \
#field, (base) + 1023, AT(series_counts, field) + HISTOGRAM_BUCKETS - 1, 1, 1, 1,  \
			1                                                                          \
	}

#define EXCHANGES_ROOM 16

static const struct group counts_groups[] = {
	ONE(series_counts, 0, queue_ns),
	ONE(series_counts, 1, receive_ns),
	ONE(series_counts, 2, service_ns),
	ONE(series_counts, 3, send_ns),
	ONE(series_counts, 4, max_ns),
	ONE(series_counts, 5, undivided_ns),
	ONE(series_counts, 6, undivided),
	ONE(series_counts, 7, coalesced),
	/* to 31: sums of a series */
	ONE(series_counts, 32, bytes_in),
	ONE(series_counts, 33, bytes_out),
	ONE(series_counts, 34, opened),
	ONE(series_counts, 35, closed),
	ONE(series_counts, 36, refused),
	ONE(series_counts, 37, connect_timeouts),
	ONE(series_counts, 38, connect_ns),
	ONE(series_counts, 39, connects),
	ONE(series_counts, 40, reset_by_peer),
	ONE(series_counts, 41, reset_by_us),
	ONE(series_counts, 42, retransmits),
	ONE(series_counts, 43, accept_overflows),
	ONE(series_counts, 44, srtt_us),
	ONE(series_counts, 45, srtt_samples),
	/* to 127: connections */
	MANY(series_counts, 128, undated, THRESHOLDS),
	/* to 255: thresholds */
	MANY(series_counts, 256, streamed, MASKS),
	/* to 1023: masks */
	BUCKETS(duration, 1024),
	BUCKETS(queue, 2048),
	/* 3072 to 4095: another histogram */
	{ "exchanges", 4096, AT(series_counts, exchanges), MASKS, OUTCOMES, EXCHANGES_ROOM, 2 },
};
_Static_assert(OUTCOMES <= EXCHANGES_ROOM, "no numbers for so many outcomes");
_Static_assert(4096 + MASKS * EXCHANGES_ROOM <= CODEC_NUMBER_MAX + 1, "no numbers for masks");
_Static_assert(HISTOGRAM_MIN_EXP8 >= -512 && HISTOGRAM_MAX_EXP8 < 511, "no numbers for buckets");
_Static_assert(sizeof(struct series_counts) / 8 * (VARINT_MAX + 2) <= CODEC_BYTES_MAX, "room");

static const struct group losses_groups[] = {
	ONE(losses, 0, no_storage),	   ONE(losses, 1, no_listener),
	MANY(losses, 2, no_series, ROLES), /* to 9 */
	ONE(losses, 10, endpoints_full),   ONE(losses, 11, unannounced),
	ONE(losses, 12, merged),	   ONE(losses, 13, no_registers),
	ONE(losses, 14, unreadable),	   ONE(losses, 15, bodiless_window),
	ONE(losses, 16, caught_up),	   ONE(losses, 17, contended),
	ONE(losses, 18, undated),	   ONE(losses, 19, unseen),
	ONE(losses, 20, unseen_mptcp),	   ONE(losses, 21, unparsed_end),
	ONE(losses, 22, unscanned),
};
_Static_assert(sizeof(struct losses) / 8 * (VARINT_MAX + 2) <= LOSSES_BYTES_MAX, "room");
_Static_assert(sizeof(struct losses) == (15 + ROLES) * 8, "a loss without a number");

#define MAX_AT AT(series_counts, max_ns)
#define N(a)   (sizeof(a) / sizeof((a)[0]))

static unsigned char *put_varint(unsigned char *p, uint64_t v)
{
	while (v > 0x7f) {
		*p++ = (unsigned char)(v | 0x80);
		v >>= 7;
	}
	*p++ = (unsigned char)v;
	return p;
}

static const unsigned char *get_varint(const unsigned char *p, const unsigned char *end,
				       uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; p < end && shift < 64; shift += 7) {
		unsigned char byte = *p++;

		if (shift == 63 && byte > 1)
			return NULL;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = v;
			return p;
		}
	}
	return NULL;
}

static bool is_zero(const __u64 c[8])
{
	return !(c[0] | c[1] | c[2] | c[3] | c[4] | c[5] | c[6] | c[7]);
}

static size_t groups_write(const struct group *g, size_t n, const __u64 *from, unsigned char *buf)
{
	unsigned char *p = buf;
	uint32_t next = 0; /* the number that needs no step */

	for (const struct group *end = g + n; g < end; g++) {
		const __u64 *counter = from + g->offset;

		for (uint32_t i = 0; i < g->outer; i++) {
			uint32_t number = g->first + i * g->room;

			/* Most buckets hold nothing. */
			for (; g->inner == 1 && i + 8 <= g->outer && is_zero(counter);
			     counter += 8) {
				i += 8;
				number += 8 * g->room;
			}
			if (i == g->outer)
				break;
			for (uint32_t j = 0; j < g->inner; j++, number++, counter++) {
				if (!*counter)
					continue;
				if (number == next && !(*counter >> 63)) {
					p = put_varint(p, *counter << 1);
				} else {
					p = put_varint(p, (uint64_t)(number - next) << 1 | 1);
					p = put_varint(p, *counter);
				}
				next = number + 1;
			}
		}
	}
	return (size_t)(p - buf);
}

/* One counter of the bytes: where the next begins, or NULL: no such bytes. */
static const unsigned char *get_counter(const unsigned char *p, const unsigned char *end,
					uint64_t *next, uint64_t *ret_value)
{
	uint64_t first;

	p = get_varint(p, end, &first);
	if (!p)
		return NULL;
	if (first & 1) {
		if (first >> 1 > CODEC_NUMBER_MAX)
			return NULL;
		*next += first >> 1;
		p = get_varint(p, end, &first);
		*ret_value = first;
	} else {
		*ret_value = first >> 1;
	}
	return *next > CODEC_NUMBER_MAX ? NULL : p;
}

/* Numbers ascend, and so do groups: *g is where the last one was found. */
static __u64 *place(const struct group **g, const struct group *end, __u64 *to, uint32_t number)
{
	uint32_t i;

	while (*g < end && number >= (*g)->first + (uint32_t)(*g)->outer * (*g)->room)
		(*g)++;
	if (*g == end || number < (*g)->first)
		return NULL;
	i = number - (*g)->first;
	if (i % (*g)->room >= (*g)->inner)
		return NULL;
	return to + (*g)->offset + i / (*g)->room * (*g)->inner + i % (*g)->room;
}

static int groups_add(const struct group *g, size_t n_groups, const unsigned char *bytes, size_t n,
		      __u64 *to, const __u64 *largest)
{
	const unsigned char *end = bytes + n;
	const struct group *last = g + n_groups;
	uint64_t next = 0, value = 0;

	if (!n)
		return 0;
	for (const unsigned char *p = bytes; p < end; next++) {
		p = get_counter(p, end, &next, &value);
		if (!p)
			return -EINVAL;
	}
	next = 0;
	for (const unsigned char *p = bytes; p < end; next++) {
		__u64 *counter;

		p = get_counter(p, end, &next, &value);
		counter = place(&g, last, to, (uint32_t)next);
		if (!counter)
			continue;
		if (counter != largest)
			*counter += value;
		else if (value > *counter)
			*counter = value;
	}
	return 0;
}

static int groups_each(const struct group *g, size_t n, const __u64 *from,
		       int (*each)(void *context, const struct codec_counter *counter,
				   uint64_t value),
		       void *context)
{
	for (const struct group *end = g + n, *begin = g; g < end; g++) {
		const __u64 *value = from + g->offset;
		/* A histogram's overflow goes on where its other buckets end. */
		uint32_t at = g > begin && !strcmp(g[-1].name, g->name) ? g[-1].outer : 0;

		for (uint32_t i = 0; i < g->outer; i++) {
			for (uint32_t j = 0; j < g->inner; j++, value++) {
				struct codec_counter c = { g->name, at + i, j, g->dims };
				int r = *value ? each(context, &c, *value) : 0;

				if (r)
					return r;
			}
		}
	}
	return 0;
}

static __u64 *groups_find(const struct group *g, size_t n, __u64 *in, const struct codec_counter *c)
{
	uint32_t at = c->at;

	for (const struct group *end = g + n; g < end; g++) {
		if (strcmp(g->name, c->name))
			continue;
		if (c->dims != g->dims || c->sub >= g->inner)
			return NULL;
		if (at < g->outer)
			return in + g->offset + at * g->inner + c->sub;
		at -= g->outer;
	}
	return NULL;
}

size_t codec_write(const struct series_counts *c, unsigned char buf[CODEC_BYTES_MAX])
{
	return groups_write(counts_groups, N(counts_groups), (const __u64 *)c, buf);
}

int codec_add(const unsigned char *bytes, size_t n, struct series_counts *sum)
{
	return groups_add(counts_groups, N(counts_groups), bytes, n, (__u64 *)sum, &sum->max_ns);
}

int codec_each(const struct series_counts *c,
	       int (*each)(void *context, const struct codec_counter *counter, uint64_t value),
	       void *context)
{
	return groups_each(counts_groups, N(counts_groups), (const __u64 *)c, each, context);
}

__u64 *codec_find(struct series_counts *c, const struct codec_counter *counter)
{
	return groups_find(counts_groups, N(counts_groups), (__u64 *)c, counter);
}

size_t losses_write(const struct losses *l, unsigned char buf[LOSSES_BYTES_MAX])
{
	return groups_write(losses_groups, N(losses_groups), (const __u64 *)l, buf);
}

int losses_add(const unsigned char *bytes, size_t n, struct losses *sum)
{
	return groups_add(losses_groups, N(losses_groups), bytes, n, (__u64 *)sum, NULL);
}

int losses_each(const struct losses *l,
		int (*each)(void *context, const struct codec_counter *counter, uint64_t value),
		void *context)
{
	return groups_each(losses_groups, N(losses_groups), (const __u64 *)l, each, context);
}

__u64 *losses_find(struct losses *l, const struct codec_counter *counter)
{
	return groups_find(losses_groups, N(losses_groups), (__u64 *)l, counter);
}

bool counts_difference(const struct series_counts *to, const struct series_counts *from,
		       struct series_counts *ret)
{
	const __u64 *a = (const __u64 *)to, *b = (const __u64 *)from;
	__u64 *d = (__u64 *)ret;
	bool down = false;

	for (size_t i = 0; i < sizeof(*to) / sizeof(*a); i++) {
		down |= a[i] < b[i] && i != MAX_AT;
		d[i] = a[i] - b[i];
	}
	ret->max_ns = to->max_ns > from->max_ns ? to->max_ns : 0;
	return !down;
}

bool counts_empty(const struct series_counts *c)
{
	static const struct series_counts nothing;

	return !memcmp(c, &nothing, sizeof(nothing));
}
