/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify_queue.h - messages that wait: in order for each receiver and alert, bounded, tried again later
 * and later. Time is an argument.
 * Knows: order, due times. Must not know: what a message says, how it is sent, clocks.
 */
#ifndef TROTH_EXPORT_NOTIFY_QUEUE_H
#define TROTH_EXPORT_NOTIFY_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "../base/cleanup.h"

#define NOTIFY_BACKOFF_FIRST_NS 1000000000ull
#define NOTIFY_BACKOFF_MOST_NS	(300 * NOTIFY_BACKOFF_FIRST_NS)

struct lane; /* messages of one receiver about one alert */

/* Body belongs to it. The fields from receiver on are the queue's, to be read only. */
struct message {
	int64_t id; /* where it is kept; 0 or less: nowhere */
	int64_t created;
	uint32_t tries;
	uint32_t refusals; /* of those; since the start */
	char *body;
	size_t receiver;
	uint64_t due_ns;
	uint64_t number; /* ascending with age */
	bool under_way;
	struct lane *lane;
	TAILQ_ENTRY(message) in_queue, in_lane;
};

void message_free(struct message *m); /* not while it is in a queue; NULL is fine */
DEFINE_FREEP(struct message, message_free)

struct notify_queue;

int notify_queue_new(uint32_t max, struct notify_queue **ret); /* 0 or -ENOMEM */
void notify_queue_free(struct notify_queue *q);		       /* its messages too; NULL is fine */
DEFINE_FREEP(struct notify_queue, notify_queue_free)

/* Behind all others. key: of the alert, copied. The queue owns m where it returns 0; else -ENOMEM. */
int notify_queue_add(struct notify_queue *q, size_t receiver, const char *key, struct message *m,
		     uint64_t due_ns);

/* The oldest that waits, where more than max wait: to be removed. Else NULL. */
struct message *notify_queue_excess(struct notify_queue *q);

/* The oldest for that receiver that may be sent now: it is under way from here. NULL: none. */
struct message *notify_queue_next(struct notify_queue *q, size_t receiver, uint64_t now_ns);

/* When notify_queue_next() has something. UINT64_MAX: not before something else ends. */
uint64_t notify_queue_due(const struct notify_queue *q, size_t receiver);

/* It is no longer under way, and waits until due_ns; those behind it in its lane wait too. */
void notify_queue_again(struct notify_queue *q, struct message *m, uint64_t due_ns);

/* Out of the queue; the caller owns it. */
void notify_queue_remove(struct notify_queue *q, struct message *m);

struct message *notify_queue_first(struct notify_queue *q); /* oldest first; NULL: none */
struct message *notify_queue_after(struct message *m);
uint64_t notify_queue_waiting(const struct notify_queue *q, size_t receiver); /* under way too */

/* After so many failed tries (from 1): doubled each time, up to MOST; the last quarter by chance. */
uint64_t notify_backoff_ns(uint32_t tries, uint32_t chance);

#endif
