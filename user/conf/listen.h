/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listen.h - an address to listen on as people write it: 127.0.0.1:9477, [::1]:9477, :9477 (all
 * addresses), port 0 (any free one). Of names only localhost, which is loopback (RFC 6761): what others
 * stand for may change.
 * Knows text. Must not know: sockets.
 */
#ifndef TROTH_CONF_LISTEN_H
#define TROTH_CONF_LISTEN_H

#include <stdbool.h>

/*
 * What is wrong with it and what to write instead, in one line; NULL: it is one. ret_loopback: it is
 * reached from this host alone.
 */
const char *listen_check(const char *text, bool *ret_loopback);

#endif
