// SPDX-License-Identifier: Apache-2.0
/*
 * sampler_strangers.c - maps of another layout, of other sizes, or of a measurement that was over: their
 * hooks go, what had begun to answer ends, and what they counted is handed over. Everything in them is
 * found by the types that the kernel keeps with them, as long as it has the same name.
 */
#include "sampler_own.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "../base/moment.h"
#include "pins_btf.h"
#include "resolve.h"

/* A pinned map, and what its values are. */
struct old_map {
	int fd;
	struct bpf_map_info info;
	struct btf *btf; /* NULL: without types */
};

struct strangers {
	struct old_map series, states, endpoints, bss, data;
	const struct btf *btf; /* of ours */
	struct resolver *resolver;
	struct sampler_maps maps;
	unsigned int n_series, stripes;
	struct endpoint_key *keys; /* n_series; netns 0: nobody's */
	struct endpoint *values;
	uint64_t in_flight, missed;
};

static void old_close(struct old_map *m)
{
	if (m->fd >= 0)
		close(m->fd);
	btf__free(m->btf);
}

static void strangers_clear(struct strangers *o)
{
	old_close(&o->series);
	old_close(&o->states);
	old_close(&o->endpoints);
	old_close(&o->bss);
	old_close(&o->data);
	resolver_free(o->resolver);
	free(o->keys);
	free(o->values);
}

static int old_open(const struct pins *pins, const char *name, struct old_map *ret)
{
	__u32 size = sizeof(ret->info);

	ret->fd = pins_get(pins, "maps", name);
	if (ret->fd < 0)
		return ret->fd;
	if (bpf_obj_get_info_by_fd(ret->fd, &ret->info, &size))
		return -errno;
	ret->btf = ret->info.btf_id ? btf__load_from_kernel_by_id(ret->info.btf_id) : NULL;
	return ret->btf ? 0 : -ENODATA;
}

static int open_all(struct sampler *s, const struct programs *p, struct strangers *o)
{
	int r = old_open(s->pins, "series", &o->series);

	o->btf = bpf_object__btf(programs_object(p));
	if (!r)
		r = old_open(s->pins, "states", &o->states);
	if (!r)
		r = old_open(s->pins, "endpoints", &o->endpoints);
	if (!r)
		r = old_open(s->pins, "bss", &o->bss);
	if (!r)
		r = old_open(s->pins, "data", &o->data);
	if (r)
		return r;
	o->maps.id = o->series.info.id;
	o->n_series = o->states.info.max_entries;
	o->stripes = o->n_series ? o->series.info.max_entries / o->n_series : 0;
	if (!o->stripes || o->series.info.max_entries % o->n_series)
		return -EINVAL;
	o->keys = calloc(o->n_series, sizeof(*o->keys));
	o->values = calloc(o->n_series, sizeof(*o->values));
	return o->keys && o->values ? resolver_new(NULL, o->n_series, &o->resolver) : -ENOMEM;
}

static void put(void *control, const struct btf *btf, uint32_t type, const char *member,
		uint64_t value)
{
	uint32_t offset, size;

	if (!pins_member(btf, type, member, &offset, &size) && size <= sizeof(value))
		memcpy((char *)control + offset, &value, size);
}

/* Limits as they are judged now; says that it is over. */
static int stop(struct strangers *o)
{
	struct control control = {};
	uint32_t offset, type;
	int own_type = btf__find_by_name_kind(o->btf, "control", BTF_KIND_STRUCT);
	int r = pins_variable(o->data.btf, ".data", "control", &offset, &type);
	char *data;

	if (r || own_type < 0)
		return r ? r : own_type;
	data = mmap(NULL, o->data.info.value_size, PROT_READ | PROT_WRITE, MAP_SHARED, o->data.fd,
		    0);
	if (data == MAP_FAILED)
		return -errno;
	pins_translate(o->data.btf, type, data + offset, o->btf, (uint32_t)own_type, &control);
	o->missed = control.missed_before;
	while (o->maps.n_thresholds < THRESHOLDS && control.active & 1u << o->maps.n_thresholds)
		o->maps.n_thresholds++;
	memcpy(o->maps.thresholds, control.thresholds, sizeof(control.thresholds));
	o->maps.adopted = true;
	o->maps.stopped_ns = control.stopped_ns ?: moment_mono_ns();
	if (!control.stopped_ns)
		put(data + offset, o->data.btf, type, "stopped_ns", o->maps.stopped_ns);
	put(data + offset, o->data.btf, type, "sweep_final", 1);
	munmap(data, o->data.info.value_size);
	return 0;
}

