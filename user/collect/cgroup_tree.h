/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_tree.h - paths of v2 groups by their numbers, for whoever may not open them by number: a
 * group's number is its directory's inode, so a walk over the hierarchy learns them all.
 * Knows: the mounted hierarchy. Must not know: endpoints, what a path says.
 */
#ifndef TROTH_COLLECT_CGROUP_TREE_H
#define TROTH_COLLECT_CGROUP_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/cleanup.h"

struct cgroup_tree;

/*
 * proc: as cgroup_path_of_id(). max_groups: those that one walk learns, 0 is 8192. handles: open a group
 * by its number where that is allowed. 0 or -ENOMEM.
 */
int cgroup_tree_new(const char *proc, unsigned int max_groups, bool handles,
		    struct cgroup_tree **ret);
void cgroup_tree_free(struct cgroup_tree *t); /* NULL is fine */
DEFINE_FREEP(struct cgroup_tree, cgroup_tree_free)

/*
 * The path of the group with that number; the caller frees. *asked is 0 at the first call for a
 * number, and then what the last call left there.
 *
 * Where a walk is needed, it is one for all who ask, looks into at most 256 groups a tick, and comes,
 * while walks find nothing that was asked for, at intervals doubling to 64 ticks.
 * 0; -EAGAIN: ask again when cgroup_tree_answers(); -ENOENT: no such group; -ENOMEM.
 */
int cgroup_tree_path(struct cgroup_tree *t, uint64_t id, uint64_t *asked, char **ret);

/* Whether the walk that *asked stands for has ended. */
bool cgroup_tree_answers(const struct cgroup_tree *t, uint64_t asked);

/* Once a tick: goes on with a walk. 0 or -ENOMEM. */
int cgroup_tree_tick(struct cgroup_tree *t);

/* Groups that the last walk found no room for: what runs in them has no unit. */
unsigned int cgroup_tree_left_out(const struct cgroup_tree *t);

#endif
