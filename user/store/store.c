// SPDX-License-Identifier: Apache-2.0
/* store.c - transactions, and the life of a record. What is in it is other files' affair. */
#include "store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "db.h"

#define MINUTES_DAYS 35
#define HOURS_MONTHS 25
#define BYTES_MAX    (UINT64_C(8) << 30)

#define SYNC_PAGES    4000  /* 16 MB of WAL */
#define WAL_PAGES_MAX 65536 /* 256 MB: a reader that never ends keeps it from being used again */

int store_open(const struct store_options *o, struct store **ret, char *why, size_t why_size)
{
	_cleanup_(store_closep) struct store *s = calloc(1, sizeof(*s));
	int r = -ENOMEM;

	*why = '\0';
	if (s) {
		s->lock_fd = -1;
		s->options = *o;
		s->options.dir = strdup(o->dir);
		if (asprintf(&s->path, "%s/troth.db", o->dir) < 0)
			s->path = NULL;
		r = s->options.dir && s->path ? 0 : -ENOMEM;
	}
	if (!r) {
		s->options.minutes_days = o->minutes_days ? o->minutes_days : MINUTES_DAYS;
		s->options.hours_months = o->hours_months ? o->hours_months : HOURS_MONTHS;
		s->options.max_bytes = o->max_bytes ? o->max_bytes : BYTES_MAX;
		if (o->mode == STORE_WRITER)
			r = lock_take(s, why, why_size);
	}
	if (!r)
		r = db_open(s, why, why_size);
	if (r == -EUCLEAN && o->mode == STORE_WRITER && o->afresh)
		r = store_start_afresh(s, why, why_size);
	if (r && !*why)
		snprintf(why, why_size, "cannot open %s/troth.db: %s", o->dir, strerror(-r));
	if (r)
		return r;
	*ret = TAKE(s);
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	store_rollback(s);
	db_close(s);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free((char *)s->options.dir);
	free(s->path);
	free(s);
}

/* Readers may keep it from being complete; that is no fault, and the next one gets further. */
static int sync_to_disk(struct store *s)
{
	int pages = 0, done = 0, rc;

	rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &done);
	s->sync_due = rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY;
	if (rc == SQLITE_OK && pages == done)
		s->wal_pages = 0;
	s->wal_next = s->wal_pages + SYNC_PAGES;
	return s->sync_due ? db_errno(s->db, rc) : 0;
}

static int begin_reader(struct store *s)
{
	int r = db_exec(s, "BEGIN");

	if (!r)
		r = bounds_load(s); /* the first reading makes the snapshot */
	s->transaction = !r;
	if (r && !sqlite3_get_autocommit(s->db))
		db_exec(s, "ROLLBACK");
	return r;
}

int store_begin(struct store *s)
{
	char why[256] = "";
	int r = 0;

	if (s->transaction)
		return -EINVAL;
	/* A start afresh did not get to its end: a full disk, say. */
	if (!s->db)
		r = db_open(s, why, sizeof(why));
	if (r)
		return r;
	if (s->options.mode == STORE_READER)
		return begin_reader(s);
	r = db_in_place(s);
	if (r)
		return r;
	/* For want of memory the last one could not be rolled back. */
	if (!sqlite3_get_autocommit(s->db))
		r = db_exec(s, "ROLLBACK");
	if (!r && (s->sync_due || s->wal_pages > WAL_PAGES_MAX))
		r = sync_to_disk(s);
	if (!r && s->wal_pages > WAL_PAGES_MAX)
		r = -ENOSPC;
	if (!r)
		r = db_exec(s, "BEGIN IMMEDIATE");
	s->transaction = !r;
	s->before = s->bounds;
	s->events_before = s->events_dropped;
	s->n_transactions++;
	s->began_open = false;
	return r;
}

int store_commit(struct store *s)
{
	int r;

	if (!s->transaction)
		return -EINVAL;
	if (sqlite3_get_autocommit(s->db)) {
		/* SQLite rolled back by itself, and whoever calls did not see why. */
		store_rollback(s);
		return -EIO;
	}
	r = db_exec(s, "COMMIT");
	if (r) {
		store_rollback(s);
		return r;
	}
	s->transaction = s->half_afresh = false;
	/* Where this fails the transaction stands all the same; the next store_begin() says so. */
	if (s->options.mode == STORE_WRITER && (s->sync_due || s->wal_pages >= s->wal_next))
		sync_to_disk(s);
	return 0;
}

void store_rollback(struct store *s)
{
	if (!s->transaction)
		return;
	for (size_t i = 0; i < DB_STATEMENTS; i++)
		if (s->statements[i].sql)
			sqlite3_reset(s->statements[i].stmt);
	if (!sqlite3_get_autocommit(s->db))
		db_exec(s, "ROLLBACK");
	s->transaction = false;
	if (s->options.mode != STORE_WRITER)
		return;
	s->bounds = s->before;
	s->events_dropped = s->events_before;
	passes_undo(s);
}

static uint64_t size_of(const char *path, const char *suffix)
{
	char name[4096];
	struct stat st;
	int n = snprintf(name, sizeof(name), "%s%s", path, suffix);

	return n < (int)sizeof(name) && !stat(name, &st) ? (uint64_t)st.st_size : 0;
}

uint64_t store_bytes(const struct store *s)
{
	return size_of(s->path, "") + size_of(s->path, "-wal");
}

int64_t store_began(const struct store *s)
{
	return s->bounds.began;
}
