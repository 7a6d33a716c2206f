// SPDX-License-Identifier: Apache-2.0
/*
 * notify_send.c - which message goes next to whom, and what is done with the outcome: forgotten, tried
 * again, given up, said.
 */
#include "notify_state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/random.h>

#include "notify_body.h"

#define RESENDS_AHEAD 4 /* so many may fail before Alertmanager takes an alert for over */
#define REFUSED_TRIES 4
#define SAY_EVERY_NS  (60ull * NS_PER_SECOND)

/*
 * At a time, of different alerts. One to an Alertmanager: a repeated alert that is still on its way must
 * not arrive behind the message that it is over.
 */
#define PARALLEL	      4
#define PARALLEL_ALERTMANAGER 1

uint64_t notifier_now_ns(void)
{
	struct moment m;

	moment_now(&m);
	return m.mono_ns;
}

int64_t notifier_wall_s(void)
{
	struct moment m;

	moment_now(&m);
	return m.wall_ns / NS_PER_SECOND;
}

void notifier_say(const struct notifier *n, bool bad, const char *format, ...)
{
	_cleanup_(freep) char *line = NULL;
	va_list args;
	int length;

	if (!n->o.said)
		return;
	va_start(args, format);
	length = vasprintf(&line, format, args);
	va_end(args);
	if (length < 0)
		line = NULL;
	n->o.said(n->o.context, bad, line ? line : "out of memory");
}

static uint64_t backoff_ns(uint32_t tries)
{
	uint32_t chance = 0;

	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) != sizeof(chance))
		chance = UINT32_MAX;
	return notify_backoff_ns(tries, chance);
}

void notifier_keep(struct notifier *n, struct message *m)
{
	uint64_t now = notifier_now_ns(), wait_ns = m->due_ns > now ? m->due_ns - now : 0;
	int64_t id;

	if (!n->o.put)
		return;
	id = n->o.put(n->o.context, m->id > 0 ? m->id : 0, n->o.receivers[m->receiver].name,
		      m->body, m->created, notifier_wall_s() + (int64_t)(wait_ns / NS_PER_SECOND),
		      m->tries);
	if (m->id <= 0)
		m->id = id;
}

static void forget(struct notifier *n, struct message *m)
{
	notify_queue_remove(n->queue, m);
	if (m->id > 0 && n->o.done)
		n->o.done(n->o.context, m->id);
	message_free(m);
}

static bool is_time_to_say(uint64_t said_ns, uint64_t now)
{
	return !said_ns || now - said_ns >= SAY_EVERY_NS;
}

void notifier_say_left_out(struct notifier *n)
{
	uint64_t now = notifier_now_ns();

	if (!is_time_to_say(n->left_out_said_ns, now))
		return;
	notifier_say(n, true,
		     "more than %d alerts fire: the others are not repeated, so Alertmanagers take "
		     "them for over: see to what fires, or write fewer objectives",
		     NOTIFY_FIRING_MAX);
	n->left_out_said_ns = now;
}

static void say_dropped(struct notifier *n)
{
	uint64_t now = notifier_now_ns();

	if (!n->dropped_unsaid || !is_time_to_say(n->dropped_said_ns, now))
		return;
	notifier_say(n, true,
		     "more than %" PRIu32 " wait; dropped the oldest, %" PRIu64
		     ": see to the receivers that fail, or raise notify-queue",
		     n->o.queue_max, n->dropped_unsaid);
	n->dropped_unsaid = 0;
	n->dropped_said_ns = now;
}

void notifier_drop_excess(struct notifier *n)
{
	struct message *m;

	while ((m = notify_queue_excess(n->queue))) {
		n->outlets[m->receiver].counts.dropped++;
		n->dropped_unsaid++;
		forget(n, m);
	}
	say_dropped(n);
}

