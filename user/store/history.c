// SPDX-License-Identifier: Apache-2.0
/* history.c - counts of a stretch of time: sums of all services, rows of one, what was measured. */
#include <string.h>

#include "db.h"

#define BATCH	     512 /* services summed at a time: 2.3 MB */
#define HOUR_MINUTES (HOUR_S / MINUTE_S)

static const char SQL_SERVICES[] = "SELECT id FROM services WHERE id > ? ORDER BY id LIMIT ?";
static const char SQL_HOURS[] = "SELECT id & 4294967295, counts FROM hours WHERE id >= ? << 32"
				" AND id < ? << 32 AND id & 4294967295 BETWEEN ? AND ?";
static const char SQL_MINUTES[] = "SELECT id & 4294967295, counts FROM minutes WHERE id >= ? << 32"
				  " AND id < ? << 32 AND id & 4294967295 BETWEEN ? AND ?";
static const char SQL_STRETCHES[] = "SELECT service, counts FROM stretches WHERE minute >= ?"
				    " AND minute < ? AND service BETWEEN ? AND ?";
static const char SQL_OPEN[] = "SELECT id >> 32, counts FROM open WHERE id & 4294967295 >= ?"
			       " AND id & 4294967295 < ? AND id >> 32 BETWEEN ? AND ?";
static const char SQL_OPEN_STRETCHES[] =
	"SELECT service, counts FROM open_stretches WHERE minute >= ? AND minute < ?"
	" AND service BETWEEN ? AND ?";

struct range range_of(const struct store *s, int64_t from, int64_t to)
{
	int64_t kept = s->bounds.minutes_from / MINUTE_S;
	struct range g = { .from = index_of(from, MINUTE_S), .to = index_of(to, MINUTE_S) };

	if (g.from < kept)
		g.from -= g.from % HOUR_MINUTES;
	if (g.to < kept)
		g.to -= g.to % HOUR_MINUTES;
	if (g.to < g.from)
		g.to = g.from;
	g.hour_from = (g.from + HOUR_MINUTES - 1) / HOUR_MINUTES;
	g.hour_to = g.to / HOUR_MINUTES;
	g.before_end = g.hour_from * HOUR_MINUTES;
	g.after_from = g.hour_to * HOUR_MINUTES;
	if (g.hour_from >= g.hour_to) {
		g.hour_to = g.hour_from;
		g.before_end = g.after_from = g.to;
	}
	return g;
}

struct batch {
	int64_t service[BATCH]; /* ascending */
	struct series_counts *sum;
	size_t n;
};

static struct series_counts *sum_of(struct batch *b, int64_t service)
{
	size_t low = 0, high = b->n;

	while (low < high) {
		size_t at = (low + high) / 2;

		if (b->service[at] == service)
			return &b->sum[at];
		if (b->service[at] < service)
			low = at + 1;
		else
			high = at;
	}
	return NULL;
}

static int next_batch(struct store *s, struct batch *b)
{
	int64_t after = b->n ? b->service[b->n - 1] : 0;
	sqlite3_stmt *q;
	int r = db_query(s, SQL_SERVICES, &q);

	b->n = 0;
	if (!r)
		r = db_bind(q, "ii", after, (int64_t)BATCH);
	while (!r && (r = db_step(q)) == 1) {
		memset(&b->sum[b->n], 0, sizeof(b->sum[0]));
		b->service[b->n++] = sqlite3_column_int64(q, 0);
		r = 0;
	}
	return r;
}

static int add_rows(struct store *s, const char *sql, int64_t from, int64_t to, struct batch *b)
{
	sqlite3_stmt *q;
	int r;

	if (from >= to)
		return 0;
	r = db_query(s, sql, &q);
	if (!r)
		r = db_bind(q, "iiii", from, to, b->service[0], b->service[b->n - 1]);
	while (!r && (r = db_step(q)) == 1) {
		struct series_counts *sum = sum_of(b, sqlite3_column_int64(q, 0));

		r = sum ? db_counts(q, 1, sum) : 0;
	}
	if (r)
		sqlite3_reset(q);
	return r;
}

static int sum_batch(struct store *s, const struct range *g, struct batch *b)
{
	int r = add_rows(s, SQL_HOURS, g->hour_from, g->hour_to, b);

	if (!r)
		r = add_rows(s, SQL_MINUTES, g->from, g->before_end, b);
	if (!r)
		r = add_rows(s, SQL_MINUTES, g->after_from, g->to, b);
	if (!r)
		r = add_rows(s, SQL_STRETCHES, g->from, g->before_end, b);
	if (!r)
		r = add_rows(s, SQL_STRETCHES, g->after_from, g->to, b);
	if (!r)
		r = add_rows(s, SQL_OPEN, g->from, g->to, b);
	return r ? r : add_rows(s, SQL_OPEN_STRETCHES, g->from, g->to, b);
}

int store_sums_each(struct store *s, int64_t from, int64_t to,
		    int (*each)(void *context, int64_t service, const struct series_counts *c),
		    void *context)
{
	_cleanup_(freep) struct batch *b = calloc(1, sizeof(*b));
	_cleanup_(freep) struct series_counts *sum = calloc(BATCH, sizeof(*sum));
	struct range g;
	int r = b && sum ? 0 : -ENOMEM;

	if (!r && s->options.mode == STORE_READER)
		r = bounds_load(s);
	if (r)
		return r;
	b->sum = sum;
	g = range_of(s, from, to);
	while (!(r = next_batch(s, b)) && b->n) {
		r = sum_batch(s, &g, b);
		for (size_t i = 0; !r && i < b->n; i++)
			if (!counts_empty(&b->sum[i]))
				r = each(context, b->service[i], &b->sum[i]);
		if (r)
			return r;
	}
	return r;
}
