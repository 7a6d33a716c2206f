// SPDX-License-Identifier: Apache-2.0
/*
 * privilege_owner.c - see privilege.h: directories and what is in them get another owner. The one
 * before may have put anything there: a link to a file of somebody else's is not to be given away.
 */
#include "privilege.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/cleanup.h"

#define DEPTH_MAX 4

/* fd is the very thing that was looked at, whatever its name leads to by now. */
static int own(int fd, const struct stat *st, uid_t uid, gid_t gid)
{
	if (st->st_uid == uid && (gid == (gid_t)-1 || st->st_gid == gid))
		return 0;
	if (!S_ISDIR(st->st_mode) && !S_ISREG(st->st_mode) && !S_ISSOCK(st->st_mode))
		return 0;
	if (!S_ISDIR(st->st_mode) && st->st_nlink > 1)
		return 0;
	return fchownat(fd, "", uid, gid, AT_EMPTY_PATH) ? -errno : 0;
}

static int own_all(int at, const char *name, int flags, uid_t uid, gid_t gid, unsigned int depth)
{
	_cleanup_(closep) int fd = openat(at, name, O_PATH | O_CLOEXEC | flags);
	_cleanup_(closep) int list_fd = -1;
	_cleanup_(closedirp) DIR *list = NULL;
	struct dirent *d;
	struct stat st;
	int r;

	if (fd < 0)
		return errno == ENOENT && depth ? 0 : -errno; /* it has just gone */
	if (fstat(fd, &st))
		return -errno;
	/* What is in it first: afterwards it may not be ours to open. */
	if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
		list_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		list = list_fd < 0 ? NULL : fdopendir(list_fd);
		if (!list)
			return -errno;
		list_fd = -1; /* list closes it */
		while ((d = readdir(list))) {
			if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
				continue;
			r = own_all(dirfd(list), d->d_name, O_NOFOLLOW, uid, gid, depth + 1);
			if (r)
				return r;
		}
	}
	return own(fd, &st, uid, gid);
}

int privilege_hand_over(const char *path, uid_t uid, gid_t gid)
{
	return own_all(AT_FDCWD, path, 0, uid, gid, 0);
}
