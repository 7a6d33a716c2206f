// SPDX-License-Identifier: Apache-2.0
/* verify.c - whether the record is sound: SQLite's own check, and what must hold between rows. */
#include <stdarg.h>
#include <string.h>

#include "db.h"
#include "transfer.h"

#define HOUR_MINUTES (HOUR_S / MINUTE_S)
#define FAULTS_MAX   100 /* that are said */

struct verify {
	struct store *s;
	void (*said)(void *context, const char *line);
	void *context;
	unsigned int faults;
};

__attribute__((format(printf, 2, 3))) static void say(struct verify *v, const char *format, ...)
{
	char line[512];
	va_list args;

	if (v->faults++ >= FAULTS_MAX)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (v->faults == FAULTS_MAX)
		snprintf(line, sizeof(line), "and more: only the first %d are told", FAULTS_MAX);
	v->said(v->context, line);
}

static int integrity(struct verify *v)
{
	_statement_ sqlite3_stmt *q = NULL;
	int r = db_prepare(v->s, "PRAGMA integrity_check", &q);

	while (!r && (r = db_step(q)) == 1) {
		const char *line = db_text(q, 0) ?: "";

		r = 0;
		if (strcmp(line, "ok"))
			say(v, "SQLite: %.*s", (int)strcspn(line, "\n"), line);
	}
	return r;
}

/* Tables of counts: rows that cannot be read, and rows of services that are not there. */
static const struct {
	const char *what, *sql;
} rows[] = {
	{ "total", "SELECT service, first * 60, counts FROM totals" },
	{ "hour", "SELECT id & 4294967295, (id >> 32) * 3600, counts FROM hours" },
	{ "minute", "SELECT id & 4294967295, (id >> 32) * 60, counts FROM minutes" },
	{ "stretch", "SELECT service, minute * 60, counts FROM stretches" },
	{ "open minute", "SELECT id >> 32, (id & 4294967295) * 60, counts FROM open" },
	{ "open stretch", "SELECT service, minute * 60, counts FROM open_stretches" },
	{ "checkpoint", "SELECT service, 0, counts FROM checkpoints" },
	{ "untold stretch", "SELECT service, until_ns / 1000000000, counts FROM untold" },
};

static const char SQL_SERVICE[] = "SELECT 1 FROM services WHERE id = ?";

static int row_sound(struct verify *v, const char *what, sqlite3_stmt *row)
{
	int64_t service = sqlite3_column_int64(row, 0), time = sqlite3_column_int64(row, 1);
	struct series_counts c = {};
	sqlite3_stmt *q;
	int r = db_query(v->s, SQL_SERVICE, &q);

	if (db_counts(row, 2, &c))
		say(v, "the %s of service %lld at %lld cannot be read", what, (long long)service,
		    (long long)time);
	if (!r)
		r = db_bind(q, "i", service);
	if (!r)
		r = db_step(q);
	/* Of a checkpoint 0 is nobody, of what is untold the stretch itself. */
	if (!r && (service || (strcmp(what, "checkpoint") && strcmp(what, "untold stretch"))))
		say(v, "a %s at %lld belongs to service %lld, which is not there", what,
		    (long long)time, (long long)service);
	if (r == 1)
		sqlite3_reset(q);
	return r < 0 ? r : 0;
}

static int rows_sound(struct verify *v)
{
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(rows) / sizeof(rows[0]); i++) {
		_statement_ sqlite3_stmt *q = NULL;

		r = db_prepare(v->s, rows[i].sql, &q);
		while (!r && (r = db_step(q)) == 1)
			r = row_sound(v, rows[i].what, q);
	}
	return r;
}

static const char SQL_MINUTE[] = "SELECT counts FROM minutes WHERE id = ?";
static const char SQL_HOUR[] = "SELECT counts FROM hours WHERE id = ?";
static const char SQL_STRETCHES[] =
	"SELECT counts FROM stretches WHERE minute >= ? AND minute < ? AND service = ?";

/* Rows [from, to) of one service into *sum, which may lack them; *seen grows by how many there are. */
static int add_rows(struct verify *v, const char *sql, int64_t service, int64_t from, int64_t to,
		    struct series_counts *sum, int64_t *seen)
{
	sqlite3_stmt *q;
	int r = db_query(v->s, sql, &q);

