// SPDX-License-Identifier: Apache-2.0
/*
 * hooks.c - see hooks.h. Programs are known by their descriptors alone, so nothing here needs
 * to know how troth is made inside: those that collect loads are found in /proc/self/fd, those
 * of bpftrace are taken over by id before it leaves.
 */
#include "hooks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "floor.skel.h"
#include "user/collect/programs.h"

#define HOOKS_MAX   32
#define DESCRIPTORS 1024
#define BPFTRACE_S  20
#define WAIT_MS	    10000

struct hook {
	int program, link;
	char tracepoint[64]; /* of a system call; "": a BTF tracepoint, which the program names */
};

struct hooks {
	struct hook hooks[HOOKS_MAX];
	unsigned int n;
	struct programs *programs; /* borrowed descriptors; NULL: all are ours */
};

static void hook_add(struct hooks *h, int program, const char *tracepoint)
{
	struct hook *k = &h->hooks[h->n];

	if (h->n == HOOKS_MAX)
		return;
	k->program = program;
	k->link = -1;
	snprintf(k->tracepoint, sizeof(k->tracepoint), "%s", tracepoint);
	h->n++;
}

static int tracepoint_open(const struct hook *k)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT,
					.size = sizeof(attr),
					.sample_period = 1,
					.wakeup_events = 1 };
	char path[128];
	int fd, r = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/tracing/events/syscalls/%s/id", k->tracepoint);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	if (fscanf(f, "%llu", (unsigned long long *)&attr.config) != 1)
		r = -EINVAL;
	fclose(f);
	if (r)
		return r;
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, k->program) || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0)) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

int hooks_attach(struct hooks *h)
{
	for (unsigned int i = 0; i < h->n; i++) {
		struct hook *k = &h->hooks[i];
		int fd = *k->tracepoint ? tracepoint_open(k) :
					  bpf_raw_tracepoint_open(NULL, k->program);

		if (fd < 0) {
			hooks_detach(h);
			return fd == -1 ? -errno : fd;
		}
		k->link = fd;
	}
	return 0;
}

void hooks_detach(struct hooks *h)
{
	for (unsigned int i = 0; i < h->n; i++) {
		closep(&h->hooks[i].link);
		h->hooks[i].link = -1;
	}
}

void hooks_free(struct hooks *h)
{
	if (!h)
		return;
	hooks_detach(h);
	for (unsigned int i = 0; i < h->n && !h->programs; i++)
		close(h->hooks[i].program);
	programs_free(h->programs);
	free(h);
}

static bool alone(void)
{
	__u32 id = 0;
	bool found = false;

	while (!found && !bpf_link_get_next_id(id, &id)) {
		struct bpf_link_info info = {};
		__u32 size = sizeof(info);
		int fd = bpf_link_get_fd_by_id(id);

		if (fd < 0)
			continue;
		found = !bpf_obj_get_info_by_fd(fd, &info, &size) &&
			info.type == BPF_LINK_TYPE_RAW_TRACEPOINT;
		close(fd);
	}
	return !found;
}

void hooks_wait_alone(void)
{
	static unsigned int waited_ms;

	for (; waited_ms < WAIT_MS && !alone(); waited_ms += 5)
		usleep(5000);
}

int hooks_sweep(struct hooks *h)
{
	return programs_sweep(h->programs, false, NULL, NULL);
}

int hooks_floor(struct hooks **ret)
{
	struct floor_bpf *s = floor_bpf__open_and_load();
	struct hooks *h = calloc(1, sizeof(*h));
	struct bpf_program *program;

	if (!s || !h) {
		floor_bpf__destroy(s);
		free(h);
		return -errno;
	}
	bpf_object__for_each_program(program, s->obj)
		hook_add(h, fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 3), "");
	floor_bpf__destroy(s);
	*ret = h;
	return 0;
}

/* Sets a flag for each descriptor of ours that is one, "anon_inode:bpf-prog" as an example. */
static void descriptors_mark(const char *kind, bool *flags)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	char path[64], target[64];

	memset(flags, 0, DESCRIPTORS);
	while (dir && (entry = readdir(dir))) {
		int fd = atoi(entry->d_name);
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, target, sizeof(target) - 1);
		if (n > 0 && fd < DESCRIPTORS) {
			target[n] = '\0';
			flags[fd] = !strcmp(target, kind);
		}
	}
	if (dir)
		closedir(dir);
}

static __u32 program_id(int program)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(program, &info, &size) ? 0 : info.id;
}

