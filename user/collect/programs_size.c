// SPDX-License-Identifier: Apache-2.0
/*
 * programs_size.c - how many series there are, in how many stripes, and to whom their numbers belong.
 * Part of programs.h: sizes follow from the machine and from the memory budget.
 */
#include "programs.h"

#include <bpf/libbpf.h>

/* Kernel memory of the series; the other maps are small beside it. */
#define SERIES_BUDGET  (64u << 20)
#define SERIES_DEFAULT 2048

const char *const programs_queues[ROLES] = {
	[ROLE_SERVER] = "free_servers",
	[ROLE_CLIENT] = "free_clients",
};

enum role programs_role_of_number(unsigned int number)
{
	return (number - SERIES_FIRST) % 2 ? ROLE_CLIENT : ROLE_SERVER;
}

static size_t memory(unsigned int series, unsigned int stripes)
{
	return (size_t)series * stripes * sizeof(struct series_counts);
}

void programs_sizes(const struct collector_options *o, unsigned int *ret_series,
		    unsigned int *ret_stripes)
{
	int cpus = libbpf_num_possible_cpus();
	unsigned int stripes = 1, series = SERIES_FIRST + o->max_series;

	while (stripes < STRIPES_MAX && (int)stripes < cpus)
		stripes *= 2;
	if (!o->max_series) {
		size_t fit = SERIES_BUDGET / memory(1, stripes);

		series += (unsigned int)(fit < SERIES_DEFAULT ? fit : SERIES_DEFAULT);
	}
	/* What was asked for is honoured; stripes only keep CPUs out of each other's way. */
	while (o->max_series && stripes > 1 && memory(series, stripes) > SERIES_BUDGET)
		stripes /= 2;
	*ret_series = series;
	*ret_stripes = stripes;
}

size_t programs_memory(const struct collector_options *o, unsigned int *services)
{
	unsigned int series, stripes;

	programs_sizes(o, &series, &stripes);
	*services = series - SERIES_FIRST;
	return memory(series, stripes);
}
