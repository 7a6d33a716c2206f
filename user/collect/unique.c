// SPDX-License-Identifier: Apache-2.0
/*
 * unique.c - names that are equal are told apart by what else is known (CONTRACT, rule 2).
 * Part of resolve.h; knows identities only.
 */
#define _GNU_SOURCE 1
#include "resolve.h"

#include <errno.h>
#include <string.h>

#define CONTAINER_SHORT 12 /* as docker ps prints it */

struct entry {
	struct identity *id;
	enum role role;
	size_t order;
};

/* Each writes what tells an identity apart, or "" where it has none. */
typedef void (*qualifier)(const struct identity *id, char *ret, size_t size);

static void by_container(const struct identity *id, char *ret, size_t size)
{
	/* LXC's names are kept whole: cut, two of them may be the same. */
	int n = id->container && strlen(id->container) == 64 ? CONTAINER_SHORT : 255;

	snprintf(ret, size, "%.*s", n, id->container ? id->container : "");
}

static void by_pod(const struct identity *id, char *ret, size_t size)
{
	snprintf(ret, size, "%s", id->pod ? id->pod : "");
}

static void by_netns(const struct identity *id, char *ret, size_t size)
{
	*ret = '\0';
	if (id->netns)
		snprintf(ret, size, "netns-%u", id->netns);
}

static void by_exe(const struct identity *id, char *ret, size_t size)
{
	snprintf(ret, size, "%s", id->exe ? id->exe : "");
}

static void by_pid(const struct identity *id, char *ret, size_t size)
{
	*ret = '\0';
	if (id->pid)
		snprintf(ret, size, "pid-%u", id->pid);
}

static const qualifier qualifiers[] = { by_container, by_pod, by_netns, by_exe, by_pid };
#define QUALIFIERS    (sizeof(qualifiers) / sizeof(*qualifiers))
#define QUALIFIER_MAX 4096

static int compare_names(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int names = strcmp(x->id->name, y->id->name);

	if (x->role != y->role)
		return x->role < y->role ? -1 : 1;
	return names ? names : (x->order < y->order ? -1 : x->order > y->order);
}

static bool is_same_name(const struct entry *a, const struct entry *b)
{
	return a->role == b->role && !strcmp(a->id->name, b->id->name);
}

static int add_suffix(struct identity *id, char separator, const char *suffix)
{
	char *name;

	if (asprintf(&name, "%s%c%s", id->name, separator, suffix) < 0)
		return -ENOMEM;
	for (char *c = name; *c; c++)
		if (*c <= ' ' || *c > '~')
			*c = '_';
	free(id->name);
	id->name = name;
	return 0;
}

/* Whether it tells at least one of the group from another. */
static bool tells_apart(qualifier q, const struct entry *group, size_t n)
{
	char first[QUALIFIER_MAX], other[QUALIFIER_MAX];

	q(group[0].id, first, sizeof(first));
	for (size_t i = 1; i < n; i++) {
		q(group[i].id, other, sizeof(other));
		if (strcmp(first, other))
			return true;
	}
	return false;
}

/* One that lacks the qualifier gets the next that it has, so that no name looks like all's. */
static int qualify(const struct entry *group, size_t n, size_t first)
{
	char text[QUALIFIER_MAX];

	for (size_t i = 0; i < n; i++) {
		size_t q = first;
		int err;

		do {
			qualifiers[q](group[i].id, text, sizeof(text));
		} while (!*text && ++q < QUALIFIERS);
		err = *text ? add_suffix(group[i].id, '@', text) : 0;
		if (err)
			return err;
	}
	return 0;
}

static int number(const struct entry *group, size_t n)
{
	char text[32];

	for (size_t i = 1; i < n; i++) {
		int err;

		snprintf(text, sizeof(text), "%zu", i + 1);
		err = add_suffix(group[i].id, '#', text);
		if (err)
			return err;
	}
	return 0;
}

/* Groups of equal names, each told apart by the qualifier, or numbered where q is QUALIFIERS. */
static int pass(struct entry *entries, size_t n, size_t q, bool *equal)
{
	*equal = false;
	qsort(entries, n, sizeof(*entries), compare_names);
	for (size_t i = 0, end; i < n; i = end) {
		int err = 0;

		for (end = i + 1; end < n && is_same_name(&entries[i], &entries[end]);)
			end++;
		if (end == i + 1)
			continue;
		*equal = true;
		if (q == QUALIFIERS)
			err = number(entries + i, end - i);
		else if (tells_apart(qualifiers[q], entries + i, end - i))
			err = qualify(entries + i, end - i, q);
		if (err)
			return err;
	}
	return 0;
}

int resolver_disambiguate(struct identity *ids[], const enum role roles[], size_t n)
{
	_cleanup_(freep) struct entry *entries = calloc(n ? n : 1, sizeof(*entries));
	bool equal = true;
	size_t named = 0;
	int err = 0;

	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (ids[i]->name)
			entries[named++] = (struct entry){ ids[i], roles[i], i };
	/* A new name may equal another's by chance; numbering repeats until none does. */
	for (size_t q = 0; !err && equal; q = q < QUALIFIERS ? q + 1 : q)
		err = pass(entries, named, q, &equal);
	return err;
}
