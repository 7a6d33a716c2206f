// SPDX-License-Identifier: Apache-2.0
/*
 * bench.c - blocks of exchanges under different hooks, in turn, on one CPU. Prints what every
 * visit took; `run` makes figures of it.
 *
 *	bench exchange SECONDS SCRIPT	nothing, floor, troth, troth with a port filter, bpftrace
 *	bench connections SECONDS	1, 1,000 and 20,000 open connections, one of them talking
 *	bench services SECONDS	10 and 1,000 services, all of them talking
 *	bench load RATE SECONDS		traffic at a rate (0: as fast as it goes) on a port of its own
 *
 * A line: name, hooks, nanoseconds per exchange (the fastest block of the visit).
 */
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hooks.h"
#include "talk.h"

#define BLOCK  200
#define BLOCKS 8   /* of a visit */
#define ROUNDS 3   /* of opening and closing connections */
#define WARM   100 /* exchanges before the first block */

static void die(const char *what, int r)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(-r));
	exit(1);
}

/* On the last CPU that we may use: the first one has more interrupts. */
static void pin(void)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all))
		return;
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

static void blocks(struct talk *t, unsigned int block, const char *name, const char *hooks)
{
	double best = 1e18;

	for (int i = 0; i < BLOCKS; i++) {
		uint64_t begin = talk_now_ns();
		int r = talk_exchanges(t, block);
		double ns = (double)(talk_now_ns() - begin) / block;

		if (r)
			die("an exchange", r);
		best = ns < best ? ns : best;
	}
	printf("%s %s %.1f\n", name, hooks, best);
}

/* Attach, a fresh connection, warm up, blocks, detach. hooks NULL: nothing is attached. */
static void visit(struct hooks *h, const char *name, const char *hooks)
{
	struct talk *t;
	int r;

	hooks_wait_alone();
	r = h ? hooks_attach(h) : 0;
	if (!r)
		r = talk_open(1, 1, &t);
	if (!r)
		r = talk_exchanges(t, WARM);
	if (r)
		die(hooks, r);
	blocks(t, BLOCK, name, hooks);
	talk_free(t);
	if (h)
		hooks_detach(h);
}

static void load(struct hooks **h, int r, const char *what)
{
	if (r == -ENOENT)
		*h = NULL;
	else if (r)
		die(what, r);
}

/* Detaching waits for the kernel's grace periods: rounds are as many as the time allows. */
static bool more(uint64_t begin, double seconds)
{
	return (double)(talk_now_ns() - begin) < seconds * 1e9;
}

static void exchange(double seconds, const char *script)
{
	struct hooks *floor, *troth, *filtered, *script_hooks;
	uint64_t begin;

	load(&floor, hooks_floor(&floor), "floor");
	load(&troth, hooks_troth(0, &troth), "troth");
	load(&filtered, hooks_troth(1, &filtered), "troth");
	load(&script_hooks, hooks_bpftrace(script, &script_hooks), "bpftrace");
	begin = talk_now_ns();
	do {
		visit(NULL, "exchange", "nothing");
		visit(floor, "exchange", "floor");
		visit(troth, "exchange", "troth");
		visit(filtered, "exchange", "filtered");
		if (script_hooks)
			visit(script_hooks, "exchange", "bpftrace");
	} while (more(begin, seconds));
	hooks_free(floor);
	hooks_free(troth);
	hooks_free(filtered);
	hooks_free(script_hooks);
}

static void connections(double seconds)
{
	static const unsigned int open[] = { 1, 1000, 20000 };
	const unsigned int many = sizeof(open) / sizeof(open[0]);
	struct hooks *troth;
	uint64_t begin;

	load(&troth, hooks_troth(0, &troth), "troth");
	for (int i = 0; i < ROUNDS; i++) {
		for (unsigned int k = 0; k < many; k++) {
			struct idle *idle = NULL;
			char name[32];
			int r = hooks_attach(troth);

			if (!r)
				r = idle_open(open[k] - 1, &idle);
			hooks_detach(troth);
			if (r)
				die("idle connections", r);
			snprintf(name, sizeof(name), "open-%u", open[k]);
			begin = talk_now_ns();
			do {
				visit(NULL, name, "nothing");
				visit(troth, name, "troth");
			} while (more(begin, seconds / (ROUNDS * many)));
			begin = talk_now_ns();
			if (hooks_sweep(troth))
				die("sweep", -EIO);
			printf("%s sweep %.1f\n", name, (double)(talk_now_ns() - begin));
			idle_free(idle);
		}
	}
	hooks_free(troth);
}

static void services(double seconds)
{
	static const unsigned int many[] = { 10, 1000 };
	struct talk *t[2];
	struct hooks *troth;
	char name[32];
	uint64_t begin;
	int r = 0;

	load(&troth, hooks_troth(0, &troth), "troth");
	r = hooks_attach(troth);
	for (int k = 0; k < 2 && !r; k++)
		r = talk_open(many[k], many[k], &t[k]);
	for (begin = talk_now_ns(); !r && more(begin, seconds);) {
		for (int on = 1; on >= 0 && !r; on--) {
			for (int k = 0; k < 2 && !r; k++) {
				snprintf(name, sizeof(name), "services-%u", many[k]);
				/* What was missed while nothing was attached is caught up here. */
				r = talk_exchanges(t[k], 2 * many[k]);
				if (!r)
					blocks(t[k], many[1], name, on ? "troth" : "nothing");
			}
			if (on)
				hooks_detach(troth);
		}
		if (!r)
			r = hooks_attach(troth);
	}
	if (r)
		die("services", r);
	hooks_detach(troth);
	talk_free(t[0]);
	talk_free(t[1]);
	hooks_free(troth);
}

/* Says its port, talks for so long once a line comes, says how many exchanges that were. */
static void make_load(double rate, double seconds)
{
	unsigned long long done = 0;
	unsigned int burst = rate > 0 ? 1 : 50;
	uint64_t begin, end, now;
	struct talk *t;
	char line[8];
	int r = talk_open(8, 1, &t);

	if (r)
		die("load", r);
	printf("%u\n", talk_port(t));
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(1);
	begin = talk_now_ns();
	end = begin + (uint64_t)(seconds * 1e9);
	while ((now = talk_now_ns()) < end) {
		uint64_t due = begin + (uint64_t)(rate > 0 ? (double)done * 1e9 / rate : 0);
		struct timespec wait = { .tv_nsec = (long)(due > now ? due - now : 0) };

		if (rate > 0 && wait.tv_nsec > 0 && wait.tv_nsec < 1000000000)
			nanosleep(&wait, NULL);
		r = talk_exchanges(t, burst);
		if (r)
			die("load", r);
		done += burst;
	}
	printf("%llu\n", done);
	talk_free(t);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (strcmp(what, "load"))
		pin();
	if (!strcmp(what, "exchange") && argc > 3)
		exchange(atof(argv[2]), argv[3]);
	else if (!strcmp(what, "connections"))
		connections(atof(argv[2]));
	else if (!strcmp(what, "services"))
		services(atof(argv[2]));
	else if (!strcmp(what, "load") && argc > 3)
		make_load(atof(argv[2]), atof(argv[3]));
	else
		return 2;
	return 0;
}
