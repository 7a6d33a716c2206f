// SPDX-License-Identifier: Apache-2.0
/* afresh.c - another database takes the place of the one that is there. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "db.h"

#define CORRUPT "troth.db.corrupt-"
#define CORRUPT_KEPT                                                                               \
	3 /* the oldest ones: they hold the most; a bad disk must not be filled with more */

static int remove_with(const char *path, const char *suffix)
{
	_cleanup_(freep) char *name = NULL;

	if (asprintf(&name, "%s%s", path, suffix) < 0) {
		name = NULL;
		return -ENOMEM;
	}
	return unlink(name) && errno != ENOENT ? -errno : 0;
}

static int move_with(const char *from, const char *to, const char *suffix)
{
	_cleanup_(freep) char *a = NULL, *b = NULL;

	if (asprintf(&a, "%s%s", from, suffix) < 0) {
		a = NULL;
		return -ENOMEM;
	}
	if (asprintf(&b, "%s%s", to, suffix) < 0) {
		b = NULL;
		return -ENOMEM;
	}
	return rename(a, b) && errno != ENOENT ? -errno : 0;
}

static unsigned int kept(const char *dir)
{
	DIR *d = opendir(dir);
	unsigned int n = 0;

	for (struct dirent *e; d && (e = readdir(d));)
		n += !strncmp(e->d_name, CORRUPT, sizeof(CORRUPT) - 1) &&
		     !strstr(e->d_name, "-wal");
	if (d)
		closedir(d);
	return n;
}

/* Where it goes; "": nowhere, there are enough. */
static int set_aside(struct store *s, char *ret, size_t size)
{
	char stamp[32];
	time_t now = time(NULL);
	struct tm tm;
	int r;

	*ret = '\0';
	/* What could only be begun, on a full disk say, holds nothing. */
	if (!s->half_afresh && kept(s->options.dir) < CORRUPT_KEPT) {
		gmtime_r(&now, &tm);
		strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
		snprintf(ret, size, "%s.corrupt-%s", s->path, stamp);
		for (unsigned int i = 2; !access(ret, F_OK); i++)
			snprintf(ret, size, "%s.corrupt-%s.%u", s->path, stamp, i);
		r = move_with(s->path, ret, "-wal");
		if (!r)
			r = move_with(s->path, ret, "");
	} else {
		r = remove_with(s->path, "-wal");
		if (!r)
			r = remove_with(s->path, "");
	}
	return r ? r : remove_with(s->path, "-shm");
}

int store_start_afresh(struct store *s, char *why, size_t why_size)
{
	char aside[4096];
	int r;

	if (s->options.mode != STORE_WRITER)
		return -EROFS;
	store_rollback(s);
	db_close(s);
	*why = '\0';
	r = set_aside(s, aside, sizeof(aside));
	if (r) {
		snprintf(why, why_size, "cannot move the corrupt %s aside: %s", s->path,
			 strerror(-r));
		return r;
	}
	s->half_afresh = true;
	r = db_open(s, why, why_size);
	if (r)
		return r;
	s->half_afresh = false;
	if (*aside)
		snprintf(
			why, why_size,
			"%s was corrupt or gone; what there was is now %s, and a new record begins",
			s->path, aside);
	else
		snprintf(why, why_size,
			 "%s was corrupt and is removed, since %d such are kept already; a new "
			 "record begins",
			 s->path, CORRUPT_KEPT);
	return 0;
}

/* path is a whole database: nothing lies beside it. */
int db_take_place(struct store *s, const char *path, char *why, size_t why_size)
{
	int dir, r;

	store_rollback(s);
	db_close(s);
	r = remove_with(s->path, "-wal");
	if (!r)
		r = remove_with(s->path, "-shm");
	if (!r && rename(path, s->path))
		r = -errno;
	dir = r ? -1 : open(s->options.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0) {
		fsync(dir);
		close(dir);
	}
	if (r)
		snprintf(why, why_size, "cannot put %s in its place: %s", s->path, strerror(-r));
	return r ? r : db_open(s, why, why_size);
}
