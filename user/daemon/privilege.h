/* SPDX-License-Identifier: Apache-2.0 */
/*
 * privilege.h - gives up what root may do and the daemon does not need: another user where one is
 * configured, three capabilities, no way back, a filter of system calls.
 * Knows: users, capabilities, limits, seccomp. Must not know: what the daemon does with what is left.
 *
 * Afterwards the process may: load, attach and pin BPF programs (CAP_BPF, CAP_PERFMON), see which
 * executable any process runs (CAP_SYS_PTRACE, which reads; the filter has no ptrace()), and what any
 * process of its user may do with files and sockets. It stays so: nothing that is executed has more.
 */
#ifndef TROTH_DAEMON_PRIVILEGE_H
#define TROTH_DAEMON_PRIVILEGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PRIVILEGE_GROUPS_MAX 64

/* What a system call gets that the filter does not let through. */
enum privilege_refusal {
	PRIVILEGE_EPERM, /* the daemon goes on measuring, without whatever wanted the call */
	PRIVILEGE_KILL,	 /* for tests: whatever the daemon does passes the filter */
};

struct privilege_options {
	const char *user; /* to become: name, "UID" or "UID:GID"; NULL or "": stay who we are */
	const char *state_dir, *pin_dir; /* handed over with all in them; NULL: none */
	bool commands;	    /* programs are to be run: execve() and what they usually need */
	unsigned int files; /* descriptors at most; 0: 1024 */
	enum privilege_refusal refusal;
};

/* Who to become; looked up while files and directory services of users can be read. */
struct privilege_user {
	bool change; /* false: nobody else */
	uid_t uid;
	gid_t gid, groups[PRIVILEGE_GROUPS_MAX];
	size_t n_groups;
};

/* Before anything is loaded. 0; -EINVAL (no such user), -EPERM (cannot become it): why has one line. */
int privilege_prepare(const struct privilege_options *o, struct privilege_user *ret, char *why,
		      size_t why_size);

/*
 * When everything is loaded, attached, pinned, opened and listening, and no thread was made yet. Of
 * state_dir and pin_dir and what is in them the user becomes the owner (that of files with one name
 * only; symbolic links are left). 0 or -errno, and why has one line: end then, half is given up.
 */
int privilege_drop(const struct privilege_options *o, const struct privilege_user *u, char *why,
		   size_t why_size);

/* --- its parts ---------------------------------------------------------------------------------- */

/* path and what is in it, four levels deep: owned by uid and gid. 0 or -errno. */
int privilege_hand_over(const char *path, uid_t uid, gid_t gid);

/* The filter alone, for this thread and those it makes. Needs no_new_privs. 0 or -errno. */
int privilege_filter(bool commands, enum privilege_refusal refusal);

#endif
