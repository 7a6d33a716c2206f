// SPDX-License-Identifier: Apache-2.0
/* db.c - SQLite with its statements kept prepared. Knows no table. */
#include "db.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#define NS_PER_MS	    1000000ull
#define DEADLINE_OPERATIONS 1000 /* of SQLite's, between two looks at the clock */

static int of_system(int error, int fallback)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return -ENOSPC;
	case EROFS:
		return -EROFS;
	case ENOENT:
	case EACCES:
	case EPERM:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return -error;
	}
	return fallback;
}

int db_errno(sqlite3 *db, int rc)
{
	int system = db ? sqlite3_system_errno(db) : 0;

	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
	case SQLITE_ERROR: /* a table that is not there */
	case SQLITE_SCHEMA:
	case SQLITE_MISMATCH:
		return -EUCLEAN;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	case SQLITE_TOOBIG:
		return -E2BIG;
	case SQLITE_INTERRUPT: /* deadline() */
		return -ETIME;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
		return -EINVAL;
	case SQLITE_CANTOPEN:
		if (rc == SQLITE_CANTOPEN_SYMLINK)
			return -ELOOP;
		return of_system(system, -EIO);
	case SQLITE_IOERR:
		if (rc == SQLITE_IOERR_NOMEM)
			return -ENOMEM;
		if (rc == SQLITE_IOERR_CORRUPTFS || rc == SQLITE_IOERR_SHORT_READ)
			return -EUCLEAN;
		return of_system(system, -EIO);
	}
	return -EIO;
}

static int is_late(void *store)
{
	const struct store *s = store;

	return s->deadline_ns && moment_mono_ns() >= s->deadline_ns;
}

void store_deadline(struct store *s, uint64_t ns)
{
	uint64_t ms = ns / NS_PER_MS + 1;

	if (s->options.mode != STORE_READER || !s->db)
		return;
	s->deadline_ns = ns ? moment_mono_ns() + ns : 0;
	sqlite3_progress_handler(s->db, ns ? DEADLINE_OPERATIONS : 0, is_late, s);
	sqlite3_busy_timeout(s->db, ns && ms < BUSY_READER_MS ? (int)ms : BUSY_READER_MS);
}

int db_exec(struct store *s, const char *sql)
{
	return db_errno(s->db, sqlite3_exec(s->db, sql, NULL, NULL, NULL));
}

int db_prepare(struct store *s, const char *sql, sqlite3_stmt **ret)
{
	if (is_late(s))
		return -ETIME;
	return db_errno(s->db, sqlite3_prepare_v2(s->db, sql, -1, ret, NULL));
}

int db_number(struct store *s, const char *sql, int64_t *ret)
{
	_statement_ sqlite3_stmt *q = NULL;
	int r = db_prepare(s, sql, &q);

	if (r)
		return r;
	r = db_step(q);
	if (r == 1)
		*ret = sqlite3_column_int64(q, 0);
	return r < 0 ? r : r ? 0 : -ENOENT;
}

int db_query(struct store *s, const char *sql, sqlite3_stmt **ret)
{
	size_t at = ((uintptr_t)sql >> 3) * 2654435761u >> 7;
	struct db_statement *d;
	int r;

	/* Many short ones are never looked at by the handler. */
	if (is_late(s))
		return -ETIME;
	for (size_t i = 0; i < DB_STATEMENTS; i++) {
		d = &s->statements[(at + i) & (DB_STATEMENTS - 1)];
		if (d->sql == sql) {
			*ret = d->stmt;
			return 0;
		}
		if (!d->sql) {
			r = db_errno(s->db,
				     sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
							&d->stmt, NULL));
			if (r)
				return r;
			d->sql = sql;
			*ret = d->stmt;
			return 0;
		}
	}
	return -E2BIG;
}

