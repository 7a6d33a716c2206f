// SPDX-License-Identifier: Apache-2.0
/* places.c - a few dozen places, gone through from the first to the last. */
#include "places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int places_new(struct places *s, uint32_t n)
{
	*s = (struct places){ .n = n, .all = calloc(n, sizeof(*s->all)) };
	if (!s->all)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		s->all[i].fd = -1;
	return 0;
}

void places_clear(struct places *s)
{
	free(s->all);
}

struct place *places_free(struct places *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->all[i].fd < 0)
			return &s->all[i];
	return NULL;
}

/* How many places whoever has p holds without asking for anything. */
static unsigned int held(const struct places *s, const struct place *p)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < s->n; i++)
		n += s->all[i].fd >= 0 && !s->all[i].dropped && !s->all[i].busy &&
		     !memcmp(s->all[i].who, p->who, sizeof(p->who));
	return n;
}

struct place *places_least_missed(struct places *s)
{
	struct place *worst = NULL;
	unsigned int worst_held = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		struct place *p = &s->all[i];
		unsigned int p_held;

		if (p->fd < 0 || p->dropped)
			continue;
		p_held = p->busy ? 0 : held(s, p);
		if (!worst || p_held > worst_held ||
		    (p_held == worst_held && p->since_ns < worst->since_ns)) {
			worst = p;
			worst_held = p_held;
		}
	}
	return worst;
}

static bool reads(const struct place *p)
{
	return p->fd >= 0 && p->busy && !p->dropped && p->what;
}

size_t places_bytes_read(const struct places *s)
{
	size_t sum = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		bool known = !reads(&s->all[i]);

		for (uint32_t k = 0; !known && k < i; k++)
			known = reads(&s->all[k]) && s->all[k].what == s->all[i].what;
		sum += known ? 0 : s->all[i].bytes;
	}
	return sum;
}

struct place *places_oldest_reader(struct places *s)
{
	struct place *oldest = NULL;

	for (uint32_t i = 0; i < s->n; i++)
		if (reads(&s->all[i]) && (!oldest || s->all[i].since_ns < oldest->since_ns))
			oldest = &s->all[i];
	return oldest;
}
