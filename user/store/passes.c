// SPDX-License-Identifier: Apache-2.0
/*
 * passes.c - minutes of objectives that come round again. A clock that was set back goes through the
 * same minutes a second time: what they hold already stays, and what is put comes on top of it.
 */
#include "passes.h"

#include <string.h>

static const char SQL_NEWEST[] = "SELECT minute FROM slo_open WHERE objective = ?";
static const char SQL_THERE[] =
	"SELECT good, total, unmeasured, estimated, inexact FROM slo_minutes"
	" WHERE objective = ?1 AND minute = ?2 UNION ALL"
	" SELECT good, total, unmeasured, estimated, inexact FROM slo_open"
	" WHERE objective = ?1 AND minute = ?2";

static struct pass *find(struct store *s, int64_t objective, size_t *ret_at)
{
	size_t low = 0, high = s->n_passes;

	while (low < high) {
		size_t at = low + (high - low) / 2;

		if (s->passes[at].objective < objective)
			low = at + 1;
		else
			high = at;
	}
	*ret_at = low;
	return low < s->n_passes && s->passes[low].objective == objective ? &s->passes[low] : NULL;
}

static int insert(struct store *s, size_t at, const struct pass *p)
{
	struct pass *more;

	if (s->n_passes == s->passes_room) {
		size_t room = s->passes_room ? 2 * s->passes_room : 16;

		more = reallocarray(s->passes, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		s->passes = more;
		s->passes_room = room;
	}
	memmove(&s->passes[at + 1], &s->passes[at], (s->n_passes - at) * sizeof(*p));
	s->passes[at] = *p;
	s->n_passes++;
	return 0;
}

/* Who has not read what is there goes on with the newest minute, as after a restart. */
static int begin(struct store *s, int64_t objective, struct pass *ret)
{
	sqlite3_stmt *q;
	int r = db_query(s, SQL_NEWEST, &q);

	*ret = (struct pass){ .objective = objective, .now.base.time = -1 };
	if (!r)
		r = db_bind(q, "i", objective);
	if (!r)
		r = db_step(q);
	if (r == 1) {
		ret->now.base.time = sqlite3_column_int64(q, 0) * MINUTE_S;
		sqlite3_reset(q);
		r = 0;
	}
	return r;
}

int pass_of(struct store *s, int64_t objective, struct pass **ret)
{
	struct pass fresh;
	size_t at;
	int r = 0;

	*ret = find(s, objective, &at);
	if (!*ret) {
		r = begin(s, objective, &fresh);
		if (!r)
			r = insert(s, at, &fresh);
		*ret = r ? NULL : &s->passes[at];
	}
	if (*ret && (*ret)->transaction != s->n_transactions) {
		(*ret)->transaction = s->n_transactions;
		(*ret)->before = (*ret)->now;
	}
	return r;
}

static int there(struct store *s, int64_t objective, int64_t time, struct store_slo_minute *ret)
{
	sqlite3_stmt *q;
	int r = db_query(s, SQL_THERE, &q);

	*ret = (struct store_slo_minute){ .time = time };
	if (!r)
		r = db_bind(q, "ii", objective, time / MINUTE_S);
	if (!r)
		r = db_step(q);
	if (r != 1)
		return r;
	ret->good = (uint64_t)sqlite3_column_int64(q, 0);
	ret->total = (uint64_t)sqlite3_column_int64(q, 1);
	ret->measured = (uint32_t)(SLO_WHOLE - sqlite3_column_int64(q, 2));
	ret->estimated = sqlite3_column_int(q, 3) != 0;
	ret->inexact = (uint64_t)sqlite3_column_int64(q, 4);
	sqlite3_reset(q);
	return 0;
}

static void add(struct store_slo_minute *m, const struct store_slo_minute *base)
{
	m->good += base->good;
	m->total += base->total;
	m->inexact += base->inexact;
	m->estimated |= base->estimated;
	m->measured = m->measured > SLO_WHOLE - base->measured ? SLO_WHOLE :
								 m->measured + base->measured;
}

int pass_put(struct store *s, int64_t objective, struct store_slo_minute *m)
{
	struct store_slo_minute base;
	struct pass *p;
	int r = pass_of(s, objective, &p);

	if (r)
		return r;
	p->now.reading = false;
	if (m->time == p->now.base.time) {
		base = p->now.base;
	} else {
		r = there(s, objective, m->time, &base);
		/* What lies before the open one is put once. */
		if (!r && m->time > p->now.base.time)
			p->now.base = base;
	}
	if (!r)
		add(m, &base);
	return r;
}

void passes_undo(struct store *s)
{
	for (size_t i = 0; i < s->n_passes; i++)
		if (s->passes[i].transaction == s->n_transactions)
			s->passes[i].now = s->passes[i].before;
}

void passes_forget(struct store *s)
{
	free(s->passes);
	s->passes = NULL;
	s->n_passes = s->passes_room = 0;
}
