// SPDX-License-Identifier: Apache-2.0
/*
 * sampler_kernel.c - what is pinned: whether it is ours, and opening it. No program is loaded here; where
 * things lie in .bss and .data is told by the object's own types.
 */
#include "sampler_own.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "pins_btf.h"

#define UNDER_WAY_US 20000 /* no program runs for so long */

static int get_map(const struct pins *pins, const char *where, const char *name,
		   struct bpf_map_info *info)
{
	__u32 size = sizeof(*info);
	int fd = pins_get(pins, where, pins_name(name));

	*info = (struct bpf_map_info){};
	if (fd >= 0 && bpf_obj_get_info_by_fd(fd, info, &size)) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

static bool map_fits(const struct pins *pins, const struct bpf_map *map, const char *name)
{
	struct bpf_map_info info;
	_cleanup_(closep) int fd = get_map(pins, "maps", name, &info);

	return fd >= 0 && info.type == bpf_map__type(map) &&
	       info.key_size == bpf_map__key_size(map) &&
	       info.value_size == bpf_map__value_size(map) &&
	       info.max_entries == bpf_map__max_entries(map);
}

static bool layout_fits(const struct pins *pins, const struct programs *p, enum backend backend)
{
	struct bpf_map_info info;
	_cleanup_(closep) int fd = get_map(pins, "maps", "about", &info);
	struct about about;
	__u32 zero = 0;

	return fd >= 0 && info.value_size == sizeof(about) &&
	       !bpf_map_lookup_elem(fd, &zero, &about) &&
	       about.layout == pins_layout(programs_object(p), backend_names[backend]);
}

static bool maps_fit(const struct pins *pins, const struct programs *p, enum backend backend)
{
	if (!layout_fits(pins, p, backend))
		return false;
	for (size_t i = 0; i < pins_n_kept; i++) {
		const struct bpf_map *map =
			bpf_object__find_map_by_name(programs_object(p), pins_kept[i]);

		if (map && !map_fits(pins, map, pins_kept[i]))
			return false;
	}
	return true;
}

/* The settings that programs were loaded with. */
static int read_config(const struct pins *pins, const struct programs *p, struct config *ret)
{
	const struct bpf_map *map = bpf_object__find_map_by_name(programs_object(p), ".rodata");
	_cleanup_(freep) char *value = NULL;
	struct bpf_map_info info;
	_cleanup_(closep) int fd = get_map(pins, "links", ".rodata", &info);
	__u32 offset, type, zero = 0;
	int r;

	if (fd < 0)
		return fd;
	if (!map || info.value_size != bpf_map__value_size(map))
		return -EINVAL;
	r = pins_variable(bpf_object__btf(programs_object(p)), ".rodata", "config", &offset, &type);
	if (r)
		return r;
	value = malloc(info.value_size);
	if (!value)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, &zero, value))
		return -errno;
	memcpy(ret, value + offset, sizeof(*ret));
	return 0;
}

static bool is_pinned(const struct pins *pins, const char *name)
{
	_cleanup_(closep) int fd = pins_get(pins, "links", name);

	return fd >= 0;
}

static void program_pin(const char *link, char *ret, size_t size)
{
	snprintf(ret, size, "%s-program", link);
}

static bool all_pinned(const struct pins *pins, const struct programs *p, bool *any)
{
	const char *links[PROGRAMS_LINKS_MAX];
	size_t n = programs_links(p, links);
	struct bpf_map *map;
	bool all;

	*any = is_pinned(pins, "troth_sweep");
	all = *any && is_pinned(pins, "troth_sweep_listeners");
	for (size_t i = 0; i < n; i++) {
		char name[64];
		bool there = is_pinned(pins, links[i]);

		program_pin(links[i], name, sizeof(name));
		*any |= there;
		all = all && there && is_pinned(pins, name);
	}
	bpf_object__for_each_map(map, programs_object(p))
		if (bpf_map__type(map) == BPF_MAP_TYPE_PROG_ARRAY)
			all = all && is_pinned(pins, bpf_map__name(map));
	return all;
}

enum found kernel_judge(const struct pins *pins, const struct programs *p, enum backend backend)
{
	struct config config, own = *programs_config(p);
	struct kernel k = {};
	bool any, all, joined;

	if (!pins_have(pins, "maps"))
		return FOUND_NOTHING;
	if (!maps_fit(pins, p, backend) || kernel_open(pins, p, &k))
		return FOUND_STRANGERS;
	all = all_pinned(pins, p, &any);
	joined = k.control->join_pass == JOIN_DONE;
	/*
	 * Where hooks were gone for a while, what is kept of connections is behind what happened on
	 * them: those maps are not gone on with.
	 */
	if (k.control->stopped_ns || (joined && !any)) {
		kernel_close(&k);
		return FOUND_STRANGERS;
	}
	if (all && joined && !read_config(pins, p, &config)) {
		own.generation = config.generation;
		all = !memcmp(&config, &own, sizeof(own));
		if (all) /* a start may have been killed between this and the exchange of links */
			k.control->generation = config.generation;
	} else {
		all = false;
	}
	kernel_close(&k);
	return all ? FOUND_ALL : FOUND_MAPS;
}

