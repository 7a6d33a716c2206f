/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stdio.h - the three standard streams as a careful program needs them.
 * Knows: file descriptors, the environment. Must not know: what is printed.
 */
#ifndef TROTH_BASE_STDIO_H
#define TROTH_BASE_STDIO_H

#include <stdbool.h>
#include <stdio.h>

/*
 * First thing in main: what the caller closed (>&-) gets a placeholder, so that nothing that is
 * opened later becomes a standard stream by accident. A placeholder of stdout refuses to be
 * written (EBADF), one of stderr swallows. SIGPIPE is ignored: writes return EPIPE instead.
 */
void stdio_guard(void);

/* Whether writing has a chance: false for a stdout that was closed. */
bool stdio_writable(FILE *f);

/* Last thing before an exit code is believed: everything is out. 0 or -errno. */
int stdio_finish(FILE *f);

/* Colour and progress are welcome: a terminal, not a dumb one, and NO_COLOR is not set. */
bool stdio_fancy(FILE *f);

#endif
