/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query.h - times as a URL brings them.
 * Knows: decoded text. Must not know: HTTP libraries.
 */
#ifndef TROTH_WEB_QUERY_H
#define TROTH_WEB_QUERY_H

#include <stddef.h>
#include <stdint.h>

#define QUERY_TIME_MAX 64

/*
 * RFC 3339 or Unix seconds, n bytes. In a URL + means a space, so that of an offset that was not
 * written as %2B a space is left: it is taken for the plus that it was. 0 or -EINVAL.
 */
int query_time(const char *text, size_t n, int64_t *ret);

#endif