/* Once a minute at most: not at each try of each message. */
static void say_failed(struct notifier *n, struct outlet *o, const char *why, uint64_t wait_ns)
{
	uint64_t now = notifier_now_ns();
	char more[64] = "";

	if (!is_time_to_say(o->said_ns, now)) {
		o->unsaid++;
		return;
	}
	if (o->unsaid)
		snprintf(more, sizeof(more), " (and %" PRIu64 " more failed tries)", o->unsaid);
	notifier_say(n, true, "%s: %s%s; again in %.1f s", o->where, why, more,
		     (double)wait_ns / 1e9);
	o->failing = true;
	o->said_ns = now;
	o->unsaid = 0;
}

static void say_given_up(struct notifier *n, struct outlet *o, const struct message *m,
			 const char *why)
{
	_cleanup_(json_decrefp) json_t *body = notify_parse(o->receiver->kind, m->body);
	_cleanup_(freep) char *title = body ? notify_title(o->receiver->kind, body) : NULL;

	notifier_say(n, true, "%s: %s; gave up after %" PRIu32 " tries: %s is not delivered",
		     o->where, why, m->tries, title ? title : "a message");
}

void notifier_wake(struct notifier *n)
{
	loop_timer_set(n->timer, 0, 0);
}

static void message_failed(struct notifier *n, struct outlet *o, struct message *m, bool refused,
			   uint64_t wait_ns, const char *why)
{
	uint64_t backoff;

	m->tries++;
	m->refusals += refused;
	if (m->refusals >= REFUSED_TRIES) {
		say_given_up(n, o, m, why);
		o->counts.dropped++;
		forget(n, m);
		return;
	}
	backoff = backoff_ns(m->tries);
	if (wait_ns < backoff)
		wait_ns = backoff;
	if (wait_ns > NOTIFY_BACKOFF_MOST_NS)
		wait_ns = NOTIFY_BACKOFF_MOST_NS;
	notify_queue_again(n->queue, m, notifier_now_ns() + wait_ns);
	say_failed(n, o, why, wait_ns);
	notifier_keep(n, m);
	notifier_drop_excess(n);
}

/* An alert that ended in between may make one be skipped: RESENDS_AHEAD bears that. */
static void repeated(struct notifier *n, struct outlet *o, size_t to)
{
	o->repeat_tries = 0;
	o->repeat_from = to;
	if (to < firing_n(n->firing))
		return;
	o->repeat_from = 0;
	o->repeat_ns = notifier_now_ns() + n->o.resend_ns;
}

/* What is refused holds back no other alerts: the next batch follows. */
static void repeat_failed(struct notifier *n, struct outlet *o, size_t to, bool refused,
			  const char *why)
{
	uint64_t wait_ns = backoff_ns(++o->repeat_tries);

	if (wait_ns > n->o.resend_ns || refused)
		wait_ns = n->o.resend_ns;
	say_failed(n, o, why, wait_ns);
	if (refused)
		repeated(n, o, to);
	else
		o->repeat_ns = notifier_now_ns() + wait_ns;
}

static void delivered(struct notifier *n, struct outlet *o)
{
	o->counts.last_sent = notifier_wall_s();
	if (!o->failing)
		return;
	o->failing = false;
	notifier_say(n, false, "%s: delivers again", o->where);
}

void notifier_sending_free(struct sending *s)
{
	LIST_REMOVE(s, others);
	s->outlet->under_way--;
	free(s);
}

/* m NULL: repeating, up to repeat_to. */
static void try_failed(struct notifier *n, struct outlet *o, struct message *m, size_t repeat_to,
		       bool refused, uint64_t wait_ns, const char *why)
{
	o->counts.failed++;
	if (m)
		message_failed(n, o, m, refused, wait_ns, why);
	else
		repeat_failed(n, o, repeat_to, refused, why);
}

static void sent(void *context, enum try_end end, uint64_t wait_ns, const char *why)
{
	struct sending *s = context;
	struct notifier *n = s->notifier;
	struct outlet *o = s->outlet;
	struct message *m = s->message;
	size_t to = s->repeat_to;

	notifier_sending_free(s);
	if (end != TRY_DELIVERED) {
		try_failed(n, o, m, to, end == TRY_REFUSED, wait_ns, why);
	} else {
		delivered(n, o);
		if (m) {
			o->counts.sent++;
			forget(n, m);
		} else {
			repeated(n, o, to);
		}
	}
	notifier_pump(n);
}