/* Hooks are called the same in every build, more or less. */
static void count_missed(const struct pins *pins, const struct programs *p, struct strangers *o)
{
	const char *links[PROGRAMS_LINKS_MAX];
	size_t n = programs_links(p, links);

	for (size_t i = 0; i < n; i++) {
		_cleanup_(closep) int fd = -1;
		char name[64];

		snprintf(name, sizeof(name), "%s-program", links[i]);
		fd = pins_get(pins, "links", name);
		if (fd >= 0)
			o->missed += programs_missed_of(fd);
	}
}

static void count_line(void *context, const struct in_flight *line)
{
	(void)line;
	(*(uint64_t *)context)++;
}

/*
 * What has begun to answer ends at its last byte. Hooks do nothing any more, but stay until all is recorded:
 * whoever is killed before finds the sweep there to do it again.
 */
static int end(struct sampler *s, struct strangers *o)
{
	_cleanup_(closep) int sweep = pins_get(s->pins, "links", "troth_sweep");

	if (sweep < 0)
		return 0;
	kernel_wait();
	return programs_iterate(sweep, count_line, &o->in_flight);
}

static int find_endpoints(struct strangers *o)
{
	int key_type = btf__find_by_name_kind(o->btf, "endpoint_key", BTF_KIND_STRUCT),
	    value_type = btf__find_by_name_kind(o->btf, "endpoint", BTF_KIND_STRUCT);
	_cleanup_(freep) char *key = calloc(2, o->endpoints.info.key_size);
	_cleanup_(freep) char *value = calloc(1, o->endpoints.info.value_size);
	char *last = NULL;

	if (!key || !value)
		return -ENOMEM;
	if (key_type < 0 || value_type < 0)
		return -ENOENT;
	for (unsigned int i = 0; i < 2 * o->n_series; i++) {
		char *next = key + (last == key ? o->endpoints.info.key_size : 0);
		struct endpoint_key k = {};
		struct endpoint e = {};

		if (bpf_map_get_next_key(o->endpoints.fd, last, next))
			return 0;
		last = next;
		if (bpf_map_lookup_elem(o->endpoints.fd, next, value))
			continue;
		pins_translate(o->endpoints.btf, o->endpoints.info.btf_key_type_id, next, o->btf,
			       (uint32_t)key_type, &k);
		pins_translate(o->endpoints.btf, o->endpoints.info.btf_value_type_id, value, o->btf,
			       (uint32_t)value_type, &e);
		if (e.series >= SERIES_FIRST && e.series < o->n_series) {
			o->keys[e.series] = k;
			o->values[e.series] = e;
		}
	}
	return 0;
}

/* Looked for while the old hooks still count: the resolver remembers them. */
static int find_names(struct strangers *o)
{
	int r = find_endpoints(o);

	for (unsigned int i = SERIES_FIRST; !r && i < o->n_series; i++) {
		_cleanup_(identity_clear) struct identity id = {};

		if (o->keys[i].netns)
			r = resolver_name(o->resolver, &o->keys[i], &o->values[i], &id);
	}
	return r;
}

static bool is_zero(const char *bytes, size_t n)
{
	return !n || (!bytes[0] && !memcmp(bytes, bytes + 1, n - 1));
}

static int read_counts(const struct strangers *o, unsigned int number, char *room,
		       struct series_counts *ret)
{
	int type = btf__find_by_name_kind(o->btf, "series_counts", BTF_KIND_STRUCT);

	if (type < 0)
		return -ENOENT;
	memset(ret, 0, sizeof(*ret));
	for (unsigned int i = 0; i < o->stripes; i++) {
		__u32 index = number * o->stripes + i;
		struct series_counts stripe = {};

		if (bpf_map_lookup_elem(o->series.fd, &index, room))
			return -errno;
		/* Nobody counts meanwhile: what was never used must not take long. */
		if (is_zero(room, o->series.info.value_size))
			continue;
		pins_translate(o->series.btf, o->series.info.btf_value_type_id, room, o->btf,
			       (uint32_t)type, &stripe);
		counts_add(ret, &stripe);
	}
	return 0;
}

