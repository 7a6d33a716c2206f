// SPDX-License-Identifier: Apache-2.0
/* read.c - totals: counts since the beginning of record, one service or all. */
#include <string.h>

#include "db.h"

static const char SQL_TOTAL[] = "SELECT counts FROM totals WHERE service = ?1 UNION ALL"
				" SELECT counts FROM open WHERE id >= ?1 << 32 AND"
				"  id < (?1 + 1) << 32 UNION ALL"
				" SELECT counts FROM open_stretches WHERE service = ?1";
/* Each in order of services. */
static const char *const SQL_ALL[] = { "SELECT service, counts FROM totals ORDER BY service",
				       "SELECT id >> 32, counts FROM open ORDER BY id",
				       "SELECT service, counts FROM open_stretches"
				       " ORDER BY service, minute, since" };
#define SOURCES 3

int store_total(struct store *s, int64_t service, struct series_counts *ret)
{
	struct series_counts sum = {};
	sqlite3_stmt *q;
	int r = db_query(s, SQL_TOTAL, &q);

	if (!r)
		r = db_bind(q, "i", service);
	while (!r && (r = db_step(q)) == 1)
		r = db_counts(q, 0, &sum);
	if (r)
		sqlite3_reset(q);
	else
		*ret = sum;
	return r;
}

struct source {
	sqlite3_stmt *q;
	int64_t service; /* of its row; INT64_MAX: no more */
};

static int source_next(struct source *f)
{
	int r = db_step(f->q);

	f->service = r == 1 ? sqlite3_column_int64(f->q, 0) : INT64_MAX;
	return r < 0 ? r : 0;
}

static void sources_end(struct source (*sources)[SOURCES])
{
	for (int i = 0; i < SOURCES; i++)
		sqlite3_finalize((*sources)[i].q);
}

/* The next service of all sources into *sum. */
static int gather(struct source *sources, int64_t *ret_service, struct series_counts *sum)
{
	int64_t service = INT64_MAX;
	int r = 0;

	for (int i = 0; i < SOURCES; i++)
		if (sources[i].service < service)
			service = sources[i].service;
	memset(sum, 0, sizeof(*sum));
	for (int i = 0; i < SOURCES; i++) {
		while (!r && sources[i].service == service && service != INT64_MAX) {
			r = db_counts(sources[i].q, 1, sum);
			if (!r)
				r = source_next(&sources[i]);
		}
	}
	*ret_service = service;
	return r;
}

int store_totals_each(struct store *s,
		      int (*each)(void *context, int64_t service, const struct series_counts *c),
		      void *context)
{
	__attribute__((cleanup(sources_end))) struct source sources[SOURCES] = {};
	struct series_counts sum;
	int64_t service = 0;
	int r = 0;

	for (int i = 0; i < SOURCES && !r; i++) {
		r = db_prepare(s, SQL_ALL[i], &sources[i].q);
		if (!r)
			r = source_next(&sources[i]);
	}
	while (!r) {
		r = gather(sources, &service, &sum);
		if (r || service == INT64_MAX)
			break;
		r = each(context, service, &sum);
	}
	return r;
}
