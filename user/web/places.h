/* SPDX-License-Identifier: Apache-2.0 */
/*
 * places.h - the places for connections behind one door, and who has to give up his.
 * Knows: who holds which place since when. Must not know: sockets, HTTP.
 */
#ifndef TROTH_WEB_PLACES_H
#define TROTH_WEB_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct place {
	int fd;		      /* -1: free */
	bool busy, dropped;   /* answering; about to go */
	uint64_t since_ns;    /* it was accepted, or its last answer was read, or this one began */
	const void *what;     /* it reads ... */
	size_t bytes;	      /* ... and how large that is */
	unsigned char who[8]; /* IPv4 address, or IPv6 network of 64 bits */
};

struct places {
	uint32_t n, n_used;
	struct place *all;
};

int places_new(struct places *s, uint32_t n); /* 0 or -ENOMEM */
void places_clear(struct places *s);

struct place *places_free(struct places *s); /* NULL: all are taken */
/* Who asks for nothing before who reads; then who holds most; then the oldest. NULL: all are about to go. */
struct place *places_least_missed(struct places *s);
/* Of all that is read; what several read counts once. */
size_t places_bytes_read(const struct places *s);
struct place *places_oldest_reader(struct places *s); /* NULL: none reads */

#endif
