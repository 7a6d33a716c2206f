// SPDX-License-Identifier: Apache-2.0
/* count.c - what a tick adds: counts of the open minute, and how much of it was measured. */
#include <string.h>

#include "db.h"

static const char SQL_SERVICE[] = "SELECT 1 FROM services WHERE id = ?";
static const char SQL_OPEN[] = "SELECT counts FROM open WHERE id = ?";
static const char SQL_OPEN_PUT[] = "REPLACE INTO open VALUES (?, ?)";
static const char SQL_STRETCH[] =
	"SELECT counts FROM open_stretches WHERE service = ? AND minute = ? AND since = ?";
static const char SQL_STRETCH_PUT[] = "REPLACE INTO open_stretches VALUES (?, ?, ?, ?)";
static const char SQL_TIME[] =
	"SELECT measured_ns, estimated_ns, exchanges, lost FROM time_minutes WHERE minute = ?";
static const char SQL_TIME_PUT[] = "REPLACE INTO time_minutes VALUES (?, ?, ?, ?, ?)";
static const char SQL_HOUR_ADD[] =
	"INSERT INTO time_hours VALUES (?, ?, ?, ?, ?) ON CONFLICT (hour) DO UPDATE SET"
	" measured_ns = measured_ns + excluded.measured_ns,"
	" estimated_ns = estimated_ns + excluded.estimated_ns,"
	" exchanges = exchanges + excluded.exchanges, lost = lost + excluded.lost";

static bool is_minute(int64_t time)
{
	return time >= 0 && time <= TIME_S_MAX && !(time % MINUTE_S);
}

/* 0, or -ENOENT: counts of nobody would never be seen again. */
static int service_exists(struct store *s, int64_t service)
{
	sqlite3_stmt *q;
	int r = db_query(s, SQL_SERVICE, &q);

	if (!r)
		r = db_bind(q, "i", service);
	if (!r)
		r = db_step(q);
	if (r == 1)
		sqlite3_reset(q);
	return r < 0 ? r : r ? 0 : -ENOENT;
}

/* What q, which is bound, finds is added to *sum. */
static int found_counts(struct store *s, sqlite3_stmt *q, int64_t service,
			struct series_counts *sum)
{
	int r = db_step(q);

	if (!r)
		return service_exists(s, service);
	if (r < 0)
		return r;
	r = db_counts(q, 0, sum);
	sqlite3_reset(q);
	return r;
}

int store_count(struct store *s, int64_t service, int64_t minute, int64_t since,
		const struct series_counts *delta)
{
	unsigned char bytes[CODEC_BYTES_MAX];
	struct series_counts sum = *delta;
	int64_t key = KEY(service, minute / MINUTE_S);
	bool stretch = since < minute;
	sqlite3_stmt *q;
	size_t n;
	int r = db_writable(s);

	if (!r && (!is_minute(minute) || service < 1 || service > KEY_MASK))
		r = -EINVAL;
	if (!r)
		r = db_query(s, stretch ? SQL_STRETCH : SQL_OPEN, &q);
	if (!r)
		r = stretch ? db_bind(q, "iii", service, minute / MINUTE_S, since) :
			      db_bind(q, "i", key);
	if (!r)
		r = found_counts(s, q, service, &sum);
	if (!r)
		r = bounds_begin(s, stretch ? since : minute);
	if (r)
		return r;
	n = codec_write(&sum, bytes);
	if (stretch)
		return DB_RUN(s, SQL_STRETCH_PUT, "iiib", service, minute / MINUTE_S, since, bytes,
			      n);
	return DB_RUN(s, SQL_OPEN_PUT, "ib", key, bytes, n);
}

int store_time_add(struct store *s, int64_t minute, const struct store_time *t)
{
	int64_t was[4] = {}, measured_ns, estimated_ns;
	const int64_t whole_ns = MINUTE_S * NS_PER_SECOND;
	sqlite3_stmt *q;
	int r = db_writable(s);

	if (!r && !is_minute(minute))
		r = -EINVAL;
	if (!r)
		r = db_query(s, SQL_TIME, &q);
	if (!r)
		r = db_bind(q, "i", minute / MINUTE_S);
	if (!r)
		r = db_step(q);
	if (r == 1) {
		for (int i = 0; i < 4; i++)
			was[i] = sqlite3_column_int64(q, i);
		sqlite3_reset(q);
		r = 0;
	}
	if (!r)
		r = bounds_begin(s, minute);
	if (r)
		return r;
	measured_ns = whole_ns - was[0];
	if (t->measured_ns < (uint64_t)measured_ns)
		measured_ns = (int64_t)t->measured_ns;
	estimated_ns = t->estimated ? measured_ns : 0;
	r = DB_RUN(s, SQL_TIME_PUT, "iiiii", minute / MINUTE_S, was[0] + measured_ns,
		   was[1] + estimated_ns, was[2] + (int64_t)t->exchanges,
		   was[3] + (int64_t)t->lost);
	return r ? r :
		   DB_RUN(s, SQL_HOUR_ADD, "iiiii", minute / HOUR_S, measured_ns, estimated_ns,
			  (int64_t)t->exchanges, (int64_t)t->lost);
}
