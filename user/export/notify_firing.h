/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify_firing.h - the alerts that fire now, as Alertmanager must hear of them again and again.
 * Knows: alerts as JSON. Must not know: when they are sent, to whom.
 */
#ifndef TROTH_EXPORT_NOTIFY_FIRING_H
#define TROTH_EXPORT_NOTIFY_FIRING_H

#include "notify.h"

#define NOTIFY_FIRING_MAX 4096
#define NOTIFY_BATCH	  64 /* alerts in one POST, as Prometheus has it */

struct firing;

int firing_new(struct firing **ret); /* 0 or -ENOMEM */
void firing_free(struct firing *f);  /* NULL is fine */
DEFINE_FREEP(struct firing, firing_free)

size_t firing_n(const struct firing *f);
/* Takes the place of what is there of the same alert. 0, -ENOMEM, -E2BIG: there are too many. */
int firing_add(struct firing *f, const struct notice *what, int64_t created);
void firing_remove(struct firing *f, const char *key); /* of notify_key() */

/*
 * The body of a POST with up to NOTIFY_BATCH alerts from *from on, those of severity (NULL: all). *from
 * moves behind them. The caller frees; NULL with *from at the end: there are none; else no memory.
 */
char *firing_post(const struct firing *f, const char *severity, int64_t firing_until, size_t *from);

#endif
