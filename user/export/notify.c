// SPDX-License-Identifier: Apache-2.0
/*
 * notify.c - changes of alerts become messages, one a receiver. A message is kept before its first try
 * and forgotten after its delivery, so a crash in between repeats it and never loses it; the id in a
 * document tells a receiver which ones it has seen.
 */
#include "notify_state.h"

#include <errno.h>
#include <string.h>

#include "notify_body.h"

#define QUEUE_MAX 1000
#define RESEND_NS (60ull * NS_PER_SECOND)

/* Takes m, and keeps it where it is new. */
static int enqueue(struct notifier *n, size_t receiver, const char *key, struct message *m,
		   uint64_t due_ns, bool new)
{
	if (notify_queue_add(n->queue, receiver, key, m, due_ns)) {
		message_free(m);
		return -ENOMEM;
	}
	if (new)
		notifier_keep(n, m);
	notifier_drop_excess(n);
	notifier_wake(n);
	return 0;
}

static int tell(struct notifier *n, size_t i, const struct notice *what, int64_t created)
{
	const struct receiver *r = &n->o.receivers[i];
	_cleanup_(json_decrefp) json_t *body = r->kind == RECEIVER_ALERTMANAGER ?
						       notify_alert(what, created) :
						       notify_document(what, created);
	_cleanup_(freep) char *key = body ? notify_key(r->kind, body) : NULL;
	struct message *m = key ? calloc(1, sizeof(*m)) : NULL;

	if (!m)
		return -ENOMEM;
	m->created = created;
	m->body = notify_text(body);
	if (!m->body) {
		message_free(m);
		return -ENOMEM;
	}
	return enqueue(n, i, key, m, notifier_now_ns(), true);
}

/* Into a list of what is repeated: f is the notifier's, or will be. */
static int repeat_too(struct notifier *n, struct firing *f, const struct notice *what,
		      int64_t created)
{
	int r = firing_add(f, what, created);

	if (r != -E2BIG)
		return r;
	n->left_out++;
	notifier_say_left_out(n);
	return 0;
}

static int firing_changed(struct notifier *n, const struct notice *what, int64_t created)
{
	_cleanup_(json_decrefp) json_t *alert = NULL;
	_cleanup_(freep) char *key = NULL;

	if (!n->repeats)
		return 0;
	if (what->firing) {
		/* It has a message of its own just now. */
		for (size_t i = 0; i < n->o.n_receivers && !firing_n(n->firing); i++)
			n->outlets[i].repeat_ns = notifier_now_ns() + n->o.resend_ns;
		return repeat_too(n, n->firing, what, created);
	}
	alert = notify_alert(what, created);
	key = alert ? notify_key(RECEIVER_ALERTMANAGER, alert) : NULL;
	if (!key)
		return -ENOMEM;
	firing_remove(n->firing, key);
	return 0;
}

int notifier_changed(struct notifier *n, const struct notice *what)
{
	int64_t created = notifier_wall_s();
	int r = firing_changed(n, what, created);

	for (size_t i = 0; i < n->o.n_receivers; i++) {
		const char *severity = n->o.receivers[i].severity;

		if (severity && (!what->severity || strcmp(severity, what->severity)))
			continue;
		if (tell(n, i, what, created))
			r = -ENOMEM;
	}
	return r;
}

int notifier_firing(struct notifier *n, const struct notice *all, size_t n_all)
{
	_cleanup_(firing_freep) struct firing *fresh = NULL;
	struct firing *old;
	int r = firing_new(&fresh);

	for (size_t i = 0; i < n_all && n->repeats && !r; i++)
		r = repeat_too(n, fresh, &all[i], notifier_wall_s());
	if (r)
		return r;
	old = n->firing;
	n->firing = TAKE(fresh);
	firing_free(old);
	notifier_wake(n);
	return 0;
}