static int map_memory(const struct pins *pins, const char *name, size_t i, struct kernel *k,
		      struct bpf_map_info *info)
{
	_cleanup_(closep) int fd = get_map(pins, "maps", name, info);

	if (fd < 0)
		return fd;
	k->mapped_size[i] = (size_t)info->value_size * info->max_entries;
	k->mapped[i] = mmap(NULL, k->mapped_size[i], PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (k->mapped[i] == MAP_FAILED) {
		k->mapped[i] = NULL;
		return -errno;
	}
	return 0;
}

static int map_all(const struct pins *pins, const struct programs *p, struct kernel *k)
{
	const struct btf *btf = bpf_object__btf(programs_object(p));
	__u32 losses, control, type;
	struct bpf_map_info info;
	int r = pins_variable(btf, ".bss", "losses", &losses, &type);

	if (!r)
		r = pins_variable(btf, ".data", "control", &control, &type);
	if (!r)
		r = map_memory(pins, ".bss", 0, k, &info);
	if (!r)
		r = map_memory(pins, ".data", 1, k, &info);
	if (!r)
		r = map_memory(pins, "states", 2, k, &info);
	if (r)
		return r;
	k->losses = (struct losses *)((char *)k->mapped[0] + losses);
	k->control = (struct control *)((char *)k->mapped[1] + control);
	k->states = k->mapped[2];
	k->n_series = info.max_entries;
	return 0;
}

static int open_maps(const struct pins *pins, struct kernel *k)
{
	static const size_t places[] = { offsetof(struct kernel, endpoints),
					 offsetof(struct kernel, announcements),
					 offsetof(struct kernel, listeners),
					 offsetof(struct kernel, queues[ROLE_SERVER]),
					 offsetof(struct kernel, queues[ROLE_CLIENT]) };
	const char *const names[] = { "endpoints", "announcements", "listeners",
				      programs_queues[ROLE_SERVER], programs_queues[ROLE_CLIENT] };
	struct bpf_map_info info;

	k->series = get_map(pins, "maps", "series", &info);
	if (k->series < 0)
		return k->series;
	k->stripes = info.max_entries / k->n_series;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		int *fd = (int *)((char *)k + places[i]);

		*fd = pins_get(pins, "maps", names[i]);
		if (*fd < 0)
			return *fd;
	}
	return 0;
}

static void open_programs(const struct pins *pins, const struct programs *p, struct kernel *k)
{
	k->n_links = programs_links(p, k->links);
	for (size_t i = 0; i < k->n_links; i++) {
		char name[64];

		program_pin(k->links[i], name, sizeof(name));
		k->programs[i] = pins_get(pins, "links", name);
	}
	k->sweep = pins_get(pins, "links", "troth_sweep");
	k->sweep_listeners = pins_get(pins, "links", "troth_sweep_listeners");
}

int kernel_open(const struct pins *pins, const struct programs *p, struct kernel *ret)
{
	struct kernel k = { .series = -1,
			    .endpoints = -1,
			    .announcements = -1,
			    .listeners = -1,
			    .queues = { -1, -1 },
			    .sweep = -1,
			    .sweep_listeners = -1 };
	int r = map_all(pins, p, &k);

	if (!r)
		r = open_maps(pins, &k);
	if (r) {
		kernel_close(&k);
		return r;
	}
	open_programs(pins, p, &k);
	*ret = k;
	return 0;
}

void kernel_close(struct kernel *k)
{
	const int fds[] = { k->series,	  k->endpoints,		  k->announcements,
			    k->listeners, k->queues[ROLE_SERVER], k->queues[ROLE_CLIENT],
			    k->sweep,	  k->sweep_listeners };

	if (!k->n_series && !k->mapped[0])
		return;
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	for (size_t i = 0; i < k->n_links; i++)
		if (k->programs[i] >= 0)
			close(k->programs[i]);
	for (size_t i = 0; i < sizeof(k->mapped) / sizeof(*k->mapped); i++)
		if (k->mapped[i])
			munmap(k->mapped[i], k->mapped_size[i]);
	*k = (struct kernel){};
}

uint64_t kernel_missed(const struct kernel *k)
{
	uint64_t missed = k->control->missed_before;

	for (size_t i = 0; i < k->n_links; i++)
		if (k->programs[i] >= 0)
			missed += programs_missed_of(k->programs[i]);
	return missed;
}

int kernel_read(const struct kernel *k, unsigned int number, struct series_counts *room,
		struct series_counts *ret)
{
	for (unsigned int i = 0; i < k->stripes; i++) {
		__u32 index = number * k->stripes + i;

		if (bpf_map_lookup_elem(k->series, &index, i ? room : ret))
			return -errno;
		if (i)
			counts_add(ret, room);
	}
	return 0;
}

/*
 * The command waits for a grace period of RCU, under which programs run; with one CPU it waits for
 * nothing, and where a CPU has no ticks it is refused.
 */
void kernel_wait(void)
{
	if (syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) ||
	    sysconf(_SC_NPROCESSORS_ONLN) < 2)
		usleep(UNDER_WAY_US);
}
