// SPDX-License-Identifier: Apache-2.0
/* rows.c - sums over one row, and its end. Knows rows only. */
#include "rows.h"

#include <stdlib.h>

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

void sample_clear(struct sample *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_services; i++)
		identity_clear(&s->services[i].id);
	free(s->services);
	*s = (struct sample){};
}
