// SPDX-License-Identifier: Apache-2.0
/* counts_input.c - chunks from a descriptor, cut at line ends. Leaves the lines to counts.c. */
#include "counts_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "counts.h"

#define CHUNK (256 * 1024)

_Static_assert(CHUNK > 2 * COUNTS_LINE_MAX, "a line has to fit, with what was left of the last");

/* A file that nobody can open, and that is gone when the program is. */
static int nameless_file(void)
{
	const char *directory = getenv("TMPDIR");
	char path[4096];
	int fd;

	if (!directory || !*directory)
		directory = "/tmp";
	fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	if (snprintf(path, sizeof(path), "%s/troth-XXXXXX", directory) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

static int write_all(int fd, const char *data, size_t n)
{
	while (n) {
		ssize_t written = write(fd, data, n);

		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0) {
			data += written;
			n -= (size_t)written;
		}
	}
	return 0;
}

int counts_input_open(const char *path, struct counts_input *ret)
{
	_cleanup_(closep) int fd = -1, copy = -1;
	_cleanup_(freep) char *buffer = malloc(CHUNK + 1);
	off_t begin = 0;
	struct stat st;

	if (!buffer)
		return -ENOMEM;
	if (!strcmp(path, "-"))
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (S_ISBLK(st.st_mode) || (S_ISCHR(st.st_mode) && !isatty(fd)))
		return -ENODEV;
	if (S_ISREG(st.st_mode)) {
		/* Of a redirected stdin somebody may have read the beginning. */
		begin = lseek(fd, 0, SEEK_CUR);
		if (begin < 0)
			return -errno;
	} else {
		copy = nameless_file();
		if (copy < 0)
			return copy;
	}
	*ret = (struct counts_input){
		.fd = copy < 0 ? fd : copy,
		.pipe = copy < 0 ? -1 : fd,
		.begin = begin,
		.buffer = TAKE(buffer),
	};
	fd = copy = -1;
	counts_input_rewind(ret);
	return 0;
}

void counts_input_close(struct counts_input *in)
{
	if (!in->buffer)
		return;
	close(in->fd);
	closep(&in->pipe);
	free(in->buffer);
	in->buffer = NULL;
}

void counts_input_rewind(struct counts_input *in)
{
	in->at = in->begin;
	in->line = in->end = in->buffer;
	in->last = false;
}

/* More of the file, or of the pipe, which is copied. */
static ssize_t read_more(struct counts_input *in, size_t room)
{
	ssize_t n;
	int r;

	do
		n = in->pipe < 0 ? pread(in->fd, in->end, room, in->at) :
				   read(in->pipe, in->end, room);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (in->pipe < 0)
		return n;
	if (!n) {
		close(in->pipe);
		in->pipe = -1;
	}
	if ((uint64_t)(in->at + n) > COUNTS_SPOOL_MAX)
		return -EFBIG;
	r = write_all(in->fd, in->end, (size_t)n);
	return r ? r : n;
}

/* What is not handed out moves to the front; as much as fits is read behind it. */
static int fill(struct counts_input *in)
{
	size_t left = (size_t)(in->end - in->line);
	ssize_t n;

	memmove(in->buffer, in->line, left);
	in->line = in->buffer;
	in->end = in->buffer + left;
	n = read_more(in, CHUNK - left);
	if (n < 0)
		return (int)n;
	in->at += n;
	in->end += n;
	*in->end = '\n';
	in->last = !n;
	return 0;
}

int counts_input_line(struct counts_input *in, const char **ret, size_t *ret_n)
{
	char *newline = memchr(in->line, '\n', (size_t)(in->end - in->line));

	while (!newline && !in->last && in->end - in->line <= COUNTS_LINE_MAX) {
		int r = fill(in);

		if (r)
			return r;
		newline = memchr(in->line, '\n', (size_t)(in->end - in->line));
	}
	if (!newline)
		newline = in->end;
	*ret = in->line;
	*ret_n = (size_t)(newline - in->line);
	if (in->line == in->end)
		return 0;
	if (*ret_n > COUNTS_LINE_MAX) {
		*ret_n = COUNTS_LINE_MAX;
		return -E2BIG;
	}
	in->line = newline < in->end ? newline + 1 : newline;
	if (*ret_n && newline[-1] == '\r')
		--*ret_n;
	return 1;
}
