/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pins_btf.h - what maps of any build hold, told by the types that the kernel keeps with them.
 * Knows: BTF, maps. Must not know: what the fields mean.
 */
#ifndef TROTH_COLLECT_PINS_BTF_H
#define TROTH_COLLECT_PINS_BTF_H

#include <stddef.h>
#include <stdint.h>

#include "../base/cleanup.h"

struct bpf_object;
struct btf;

/* Maps that outlive programs, as the objects name them. */
extern const char *const pins_kept[];
extern const size_t pins_n_kept;

/* As pinned: ".data" is data, since a bpffs takes no dots. */
const char *pins_name(const char *map);

/* Of all that the kept maps hold: names, places and types of fields. */
uint64_t pins_layout(const struct bpf_object *object, const char *backend);

/* A variable of a map like ".bss": where it lies, of which type. 0 or -ENOENT. */
int pins_variable(const struct btf *btf, const char *section, const char *name,
		  uint32_t *ret_offset, uint32_t *ret_type);

/* Where a member lies in a struct; *ret_size may be NULL. 0 or -ENOENT. */
int pins_member(const struct btf *btf, uint32_t type, const char *name, uint32_t *ret_offset,
		uint32_t *ret_size);

/*
 * Takes over every number that both have by the same name, whatever its size and place; what an array
 * has beyond the other's end goes into the last element of the innermost dimension.
 */
void pins_translate(const struct btf *from, uint32_t from_type, const void *data,
		    const struct btf *to, uint32_t to_type, void *ret);

#endif