	for (int64_t at = from; !r && at < to; at++) {
		r = db_bind(q, "i", KEY(at, service));
		if (!r)
			r = db_step(q);
		if (r == 1) {
			++*seen;
			db_counts(q, 0, sum); /* one that cannot be read was told */
			r = sqlite3_reset(q) ? -EIO : 0;
		}
	}
	return r;
}

static int add_stretches(struct verify *v, int64_t service, int64_t from, int64_t to,
			 struct series_counts *sum, int64_t *seen)
{
	sqlite3_stmt *q;
	int r = db_query(v->s, SQL_STRETCHES, &q);

	if (!r)
		r = db_bind(q, "iii", from, to, service);
	while (!r && (r = db_step(q)) == 1) {
		++*seen;
		db_counts(q, 0, sum);
		r = 0;
	}
	return r;
}

/* *ret += a number of the database, the bound put in. */
static int count(struct verify *v, const char *sql, int64_t bound, int64_t *ret)
{
	_statement_ sqlite3_stmt *q = NULL;
	int r = db_prepare(v->s, sql, &q);

	if (!r)
		r = db_bind(q, "i", bound);
	if (!r)
		r = db_step(q);
	if (r == 1)
		*ret += sqlite3_column_int64(q, 0);
	return r < 0 ? r : 0;
}

static int hours_are_minutes(struct verify *v)
{
	_statement_ sqlite3_stmt *q = NULL;
	int64_t kept = v->s->bounds.minutes_from, seen = 0, there = 0;
	struct series_counts hour, sum;
	int r = db_prepare(v->s, "SELECT id, counts FROM hours WHERE id >= ? ORDER BY id", &q);

	if (!r)
		r = db_bind(q, "i", KEY((kept + HOUR_S - 1) / HOUR_S, 0));
	while (!r && (r = db_step(q)) == 1) {
		int64_t id = sqlite3_column_int64(q, 0), service = KEY_BELOW(id);
		int64_t from = KEY_ABOVE(id) * HOUR_MINUTES, to = from + HOUR_MINUTES;

		memset(&hour, 0, sizeof(hour));
		memset(&sum, 0, sizeof(sum));
		db_counts(q, 1, &hour);
		r = add_rows(v, SQL_MINUTE, service, from, to, &sum, &seen);
		if (!r)
			r = add_stretches(v, service, from, to, &sum, &seen);
		if (!r && memcmp(&hour, &sum, sizeof(hour)))
			say(v, "the hour at %lld of service %lld is not the sum of its minutes",
			    (long long)from * MINUTE_S, (long long)service);
	}
	if (!r)
		r = count(v, "SELECT count(*) FROM minutes WHERE id >= ? << 32", kept / MINUTE_S,
			  &there);
	if (!r)
		r = count(v, "SELECT count(*) FROM stretches WHERE minute >= ?", kept / MINUTE_S,
			  &there);
	if (!r && seen != there)
		say(v, "%lld rows by minute are in no hour", (long long)(there - seen));
	return r;
}

static bool covers(const struct series_counts *total, const struct series_counts *part)
{
	struct series_counts d;

	return counts_difference(total, part, &d) && total->max_ns >= part->max_ns;
}

static int totals_are_hours(struct verify *v)
{
	_statement_ sqlite3_stmt *q = NULL;
	int64_t kept = v->s->bounds.hours_from / HOUR_S, seen = 0, there = 0;
	struct series_counts total, sum;
	int r = db_prepare(v->s, "SELECT service, first, last, counts FROM totals", &q);

	while (!r && (r = db_step(q)) == 1) {
		int64_t service = sqlite3_column_int64(q, 0);
		int64_t first = sqlite3_column_int64(q, 1) / HOUR_MINUTES;
		int64_t last = sqlite3_column_int64(q, 2) / HOUR_MINUTES;
		bool all = first >= kept;

		memset(&total, 0, sizeof(total));
		memset(&sum, 0, sizeof(sum));
		db_counts(q, 3, &total);
		r = add_rows(v, SQL_HOUR, service, all ? first : kept, last + 1, &sum, &seen);
		if (!r && all && memcmp(&total, &sum, sizeof(sum)))
			say(v, "the total of service %lld is not the sum of its hours",
			    (long long)service);
		if (!r && !all && !covers(&total, &sum))
			say(v, "the total of service %lld is less than its hours",
			    (long long)service);
	}
	if (!r)
		r = count(v, "SELECT count(*) FROM hours WHERE id >= ? << 32", kept, &there);
	if (!r && seen != there)
		say(v, "%lld rows by hour are in no total", (long long)(there - seen));
	return r;
}

