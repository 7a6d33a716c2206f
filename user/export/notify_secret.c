// SPDX-License-Identifier: Apache-2.0
/* notify_secret.c - plain files only, so that reading one never waits. */
#include "notify_secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/cleanup.h"

static int read_whole(const char *path, struct secret *ret, size_t *ret_length)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	size_t n = 0;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADF;
	while (n < sizeof(ret->text)) {
		ssize_t r = read(fd, ret->text + n, sizeof(ret->text) - n);

		if (r < 0)
			return -errno;
		if (!r)
			break;
		n += (size_t)r;
	}
	*ret_length = n;
	return 0;
}

/* What would end a header's line, or begin another. */
static bool is_plain(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			return false;
	return true;
}

int secret_read(const char *path, struct secret *ret, char *why, size_t why_size)
{
	const char *fault = NULL;
	size_t n = 0;
	int r = read_whole(path, ret, &n);

	if (!r && n && n <= SECRET_MAX + 1 && ret->text[n - 1] == '\n')
		n--;
	if (!r && n && n <= SECRET_MAX && ret->text[n - 1] == '\r')
		n--;
	if (r)
		fault = r == -EBADF ? "is no plain file" : strerror(-r);
	else if (!n)
		fault = "is empty";
	else if (n > SECRET_MAX)
		fault = "is longer than 4096 bytes";
	else if (!is_plain(ret->text, n))
		fault = "holds more than one line, or control characters";
	if (!fault) {
		ret->text[n] = '\0';
		return 0;
	}
	secret_wipe(ret);
	snprintf(why, why_size, "cannot use %s: %s", path, fault);
	return -EINVAL;
}

void secret_wipe(struct secret *s)
{
	explicit_bzero(s, sizeof(*s));
}
