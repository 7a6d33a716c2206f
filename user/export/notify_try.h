/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify_try.h - one try to hand one body to one receiver, whatever its kind.
 * Knows: receivers, secrets, what an answer means. Must not know: queues, further tries.
 */
#ifndef TROTH_EXPORT_NOTIFY_TRY_H
#define TROTH_EXPORT_NOTIFY_TRY_H

#include "notify.h"
#include "notify_http.h"

#define NOTIFY_WHY 512

enum try_end {
	TRY_DELIVERED,
	TRY_FAILED,  /* may go better later */
	TRY_REFUSED, /* will hardly go better: the receiver does not want this message */
};

struct notify_try;

typedef void (*try_ended)(void *context, enum try_end end, uint64_t wait_ns, const char *why);

/*
 * ended is called once, from the loop; the try is gone by then. wait_ns: what the receiver asked for, 0
 * where it did not. body: for Alertmanager the list of notify_post(), else the document.
 * 0 or -errno and one line in why, and ended is never called.
 */
int notify_try_start(struct loop *loop, struct http_client *http, const struct receiver *r,
		     const char *body, try_ended ended, void *context, struct notify_try **ret,
		     char why[NOTIFY_WHY]);

/* Only once http is freed; without calling back. A command is killed. NULL is fine. */
void notify_try_free(struct notify_try *t);

#endif
