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

#include "self_test.h"
#include "socket.skel.h"

/* Kernel memory of the series, by default; the other maps are small beside it. */
#define SERIES_BUDGET  (64u << 20)
#define SERIES_DEFAULT 2048

/* A program, and when it is needed. */
struct hook {
	const char *name;
	unsigned int roles; /* where one of these is measured */
	bool preempted;	    /* only where tasks can be preempted inside programs: from Linux 7.0 */
};

#define SERVER	(1u << ROLE_SERVER)
#define CLIENT	(1u << ROLE_CLIENT)
#define OF_BOTH (SERVER | CLIENT)

/* On tracepoints, in the order in which they are attached. */
static const struct hook hooks[] = {
	{ "troth_destroy", OF_BOTH, false },
	{ "troth_destroy_3", OF_BOTH, true },
	{ "troth_destroy_4", OF_BOTH, true },
	{ "troth_destroy_2", OF_BOTH, false },
	{ "troth_retransmit", OF_BOTH, false },
	{ "troth_data_ready", OF_BOTH, false },
	{ "troth_recv", OF_BOTH, false },
	{ "troth_send", OF_BOTH, false },
	/* Last: what they find is seen whole from its first byte. */
	{ "troth_set_state", OF_BOTH, false },
	{ "troth_set_state_3", OF_BOTH, true },
	{ "troth_set_state_4", OF_BOTH, true },
	{ "troth_set_state_2", OF_BOTH, false }, /* the very last of these: it counts failures */
};

/* Run by user space. */
static const struct hook walks[] = {
	{ "troth_self_test", OF_BOTH, false },
	{ "troth_join", OF_BOTH, false },
	{ "troth_sweep", OF_BOTH, false },
	{ "troth_sweep_listeners", SERVER, false },
};

#define N_HOOKS (sizeof(hooks) / sizeof(hooks[0]))
#define N_WALKS (sizeof(walks) / sizeof(walks[0]))

struct programs {
	struct socket_bpf *skeleton;
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
	return bpf_object__find_program_by_name(p->skeleton->obj, name);
}

/* Seen on 7.2 and 7.3, and on none up to 6.19. No type or symbol tells. */
static bool programs_are_preempted(void)
{
	struct utsname host;

	return !uname(&host) && strtoul(host.release, NULL, 10) >= 7;
}

/* What nobody needs is not even loaded. */
static void choose(const struct programs *p, const struct hook *from, size_t n, unsigned int roles)
{
	bool preempted = programs_are_preempted();

	for (size_t i = 0; i < n; i++)
		bpf_program__set_autoload(program_of(p, from[i].name),
					  from[i].roles & roles &&
						  (preempted || !from[i].preempted));
}

static void configure(struct programs *p, const struct collector_options *o)
{
	struct socket_bpf *s = p->skeleton;
	unsigned int n = p->view.n_series;

	for (unsigned int i = 0; i < o->n_thresholds && i < THRESHOLDS; i++)
		((struct threshold *)s->rodata->cfg_thresholds)[i] = o->thresholds[i];
	s->rodata->cfg_n_thresholds = o->n_thresholds;
	s->rodata->cfg_stripes = p->view.stripes;
	s->rodata->cfg_roles = roles_of(o);
	s->rodata->cfg_n_ports = o->n_ports;
	memcpy((void *)s->rodata->cfg_ports, o->ports, sizeof(o->ports));
	s->rodata->cfg_idle_end_ns = o->idle_end_ns;
	bpf_map__set_max_entries(s->maps.series, n * p->view.stripes);
	bpf_map__set_max_entries(s->maps.states, n);
	bpf_map__set_max_entries(s->maps.endpoints, n);
	bpf_map__set_max_entries(s->maps.free_servers, n);
	bpf_map__set_max_entries(s->maps.free_clients, n);
}

