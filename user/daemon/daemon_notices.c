// SPDX-License-Identifier: Apache-2.0
/* daemon_notices.c - from alerts of the engine to notices for people: words, and who is told. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "../base/log.h"
#include "../report/slo_words.h"
#include "daemon_inside.h"

/* until 0: it fires. The caller frees the summary. */
static void notice_of(struct daemon *d, const struct slo_result *r, const struct slo *slo,
		      const struct alert_state *a, int64_t until, struct notice *ret)
{
	const char *promise = slo->agreement.promise;

	*ret = (struct notice){
		.slo = r->slo,
		.objective = r->objective,
		.service = r->service,
		.severity = a->severity,
		.long_s = a->long_s,
		.short_s = a->short_s,
		.factor = a->factor,
		.long_rate = a->long_rate,
		.short_rate = a->short_rate,
		.long_known_ns = a->long_known_ns,
		.short_known_ns = a->short_known_ns,
		.target = r->target,
		.sli = r->sli,
		.remaining_ratio = r->remaining_ratio,
		.firing = a->firing,
		.since = a->since,
		.until = until,
		.exhausted_at = a->exhausted_at,
		.summary = until ? words_alert_over(r, a, until, promise) :
				   words_alert(r, a, promise),
		.promise = promise,
		.owner = slo->agreement.owner,
		.runbook = slo->agreement.runbook,
		.host = d->host,
		.generator_url =
			d->conf.external_url && *d->conf.external_url ? d->conf.external_url : NULL,
	};
}

static const struct alert_state *same_alert(const struct slo_result *r, const struct alert_state *a)
{
	for (size_t i = 0; i < r->n_alerts; i++)
		if (r->alerts[i].long_s == a->long_s && r->alerts[i].short_s == a->short_s &&
		    r->alerts[i].factor == a->factor && !strcmp(r->alerts[i].severity, a->severity))
			return &r->alerts[i];
	return a;
}

static bool has_conditions(const struct slo *slo)
{
	for (size_t i = 0; i < slo->n_policies; i++)
		if (slo->policies[i].n_conditions)
			return true;
	return false;
}

/*
 * In a short period several default pairs come to the same windows (CONTRACT 12). The one of the lowest
 * factor fires whenever another does, and windows and severity are all that receivers tell alerts apart
 * by: they hear of that one alone.
 */
static bool is_part_of_another(const struct slo *slo, const struct slo_result *r,
			       const struct alert_state *a)
{
	for (size_t i = 0; i < r->n_alerts && !has_conditions(slo); i++)
		if (r->alerts[i].long_s == a->long_s && r->alerts[i].short_s == a->short_s &&
		    r->alerts[i].factor < a->factor && !strcmp(r->alerts[i].severity, a->severity))
			return true;
	return false;
}

void daemon_alert_changed(void *daemon, const struct kept_change *c)
{
	struct daemon *d = daemon;
	struct live *l = keeper_live(d->keeper);
	struct alert_state now;
	struct slo_result r;
	struct moment at;
	struct notice n;

	moment_now(&at);
	live_result(l, c->result, at.wall_ns / NS_PER_SECOND, keeper_open_measured(d->keeper), &r);
	if (is_part_of_another(live_slo(l, c->result), &r, &c->alert))
		return;
	now = *same_alert(&r, &c->alert); /* with its rates */
	now.firing = c->firing;
	now.since = c->since;
	notice_of(d, &r, live_slo(l, c->result), &now, c->firing ? 0 : c->time, &n);
	log_line(c->firing ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "alert %s: %s %s over %s%s%s: %s",
		 c->firing ? "firing" : "resolved", r.counts_name, n.severity,
		 words_seconds(n.long_s).s, n.short_s ? " and " : "",
		 n.short_s ? words_seconds(n.short_s).s : "", n.summary ? n.summary : "");
	if (d->notifier && notifier_changed(d->notifier, &n))
		log_error("notifications: out of memory, an alert was not passed on");
	free((char *)n.summary);
}

