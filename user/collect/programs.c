// SPDX-License-Identifier: Apache-2.0
/*
 * programs.c - see programs.h. Sizes of maps follow from the memory budget.
 */
#include "programs.h"

#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lockdown.h"
#include "self_test.h"
#include "socket.skel.h"
#include "syscall.skel.h"

/* Kernel memory of the series, by default; the other maps are small beside it. */
#define SERIES_BUDGET  (64u << 20)
#define SERIES_DEFAULT 2048

/* From Linux 7.0 tasks can be preempted inside programs. */
enum when { ALWAYS, PREEMPTED, NOT_PREEMPTED /* there, its copies are attached */ };

/* A program of one backend or of both, and when it is needed. */
struct hook {
	const char *name;
	unsigned int roles; /* where one of these is measured */
	enum when when;
};

#define SERVER	(1u << ROLE_SERVER)
#define CLIENT	(1u << ROLE_CLIENT)
#define OF_BOTH (SERVER | CLIENT)

/* On tracepoints, in the order in which they are attached. */
static const struct hook hooks[] = {
	{ "troth_destroy", OF_BOTH, ALWAYS },
	{ "troth_destroy_3", OF_BOTH, PREEMPTED },
	{ "troth_destroy_4", OF_BOTH, PREEMPTED },
	{ "troth_destroy_2", OF_BOTH, ALWAYS },
	{ "troth_retransmit", OF_BOTH, ALWAYS },
	{ "troth_data_ready", OF_BOTH, ALWAYS },
	{ "troth_recv", OF_BOTH, NOT_PREEMPTED },
	{ "troth_recv_1", OF_BOTH, PREEMPTED },
	{ "troth_recv_2", OF_BOTH, PREEMPTED },
	{ "troth_send", OF_BOTH, NOT_PREEMPTED },
	{ "troth_send_1", OF_BOTH, PREEMPTED },
	{ "troth_send_2", OF_BOTH, PREEMPTED },
	{ "troth_segment", OF_BOTH, ALWAYS },
	{ "troth_sys_exit", OF_BOTH, ALWAYS },
	{ "troth_sys_exit_2", OF_BOTH, PREEMPTED },
	{ "troth_sys_exit_3", OF_BOTH, PREEMPTED },
	{ "troth_sys_exit_4", OF_BOTH, PREEMPTED },
	/* Last: what they find is seen whole from its first byte. */
	{ "troth_set_state", OF_BOTH, ALWAYS },
	{ "troth_set_state_3", OF_BOTH, PREEMPTED },
	{ "troth_set_state_4", OF_BOTH, PREEMPTED },
	{ "troth_set_state_2", OF_BOTH, ALWAYS }, /* the very last of these: it counts failures */
};

/* Run by user space. */
static const struct hook walks[] = {
	{ "troth_self_test", OF_BOTH, ALWAYS },
	{ "troth_join", OF_BOTH, ALWAYS },
	{ "troth_sweep", OF_BOTH, ALWAYS },
	{ "troth_sweep_listeners", SERVER, ALWAYS },
};

#define N_HOOKS (sizeof(hooks) / sizeof(hooks[0]))
#define N_WALKS (sizeof(walks) / sizeof(walks[0]))

/*
 * One BPF object, opened from its skeleton. Both have the same maps and variables; the pointers are
 * into the skeleton, and stay where they are when it is loaded.
 */
struct object {
	void *skeleton;
	struct bpf_object *bpf;
	struct config *config; /* until it is loaded */
	volatile struct control *control;
	struct losses *losses;
	struct self_test *self_test;
#ifdef TROTH_WITHHOLD
	__u64 *withhold_pattern;
#endif
};

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
} objects[] = {
	[BACKEND_SOCKET] = { open_socket, load_socket, close_socket },
	[BACKEND_SYSCALL] = { open_syscall, load_syscall, close_syscall },
};

struct programs {
	const struct backend_object *backend;
	struct object object;
	struct bpf_link *links[N_HOOKS]; /* as hooks; NULL: not needed */
	struct bpf_link *sweep, *sweep_listeners;
	struct programs_view view;
	size_t states_size;
};

static unsigned int stripes_wanted(void)
{
	int cpus = libbpf_num_possible_cpus();
	unsigned int stripes = 1;

	while (stripes < STRIPES_MAX && (int)stripes < cpus)
		stripes *= 2;
	return stripes;
}

