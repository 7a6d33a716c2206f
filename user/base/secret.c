// SPDX-License-Identifier: Apache-2.0
/* secret.c - see secret.h. No copy stays behind on the way. */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"

void secret_free(char *text, size_t size)
{
	if (text)
		explicit_bzero(text, size);
	free(text);
}

const char *secret_file_error(int error)
{
	return error == -EFBIG ? "it is too large" :
	       error == -EBADF ? "it is no plain file" :
				 strerror(-error);
}

/* Up to size bytes: how many, or -errno. */
static ssize_t read_up_to(int fd, char *bytes, size_t size)
{
	size_t n = 0;

	while (n < size) {
		ssize_t r = read(fd, bytes + n, size - n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (!r)
			break;
		n += (size_t)r;
	}
	return (ssize_t)n;
}

int secret_file_read(const char *path, size_t max, char **ret, size_t *ret_size)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	char *bytes;
	size_t room;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EBADF;
	if (st.st_size > (off_t)max)
		return -EFBIG;
	/* One more than is allowed tells whether it grew meanwhile. */
	room = max + 1;
	bytes = malloc(room + 1);
	if (!bytes)
		return -ENOMEM;
	n = read_up_to(fd, bytes, room);
	if (n < 0 || (size_t)n > max) {
		secret_free(bytes, room);
		return n < 0 ? (int)n : -EFBIG;
	}
	bytes[n] = '\0';
	*ret = malloc((size_t)n + 1);
	if (*ret)
		memcpy(*ret, bytes, (size_t)n + 1);
	secret_free(bytes, (size_t)n);
	if (*ret && ret_size)
		*ret_size = (size_t)n;
	return *ret ? 0 : -ENOMEM;
}