/* What SQL can tell: each gives a row for a fault, first what is wrong, then where. */
static const struct {
	const char *what, *sql;
} questions[] = {
	{ "a minute was measured for more than itself",
	  "SELECT minute * 60 FROM time_minutes WHERE measured_ns NOT BETWEEN 0 AND 60000000000"
	  " OR estimated_ns NOT BETWEEN 0 AND measured_ns OR lost < 0 OR exchanges < 0"
	  " OR ?1 IS NULL" },
	{ "an hour of time is not the sum of its minutes",
	  "SELECT t.hour * 3600 FROM time_hours t LEFT JOIN (SELECT minute / 60 AS hour,"
	  " sum(measured_ns) AS m, sum(estimated_ns) AS e, sum(exchanges) AS x, sum(lost) AS l"
	  " FROM time_minutes WHERE minute * 60 >= ?1 GROUP BY 1) s ON s.hour = t.hour"
	  " WHERE t.hour * 3600 >= ?1 AND (t.measured_ns, t.estimated_ns, t.exchanges, t.lost)"
	  " IS NOT (s.m, s.e, s.x, s.l)" },
	{ "minutes of time are in no hour",
	  "SELECT DISTINCT minute / 60 * 3600 FROM time_minutes WHERE minute * 60 >= ?1"
	  " AND minute / 60 NOT IN (SELECT hour FROM time_hours)" },
	{ "an objective's minute contradicts itself or belongs to none",
	  "SELECT minute * 60 FROM (SELECT * FROM slo_minutes UNION ALL SELECT * FROM slo_open)"
	  " WHERE good > total OR good < 0 OR unmeasured NOT BETWEEN 0 AND 1000000000"
	  " OR objective NOT IN (SELECT id FROM slo_objectives) OR ?1 IS NULL" },
	{ "an objective's hour contradicts itself or belongs to none",
	  "SELECT minute * 60 FROM slo_hours WHERE good > total OR good < 0"
	  " OR objective NOT IN (SELECT id FROM slo_objectives) OR ?1 IS NULL" },
	{ "an untold stretch contradicts itself",
	  "SELECT DISTINCT u.until_ns / 1000000000 FROM untold u LEFT JOIN untold s"
	  " ON s.until_ns = u.until_ns AND s.service = 0 WHERE u.since_ns > u.until_ns"
	  " OR u.lost < 0 OR s.since_ns IS NOT u.since_ns OR s.thresholds IS NOT u.thresholds"
	  " OR ?1 IS NULL" },
	{ "an alert or a state belongs to no objective",
	  "SELECT objective FROM (SELECT objective FROM alerts UNION ALL"
	  " SELECT objective FROM slo_state)"
	  " WHERE objective NOT IN (SELECT id FROM slo_objectives) OR ?1 IS NULL" },
};

static int ask(struct verify *v)
{
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(questions) / sizeof(questions[0]); i++) {
		_statement_ sqlite3_stmt *q = NULL;

		r = db_prepare(v->s, questions[i].sql, &q);
		if (!r)
			r = db_bind(q, "i", v->s->bounds.minutes_from);
		while (!r && (r = db_step(q)) == 1) {
			say(v, "%s: %lld", questions[i].what,
			    (long long)sqlite3_column_int64(q, 0));
			r = 0;
		}
	}
	return r;
}

int store_verify(struct store *s, void (*said)(void *context, const char *line), void *context)
{
	struct verify v = { .s = s, .said = said, .context = context };
	int r = bounds_load(s);

	if (!r)
		r = integrity(&v);
	if (!r)
		r = rows_sound(&v);
	if (!r)
		r = hours_are_minutes(&v);
	if (!r)
		r = totals_are_hours(&v);
	return r ? r : ask(&v);
}
