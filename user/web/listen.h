/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listen.h - the sockets that the server listens on.
 * Knows: addresses, paths. Must not know: HTTP.
 */
#ifndef TROTH_WEB_LISTEN_H
#define TROTH_WEB_LISTEN_H

#include <stddef.h>
#include <stdint.h>

/*
 * "127.0.0.1:9477", "[::1]:9477", "localhost:9477", ":9477" (every address, both families); port 0:
 * any free one. 0 and a descriptor that does not block, or -errno and why, one line.
 */
int listen_tcp(const char *where, int *ret_fd, char *why, size_t why_size);
uint16_t listen_port(int fd); /* 0: not a TCP socket */

/*
 * A socket of mode 0600 at path. What a dead process left there is replaced; -EADDRINUSE where a
 * living one answers, -EEXIST where something else than a socket is in the way.
 */
int listen_unix(const char *path, int *ret_fd, char *why, size_t why_size);
void listen_unix_end(
	const char *path); /* after its close: removes it, unless another one answers there */

#endif