/* Each role has its own share of the numbers: half, and servers the odd one. */
static int free_numbers(const struct programs *p)
{
	int servers = bpf_map__fd(p->skeleton->maps.free_servers);
	int clients = bpf_map__fd(p->skeleton->maps.free_clients);

	for (__u32 i = SERIES_FIRST; i < p->view.n_series; i++)
		if (bpf_map_update_elem((i - SERIES_FIRST) % 2 ? clients : servers, NULL, &i,
					BPF_ANY))
			return -errno;
	return 0;
}

static int load(struct programs *p, const struct collector_options *o)
{
	struct socket_bpf *s = p->skeleton = socket_bpf__open();
	int r;

	if (!s)
		return -errno;
	p->view.stripes = stripes_wanted();
	p->view.n_series = series_wanted(o, p->view.stripes);
	configure(p, o);
	choose(p, hooks, N_HOOKS, roles_of(o));
	choose(p, walks, N_WALKS, roles_of(o));
	r = socket_bpf__load(s);
	if (r)
		return r;
	p->view.series_fd = bpf_map__fd(s->maps.series);
	p->view.endpoints_fd = bpf_map__fd(s->maps.endpoints);
	p->view.announcements_fd = bpf_map__fd(s->maps.announcements);
	p->view.losses = &s->bss->losses;
	p->states_size = p->view.n_series * sizeof(struct series_state);
	p->view.states = mmap(NULL, p->states_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			      bpf_map__fd(s->maps.states), 0);
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

		if (!bpf_program__autoload(program))
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
	struct bpf_link *walk = bpf_program__attach_iter(p->skeleton->progs.troth_join, NULL);
	int r;

	if (!walk)
		return -errno;
	p->skeleton->bss->join_pass = 0;
	r = iterate(walk, NULL, NULL);
	p->skeleton->bss->join_pass = 1;
	if (!r)
		r = iterate(walk, NULL, NULL);
	p->skeleton->bss->join_pass = 2;
	bpf_link__destroy(walk);
	return r;
}

/* What the receive path's clock is worth here, and how long a jiffy lasts. */
static void self_test(struct programs *p)
{
	struct bpf_link *link = bpf_program__attach(p->skeleton->progs.troth_self_test);
	struct self_test_result result;

	if (!link)
		return;
	if (!self_test_run(&p->skeleton->bss->self_test, &p->skeleton->bss->self_test_port,
			   &result)) {
		p->skeleton->bss->recv_clock_is_cached = result.recv_clock_is_cached;
		p->skeleton->data->tick_ns = result.tick_ns;
		p->skeleton->bss->regs_offset = result.regs_offset;
	}
	p->skeleton->bss->self_test_port = 0;
	bpf_link__destroy(link);
}

static int attach(struct programs *p)
{
	struct socket_bpf *s = p->skeleton;
	int r = attach_iterator(s->progs.troth_sweep, s->maps.connections, &p->sweep);

	if (!r)
		r = attach_iterator(s->progs.troth_sweep_listeners, s->maps.listening,
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

int programs_open(const struct collector_options *o, struct programs **ret)
{
	_cleanup_(programs_freep) struct programs *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	libbpf_set_print(quiet);
	r = load(p, o);
#ifdef TROTH_WITHHOLD
	if (!r && getenv("TROTH_WITHHOLD"))
		p->skeleton->bss->withhold_pattern = strtoull(getenv("TROTH_WITHHOLD"), NULL, 0);
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
	if (p->skeleton && p->skeleton->bss)
		p->skeleton->bss->stopped_ns = monotonic_ns();
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
	programs_detach(p);
	bpf_link__destroy(p->sweep);
	bpf_link__destroy(p->sweep_listeners);
	socket_bpf__destroy(p->skeleton);
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

	p->skeleton->bss->sweep_final = final;
	return r ? r : iterate(p->sweep, found, context);
}

uint64_t programs_missed(const struct programs *p)
{
	struct bpf_program *program;
	uint64_t missed = 0;

	bpf_object__for_each_program(program, p->skeleton->obj) {
		struct bpf_prog_info info = {};
		__u32 size = sizeof(info);

		if (bpf_program__fd(program) >= 0 &&
		    !bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
			missed += info.recursion_misses;
	}
	return missed;
}
