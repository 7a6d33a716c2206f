/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify.h - tells people and machines that an alert began or ended: Alertmanager (API v2), webhooks,
 * commands. Retries with backoff, a bounded queue, nothing blocks.
 * Knows: alerts as the engine has them, libcurl. Must not know: how they came about, the record's shape.
 */
#ifndef TROTH_EXPORT_NOTIFY_H
#define TROTH_EXPORT_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/loop.h"

enum receiver_kind { RECEIVER_ALERTMANAGER, RECEIVER_WEBHOOK, RECEIVER_COMMAND };
extern const char *const receiver_kind_names[]; /* "alertmanager", "webhook", "command" */

/* As the configuration has it; strings are borrowed as long as the notifier lives. */
struct receiver {
	const char *name; /* unique */
	enum receiver_kind kind;
	const char *url;	 /* without user and password in it; Alertmanager: its root */
	const char *command;	 /* absolute path, run without a shell; the body is its stdin */
	const char *bearer_file; /* read at each use; NULL: none */
	const char *user, *password_file; /* basic authentication; NULL: none */
	const char *ca_file;
	const char *severity; /* only these alerts; NULL: all */
	uint64_t timeout_ns;
};

/* One alert, firing or resolved. Strings are borrowed during the call. */
struct notice {
	const char *slo, *objective, *service; /* names */
	const char *severity;
	uint32_t long_s, short_s;
	double factor, long_rate, short_rate;	/* NAN: not known */
	uint64_t long_known_ns, short_known_ns; /* as struct alert_state has them */
	double target, sli, remaining_ratio;
	bool firing;
	int64_t since, until;		       /* until 0: still firing */
	int64_t exhausted_at;		       /* 0: not foreseen */
	const char *summary;		       /* words_alert(), words_alert_over() */
	const char *promise, *owner, *runbook; /* NULL: not given */
	const char *host;
	const char *generator_url; /* of this daemon; NULL */
};

struct notifier;

struct notifier_options {
	struct loop *loop;
	const struct receiver *receivers;
	size_t n_receivers;
	uint32_t queue_max; /* messages that wait, of all receivers; the oldest goes, counted; 0: 1000 */
	uint64_t resend_ns; /* Alertmanager forgets: firing ones are sent again after this; 0: 1 minute */
	void *context;
	/*
	 * Keep what is on its way over a restart. put: id 0 is a new one, returns its id (negative: could
	 * not be kept; it is sent all the same); else its next try has changed. done: delivered, given up
	 * or dropped. Both may be NULL. A message is delivered exactly once where done() was kept before a
	 * crash, at least once otherwise; its document's "id" stays the same, so that receivers can tell.
	 * Nothing is sent before the loop runs again, so put() and done() may be part of a transaction.
	 * No callback may call the notifier.
	 */
	int64_t (*put)(void *context, int64_t id, const char *receiver, const char *body,
		       int64_t created, int64_t next_try, uint32_t tries);
	void (*done)(void *context, int64_t id);
	/* One line for the log, without secrets. */
	void (*said)(void *context, bool bad, const char *line);
};

int notifier_new(const struct notifier_options *o, struct notifier **ret); /* 0 or -errno */
void notifier_free(struct notifier *n); /* what waits is kept by put(); NULL is fine */
DEFINE_FREEP(struct notifier, notifier_free)

/*
 * A kept message of before the restart; oldest first, before anything else. A receiver that is unknown,
 * or of another kind than it was: done() at once. 0 or -ENOMEM.
 */
int notifier_restore(struct notifier *n, int64_t id, const char *receiver, const char *body,
		     int64_t created, int64_t next_try, uint32_t tries);

/* An alert changed its state: one message a receiver, resolved ones too. 0 or -ENOMEM. */
int notifier_changed(struct notifier *n, const struct notice *what);
/*
 * All alerts that fire now, for Alertmanagers only. At start; later only where their words should be
 * fresh (rates, budget): the notifier keeps copies, follows notifier_changed(), and tells every
 * Alertmanager again each resend_ns on its own account. 0 or -ENOMEM.
 */
int notifier_firing(struct notifier *n, const struct notice *all, size_t n_all);

struct notifier_counts {
	uint64_t sent;	  /* messages */
	uint64_t failed;  /* tries, of repeating too */
	uint64_t dropped; /* messages: the queue was full, or they were given up */
	uint64_t waiting;
	int64_t last_sent; /* Unix s, a repeated alert too; 0: never */
};
void notifier_counts(const struct notifier *n, size_t receiver, struct notifier_counts *ret);
/* Goes on from those of a notifier before, but for what waits. */
void notifier_count_on(struct notifier *n, size_t receiver, const struct notifier_counts *before);

/* Alerts that fired and could not be repeated: there were too many, so Alertmanagers took them for over. */
uint64_t notifier_left_out(const struct notifier *n);

#endif
