// SPDX-License-Identifier: Apache-2.0
/*
 * programs.c - see programs.h: the objects, opened, configured, loaded. Sizes are in programs_size.c,
 * attaching is in programs_attach.c.
 */
#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../base/hash.h"
#include "lockdown.h"
#include "programs_own.h"
#include "socket.skel.h"
#include "syscall.skel.h"

#ifdef TROTH_WITHHOLD
#define TAKE_WITHHOLD(o, s) (o)->withhold_pattern = &(s)->bss->withhold_pattern
#else
#define TAKE_WITHHOLD(o, s)
#endif

#define DEFINE_OBJECT(name)                                                                        \
	static int open_##name(struct object *o)                                                   \
	{                                                                                          \
		struct name##_bpf *s = name##_bpf__open();                                         \
                                                                                                   \
		if (!s)                                                                            \
			return -errno;                                                             \
		*o = (struct object){ .skeleton = s,                                               \
				      .bpf = s->obj,                                               \
				      .config = (struct config *)&s->rodata->config,               \
				      .control = &s->data->control,                                \
				      .losses = &s->bss->losses,                                   \
				      .self_test = &s->bss->self_test };                           \
		TAKE_WITHHOLD(o, s);                                                               \
		return 0;                                                                          \
	}                                                                                          \
	static int load_##name(struct object *o)                                                   \
	{                                                                                          \
		return name##_bpf__load(o->skeleton);                                              \
	}                                                                                          \
	static void close_##name(struct object *o)                                                 \
	{                                                                                          \
		name##_bpf__destroy(o->skeleton);                                                  \
	}

DEFINE_OBJECT(socket)
DEFINE_OBJECT(syscall)

static const struct backend_object {
	int (*open)(struct object *o);
	int (*load)(struct object *o);
	void (*close)(struct object *o);
	const void *(*bytes)(size_t *ret_size); /* of the object, as it was built */
} objects[] = {
	[BACKEND_SOCKET] = { open_socket, load_socket, close_socket, socket_bpf__elf_bytes },
	[BACKEND_SYSCALL] = { open_syscall, load_syscall, close_syscall, syscall_bpf__elf_bytes },
};

static unsigned int roles_of(const struct collector_options *o)
{
	return (o->roles[ROLE_SERVER] ? 1u << ROLE_SERVER : 0) |
	       (o->roles[ROLE_CLIENT] ? 1u << ROLE_CLIENT : 0);
}

static struct bpf_map *map_of(const struct programs *p, const char *name)
{
	return bpf_object__find_map_by_name(p->object.bpf, name);
}

static int map_fd(const struct programs *p, const char *name)
{
	return bpf_map__fd(map_of(p, name));
}

/* Seen on 7.2 and 7.3, and on none up to 6.19. No type or symbol tells. */
static bool programs_are_preempted(void)
{
	struct utsname host;

	return !uname(&host) && strtoul(host.release, NULL, 10) >= 7;
}

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	const char *wanted = getenv("TROTH_LIBBPF_DEBUG");

	return wanted && level <= LIBBPF_INFO ? vfprintf(stderr, format, args) : 0;
}

static __u64 build_of(const struct backend_object *backend)
{
	size_t n;
	const void *bytes = backend->bytes(&n);

	return hash_bytes(HASH_OF_NOTHING, bytes, n);
}

static void configure(struct programs *p, const struct collector_options *o)
{
	volatile struct control *control = p->object.control;
	struct config *config = p->object.config;
	unsigned int n = p->view.n_series;

	config->build = build_of(p->backend);
	config->stripes = p->view.stripes;
	config->roles = roles_of(o);
	config->n_ports = o->n_ports;
	memcpy(config->ports, o->ports, sizeof(config->ports));
	config->preempted = programs_are_preempted();
	memcpy((void *)control->thresholds, o->thresholds, sizeof(control->thresholds));
	control->active = (1u << o->n_thresholds) - 1;
	control->idle_end_ns = o->idle_end_ns;
	bpf_map__set_max_entries(map_of(p, "series"), n * p->view.stripes);
	bpf_map__set_max_entries(map_of(p, "states"), n);
	bpf_map__set_max_entries(map_of(p, "endpoints"), n);
	bpf_map__set_max_entries(map_of(p, "free_servers"), n);
	bpf_map__set_max_entries(map_of(p, "free_clients"), n);
}