void daemon_tell_firing(struct daemon *d)
{
	struct live *l = keeper_live(d->keeper);
	_cleanup_(freep) struct notice *all = NULL;
	_cleanup_(freep) struct slo_result *r = calloc(1, sizeof(*r));
	bool no_memory = !r;
	struct moment at;
	size_t n = 0;

	if (!d->notifier)
		return;
	moment_now(&at);
	for (size_t i = 0; !no_memory && i < live_n_results(l); i++) {
		struct notice *more;

		live_result(l, i, at.wall_ns / NS_PER_SECOND, keeper_open_measured(d->keeper), r);
		more = reallocarray(all, n + r->n_alerts + 1, sizeof(*all));
		no_memory = !more;
		all = more ?: all;
		for (size_t k = 0; k < r->n_alerts && !no_memory; k++)
			if (r->alerts[k].firing &&
			    !is_part_of_another(live_slo(l, i), r, &r->alerts[k]))
				notice_of(d, r, live_slo(l, i), &r->alerts[k], 0, &all[n++]);
	}
	if (no_memory || notifier_firing(d->notifier, all, n))
		log_error("notifications: out of memory, alerts were not repeated");
	for (size_t i = 0; i < n; i++)
		free((char *)all[i].summary);
}

/* --- kept over a restart ------------------------------------------------------------------------ */

static int64_t keep_message(void *daemon, int64_t id, const char *receiver, const char *body,
			    int64_t created, int64_t next_try, uint32_t tries)
{
	struct daemon *d = daemon;
	struct store_message m = { .id = id,
				   .receiver = receiver,
				   .body = body,
				   .created = created,
				   .next_try = next_try,
				   .tries = tries };
	int err;

	if (d->in_transaction) {
		err = store_message_put(d->in_transaction, &m);
		return err ? err : m.id;
	}
	err = store_begin(d->store);
	if (!err)
		err = store_message_put(d->store, &m);
	if (!err)
		err = store_commit(d->store);
	else
		store_rollback(d->store);
	return err ? err : m.id;
}

static void message_done(void *daemon, int64_t id)
{
	struct daemon *d = daemon;

	if (d->in_transaction) {
		store_message_done(d->in_transaction, id);
		return;
	}
	if (store_begin(d->store))
		return;
	if (store_message_done(d->store, id) || store_commit(d->store))
		store_rollback(d->store);
}

static void said(void *daemon, bool bad, const char *line)
{
	(void)daemon;
	log_line(bad ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "notifications: %s", line);
}

static int restore(void *daemon, const struct store_message *m)
{
	struct daemon *d = daemon;

	return notifier_restore(d->notifier, m->id, m->receiver, m->body, m->created, m->next_try,
				m->tries);
}

/* It may have failed for what is mended now. */
static int restore_at_once(void *daemon, const struct store_message *m)
{
	struct store_message now = *m;

	now.next_try = 0;
	return restore(daemon, &now);
}

static enum receiver_kind kind_of(const char *name)
{
	for (unsigned int i = 0; i <= RECEIVER_COMMAND; i++)
		if (!strcmp(name, receiver_kind_names[i]))
			return i;
	return RECEIVER_WEBHOOK;
}

int daemon_notifier(struct daemon *d, bool at_once)
{
	struct notifier_options o = { .loop = d->loop,
				      .receivers = d->receivers,
				      .n_receivers = d->conf.n_receivers,
				      .queue_max = (uint32_t)d->conf.queue_max,
				      .context = d,
				      .put = keep_message,
				      .done = message_done,
				      .said = said };
	int err;

	for (unsigned int i = 0; i < d->conf.n_receivers; i++) {
		const struct receiver_conf *c = &d->conf.receivers[i];

		d->receivers[i] = (struct receiver){ .name = c->name,
						     .kind = kind_of(c->kind),
						     .url = c->url,
						     .command = c->command,
						     .bearer_file = c->bearer_file,
						     .user = c->user,
						     .password_file = c->password_file,
						     .ca_file = c->ca_file,
						     .severity = c->severity,
						     .timeout_ns = c->timeout_ns };
	}
	err = notifier_new(&o, &d->notifier);
	return err ? err : store_message_each(d->store, at_once ? restore_at_once : restore, d);
}
