// SPDX-License-Identifier: Apache-2.0
/*
 * notify_queue.c - one list by age, and one a lane. Only the first of a lane may be sent, so that what
 * is said of one alert arrives in order, and a receiver that refuses one alert still gets the others.
 */
#include "notify_queue.h"

#include <errno.h>
#include <string.h>

TAILQ_HEAD(messages, message);

struct lane {
	size_t receiver;
	char *key;
	struct messages messages;
	TAILQ_ENTRY(lane) in_queue;
};

struct notify_queue {
	uint32_t max, n, under_way;
	uint64_t last_number;
	struct messages messages;
	TAILQ_HEAD(lanes, lane) lanes;
};

void message_free(struct message *m)
{
	if (!m)
		return;
	free(m->body);
	free(m);
}

int notify_queue_new(uint32_t max, struct notify_queue **ret)
{
	struct notify_queue *q = calloc(1, sizeof(*q));

	if (!q)
		return -ENOMEM;
	q->max = max;
	TAILQ_INIT(&q->messages);
	TAILQ_INIT(&q->lanes);
	*ret = q;
	return 0;
}

void notify_queue_free(struct notify_queue *q)
{
	struct message *m;

	if (!q)
		return;
	while ((m = TAILQ_FIRST(&q->messages))) {
		notify_queue_remove(q, m);
		message_free(m);
	}
	free(q);
}

static struct lane *lane_of(struct notify_queue *q, size_t receiver, const char *key)
{
	struct lane *lane;

	TAILQ_FOREACH(lane, &q->lanes, in_queue)
	if (lane->receiver == receiver && !strcmp(lane->key, key))
		return lane;
	lane = calloc(1, sizeof(*lane));
	if (!lane)
		return NULL;
	lane->key = strdup(key);
	if (!lane->key) {
		free(lane);
		return NULL;
	}
	lane->receiver = receiver;
	TAILQ_INIT(&lane->messages);
	TAILQ_INSERT_TAIL(&q->lanes, lane, in_queue);
	return lane;
}

int notify_queue_add(struct notify_queue *q, size_t receiver, const char *key, struct message *m,
		     uint64_t due_ns)
{
	struct lane *lane = lane_of(q, receiver, key);

	if (!lane)
		return -ENOMEM;
	m->receiver = receiver;
	m->due_ns = due_ns;
	m->number = ++q->last_number;
	m->under_way = false;
	m->lane = lane;
	TAILQ_INSERT_TAIL(&lane->messages, m, in_lane);
	TAILQ_INSERT_TAIL(&q->messages, m, in_queue);
	q->n++;
	return 0;
}

struct message *notify_queue_excess(struct notify_queue *q)
{
	struct message *m;

	if (q->n - q->under_way <= q->max)
		return NULL;
	TAILQ_FOREACH(m, &q->messages, in_queue)
	if (!m->under_way)
		return m;
	return NULL;
}

struct message *notify_queue_next(struct notify_queue *q, size_t receiver, uint64_t now_ns)
{
	struct message *oldest = NULL;
	struct lane *lane;

	TAILQ_FOREACH(lane, &q->lanes, in_queue)
	{
		struct message *m = TAILQ_FIRST(&lane->messages);

		if (lane->receiver != receiver || m->under_way || m->due_ns > now_ns)
			continue;
		if (!oldest || m->number < oldest->number)
			oldest = m;
	}
	if (oldest) {
		oldest->under_way = true;
		q->under_way++;
	}
	return oldest;
}

uint64_t notify_queue_due(const struct notify_queue *q, size_t receiver)
{
	uint64_t due_ns = UINT64_MAX;
	const struct lane *lane;

	TAILQ_FOREACH(lane, &q->lanes, in_queue)
	{
		const struct message *m = TAILQ_FIRST(&lane->messages);

		if (lane->receiver == receiver && !m->under_way && m->due_ns < due_ns)
			due_ns = m->due_ns;
	}
	return due_ns;
}

static void back(struct notify_queue *q, struct message *m)
{
	if (m->under_way)
		q->under_way--;
	m->under_way = false;
}

void notify_queue_again(struct notify_queue *q, struct message *m, uint64_t due_ns)
{
	back(q, m);
	m->due_ns = due_ns;
}

void notify_queue_remove(struct notify_queue *q, struct message *m)
{
	struct lane *lane = m->lane;

	back(q, m);
	TAILQ_REMOVE(&q->messages, m, in_queue);
	TAILQ_REMOVE(&lane->messages, m, in_lane);
	m->lane = NULL;
	q->n--;
	if (!TAILQ_EMPTY(&lane->messages))
		return;
	TAILQ_REMOVE(&q->lanes, lane, in_queue);
	free(lane->key);
	free(lane);
}

struct message *notify_queue_first(struct notify_queue *q)
{
	return TAILQ_FIRST(&q->messages);
}

struct message *notify_queue_after(struct message *m)
{
	return TAILQ_NEXT(m, in_queue);
}

uint64_t notify_queue_waiting(const struct notify_queue *q, size_t receiver)
{
	const struct message *m;
	uint64_t n = 0;

	TAILQ_FOREACH(m, &q->messages, in_queue)
	n += m->receiver == receiver;
	return n;
}

uint64_t notify_backoff_ns(uint32_t tries, uint32_t chance)
{
	uint64_t whole = NOTIFY_BACKOFF_MOST_NS, quarter;

	if (tries >= 1 && tries <= 9 && NOTIFY_BACKOFF_FIRST_NS << (tries - 1) < whole)
		whole = NOTIFY_BACKOFF_FIRST_NS << (tries - 1);
	quarter = whole / 4;
	return whole - quarter + (uint64_t)((double)chance / UINT32_MAX * (double)quarter);
}
