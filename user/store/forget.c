// SPDX-License-Identifier: Apache-2.0
/*
 * forget.c - a record has at most STORE_SERVICES_MAX services: those seen last. What others counted is
 * added, row by row, to one service a role, so that sums stay true.
 */
#include "db.h"

#define SERVICES_A_TIME 2000
#define LOOKS_A_TIME	200000 /* for rows, of all services together */
#define HOUR_MINUTES	(HOUR_S / MINUTE_S)

static const char SQL_MANY[] = "SELECT count(*) FROM services";
/* Not what is still being counted. */
static const char SQL_OLDEST[] =
	"SELECT s.id, s.role, t.first, t.last, s.first_seen, s.last_seen FROM services s"
	" LEFT JOIN totals t ON t.service = s.id WHERE s.name <> '" STORE_FORGOTTEN "'"
	" AND s.id NOT IN (SELECT service FROM checkpoints)"
	" AND s.id NOT IN (SELECT id >> 32 FROM open)"
	" AND s.id NOT IN (SELECT service FROM open_stretches)"
	" ORDER BY max(s.last_seen, ifnull(t.last, 0) * 60) LIMIT ?";
/* Rows that are found by time and service. */
struct keyed {
	const char *counts, *put, *gone;
};
static const struct keyed minutes = {
	"SELECT counts FROM minutes WHERE id = ?",
	"INSERT INTO minutes VALUES (?, ?) ON CONFLICT (id)" DB_COUNTS_ADD,
	"DELETE FROM minutes WHERE id = ?",
};
static const struct keyed hours = {
	"SELECT counts FROM hours WHERE id = ?",
	"INSERT INTO hours VALUES (?, ?) ON CONFLICT (id)" DB_COUNTS_ADD,
	"DELETE FROM hours WHERE id = ?",
};
static const char SQL_STRETCHES[] =
	"INSERT INTO stretches SELECT minute, ?1, since, counts FROM stretches WHERE service = ?2"
	" AND minute >= ?3 AND minute <= ?4 ON CONFLICT (minute, service, since)" DB_COUNTS_ADD;
static const char SQL_STRETCHES_GONE[] =
	"DELETE FROM stretches WHERE service = ? AND minute >= ? AND minute <= ?";
static const char SQL_TOTAL[] =
	"INSERT INTO totals SELECT ?1, first, last, counts FROM totals WHERE service = ?2" DB_TOTALS_ADD;
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
static int move_row(struct store *s, const struct keyed *t, int64_t time, const struct forgotten *f)
{
	sqlite3_stmt *q;
	int r = db_query(s, t->counts, &q);

	if (!r)
		r = db_bind(q, "i", KEY(time, f->id));
	if (!r)
		r = db_step(q);
	if (r < 1)
		return r;
	r = DB_RUN(s, t->put, "ib", KEY(time, f->heir), sqlite3_column_blob(q, 0),
		   (size_t)sqlite3_column_bytes(q, 0));
	sqlite3_reset(q);
	return r ? r : DB_RUN(s, t->gone, "i", KEY(time, f->id));
}

static int move_stretches(struct store *s, const struct forgotten *f)
{
	int r = DB_RUN(s, SQL_STRETCHES, "iiii", f->heir, f->id, f->first, f->last);

	return r ? r : DB_RUN(s, SQL_STRETCHES_GONE, "iii", f->id, f->first, f->last);
}

static int forget(struct store *s, struct forgotten *f, int64_t *looks)
{
	int64_t minute = s->bounds.minutes_from / MINUTE_S, hour = s->bounds.hours_from / HOUR_S;
	int r = heir_of(s, f);

	if (f->first > minute)
		minute = f->first;
	if (f->first / HOUR_MINUTES > hour)
		hour = f->first / HOUR_MINUTES;
	for (; !r && minute <= f->last; minute++, ++*looks)
		r = move_row(s, &minutes, minute, f);
	for (; !r && hour <= f->last / HOUR_MINUTES; hour++, ++*looks)
		r = move_row(s, &hours, hour, f);
	if (!r && f->first <= f->last)
		r = move_stretches(s, f);
	if (!r)
		r = DB_RUN(s, SQL_TOTAL, "ii", f->heir, f->id);
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
		bool rows = sqlite3_column_type(q, 2) != SQLITE_NULL;
		struct forgotten f = { .id = sqlite3_column_int64(q, 0),
				       .role = (enum role)sqlite3_column_int(q, 1),
				       .first = rows ? sqlite3_column_int64(q, 2) : 1,
				       .last = sqlite3_column_int64(q, 3),
				       .first_seen = sqlite3_column_int64(q, 4),
				       .last_seen = sqlite3_column_int64(q, 5) };

		r = forget(s, &f, &looks);
	}
	return r;
}
