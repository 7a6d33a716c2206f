/* SPDX-License-Identifier: Apache-2.0 */
/* size.h - amounts of bytes as people write them. Knows text only. */
#ifndef TROTH_CONF_SIZE_H
#define TROTH_CONF_SIZE_H

#include <stddef.h>
#include <stdint.h>

/*
 * 8GiB, 512M, 100MB, 4096. K, KiB and so on are powers of 1024, kB, MB and so on of 1000; a bare number
 * is bytes. 0, -EINVAL, or -ERANGE: more than 64 bits.
 */
int size_parse(const char *text, uint64_t *ret);

/* The largest unit of 1024 that it is whole in: "8GiB", "1000B". size_parse() reads it. Returns buf. */
const char *size_format(uint64_t bytes, char *buf, size_t size);

#endif
