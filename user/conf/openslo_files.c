// SPDX-License-Identifier: Apache-2.0
/* openslo_files.c - opens what people name. Leaves to others what is in it. */
#include "openslo_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/cleanup.h"
#include "openslo.h"

static struct place start_of(const char *file)
{
	return (struct place){ .file = file, .line = 1, .column = 1 };
}

struct entry {
	const char *path;
	bool named, known; /* known: there is such a file, and this is which */
	dev_t device;
	ino_t inode;
};

struct entries {
	struct entry *item;
	size_t n, room;
};

static int add_path(struct arena *a, struct entries *l, const char *path, bool named)
{
	struct stat st;

	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 16;
		struct entry *more = arena_array(a, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		if (l->n)
			memcpy(more, l->item, l->n * sizeof(*more));
		l->item = more;
		l->room = room;
	}
	l->item[l->n] = (struct entry){ .path = path, .named = named };
	if (!stat(path, &st)) {
		l->item[l->n].known = true;
		l->item[l->n].device = st.st_dev;
		l->item[l->n].inode = st.st_ino;
	}
	l->n++;
	return 0;
}

static bool same_file(const struct entry *a, const struct entry *b)
{
	if (a->known && b->known)
		return a->device == b->device && a->inode == b->inode;
	return !strcmp(a->path, b->path);
}

/* Files that were named before, in this way or another, are left out. */
static void leave_out_known(struct entries *l)
{
	size_t n = 0, k;

	for (size_t i = 0; i < l->n; i++) {
		for (k = 0; k < n && !same_file(&l->item[k], &l->item[i]); k++)
			;
		if (k < n)
			l->item[k].named |= l->item[i].named;
		else
			l->item[n++] = l->item[i];
	}
	l->n = n;
}

static bool is_yaml(const char *name)
{
	const char *dot = strrchr(name, '.');

	return *name != '.' && dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml"));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static int add_directory(struct arena *a, const char *path, struct problems *problems,
			 struct entries *l)
{
	_cleanup_(closedirp) DIR *d = opendir(path);
	size_t first = l->n, length = strlen(path);
	struct dirent *entry;

	if (!d) {
		problem_add(
			problems, PROBLEM_ERROR, start_of(path),
			"cannot read the directory: %s; name one that may be read, or the files "
			"in it",
			strerror(errno));
		return 0;
	}
	while ((entry = readdir(d))) {
		const char *text;

		if (!is_yaml(entry->d_name))
			continue;
		if (l->n - first == SLO_FILES_MAX) {
			problem_add(problems, PROBLEM_ERROR, start_of(path),
				    "more than %d files; use several directories", SLO_FILES_MAX);
			l->n = first;
			return 0;
		}
		text = arena_printf(a, "%s%s%s", path, length && path[length - 1] == '/' ? "" : "/",
				    entry->d_name);
		if (!text || add_path(a, l, text, false))
			return -ENOMEM;
	}
	if (l->n == first)
		problem_add(
			problems, PROBLEM_ERROR, start_of(path),
			"the directory has no *.yaml or *.yml in it; name one that has, or a file");
	else
		qsort(l->item + first, l->n - first, sizeof(*l->item), by_name);
	return 0;
}

static int list_of(struct arena *a, const struct entries *l, struct problems *problems,
		   struct file_list *ret)
{
	*ret = (struct file_list){
		.path = arena_array(a, l->n, sizeof(*ret->path)),
		.named = arena_array(a, l->n, sizeof(*ret->named)),
	};
	if (!ret->path || !ret->named)
		return -ENOMEM;
	for (; ret->n < l->n; ret->n++) {
		ret->path[ret->n] = l->item[ret->n].path;
		ret->named[ret->n] = l->item[ret->n].named;
		problems_mention(problems, l->item[ret->n].path);
	}
	return 0;
}

int file_list_make(struct arena *a, const char *const *paths, size_t n, struct problems *problems,
		   struct file_list *ret)
{
	struct entries l = {};
	int r = 0;

	for (size_t i = 0; i < n && !r; i++) {
		const char *path = arena_text(a, paths[i], strlen(paths[i]));
		struct stat st;

		if (!path)
			return -ENOMEM;
		problems_mention(problems, path);
		if (!stat(path, &st) && S_ISDIR(st.st_mode))
			r = add_directory(a, path, problems, &l);
		else
			r = add_path(a, &l, path, true);
	}
	if (r)
		return r;
	if (l.n > SLO_FILES_MAX) {
		problem_add(problems, PROBLEM_ERROR, start_of(l.item[SLO_FILES_MAX].path),
			    "more than %d files in all; read fewer", SLO_FILES_MAX);
		l.n = SLO_FILES_MAX;
	}
	leave_out_known(&l);
	return list_of(a, &l, problems, ret);
}

static int refuse(const char *path, struct problems *problems, const char *why)
{
	problem_add(problems, PROBLEM_ERROR, start_of(path), "%s", why);
	return -EINVAL;
}

/* error is positive. */
static int refuse_for(int error, const char *path, struct problems *problems)
{
	static const struct {
		int error;
		const char *remedy;
	} known[] = {
		{ ENOENT, "there is no such file; write the name of one, or of a directory" },
		{ ENOTDIR, "there is no such file: a part of its name is no directory; correct the "
			   "name" },
		{ ELOOP,
		  "its symbolic links are too many, or lead in a circle; name the file itself" },
		{ EACCES, "it may not be read; permit it (chmod, chown), or run as another user" },
		{ ENAMETOOLONG, "the name is too long; write a shorter one" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].error == error)
			return refuse(path, problems, known[i].remedy);
	problem_add(problems, PROBLEM_ERROR, start_of(path),
		    "cannot read it: %s; name a file that can be read", strerror(error));
	return -EINVAL;
}

/* Until the end of the file or of buf. */
static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t n = 0;

	while (n < size) {
		ssize_t got = read(fd, buf + n, size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

int file_read(const char *path, size_t max, struct problems *problems, char **ret, size_t *ret_n)
{
	/* Opening a fifo would wait for a writer, and some devices act. */
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	_cleanup_(freep) char *buf = NULL;
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return refuse_for(errno, path, problems);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return refuse(path, problems, "this is no regular file; name a YAML file");
	buf = malloc(max + 1);
	if (!buf)
		return -ENOMEM;
	n = read_all(fd, buf, max + 1);
	if (n < 0)
		return refuse_for((int)-n, path, problems);
	*ret = TAKE(buf);
	*ret_n = (size_t)n;
	return 0;
}
