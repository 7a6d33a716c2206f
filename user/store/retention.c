// SPDX-License-Identifier: Apache-2.0
/*
 * retention.c - what is too old goes, so much at a time; what grows to its limit goes earlier.
 * First the bound moves, and readers take hours for what is before it; then rows follow.
 */
#include "db.h"
#include "promises.h"

#define DAY_S	      86400
#define MONTH_S	      (31 * DAY_S) /* none is longer */
#define ROWS_A_TIME   20000	   /* per table and minute */
#define PAGES_A_TIME  256	   /* given back to the file system */
#define MINUTES_MIN_S (3 * DAY_S)  /* near the limit of size: what objectives need at a start */
#define CLOCK_STEP_S  HOUR_S	   /* a minute may age the record by so much at most */

static const char SQL_MINUTES[] = "DELETE FROM minutes WHERE id IN"
				  " (SELECT id FROM minutes WHERE id < ? ORDER BY id LIMIT ?)";
static const char SQL_HOURS[] = "DELETE FROM hours WHERE id IN"
				" (SELECT id FROM hours WHERE id < ? ORDER BY id LIMIT ?)";
static const char SQL_STRETCHES[] = "DELETE FROM stretches WHERE minute < ?";
static const char SQL_TIME_MINUTES[] =
	"DELETE FROM time_minutes WHERE minute IN"
	" (SELECT minute FROM time_minutes WHERE minute < ? ORDER BY minute LIMIT ?)";
static const char SQL_TIME_HOURS[] =
	"DELETE FROM time_hours WHERE hour IN"
	" (SELECT hour FROM time_hours WHERE hour < ? ORDER BY hour LIMIT ?)";
static const char SQL_EVENTS[] = "DELETE FROM events WHERE id IN"
				 " (SELECT id FROM events WHERE time < ? ORDER BY time LIMIT ?)";
/* Numbers of events ascend as they come. */
static const char SQL_EVENTS_MANY[] =
	"DELETE FROM events WHERE id IN (SELECT id FROM events WHERE id <="
	" (SELECT max(id) FROM events) - ? ORDER BY id LIMIT ?)";
/* One is in force until the next one is. */
static const char SQL_DOCUMENTS[] = "DELETE FROM documents WHERE time < (SELECT max(time) FROM"
				    " documents WHERE time <= ?)";

/*
 * Time as far as forgetting goes. A clock that runs ahead by years for a moment must not empty the
 * record, so it is followed slowly; backwards at once.
 */
static int64_t clock_of(struct store *s, int64_t now)
{
	struct bounds *b = &s->bounds;

	if (!b->clock || now < b->clock || now - b->clock <= CLOCK_STEP_S)
		b->clock = now;
	else
		b->clock += CLOCK_STEP_S;
	return b->clock;
}

/* More than 15/16 of the limit are in use. */
static int crowded(struct store *s, bool *ret)
{
	int64_t pages, free_pages, most;
	int r = db_number(s, "PRAGMA page_count", &pages);

	if (!r)
		r = db_number(s, "PRAGMA freelist_count", &free_pages);
	if (!r)
		r = db_number(s, "PRAGMA max_page_count", &most);
	if (!r)
		*ret = pages - free_pages > most - most / 16;
	return r;
}

static int move_bounds(struct store *s, int64_t clock)
{
	struct bounds *b = &s->bounds;
	int64_t minutes = clock - (int64_t)s->options.minutes_days * DAY_S;
	int64_t hours = clock - (int64_t)s->options.hours_months * MONTH_S;
	bool full = false;
	int r = crowded(s, &full);

	if (r)
		return r;
	if (hours > minutes)
		minutes = hours;
	if (minutes > b->minutes_from)
		b->minutes_from = minutes - minutes % HOUR_S;
	if (hours > b->hours_from)
		b->hours_from = hours - hours % HOUR_S;
	if (full) {
		int64_t from = b->minutes_from > b->began ? b->minutes_from : b->began;

		from += HOUR_S - from % HOUR_S;
		if (from <= clock - MINUTES_MIN_S)
			b->minutes_from = from;
	}
	return bounds_save(s);
}

/* Back to the file system only where much more is free than a day or so will use again. */
static int give_back(struct store *s)
{
	int64_t pages, free_pages;
	int r = db_number(s, "PRAGMA page_count", &pages);
	char pragma[48];

	if (!r)
		r = db_number(s, "PRAGMA freelist_count", &free_pages);
	if (r || free_pages < 4 * PAGES_A_TIME || free_pages < pages / 4)
		return r;
	snprintf(pragma, sizeof(pragma), "PRAGMA incremental_vacuum(%d)", PAGES_A_TIME);
	return db_exec(s, pragma);
}

int retention_run(struct store *s, int64_t now)
{
	const struct bounds *b = &s->bounds;
	const int64_t most = ROWS_A_TIME;
	int r = move_bounds(s, clock_of(s, now));

	if (!r)
		r = DB_RUN(s, SQL_MINUTES, "ii", KEY(b->minutes_from / MINUTE_S, 0), most);
	if (!r)
		r = DB_RUN(s, SQL_HOURS, "ii", KEY(b->hours_from / HOUR_S, 0), most);
	if (!r)
		r = DB_RUN(s, SQL_STRETCHES, "i", b->minutes_from / MINUTE_S);
	if (!r)
		r = DB_RUN(s, SQL_TIME_MINUTES, "ii", b->minutes_from / MINUTE_S, most);
	if (!r)
		r = DB_RUN(s, SQL_TIME_HOURS, "ii", b->hours_from / HOUR_S, most);
	if (!r)
		r = DB_RUN(s, SQL_EVENTS, "ii", b->hours_from, most);
	if (!r)
		r = DB_RUN(s, SQL_EVENTS_MANY, "ii", (int64_t)STORE_EVENTS_MAX, most);
	if (!r)
		s->events_dropped += (uint64_t)sqlite3_changes(s->db);
	if (!r)
		r = DB_RUN(s, SQL_DOCUMENTS, "i", b->hours_from);
	return r ? r : give_back(s);
}
