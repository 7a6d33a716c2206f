// SPDX-License-Identifier: Apache-2.0
/*
 * privilege.c - see privilege.h. Which system calls are left is in privilege_filter.c, whose files
 * change hands in privilege_owner.c.
 */
#include "privilege.h"

#include <cap-ng.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/securebits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../base/cleanup.h"

#define FILES_DEFAULT 1024

/* Each with what is lost without it: docs/operating.md, "What it may do". */
static const unsigned int kept[] = { CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE };
#define N_KEPT (sizeof(kept) / sizeof(kept[0]))

/* Root is nobody special any more, and none of it can be taken back. */
#define SECURE_BITS                                                                                \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |                           \
	 SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |   \
	 SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

__attribute__((format(printf, 4, 5))) static int fail(int err, char *why, size_t why_size,
						      const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, why_size, format, args);
	va_end(args);
	return err;
}

/* "1000" or "1000:100"; false: a name. */
static bool parse_ids(const char *text, unsigned long *uid, unsigned long *gid)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*uid = *gid = strtoul(text, &end, 10);
	if (*end == ':' && end[1] >= '0' && end[1] <= '9')
		*gid = strtoul(end + 1, &end, 10);
	/* The last number means "leave as it is" to the kernel. */
	return !errno && !*end && *uid < UINT32_MAX && *gid < UINT32_MAX;
}

/* A number without a group that no user has is that number in both. */
static int look_up(const char *user, struct privilege_user *u, char *why, size_t why_size)
{
	int n_groups = PRIVILEGE_GROUPS_MAX;
	bool by_number, group_is_given;
	unsigned long uid, gid;
	struct passwd *known;

	by_number = parse_ids(user, &uid, &gid);
	group_is_given = by_number && strchr(user, ':');
	known = group_is_given ? NULL : by_number ? getpwuid((uid_t)uid) : getpwnam(user);
	if (!known && !by_number)
		return fail(
			-EINVAL, why, why_size,
			"there is no user '%s': make it (useradd --system %s), or leave `user` empty",
			user, user);
	u->uid = known ? known->pw_uid : (uid_t)uid;
	u->gid = known ? known->pw_gid : (gid_t)gid;
	if (!known)
		return 0;
	if (getgrouplist(known->pw_name, u->gid, u->groups, &n_groups) < 0)
		return fail(-EINVAL, why, why_size,
			    "user '%s' is in more than %d groups: take a user of fewer", user,
			    PRIVILEGE_GROUPS_MAX);
	u->n_groups = (size_t)n_groups;
	return 0;
}

int privilege_prepare(const struct privilege_options *o, struct privilege_user *ret, char *why,
		      size_t why_size)
{
	static const struct {
		unsigned int capability;
		bool for_change; /* only where another user is to be */
	} needs[] = { { CAP_SETPCAP, false }, { CAP_SETUID, true }, { CAP_SETGID, true } };
	struct privilege_user u = { .change = o->user && *o->user };
	int r = u.change ? look_up(o->user, &u, why, why_size) : 0;

	if (r)
		return r;
	capng_get_caps_process();
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if ((u.change || (!needs[i].for_change && !geteuid())) &&
		    !capng_have_capability(CAPNG_EFFECTIVE, needs[i].capability))
			return fail(
				-EPERM, why, why_size,
				"privileges cannot be given up without CAP_%s%s: give it at the "
				"start (CapabilityBoundingSet= of the unit)",
				u.change ? "SETPCAP, CAP_SETUID and CAP_SETGID" : "SETPCAP",
				u.change ? ", to become another user" : "");
	*ret = u;
	return 0;
}

/* Capabilities and the filter are each thread's own: there must be one thread only. */
static bool is_alone(void)
{
	DIR *tasks = opendir("/proc/self/task");
	unsigned int n = 0;
	struct dirent *d;

	while (tasks && (d = readdir(tasks)))
		n += d->d_name[0] != '.';
	if (tasks)
		closedir(tasks);
	return n == 1;
}

static int limit(int resource, rlim_t most)
{
	struct rlimit now;

	if (getrlimit(resource, &now))
		return -errno;
	if (now.rlim_max > most)
		now.rlim_max = most;
	now.rlim_cur = most < now.rlim_max ? most : now.rlim_max;
	return setrlimit(resource, &now) ? -errno : 0;
}

