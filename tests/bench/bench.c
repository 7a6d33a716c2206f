// SPDX-License-Identifier: Apache-2.0
/*
 * bench.c - blocks of exchanges under different hooks, in turn, on one CPU. Prints what every
 * visit took; `run` makes figures of it.
 *
 *	bench exchange SECONDS SCRIPT	nothing, floor, both backends, one with a port filter, bpftrace
 *	bench calls SECONDS SCRIPT	system calls that have nothing to do with sockets, under the same
 *	bench connections SECONDS	1, 1,000 and 20,000 open connections, one of them talking
 *	bench services SECONDS	10 and 1,000 services, all of them talking
 *	bench load RATE SECONDS		traffic at a rate (0: as fast as it goes) on a port of its own
 *	bench crowd PORTS RATE IDLE	many services that talk, and idle connections, until a line comes
 *
 * A line: name, hooks, nanoseconds per exchange or call (the fastest block of the visit).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "crowd.h"
#include "hooks.h"
#include "live.h"
#include "talk.h"
#include "tick.h"

#define BLOCK  200
#define BLOCKS 8   /* of a visit */
#define ROUNDS 3   /* of opening and closing connections */
#define WARM   100 /* exchanges before the first block */

#define CALLS	    2000 /* a block */
#define CALL_BLOCKS 20	 /* of a visit */

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

/* What both backends are compared with, and themselves. */
struct sets {
	struct hooks *floor, *socket, *syscall, *filtered, *script;
};

static void sets_load(struct sets *s, const char *script)
{
	load(&s->floor, hooks_floor(&s->floor), "floor");
	load(&s->socket, hooks_troth(BACKEND_SOCKET, 0, &s->socket), "socket backend");
	load(&s->syscall, hooks_troth(BACKEND_SYSCALL, 0, &s->syscall), "syscall backend");
	load(&s->filtered, hooks_troth(BACKEND_SOCKET, 1, &s->filtered), "socket backend");
	load(&s->script, hooks_bpftrace(script, &s->script), "bpftrace");
}

static void sets_free(struct sets *s)
{
	hooks_free(s->floor);
	hooks_free(s->socket);
	hooks_free(s->syscall);
	hooks_free(s->filtered);
	hooks_free(s->script);
}

static void exchange(double seconds, const char *script)
{
	struct sets s;
	uint64_t begin;

	sets_load(&s, script);
	begin = talk_now_ns();
	do {
		visit(NULL, "exchange", "nothing");
		visit(s.floor, "exchange", "floor");
		visit(s.socket, "exchange", "socket");
		visit(s.syscall, "exchange", "syscall");
		visit(s.filtered, "exchange", "filtered");
		if (s.script)
			visit(s.script, "exchange", "bpftrace");
	} while (more(begin, seconds));
	sets_free(&s);
}

static int call_getppid(int fd)
{
	(void)fd;
	return syscall(SYS_getppid) < 0 ? -errno : 0;
}

static int call_read(int fd)
{
	char byte;

	return read(fd, &byte, 1) == 1 ? 0 : -EIO;
}

static void call_blocks(int (*call)(int fd), int fd, const char *name, const char *hooks)
{
	double best = 1e18;

	for (int i = 0; i < CALL_BLOCKS; i++) {
		uint64_t begin = talk_now_ns();
		int r = 0;
		double ns;

		for (int k = 0; k < CALLS && !r; k++)
			r = call(fd);
		if (r)
			die(name, r);
		ns = (double)(talk_now_ns() - begin) / CALLS;
		best = ns < best ? ns : best;
	}
	printf("%s %s %.2f\n", name, hooks, best);
}

/* h NULL: nothing is attached. */
static void visit_calls(struct hooks *h, int zero, const char *hooks)
{
	int r;

	hooks_wait_alone();
	r = h ? hooks_attach(h) : 0;
	if (r)
		die(hooks, r);
	call_blocks(call_getppid, zero, "getppid", hooks);
	call_blocks(call_read, zero, "read", hooks);
	if (h)
		hooks_detach(h);
}

static void calls(double seconds, const char *script)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct sets s;
	uint64_t begin;

	if (zero < 0)
		die("/dev/zero", -errno);
	sets_load(&s, script);
	begin = talk_now_ns();
	do {
		visit_calls(NULL, zero, "nothing");
		visit_calls(s.socket, zero, "socket");
		visit_calls(s.syscall, zero, "syscall");
		if (s.script)
			visit_calls(s.script, zero, "bpftrace");
	} while (more(begin, seconds));
	sets_free(&s);
	close(zero);
}

static void connections(double seconds)
{
	static const unsigned int open[] = { 1, 1000, 20000 };
	const unsigned int many = sizeof(open) / sizeof(open[0]);
	struct hooks *troth;
	uint64_t begin;

	load(&troth, hooks_troth(BACKEND_SOCKET, 0, &troth), "troth");
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

	load(&troth, hooks_troth(BACKEND_SOCKET, 0, &troth), "troth");
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
	if (strcmp(what, "load") && strcmp(what, "crowd"))
		pin();
	if (!strcmp(what, "exchange") && argc > 3)
		exchange(atof(argv[2]), argv[3]);
	else if (!strcmp(what, "calls") && argc > 3)
		calls(atof(argv[2]), argv[3]);
	else if (!strcmp(what, "connections"))
		connections(atof(argv[2]));
	else if (!strcmp(what, "live"))
		live((unsigned int)atoi(argv[2]));
	else if (!strcmp(what, "tick"))
		tick((unsigned int)atoi(argv[2]));
	else if (!strcmp(what, "services"))
		services(atof(argv[2]));
	else if (!strcmp(what, "load") && argc > 3)
		make_load(atof(argv[2]), atof(argv[3]));
	else if (!strcmp(what, "crowd") && argc > 4)
		crowd((unsigned int)atoi(argv[2]), atof(argv[3]), (unsigned int)atoi(argv[4]));
	else
		return 2;
	return 0;
}
