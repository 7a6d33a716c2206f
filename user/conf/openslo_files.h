/* SPDX-License-Identifier: Apache-2.0 */
/* openslo_files.h - from paths to bytes: regular files within limits. Knows the file system. */
#ifndef TROTH_CONF_OPENSLO_FILES_H
#define TROTH_CONF_OPENSLO_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "../base/arena.h"
#include "problem.h"

struct file_list {
	const char **path;
	bool *named; /* given itself, not found in a directory */
	size_t n;
};

/* Directories opened up; of one file that is named in several ways the first. What is wrong goes to problems. 0 or -ENOMEM. */
int file_list_make(struct arena *a, const char *const *paths, size_t n, struct problems *problems,
		   struct file_list *ret);

/*
 * A regular file of at most max bytes; never waits for one that is none. 0: the caller frees *ret;
 * -EINVAL: said; -ENOMEM.
 */
int file_read(const char *path, size_t max, struct problems *problems, char **ret, size_t *ret_n);

#endif
