/* SPDX-License-Identifier: Apache-2.0 */
/* listening.h - does anybody listen on a TCP port? Knows /proc; asks nobody else. */
#ifndef TROTH_COLLECT_LISTENING_H
#define TROTH_COLLECT_LISTENING_H

#include <stdbool.h>
#include <stdint.h>

/*
 * listening[i] tells whether ports[i] has a listener, in any network namespace that a process
 * lives in. 0 or -errno: it is not known.
 */
int listening_ports(const uint16_t *ports, unsigned int n, bool *listening);

#endif
