// SPDX-License-Identifier: Apache-2.0
/*
 * open.c - the database's file: made, recognised, set up, moved aside. What its tables are is
 * schema.c's affair.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "db.h"

#define PAGE_SIZE_DB   4096
#define BUSY_WRITER_MS 250 /* a tick must not wait longer */
#define CACHE_KB       1024
#define WAL_BYTES_KEPT (16 << 20)
#define URI_MAX	       4096

void db_close(struct store *s)
{
	for (size_t i = 0; i < DB_STATEMENTS; i++)
		sqlite3_finalize(s->statements[i].stmt);
	memset(s->statements, 0, sizeof(s->statements));
	sqlite3_close(s->db);
	s->db = NULL;
	passes_forget(s);
}

/* Of its own user only; SQLite gives what lies beside it the same mode. */
static int make_file(const struct store *s, char *why, size_t why_size)
{
	int fd = open(s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600), r;

	if (fd >= 0 || errno == EEXIST) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	r = -errno;
	snprintf(why, why_size, "cannot make %s: %s", s->path, strerror(-r));
	return r;
}

/* As SQLite takes file names with settings. False: too long. */
static bool uri_of(const char *path, const char *settings, char uri[URI_MAX])
{
	size_t n = (size_t)snprintf(uri, URI_MAX, "file:");

	for (; *path && n < URI_MAX - 64; path++) {
		if (strchr("%?#", *path))
			n += (size_t)snprintf(uri + n, URI_MAX - n, "%%%02X", *path);
		else
			uri[n++] = *path;
	}
	snprintf(uri + n, URI_MAX - n, "%s", settings);
	return !*path;
}

/* Links may lead to the directory, not from there to somewhere else. */
static int real_path(const struct store *s, char **ret)
{
	_cleanup_(freep) char *dir = realpath(s->options.dir, NULL);

	if (!dir)
		return -errno;
	return asprintf(ret, "%s%s", dir, strrchr(s->path, '/')) < 0 ? -ENOMEM : 0;
}

static int connect(struct store *s)
{
	bool writer = s->options.mode == STORE_WRITER;
	int flags = (writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_URI |
		    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
	_cleanup_(freep) char *path = NULL;
	char uri[URI_MAX];
	int rc = real_path(s, &path);

	if (rc) {
		path = NULL;
		return rc;
	}
	if (!uri_of(path, s->immutable ? "?immutable=1" : "", uri))
		return -ENAMETOOLONG;
	rc = sqlite3_open_v2(uri, &s->db, flags, NULL);
	rc = rc == SQLITE_OK ? db_functions(s->db) :
			       db_errno(s->db, sqlite3_extended_errcode(s->db));
	if (rc) {
		db_close(s);
		return rc;
	}
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, writer ? BUSY_WRITER_MS : BUSY_READER_MS);
	/* A record that is refused stays untouched. */
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return 0;
}

struct found {
	int64_t application, version, tables;
};

static int look(struct store *s, struct found *f)
{
	int r = db_number(s, "SELECT count(*) FROM sqlite_master", &f->tables);

	if (!r)
		r = db_number(s, "PRAGMA application_id", &f->application);
	if (!r)
		r = db_number(s, "PRAGMA user_version", &f->version);
	return r;
}

/* Whose it is, and whether this program can go on with it. */
static int judge(const struct store *s, const struct found *f, char *why, size_t why_size)
{
	bool writer = s->options.mode == STORE_WRITER;

	if (f->version > SCHEMA_VERSION && f->application == SCHEMA_APPLICATION_ID) {
		snprintf(why, why_size,
			 "%s was written by a newer troth (format %lld, this one knows %d); use "
			 "that one, or name another directory with --state-dir",
			 s->path, (long long)f->version, SCHEMA_VERSION);
		return -EPROTO;
	}
	if (f->tables && f->application != SCHEMA_APPLICATION_ID) {
		snprintf(why, why_size,
			 "%s is a database of another program; name another directory with "
			 "--state-dir",
			 s->path);
		return -EPROTO;
	}
	if (writer || f->version == SCHEMA_VERSION)
		return 0;
	if (!f->version) {
		snprintf(why, why_size, "%s holds no record yet; 'troth run' makes it", s->path);
		return -ENOENT;
	}
	snprintf(why, why_size,
		 "%s was written by an older troth; start 'troth run' of this version once, it "
		 "brings it up to date",
		 s->path);
	return -EPROTO;
}