static unsigned int series_wanted(const struct collector_options *o, unsigned int stripes)
{
	size_t fit = SERIES_BUDGET / (stripes * sizeof(struct series_counts));

	if (o->max_series)
		return SERIES_FIRST + o->max_series;
	return SERIES_FIRST + (unsigned int)(fit < SERIES_DEFAULT ? fit : SERIES_DEFAULT);
}

size_t programs_memory(const struct collector_options *o, unsigned int *services)
{
	unsigned int stripes = stripes_wanted(), series = series_wanted(o, stripes);

	*services = series - SERIES_FIRST;
	return (size_t)series * stripes * sizeof(struct series_counts);
}

static unsigned int roles_of(const struct collector_options *o)
{
	return (o->roles[ROLE_SERVER] ? SERVER : 0) | (o->roles[ROLE_CLIENT] ? CLIENT : 0);
}

static struct bpf_program *program_of(const struct programs *p, const char *name)
{
	return bpf_object__find_program_by_name(p->object.bpf, name);
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

/* What nobody needs is not even loaded. What only leads to a copy is loaded, and not attached. */
static void choose(const struct programs *p, const struct hook *from, size_t n, unsigned int roles)
{
	bool preempted = p->object.config->preempted;

	for (size_t i = 0; i < n; i++) {
		struct bpf_program *program = program_of(p, from[i].name);

		if (!program)
			continue; /* the other backend's */
		bpf_program__set_autoload(
			program, from[i].roles & roles && (preempted || from[i].when != PREEMPTED));
		bpf_program__set_autoattach(program, !preempted || from[i].when != NOT_PREEMPTED);
	}
}

static void configure(struct programs *p, const struct collector_options *o)
{
	struct config *config = p->object.config;
	unsigned int n = p->view.n_series;

	memcpy(config->thresholds, o->thresholds, sizeof(config->thresholds));
	config->n_thresholds = o->n_thresholds;
	config->stripes = p->view.stripes;
	config->roles = roles_of(o);
	config->n_ports = o->n_ports;
	memcpy(config->ports, o->ports, sizeof(config->ports));
	config->idle_end_ns = o->idle_end_ns;
	config->preempted = programs_are_preempted();
	bpf_map__set_max_entries(map_of(p, "series"), n * p->view.stripes);
	bpf_map__set_max_entries(map_of(p, "states"), n);
	bpf_map__set_max_entries(map_of(p, "endpoints"), n);
	bpf_map__set_max_entries(map_of(p, "free_servers"), n);
	bpf_map__set_max_entries(map_of(p, "free_clients"), n);
}

/* Each role has its own share of the numbers: half, and servers the odd one. */
static int free_numbers(const struct programs *p)
{
	int servers = map_fd(p, "free_servers"), clients = map_fd(p, "free_clients");

	for (__u32 i = SERIES_FIRST; i < p->view.n_series; i++)
		if (bpf_map_update_elem((i - SERIES_FIRST) % 2 ? clients : servers, NULL, &i,
					BPF_ANY))
			return -errno;
	return 0;
}

static int load(struct programs *p, const struct collector_options *o)
{
	int r = p->backend->open(&p->object);

	if (r)
		return r;
	p->view.stripes = stripes_wanted();
	p->view.n_series = series_wanted(o, p->view.stripes);
	configure(p, o);
	choose(p, hooks, N_HOOKS, roles_of(o));
	choose(p, walks, N_WALKS, roles_of(o));
	r = p->backend->load(&p->object);
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
	return free_numbers(p);
}

static int attach_hooks(struct programs *p)
{
	for (size_t i = 0; i < N_HOOKS; i++) {
		struct bpf_program *program = program_of(p, hooks[i].name);

		if (!program || !bpf_program__autoload(program) ||
		    !bpf_program__autoattach(program))
			continue;
		p->links[i] = bpf_program__attach(program);
		if (!p->links[i])
			return -errno;
	}
	return 0;
}

/* A program that is not needed leaves *ret NULL. */
static int attach_iterator(struct bpf_program *program, struct bpf_map *map, struct bpf_link **ret)
{
	union bpf_iter_link_info info = {};
	LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info, .link_info_len = sizeof(info));

	if (!bpf_program__autoload(program))
		return 0;
	info.map.map_fd = (__u32)bpf_map__fd(map);
	*ret = bpf_program__attach_iter(program, map ? &opts : NULL);
	return *ret ? 0 : -errno;
}

