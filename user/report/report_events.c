// SPDX-License-Identifier: Apache-2.0
/* report_events.c - what happened in the period: alerts put together from their two ends, the rest in a list. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "report_model.h"

struct finding {
	struct report *r;
	size_t next; /* ring, once it is full */
};

static char *copy(const char *s, bool *failed)
{
	char *ret = s ? strdup(s) : NULL;

	*failed |= s && !ret;
	return ret;
}

static void event_free(struct store_event *e)
{
	free((char *)e->kind);
	free((char *)e->slo);
	free((char *)e->severity);
	free((char *)e->state);
	free((char *)e->text);
	*e = (struct store_event){};
}

void report_events_free(struct report *r)
{
	for (size_t i = 0; r->events && i < r->n_events; i++)
		event_free(&r->events[i]);
	free(r->events);
}

static int keep(struct finding *f, const struct store_event *e)
{
	struct store_event *to;
	bool failed = false;

	if (f->r->n_events == REPORT_EVENTS_MAX) {
		f->r->events_left_out++;
		to = &f->r->events[f->next];
		event_free(to);
		f->next = (f->next + 1) % REPORT_EVENTS_MAX;
	} else {
		to = &f->r->events[f->r->n_events++];
	}
	*to = *e;
	to->kind = copy(e->kind, &failed);
	to->slo = copy(e->slo, &failed);
	to->severity = copy(e->severity, &failed);
	to->state = copy(e->state, &failed);
	to->text = copy(e->text, &failed);
	return failed ? -ENOMEM : 0;
}

static struct report_promise *promise_of(struct report *r, const char *slo)
{
	for (size_t i = 0; slo && i < r->n_promises; i++)
		if (r->promises[i].objective && !strcmp(r->promises[i].objective->counts_name, slo))
			return &r->promises[i];
	return NULL;
}

/* The one that this event ends. */
static struct report_alert *open_alert(struct report_promise *p, const struct store_event *e)
{
	for (size_t i = p->n_alerts; i--;) {
		struct report_alert *a = &p->alerts[i];

		if (!a->until && a->long_s == e->long_s && a->short_s == e->short_s &&
		    !strcmp(a->severity, e->severity ? e->severity : ""))
			return a;
	}
	return NULL;
}

/* Of too many the oldest that is over goes: fewer than fit can fire at once. */
static void make_room(struct report_promise *p)
{
	size_t i = 0;

	if (p->n_alerts < REPORT_ALERTS_MAX)
		return;
	while (i + 1 < p->n_alerts && !p->alerts[i].until)
		i++;
	free((char *)p->alerts[i].severity);
	p->n_alerts--;
	memmove(&p->alerts[i], &p->alerts[i + 1], (p->n_alerts - i) * sizeof(*p->alerts));
	p->alerts_left_out++;
}

static int fires(struct report_promise *p, const struct store_event *e)
{
	char *severity;

	if (open_alert(p, e))
		return 0;
	make_room(p);
	if (!p->alerts)
		p->alerts = calloc(REPORT_ALERTS_MAX, sizeof(*p->alerts));
	severity = strdup(e->severity ? e->severity : "");
	if (!p->alerts || !severity) {
		free(severity);
		return -ENOMEM;
	}
	p->alerts[p->n_alerts++] = (struct report_alert){
		.since = e->time, .severity = severity, .long_s = e->long_s, .short_s = e->short_s
	};
	return 0;
}

/* Over before the period: it does not belong there. */
static void forget(struct report_promise *p, struct report_alert *a)
{
	free((char *)a->severity);
	*a = p->alerts[--p->n_alerts];
}

static int alert(struct report *r, const struct store_event *e)
{
	struct report_promise *p = promise_of(r, e->slo);
	struct report_alert *a;

	if (!p || !e->state)
		return 0;
	if (!strcmp(e->state, "firing"))
		return fires(p, e);
	a = open_alert(p, e);
	if (!a)
		return 0;
	if (e->time <= r->from)
		forget(p, a);
	else
		a->until = e->time;
	return 0;
}

static int found(void *context, const struct store_event *e)
{
	struct finding *f = context;
	int r = e->kind && !strcmp(e->kind, "alert") ? alert(f->r, e) : 0;

	return r || e->time < f->r->from ? r : keep(f, e);
}

static int by_since(const void *a, const void *b)
{
	const struct report_alert *x = a, *y = b;

	return x->since != y->since ? (x->since > y->since) - (x->since < y->since) :
				      (x->long_s > y->long_s) - (x->long_s < y->long_s);
}

static int by_time(const void *a, const void *b)
{
	const struct store_event *x = a, *y = b;

	return x->time != y->time ? (x->time > y->time) - (x->time < y->time) :
				    (x->id > y->id) - (x->id < y->id);
}

/* From the beginning of record: what fires when the period begins began before it. */
int report_find_events(const struct report_source *s, struct report *r)
{
	struct finding f = { .r = r };
	int ret;

	r->events = calloc(REPORT_EVENTS_MAX, sizeof(*r->events));
	if (!r->events)
		return -ENOMEM;
	ret = s->events(s->context, INT64_MIN, r->to, found, &f);
	if (ret)
		return ret;
	qsort(r->events, r->n_events, sizeof(*r->events), by_time);
	for (size_t i = 0; i < r->n_promises; i++)
		if (r->promises[i].n_alerts)
			qsort(r->promises[i].alerts, r->promises[i].n_alerts,
			      sizeof(struct report_alert), by_since);
	return 0;
}
