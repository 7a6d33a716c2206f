// SPDX-License-Identifier: Apache-2.0
/*
 * cgroup_id.c - from the number that the kernel gives a v2 group to its path.
 * The number is the file handle of the group's directory, so no process has to be alive for it.
 */
#define _GNU_SOURCE 1
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "procfs.h"

#define MOUNTINFO_MAX (1 << 20)

/*
 * A handle that is the 64-bit id of a kernfs node: include/linux/exportfs.h, since "kernfs:
 * implement custom exportfs ops and fid type" (v5.5).
 */
#define FILEID_KERNFS 0xfe

/* mountinfo writes blank, tab, newline and backslash as three octal digits (proc(5)). */
static char *unescape(const char *text, size_t length)
{
	char *copy = strndup(text, length), *to = copy;

	for (const char *from = copy; from && *from; from++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
		    from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
			*to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 |
				       (from[3] - '0'));
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	if (to)
		*to = '\0';
	return copy;
}

/* One line: "id parent dev ROOT POINT options... - TYPE source options". */
static bool parse_mount(const char *line, const char *end, const char **root, size_t *root_length,
			const char **point, size_t *point_length)
{
	const char *type = memmem(line, (size_t)(end - line), " - ", 3);

	if (!type || strncmp(type + 3, "cgroup2 ", 8))
		return false;
	for (int i = 0; i < 3; i++) {
		line = memchr(line, ' ', (size_t)(type - line));
		if (!line)
			return false;
		line++;
	}
	*root = line;
	*root_length = strcspn(line, " \n");
	if (line[*root_length] != ' ')
		return false;
	*point = line + *root_length + 1;
	*point_length = strcspn(*point, " \n");
	return **root == '/' && **point == '/';
}

int cgroup_mount(const char *mountinfo, char **ret_point, char **ret_root)
{
	const char *best_root = NULL, *best_point = NULL;
	size_t best_root_length = 0, best_point_length = 0;
	_cleanup_(freep) char *point = NULL;
	_cleanup_(freep) char *shown = NULL;

	for (const char *line = mountinfo; *line;) {
		const char *end = strchrnul(line, '\n'), *root, *at;
		size_t root_length, length;

		/* The first mount that shows the whole hierarchy; else the first one. */
		if (parse_mount(line, end, &root, &root_length, &at, &length) &&
		    (!best_root || (root_length == 1 && best_root_length > 1))) {
			best_root = root;
			best_root_length = root_length;
			best_point = at;
			best_point_length = length;
		}
		line = *end ? end + 1 : end;
	}
	if (!best_root)
		return -ENOENT;
	point = unescape(best_point, best_point_length);
	shown = unescape(best_root, best_root_length);
	if (!point || !shown)
		return -ENOMEM;
	*ret_point = TAKE(point);
	*ret_root = TAKE(shown);
	return 0;
}

static int open_by_id(const char *mount_point, uint64_t id)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(id)];
	} h = { .handle = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS } };
	_cleanup_(closep) int mount_fd = open(mount_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (mount_fd < 0)
		return -errno;
	memcpy(h.room + offsetof(struct file_handle, f_handle), &id, sizeof(id));
	fd = open_by_handle_at(mount_fd, &h.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ESTALE ? -ENOENT : -errno;
	return fd;
}

int cgroup_mount_of(const char *proc, char **ret_point, char **ret_root)
{
	_cleanup_(closep) int proc_fd = open(proc, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(freep) char *mountinfo = NULL;
	int err;

	if (proc_fd < 0)
		return -errno;
	err = procfs_read(proc_fd, "self/mountinfo", MOUNTINFO_MAX, &mountinfo, NULL);
	return err ? err : cgroup_mount(mountinfo, ret_point, ret_root);
}

int cgroup_path_inside(const char *point, const char *root, const char *directory, char **ret)
{
	size_t length = strcmp(point, "/") ? strlen(point) : 0;
	char *inside;

	if (strncmp(directory, point, length) || (directory[length] && directory[length] != '/'))
		return -ENOENT; /* outside of what the mount shows */
	if (asprintf(&inside, "%s%s", directory[length] && !strcmp(root, "/") ? "" : root,
		     directory + length) < 0)
		return -ENOMEM;
	*ret = inside;
	return 0;
}

int cgroup_path_of_id(const char *proc, uint64_t id, char **ret)
{
	_cleanup_(freep) char *point = NULL;
	_cleanup_(freep) char *root = NULL;
	_cleanup_(freep) char *path = NULL;
	_cleanup_(closep) int fd = -1;
	char link[64];
	int err = cgroup_mount_of(proc, &point, &root);

	if (err)
		return err;
	fd = open_by_id(point, id);
	if (fd < 0)
		return fd;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	err = procfs_link(AT_FDCWD, link, &path);
	return err ? err : cgroup_path_inside(point, root, path, ret);
}