/* Runs an iterator to its end; bytes that it prints go to line by line. */
static int iterate(const struct bpf_link *link,
		   void (*found)(void *context, const struct in_flight *line), void *context)
{
	_cleanup_(closep) int fd = bpf_iter_create(bpf_link__fd(link));
	struct in_flight lines[256];
	size_t have = 0;

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n = read(fd, (char *)lines + have, sizeof(lines) - have);
		size_t whole;

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		have += (size_t)n;
		whole = have / sizeof(lines[0]);
		for (size_t i = 0; i < whole; i++)
			if (found)
				found(context, &lines[i]);
		have -= whole * sizeof(lines[0]);
		memmove(lines, lines + whole, have);
	}
}

/* Sockets that are older than we are: who listens, then who is connected. */
static int join(struct programs *p)
{
	struct bpf_link *walk = bpf_program__attach_iter(program_of(p, "troth_join"), NULL);
	int r;

	if (!walk)
		return -errno;
	p->object.control->join_pass = JOIN_LISTENERS;
	r = iterate(walk, NULL, NULL);
	p->object.control->join_pass = JOIN_CONNECTIONS;
	if (!r)
		r = iterate(walk, NULL, NULL);
	p->object.control->join_pass = JOIN_DONE;
	bpf_link__destroy(walk);
	return r;
}

/* What the receive path's clock is worth here, and how long a jiffy lasts. */
static void self_test(struct programs *p)
{
	volatile struct control *control = p->object.control;
	struct bpf_program *program = program_of(p, "troth_self_test");
	struct bpf_link *link = program ? bpf_program__attach(program) : NULL;
	struct self_test_result result;

	control->tick_ns = self_test_tick_ns();
	if (!link)
		return;
	if (!self_test_run(p->object.self_test, &control->self_test_port, &result)) {
		control->recv_clock_is_cached = result.recv_clock_is_cached;
		control->regs_offset = result.regs_offset;
	}
	control->self_test_port = 0;
	bpf_link__destroy(link);
}

static int attach(struct programs *p)
{
	int r = attach_iterator(program_of(p, "troth_sweep"), map_of(p, "connections"), &p->sweep);

	if (!r)
		r = attach_iterator(program_of(p, "troth_sweep_listeners"), map_of(p, "listening"),
				    &p->sweep_listeners);
	if (r)
		return r;
	self_test(p);
	r = attach_hooks(p);
	return r ? r : join(p);
}

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	const char *wanted = getenv("TROTH_LIBBPF_DEBUG");

	return wanted && level <= LIBBPF_INFO ? vfprintf(stderr, format, args) : 0;
}

int programs_open(const struct collector_options *o, enum backend backend, struct programs **ret)
{
	_cleanup_(programs_freep) struct programs *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	p->backend = &objects[backend];
	libbpf_set_print(quiet);
	r = backend == BACKEND_SOCKET ? lockdown_prepare() : 0;
	if (!r)
		r = load(p, o);
#ifdef TROTH_WITHHOLD
	if (!r && getenv("TROTH_WITHHOLD"))
		*p->object.withhold_pattern = strtoull(getenv("TROTH_WITHHOLD"), NULL, 0);
#endif
	if (!r)
		r = attach(p);
	if (r)
		return r;
	malloc_trim(0); /* the kernel's types were large while they were parsed */
	*ret = TAKE(p);
	return 0;
}

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void programs_detach(struct programs *p)
{
	p->object.control->stopped_ns = monotonic_ns();
	for (size_t i = 0; i < N_HOOKS; i++) {
		bpf_link__destroy(p->links[i]);
		p->links[i] = NULL;
	}
}

void programs_free(struct programs *p)
{
	if (!p)
		return;
	if (p->view.states)
		munmap((void *)p->view.states, p->states_size);
	if (p->object.skeleton) {
		programs_detach(p);
		bpf_link__destroy(p->sweep);
		bpf_link__destroy(p->sweep_listeners);
		p->backend->close(&p->object);
	}
	free(p);
}

const struct programs_view *programs_view(const struct programs *p)
{
	return &p->view;
}

int programs_sweep(struct programs *p, bool final,
		   void (*found)(void *context, const struct in_flight *line), void *context)
{
	int r = p->sweep_listeners ? iterate(p->sweep_listeners, NULL, NULL) : 0;

	p->object.control->sweep_final = final;
	return r ? r : iterate(p->sweep, found, context);
}

uint64_t programs_missed(const struct programs *p)
{
	struct bpf_program *program;
	uint64_t missed = 0;

	bpf_object__for_each_program(program, p->object.bpf) {
		struct bpf_prog_info info = {};
		__u32 size = sizeof(info);

		if (bpf_program__fd(program) >= 0 &&
		    !bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
			missed += info.recursion_misses;
	}
	return missed;
}
