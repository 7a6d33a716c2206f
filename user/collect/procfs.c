// SPDX-License-Identifier: Apache-2.0
/* procfs.c - see procfs.h. Files there have no size to ask for, so they are read until they end. */
#include "procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "../base/cleanup.h"

int procfs_read(int dir_fd, const char *path, size_t max, char **ret, size_t *ret_size)
{
	_cleanup_(closep) int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
	_cleanup_(freep) char *text = NULL;
	size_t size = 0, room = 0;

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n;

		if (size + 1 >= room) {
			char *grown = realloc(text, room += room ? room : 4096);

			if (!grown)
				return -ENOMEM;
			text = grown;
		}
		n = read(fd, text + size, room - size - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		size += (size_t)n;
		if (size > max)
			size = max;
		if (n == 0 || size == max)
			break;
	}
	text[size] = '\0';
	if (ret_size)
		*ret_size = size;
	*ret = TAKE(text);
	return 0;
}

int procfs_link(int dir_fd, const char *path, char **ret)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir_fd, path, target, sizeof(target));
	char *copy;

	if (n < 0)
		return -errno;
	copy = strndup(target, (size_t)n);
	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

int procfs_link_number(int dir_fd, const char *path, const char *kind, uint64_t *ret)
{
	size_t kind_length = strlen(kind);
	char target[64], *end;
	ssize_t n = readlinkat(dir_fd, path, target, sizeof(target) - 1);
	uint64_t number;

	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (strncmp(target, kind, kind_length) || strncmp(target + kind_length, ":[", 2))
		return -EINVAL;
	number = strtoull(target + kind_length + 2, &end, 10);
	if (end == target + kind_length + 2 || strcmp(end, "]"))
		return -EINVAL;
	*ret = number;
	return 0;
}

uint32_t procfs_pid(const char *name)
{
	uint64_t pid = 0;

	if (*name < '1' || *name > '9')
		return 0;
	for (; *name; name++) {
		if (*name < '0' || *name > '9' || pid > UINT32_MAX / 10)
			return 0;
		pid = pid * 10 + (uint64_t)(*name - '0');
	}
	return pid > INT32_MAX ? 0 : (uint32_t)pid;
}
