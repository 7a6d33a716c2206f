// SPDX-License-Identifier: Apache-2.0
/*
 * cgroup_tree.c - see cgroup_tree.h. A table of groups, parents before children, is both what is known
 * and the list of what is still to be looked into.
 */
#define _GNU_SOURCE 1
#include "cgroup_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroup.h"

#define GROUPS_DEFAULT 8192
#define NAMES_MAX      (1 << 20) /* bytes, of all groups together */
#define LOOKS_A_TICK   256
#define WAIT_TICKS_MAX 64
#define DEPTH_MAX      64

struct group {
	uint64_t id;
	uint32_t parent; /* index; the root is its own */
	uint32_t name;	 /* where it begins in names */
};

struct table {
	struct group *groups;
	char *names;
	uint32_t n, room;
	size_t names_used, names_room;
	unsigned int left_out;
	char *point, *root; /* of the mount */
};

struct cgroup_tree {
	char *proc;
	uint32_t max_groups;
	bool handles;
	bool walking;
	struct table known, fresh;   /* of the last walk, and of the one under way */
	uint32_t next;		     /* of fresh: to be looked into */
	unsigned int looks;	     /* that are left in this tick */
	unsigned int wait, interval; /* ticks */
	uint64_t walks, wanted;	     /* how many ended; up to which one somebody asks */
};

static void table_clear(struct table *t)
{
	free(t->groups);
	free(t->names);
	free(t->point);
	free(t->root);
	*t = (struct table){};
}

int cgroup_tree_new(const char *proc, unsigned int max_groups, bool handles,
		    struct cgroup_tree **ret)
{
	_cleanup_(cgroup_tree_freep) struct cgroup_tree *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->proc = strdup(proc);
	t->max_groups = max_groups ? max_groups : GROUPS_DEFAULT;
	t->handles = handles;
	t->looks = LOOKS_A_TICK;
	t->interval = 1;
	if (!t->proc)
		return -ENOMEM;
	*ret = TAKE(t);
	return 0;
}

void cgroup_tree_free(struct cgroup_tree *t)
{
	if (!t)
		return;
	table_clear(&t->known);
	table_clear(&t->fresh);
	free(t->proc);
	free(t);
}

/* --- the table --------------------------------------------------------------------------------- */

