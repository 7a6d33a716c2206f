/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify_body.h - what is said of an alert: the JSON of webhooks and commands, the alert as
 * Alertmanager's API v2 has it.
 * Knows: notices, JSON. Must not know: receivers' addresses, when and how it is sent.
 */
#ifndef TROTH_EXPORT_NOTIFY_BODY_H
#define TROTH_EXPORT_NOTIFY_BODY_H

#include <jansson.h>

#include "../base/cleanup.h"
#include "notify.h"

#define NOTIFY_SCHEMA "troth.notification/1"

/* One alert with labels and annotations; endsAt only where it is over. NULL: no memory. */
json_t *notify_alert(const struct notice *what, int64_t created);
json_t *notify_document(const struct notice *what, int64_t created); /* troth.notification/1 */

/*
 * The body of such a message as it is kept: the document, or the alert. NULL: no memory, or body was
 * none of that kind.
 */
char *notify_text(const json_t *body);
json_t *notify_parse(enum receiver_kind kind, const char *body);

/* What is the same in all messages about one alert. The caller frees; NULL: no memory. */
char *notify_key(enum receiver_kind kind, const json_t *body);

/* "checkout-fast page resolved": for a line of the log. The caller frees; NULL: no memory. */
char *notify_title(enum receiver_kind kind, const json_t *body);

/*
 * The body of a POST to Alertmanager: list of n alerts. Those that fire end at firing_until, so that
 * Alertmanager forgets them if nobody repeats them. The caller frees; NULL: no memory.
 */
char *notify_post(json_t *const *alerts, size_t n, int64_t firing_until);

/* TROTH_SLO, TROTH_STATE, TROTH_SEVERITY, PATH of a document. NULL: no memory. */
#define NOTIFY_ENVIRONMENT 4
char **notify_environment(const json_t *document);
void notify_environment_free(char **environment); /* NULL is fine */

#endif
