// SPDX-License-Identifier: Apache-2.0
/*
 * privilege_filter.c - see privilege.h: the system calls that are left, by libseccomp.
 *
 * A list of what may pass. What is not on it fails with EPERM: a library that comes to want another
 * call with its next version costs that one thing, not the measurement. Killing would turn it into a
 * daemon that does not start. Names that this machine or this libseccomp does not know are left out.
 */
#include "privilege.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <termios.h>

#include "../base/cleanup.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Whatever their arguments. */
static const char *const passing[] = {
	/* files: SQLite, /proc, certificates, time zones, resolv.conf */
	"access",
	"close",
	"close_range",
	"creat",
	"faccessat",
	"faccessat2",
	"fallocate",
	"fchmod",
	"fchown",
	"fcntl",
	"fdatasync",
	"flock",
	"fstat",
	"fstatfs",
	"fsync",
	"ftruncate",
	"getdents",
	"getdents64",
	"lseek",
	"lstat",
	"mkdir",
	"mkdirat",
	"newfstatat",
	"open",
	"openat",
	"pread64",
	"preadv",
	"pwrite64",
	"pwritev",
	"read",
	"readlink",
	"readlinkat",
	"readv",
	"rename",
	"renameat",
	"renameat2",
	"rmdir",
	"sendfile",
	"stat",
	"statfs",
	"statx",
	"sync_file_range",
	"umask",
	"uname",
	"unlink",
	"unlinkat",
	"utimensat",
	"write",
	"writev",
	/* memory, threads: libcurl resolves names in one */
	"brk",
	"exit",
	"exit_group",
	"futex",
	"futex_waitv",
	"get_robust_list",
	"getcpu",
	"gettid",
	"madvise",
	"membarrier",
	"mincore",
	"mremap",
	"msync",
	"munmap",
	"restart_syscall",
	"rseq",
	"sched_getaffinity",
	"sched_getparam",
	"sched_getscheduler",
	"sched_yield",
	"set_robust_list",
	"set_tid_address",
	/* sockets */
	"accept",
	"accept4",
	"bind",
	"connect",
	"getpeername",
	"getsockname",
	"getsockopt",
	"listen",
	"recvfrom",
	"recvmmsg",
	"recvmsg",
	"sendmmsg",
	"sendmsg",
	"sendto",
	"setsockopt",
	"shutdown",
	/* waiting, time, signals */
	"clock_getres",
	"clock_gettime",
	"clock_nanosleep",
	"epoll_create",
	"epoll_create1",
	"epoll_ctl",
	"epoll_pwait",
	"epoll_pwait2",
	"epoll_wait",
	"eventfd2",
	"gettimeofday",
	"nanosleep",
	"pipe",
	"pipe2",
	"poll",
	"ppoll",
	"pselect6",
	"rt_sigaction",
	"rt_sigpending",
	"rt_sigprocmask",
	"rt_sigreturn",
	"rt_sigsuspend",
	"rt_sigtimedwait",
	"select",
	"sigaltstack",
	"signalfd4",
	"time",
	"timerfd_create",
	"timerfd_gettime",
	"timerfd_settime",
	"times",
	/* who we are; nothing that changes it */
	"capget",
	"getegid",
	"geteuid",
	"getgid",
	"getgroups",
	"getpid",
	"getppid",
	"getrandom",
	"getresgid",
	"getresuid",
	"getrlimit",
	"getrusage",
	"getuid",
	"sysinfo",
	"tgkill",
};

