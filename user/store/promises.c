// SPDX-License-Identifier: Apache-2.0
/* promises.c - counts of objectives by minute and by hour, and what goes on over a restart. */
#include "promises.h"

#include "db.h"
#include "passes.h"

#define MINUTES_MOST 1440 /* of one objective, that go at a time */
#define HOURS_MOST   720

static const char SQL_ID[] = "SELECT id FROM slo_objectives WHERE name = ?";
static const char SQL_ID_NEW[] = "INSERT INTO slo_objectives (name) VALUES (?)";
static const char SQL_OPEN_MINUTE[] = "SELECT minute FROM slo_open WHERE objective = ?";
static const char SQL_OPEN_OVER[] =
	"REPLACE INTO slo_minutes SELECT * FROM slo_open WHERE objective = ?";
static const char SQL_OPEN_PUT[] = "REPLACE INTO slo_open VALUES (?, ?, ?, ?, ?, ?, ?)";
static const char SQL_MINUTE_PUT[] = "REPLACE INTO slo_minutes VALUES (?, ?, ?, ?, ?, ?, ?)";
/* The open one is the newest: what it is put over goes before it. */
static const char SQL_MINUTES[] =
	"SELECT minute, good, total, unmeasured, estimated, inexact FROM slo_minutes"
	" WHERE objective = ?1 AND minute >= ?2 AND minute < ?3 UNION ALL"
	" SELECT minute, good, total, unmeasured, estimated, inexact FROM slo_open"
	" WHERE objective = ?1 AND minute >= ?2 AND minute < ?3";
static const char SQL_LAST[] = "SELECT minute FROM (SELECT max(minute) AS minute FROM"
			       " (SELECT max(minute) AS minute FROM slo_minutes WHERE"
			       " objective = ?1 UNION ALL SELECT minute FROM slo_open WHERE"
			       " objective = ?1)) WHERE minute NOTNULL";
static const char SQL_HOUR_PUT[] = "REPLACE INTO slo_hours VALUES"
				   " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char SQL_HOURS[] = "SELECT * FROM slo_hours WHERE objective = ? AND minute >= ?"
				" AND minute < ? ORDER BY minute";
static const char SQL_STATE_PUT[] = "REPLACE INTO slo_state VALUES (?, ?, ?, ?)";
static const char SQL_STATE[] =
	"SELECT carry_good, carry_total, older FROM slo_state WHERE objective = ?";
static const char SQL_OBJECTIVES[] = "SELECT id FROM slo_objectives";
static const char SQL_MINUTES_OLD[] =
	"DELETE FROM slo_minutes WHERE objective = ?1 AND minute < min(?2, ?3 +"
	" (SELECT minute FROM slo_minutes WHERE objective = ?1 ORDER BY minute LIMIT 1))";
static const char SQL_HOURS_OLD[] =
	"DELETE FROM slo_hours WHERE objective = ?1 AND minute < min(?2, ?3 +"
	" (SELECT minute FROM slo_hours WHERE objective = ?1 ORDER BY minute LIMIT 1))";

/* 1: *ret is the first column; 0: no row. */
static int one(struct store *s, const char *sql, const char *types, int64_t objective,
	       const char *name, int64_t *ret)
{
	sqlite3_stmt *q;
	int r = db_query(s, sql, &q);

	if (!r)
		r = *types == 't' ? db_bind(q, "t", name) : db_bind(q, "i", objective);
	if (!r)
		r = db_step(q);
	if (r == 1) {
		*ret = sqlite3_column_int64(q, 0);
		sqlite3_reset(q);
	}
	return r;
}

int store_objective_id(struct store *s, const char *name, int64_t *ret)
{
	int r = one(s, SQL_ID, "t", 0, name, ret);

	if (r)
		return r < 0 ? r : 0;
	r = db_writable(s);
	if (r == -EROFS)
		return -ENOENT;
	if (!r)
		r = DB_RUN(s, SQL_ID_NEW, "t", name);
	if (!r)
		*ret = sqlite3_last_insert_rowid(s->db);
	return r;
}