static int wal_grew(void *context, sqlite3 *db, const char *name, int pages)
{
	(void)db;
	(void)name;
	((struct store *)context)->wal_pages = pages;
	return SQLITE_OK;
}

static int set_up_writer(struct store *s, const struct found *f)
{
	char pragmas[256];
	int r = 0;

	snprintf(pragmas, sizeof(pragmas),
		 "PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = %d;"
		 "PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY;"
		 "PRAGMA cache_size = -%d; PRAGMA max_page_count = %llu",
		 WAL_BYTES_KEPT, CACHE_KB,
		 (unsigned long long)(s->options.max_bytes / PAGE_SIZE_DB));
	if (!f->tables)
		r = db_exec(s, "PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL");
	if (!r)
		r = db_exec(s, "PRAGMA journal_mode = WAL");
	if (!r)
		r = db_exec(s, pragmas);
	if (!r)
		r = schema_migrate(s, f->version);
	if (!r)
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	sqlite3_wal_hook(s->db, wal_grew, s);
	s->wal_pages = s->wal_next = 0;
	s->sync_due = true; /* what a killed one left in the WAL */
	return r;
}

/* Where no file can be made beside it, SQLite reads it only if nothing is in the WAL. */
static int connect_reader(struct store *s, struct found *f, char *why, size_t why_size)
{
	_cleanup_(freep) char *wal = NULL;
	struct stat st;
	int r = connect(s);

	if (!r)
		r = look(s, f);
	if (!r || r == -EUCLEAN || r == -ENOMEM || r == -EBUSY)
		return r;
	db_close(s);
	if (stat(s->path, &st)) {
		r = -errno;
		snprintf(why, why_size, "%s: %s; %s", s->path,
			 r == -ENOENT ? "there is no record" : strerror(-r),
			 r == -ENOENT ? "name its directory with --state-dir" :
					"run it as root or as the record's owner");
		return r;
	}
	if (access(s->path, R_OK)) {
		r = -errno;
		snprintf(why, why_size,
			 "cannot read %s: %s; run it as root or as the record's owner", s->path,
			 strerror(-r));
		return r;
	}
	if (asprintf(&wal, "%s-wal", s->path) < 0) {
		wal = NULL;
		return -ENOMEM;
	}
	if (!stat(wal, &st) && st.st_size) {
		snprintf(why, why_size,
			 "%s cannot be read where nothing can be written beside it, since %s-wal "
			 "still belongs to it; copy both to another directory, and name it with "
			 "--state-dir",
			 s->path, s->path);
		return -EROFS;
	}
	s->immutable = true;
	r = connect(s);
	return r ? r : look(s, f);
}

static uint64_t inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : (uint64_t)st.st_ino;
}

int db_in_place(const struct store *s)
{
	return inode_of(s->path) == s->inode ? 0 : -EUCLEAN;
}

/* Whoever can make a link there must not choose what is written to. */
static int no_link(const struct store *s, char *why, size_t why_size)
{
	struct stat st;

	if (lstat(s->path, &st) || !S_ISLNK(st.st_mode))
		return 0;
	snprintf(why, why_size,
		 "%s is a symbolic link, which a record must not be; move the record itself there, "
		 "or name its directory with --state-dir",
		 s->path);
	return -ELOOP;
}

int db_open(struct store *s, char *why, size_t why_size)
{
	bool writer = s->options.mode == STORE_WRITER;
	struct found f = {};
	int r = no_link(s, why, why_size);

	if (r)
		return r;
	if (!writer) {
		r = connect_reader(s, &f, why, why_size);
	} else {
		r = make_file(s, why, why_size);
		if (!r)
			r = connect(s);
		if (!r)
			r = look(s, &f);
	}
	if (!r)
		r = judge(s, &f, why, why_size);
	if (!r && writer)
		r = set_up_writer(s, &f);
	if (!r)
		r = bounds_load(s);
	s->inode = inode_of(s->path);
	if (r == -EUCLEAN && !*why)
		snprintf(
			why, why_size,
			"%s is corrupt; 'troth store check' says more, and a start afresh moves it "
			"aside",
			s->path);
	if (r == -ENOSPC && !*why)
		snprintf(why, why_size, "no room for %s: make room on the disk", s->path);
	if (r)
		db_close(s);
	return r;
}
