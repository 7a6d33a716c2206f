// SPDX-License-Identifier: Apache-2.0
/*
 * pins.c - see pins.h. The lock is an advisory one on the directory itself: it goes with the process,
 * however that ends.
 */
#include "pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <bpf/bpf.h>

#define OPEN_TRIES 8

#define NOT_IN_BPFFS                                                                               \
	"%s is not in a bpffs: `mount -t bpf bpf /sys/fs/bpf` makes one, below which the pin "     \
	"directory belongs"

struct pins {
	char *dir; /* absolute */
	int fd;	   /* has the lock */
};

static int path_of(const struct pins *p, const char *where, const char *name, char ret[PATH_MAX])
{
	int n = snprintf(ret, PATH_MAX, "%s/%s%s%s", p->dir, where, *name ? "/" : "", name);

	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* The directory and those above it. Directories of a bpffs are nobody else's business. */
static int make_directories(const char *dir)
{
	char path[PATH_MAX];
	size_t n = strlen(dir);

	if (n >= sizeof(path))
		return -ENAMETOOLONG;
	memcpy(path, dir, n + 1);
	for (char *c = path + 1;; c++) {
		char was = *c;

		if (was && was != '/')
			continue;
		*c = '\0';
		if (mkdir(path, 0700) && errno != EEXIST)
			return -errno;
		*c = was;
		if (!was)
			return 0;
	}
}

static bool is_bpffs(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

/* Where it is, or would be. */
static bool is_below_bpffs(const char *dir)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", dir);
	for (;;) {
		struct statfs fs;
		char *slash;

		if (!statfs(*path ? path : "/", &fs))
			return (unsigned long)fs.f_type == BPF_FS_MAGIC;
		slash = strrchr(path, '/');
		if (errno != ENOENT || !slash)
			return false;
		*slash = '\0';
	}
}

/* Is that what the path leads to now? Another process may have removed it before we had the lock. */
static bool is_still(const char *dir, int fd)
{
	struct stat a, b;

	return !fstat(fd, &a) && !stat(dir, &b) && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static int take(const char *dir, bool make, char *why, size_t size)
{
	for (int i = 0; i < OPEN_TRIES; i++) {
		_cleanup_(closep) int fd = -1;
		int r = 0;

		if (make && !is_below_bpffs(dir)) {
			snprintf(why, size, NOT_IN_BPFFS, dir);
			return -EINVAL;
		}
		r = make ? make_directories(dir) : 0;
		if (r) {
			snprintf(why, size, "cannot make %s: %s%s", dir, strerror(-r),
				 r == -EPERM ? " (names in a bpffs have no dots)" : "");
			return r;
		}
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0) {
			r = -errno;
			if (make && r == -ENOENT)
				continue;
			snprintf(why, size,
				 r == -ENOENT ? "nothing is pinned in %s%s" : "cannot open %s: %s",
				 dir, r == -ENOENT ? "" : strerror(-r));
			return r;
		}
		if (!is_bpffs(fd)) {
			snprintf(why, size, NOT_IN_BPFFS, dir);
			return -EINVAL;
		}
		if (flock(fd, LOCK_EX | LOCK_NB)) {
			snprintf(why, size,
				 "another troth has %s: stop it, or give this one another "
				 "--pin-dir",
				 dir);
			return errno == EWOULDBLOCK ? -EBUSY : -errno;
		}
		if (is_still(dir, fd)) {
			r = fd;
			fd = -1;
			return r;
		}
	}
	snprintf(why, size, "%s comes and goes: another troth makes and removes it", dir);
	return -EBUSY;
}

/* Directories below hold files only, but whoever left something else is not spared. */
static int empty(int at, const char *name, int depth)
{
	_cleanup_(closedirp) DIR *all = NULL;
	struct dirent *d;
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), r = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	all = fdopendir(fd);
	if (!all) {
		r = -errno;
		close(fd);
		return r;
	}
	while ((d = readdir(all))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (!unlinkat(fd, d->d_name, 0) || errno == ENOENT)
			continue;
		if (errno != EISDIR && errno != EPERM)
			return -errno;
		r = depth ? empty(fd, d->d_name, depth - 1) : -ENOTEMPTY;
		if (!r && unlinkat(fd, d->d_name, AT_REMOVEDIR))
			r = -errno;
		if (r)
			return r;
	}
	return 0;
}