int notifier_restore(struct notifier *n, int64_t id, const char *receiver, const char *body,
		     int64_t created, int64_t next_try, uint32_t tries)
{
	_cleanup_(json_decrefp) json_t *parsed = NULL;
	_cleanup_(freep) char *key = NULL;
	int64_t wait_s = next_try - notifier_wall_s(),
		most_s = NOTIFY_BACKOFF_MOST_NS / NS_PER_SECOND;
	struct message *m;
	size_t i = 0;

	while (i < n->o.n_receivers && strcmp(n->o.receivers[i].name, receiver))
		i++;
	parsed = i < n->o.n_receivers ? notify_parse(n->o.receivers[i].kind, body) : NULL;
	if (!parsed) { /* of a receiver that is there no more, or of another kind now */
		if (n->o.done)
			n->o.done(n->o.context, id);
		return 0;
	}
	key = notify_key(n->o.receivers[i].kind, parsed);
	m = key ? calloc(1, sizeof(*m)) : NULL;
	if (!m)
		return -ENOMEM;
	*m = (struct message){ .id = id, .created = created, .tries = tries, .body = strdup(body) };
	if (!m->body) {
		message_free(m);
		return -ENOMEM;
	}
	wait_s = wait_s < 0 ? 0 : wait_s > most_s ? most_s : wait_s;
	return enqueue(n, i, key, m, notifier_now_ns() + (uint64_t)(wait_s * NS_PER_SECOND), false);
}

void notifier_counts(const struct notifier *n, size_t receiver, struct notifier_counts *ret)
{
	*ret = n->outlets[receiver].counts;
	ret->waiting = notify_queue_waiting(n->queue, receiver);
}

void notifier_count_on(struct notifier *n, size_t receiver, const struct notifier_counts *before)
{
	struct notifier_counts *c = &n->outlets[receiver].counts;

	c->sent += before->sent;
	c->failed += before->failed;
	c->dropped += before->dropped;
	if (c->last_sent < before->last_sent)
		c->last_sent = before->last_sent;
}

uint64_t notifier_left_out(const struct notifier *n)
{
	return n->left_out;
}

static int outlet_init(struct outlet *o, const struct receiver *r)
{
	_cleanup_(freep) char *origin = r->url ? http_origin(r->url) : NULL;

	o->receiver = r;
	if (asprintf(&o->where, "%s \"%s\"%s%s", receiver_kind_names[r->kind], r->name,
		     origin ? " at " : "", origin ? origin : "") < 0) {
		o->where = NULL;
		return -ENOMEM;
	}
	return 0;
}

static int init(struct notifier *n)
{
	bool http = false;
	int r = 0;

	if (!n->o.queue_max)
		n->o.queue_max = QUEUE_MAX;
	if (!n->o.resend_ns)
		n->o.resend_ns = RESEND_NS;
	n->outlets = calloc(n->o.n_receivers + 1, sizeof(n->outlets[0]));
	if (!n->outlets)
		return -ENOMEM;
	for (size_t i = 0; i < n->o.n_receivers && !r; i++) {
		r = outlet_init(&n->outlets[i], &n->o.receivers[i]);
		http |= n->o.receivers[i].kind != RECEIVER_COMMAND;
		n->repeats |= n->o.receivers[i].kind == RECEIVER_ALERTMANAGER;
	}
	if (!r)
		r = notify_queue_new(n->o.queue_max, &n->queue);
	if (!r)
		r = firing_new(&n->firing);
	if (!r)
		r = loop_timer(n->o.loop, notifier_pump, n, &n->timer);
	/* Libraries for TLS take megabytes: not where nobody needs them. */
	return r || !http ? r : http_client_new(n->o.loop, &n->http);
}

int notifier_new(const struct notifier_options *o, struct notifier **ret)
{
	_cleanup_(notifier_freep) struct notifier *n = calloc(1, sizeof(*n));
	int r;

	if (!n)
		return -ENOMEM;
	n->o = *o;
	LIST_INIT(&n->sendings);
	r = init(n);
	if (r)
		return r;
	*ret = TAKE(n);
	return 0;
}

void notifier_free(struct notifier *n)
{
	struct sending *s;

	if (!n)
		return;
	http_client_free(n->http);
	while ((s = LIST_FIRST(&n->sendings))) {
		notify_try_free(s->try);
		notifier_sending_free(s);
	}
	for (struct message *m = n->queue ? notify_queue_first(n->queue) : NULL; m;
	     m = notify_queue_after(m))
		if (m->id <= 0)
			notifier_keep(n, m);
	notify_queue_free(n->queue);
	firing_free(n->firing);
	loop_timer_end(n->timer);
	for (size_t i = 0; n->outlets && i < n->o.n_receivers; i++)
		free(n->outlets[i].where);
	free(n->outlets);
	free(n);
}
