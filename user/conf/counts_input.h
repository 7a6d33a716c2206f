/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counts_input.h - a file, or a pipe that is copied to a file, as lines that can be read again.
 * Knows descriptors and line ends. Must not know: what a line says.
 */
#ifndef TROTH_CONF_COUNTS_INPUT_H
#define TROTH_CONF_COUNTS_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct counts_input {
	int fd;
	int pipe; /* that is copied to fd while it is read for the first time; -1: none, or all read */
	off_t begin, at; /* of the file: of its first line; of what is read next */
	char *buffer;
	char *line, *end; /* what of it is not handed out yet */
	bool last;	  /* nothing comes after end */
};

/*
 * path "-" is stdin. 0 or -errno: -EISDIR for a directory, -ENODEV for a device, -EFBIG for
 * a pipe of more than COUNTS_SPOOL_MAX bytes.
 */
int counts_input_open(const char *path, struct counts_input *ret);
void counts_input_close(struct counts_input *in);
/* Of a pipe only after its end. */
void counts_input_rewind(struct counts_input *in);

/*
 * The next line without its end (LF or CRLF), until the next call; a byte that is no digit follows it.
 * 1, 0 after the last, -E2BIG (longer than COUNTS_LINE_MAX; ret holds that much of it) or -errno.
 */
int counts_input_line(struct counts_input *in, const char **ret, size_t *ret_n);

#endif
