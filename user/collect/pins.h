/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pins.h - a directory in bpffs that belongs to one process: what is pinned there, and in which order
 * it changes. Knows: bpffs. Must not know: what maps and links are for.
 *
 *  maps		what is counted and known; it outlives programs
 *  maps-new		the same, being made; renamed into place when it is whole
 *  links, links-new	hooks, and what belongs to the same programs
 *  maps-old, links-old	on their way out, perhaps half gone
 *
 * (A bpffs takes no dots in names.)
 */
#ifndef TROTH_COLLECT_PINS_H
#define TROTH_COLLECT_PINS_H

#include <stdbool.h>
#include <stddef.h>

#include "../base/cleanup.h"

struct pins;

/*
 * Takes the directory, made where it is not there if make, until pins_close(), and clears away what
 * killed starts left. 0; -EBUSY: another process has it; -ENOENT: not there; -errno. why has a line.
 */
int pins_open(const char *dir, bool make, struct pins **ret, char *why, size_t why_size);
void pins_close(struct pins *p); /* NULL is fine; what is pinned stays */
DEFINE_FREEP(struct pins, pins_close)

/* where: a directory of the above. Each 0 or -errno; get: a file descriptor. */
bool pins_have(const struct pins *p, const char *where);
int pins_make(const struct pins *p, const char *where); /* and empty */
int pins_put(const struct pins *p, const char *where, const char *name, int fd);
int pins_get(const struct pins *p, const char *where, const char *name);
int pins_rename(const struct pins *p, const char *from, const char *to);
/* Not there is fine. maps and links go as a whole: first out of their place, as -old, then file by file. */
int pins_remove(const struct pins *p, const char *where);

/* Everything, the directory itself too where that can be. Links go first. */
int pins_remove_all(const struct pins *p);

#endif
