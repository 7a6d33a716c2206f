// SPDX-License-Identifier: Apache-2.0
/*
 * programs_attach.c - which programs are needed, and in which order they are attached; what is run before
 * and after. Part of programs.h.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../base/moment.h"
#include "programs_own.h"
#include "self_test.h"

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

_Static_assert(N_HOOKS <= PROGRAMS_LINKS_MAX, "no room for so many links");

static struct bpf_program *program_of(const struct programs *p, const char *name)
{
	return bpf_object__find_program_by_name(p->object.bpf, name);
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

void programs_choose(const struct programs *p, unsigned int roles)
{
	choose(p, hooks, N_HOOKS, roles);
	choose(p, walks, N_WALKS, roles);
}

static bool is_attached(struct bpf_program *program)
{
	return program && bpf_program__autoload(program) && bpf_program__autoattach(program);
}

static int attach_hooks(struct programs *p, programs_attached *attached, void *context)
{
	for (size_t i = 0; i < N_HOOKS; i++) {
		struct bpf_program *program = program_of(p, hooks[i].name);
		int r;

		if (!is_attached(program))
			continue;
		p->links[i] = bpf_program__attach(program);
		if (!p->links[i])
			return -errno;
		r = attached ? attached(context, hooks[i].name, bpf_link__fd(p->links[i]),
					bpf_program__fd(program)) :
			       0;
		if (r)
			return r;
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

int programs_join(struct programs *p)
{
	struct bpf_link *walk = bpf_program__attach_iter(program_of(p, "troth_join"), NULL);
	volatile struct control *control = p->object.control;
	int r;

	if (!walk)
		return -errno;
	control->join_pass = JOIN_LISTENERS;
	r = programs_iterate(bpf_link__fd(walk), NULL, NULL);
	control->join_pass = JOIN_CONNECTIONS;
	if (!r)
		r = programs_iterate(bpf_link__fd(walk), NULL, NULL);
	bpf_link__destroy(walk);
	if (!r && control->join_pass != JOIN_DONE)
		r = -EIO; /* the walk did not come to its end */
	/* What begins after this is in no tick of before: see connection_is_older(). */
	if (!r)
		usleep(control->tick_ns / 1000 + 1);
	return r;
}

/* What the receive path's clock is worth here, and how long a jiffy lasts. */
void programs_self_test(struct programs *p)
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

int programs_attach_sweeps(struct programs *p)
{
	int r = attach_iterator(program_of(p, "troth_sweep"),
				bpf_object__find_map_by_name(p->object.bpf, "connections"),
				&p->sweep);

	return r ? r :
		   attach_iterator(program_of(p, "troth_sweep_listeners"),
				   bpf_object__find_map_by_name(p->object.bpf, "listening"),
				   &p->sweep_listeners);
}

int programs_attach(struct programs *p, programs_attached *attached, void *context)
{
	int r = 0;

	if (attached)
		r = attached(context, "troth_sweep", bpf_link__fd(p->sweep), -1);
	if (!r && attached && p->sweep_listeners)
		r = attached(context, "troth_sweep_listeners", bpf_link__fd(p->sweep_listeners),
			     -1);
	return r ? r : attach_hooks(p, attached, context);
}

void programs_close_links(struct programs *p)
{
	for (size_t i = 0; i < N_HOOKS; i++) {
		bpf_link__destroy(p->links[i]);
		p->links[i] = NULL;
	}
}

void programs_detach(struct programs *p)
{
	p->object.control->stopped_ns = moment_mono_ns();
	programs_close_links(p);
}

size_t programs_links(const struct programs *p, const char *names[PROGRAMS_LINKS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < N_HOOKS; i++)
		if (is_attached(program_of(p, hooks[i].name)))
			names[n++] = hooks[i].name;
	return n;
}

int programs_sweep(struct programs *p, bool final, programs_found *found, void *context)
{
	int r = p->sweep_listeners ?
			programs_iterate(bpf_link__fd(p->sweep_listeners), NULL, NULL) :
			0;

	p->object.control->sweep_final = final;
	return r ? r : programs_iterate(bpf_link__fd(p->sweep), found, context);
}
