/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve.h - endpoints to services: who is behind what the kernel counted.
 * Knows: the ABI's endpoints, /proc, cgroups. Must not know: maps, counts, output.
 *
 * Names. Server: "WHAT:PORT"; WHAT is the systemd service that runs it, without ".service" and
 * unless that service only starts other people's programs (sshd, cron, container engines ...); else
 * the program (program.h); else "port". Client: "PROGRAM->ADDRESS:PORT", IPv6 in brackets, since a
 * client is one program and one peer whatever service it belongs to. No blanks, no byte that is not
 * printable ASCII. Containers and pods are in the identity, and in the name only to tell two apart.
 */
#ifndef TROTH_COLLECT_RESOLVE_H
#define TROTH_COLLECT_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

#include "../base/cleanup.h"
#include "../store/rows.h"

struct resolver;

/*
 * proc: NULL is "/proc". max_names: series whose identity is remembered after their process has
 * gone; 0 is 4096. 0 or -ENOMEM.
 */
int resolver_new(const char *proc, unsigned int max_names, struct resolver **ret);
void resolver_free(struct resolver *r); /* NULL is fine */
DEFINE_FREEP(struct resolver, resolver_free)

/*
 * Who that is. *ret is written only on success; its strings are valid UTF-8 and the caller's.
 * A process that cannot be shown to be the one that the kernel noted (gone, or its number reused)
 * is not believed; then the kernel's comm and cgroup name the service, and a server is looked for
 * among the holders of listening sockets. A series that was once named by a believed process keeps
 * that until another one is. Cheap when repeated. 0 or -ENOMEM.
 */
int resolver_name(struct resolver *r, const struct endpoint_key *k, const struct endpoint *e,
		  struct identity *ret);

/* Whether a living process stood behind the name that resolver_name() gave last. */
bool resolver_believes(const struct resolver *r, const struct endpoint_key *k, uint32_t series);

/* Whether the kernel has yet to see who serves there. */
bool resolver_owner_missing(const struct endpoint_key *k, const struct endpoint *e);

/*
 * Whether resolver_name() can say more than it did: the path of a group that the daemon may not open
 * by its number was looked for, in the ticks since.
 */
bool resolver_knows_more(const struct resolver *r, const struct endpoint_key *k, uint32_t series);

/* Control groups that were more than are looked through. */
unsigned int resolver_groups_left_out(const struct resolver *r);

/*
 * Once a tick. Looking for the holder of a socket reads all of /proc/PID/fd: one scan answers for
 * all endpoints, and while scans find nothing new they come at intervals doubling to 64 ticks. 0 or -ENOMEM.
 */
int resolver_tick(struct resolver *r);

/*
 * Makes names of one role unique: to all that are equal, "@" and the first that tells some of them
 * apart: container (12 digits), pod, netns-NUMBER, executable's path; then pid-NUMBER; then #2, #3
 * in the order given. The outcome does not depend on the order otherwise. Entries without a name
 * are left alone. 0 or -ENOMEM, after which each entry still has a name.
 */
int resolver_disambiguate(struct identity *ids[], const enum role roles[], size_t n);

#endif
