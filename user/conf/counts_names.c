// SPDX-License-Identifier: Apache-2.0
/* counts_names.c - a table with open addressing. Names are never removed. */
#include "counts_names.h"

#include <errno.h>
#include <stdlib.h>

#include "../base/hash.h"

#define ROOM_FIRST 64

/* Names are few, and a file that makes them collide slows down only its own reading. */
static uint32_t hash(const char *text, size_t n)
{
	return hash_fold(hash_bytes(HASH_OF_NOTHING, text, n));
}

void counts_names_clear(struct counts_names *names)
{
	for (uint32_t i = 0; i < names->n; i++)
		free((char *)names->entry[i].name.text);
	free(names->entry);
	free(names->slot);
	*names = (struct counts_names){};
}

void counts_names_rewind(struct counts_names *names)
{
	for (uint32_t i = 0; i < names->n; i++) {
		names->entry[i].seen = false;
		names->entry[i].sum = 0;
	}
	names->previous = 0;
}

/* Where the name is, or where it would be put. */
static uint32_t *slot_of(const struct counts_names *names, const char *text, size_t n)
{
	uint32_t at = hash(text, n);

	for (;; at++) {
		uint32_t *slot = &names->slot[at & (names->slots - 1)];
		const struct counts_name_entry *e;

		if (!*slot)
			return slot;
		e = &names->entry[*slot - 1];
		if (e->n == n && !memcmp(e->name.text, text, n))
			return slot;
	}
}

int counts_names_find(const struct counts_names *names, const char *text, size_t n)
{
	uint32_t *slot = names->n ? slot_of(names, text, n) : NULL;

	return slot && *slot ? (int)(*slot - 1) : -ENOENT;
}

static int table_grow(struct counts_names *names)
{
	uint32_t room = names->room ? 2 * names->room : ROOM_FIRST;
	struct counts_name_entry *entry;
	uint32_t *slot;

	entry = realloc(names->entry, room * sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	names->entry = entry;
	slot = calloc(4 * (size_t)room, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	free(names->slot);
	names->slot = slot;
	names->slots = 4 * room;
	names->room = room;
	for (uint32_t i = 0; i < names->n; i++)
		*slot_of(names, entry[i].name.text, entry[i].n) = i + 1;
	return 0;
}

int counts_names_add(struct counts_names *names, const char *text, size_t n)
{
	struct counts_name_entry *e;
	char *copy;

	if (names->n == COUNTS_NAMES_MAX)
		return -E2BIG;
	if (names->n == names->room && table_grow(names))
		return -ENOMEM;
	copy = malloc(n + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, n);
	copy[n] = '\0';
	e = &names->entry[names->n];
	*e = (struct counts_name_entry){ .name.text = copy,
					 .n = (uint32_t)n,
					 .plain = !memchr(text, ',', n) && !memchr(text, '"', n) };
	*slot_of(names, text, n) = names->n + 1;
	return (int)names->n++;
}