static int set_limits(const struct privilege_options *o)
{
	static const struct rlimit endless = { RLIM_INFINITY, RLIM_INFINITY };
	int r = limit(RLIMIT_CORE, 0); /* what was measured, and tokens, would be in it */

	/* Before 5.11 maps count as locked memory, those of a later load too. Without the right: as is. */
	(void)setrlimit(RLIMIT_MEMLOCK, &endless);
	return r ? r : limit(RLIMIT_NOFILE, o->files ? o->files : FILES_DEFAULT);
}

/* Capabilities stay as they are meanwhile: SECBIT_NO_SETUID_FIXUP. */
static int become(const struct privilege_user *u)
{
	if (setgroups(u->n_groups, u->groups) || setresgid(u->gid, u->gid, u->gid) ||
	    setresuid(u->uid, u->uid, u->uid))
		return -errno;
	return 0;
}

/* Bounds: what is executed gets nothing. This process keeps what it has of the few. */
static int give_up(bool may_set_bounds)
{
	unsigned int left[N_KEPT], n = 0;

	capng_get_caps_process();
	for (unsigned int i = 0; i < N_KEPT; i++)
		if (capng_have_capability(CAPNG_PERMITTED, kept[i]))
			left[n++] = kept[i];
	capng_clear(CAPNG_SELECT_ALL);
	for (unsigned int i = 0; i < n; i++)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, left[i]);
	if (capng_apply(CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT |
			(may_set_bounds ? CAPNG_SELECT_BOUNDS : 0)))
		return -EPERM;
	/* Not dumpable: nobody but root sees its memory, nor which files it has open. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	return 0;
}

/* Said now, not at the first write: a bpffs is often closed to all but root. */
static int check_reach(const char *path, char *why, size_t why_size)
{
	int r = path && faccessat(AT_FDCWD, path, R_OK | W_OK | X_OK, AT_EACCESS) ? -errno : 0;

	return r ? fail(r, why, why_size,
			"uid %u cannot use %s: %s; open it and the directories above to that user "
			"(namei -l %s shows them), or leave `user` empty",
			geteuid(), path, strerror(-r), path) :
		   0;
}

static int hand_over(const char *path, const struct privilege_user *u, char *why, size_t why_size)
{
	int r;

	if (!path)
		return 0;
	/* Whoever was configured before may own some of it: root without its powers must own it. */
	r = privilege_hand_over(path, u->change ? u->uid : geteuid(),
				u->change ? u->gid : (gid_t)-1);
	if (!r || !u->change) /* not to be had: then it must do as it is */
		return 0;
	return fail(r, why, why_size, "%s cannot be given to uid %u: %s", path, u->uid,
		    strerror(-r));
}

int privilege_drop(const struct privilege_options *o, const struct privilege_user *u, char *why,
		   size_t why_size)
{
	/*
	 * Whoever starts as another user with a few capabilities (AmbientCapabilities= of a unit)
	 * cannot set bounds, and need not: what such a user executes has ambient ones at most.
	 */
	bool may_set_bounds = u->change || !geteuid();
	int r;

	if (!is_alone())
		return fail(-EBUSY, why, why_size,
			    "privileges cannot be given up: there are threads already");
	r = set_limits(o);
	if (r)
		return fail(r, why, why_size, "limits cannot be set: %s", strerror(-r));
	r = hand_over(o->state_dir, u, why, why_size);
	if (!r)
		r = hand_over(o->pin_dir, u, why, why_size);
	if (r)
		return r;
	if (may_set_bounds && prctl(PR_SET_SECUREBITS, SECURE_BITS, 0, 0, 0))
		return fail(-errno, why, why_size, "securebits cannot be set: %s", strerror(errno));
	r = u->change ? become(u) : 0;
	if (r)
		return fail(r, why, why_size, "cannot become uid %u, gid %u: %s", u->uid, u->gid,
			    strerror(-r));
	r = give_up(may_set_bounds);
	if (r)
		return fail(r, why, why_size, "capabilities cannot be given up: %s", strerror(-r));
	r = check_reach(o->state_dir, why, why_size);
	if (!r)
		r = check_reach(o->pin_dir, why, why_size);
	if (r)
		return r;
	r = privilege_filter(o->commands, o->refusal);
	return r ? fail(r, why, why_size, "the filter of system calls cannot be set: %s",
			strerror(-r)) :
		   0;
}