static const char *protocol_of(const struct strangers *o, unsigned int number)
{
	int type = btf__find_by_name_kind(o->btf, "series_state", BTF_KIND_STRUCT);
	_cleanup_(freep) char *value = calloc(1, o->states.info.value_size);
	struct series_state state = {};

	if (type >= 0 && value && !bpf_map_lookup_elem(o->states.fd, &number, value))
		pins_translate(o->states.btf, o->states.info.btf_value_type_id, value, o->btf,
			       (uint32_t)type, &state);
	return sampler_protocol(state.protocol);
}

static int tell(struct sampler *s, struct strangers *o, unsigned int number,
		const struct series_counts *counts)
{
	_cleanup_(identity_clear) struct identity id = {};
	const struct endpoint_key *key = &o->keys[number];
	struct sampler_series series = {
		.number = number,
		.key = *key,
		.protocol = protocol_of(o, number),
		.overflow = number < SERIES_FIRST,
		.moved = true,
		.counts = counts,
	};

	if (number < SERIES_FIRST)
		series.key.role = (__u16)number;
	else if (!key->netns)
		series.key.role = (__u16)programs_role_of_number(number);
	if (number >= SERIES_FIRST && s->options.remembered)
		series.id = s->options.remembered(s->options.context, number, &series.key);
	if (number >= SERIES_FIRST && !series.id && key->netns) {
		if (resolver_name(o->resolver, key, &o->values[number], &id))
			return -ENOMEM;
		series.id = &id;
	}
	return s->options.leaving(s->options.context, &o->maps, &series);
}

/*
 * All that ever counted, whether or not it is in the table of endpoints any more. What is nobody's comes
 * first and in any case: whoever records knows by it which maps remembered() is asked about.
 */
static int tell_all(struct sampler *s, struct strangers *o)
{
	_cleanup_(freep) struct series_counts *counts = malloc(sizeof(*counts));
	_cleanup_(freep) char *room = malloc(o->series.info.value_size);
	int r = 0;

	if (!counts || !room)
		return -ENOMEM;
	for (unsigned int i = 0; !r && i < o->n_series; i++) {
		r = read_counts(o, i, room, counts);
		if (!r && (i < SERIES_FIRST || o->keys[i].netns ||
			   !is_zero((const char *)counts, sizeof(*counts))))
			r = tell(s, o, i, counts);
	}
	return r;
}

static int tell_losses(struct sampler *s, struct strangers *o)
{
	int own_type = btf__find_by_name_kind(o->btf, "losses", BTF_KIND_STRUCT);
	_cleanup_(freep) char *bss = calloc(1, o->bss.info.value_size);
	struct losses losses = {};
	uint32_t offset, type;
	__u32 zero = 0;

	if (!bss)
		return -ENOMEM;
	if (own_type >= 0 && !bpf_map_lookup_elem(o->bss.fd, &zero, bss) &&
	    !pins_variable(o->bss.btf, ".bss", "losses", &offset, &type))
		pins_translate(o->bss.btf, type, bss + offset, o->btf, (uint32_t)own_type, &losses);
	return s->options.left ? s->options.left(s->options.context, &o->maps, &losses, o->missed,
						 o->in_flight) :
				 0;
}

int sampler_strangers(struct sampler *s, const struct programs *p, char *why, size_t why_size)
{
	_cleanup_(strangers_clear) struct strangers o = {
		.series.fd = -1,
		.states.fd = -1,
		.endpoints.fd = -1,
		.bss.fd = -1,
		.data.fd = -1,
	};
	int r = open_all(s, p, &o);

	if (!r)
		r = find_names(&o);
	if (!r)
		r = stop(&o);
	if (r == -ENOMEM)
		return r;
	if (r) {
		snprintf(why, why_size,
			 "%s/maps is not what troth pins (%s): `troth detach` removes it",
			 s->options.pin_dir, strerror(-r));
		return r;
	}
	count_missed(s->pins, p, &o);
	r = end(s, &o);
	if (!r)
		r = find_endpoints(&o);
	if (!r && s->options.leaving)
		r = tell_all(s, &o);
	if (!r)
		r = tell_losses(s, &o);
	if (!r)
		r = pins_remove(s->pins, "links");
	return r ? r : pins_remove(s->pins, "maps");
}
