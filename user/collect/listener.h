/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listener.h - which process holds a listening TCP socket, in any network namespace.
 * For endpoints whose owner the kernel has not seen. Reads every process's descriptors: dear, so
 * one scan answers for all ports. Knows: /proc. Must not know: endpoints, names.
 */
#ifndef TROTH_COLLECT_LISTENER_H
#define TROTH_COLLECT_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/cleanup.h"

struct listeners;

/* 0 or -errno. Bounded in processes, descriptors and sockets; processes that go are left out. */
int listeners_scan(const char *proc, struct listeners **ret);
void listeners_free(struct listeners *l); /* NULL is fine */
DEFINE_FREEP(struct listeners, listeners_free)

/*
 * The process with the lowest number that holds a listener there; pid 1 only if no other does (it
 * keeps the sockets that it passes on). 0: none known.
 */
uint32_t listeners_owner(const struct listeners *l, uint32_t netns, uint16_t port);

/* Whether this process holds one of those that were found, now. Does not read the tables again. */
bool listeners_still_held(struct listeners *l, const char *proc, uint32_t pid, uint16_t port);

/* Whether this process holds one, now. */
bool listener_held(const char *proc, uint32_t pid, uint16_t port);

#endif
