/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify_state.h - what notify.c (messages come in) and notify_send.c (messages go out) share; for
 * nobody else.
 */
#ifndef TROTH_EXPORT_NOTIFY_STATE_H
#define TROTH_EXPORT_NOTIFY_STATE_H

#include "../base/moment.h"
#include "notify.h"
#include "notify_firing.h"
#include "notify_http.h"
#include "notify_queue.h"
#include "notify_try.h"

/* A receiver, and how it has gone there. */
struct outlet {
	const struct receiver *receiver;
	char *where; /* webhook "ops" at https://host:1234 */
	unsigned int under_way;
	struct notifier_counts counts;
	bool failing; /* and it was said */
	uint64_t said_ns, unsaid;
	/* Repeating what fires: */
	uint64_t repeat_ns; /* when next; 0: at once */
	size_t repeat_from; /* of the list of firing alerts */
	uint32_t repeat_tries;
};

struct sending {
	struct notifier *notifier;
	struct outlet *outlet;
	struct message *message; /* NULL: repeating, up to repeat_to */
	size_t repeat_to;
	struct notify_try *try;
	LIST_ENTRY(sending) others;
};

struct notifier {
	struct notifier_options o;
	struct http_client *http;
	struct loop_timer *timer;
	struct notify_queue *queue;
	struct firing *firing;
	struct outlet *outlets; /* n_receivers */
	LIST_HEAD(, sending) sendings;
	uint64_t dropped_unsaid, dropped_said_ns;
	bool repeats;			     /* there is an Alertmanager */
	uint64_t left_out, left_out_said_ns; /* of what is repeated */
};

uint64_t notifier_now_ns(void); /* CLOCK_MONOTONIC */
int64_t notifier_wall_s(void);

__attribute__((format(printf, 3, 4))) void notifier_say(const struct notifier *n, bool bad,
							const char *format, ...);

void notifier_keep(struct notifier *n, struct message *m);
void notifier_drop_excess(struct notifier *n);
void notifier_say_left_out(struct notifier *n);

/* Sends what can be sent now; wakes up when there is more. A timer's callback. */
void notifier_pump(void *notifier);
void notifier_wake(struct notifier *n);

void notifier_sending_free(struct sending *s);

#endif