int programs_prepare(const struct collector_options *o, enum backend backend, struct programs **ret)
{
	_cleanup_(programs_freep) struct programs *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	p->backend = &objects[backend];
	libbpf_set_print(quiet);
	r = backend == BACKEND_SOCKET ? lockdown_prepare() : 0;
	if (!r)
		r = p->backend->open(&p->object);
	if (r)
		return r;
	programs_sizes(o, &p->view.n_series, &p->view.stripes);
	configure(p, o);
	programs_choose(p, roles_of(o));
#ifdef TROTH_WITHHOLD
	if (getenv("TROTH_WITHHOLD"))
		*p->object.withhold_pattern = strtoull(getenv("TROTH_WITHHOLD"), NULL, 0);
#endif
	*ret = TAKE(p);
	return 0;
}

int programs_load(struct programs *p)
{
	int r = p->backend->load(&p->object);

	if (r)
		return r;
	p->view.series_fd = map_fd(p, "series");
	p->view.endpoints_fd = map_fd(p, "endpoints");
	p->view.announcements_fd = map_fd(p, "announcements");
	p->view.losses = p->object.losses;
	p->states_size = p->view.n_series * sizeof(struct series_state);
	p->view.states = mmap(NULL, p->states_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			      map_fd(p, "states"), 0);
	if (p->view.states == MAP_FAILED) {
		p->view.states = NULL;
		return -errno;
	}
	return 0;
}

/* Each role has its own share of the numbers: half, and servers the odd one. */
int programs_free_numbers(const struct programs *p)
{
	for (__u32 i = SERIES_FIRST; i < p->view.n_series; i++) {
		int queue = map_fd(p, programs_queues[programs_role_of_number(i)]);

		if (bpf_map_update_elem(queue, NULL, &i, BPF_ANY))
			return -errno;
	}
	return 0;
}

int programs_open(const struct collector_options *o, enum backend backend, struct programs **ret)
{
	_cleanup_(programs_freep) struct programs *p = NULL;
	int r = programs_prepare(o, backend, &p);

	if (!r)
		r = programs_load(p);
	if (!r)
		r = programs_free_numbers(p);
	if (!r)
		r = programs_attach_sweeps(p);
	if (r)
		return r;
	programs_self_test(p);
	r = programs_attach(p, NULL, NULL);
	if (!r)
		r = programs_join(p);
	if (r)
		return r;
	malloc_trim(0); /* the kernel's types were large while they were parsed */
	*ret = TAKE(p);
	return 0;
}

/* The object's bytes, megabytes of this program's file, are not read again: they need not be mapped. */
static void release(const struct backend_object *backend)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	size_t n;
	const void *bytes = backend->bytes(&n);
	uintptr_t begin = ((uintptr_t)bytes + page - 1) & -page;
	uintptr_t end = ((uintptr_t)bytes + n) & -page;

	if (begin < end)
		madvise((void *)begin, end - begin, MADV_DONTNEED);
}

void programs_free(struct programs *p)
{
	if (!p)
		return;
	if (p->view.states)
		munmap((void *)p->view.states, p->states_size);
	if (p->object.skeleton) {
		if (p->outlive)
			programs_close_links(p);
		else
			programs_detach(p);
		bpf_link__destroy(p->sweep);
		bpf_link__destroy(p->sweep_listeners);
		p->backend->close(&p->object);
		release(p->backend);
	}
	free(p);
}

const struct programs_view *programs_view(const struct programs *p)
{
	return &p->view;
}

struct bpf_object *programs_object(const struct programs *p)
{
	return p->object.bpf;
}

struct config *programs_config(const struct programs *p)
{
	return p->object.config;
}

volatile struct control *programs_control(const struct programs *p)
{
	return p->object.control;
}

void programs_outlive(struct programs *p)
{
	p->outlive = true;
}

/* Of one program; 0 where it cannot be told. */
uint64_t programs_missed_of(int program_fd)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(program_fd, &info, &size) ? 0 : info.recursion_misses;
}

uint64_t programs_missed(const struct programs *p)
{
	struct bpf_program *program;
	uint64_t missed = 0;

	bpf_object__for_each_program(program, p->object.bpf)
		if (bpf_program__fd(program) >= 0)
			missed += programs_missed_of(bpf_program__fd(program));
	return missed;
}
