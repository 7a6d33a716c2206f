/* SPDX-License-Identifier: Apache-2.0 */
/* backend.h - the ways to measure, the cheapest first. What each needs is in features_needs.c. */
#ifndef TROTH_COLLECT_BACKEND_H
#define TROTH_COLLECT_BACKEND_H

enum backend {
	BACKEND_SOCKET,	 /* the socket tracepoints: nothing but sockets pays */
	BACKEND_SYSCALL, /* the end of every system call: where those are not there */
	BACKENDS,
};

extern const char *const backend_names[BACKENDS]; /* as --backend has them */

#endif