int store_slo_minute_put(struct store *s, int64_t objective, const struct store_slo_minute *m)
{
	int64_t open = 0, minute = m->time / MINUTE_S;
	struct store_slo_minute row = *m;
	const char *put = SQL_OPEN_PUT;
	bool has_open;
	int r = db_writable(s);

	if (!r &&
	    (m->time < 0 || m->time > TIME_S_MAX || m->time % MINUTE_S || m->measured > SLO_WHOLE))
		r = -EINVAL;
	if (!r)
		r = pass_put(s, objective, &row);
	if (!r)
		r = one(s, SQL_OPEN_MINUTE, "i", objective, NULL, &open);
	if (r < 0)
		return r;
	has_open = r;
	if (has_open && minute < open)
		put = SQL_MINUTE_PUT;
	r = has_open && minute > open ? DB_RUN(s, SQL_OPEN_OVER, "i", objective) : 0;
	return r ? r :
		   DB_RUN(s, put, "iiiiiii", objective, minute, (int64_t)row.good,
			  (int64_t)row.total, (int64_t)(SLO_WHOLE - row.measured),
			  (int64_t)row.estimated, (int64_t)row.inexact);
}

int64_t index_of(int64_t time, int64_t length_s)
{
	if (time < 0)
		return 0;
	return (time > TIME_S_MAX ? TIME_S_MAX : time) / length_s;
}

/* First index that does not begin before time. */
static int64_t index_from(int64_t time, int64_t length_s)
{
	return index_of(time < TIME_S_MAX ? time + length_s - 1 : time, length_s);
}

/* A writer that begins with what is there has read as far as this: its next put holds it. */
static int went_on(struct store *s, int64_t objective, int64_t last)
{
	struct pass *p;
	int r = s->options.mode == STORE_WRITER ? pass_of(s, objective, &p) : -EROFS;

	if (r)
		return r == -EROFS ? 0 : r;
	if (p->now.reading)
		p->now.base = (struct store_slo_minute){ .time = last };
	return 0;
}

int store_slo_minute_each(struct store *s, int64_t objective, int64_t from, int64_t to,
			  int (*each)(void *context, const struct store_slo_minute *m),
			  void *context)
{
	_statement_ sqlite3_stmt *q = NULL;
	int64_t last = -1;
	int r = db_prepare(s, SQL_MINUTES, &q);

	if (!r)
		r = db_bind(q, "iii", objective, index_from(from, MINUTE_S),
			    index_from(to, MINUTE_S));
	while (!r && (r = db_step(q)) == 1) {
		struct store_slo_minute m = {
			.time = sqlite3_column_int64(q, 0) * MINUTE_S,
			.good = (uint64_t)sqlite3_column_int64(q, 1),
			.total = (uint64_t)sqlite3_column_int64(q, 2),
			.measured = (uint32_t)(SLO_WHOLE - sqlite3_column_int64(q, 3)),
			.estimated = sqlite3_column_int(q, 4) != 0,
			.inexact = (uint64_t)sqlite3_column_int64(q, 5),
		};

		last = m.time;
		r = each(context, &m);
	}
	return r ? r : went_on(s, objective, last);
}

int store_slo_minute_last(struct store *s, int64_t objective, int64_t *ret)
{
	struct pass *p;
	int64_t minute;
	int r = one(s, SQL_LAST, "i", objective, NULL, &minute);

	if (r >= 0 && s->options.mode == STORE_WRITER) {
		int err = pass_of(s, objective, &p);

		if (err)
			return err;
		p->now.reading = true;
	}
	if (r < 0)
		return r;
	if (!r)
		return -ENOENT;
	*ret = minute * MINUTE_S;
	return 0;
}