static int table_add(struct table *t, uint32_t max, uint64_t id, uint32_t parent, const char *name)
{
	size_t size = strlen(name) + 1;

	if (t->n == max || t->names_used + size > NAMES_MAX) {
		t->left_out++;
		return 0;
	}
	if (t->n == t->room) {
		uint32_t room = t->room ? 2 * t->room : 64;
		struct group *more = reallocarray(t->groups, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		t->groups = more;
		t->room = room;
	}
	if (t->names_used + size > t->names_room) {
		size_t room = 2 * t->names_room + NAME_MAX + 1;
		char *more = realloc(t->names, room);

		if (!more)
			return -ENOMEM;
		t->names = more;
		t->names_room = room;
	}
	memcpy(t->names + t->names_used, name, size);
	t->groups[t->n++] =
		(struct group){ .id = id, .parent = parent, .name = (uint32_t)t->names_used };
	t->names_used += size;
	return 0;
}

/* The directory of group i. false: it does not fit. */
static bool table_directory(const struct table *t, uint32_t i, char path[PATH_MAX])
{
	const char *parts[DEPTH_MAX];
	unsigned int depth = 0;
	size_t used;

	for (; i; i = t->groups[i].parent) {
		if (depth == DEPTH_MAX)
			return false;
		parts[depth++] = t->names + t->groups[i].name;
	}
	used = (size_t)snprintf(path, PATH_MAX, "%s", strcmp(t->point, "/") ? t->point : "");
	while (depth && used < PATH_MAX)
		used += (size_t)snprintf(path + used, PATH_MAX - used, "/%s", parts[--depth]);
	return used < PATH_MAX;
}

static int table_path(const struct table *t, uint64_t id, char **ret)
{
	char path[PATH_MAX];

	for (uint32_t i = 0; i < t->n; i++)
		if (t->groups[i].id == id)
			return table_directory(t, i, path) ?
				       cgroup_path_inside(t->point, t->root, path, ret) :
				       -ENOENT;
	return -ENOENT;
}

/* --- the walk ---------------------------------------------------------------------------------- */

/* A group that goes meanwhile has nothing in it. */
static int look_into(struct cgroup_tree *t, uint32_t i)
{
	_cleanup_(closedirp) DIR *directory = NULL;
	struct table *fresh = &t->fresh;
	char path[PATH_MAX];
	struct dirent *d;
	struct stat st;
	int err = 0;

	if (!table_directory(fresh, i, path)) {
		fresh->left_out++;
		return 0;
	}
	/* kernfs: two links, and one for each group inside. Files there are many, groups few. */
	if (!stat(path, &st) && st.st_nlink == 2)
		return 0;
	directory = opendir(path);
	while (directory && !err && (d = readdir(directory)))
		if (d->d_type == DT_DIR && strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			err = table_add(fresh, t->max_groups, d->d_ino, i, d->d_name);
	return err;
}

static int walk_begin(struct cgroup_tree *t)
{
	struct table *fresh = &t->fresh;
	struct stat st;
	int err;

	table_clear(fresh);
	t->next = 0;
	t->walking = true;
	err = cgroup_mount_of(t->proc, &fresh->point, &fresh->root);
	if (err)
		return err == -ENOMEM ? err : 0;
	if (stat(fresh->point, &st))
		return 0;
	return table_add(fresh, t->max_groups, st.st_ino, 0, "");
}

static void walk_end(struct cgroup_tree *t)
{
	table_clear(&t->known);
	t->known = t->fresh;
	t->fresh = (struct table){};
	t->walking = false;
	t->walks++;
	t->wait = t->interval;
	if (t->interval < WAIT_TICKS_MAX)
		t->interval *= 2;
}

/* As far as this tick may go. What it cannot note for want of memory the next walk finds. */
static int walk(struct cgroup_tree *t)
{
	int err = 0;

	if (!t->walking && t->wanted > t->walks && !t->wait)
		err = walk_begin(t);
	while (!err && t->walking && t->looks && t->next < t->fresh.n) {
		t->looks--;
		err = look_into(t, t->next++);
	}
	if (t->walking && (err || t->next == t->fresh.n))
		walk_end(t);
	return err;
}

int cgroup_tree_tick(struct cgroup_tree *t)
{
	t->looks = LOOKS_A_TICK;
	if (t->wait)
		t->wait--;
	return walk(t);
}

/* --- asking ------------------------------------------------------------------------------------ */

static int look_up(struct cgroup_tree *t, uint64_t id, char **ret)
{
	int err = table_path(&t->known, id, ret);

	return err == -ENOENT ? table_path(&t->fresh, id, ret) : err;
}

int cgroup_tree_path(struct cgroup_tree *t, uint64_t id, uint64_t *asked, char **ret)
{
	int err = -EPERM;

	/* What may not be done now may never be done again: privileges only go. */
	if (t->handles)
		err = cgroup_path_of_id(t->proc, id, ret);
	if (err != -EPERM)
		return err == -ENOMEM ? err : err ? -ENOENT : 0;
	t->handles = false;
	err = look_up(t, id, ret);
	if (err == -ENOENT && !*asked) {
		/* A walk under way may have passed where a new group is. */
		*asked = t->walks + 1 + t->walking;
		if (t->wanted < *asked)
			t->wanted = *asked;
		err = walk(t);
		if (!err)
			err = look_up(t, id, ret);
	}
	if (!err && *asked)
		t->wait = t->interval = 1;
	if (err == -ENOENT && !cgroup_tree_answers(t, *asked))
		err = -EAGAIN;
	return err;
}

bool cgroup_tree_answers(const struct cgroup_tree *t, uint64_t asked)
{
	return t->walks >= asked;
}

unsigned int cgroup_tree_left_out(const struct cgroup_tree *t)
{
	return t->known.left_out;
}
