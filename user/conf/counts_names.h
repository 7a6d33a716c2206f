/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counts_names.h - the names in a file of counts, numbered as they come, found fast.
 * Knows that rows of many names come in turns. Must not know: what a row says.
 */
#ifndef TROTH_CONF_COUNTS_NAMES_H
#define TROTH_CONF_COUNTS_NAMES_H

#include <string.h>

#include "counts.h"

struct counts_name_entry {
	struct counts_name name; /* text is owned */
	uint32_t n;		 /* bytes of it */
	uint32_t follower;	 /* the name that came after it the last time */
	bool plain;		 /* stands in a file without quotes */
	bool seen;		 /* in this pass */
	int64_t last;		 /* in this pass */
	uint64_t sum;		 /* of good and total in this pass */
};

struct counts_names {
	struct counts_name_entry *entry;
	uint32_t n, room;
	uint32_t *slot; /* entry + 1; 0: free */
	uint32_t slots; /* a power of two, more than twice n */
	uint32_t previous;
};

void counts_names_clear(struct counts_names *names);
void counts_names_rewind(struct counts_names *names);

/* Index, or -ENOENT. */
int counts_names_find(const struct counts_names *names, const char *text, size_t n);
/* Index, or -ENOMEM, or -E2BIG: more than COUNTS_NAMES_MAX. */
int counts_names_add(struct counts_names *names, const char *text, size_t n);

/* The name at p, before a comma, if it is the one that is its turn; else NULL. */
static inline struct counts_name_entry *counts_names_turn(const struct counts_names *names,
							  const char *p, const char *end)
{
	struct counts_name_entry *e;

	if (!names->n)
		return NULL;
	e = &names->entry[names->entry[names->previous].follower];
	if (!e->plain || (size_t)(end - p) <= e->n || p[e->n] != ',' ||
	    memcmp(p, e->name.text, e->n))
		return NULL;
	return e;
}

#endif
