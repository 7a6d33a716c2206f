// SPDX-License-Identifier: Apache-2.0
/*
 * listener.c - see listener.h. A socket has one inode number on the whole machine: the tables in
 * /proc/PID/net give (inode, port), the links in /proc/PID/fd give (process, inode).
 */
#include "listener.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "procfs.h"

#define PROCESSES_MAX	65536
#define SOCKETS_MAX	65536
/* Descriptors are listed in ascending order, and listeners are opened early. */
#define DESCRIPTORS_MAX 16384
/* A row: reading on beyond the listeners walks the table of all connections. */
#define READ_BYTES	150
#define TCP_LISTEN	10 /* include/net/tcp_states.h; what the tables print as 0A */

struct socket_row {
	uint64_t inode;
	uint32_t netns;
	uint32_t pid; /* 0: no holder found yet */
	uint16_t port;
};

struct listeners {
	struct socket_row *rows;
	size_t n, room;
};

struct process_row {
	uint32_t pid;
	uint32_t netns;
};

void listeners_free(struct listeners *l)
{
	if (!l)
		return;
	free(l->rows);
	free(l);
}

static int add_row(struct listeners *l, const struct socket_row *row)
{
	if (l->n == SOCKETS_MAX)
		return 0;
	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		struct socket_row *rows = reallocarray(l->rows, room, sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		l->rows = rows;
		l->room = room;
	}
	l->rows[l->n++] = *row;
	return 0;
}

/* One of a process's tables: "sl: address:PORT address:port STATE ... uid timeout INODE ...". */
static int read_table(struct listeners *l, const char *proc, uint32_t pid, const char *table,
		      uint32_t netns)
{
	_cleanup_(fclosep) FILE *f = NULL;
	char path[4096], line[512], buffer[READ_BYTES];
	int err = 0;

	snprintf(path, sizeof(path), "%s/%u/net/%s", proc, pid, table);
	f = fopen(path, "re");
	if (!f)
		return 0;
	setvbuf(f, buffer, _IOFBF, sizeof(buffer));
	while (!err && fgets(line, sizeof(line), f)) {
		struct socket_row row = { .netns = netns };
		unsigned int port, state;

		if (sscanf(line,
			   " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*x:%*x %*x:%*x %*x %*u "
			   "%*u %" SCNu64,
			   &port, &state, &row.inode) != 3)
			continue;
		/* Listeners come first (tcp_seek_last_pos); a million connections may follow. */
		if (state != TCP_LISTEN)
			break;
		row.port = (uint16_t)port;
		err = add_row(l, &row);
	}
	return err;
}

static int read_tables(struct listeners *l, const char *proc, uint32_t pid, uint32_t netns)
{
	int err = read_table(l, proc, pid, "tcp", netns);

	return err ? err : read_table(l, proc, pid, "tcp6", netns);
}

static int compare_inodes(const void *a, const void *b)
{
	const struct socket_row *x = a, *y = b;

	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static bool is_better_owner(uint32_t pid, uint32_t than)
{
	return !than || than == 1 || (pid != 1 && pid < than);
}

/* The listeners that the process has open: each()'s. rows are sorted by inode. */
static void each_held(struct listeners *l, const char *proc, uint32_t pid,
		      void (*each)(void *context, struct socket_row *row), void *context)
{
	_cleanup_(closedirp) DIR *fds = NULL;
	struct dirent *d;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%u/fd", proc, pid);
	fds = opendir(path);
	for (int n = 0; fds && n < DESCRIPTORS_MAX && (d = readdir(fds)); n++) {
		struct socket_row want = {}, *row;

		if (procfs_link_number(dirfd(fds), d->d_name, "socket", &want.inode))
			continue;
		row = bsearch(&want, l->rows, l->n, sizeof(*row), compare_inodes);
		if (row)
			each(context, row);
	}
}

static void enter_holder(void *context, struct socket_row *row)
{
	const uint32_t *pid = context;

	if (is_better_owner(*pid, row->pid))
		row->pid = *pid;
}

static void find_held(struct listeners *l, const char *proc, uint32_t pid)
{
	each_held(l, proc, pid, enter_holder, &pid);
}

static int list_processes(const char *proc, struct process_row *rows, size_t *n)
{
	_cleanup_(closedirp) DIR *all = opendir(proc);
	struct dirent *d;

	if (!all)
		return -errno;
	while (*n < PROCESSES_MAX && (d = readdir(all))) {
		struct process_row *row = &rows[*n];
		uint64_t netns = 0;
		char path[64];

		row->pid = procfs_pid(d->d_name);
		if (!row->pid)
			continue;
		snprintf(path, sizeof(path), "%u/ns/net", row->pid);
		if (procfs_link_number(dirfd(all), path, "net", &netns))
			continue;
		row->netns = (uint32_t)netns;
		(*n)++;
	}
	return 0;
}

static int compare_netns(const void *a, const void *b)
{
	const struct process_row *x = a, *y = b;

	return x->netns != y->netns ? (x->netns < y->netns ? -1 : 1) :
				      (x->pid < y->pid ? -1 : x->pid > y->pid);
}

int listeners_scan(const char *proc, struct listeners **ret)
{
	_cleanup_(listeners_freep) struct listeners *l = calloc(1, sizeof(*l));
	_cleanup_(freep) struct process_row *rows = calloc(PROCESSES_MAX, sizeof(*rows));
	size_t n = 0;
	int err;

	if (!l || !rows)
		return -ENOMEM;
	err = list_processes(proc, rows, &n);
	if (err)
		return err;
	qsort(rows, n, sizeof(*rows), compare_netns);
	for (size_t i = 0; i < n; i++) {
		size_t before = l->n;

		/* One process shows its whole namespace; the next one if that has just gone. */
		if (i && rows[i].netns == rows[i - 1].netns && before &&
		    l->rows[before - 1].netns == rows[i].netns)
			continue;
		err = read_tables(l, proc, rows[i].pid, rows[i].netns);
		if (err)
			return err;
	}
	if (l->n)
		qsort(l->rows, l->n, sizeof(*l->rows), compare_inodes);
	for (size_t i = 0; l->n && i < n; i++)
		find_held(l, proc, rows[i].pid);
	*ret = TAKE(l);
	return 0;
}

uint32_t listeners_owner(const struct listeners *l, uint32_t netns, uint16_t port)
{
	uint32_t pid = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->rows[i].pid && l->rows[i].port == port && l->rows[i].netns == netns &&
		    is_better_owner(l->rows[i].pid, pid))
			pid = l->rows[i].pid;
	return pid;
}

struct wanted {
	uint16_t port;
	bool found;
};

static void look_for(void *context, struct socket_row *row)
{
	struct wanted *w = context;

	w->found |= row->port == w->port;
}

bool listeners_still_held(struct listeners *l, const char *proc, uint32_t pid, uint16_t port)
{
	struct wanted w = { .port = port };

	each_held(l, proc, pid, look_for, &w);
	return w.found;
}

bool listener_held(const char *proc, uint32_t pid, uint16_t port)
{
	_cleanup_(listeners_freep) struct listeners *l = calloc(1, sizeof(*l));
	size_t kept = 0;

	if (!l || read_tables(l, proc, pid, 0))
		return false;
	for (size_t i = 0; i < l->n; i++)
		if (l->rows[i].port == port)
			l->rows[kept++] = l->rows[i];
	l->n = kept;
	if (!kept)
		return false;
	qsort(l->rows, l->n, sizeof(*l->rows), compare_inodes);
	find_held(l, proc, pid);
	return listeners_owner(l, 0, port) == pid;
}
