// SPDX-License-Identifier: Apache-2.0
/*
 * live_services.c - which objectives mean a service, and what a tick counts of it for them. A service is
 * judged as a whole before the tick and after it: what lies between goes to the minute. So corrections
 * of what was counted earlier (streams) come out as if all had been judged at once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/hash.h"
#include "live_parts.h"
#include "select.h"

/* --- who is known ------------------------------------------------------------------------------- */

static void known_unmatch(struct known *k)
{
	free(k->matches);
	free(k->tallies);
	k->matches = NULL;
	k->tallies = NULL;
	k->n_matches = k->n_tallies = 0;
	k->matched = false;
}

static void known_free(struct known *k)
{
	known_unmatch(k);
	free(k->name);
	free(k);
}

void known_free_all(struct live *l)
{
	known_expire(l, INT64_MAX);
}

/* minute: INT64_MAX for all. */
void known_expire(struct live *l, int64_t minute)
{
	for (size_t i = 0; i < KNOWN_BUCKETS; i++)
		for (struct known **at = &l->known[i]; *at;) {
			struct known *k = *at;

			if (k->minute > minute - KNOWN_FORGET_S) {
				at = &k->next;
				continue;
			}
			*at = k->next;
			known_free(k);
			l->n_known--;
		}
}

/* The one that was not seen for longest makes room. */
static void known_evict(struct live *l)
{
	struct known **oldest = NULL, *k;

	for (size_t i = 0; i < KNOWN_BUCKETS; i++)
		for (struct known **at = &l->known[i]; *at; at = &(*at)->next)
			if (!oldest || (*at)->minute < (*oldest)->minute)
				oldest = at;
	k = *oldest;
	*oldest = k->next;
	known_free(k);
	l->n_known--;
	l->evicted++;
}

static size_t bucket_of(enum role role, const char *name)
{
	return hash_fold(hash_text(HASH_OF_NOTHING ^ role, name)) % KNOWN_BUCKETS;
}

static struct known *known_find(struct live *l, const struct service_row *row)
{
	const char *name = row->id.name ? row->id.name : "";
	size_t bucket = bucket_of(row->role, name);
	struct known *k = l->known[bucket];

	while (k && (k->role != row->role || strcmp(k->name, name)))
		k = k->next;
	if (k)
		return k;
	k = calloc(1, sizeof(*k));
	if (!k)
		return NULL;
	k->role = row->role;
	k->name = strdup(name);
	if (!k->name) {
		free(k);
		return NULL;
	}
	if (l->n_known == KNOWN_MAX)
		known_evict(l);
	k->next = l->known[bucket];
	l->known[bucket] = k;
	l->n_known++;
	return k;
}

void live_forget_services(struct live *l)
{
	for (size_t i = 0; i < KNOWN_BUCKETS; i++)
		for (struct known *k = l->known[i]; k; k = k->next)
			known_unmatch(k);
}

uint64_t live_evicted(const struct live *l)
{
	return l->evicted;
}

/* --- who is meant ------------------------------------------------------------------------------- */

static uint16_t tally_index(struct known *k, unsigned int rule)
{
	uint32_t i = 0;

	while (i < k->n_tallies && k->tallies[i].rule != rule)
		i++;
	if (i == k->n_tallies)
		k->tallies[k->n_tallies++].rule = rule;
	return (uint16_t)i;
}

static void count_all(const struct live *l, struct known *k)
{
	static const uint64_t nobody[THRESHOLDS];
	const struct countable c = { .exchanges = k->counts.exchanges,
				     .streamed = k->counts.streamed,
				     .undated = k->counts.undated,
				     .undivided = k->counts.undivided,
				     .older = nobody, /* who waits is counted apart */
				     .understood = k->understood };

	for (uint32_t i = 0; i < k->n_tallies; i++) {
		struct tallied *t = &k->tallies[i];

		t->applies = tally_count(&l->rules[t->rule], &c, &t->tally);
	}
}

/* Objectives are many, the ways to count are few. */
static void known_shrink(struct known *k, uint32_t room)
{
	struct tallied *less;

	if (!k->n_tallies || k->n_tallies == room)
		return;
	less = reallocarray(k->tallies, k->n_tallies, sizeof(*less));
	if (less)
		k->tallies = less;
}

static int known_match(const struct live *l, struct known *k, const struct service_row *row)
{
	_cleanup_(freep) struct match *found = calloc(l->n + 1, sizeof(*found));
	uint32_t n = 0;

	if (!found)
		return -ENOMEM;
	for (size_t i = 0; i < l->n; i++) {
		const struct planned *d = &l->promised[i].planned;
		struct match m = { .objective = (uint32_t)i };

		if (d->reason)
			continue;
		m.good = select_matches(d->good->select, row, 0);
		m.total = select_matches(d->total->select, row, 0);
		if (m.good || m.total)
			found[n++] = m;
	}
	k->tallies = n ? calloc(n, sizeof(*k->tallies)) : NULL;
	k->matches = n ? calloc(n, sizeof(*k->matches)) : NULL;
	if (n && (!k->tallies || !k->matches)) {
		known_unmatch(k);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++) {
		k->matches[i] = found[i];
		k->matches[i].tally = tally_index(k, l->promised[found[i].objective].rule);
	}
	k->n_matches = n;
	known_shrink(k, n);
	k->matched = true;
	count_all(l, k);
	return 0;
}

