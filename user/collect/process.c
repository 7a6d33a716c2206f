// SPDX-License-Identifier: Apache-2.0
/* process.c - see process.h. */
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "procfs.h"

#define COMM_MAX    64
#define COMMAND_MAX (256 << 10) /* a Java class path before the main class can be this long */
#define CGROUPS_MAX (64 << 10)
#define THREADS_MAX 4096

static int read_comm(int fd, const char *path, char **ret)
{
	int err = procfs_read(fd, path, COMM_MAX, ret, NULL);

	if (!err)
		(*ret)[strcspn(*ret, "\n")] = '\0';
	return err;
}

static void read_exe(int fd, struct process *p)
{
	static const char deleted[] = " (deleted)";
	struct stat st;
	size_t length;

	/* The link leads to the file itself, even where its path does not any more. */
	if (!fstatat(fd, "exe", &st, 0))
		p->exe_inode = st.st_ino;
	if (procfs_link(fd, "exe", &p->exe))
		return;
	length = strlen(p->exe);
	if (length > strlen(deleted) && !strcmp(p->exe + length - strlen(deleted), deleted))
		p->exe[length - strlen(deleted)] = '\0';
}

/* A directory of /proc that is open goes on meaning the process it was opened for. */
static int open_process(const char *proc, uint32_t pid, const char *below)
{
	char path[4096];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%u%s", proc, pid, below) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return fd;
}

int process_read(const char *proc, uint32_t pid, struct process *ret)
{
	_cleanup_(process_clear) struct process p = { .pid = pid };
	_cleanup_(closep) int fd = open_process(proc, pid, "");
	uint64_t netns;
	int err;

	if (fd < 0)
		return fd;
	read_exe(fd, &p);
	if (!procfs_link_number(fd, "ns/net", "net", &netns))
		p.netns = (uint32_t)netns;
	err = procfs_read(fd, "cmdline", COMMAND_MAX, &p.command, &p.command_size);
	if (err == -ENOMEM)
		return err;
	err = procfs_read(fd, "cgroup", CGROUPS_MAX, &p.cgroups, NULL);
	if (err == -ENOMEM)
		return err;
	/* Read last: if it can be read, the process was there for all of the above. */
	err = read_comm(fd, "comm", &p.comm);
	if (err)
		return err == -ENOENT ? -ESRCH : err;
	*ret = p;
	p = (struct process){};
	return 0;
}

void process_clear(struct process *p)
{
	free(p->comm);
	free(p->exe);
	free(p->command);
	free(p->cgroups);
	*p = (struct process){};
}

bool process_has_comm(const char *proc, uint32_t pid, const char *comm)
{
	_cleanup_(closep) int fd = open_process(proc, pid, "/task");
	_cleanup_(closedirp) DIR *tasks = NULL;
	struct dirent *d;

	if (fd < 0)
		return false;
	tasks = fdopendir(fd);
	if (!tasks)
		return false;
	fd = -1; /* tasks closes it */
	for (int n = 0; n < THREADS_MAX && (d = readdir(tasks));) {
		_cleanup_(freep) char *own = NULL;
		char path[64];

		if (!procfs_pid(d->d_name))
			continue;
		n++;
		snprintf(path, sizeof(path), "%u/comm", procfs_pid(d->d_name));
		if (!read_comm(dirfd(tasks), path, &own) && !strcmp(own, comm))
			return true;
	}
	return false;
}
