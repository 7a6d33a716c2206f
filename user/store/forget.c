// SPDX-License-Identifier: Apache-2.0
/*
 * forget.c - a record has at most STORE_SERVICES_MAX services: those seen last. What others counted is
 * added, row by row, to one service a role, so that sums stay true.
 */
#include <string.h>

#include "db.h"

#define SERVICES_A_TIME 2000
#define LOOKS_A_TIME	200000 /* for rows, of all services together */
#define HOUR_MINUTES	(HOUR_S / MINUTE_S)

static const char SQL_MANY[] = "SELECT count(*) FROM services";
/* Not what is still being counted. */
static const char SQL_OLDEST[] =
	"SELECT s.id, s.role, t.first, t.last, t.counts, s.first_seen, s.last_seen FROM services s"
	" LEFT JOIN totals t ON t.service = s.id WHERE s.name <> '" STORE_FORGOTTEN "'"
	" AND s.id NOT IN (SELECT service FROM checkpoints)"
	" AND s.id NOT IN (SELECT id >> 32 FROM open)"
	" AND s.id NOT IN (SELECT service FROM open_stretches)"
	" ORDER BY max(s.last_seen, ifnull(t.last, 0) * 60) LIMIT ?";
static const char SQL_MINUTE_GONE[] = "DELETE FROM minutes WHERE id = ?";
static const char SQL_HOUR_GONE[] = "DELETE FROM hours WHERE id = ?";
static const char SQL_STRETCH_TAKEN[] =
	"SELECT minute, since, counts FROM stretches WHERE minute >= ? AND minute <= ?"
	" AND service = ?";
static const char SQL_STRETCH_GONE[] =
	"DELETE FROM stretches WHERE minute >= ? AND minute <= ? AND service = ?";
static const char SQL_TOTAL_GONE[] = "DELETE FROM totals WHERE service = ?";
static const char SQL_LIMITS_GONE[] = "DELETE FROM limits WHERE service = ?";
static const char SQL_SERVICE_GONE[] = "DELETE FROM services WHERE id = ?";
static const char SQL_SEEN[] =
	"UPDATE services SET first_seen = min(first_seen, ?), last_seen = max(last_seen, ?)"
	" WHERE id = ?";

struct forgotten {
	int64_t id; /* of who goes */
	enum role role;
	int64_t first, last; /* of its rows, minutes; first > last: none */
	int64_t first_seen, last_seen;
	struct series_counts counts;
	int64_t heir;
};

static int heir_of(struct store *s, struct forgotten *f)
{
	struct store_service heir = { .role = f->role,
				      .id_row = { .name = (char *)STORE_FORGOTTEN },
				      .first_seen = f->first_seen,
				      .last_seen = f->last_seen };
	int r = store_service_by_name(s, f->role, STORE_FORGOTTEN, &f->heir);

	if (r == -ENOENT) {
		r = store_service_put(s, &heir);
		f->heir = heir.id;
	} else if (!r) {
		r = DB_RUN(s, SQL_SEEN, "iii", f->first_seen, f->last_seen, f->heir);
	}
	return r;
}

/* The row of (time, who goes) is added to the heir's. */
static int move_row(struct store *s, const struct counts_table *t, const char *gone, int64_t time,
		    const struct forgotten *f)
{
	struct series_counts c = {};
	sqlite3_stmt *q;
	int r = db_query(s, t->select, &q);

	if (!r)
		r = db_bind(q, "i", KEY(time, f->id));
	if (!r)
		r = db_step(q);
	if (r < 1)
		return r;
	r = db_counts(q, 0, &c);
	sqlite3_reset(q);
	if (!r)
		r = counts_put_more(s, t, KEY(time, f->heir), &c);
	return r ? r : DB_RUN(s, gone, "i", KEY(time, f->id));
}

static int move_stretches(struct store *s, const struct forgotten *f)
{
	_statement_ sqlite3_stmt *q = NULL;
	struct series_counts c;
	int r = db_prepare(s, SQL_STRETCH_TAKEN, &q);

	if (!r)
		r = db_bind(q, "iii", f->first, f->last, f->id);
	while (!r && (r = db_step(q)) == 1) {
		memset(&c, 0, sizeof(c));
		r = db_counts(q, 2, &c);
		if (!r)
			r = stretches_put_more(s, sqlite3_column_int64(q, 0), f->heir,
					       sqlite3_column_int64(q, 1), &c);
	}
	return r ? r : DB_RUN(s, SQL_STRETCH_GONE, "iii", f->first, f->last, f->id);
}

static int forget(struct store *s, struct forgotten *f, int64_t *looks)
{
	int64_t minutes = s->bounds.minutes_from / MINUTE_S, hours = s->bounds.hours_from / HOUR_S;
	int r = heir_of(s, f);

	if (f->first > minutes)
		minutes = f->first;
	if (f->first / HOUR_MINUTES > hours)
		hours = f->first / HOUR_MINUTES;
	for (int64_t at = minutes; !r && at <= f->last; at++, ++*looks)
		r = move_row(s, &counts_minutes, SQL_MINUTE_GONE, at, f);
	for (int64_t at = hours; !r && at <= f->last / HOUR_MINUTES; at++, ++*looks)
		r = move_row(s, &counts_hours, SQL_HOUR_GONE, at, f);
	if (!r && f->first <= f->last) {
		r = move_stretches(s, f);
		if (!r)
			r = totals_put_more(s, f->heir, f->first, f->last, &f->counts);
	}
	if (!r)
		r = DB_RUN(s, SQL_TOTAL_GONE, "i", f->id);
	if (!r)
		r = DB_RUN(s, SQL_LIMITS_GONE, "i", f->id);
	return r ? r : DB_RUN(s, SQL_SERVICE_GONE, "i", f->id);
}

int forget_run(struct store *s)
{
	_statement_ sqlite3_stmt *q = NULL;
	int64_t n = 0, looks = 0;
	int r = db_number(s, SQL_MANY, &n);

	n -= STORE_SERVICES_MAX;
	if (r || n <= 0)
		return r;
	r = db_prepare(s, SQL_OLDEST, &q);
	if (!r)
		r = db_bind(q, "i", n < SERVICES_A_TIME ? n : (int64_t)SERVICES_A_TIME);
	while (!r && looks < LOOKS_A_TIME && (r = db_step(q)) == 1) {
		bool rows = sqlite3_column_type(q, 4) != SQLITE_NULL;
		struct forgotten f = { .id = sqlite3_column_int64(q, 0),
				       .role = (enum role)sqlite3_column_int(q, 1),
				       .first = rows ? sqlite3_column_int64(q, 2) : 1,
				       .last = sqlite3_column_int64(q, 3),
				       .first_seen = sqlite3_column_int64(q, 5),
				       .last_seen = sqlite3_column_int64(q, 6) };

		r = rows ? db_counts(q, 4, &f.counts) : 0;
		if (!r)
			r = forget(s, &f, &looks);
	}
	return r;
}
