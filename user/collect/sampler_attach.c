// SPDX-License-Identifier: Apache-2.0
/*
 * sampler_attach.c - programs are loaded, and what of them must outlive us is pinned, in an order in
 * which a kill at any moment leaves what the next start can go on from (pins.h, kernel_judge()).
 */
#include "sampler_own.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "pins_btf.h"

int sampler_load_on(const struct pins *pins, struct programs *p)
{
	for (size_t i = 0; i < pins_n_kept; i++) {
		struct bpf_map *map =
			bpf_object__find_map_by_name(programs_object(p), pins_kept[i]);
		_cleanup_(closep) int fd = -1;
		int r;

		if (!map)
			continue;
		fd = pins_get(pins, "maps", pins_name(pins_kept[i]));
		r = fd < 0 ? fd : bpf_map__reuse_fd(map, fd);
		if (r)
			return r;
	}
	return programs_load(p);
}

int sampler_make_maps(const struct pins *pins, struct programs *p, enum backend backend)
{
	struct bpf_object *object = programs_object(p);
	struct about about = { pins_layout(object, backend_names[backend]) };
	__u32 zero = 0;
	int r;

	if (bpf_map_update_elem(bpf_object__find_map_fd_by_name(object, "about"), &zero, &about,
				BPF_ANY))
		return -errno;
	r = programs_free_numbers(p);
	if (!r)
		r = pins_make(pins, "maps-new");
	for (size_t i = 0; !r && i < pins_n_kept; i++) {
		int fd = bpf_object__find_map_fd_by_name(object, pins_kept[i]);

		if (fd >= 0)
			r = pins_put(pins, "maps-new", pins_name(pins_kept[i]), fd);
	}
	return r ? r : pins_rename(pins, "maps-new", "maps");
}

/*
 * What belongs to these programs: their settings, and the arrays that they leave by, which the kernel
 * empties when no process and no pin holds them, though programs do.
 */
static int pin_own_maps(const struct pins *pins, struct programs *p)
{
	struct bpf_object *object = programs_object(p);
	struct bpf_map *map;
	int r = pins_put(pins, "links-new", pins_name(".rodata"),
			 bpf_object__find_map_fd_by_name(object, ".rodata"));

	bpf_object__for_each_map(map, object)
		if (!r && bpf_map__type(map) == BPF_MAP_TYPE_PROG_ARRAY)
			r = pins_put(pins, "links-new", bpf_map__name(map), bpf_map__fd(map));
	return r;
}

static int attached(void *context, const char *name, int link_fd, int program_fd)
{
	const struct pins *pins = context;
	char program[64];
	int r = pins_put(pins, "links-new", name, link_fd);

	if (r || program_fd < 0)
		return r;
	snprintf(program, sizeof(program), "%s-program", name);
	return pins_put(pins, "links-new", program, program_fd);
}

/* What the programs that are going have missed stays in the sum. */
static void keep_missed(const struct pins *pins, const struct programs *p)
{
	struct kernel k = {};

	if (!kernel_open(pins, p, &k)) {
		k.control->missed_before = kernel_missed(&k);
		kernel_close(&k);
	}
}

/* The new ones count; then the old ones go. */
static int exchange_links(const struct pins *pins, struct programs *p)
{
	volatile struct control *control = programs_control(p);
	__u32 before = control->generation;
	int r = 0;

	control->generation = programs_config(p)->generation;
	if (pins_have(pins, "links")) {
		keep_missed(pins, p);
		r = pins_rename(pins, "links", "links-old");
	}
	if (!r) {
		r = pins_rename(pins, "links-new", "links");
		if (r)
			pins_rename(pins, "links-old", "links"); /* where there was one */
	}
	if (r) {
		control->generation = before;
		return r;
	}
	programs_outlive(p);
	return pins_remove(pins, "links-old");
}

int sampler_raise(const struct pins *pins, struct programs *p)
{
	volatile struct control *control = programs_control(p);
	int r = pins_make(pins, "links-new");

	if (!r)
		r = pin_own_maps(pins, p);
	if (!r)
		r = programs_attach_sweeps(p);
	if (!r && control->join_pass != JOIN_DONE)
		programs_self_test(p);
	if (!r)
		r = programs_attach(p, attached, (void *)pins);
	if (!r && control->join_pass != JOIN_DONE)
		r = programs_join(p);
	if (!r)
		r = exchange_links(pins, p);
	if (r)
		pins_remove(pins, "links-new");
	return r;
}
