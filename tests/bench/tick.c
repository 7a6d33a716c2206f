// SPDX-License-Identifier: Apache-2.0
/* tick.c - 1,000 objectives at one tick. Allocations are counted by wrapping the C library's. */
#include "tick.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../user/slo/board.h"

#define OBJECTIVES 1000
#define HISTORY	   4000 /* steps */
#define STEP_S	   60
#define BEGIN	   1767225600

static unsigned long allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	allocations++;
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	allocations++;
	return __real_realloc(p, size);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void fail(const char *what)
{
	fprintf(stderr, "tick: %s failed\n", what);
	exit(1);
}

/* SLOs with one objective each; what their documents would be does not matter here. */
static struct slo_set *objectives(void)
{
	static const struct objective o = { .display_name = "",
					    .target = 999 * (DECIMAL_ONE / 1000),
					    .weight = DECIMAL_ONE };
	static struct objective own[OBJECTIVES];
	static struct slo slos[OBJECTIVES];
	static char names[OBJECTIVES][16];
	static struct slo_set set = { .slos = slos, .n_slos = OBJECTIVES };

	for (unsigned int i = 0; i < OBJECTIVES; i++) {
		snprintf(names[i], sizeof(names[i]), "slo-%u", i);
		own[i] = o;
		own[i].counts_name = names[i];
		slos[i] = (struct slo){ .name = names[i],
					.service = "bench",
					.window = { .rolling = true, .span = { 28, 'd' } },
					.objectives = &own[i],
					.n_objectives = 1,
					.min_bad_events = 1 };
	}
	return &set;
}

static void step(struct board *b, const int *feeds, unsigned int k)
{
	for (unsigned int i = 0; i < OBJECTIVES; i++) {
		struct step_counts c = { .good = 1000 - (k * 7 + i) % 13 / 12,
					 .total = 1000,
					 .measured = MEASURED_ONE };

		if (board_push(b, feeds[i], BEGIN + (int64_t)k * STEP_S, &c))
			fail("board_push");
	}
}

void tick(unsigned int ticks)
{
	struct board_options options = { .step_s = STEP_S, .from = BEGIN, .to = BEGIN };
	const struct slo_set *set = objectives();
	static int feeds[OBJECTIVES];
	struct slo_result result;
	struct board *b;
	char why[256];

	if (board_new(set, &options, &b, why, sizeof(why)))
		fail("board_new");
	for (unsigned int i = 0; i < OBJECTIVES; i++)
		feeds[i] = board_feed(b, set->slos[i].name);
	for (unsigned int k = 0; k < HISTORY; k++)
		step(b, feeds, k);
	for (unsigned int k = 0; k < ticks; k++) {
		unsigned long allocated = allocations;
		uint64_t begin = now_ns();

		step(b, feeds, HISTORY + k);
		for (size_t i = 0; i < board_n_results(b); i++)
			board_result(b, i, &result);
		printf("tick %llu %lu\n", (unsigned long long)(now_ns() - begin),
		       allocations - allocated);
	}
	board_free(b);
}
