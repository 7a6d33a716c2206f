// SPDX-License-Identifier: Apache-2.0
/*
 * forbidden.c - calls that must be refused after the drop. Each would do nothing that matters if it
 * were allowed.
 */
#include "driver.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int by_id(int command)
{
	union bpf_attr attr = { .start_id = 0 };

	return (int)syscall(SYS_bpf, command, &attr, sizeof(attr));
}

static int written_and_executed(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	return p == MAP_FAILED ? -1 : munmap(p, 4096);
}

static int made_executable(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int r = mprotect(p, 4096, PROT_READ | PROT_EXEC), err = errno;

	munmap(p, 4096);
	errno = err;
	return r;
}

static int by_handle(void)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + 8];
	} h = { .handle = { .handle_bytes = 8, .handle_type = 0xfe } };

	return open_by_handle_at(AT_FDCWD, &h.handle, O_PATH | O_CLOEXEC);
}

static int more_files(void)
{
	struct rlimit r;

	getrlimit(RLIMIT_NOFILE, &r);
	return setrlimit(RLIMIT_NOFILE, &r);
}

static int read_parent(void)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { &read_parent, 1 };

	return (int)process_vm_readv(getppid(), &here, 1, &there, 1, 0);
}

static int execute(void)
{
	char *argv[] = { (char *)"true", NULL };

	return execve("/bin/true", argv, argv + 1);
}

static int forked(unsigned long flags)
{
	long pid = syscall(SYS_clone, flags, 0, 0, 0, 0);

	if (!pid)
		_exit(0);
	return (int)pid;
}

static int forge(void)
{
	struct {
		int version, pid;
	} head = { 0x20080522, 0 };
	struct {
		unsigned int effective, permitted, inheritable;
	} data[2] = { { 0 } };

	return (int)syscall(SYS_capset, &head, data);
}

/* Where they are allowed, the last two take from the process what the others show. */
#define CALLS(X)                                                                                   \
	X(mount, mount("none", "/nonexistent", "tmpfs", 0, NULL))                                  \
	X(umount, umount2("/nonexistent", 0))                                                      \
	X(move_mount, (int)syscall(SYS_move_mount, -1, "", -1, "", 0))                             \
	X(fsopen, (int)syscall(SYS_fsopen, "tmpfs", 0))                                            \
	X(chroot, chroot("/"))                                                                     \
	X(pivot_root, (int)syscall(SYS_pivot_root, "/", "/"))                                      \
	X(ptrace, (int)ptrace(PTRACE_SEIZE, getppid(), NULL, NULL))                                \
	X(process_vm_readv, read_parent())                                                         \
	X(kcmp, (int)syscall(SYS_kcmp, getpid(), getppid(), 0, 0, 0))                              \
	X(pidfd_getfd, (int)syscall(SYS_pidfd_getfd, -1, 0, 0))                                    \
	X(setuid, setuid(0))                                                                       \
	X(setresuid, setresuid(0, 0, 0))                                                           \
	X(setgid, setgid(0))                                                                       \
	X(setgroups, (int)syscall(SYS_setgroups, 0, NULL))                                         \
	X(setfsuid, (int)syscall(SYS_setfsuid, -1))                                                \
	X(securebits, prctl(PR_SET_SECUREBITS, 0, 0, 0, 0))                                        \
	X(ambient, prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 39, 0, 0))                          \
	X(dumpable, prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))                                            \
	X(init_module, (int)syscall(SYS_init_module, NULL, 0, ""))                                 \
	X(finit_module, (int)syscall(SYS_finit_module, -1, "", 0))                                 \
	X(delete_module, (int)syscall(SYS_delete_module, "none", 0))                               \
	X(kexec_load, (int)syscall(SYS_kexec_load, 0, 0, NULL, 0))                                 \
	X(reboot, (int)syscall(SYS_reboot, 0, 0, 0, NULL))                                         \
	X(swapon, (int)syscall(SYS_swapon, "/nonexistent", 0))                                     \
	X(sethostname, (int)syscall(SYS_sethostname, "", 1 << 20))                                 \
	X(settimeofday, (int)syscall(SYS_settimeofday, NULL, NULL))                                \
	X(adjtimex, (int)syscall(SYS_adjtimex, NULL))                                              \
	X(unshare, unshare(0))                                                                     \
	X(setns, setns(-1, 0))                                                                     \
	X(clone_user, forked(CLONE_NEWUSER | SIGCHLD))                                             \
	X(clone3, (int)syscall(SYS_clone3, NULL, 0))                                               \
	X(keyctl, (int)syscall(SYS_keyctl, 0, -4, 0, 0, 0))                                        \
	X(add_key, (int)syscall(SYS_add_key, "user", "x", "x", 1, 0))                              \
	X(personality, (int)syscall(SYS_personality, 0xffffffff))                                  \
	X(open_by_handle_at, by_handle())                                                          \
	X(userfaultfd, (int)syscall(SYS_userfaultfd, 0))                                           \
	X(perf_event_open, (int)syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0))                  \
	X(io_uring_setup, (int)syscall(SYS_io_uring_setup, 1, NULL))                               \
	X(fanotify_init, (int)syscall(SYS_fanotify_init, 0, 0))                                    \
	X(acct, (int)syscall(SYS_acct, "/nonexistent"))                                            \
	X(mknod, mknod("/nonexistent/x", 0600 | S_IFBLK, 0))                                       \
	X(bpf_prog_by_id, by_id(BPF_PROG_GET_FD_BY_ID))                                            \
	X(bpf_map_by_id, by_id(BPF_MAP_GET_FD_BY_ID))                                              \
	X(bpf_next_id, by_id(BPF_PROG_GET_NEXT_ID))                                                \
	X(bpf_prog_attach, by_id(BPF_PROG_ATTACH))                                                 \
	X(packet_socket, socket(AF_PACKET, SOCK_RAW, 0))                                           \
	X(netlink_audit, socket(AF_NETLINK, SOCK_RAW, 9))                                          \
	X(raw_socket, socket(AF_INET, SOCK_RAW, 1))                                                \
	X(setrlimit, more_files())                                                                 \
	X(tiocsti, (int)syscall(SYS_ioctl, 0, 0x5412, ""))                                         \
	X(mmap_wx, written_and_executed())                                                         \
	X(mprotect_x, made_executable())                                                           \
	X(fork, forked(SIGCHLD))                                                                   \
	X(capset, forge())                                                                         \
	X(execve, execute())

void act_forbidden(struct stage *s, const char *unused)
{
	(void)s;
	(void)unused;
#define TRY(name, call)                                                                            \
	{                                                                                          \
		int err;                                                                           \
                                                                                                   \
		errno = 0;                                                                         \
		err = (call) < 0 ? errno : 0;                                                      \
		say(#name, err == (strcmp(#name, "clone3") ? EPERM : ENOSYS), "%s",                \
		    strerrorname_np(err));                                                         \
	}
	CALLS(TRY)
	say("forbidden", true, "%s", "");
}
