/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ticks.h - for test_ticks*.c: the daemon's ticks over a kernel that is made up (what sampler.h has), a
 * clock that the test sets, memory and disk that end on command. What the kernel counted is the truth.
 */
#ifndef TROTH_TESTS_TICKS_H
#define TROTH_TESTS_TICKS_H

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "../../user/base/log.h"
#include "../../user/daemon/daemon_inside.h"

#define T0	1767225600 /* 2026-01-01 00:00 UTC */
#define SERIES	64
#define PORT	8080 /* of the promise */
#define PROMISE "promise"

/* --- the kernel --------------------------------------------------------------------------------- */

struct made {
	bool used, moved, leaving;
	struct endpoint_key key;
	struct identity id;
	struct series_counts counts;
	unsigned int waiting; /* requests without an answer yet */
};

struct kernel {
	bool there; /* maps are pinned */
	struct made series[SERIES];
	struct sampler_maps maps;
	unsigned int freed;	/* numbers that came back */
	bool full_when_retired; /* the disk, from then on */
	bool dies_when_mapped;	/* whoever starts; maps stay */
	bool strange;		/* maps of another layout: they leave */
	bool dies_when_left;	/* whoever starts, before they are gone */
};
extern struct kernel kernel;

/* Whoever is called so at that port; the number of its series. */
unsigned int made_service(const char *name, uint16_t port);
void made_exchanges(unsigned int series, unsigned int ok, unsigned int error);

/* --- what fails --------------------------------------------------------------------------------- */

/* Allocations from the n-th from now on, so many of them. 0: none any more. */
void memory_ends(unsigned long n, unsigned long many);
bool memory_ended(void); /* one was refused since memory_ends() */
/* No file grows beyond. RLIM_INFINITY: as before. */
void disk_has(rlim_t bytes);

/* --- the daemon --------------------------------------------------------------------------------- */

struct world {
	char dir[64], state[80], slos[80], db[96];
	struct daemon d;
};

extern uint64_t second; /* since T0 */

struct world *world_new(void);
enum daemon_end world_begin(struct world *w);
void world_start(struct world *w);
void world_kill(struct world *w); /* nothing is written any more */
void world_free(struct world *w);
void world_tick(struct world *w);   /* a second later */
void world_minute(struct world *w); /* and the first of the next minute */

/* Since the beginning of record, in memory and in the record; 0: not there. */
uint64_t total_in_memory(struct world *w, const char *name);
uint64_t total_in_record(struct world *w, const char *name);
void promise_is(struct world *w, uint64_t good, uint64_t total);

bool is_loud(struct world *w, enum health_part part);
/* Of the log since the last log_forget(). */
unsigned int log_has(const char *text);
void log_forget(void);

#endif
