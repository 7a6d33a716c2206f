/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup.h - what the path of a control group says about who runs in it.
 * Knows: cgroup v1, hybrid and v2; how systemd and the container runtimes name groups.
 * Must not know: endpoints, services.
 */
#ifndef TROTH_COLLECT_CGROUP_H
#define TROTH_COLLECT_CGROUP_H

#include <stdint.h>

#include "../base/cleanup.h"

/* Each NULL where the path does not say. Owned by the struct. */
struct cgroup_place {
	char *unit;	 /* systemd's, as systemctl prints it; a container's scope is none */
	char *container; /* 64 hex digits, or the name that LXC or nspawn gave */
	char *pod;	 /* Kubernetes: uid with dashes; podman: 64 hex digits */
};

/*
 * The telling path out of the text of /proc/PID/cgroup: v2's unless it is the root, else that of
 * name=systemd, else of any controller; "/" where none tells anything. The caller frees.
 * 0, -EINVAL (no line is well-formed), -ENOMEM.
 */
int cgroup_choose(const char *text, char **ret);

/* Innermost unit, container and pod. 0 or -ENOMEM; paths that say nothing are no error. */
int cgroup_place(const char *path, struct cgroup_place *ret);
void cgroup_place_clear(struct cgroup_place *p);

/*
 * Where the text of /proc/self/mountinfo has the cgroup v2 hierarchy, and which group that mount
 * shows as its root. The caller frees both. 0, -ENOENT, -ENOMEM.
 */
int cgroup_mount(const char *mountinfo, char **ret_point, char **ret_root);

/*
 * Path of the v2 group with that id (bpf_get_current_cgroup_id). It needs no process, only that
 * the group still exists, and CAP_DAC_READ_SEARCH. proc: "/proc", for its self/mountinfo.
 * The caller frees. 0, -ENOENT (no such group, or no v2 hierarchy), -EPERM, -ENOMEM.
 */
int cgroup_path_of_id(const char *proc, uint64_t id, char **ret);

/*
 * The same path from what is known of the mount: its point and root as cgroup_mount() gives them, the
 * group's directory as the mount shows it. The caller frees. 0, -ENOENT (not in it), -ENOMEM.
 */
int cgroup_path_inside(const char *point, const char *root, const char *directory, char **ret);

/* cgroup_mount() of the text in proc's self/mountinfo. */
int cgroup_mount_of(const char *proc, char **ret_point, char **ret_root);

#endif
