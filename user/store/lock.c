// SPDX-License-Identifier: Apache-2.0
/* lock.c - one writer a directory: "troth.lock" is locked and says who has it. */
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "db.h"

#define LOCK_NAME "troth.lock"

static int directory(const struct store *s, char *why, size_t why_size)
{
	const char *dir = s->options.dir;
	int r;

	if (!mkdir(dir, 0700) || errno == EEXIST)
		return 0;
	r = -errno;
	snprintf(why, why_size, "cannot make %s: %s; %s", dir, strerror(-r),
		 r == -ENOENT ? "make the directory above it first" :
				"make it, or name another one with --state-dir");
	return r;
}

/* The process that holds it, from the file; 0: it does not say. */
static int holder(int fd)
{
	char text[24] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	return n > 0 ? atoi(text) : 0;
}

int lock_take(struct store *s, char *why, size_t why_size)
{
	_cleanup_(closep) int fd = -1;
	_cleanup_(freep) char *path = NULL;
	char text[24];
	int r = directory(s, why, why_size), n;

	if (r)
		return r;
	if (asprintf(&path, "%s/" LOCK_NAME, s->options.dir) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		r = -errno;
		snprintf(why, why_size, "cannot open %s: %s; %s", path, strerror(-r),
			 r == -EACCES ? "run it as the owner of the directory" :
			 r == -ENOSPC ? "make room on the disk" :
			 r == -ELOOP  ? "it is a symbolic link: remove it" :
					"name another directory with --state-dir");
		return r;
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		r = errno == EWOULDBLOCK ? -EBUSY : -errno;
		n = holder(fd);
		if (r == -EBUSY && n)
			snprintf(why, why_size,
				 "%s is in use by process %d; stop it first, or name another "
				 "directory with --state-dir",
				 s->options.dir, n);
		else
			snprintf(why, why_size, "cannot lock %s: %s", path, strerror(-r));
		return r;
	}
	/* For people only: the lock is what counts, and a full disk must not stop it. */
	n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (!ftruncate(fd, 0) && pwrite(fd, text, (size_t)n, 0) != n)
		r = ftruncate(fd, 0) ? 0 : 0;
	s->lock_fd = TAKE(fd);
	fd = -1;
	return 0;
}