/* The programs behind the links that are open: what is called by others only has none. */
static unsigned int linked(const bool *links, __u32 *ids, unsigned int max)
{
	unsigned int n = 0;

	for (int fd = 0; fd < DESCRIPTORS; fd++) {
		struct bpf_link_info info = {};
		__u32 size = sizeof(info);

		if (links[fd] && n < max && !bpf_obj_get_info_by_fd(fd, &info, &size) &&
		    info.type == BPF_LINK_TYPE_RAW_TRACEPOINT)
			ids[n++] = info.prog_id;
	}
	return n;
}

/*
 * Those links go, and programs_open() is not told: programs_detach() would end the measurement, and
 * hooks that are attached again would do nothing. Their descriptors stay, and stand for nothing.
 */
static int take_links(const bool *links)
{
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC), r = 0;

	if (nothing < 0)
		return -errno;
	for (int fd = 0; fd < DESCRIPTORS && !r; fd++) {
		struct bpf_link_info info = {};
		__u32 size = sizeof(info);

		if (links[fd] && !bpf_obj_get_info_by_fd(fd, &info, &size) &&
		    info.type == BPF_LINK_TYPE_RAW_TRACEPOINT && dup3(nothing, fd, O_CLOEXEC) < 0)
			r = -errno;
	}
	close(nothing);
	return r;
}

static bool among(__u32 id, const __u32 *ids, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

int hooks_troth(enum backend backend, uint16_t port, struct hooks **ret)
{
	struct collector_options o = {
		.max_series = 4096,
		.ports = { port },
		.n_ports = port != 0,
		.roles = { true, true },
		.thresholds = { { PART_DURATION, 0, 500000000 },
				{ PART_DURATION, 0, 10000000000 } },
		.n_thresholds = 2,
		.idle_end_ns = 5000000000,
	};
	bool before[DESCRIPTORS], after[DESCRIPTORS], links[DESCRIPTORS];
	struct hooks *h = calloc(1, sizeof(*h));
	__u32 ids[HOOKS_MAX];
	unsigned int n;
	int r;

	if (!h)
		return -ENOMEM;
	descriptors_mark("anon_inode:bpf-prog", before);
	r = programs_open(&o, backend, &h->programs);
	if (r) {
		free(h);
		return r;
	}
	descriptors_mark("anon_inode:bpf-prog", after);
	descriptors_mark("anon_inode:bpf_link", links);
	n = linked(links, ids, HOOKS_MAX);
	r = take_links(links);
	if (r) {
		hooks_free(h);
		return r;
	}
	for (int fd = 0; fd < DESCRIPTORS; fd++)
		if (after[fd] && !before[fd] && among(program_id(fd), ids, n))
			hook_add(h, fd, "");
	*ret = h;
	return 0;
}

/* The perf events of a process that carry a program: descriptors of those programs are ours. */
static void take_over(struct hooks *h, pid_t pid)
{
	char path[64];
	struct dirent *entry;
	DIR *dir;

	h->n = 0;
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		__u32 size = sizeof(h->hooks[0].tracepoint), id, type;
		char name[sizeof(h->hooks[0].tracepoint)] = "";
		__u64 offset, address;

		if (bpf_task_fd_query((int)pid, atoi(entry->d_name), 0, name, &size, &id, &type,
				      &offset, &address) ||
		    type != BPF_FD_TYPE_TRACEPOINT)
			continue;
		hook_add(h, bpf_prog_get_fd_by_id(id), name);
	}
	if (dir)
		closedir(dir);
}

static pid_t bpftrace_start(const char *script, FILE **ret)
{
	int ends[2];
	pid_t pid;

	if (pipe(ends))
		return -errno;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		if (!freopen("/dev/null", "w", stderr))
			_exit(127);
		execlp("bpftrace", "bpftrace", script, NULL);
		_exit(127);
	}
	close(ends[1]);
	*ret = fdopen(ends[0], "r");
	return pid;
}

int hooks_bpftrace(const char *script, struct hooks **ret)
{
	struct hooks *h = calloc(1, sizeof(*h));
	unsigned int wanted = 0;
	char line[256];
	FILE *said = NULL;
	pid_t pid;

	if (!h)
		return -ENOMEM;
	pid = bpftrace_start(script, &said);
	if (pid < 0 || !said) {
		free(h);
		return -ENOENT;
	}
	while (!wanted && fgets(line, sizeof(line), said))
		sscanf(line, "Attaching %u probe", &wanted);
	for (unsigned int i = 0; wanted && h->n < wanted && i < BPFTRACE_S * 100; i++) {
		for (unsigned int k = 0; k < h->n; k++)
			close(h->hooks[k].program);
		take_over(h, pid);
		usleep(10000);
	}
	kill(pid, SIGINT);
	while (fgets(line, sizeof(line), said))
		;
	fclose(said);
	waitpid(pid, NULL, 0);
	if (!wanted || h->n < wanted) {
		hooks_free(h);
		return -ENOENT;
	}
	*ret = h;
	return 0;
}
