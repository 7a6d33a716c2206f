/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc_tree.h - a directory like /proc, with the processes that a test wants in it.
 * For programs of tests only; included after cmocka.h.
 */
#ifndef TROTH_TESTS_PROC_TREE_H
#define TROTH_TESTS_PROC_TREE_H

#include <ftw.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "../../user/base/cleanup.h"

/* For cmocka_unit_test_setup_teardown. */
#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, make_tree, remove_tree)

static char tree[PATH_MAX / 2]; /* the false /proc of the running test */

static inline void path_in_tree(char path[PATH_MAX], const char *format, va_list args)
{
	int n = snprintf(path, PATH_MAX, "%s/", tree);

	vsnprintf(path + n, (size_t)(PATH_MAX - n), format, args);
	for (char *c = path + n; (c = strchr(c, '/')); c++) {
		*c = '\0';
		mkdir(path, 0755);
		*c = '/';
	}
}

__attribute__((format(printf, 3, 4))) static inline void put(const char *data, size_t size,
							     const char *format, ...)
{
	_cleanup_(fclosep) FILE *f = NULL;
	char path[PATH_MAX];
	va_list args;

	va_start(args, format);
	path_in_tree(path, format, args);
	va_end(args);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(size, fwrite(data, 1, size, f));
}

__attribute__((format(printf, 2, 3))) static inline void put_link(const char *target,
								  const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;

	va_start(args, format);
	path_in_tree(path, format, args);
	va_end(args);
	assert_int_equal(0, symlink(target, path));
}

static inline int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

static inline void kill_process(uint32_t pid)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%u", tree, pid);
	assert_int_equal(0, nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS));
}

static inline int make_tree(void **state)
{
	(void)state;
	strcpy(tree, "/tmp/troth-proc-XXXXXX");
	return mkdtemp(tree) ? 0 : -1;
}

static inline int remove_tree(void **state)
{
	(void)state;
	return nftw(tree, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A process on the host's network, its executable a file of the tree's own. */
static inline void run_process(uint32_t pid, const char *comm, const char *exe, const char *cgroup)
{
	char line[PATH_MAX];

	snprintf(line, sizeof(line), "%s\n", comm);
	put(line, strlen(line), "%u/comm", pid);
	put(line, strlen(line), "%u/task/%u/comm", pid, pid);
	put(exe, strlen(exe) + 1, "%u/cmdline", pid);
	snprintf(line, sizeof(line), "0::%s\n", cgroup);
	put(line, strlen(line), "%u/cgroup", pid);
	put("", 0, "files%s", exe);
	snprintf(line, sizeof(line), "%s/files%s", tree, exe);
	put_link(line, "%u/exe", pid);
	put_link("net:[4026531840]", "%u/ns/net", pid);
}

static inline uint64_t exe_inode(const char *exe)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/files%s", tree, exe);
	assert_int_equal(0, stat(path, &st));
	return st.st_ino;
}

static const char table_head[] =
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
	"inode\n";

/* A socket listening on 8080 (0x1F90), in IPv6's table, and a connection to it. */
static inline void listen_on_8080(uint32_t pid, unsigned int inode)
{
	char text[1024];

	put(table_head, strlen(table_head), "%u/net/tcp", pid);
	snprintf(
		text, sizeof(text),
		"%s   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 "
		"0A 00000000:00000000 00:00000000 00000000     0        0 %u 1 0000000000000000 100 0 "
		"0 10 0\n   1: 0000000000000000FFFF00000100007F:1F90 "
		"0000000000000000FFFF00000100007F:A3F2 01 00000000:00000000 00:00000000 00000000  "
		"1000        0 4711 1 0000000000000000 20 4 30 10 -1\n",
		table_head, inode);
	put(text, strlen(text), "%u/net/tcp6", pid);
	snprintf(text, sizeof(text), "socket:[%u]", inode);
	put_link("/dev/null", "%u/fd/0", pid);
	put_link(text, "%u/fd/5", pid);
}

#endif
