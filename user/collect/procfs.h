/* SPDX-License-Identifier: Apache-2.0 */
/* procfs.h - small files and numbers out of /proc. Knows nothing of what they mean. */
#ifndef TROTH_COLLECT_PROCFS_H
#define TROTH_COLLECT_PROCFS_H

#include <stddef.h>
#include <stdint.h>

/*
 * At most max bytes of a file, NUL-terminated; the caller frees. ret_size may be NULL.
 * dir_fd: as in openat(2). 0 or -errno (-ESRCH: the process whose directory it is has gone).
 */
int procfs_read(int dir_fd, const char *path, size_t max, char **ret, size_t *ret_size);

/* What a symbolic link says; the caller frees. 0 or -errno. */
int procfs_link(int dir_fd, const char *path, char **ret);

/* The number in a link such as "net:[4026531840]" or "socket:[12345]"; 0 or -errno. */
int procfs_link_number(int dir_fd, const char *path, const char *kind, uint64_t *ret);

/* A directory's name as a process number; 0: it is none. */
uint32_t procfs_pid(const char *name);

#endif
