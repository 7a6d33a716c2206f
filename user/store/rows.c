// SPDX-License-Identifier: Apache-2.0
/* rows.c - sums over one row, and its end. Knows rows only. */
#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"

uint64_t counts_outcome(const struct series_counts *c, enum outcome o)
{
	uint64_t n = 0;

	for (unsigned int mask = 0; mask < MASKS; mask++)
		n += c->exchanges[mask][o];
	return n;
}

uint64_t counts_within(const struct series_counts *c, unsigned int threshold, enum outcome o)
{
	uint64_t n = 0;

	for (unsigned int mask = 0; mask < MASKS; mask++)
		if (mask & (1u << threshold))
			n += c->exchanges[mask][o];
	return n;
}

uint64_t counts_streamed(const struct series_counts *c)
{
	uint64_t n = 0;

	for (unsigned int mask = 0; mask < MASKS; mask++)
		n += c->streamed[mask];
	return n;
}

uint64_t counts_streamed_within(const struct series_counts *c, unsigned int threshold)
{
	uint64_t n = 0;

	for (unsigned int mask = 0; mask < MASKS; mask++)
		if (mask & (1u << threshold))
			n += c->streamed[mask];
	return n;
}

uint64_t counts_total(const struct series_counts *c)
{
	uint64_t n = 0;

	for (unsigned int o = 0; o < OUTCOMES; o++)
		n += counts_outcome(c, o);
	return n;
}

uint64_t losses_lost(const struct losses *l)
{
	return l->no_storage + l->merged + l->unseen + l->unseen_mptcp;
}

uint64_t losses_unreadable(const struct losses *l, const char *backend)
{
	uint64_t n = l->unreadable + l->no_registers;

	if (!strcmp(backend, "syscall")) /* what passes no system call, no hook of it sees */
		n += l->caught_up;
	return n;
}

void identity_clear(struct identity *id)
{
	free(id->name);
	free(id->comm);
	free(id->exe);
	free(id->unit);
	free(id->container);
	free(id->pod);
	free(id->cgroup);
	free(id->peer_address);
	*id = (struct identity){};
}

static int copy_text(const char *from, char **ret)
{
	*ret = from ? strdup(from) : NULL;
	return from && !*ret ? -ENOMEM : 0;
}

int identity_copy(const struct identity *from, struct identity *ret)
{
	_cleanup_(identity_clear) struct identity id = *from;

	id.name = id.comm = id.exe = id.unit = NULL;
	id.container = id.pod = id.cgroup = id.peer_address = NULL;
	if (copy_text(from->name, &id.name) || copy_text(from->comm, &id.comm) ||
	    copy_text(from->exe, &id.exe) || copy_text(from->unit, &id.unit) ||
	    copy_text(from->container, &id.container) || copy_text(from->pod, &id.pod) ||
	    copy_text(from->cgroup, &id.cgroup) || copy_text(from->peer_address, &id.peer_address))
		return -ENOMEM;
	*ret = id;
	id = (struct identity){};
	return 0;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

bool identity_same_selected(const struct identity *a, const struct identity *b)
{
	return same_text(a->name, b->name) && a->port == b->port && same_text(a->comm, b->comm) &&
	       same_text(a->exe, b->exe) && same_text(a->unit, b->unit) &&
	       same_text(a->container, b->container) && same_text(a->pod, b->pod) &&
	       same_text(a->cgroup, b->cgroup) && same_text(a->peer_address, b->peer_address) &&
	       a->peer_port == b->peer_port;
}

bool identity_same(const struct identity *a, const struct identity *b)
{
	return identity_same_selected(a, b) && a->pid == b->pid && a->netns == b->netns;
}

void sample_clear(struct sample *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_services; i++)
		identity_clear(&s->services[i].id);
	free(s->services);
	*s = (struct sample){};
}

bool threshold_same(const struct threshold *a, const struct threshold *b)
{
	return a->part == b->part && a->max_ns == b->max_ns;
}

void counts_add(struct series_counts *sum, const struct series_counts *c)
{
	uint64_t max_ns = sum->max_ns > c->max_ns ? sum->max_ns : c->max_ns;
	const __u64 *from = (const __u64 *)c;
	__u64 *to = (__u64 *)sum;

	for (size_t i = 0; i < sizeof(*c) / sizeof(*from); i++)
		to[i] += from[i];
	sum->max_ns = max_ns;
}