int db_bind(sqlite3_stmt *q, const char *types, ...)
{
	va_list args;
	int rc = SQLITE_OK;

	va_start(args, types);
	for (int at = 1; *types && rc == SQLITE_OK; types++, at++) {
		const void *p;

		switch (*types) {
		case 'i':
			rc = sqlite3_bind_int64(q, at, va_arg(args, int64_t));
			break;
		case 't':
			p = va_arg(args, const char *);
			rc = sqlite3_bind_text(q, at, p, -1, SQLITE_STATIC);
			break;
		case 'b':
			p = va_arg(args, const void *);
			rc = sqlite3_bind_blob64(q, at, p, va_arg(args, size_t), SQLITE_STATIC);
			break;
		default:
			rc = sqlite3_bind_null(q, at);
		}
	}
	va_end(args);
	return db_errno(sqlite3_db_handle(q), rc);
}

int db_step(sqlite3_stmt *q)
{
	int rc = sqlite3_step(q), r;

	if (rc == SQLITE_ROW)
		return 1;
	r = db_errno(sqlite3_db_handle(q), rc);
	sqlite3_reset(q);
	return r;
}

int db_run(sqlite3_stmt *q)
{
	int r = db_step(q);

	if (r == 1) {
		sqlite3_reset(q);
		return 0;
	}
	return r;
}

const char *db_text(sqlite3_stmt *q, int column)
{
	return (const char *)sqlite3_column_text(q, column);
}

int db_counts(sqlite3_stmt *q, int column, struct series_counts *sum)
{
	const void *bytes = sqlite3_column_blob(q, column);

	return codec_add(bytes, (size_t)sqlite3_column_bytes(q, column), sum) ? -EUCLEAN : 0;
}

/* counts_sum(a, b) of SQL, in bytes. */
static void sum_counts(sqlite3_context *c, int n, sqlite3_value **value)
{
	unsigned char bytes[CODEC_BYTES_MAX];
	struct series_counts sum = {};

	for (int i = 0; i < n; i++) {
		const void *more = sqlite3_value_blob(value[i]);

		if (codec_add(more, (size_t)sqlite3_value_bytes(value[i]), &sum)) {
			sqlite3_result_error_code(c, SQLITE_CORRUPT);
			return;
		}
	}
	sqlite3_result_blob64(c, bytes, codec_write(&sum, bytes), SQLITE_TRANSIENT);
}

int db_functions(sqlite3 *db)
{
	return db_errno(db, sqlite3_create_function(db, "counts_sum", 2,
						    SQLITE_UTF8 | SQLITE_DETERMINISTIC |
							    SQLITE_DIRECTONLY,
						    NULL, sum_counts, NULL, NULL));
}

int db_writable(const struct store *s)
{
	if (s->options.mode != STORE_WRITER)
		return -EROFS;
	if (!s->transaction || !s->db)
		return -EINVAL;
	/* SQLite rolled back by itself after an error: this must not stand alone. */
	return sqlite3_get_autocommit(s->db) ? -EIO : 0;
}

static const char SQL_BOUNDS[] =
	"SELECT began, minutes_from, hours_from, clock FROM record WHERE id = 1";
static const char SQL_BOUNDS_PUT[] =
	"UPDATE record SET began = ?, minutes_from = ?, hours_from = ?, clock = ? WHERE id = 1";

int bounds_load(struct store *s)
{
	sqlite3_stmt *q;
	int r = db_query(s, SQL_BOUNDS, &q);

	if (r)
		return r;
	r = db_step(q);
	if (r < 0)
		return r;
	if (!r)
		return -EUCLEAN;
	s->bounds = (struct bounds){ .began = sqlite3_column_int64(q, 0),
				     .minutes_from = sqlite3_column_int64(q, 1),
				     .hours_from = sqlite3_column_int64(q, 2),
				     .clock = sqlite3_column_int64(q, 3) };
	sqlite3_reset(q);
	return 0;
}

int bounds_save(struct store *s)
{
	return DB_RUN(s, SQL_BOUNDS_PUT, "iiii", s->bounds.began, s->bounds.minutes_from,
		      s->bounds.hours_from, s->bounds.clock);
}

int bounds_begin(struct store *s, int64_t time)
{
	if (time < 1)
		time = 1;
	if (s->bounds.began && (!s->began_open || s->bounds.began <= time))
		return 0;
	s->began_open = true;
	s->bounds.began = time;
	return bounds_save(s);
}
