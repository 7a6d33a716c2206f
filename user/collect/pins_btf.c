// SPDX-License-Identifier: Apache-2.0
/* pins_btf.c - see pins_btf.h. */
#include "pins_btf.h"

#include <errno.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/types.h>

#include "../../bpf/abi.h"
#include "../base/hash.h"

#define DEPTH_MAX 16

const char *const pins_kept[] = {
	"series",    "states",	    "endpoints", "free_servers",  "free_clients", "listeners",
	"listening", "connections", "about",	 "announcements", ".bss",	  ".data",
};
const size_t pins_n_kept = sizeof(pins_kept) / sizeof(pins_kept[0]);

const char *pins_name(const char *map)
{
	return *map == '.' ? map + 1 : map;
}

static void mix(uint64_t *hash, const void *data, size_t n)
{
	*hash = hash_bytes(*hash, data, n);
}

static void mix_text(uint64_t *hash, const char *text)
{
	mix(hash, text ? text : "", strlen(text ? text : "") + 1);
}

static void mix_number(uint64_t *hash, uint64_t n)
{
	mix(hash, &n, sizeof(n));
}

static void mix_type(uint64_t *hash, const struct btf *btf, uint32_t id, int depth)
{
	const struct btf_type *t;

	id = (uint32_t)btf__resolve_type(btf, id);
	t = btf__type_by_id(btf, id);
	if (!t || depth > DEPTH_MAX)
		return;
	mix_number(hash, btf_kind(t));
	if (btf_is_ptr(t) || btf_is_array(t)) {
		const struct btf_array *a = btf_is_array(t) ? btf_array(t) : NULL;

		mix_number(hash, a ? a->nelems : 0);
		if (a)
			mix_type(hash, btf, a->type, depth + 1);
		return;
	}
	mix_number(hash, t->size);
	if (btf_is_composite(t)) {
		for (unsigned int i = 0; i < btf_vlen(t); i++) {
			const struct btf_member *m = btf_members(t) + i;

			mix_text(hash, btf__name_by_offset(btf, m->name_off));
			mix_number(hash, btf_member_bit_offset(t, i));
			mix_type(hash, btf, m->type, depth + 1);
		}
	} else if (btf_is_datasec(t)) {
		for (unsigned int i = 0; i < btf_vlen(t); i++) {
			const struct btf_var_secinfo *v = btf_var_secinfos(t) + i;
			const struct btf_type *variable = btf__type_by_id(btf, v->type);

			mix_text(hash, btf__name_by_offset(btf, variable->name_off));
			mix_number(hash, v->offset);
			mix_type(hash, btf, variable->type, depth + 1);
		}
	}
}

/* What numbers in the maps stand for. */
static void mix_meanings(uint64_t *hash)
{
	static const char *const protocols[] = {
#define PROTOCOL_TEXT(NAME, prefix, text) text,
		PROTOCOLS(PROTOCOL_TEXT)
#undef PROTOCOL_TEXT
	};

	for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++)
		mix_text(hash, protocols[i]);
	mix_number(hash, ROLES);
	mix_number(hash, OUTCOMES);
	mix_number(hash, PARTS);
	mix_number(hash, THRESHOLDS);
	mix_number(hash, (uint64_t)HISTOGRAM_MIN_EXP8);
	mix_number(hash, ABI_MEANING);
}

uint64_t pins_layout(const struct bpf_object *object, const char *backend)
{
	const struct btf *btf = bpf_object__btf(object);
	uint64_t hash = HASH_OF_NOTHING;

	mix_text(&hash, backend);
	for (size_t i = 0; i < pins_n_kept; i++) {
		const struct bpf_map *map = bpf_object__find_map_by_name(object, pins_kept[i]);

		mix_text(&hash, pins_kept[i]);
		if (!map)
			continue;
		mix_number(&hash, bpf_map__type(map));
		mix_number(&hash, bpf_map__map_flags(map));
		mix_number(&hash, bpf_map__key_size(map));
		mix_number(&hash, bpf_map__value_size(map));
		mix_type(&hash, btf, bpf_map__btf_key_type_id(map), 0);
		mix_type(&hash, btf, bpf_map__btf_value_type_id(map), 0);
	}
	mix_meanings(&hash);
	return hash;
}

