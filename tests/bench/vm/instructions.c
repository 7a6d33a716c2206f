// SPDX-License-Identifier: Apache-2.0
/*
 * instructions.c - what hooks add to one exchange, in instructions: for an emulated CPU whose time
 * stamp counter is the number of instructions it has run (QEMU's -icount shift=0).
 *
 *	instructions [ROUNDS [SCRIPT]]
 *
 * Prints "set NAME THREAD SERVED MACHINE" for each visit of each set of hooks, instructions per
 * exchange: both ends in one thread; then, with a process of its own that answers, what runs in its
 * context (the kernel's account), and what the machine runs: the client, the scheduler, and user
 * space that serves a set of hooks included. Each is the median of short blocks, which no timer's
 * interrupt moves.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

#include <bpf/bpf.h>
#include <unistd.h>

#include "tests/bench/hooks.h"
#include "tests/bench/talk.h"

#define BLOCK	    20 /* exchanges; every second request of a kept connection is looked at */
#define BLOCKS	    201
#define WARM	    200
#define CALIBRATION 1000000
#define ROUNDS_MAX  16

static void die(const char *what, int r)
{
	fprintf(stderr, "instructions: %s: %s\n", what, strerror(-r));
	exit(1);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t loop_ticks(void)
{
	uint64_t begin = __rdtsc();
	unsigned long n = CALIBRATION;

	__asm__ volatile("1: dec %0; jnz 1b" : "+r"(n));
	return __rdtsc() - begin;
}

/* A loop of two instructions must take two ticks a turn. */
static void calibrate(void)
{
	uint64_t best = UINT64_MAX, ticks;

	for (int i = 0; i < 5; i++) {
		ticks = loop_ticks();
		best = ticks < best ? ticks : best;
	}
	if (best < 2 * CALIBRATION || best > 2 * CALIBRATION + CALIBRATION / 500) {
		fprintf(stderr,
			"instructions: %llu ticks for %d instructions: not a counter of those\n",
			(unsigned long long)best, 2 * CALIBRATION);
		exit(3);
	}
}

static double median(uint64_t blocks[BLOCKS])
{
	qsort(blocks, BLOCKS, sizeof(*blocks), by_value);
	return (double)blocks[BLOCKS / 2] / BLOCK;
}

/* Instructions of an exchange: of the machine, and, where *served is wanted, of who answers. */
static double measure(struct talk *t, const char *name, double *served)
{
	uint64_t machine[BLOCKS], process[BLOCKS] = { 0 };
	int r = talk_exchanges(t, WARM);

	for (int i = 0; i < BLOCKS && !r; i++) {
		uint64_t before = served ? talk_served_ns(t) : 0, begin = __rdtsc();

		r = talk_exchanges(t, BLOCK);
		machine[i] = __rdtsc() - begin;
		if (served)
			process[i] = talk_served_ns(t) - before;
	}
	if (r)
		die(name, r);
	if (served)
		*served = median(process);
	return median(machine);
}

/* h NULL: nothing is attached. */
static void visit(struct hooks *h, const char *name)
{
	double thread, served, machine;
	struct talk *t;
	int r = h ? hooks_attach(h) : 0;

	if (!r)
		r = talk_open(1, 1, &t);
	if (r)
		die(name, r);
	thread = measure(t, name, NULL);
	r = talk_serve(t);
	if (r)
		die(name, r);
	machine = measure(t, name, &served);
	printf("set %s %.1f %.1f %.1f\n", name, thread, served, machine);
	talk_free(t);
	if (h)
		hooks_detach(h);
}

/* Of every program in the kernel: what a run takes, and how many an exchange has. */
static void by_program(struct hooks *h, const char *name)
{
	double exchanges = 2 * (WARM + BLOCK * BLOCKS);
	int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	__u32 id = 0;
	char said[64];

	snprintf(said, sizeof(said), "%s-with-statistics", name);
	visit(h, said);
	while (!bpf_prog_get_next_id(id, &id)) {
		struct bpf_prog_info info = {};
		__u32 size = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size) && info.run_cnt)
			printf("program %s %.1f x %.2f\n", info.name,
			       (double)info.run_time_ns / (double)info.run_cnt,
			       (double)info.run_cnt / exchanges);
		if (fd >= 0)
			close(fd);
	}
	if (stats >= 0)
		close(stats);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 1;
	struct hooks *floor, *backends[BACKENDS], *script = NULL;
	int r;

	setvbuf(stdout, NULL, _IOLBF, 0);
	calibrate();
	r = hooks_floor(&floor);
	for (enum backend b = 0; b < BACKENDS && !r; b++)
		r = hooks_troth(b, 0, &backends[b]);
	if (r)
		die("loading", r);
	if (argc > 2 && hooks_bpftrace(argv[2], &script))
		printf("note bpftrace did not attach\n");
	for (int i = 0; i < rounds && i < ROUNDS_MAX; i++) {
		visit(NULL, "nothing");
		visit(floor, "floor");
		for (enum backend b = 0; b < BACKENDS; b++)
			visit(backends[b], backend_names[b]);
		if (script)
			visit(script, "bpftrace");
	}
	for (enum backend b = 0; b < BACKENDS; b++) {
		by_program(backends[b], backend_names[b]);
		hooks_free(backends[b]); /* so that the next one's programs are alone */
	}
	hooks_free(floor);
	hooks_free(script);
	printf("end\n");
	return 0;
}
