// SPDX-License-Identifier: Apache-2.0
/* settle.c - minutes that are over become rows by minute, by hour and totals. */
#include <string.h>

#include "db.h"

static const char SQL_OVER[] = "SELECT id, counts FROM open WHERE id & 4294967295 <> ?";
static const char SQL_OVER_DONE[] = "DELETE FROM open WHERE id & 4294967295 <> ?";
static const char SQL_STRETCHES[] =
	"SELECT service, minute, since, counts FROM open_stretches WHERE minute <> ?";
static const char SQL_STRETCHES_DONE[] = "DELETE FROM open_stretches WHERE minute <> ?";
static const char SQL_STRETCH[] =
	"SELECT counts FROM stretches WHERE minute = ? AND service = ? AND since = ?";
static const char SQL_STRETCH_PUT[] = "REPLACE INTO stretches VALUES (?, ?, ?, ?)";
static const char SQL_HOUR[] = "SELECT counts FROM hours WHERE id = ?";
static const char SQL_HOUR_PUT[] = "REPLACE INTO hours VALUES (?, ?)";
static const char SQL_MINUTE[] = "SELECT counts FROM minutes WHERE id = ?";
static const char SQL_MINUTE_PUT[] = "REPLACE INTO minutes VALUES (?, ?)";
static const char SQL_TOTAL[] = "SELECT first, last, counts FROM totals WHERE service = ?";
static const char SQL_TOTAL_PUT[] = "REPLACE INTO totals VALUES (?, ?, ?, ?)";

const struct counts_table counts_hours = { SQL_HOUR, SQL_HOUR_PUT };
const struct counts_table counts_minutes = { SQL_MINUTE, SQL_MINUTE_PUT };

int counts_put_more(struct store *s, const struct counts_table *t, int64_t key,
		    const struct series_counts *more)
{
	unsigned char bytes[CODEC_BYTES_MAX];
	struct series_counts sum = *more;
	sqlite3_stmt *q;
	int r = db_query(s, t->select, &q);

	if (!r)
		r = db_bind(q, "i", key);
	if (!r)
		r = db_step(q);
	if (r == 1) {
		r = db_counts(q, 0, &sum);
		sqlite3_reset(q);
	}
	return r ? r : DB_RUN(s, t->put, "ib", key, bytes, codec_write(&sum, bytes));
}

int totals_put_more(struct store *s, int64_t service, int64_t first, int64_t last,
		    const struct series_counts *more)
{
	unsigned char bytes[CODEC_BYTES_MAX];
	struct series_counts sum = *more;
	sqlite3_stmt *q;
	int r = db_query(s, SQL_TOTAL, &q);

	if (!r)
		r = db_bind(q, "i", service);
	if (!r)
		r = db_step(q);
	if (r == 1) {
		if (sqlite3_column_int64(q, 0) < first)
			first = sqlite3_column_int64(q, 0);
		if (sqlite3_column_int64(q, 1) > last)
			last = sqlite3_column_int64(q, 1);
		r = db_counts(q, 2, &sum);
		sqlite3_reset(q);
	}
	return r ? r :
		   DB_RUN(s, SQL_TOTAL_PUT, "iiib", service, first, last, bytes,
			  codec_write(&sum, bytes));
}

int stretches_put_more(struct store *s, int64_t minute, int64_t service, int64_t since,
		       const struct series_counts *more)
{
	unsigned char bytes[CODEC_BYTES_MAX];
	struct series_counts sum = *more;
	sqlite3_stmt *q;
	int r = db_query(s, SQL_STRETCH, &q);

	if (!r)
		r = db_bind(q, "iii", minute, service, since);
	if (!r)
		r = db_step(q);
	if (r == 1) {
		r = db_counts(q, 0, &sum);
		sqlite3_reset(q);
	}
	return r ? r :
		   DB_RUN(s, SQL_STRETCH_PUT, "iiib", minute, service, since, bytes,
			  codec_write(&sum, bytes));
}

/* Hours and totals. What is older than kept rows (the clock was set back) goes to what is kept. */
static int sums_put_more(struct store *s, int64_t service, int64_t minute,
			 const struct series_counts *c)
{
	int64_t hour = minute / (HOUR_S / MINUTE_S);
	int r = 0;

	if (hour * HOUR_S >= s->bounds.hours_from)
		r = counts_put_more(s, &counts_hours, KEY(hour, service), c);
	return r ? r : totals_put_more(s, service, minute, minute, c);
}

static int settle_minutes(struct store *s, int64_t now_minute)
{
	_statement_ sqlite3_stmt *q = NULL;
	struct series_counts c;
	int r = db_prepare(s, SQL_OVER, &q);

	if (!r)
		r = db_bind(q, "i", now_minute);
	while (!r && (r = db_step(q)) == 1) {
		int64_t id = sqlite3_column_int64(q, 0);
		int64_t service = KEY_ABOVE(id), minute = KEY_BELOW(id);

		memset(&c, 0, sizeof(c));
		r = db_counts(q, 1, &c);
		if (!r && minute * MINUTE_S >= s->bounds.minutes_from)
			r = counts_put_more(s, &counts_minutes, KEY(minute, service), &c);
		if (!r)
			r = sums_put_more(s, service, minute, &c);
	}
	return r ? r : DB_RUN(s, SQL_OVER_DONE, "i", now_minute);
}

static int settle_stretches(struct store *s, int64_t now_minute)
{
	_statement_ sqlite3_stmt *q = NULL;
	struct series_counts c;
	int r = db_prepare(s, SQL_STRETCHES, &q);

	if (!r)
		r = db_bind(q, "i", now_minute);
	while (!r && (r = db_step(q)) == 1) {
		int64_t service = sqlite3_column_int64(q, 0), minute = sqlite3_column_int64(q, 1);

		memset(&c, 0, sizeof(c));
		r = db_counts(q, 3, &c);
		if (!r && minute * MINUTE_S >= s->bounds.minutes_from)
			r = stretches_put_more(s, minute, service, sqlite3_column_int64(q, 2), &c);
		if (!r)
			r = sums_put_more(s, service, minute, &c);
	}
	return r ? r : DB_RUN(s, SQL_STRETCHES_DONE, "i", now_minute);
}

int store_settle(struct store *s, int64_t now)
{
	int r = db_writable(s);

	if (!r)
		r = db_in_place(s);
	/* First what goes: near the limit of size, what comes needs its room. */
	if (!r)
		r = retention_run(s, now);
	if (!r)
		r = settle_minutes(s, now / MINUTE_S);
	if (!r)
		r = settle_stretches(s, now / MINUTE_S);
	if (!r)
		r = forget_run(s);
	if (!r)
		r = promises_retire(s);
	if (!r)
		s->sync_due = true;
	return r;
}
