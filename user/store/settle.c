// SPDX-License-Identifier: Apache-2.0
/* settle.c - minutes that are over become rows by minute, by hour and totals. */
#include "db.h"

/* ?1: the minute that is open; ?2: the first of which such rows are kept (the clock was set back). */
#define OVER	     " FROM open WHERE id & 4294967295 <> ?1 AND id & 4294967295 >= ?2"
#define STRETCH_OVER " FROM open_stretches WHERE minute <> ?1 AND minute >= ?2"

static const char SQL_MINUTES[] =
	"INSERT INTO minutes SELECT (id & 4294967295) << 32 | (id >> 32), counts" OVER
	" ON CONFLICT (id)" DB_COUNTS_ADD;
static const char SQL_STRETCHES[] =
	"INSERT INTO stretches SELECT minute, service, since, counts" STRETCH_OVER
	" ON CONFLICT (minute, service, since)" DB_COUNTS_ADD;
static const char SQL_HOURS[] =
	"INSERT INTO hours SELECT (id & 4294967295) / 60 << 32 | (id >> 32), counts" OVER
	" ON CONFLICT (id)" DB_COUNTS_ADD;
static const char SQL_STRETCH_HOURS[] =
	"INSERT INTO hours SELECT minute / 60 << 32 | service, counts" STRETCH_OVER
	" ON CONFLICT (id)" DB_COUNTS_ADD;
static const char SQL_TOTALS[] =
	"INSERT INTO totals SELECT id >> 32, id & 4294967295, id & 4294967295, counts" OVER
		DB_TOTALS_ADD;
static const char SQL_STRETCH_TOTALS[] =
	"INSERT INTO totals SELECT service, minute, minute, counts" STRETCH_OVER DB_TOTALS_ADD;
static const char SQL_DONE[] = "DELETE FROM open WHERE id & 4294967295 <> ?";
static const char SQL_STRETCHES_DONE[] = "DELETE FROM open_stretches WHERE minute <> ?";

static int settle(struct store *s, int64_t now)
{
	int64_t minutes = s->bounds.minutes_from / MINUTE_S,
		hours = s->bounds.hours_from / MINUTE_S;
	int r = DB_RUN(s, SQL_MINUTES, "ii", now, minutes);

	if (!r)
		r = DB_RUN(s, SQL_STRETCHES, "ii", now, minutes);
	if (!r)
		r = DB_RUN(s, SQL_HOURS, "ii", now, hours);
	if (!r)
		r = DB_RUN(s, SQL_STRETCH_HOURS, "ii", now, hours);
	if (!r)
		r = DB_RUN(s, SQL_TOTALS, "ii", now, INT64_C(0));
	if (!r)
		r = DB_RUN(s, SQL_STRETCH_TOTALS, "ii", now, INT64_C(0));
	if (!r)
		r = DB_RUN(s, SQL_DONE, "i", now);
	return r ? r : DB_RUN(s, SQL_STRETCHES_DONE, "i", now);
}

int store_settle(struct store *s, int64_t now)
{
	int r = db_writable(s);

	/* First what goes: near the limit of size, what comes needs its room. */
	if (!r)
		r = retention_run(s, now);
	if (!r)
		r = settle(s, now / MINUTE_S);
	if (!r)
		r = forget_run(s);
	if (!r)
		r = promises_retire(s);
	if (!r)
		s->sync_due = true;
	return r;
}
