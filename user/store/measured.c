// SPDX-License-Identifier: Apache-2.0
/* measured.c - rows of one service in order of time, and how much of a time was measured. */
#include <string.h>

#include "db.h"

static const char SQL_MINUTE[] = "SELECT counts FROM minutes WHERE id = ?";
static const char SQL_HOUR[] = "SELECT counts FROM hours WHERE id = ?";
/* Few: what is not settled, and what was found at adoption. */
static const char SQL_LATE[] =
	"SELECT (id & 4294967295) / ?4 AS at, counts FROM open WHERE id >= ?1 << 32"
	" AND id < (?1 + 1) << 32 AND at >= ?2 AND at < ?3 UNION ALL"
	" SELECT minute / ?4 AS at, counts FROM open_stretches WHERE service = ?1"
	" AND at >= ?2 AND at < ?3 UNION ALL"
	" SELECT minute AS at, counts FROM stretches WHERE ?4 = 1 AND minute >= ?2"
	" AND minute < ?3 AND service = ?1 ORDER BY at";
static const char SQL_ENDS[] =
	"SELECT min(first), max(last) FROM (SELECT first, last FROM totals WHERE service = ?1"
	" UNION ALL SELECT id & 4294967295, id & 4294967295 FROM open WHERE id >= ?1 << 32"
	" AND id < (?1 + 1) << 32 UNION ALL"
	" SELECT minute, minute FROM open_stretches WHERE service = ?1)";
static const char SQL_MEASURED_MINUTES[] =
	"SELECT sum(measured_ns), sum(estimated_ns), sum(exchanges), sum(lost)"
	" FROM time_minutes WHERE minute >= ? AND minute < ?";
static const char SQL_MEASURED_HOURS[] =
	"SELECT sum(measured_ns), sum(estimated_ns), sum(exchanges), sum(lost)"
	" FROM time_hours WHERE hour >= ? AND hour < ?";

/* Of [*from, *to), in units of length_s, what the service has rows in. */
static int clip(struct store *s, int64_t service, uint32_t length_s, int64_t *from, int64_t *to)
{
	sqlite3_stmt *q;
	int64_t first, last;
	int r = db_query(s, SQL_ENDS, &q);

	if (!r)
		r = db_bind(q, "i", service);
	if (!r)
		r = db_step(q);
	if (r < 1)
		return r;
	first = sqlite3_column_int64(q, 0) * MINUTE_S / length_s;
	last = sqlite3_column_int64(q, 1) * MINUTE_S / length_s;
	if (sqlite3_column_type(q, 0) == SQLITE_NULL)
		*to = *from;
	sqlite3_reset(q);
	if (*from < first)
		*from = first;
	if (*to > last + 1)
		*to = last + 1;
	return 0;
}

/* The row at, if there is one, is added to *sum. 1: there is. */
static int row_at(struct store *s, const char *sql, int64_t at, int64_t service,
		  struct series_counts *sum)
{
	sqlite3_stmt *q;
	int r = db_query(s, sql, &q);

	if (!r)
		r = db_bind(q, "i", KEY(at, service));
	if (!r)
		r = db_step(q);
	if (r < 1)
		return r;
	r = db_counts(q, 0, sum);
	sqlite3_reset(q);
	return r ? r : 1;
}

int store_history_each(struct store *s, int64_t service, int64_t from, int64_t to,
		       uint32_t length_s,
		       int (*each)(void *context, int64_t time, const struct series_counts *c),
		       void *context)
{
	_statement_ sqlite3_stmt *late = NULL;
	const char *sql = length_s == HOUR_S ? SQL_HOUR : SQL_MINUTE;
	int64_t at = index_of(from, length_s), end = index_of(to, length_s), late_at;
	struct series_counts sum;
	int r = length_s == HOUR_S || length_s == MINUTE_S ? 0 : -EINVAL;

	if (!r)
		r = clip(s, service, length_s, &at, &end);
	if (!r)
		r = db_prepare(s, SQL_LATE, &late);
	if (!r)
		r = db_bind(late, "iiii", service, at, end, (int64_t)(length_s / MINUTE_S));
	if (!r)
		r = db_step(late);
	late_at = r == 1 ? sqlite3_column_int64(late, 0) : INT64_MAX;
	for (r = r < 0 ? r : 0; !r && at < end; at++) {
		bool any = false;

		memset(&sum, 0, sizeof(sum));
		r = row_at(s, sql, at, service, &sum);
		any = r == 1;
		r = r < 0 ? r : 0;
		while (!r && late_at == at) {
			r = db_counts(late, 1, &sum);
			any = true;
			if (!r)
				r = db_step(late);
			late_at = r == 1 ? sqlite3_column_int64(late, 0) : INT64_MAX;
			r = r < 0 ? r : 0;
		}
		if (!r && any)
			r = each(context, at * length_s, &sum);
	}
	return r;
}

static int add_time(struct store *s, const char *sql, int64_t from, int64_t to,
		    struct store_measured *m)
{
	sqlite3_stmt *q;
	int r = db_query(s, sql, &q);

	if (!r)
		r = db_bind(q, "ii", from, to);
	if (!r)
		r = db_step(q);
	if (r < 1)
		return r;
	m->measured_ns += (uint64_t)sqlite3_column_int64(q, 0);
	m->estimated_ns += (uint64_t)sqlite3_column_int64(q, 1);
	m->exchanges += (uint64_t)sqlite3_column_int64(q, 2);
	m->lost += (uint64_t)sqlite3_column_int64(q, 3);
	sqlite3_reset(q);
	return 0;
}

int store_measured(struct store *s, int64_t from, int64_t to, struct store_measured *ret)
{
	struct store_measured m = {};
	struct range g;
	int r = 0;

	if (s->options.mode == STORE_READER)
		r = bounds_load(s);
	if (r)
		return r;
	g = range_of(s, from, to);
	m.wanted_ns = (uint64_t)(g.to - g.from) * MINUTE_S * NS_PER_SECOND;
	r = add_time(s, SQL_MEASURED_HOURS, g.hour_from, g.hour_to, &m);
	if (!r)
		r = add_time(s, SQL_MEASURED_MINUTES, g.from, g.before_end, &m);
	if (!r)
		r = add_time(s, SQL_MEASURED_MINUTES, g.after_from, g.to, &m);
	if (!r)
		*ret = m;
	return r;
}