/* Only where commands are to be run: for posix_spawn(), and for them, as the filter is theirs too. */
static const char *const for_commands[] = {
	"alarm",
	"arch_prctl",
	"chdir",
	"chmod",
	"copy_file_range",
	"dup",
	"dup2",
	"dup3",
	"execve",
	"fadvise64",
	"fchdir",
	"fchmodat",
	"fork",
	"getcwd",
	"getitimer",
	"getpgid",
	"getpgrp",
	"getpriority",
	"getsid",
	"ioctl",
	"kill",
	"link",
	"linkat",
	"memfd_create",
	"mlock",
	"mmap",
	"mprotect",
	"munlock",
	"pause",
	"pidfd_open",
	"pidfd_send_signal",
	"prlimit64",
	"sched_setaffinity",
	"setitimer",
	"setpgid",
	"setpriority",
	"setrlimit",
	"setsid",
	"splice",
	"symlink",
	"symlinkat",
	"sync",
	"tee",
	"timer_create",
	"timer_delete",
	"timer_gettime",
	"timer_settime",
	"tkill",
	"truncate",
	"utime",
	"utimes",
	"vfork",
	"wait4",
	"waitid",
};

/* One argument must be value, or, where there is a mask, value in the bits of the mask. */
struct rule {
	const char *name;
	unsigned int argument;
	uint64_t mask, value;
};

#define NAMESPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | \
	 CLONE_NEWCGROUP)
#define EXECUTED_AND_WRITTEN (PROT_EXEC | PROT_WRITE)
#define VMA_NAMES	     0x53564d41 /* PR_SET_VMA: glibc and others name their memory */
#define ALL		     UINT64_MAX
#define INT		     UINT32_MAX /* above it a register may hold anything */

/* Nothing by number: a program or map of somebody else's is none of ours. */
static const struct rule with_argument[] = {
	{ "bpf", 0, INT, BPF_MAP_CREATE },
	{ "bpf", 0, INT, BPF_MAP_LOOKUP_ELEM },
	{ "bpf", 0, INT, BPF_MAP_UPDATE_ELEM },
	{ "bpf", 0, INT, BPF_MAP_DELETE_ELEM },
	{ "bpf", 0, INT, BPF_MAP_LOOKUP_AND_DELETE_ELEM },
	{ "bpf", 0, INT, BPF_MAP_GET_NEXT_KEY },
	{ "bpf", 0, INT, BPF_MAP_FREEZE },
	{ "bpf", 0, INT, BPF_MAP_LOOKUP_BATCH },
	{ "bpf", 0, INT, BPF_MAP_UPDATE_BATCH },
	{ "bpf", 0, INT, BPF_MAP_DELETE_BATCH },
	{ "bpf", 0, INT, BPF_PROG_LOAD },
	{ "bpf", 0, INT, BPF_PROG_BIND_MAP },
	{ "bpf", 0, INT, BPF_BTF_LOAD },
	{ "bpf", 0, INT, BPF_OBJ_PIN },
	{ "bpf", 0, INT, BPF_OBJ_GET },
	{ "bpf", 0, INT, BPF_OBJ_GET_INFO_BY_FD },
	{ "bpf", 0, INT, BPF_RAW_TRACEPOINT_OPEN },
	{ "bpf", 0, INT, BPF_LINK_CREATE },
	{ "bpf", 0, INT, BPF_LINK_UPDATE },
	{ "bpf", 0, INT, BPF_LINK_DETACH },
	{ "bpf", 0, INT, BPF_ITER_CREATE },
	{ "clone", 0, NAMESPACES | CLONE_THREAD, CLONE_THREAD },
	/* getaddrinfo() asks which addresses this host has: NETLINK_ROUTE, and the kernel for its rights */
	{ "socket", 0, INT, AF_UNIX },
	{ "socket", 0, INT, AF_INET },
	{ "socket", 0, INT, AF_INET6 },
	{ "socketpair", 0, INT, AF_UNIX },
	/* libraries that are loaded later (NSS, PKCS 11) are executed, and not written to */
	{ "mmap", 2, EXECUTED_AND_WRITTEN, 0 },
	{ "mmap", 2, EXECUTED_AND_WRITTEN, PROT_EXEC },
	{ "mmap", 2, EXECUTED_AND_WRITTEN, PROT_WRITE },
	{ "mprotect", 2, PROT_EXEC, 0 },
	{ "ioctl", 1, INT, FIONBIO },
	{ "ioctl", 1, INT, FIONREAD },
	{ "ioctl", 1, INT, TCGETS },
	{ "prctl", 0, INT, PR_SET_NAME },
	{ "prctl", 0, INT, PR_GET_NAME },
	{ "prctl", 0, INT, PR_GET_NO_NEW_PRIVS },
	{ "prctl", 0, INT, PR_CAPBSET_READ },
	{ "prctl", 0, INT, PR_SET_PDEATHSIG },
	{ "prctl", 0, INT, VMA_NAMES },
	{ "prlimit64", 2, ALL, 0 }, /* no new limit */
};

