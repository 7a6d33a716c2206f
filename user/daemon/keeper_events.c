// SPDX-License-Identifier: Apache-2.0
/* keeper_events.c - the newest changes of alerts, for those who ask: as recorded, and since. */
#include <errno.h>
#include <string.h>

#include "keeper_inside.h"

static void event_clear(struct kept_event *e)
{
	free(e->severity);
	*e = (struct kept_event){};
}

void keeper_events_clear(struct keeper *k)
{
	for (size_t i = 0; i < k->n_events; i++)
		event_clear(&k->events[i]);
	free(k->events);
	k->events = NULL;
	k->n_events = k->events_room = 0;
}

static int make_room(struct keeper *k)
{
	size_t room = k->events_room ? 2 * k->events_room : 16;
	struct kept_event *more;

	if (k->n_events < k->events_room)
		return 0;
	more = reallocarray(k->events, room, sizeof(*more));
	if (!more)
		return -ENOMEM;
	k->events = more;
	k->events_room = room;
	return 0;
}

/* Behind those of the same time. */
static int add(struct keeper *k, const struct kept_event *e)
{
	char *severity = strdup(e->severity);
	size_t i = k->n_events;

	if (!severity || make_room(k)) {
		free(severity);
		return -ENOMEM;
	}
	while (i && k->events[i - 1].time > e->time)
		i--;
	memmove(&k->events[i + 1], &k->events[i], (k->n_events - i) * sizeof(*k->events));
	k->events[i] = *e;
	k->events[i].severity = severity;
	k->n_events++;
	if (k->n_events <= EVENTS_MAX)
		return 0;
	event_clear(&k->events[0]);
	memmove(&k->events[0], &k->events[1], --k->n_events * sizeof(*k->events));
	k->events_left_out++;
	return 0;
}

void keeper_events_note(struct keeper *k, const struct kept_change *c)
{
	struct kept_event e = { .time = c->time,
				.result = c->result,
				.severity = (char *)c->alert.severity,
				.long_s = c->alert.long_s,
				.short_s = c->alert.short_s,
				.firing = c->firing };

	if (add(k, &e))
		k->events_left_out++;
}

static bool find_result(const struct keeper *k, const char *name, size_t *ret)
{
	for (size_t i = 0; i < live_n_results(k->live); i++) {
		size_t objective = live_objective_index(k->live, i);

		if (objective != SIZE_MAX && !strcmp(live_name(k->live, objective), name)) {
			*ret = i;
			return true;
		}
	}
	return false;
}

/* The newest comes first: turned round when all are there. */
static int event_read(void *keeper, const struct store_event *e)
{
	struct keeper *k = keeper;
	struct kept_event kept = { .time = e->time,
				   .severity = (char *)(e->severity ?: ""),
				   .long_s = e->long_s,
				   .short_s = e->short_s,
				   .firing = e->state && !strcmp(e->state, "firing") };
	int err;

	if (!e->slo || !find_result(k, e->slo, &kept.result))
		return 0;
	kept.severity = strdup(kept.severity);
	err = kept.severity ? make_room(k) : -ENOMEM;
	if (err)
		free(kept.severity);
	else
		k->events[k->n_events++] = kept;
	return err;
}

int keeper_events_restore(struct keeper *k)
{
	uint64_t all;
	int err = store_alert_events_count(k->options.store, &all);

	if (!err)
		err = store_alert_events_last(k->options.store, EVENTS_MAX, event_read, k);
	if (err)
		return err;
	for (size_t i = 0; i < k->n_events / 2; i++) {
		struct kept_event e = k->events[i];

		k->events[i] = k->events[k->n_events - 1 - i];
		k->events[k->n_events - 1 - i] = e;
	}
	k->events_left_out = all - k->n_events;
	return 0;
}

const struct kept_event *keeper_events(const struct keeper *k, size_t *ret_n,
				       uint64_t *ret_left_out)
{
	*ret_n = k->n_events;
	*ret_left_out = k->events_left_out;
	return k->events;
}