/* body is taken; NULL: no memory. */
static void send_body(struct notifier *n, struct outlet *o, struct message *m, size_t repeat_to,
		      char *body)
{
	_cleanup_(freep) char *owned = body;
	struct sending *s = calloc(1, sizeof(*s));
	char why[NOTIFY_WHY] = "out of memory";

	if (!s || !body) {
		free(s);
		try_failed(n, o, m, repeat_to, false, 0, why);
		return;
	}
	*s = (struct sending){ .notifier = n, .outlet = o, .message = m, .repeat_to = repeat_to };
	LIST_INSERT_HEAD(&n->sendings, s, others);
	o->under_way++;
	if (!notify_try_start(n->o.loop, n->http, o->receiver, body, sent, s, &s->try, why))
		return;
	notifier_sending_free(s);
	try_failed(n, o, m, repeat_to, false, 0, why);
}

static int64_t firing_until(const struct notifier *n)
{
	return notifier_wall_s() + (int64_t)(RESENDS_AHEAD * n->o.resend_ns / NS_PER_SECOND) + 1;
}

static void send_message(struct notifier *n, struct outlet *o, struct message *m)
{
	_cleanup_(json_decrefp) json_t *alert = NULL;
	char *body;

	if (o->receiver->kind == RECEIVER_ALERTMANAGER) {
		alert = notify_parse(RECEIVER_ALERTMANAGER, m->body);
		body = alert ? notify_post(&alert, 1, firing_until(n)) : NULL;
	} else {
		body = strdup(m->body);
	}
	send_body(n, o, m, 0, body);
}

static bool repeats(const struct notifier *n, const struct outlet *o)
{
	return o->receiver->kind == RECEIVER_ALERTMANAGER && firing_n(n->firing);
}

static void repeat(struct notifier *n, struct outlet *o)
{
	size_t to = o->repeat_from;
	char *body = firing_post(n->firing, o->receiver->severity, firing_until(n), &to);

	if (!body && to >= firing_n(n->firing))
		repeated(n, o, to);
	else
		send_body(n, o, NULL, to, body);
}

static unsigned int room(const struct outlet *o)
{
	unsigned int most = o->receiver->kind == RECEIVER_ALERTMANAGER ? PARALLEL_ALERTMANAGER :
									 PARALLEL;

	return most - o->under_way;
}

static void pump_outlet(struct notifier *n, struct outlet *o)
{
	size_t i = (size_t)(o - n->outlets);
	struct message *m;

	while (room(o) && (m = notify_queue_next(n->queue, i, notifier_now_ns())))
		send_message(n, o, m);
	if (room(o) && repeats(n, o) && o->repeat_ns <= notifier_now_ns())
		repeat(n, o);
}

/* What can be sent now is on its way after it; wakes up when there is more. */
void notifier_pump(void *context)
{
	struct notifier *n = context;
	uint64_t due = UINT64_MAX, now;

	for (size_t i = 0; i < n->o.n_receivers; i++) {
		struct outlet *o = &n->outlets[i];
		uint64_t next;

		pump_outlet(n, o);
		if (!room(o))
			continue;
		next = notify_queue_due(n->queue, i);
		if (repeats(n, o) && o->repeat_ns < next)
			next = o->repeat_ns;
		due = next < due ? next : due;
	}
	say_dropped(n);
	if (n->dropped_unsaid && n->dropped_said_ns + SAY_EVERY_NS < due)
		due = n->dropped_said_ns + SAY_EVERY_NS;
	now = notifier_now_ns();
	if (due == UINT64_MAX)
		loop_timer_stop(n->timer);
	else
		loop_timer_set(n->timer, due > now ? due - now : 0, 0);
}
