/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.h - one epoll loop: descriptors and timers call back, one after the other, in one thread.
 * Knows: epoll, timerfd. Must not know: what is waited for.
 */
#ifndef TROTH_BASE_LOOP_H
#define TROTH_BASE_LOOP_H

#include <stdint.h>

#include "cleanup.h"

struct loop;
struct loop_watch; /* of one descriptor */
struct loop_timer;

int loop_new(struct loop **ret); /* 0 or -errno */
void loop_free(struct loop *l);	 /* after its watches and timers; NULL is fine */
DEFINE_FREEP(struct loop, loop_free)

/* fd is borrowed; events as in epoll_ctl(2). A callback may end any watch, its own too. 0 or -errno. */
int loop_watch(struct loop *l, int fd, uint32_t events,
	       void (*ready)(void *context, uint32_t events), void *context,
	       struct loop_watch **ret);
int loop_watch_change(struct loop_watch *w, uint32_t events);
void loop_watch_end(struct loop_watch *w); /* before fd is closed; NULL is fine */

/* CLOCK_MONOTONIC. Made unarmed. */
int loop_timer(struct loop *l, void (*fired)(void *context), void *context,
	       struct loop_timer **ret);
/* Once, after_ns from now (0: at once), or with every_ns again and again; what was set before is void. */
int loop_timer_set(struct loop_timer *t, uint64_t after_ns, uint64_t every_ns);
int loop_timer_stop(struct loop_timer *t);
void loop_timer_end(struct loop_timer *t); /* NULL is fine */

/* Until loop_stop(). 0 or -errno. */
int loop_run(struct loop *l);
void loop_stop(struct loop *l);

#endif