static int remove_tree(const struct pins *p, const char *where)
{
	int r = empty(p->fd, where, 2);

	if (r && r != -ENOTDIR)
		return r;
	return unlinkat(p->fd, where, r ? 0 : AT_REMOVEDIR) && errno != ENOENT ? -errno : 0;
}

/* What is being emptied never has the name of what is whole: killed half way, the next start goes on. */
int pins_remove(const struct pins *p, const char *where)
{
	static const char *const whole[][2] = { { "maps", "maps-old" }, { "links", "links-old" } };

	for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++) {
		int r;

		if (strcmp(where, whole[i][0]))
			continue;
		r = remove_tree(p, whole[i][1]);
		if (r)
			return r;
		r = pins_rename(p, where, whole[i][1]);
		if (r)
			return r == -ENOENT ? 0 : r;
		where = whole[i][1];
		break;
	}
	return remove_tree(p, where);
}

/*
 * Where a start was killed. links is whole wherever it stands, and links-new once links has made room
 * for it; before, it is a beginning. If nothing else is there, a beginning is what counts meanwhile.
 * What is old may be half gone, and goes.
 */
static int recover(const struct pins *p)
{
	static const char *const rest[] = { "links-new", "links-old", "maps-new", "maps-old" };
	int r = 0;

	if (!pins_have(p, "links") && pins_have(p, "links-new"))
		r = pins_rename(p, "links-new", "links");
	for (size_t i = 0; !r && i < sizeof(rest) / sizeof(*rest); i++)
		r = remove_tree(p, rest[i]);
	return r;
}

int pins_open(const char *dir, bool make, struct pins **ret, char *why, size_t why_size)
{
	_cleanup_(pins_closep) struct pins *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	p->fd = take(dir, make, why, why_size);
	if (p->fd < 0)
		return p->fd;
	p->dir = realpath(dir, NULL);
	r = p->dir ? recover(p) : -errno;
	if (r) {
		snprintf(why, why_size, "cannot clear %s: %s", dir, strerror(-r));
		return r;
	}
	*ret = TAKE(p);
	return 0;
}

void pins_close(struct pins *p)
{
	if (!p)
		return;
	if (p->fd >= 0)
		close(p->fd);
	free(p->dir);
	free(p);
}

bool pins_have(const struct pins *p, const char *where)
{
	return !faccessat(p->fd, where, F_OK, 0);
}

int pins_make(const struct pins *p, const char *where)
{
	int r = pins_remove(p, where);

	if (r)
		return r;
	return mkdirat(p->fd, where, 0700) ? -errno : 0;
}

int pins_put(const struct pins *p, const char *where, const char *name, int fd)
{
	char path[PATH_MAX];
	int r = path_of(p, where, name, path);

	if (r)
		return r;
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

int pins_get(const struct pins *p, const char *where, const char *name)
{
	char path[PATH_MAX];
	int r = path_of(p, where, name, path);

	if (r)
		return r;
	r = bpf_obj_get(path);
	return r < 0 ? -errno : r;
}

int pins_rename(const struct pins *p, const char *from, const char *to)
{
	return renameat(p->fd, from, p->fd, to) ? -errno : 0;
}

int pins_remove_all(const struct pins *p)
{
	static const char *const first[] = { "links", "links-new", "links-old", "maps" };
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(first) / sizeof(*first); i++)
		r = pins_remove(p, first[i]);
	if (!r)
		r = empty(p->fd, ".", 2);
	if (!r)
		rmdir(p->dir); /* where a mount or somebody else keeps it, it may stay */
	return r;
}
