/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db.h - what the files of the record share: SQLite with its statements kept prepared, errors as errno,
 * keys of rows. Private to user/store.
 */
#ifndef TROTH_STORE_DB_H
#define TROTH_STORE_DB_H

#include <errno.h>
#include <sqlite3.h>

#include "codec.h"
#include "store.h"

#define MINUTE_S 60
#define HOUR_S	 3600

#define BUSY_READER_MS 5000

#define DB_STATEMENTS 128 /* slots for prepared ones; a power of two, far more than there are */

/*
 * Rows of counts are found by one number: time's index (minutes or hours since 1970) above, the service
 * below; of open minutes the other way round. Rows of one time stand together: what is new is appended,
 * what is old goes from the front.
 */
#define KEY_BITS	  32
#define KEY_MASK	  ((INT64_C(1) << KEY_BITS) - 1)
#define KEY(above, below) ((int64_t)(above) << KEY_BITS | (int64_t)(below))
#define KEY_ABOVE(key)	  ((key) >> KEY_BITS)
#define KEY_BELOW(key)	  ((key)&KEY_MASK)
#define MINUTE_INDEX_MAX  ((INT64_C(1) << 31) / 2 - 1) /* the year 4011 */
#define TIME_S_MAX	  (MINUTE_INDEX_MAX * MINUTE_S)

/* Of the time that a moment lies in, within what keys can hold. */
int64_t index_of(int64_t time, int64_t length_s);

/* Where kept rows begin, Unix s. Before minutes_from only hours are kept, before hours_from totals. */
struct bounds {
	int64_t began;
	int64_t minutes_from, hours_from;
	int64_t clock; /* what retention takes for now */
};

struct db_statement {
	const char *sql;
	sqlite3_stmt *stmt;
};

struct store {
	struct store_options options; /* dir is owned */
	char *path;
	int lock_fd;
	sqlite3 *db;
	uint64_t deadline_ns; /* of a reader, on the monotonic clock; 0: none */
	uint64_t inode;	      /* of the database's file */
	bool half_afresh;     /* what was there is moved aside; nothing was committed since */
	bool immutable;	      /* a reader where nothing can be written: nobody else writes either */
	bool transaction;     /* between store_begin() and its end */
	bool sync_due;	      /* the WAL is to be written back: a minute has ended, or it failed */
	int wal_pages;	      /* in the WAL */
	int wal_next;	      /* at so many it is written back, whatever the time */
	bool began_open;      /* began was set in this transaction and may still be lowered */
	struct bounds bounds, before;		/* now, and at store_begin() */
	uint64_t events_dropped, events_before; /* as these */
	struct pass *passes;			/* of a writer, by objective */
	size_t n_passes, passes_room;
	uint64_t n_transactions;
	struct db_statement statements[DB_STATEMENTS];
};

/* -errno of a result of SQLite's. */
int db_errno(sqlite3 *db, int rc);

int db_open(struct store *s, char *why, size_t why_size); /* makes, checks, migrates */
/* -EUCLEAN: its file was removed or replaced, and what is written goes nowhere. */
int db_in_place(const struct store *s);
void db_close(struct store *s); /* NULL db is fine */

/* passes.h: as at store_begin(); for another database. */
void passes_undo(struct store *s);
void passes_forget(struct store *s);

/* counts_sum() of SQL: see DB_COUNTS_ADD. */
int db_functions(sqlite3 *db);

/* One statement without parameters or rows. */
int db_exec(struct store *s, const char *sql);
/* First column of the first row. -ENOENT: no row. */
int db_number(struct store *s, const char *sql, int64_t *ret);

/*
 * The statement of sql (a string that lives for ever and is always the same pointer), ready to be
 * bound. Not for loops whose body may use it again: those take db_prepare().
 */
int db_query(struct store *s, const char *sql, sqlite3_stmt **ret);
int db_prepare(struct store *s, const char *sql, sqlite3_stmt **ret);

static inline void db_finalizep(sqlite3_stmt **q)
{
	sqlite3_finalize(*q);
}
#define _statement_ __attribute__((cleanup(db_finalizep)))

/*
 * Binds parameters in order: i int64_t, t text or NULL, b const void * and size_t (kept by the caller
 * until the statement has run), n NULL.
 */
int db_bind(sqlite3_stmt *q, const char *types, ...);
/* Runs and resets one that gives no rows. */
int db_run(sqlite3_stmt *q);
/* 1: a row; 0: no more; -errno. After anything but 1 it is reset. */
int db_step(sqlite3_stmt *q);

/* db_query(), db_bind(), db_run(). */
#define DB_RUN(s, sql, ...)                                                                        \
	({                                                                                         \
		sqlite3_stmt *_q;                                                                  \
		int _r = db_query(s, sql, &_q);                                                    \
		if (!_r)                                                                           \
			_r = db_bind(_q, __VA_ARGS__);                                             \
		_r ? _r : db_run(_q);                                                              \
	})

/* NULL stays NULL. Valid until the statement moves on. */
const char *db_text(sqlite3_stmt *q, int column);

/* Behind an INSERT of counts and its ON CONFLICT: what is there is added to. */
#define DB_COUNTS_ADD " DO UPDATE SET counts = counts_sum(counts, excluded.counts)"
#define DB_TOTALS_ADD                                                                              \
	" ON CONFLICT (service)" DB_COUNTS_ADD ", first = min(first, excluded.first),"             \
	" last = max(last, excluded.last)"

/* Adds the counts of a column of bytes. -EUCLEAN: they are none. */
int db_counts(sqlite3_stmt *q, int column, struct series_counts *sum);

/* -EINVAL outside a transaction, -EROFS of a reader. */
int db_writable(const struct store *s);

int bounds_load(struct store *s);
int bounds_save(struct store *s);
/* The beginning of record is not after time. */
int bounds_begin(struct store *s, int64_t time);

/* --- kernel.c ----------------------------------------------------------------------------------- */

/* "part:max_ns part:max_ns" */
#define THRESHOLDS_TEXT (THRESHOLDS * 32)
int thresholds_read(const char *text, struct threshold ret[THRESHOLDS], uint32_t *ret_n);
void thresholds_write(const struct threshold *t, uint32_t n, char text[THRESHOLDS_TEXT]);

/* --- lock.c ------------------------------------------------------------------------------------- */

/* The directory is there (writer: made), and is this process's alone. */
int lock_take(struct store *s, char *why, size_t why_size);

/* --- afresh.c ----------------------------------------------------------------------------------- */

/* The database at path, which is whole and closed, takes the place of the record's. */
int db_take_place(struct store *s, const char *path, char *why, size_t why_size);

/* --- schema.c ----------------------------------------------------------------------------------- */

#define SCHEMA_VERSION	      3
#define SCHEMA_APPLICATION_ID 0x74726f74 /* "trot" */

/* From version on to SCHEMA_VERSION. Each step is one transaction. */
int schema_migrate(struct store *s, int64_t version);

/* --- history.c ---------------------------------------------------------------------------------- */

/* Minutes [from, to): whole hours, and minutes [from, before_end) and [after_from, to) around them. */
struct range {
	int64_t from, to;
	int64_t hour_from, hour_to; /* hours; the same: none */
	int64_t before_end, after_from;
};
struct range range_of(const struct store *s, int64_t from, int64_t to);

/* --- retention.c, forget.c, promises.c ---------------------------------------------------------- */

int retention_run(struct store *s, int64_t now);
int forget_run(struct store *s);
int promises_retire(struct store *s);

#endif