int store_slo_hour_put(struct store *s, int64_t objective, const struct store_slo_hour *h)
{
	const uint64_t *c = h->cells, *n = h->ns;
	int r = db_writable(s);

	if (!r && (h->time < 0 || h->time > TIME_S_MAX || h->time % MINUTE_S))
		r = -EINVAL;
	return r ? r :
		   DB_RUN(s, SQL_HOUR_PUT, "iiiiiiiiiiiiiiiiii", objective, h->time / MINUTE_S,
			  (int64_t)h->good, (int64_t)h->total, (int64_t)c[STORE_UNMEASURED],
			  (int64_t)c[STORE_GOOD], (int64_t)c[STORE_BAD], (int64_t)c[STORE_IDLE],
			  (int64_t)c[STORE_EXCLUDED], (int64_t)n[STORE_UNMEASURED],
			  (int64_t)n[STORE_GOOD], (int64_t)n[STORE_BAD], (int64_t)n[STORE_IDLE],
			  (int64_t)n[STORE_EXCLUDED], (int64_t)h->ratio_high, (int64_t)h->ratio_low,
			  (int64_t)h->inexact, (int64_t)h->revision);
}

int store_slo_hour_each(struct store *s, int64_t objective, int64_t from, int64_t to,
			int (*each)(void *context, const struct store_slo_hour *h), void *context)
{
	_statement_ sqlite3_stmt *q = NULL;
	int r = db_prepare(s, SQL_HOURS, &q);

	if (!r)
		r = db_bind(q, "iii", objective, index_from(from, MINUTE_S),
			    index_from(to, MINUTE_S));
	while (!r && (r = db_step(q)) == 1) {
		struct store_slo_hour h = {
			.time = sqlite3_column_int64(q, 1) * MINUTE_S,
			.good = (uint64_t)sqlite3_column_int64(q, 2),
			.total = (uint64_t)sqlite3_column_int64(q, 3),
			.ratio_high = (uint64_t)sqlite3_column_int64(q, 14),
			.ratio_low = (uint64_t)sqlite3_column_int64(q, 15),
			.inexact = (uint64_t)sqlite3_column_int64(q, 16),
			.revision = (uint32_t)sqlite3_column_int64(q, 17),
		};

		for (int i = 0; i < STORE_STATES; i++) {
			h.cells[i] = (uint64_t)sqlite3_column_int64(q, 4 + i);
			h.ns[i] = (uint64_t)sqlite3_column_int64(q, 9 + i);
		}
		r = each(context, &h);
	}
	return r;
}

int store_slo_state_put(struct store *s, int64_t objective, const struct store_slo_state *st)
{
	int r = db_writable(s);

	return r ? r :
		   DB_RUN(s, SQL_STATE_PUT, "iiii", objective, st->carry_good, st->carry_total,
			  (int64_t)st->older);
}

int store_slo_state_get(struct store *s, int64_t objective, struct store_slo_state *ret)
{
	struct store_slo_state st = {};
	sqlite3_stmt *q;
	int r = db_query(s, SQL_STATE, &q);

	if (!r)
		r = db_bind(q, "i", objective);
	if (!r)
		r = db_step(q);
	if (r == 1) {
		st.carry_good = sqlite3_column_int64(q, 0);
		st.carry_total = sqlite3_column_int64(q, 1);
		st.older = (uint64_t)sqlite3_column_int64(q, 2);
		sqlite3_reset(q);
		r = 0;
	}
	if (!r)
		*ret = st;
	return r;
}

int promises_retire(struct store *s)
{
	_statement_ sqlite3_stmt *q = NULL;
	int r = db_prepare(s, SQL_OBJECTIVES, &q);

	while (!r && (r = db_step(q)) == 1) {
		int64_t id = sqlite3_column_int64(q, 0);

		r = DB_RUN(s, SQL_MINUTES_OLD, "iii", id, s->bounds.minutes_from / MINUTE_S,
			   (int64_t)MINUTES_MOST);
		if (!r)
			r = DB_RUN(s, SQL_HOURS_OLD, "iii", id, s->bounds.hours_from / MINUTE_S,
				   (int64_t)HOURS_MOST * HOUR_S / MINUTE_S);
	}
	return r;
}
