// SPDX-License-Identifier: Apache-2.0
/* size.c - how much there is. */
#include "db.h"
#include "transfer.h"

static const char SQL_OBJECTIVES[] = "SELECT id, name FROM slo_objectives ORDER BY id";

int store_size(struct store *s, struct store_size *ret)
{
	static const struct {
		const char *sql;
		size_t at;
	} counts[] = {
		{ "SELECT count(*) FROM services", offsetof(struct store_size, services) },
		{ "SELECT count(*) FROM checkpoints", offsetof(struct store_size, checkpoints) },
		{ "SELECT count(*) FROM minutes", offsetof(struct store_size, minutes) },
		{ "SELECT count(*) FROM hours", offsetof(struct store_size, hours) },
		{ "SELECT count(*) FROM slo_objectives", offsetof(struct store_size, objectives) },
		{ "SELECT count(*) FROM slo_minutes",
		  offsetof(struct store_size, objective_minutes) },
		{ "SELECT count(*) FROM events", offsetof(struct store_size, events) },
		{ "PRAGMA freelist_count", offsetof(struct store_size, free_bytes) },
	};
	struct store_size size = { .bytes = store_bytes(s) };
	int64_t page = 0;
	int r = bounds_load(s);

	for (size_t i = 0; !r && i < sizeof(counts) / sizeof(counts[0]); i++) {
		int64_t n = 0;

		r = db_number(s, counts[i].sql, &n);
		*(uint64_t *)((char *)&size + counts[i].at) = (uint64_t)n;
	}
	if (!r)
		r = db_number(s, "PRAGMA page_size", &page);
	size.free_bytes *= (uint64_t)page;
	size.began = s->bounds.began;
	size.minutes_from = s->bounds.minutes_from;
	size.hours_from = s->bounds.hours_from;
	if (!r)
		*ret = size;
	return r;
}

int store_objective_each(struct store *s, int (*each)(void *context, int64_t id, const char *name),
			 void *context)
{
	_statement_ sqlite3_stmt *q = NULL;
	int r = db_prepare(s, SQL_OBJECTIVES, &q);

	while (!r && (r = db_step(q)) == 1)
		r = each(context, sqlite3_column_int64(q, 0), db_text(q, 1) ?: "");
	return r;
}
