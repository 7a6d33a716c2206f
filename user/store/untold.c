// SPDX-License-Identifier: Apache-2.0
/* untold.c - what objectives have not been told of yet, and is gone from the kernel. See store.h. */
#include <errno.h>

#include "db.h"

static const char SQL_PUT[] = "REPLACE INTO untold VALUES (?, ?, ?, ?, ?, ?)";
static const char SQL_FIRST[] = "SELECT * FROM untold WHERE service = 0 ORDER BY until_ns LIMIT 1";
static const char SQL_EACH[] = "SELECT * FROM untold WHERE until_ns = ? AND service > 0"
			       " ORDER BY service";
static const char SQL_FORGET[] = "DELETE FROM untold WHERE until_ns = ?";

int store_untold_put(struct store *s, const struct store_untold *u)
{
	unsigned char counts[CODEC_BYTES_MAX];
	size_t n = codec_write(&u->counts, counts);
	char thresholds[THRESHOLDS_TEXT];
	int r = db_writable(s);

	if (r)
		return r;
	thresholds_write(u->thresholds, u->n_thresholds, thresholds);
	return DB_RUN(s, SQL_PUT, "iiiitb", u->until_ns, u->service, u->since_ns, (int64_t)u->lost,
		      thresholds, counts, n);
}

static int row_read(sqlite3_stmt *q, struct store_untold *ret)
{
	int r;

	*ret = (struct store_untold){ .until_ns = sqlite3_column_int64(q, 0),
				      .service = sqlite3_column_int64(q, 1),
				      .since_ns = sqlite3_column_int64(q, 2),
				      .lost = (uint64_t)sqlite3_column_int64(q, 3) };
	r = thresholds_read(db_text(q, 4), ret->thresholds, &ret->n_thresholds);
	return r ? r : db_counts(q, 5, &ret->counts);
}

int store_untold_first(struct store *s, struct store_untold *ret)
{
	_statement_ sqlite3_stmt *q = NULL;
	int r = db_prepare(s, SQL_FIRST, &q);

	if (!r)
		r = db_step(q);
	return r == 1 ? row_read(q, ret) : r ? r : -ENOENT;
}

int store_untold_each(struct store *s, int64_t until_ns,
		      int (*each)(void *context, const struct store_untold *u), void *context)
{
	_statement_ sqlite3_stmt *q = NULL;
	struct store_untold u;
	int r = db_prepare(s, SQL_EACH, &q);

	if (!r)
		r = db_bind(q, "i", until_ns);
	while (!r && (r = db_step(q)) == 1) {
		r = row_read(q, &u);
		if (!r)
			r = each(context, &u);
	}
	return r;
}

int store_untold_forget(struct store *s, int64_t until_ns)
{
	int r = db_writable(s);

	return r ? r : DB_RUN(s, SQL_FORGET, "i", until_ns);
}