size_t live_services(const struct live *l, size_t objective, const char *const **ret_names)
{
	/* A list for whoever asked last, not a part of what l is. */
	struct live *list = (struct live *)l;
	size_t n = 0;

	if (list->names_room < l->n_known) {
		const char **names = reallocarray(list->names, l->n_known, sizeof(*names));

		if (!names)
			return 0;
		list->names = names;
		list->names_room = l->n_known;
	}
	for (size_t i = 0; i < KNOWN_BUCKETS; i++)
		for (const struct known *k = l->known[i]; k; k = k->next)
			for (uint32_t m = 0; m < k->n_matches; m++)
				if (k->matches[m].objective == objective)
					list->names[n++] = k->name;
	*ret_names = list->names;
	return n;
}

/* --- counting ----------------------------------------------------------------------------------- */

static void so_far_add(struct so_far *sum, const struct series_counts *c)
{
	for (unsigned int mask = 0; mask < MASKS; mask++) {
		for (unsigned int o = 0; o < OUTCOMES; o++)
			sum->exchanges[mask][o] += c->exchanges[mask][o];
		sum->streamed[mask] += c->streamed[mask];
	}
	for (unsigned int i = 0; i < THRESHOLDS; i++)
		sum->undated[i] += c->undated[i];
	sum->undivided += c->undivided;
}

static bool moved(const struct series_counts *c)
{
	__u64 any = c->undivided;

	for (unsigned int mask = 0; mask < MASKS; mask++) {
		for (unsigned int o = 0; o < OUTCOMES; o++)
			any |= c->exchanges[mask][o];
		any |= c->streamed[mask];
	}
	for (unsigned int i = 0; i < THRESHOLDS; i++)
		any |= c->undated[i];
	return any;
}

static int64_t step(uint64_t from, uint64_t to)
{
	return (int64_t)(to - from);
}

/* What one service's counts are for one objective: the difference of two judgements. */
static void add_step(struct promised *p, const struct match *m, const struct tallied *from,
		     const struct tallied *to)
{
	const struct tally *a = &from->tally, *b = &to->tally;
	int64_t total = step(a->total, b->total), good = step(a->good, b->good);

	p->blind |= !to->applies;
	if (m->total)
		p->since.total += total;
	if (!p->planned.rule.good_is_bad)
		p->since.good += m->good ? good : 0;
	else
		p->since.good += (m->total ? total : 0) - (m->good ? total - good : 0);
	if (m->good)
		p->since.inexact +=
			step(a->good_highest - a->good_lowest, b->good_highest - b->good_lowest);
}

static void add_waiting(struct live *l, const struct known *k, const uint64_t *older)
{
	for (uint32_t i = 0; i < k->n_matches; i++) {
		const struct match *m = &k->matches[i];
		struct promised *p = &l->promised[m->objective];

		if (m->total && p->limit < THRESHOLDS && k->tallies[m->tally].applies)
			p->older_now += older[p->limit];
	}
}

static int known_get(struct live *l, const struct service_row *row, bool understood,
		     struct known **ret)
{
	struct known *k = known_find(l, row);
	int r = 0;

	if (!k)
		return -ENOMEM;
	k->minute = l->minute;
	if (!k->matched) {
		k->understood = understood;
		r = known_match(l, k, row);
	}
	if (!r && k->understood != understood) { /* from now on; what was counted stays */
		k->understood = understood;
		count_all(l, k);
	}
	*ret = k;
	return r;
}

int live_count(struct live *l, const struct service_row *delta, bool understood)
{
	struct tallied before[8];
	struct known *k;
	int r;

	if (delta->overflow)
		return 0;
	r = known_get(l, delta, understood, &k);
	if (r)
		return r;
	if (k->n_matches && moved(&delta->counts)) {
		_cleanup_(freep) struct tallied *many = NULL;
		struct tallied *old = before;

		if (k->n_tallies > 8)
			old = many = calloc(k->n_tallies, sizeof(*many));
		if (!old)
			return -ENOMEM;
		memcpy(old, k->tallies, k->n_tallies * sizeof(*old));
		so_far_add(&k->counts, &delta->counts);
		count_all(l, k);
		for (uint32_t i = 0; i < k->n_matches; i++) {
			const struct match *m = &k->matches[i];

			add_step(&l->promised[m->objective], m, &old[m->tally],
				 &k->tallies[m->tally]);
		}
	}
	if (delta->in_flight.count)
		add_waiting(l, k, delta->in_flight.older);
	return 0;
}

int live_known(struct live *l, const struct service_row *whole, bool understood)
{
	struct known *k;
	int r;

	if (whole->overflow)
		return 0;
	r = known_get(l, whole, understood, &k);
	if (r)
		return r;
	k->counts = (struct so_far){};
	so_far_add(&k->counts, &whole->counts);
	count_all(l, k);
	return 0;
}

void live_tick_begin(struct live *l)
{
	for (size_t i = 0; i < l->n; i++)
		l->promised[i].older_now = 0;
}

void live_tick_end(struct live *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct promised *p = &l->promised[i];

		p->since.total += step(p->older, p->older_now);
		p->older = p->older_now;
		p->older_now = 0;
	}
}