int pins_variable(const struct btf *btf, const char *section, const char *name,
		  uint32_t *ret_offset, uint32_t *ret_type)
{
	int id = btf__find_by_name_kind(btf, section, BTF_KIND_DATASEC);
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(btf, (uint32_t)id);

	for (unsigned int i = 0; t && i < btf_vlen(t); i++) {
		const struct btf_var_secinfo *v = btf_var_secinfos(t) + i;
		const struct btf_type *variable = btf__type_by_id(btf, v->type);

		if (strcmp(btf__name_by_offset(btf, variable->name_off), name))
			continue;
		*ret_offset = v->offset;
		*ret_type = variable->type;
		return 0;
	}
	return -ENOENT;
}

static const struct btf_member *find_member(const struct btf *btf, const struct btf_type *t,
					    const char *name, uint32_t *ret_bits)
{
	for (unsigned int i = 0; i < btf_vlen(t); i++) {
		const struct btf_member *m = btf_members(t) + i;

		if (strcmp(btf__name_by_offset(btf, m->name_off), name))
			continue;
		*ret_bits = btf_member_bit_offset(t, i);
		return m;
	}
	return NULL;
}

int pins_member(const struct btf *btf, uint32_t type, const char *name, uint32_t *ret_offset,
		uint32_t *ret_size)
{
	const struct btf_type *t = btf__type_by_id(btf, (uint32_t)btf__resolve_type(btf, type));
	const struct btf_member *m;
	uint32_t bits;

	m = t && btf_is_composite(t) ? find_member(btf, t, name, &bits) : NULL;
	if (!m)
		return -ENOENT;
	*ret_offset = bits / 8;
	if (ret_size)
		*ret_size = (uint32_t)btf__resolve_size(btf, m->type);
	return 0;
}

static uint64_t number_at(const void *data, size_t size)
{
	uint64_t n = 0;

	memcpy(&n, data, size < sizeof(n) ? size : sizeof(n)); /* little-endian, as all we run on */
	return n;
}

static void add_number(const void *from, size_t from_size, void *to, size_t to_size, bool add)
{
	uint64_t n = number_at(from, from_size) + (add ? number_at(to, to_size) : 0);

	memcpy(to, &n, to_size < sizeof(n) ? to_size : sizeof(n));
}

static void translate(const struct btf *from, uint32_t from_type, const void *data,
		      const struct btf *to, uint32_t to_type, void *ret, bool add, int depth);

static void translate_array(const struct btf *from, const struct btf_array *a, const void *data,
			    const struct btf *to, const struct btf_array *b, void *ret, bool add,
			    int depth)
{
	size_t from_size = (size_t)btf__resolve_size(from, a->type),
	       to_size = (size_t)btf__resolve_size(to, b->type);
	bool innermost = btf_is_int(btf__type_by_id(to, (uint32_t)btf__resolve_type(to, b->type)));

	for (uint32_t i = 0; i < a->nelems && b->nelems; i++) {
		uint32_t k = i < b->nelems ? i : b->nelems - 1;

		/* Text and addresses are cut; so is what has no place in an outer dimension. */
		if (i >= b->nelems && (!innermost || to_size < sizeof(uint64_t)))
			break;
		translate(from, a->type, (const char *)data + i * from_size, to, b->type,
			  (char *)ret + k * to_size, add || i >= b->nelems, depth + 1);
	}
}

static void translate(const struct btf *from, uint32_t from_type, const void *data,
		      const struct btf *to, uint32_t to_type, void *ret, bool add, int depth)
{
	const struct btf_type *a, *b;

	a = btf__type_by_id(from, (uint32_t)btf__resolve_type(from, from_type));
	b = btf__type_by_id(to, (uint32_t)btf__resolve_type(to, to_type));
	if (!a || !b || depth > DEPTH_MAX)
		return;
	if (btf_is_array(a) && btf_is_array(b)) {
		translate_array(from, btf_array(a), data, to, btf_array(b), ret, add, depth);
	} else if (btf_is_composite(a) && btf_is_composite(b)) {
		for (unsigned int i = 0; i < btf_vlen(b); i++) {
			const struct btf_member *to_member = btf_members(b) + i, *m;
			uint32_t bits;

			m = find_member(from, a, btf__name_by_offset(to, to_member->name_off),
					&bits);
			if (m)
				translate(from, m->type, (const char *)data + bits / 8, to,
					  to_member->type,
					  (char *)ret + btf_member_bit_offset(b, i) / 8, add,
					  depth + 1);
		}
	} else if ((btf_is_int(a) || btf_is_any_enum(a)) && (btf_is_int(b) || btf_is_any_enum(b))) {
		add_number(data, a->size, ret, b->size, add);
	}
}

void pins_translate(const struct btf *from, uint32_t from_type, const void *data,
		    const struct btf *to, uint32_t to_type, void *ret)
{
	translate(from, from_type, data, to, to_type, ret, false, 0);
}