static const struct rule process = { "clone", 0, NAMESPACES, 0 };

/* Whoever calls these takes the answer for what it is, and goes on without: never a reason to die. */
static const struct {
	const char *name;
	int error;
	bool some; /* only where the first argument is: */
	uint64_t first;
} answered[] = {
	/* Its flags are out of a filter's sight; libc then takes clone(), whose are not. */
	{ "clone3", ENOSYS, false, 0 },
	{ "openat2", ENOSYS, false, 0 },
	{ "open_by_handle_at", EPERM, false, 0 },    /* a group's name by its number */
	{ "bpf", EPERM, true, BPF_BTF_GET_NEXT_ID }, /* libbpf looks for modules' types */
	{ "bpf", EPERM, true, BPF_BTF_GET_FD_BY_ID },
};

static void releasep(scmp_filter_ctx *c)
{
	if (*c)
		seccomp_release(*c);
}

/* A call that is not there on this machine cannot be made either. */
static int number_of(const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	return number == __NR_SCMP_ERROR || number < 0 ? -1 : number;
}

static int pass(scmp_filter_ctx c, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int number = number_of(names[i]);
		int r = number < 0 ? 0 : seccomp_rule_add(c, SCMP_ACT_ALLOW, number, 0);

		if (r)
			return r;
	}
	return 0;
}

static int pass_some(scmp_filter_ctx c, const struct rule *rule)
{
	int number = number_of(rule->name);

	if (number < 0)
		return 0;
	return seccomp_rule_add(c, SCMP_ACT_ALLOW, number, 1,
				SCMP_CMP(rule->argument, SCMP_CMP_MASKED_EQ, rule->mask,
					 rule->value));
}

static int answer(scmp_filter_ctx c)
{
	for (size_t i = 0; i < COUNT(answered); i++) {
		uint32_t action = SCMP_ACT_ERRNO((uint32_t)answered[i].error);
		int number = number_of(answered[i].name), r;

		if (number < 0)
			continue;
		r = answered[i].some ? seccomp_rule_add(c, action, number, 1,
							SCMP_CMP(0, SCMP_CMP_MASKED_EQ, INT,
								 answered[i].first)) :
				       seccomp_rule_add(c, action, number, 0);
		if (r && r != -EACCES) /* that is what the rest gets anyhow */
			return r;
	}
	return 0;
}

int privilege_filter(bool commands, enum privilege_refusal refusal)
{
	uint32_t refused = refusal == PRIVILEGE_KILL ? SCMP_ACT_KILL_PROCESS :
						       SCMP_ACT_ERRNO(EPERM);
	_cleanup_(releasep) scmp_filter_ctx c = seccomp_init(refused);
	int netlink = number_of("socket"), r;

	if (!c)
		return -ENOMEM;
	(void)seccomp_attr_set(c, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, where it can */
	r = pass(c, passing, COUNT(passing));
	if (!r && commands)
		r = pass(c, for_commands, COUNT(for_commands));
	if (!r && commands)
		r = pass_some(c, &process);
	for (size_t i = 0; !r && i < COUNT(with_argument); i++)
		r = pass_some(c, &with_argument[i]);
	if (!r)
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, netlink, 2,
				     SCMP_A0(SCMP_CMP_MASKED_EQ, INT, AF_NETLINK),
				     SCMP_A2(SCMP_CMP_MASKED_EQ, INT, NETLINK_ROUTE));
	if (!r)
		r = answer(c);
	return r ? r : seccomp_load(c);
}
