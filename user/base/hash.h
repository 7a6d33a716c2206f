/* SPDX-License-Identifier: Apache-2.0 */
/* hash.h - FNV-1a of 64 bits: for tables and for telling builds apart. It withstands nobody. */
#ifndef TROTH_BASE_HASH_H
#define TROTH_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_OF_NOTHING 0xcbf29ce484222325ULL

/* With n bytes more, and with a text more, without its end. */
uint64_t hash_bytes(uint64_t hash, const void *data, size_t n);
uint64_t hash_text(uint64_t hash, const char *text);

/* All of it in 32 bits, for tables. */
static inline uint32_t hash_fold(uint64_t hash)
{
	return (uint32_t)(hash ^ hash >> 32);
}

#endif
