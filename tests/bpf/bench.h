/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench.h - an object of its own for each test, limited to the test's own ports, and a small HTTP
 * server and client to measure; so that nothing else on the machine is in the figures.
 * Each test program is built once for each backend: -DBACKEND=socket or syscall. Both objects have
 * the same maps and variables.
 */
#ifndef TROTH_TESTS_BENCH_H
#define TROTH_TESTS_BENCH_H

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/types.h>

#include "../../bpf/abi.h"
#include "../sockets.h"

/* No test program needs all of it. */
#pragma GCC diagnostic ignored "-Wunused-function"

#define PASTE(a, b)  PASTED(a, b)
#define PASTED(a, b) a##b
#define QUOTE(text)  QUOTED(text)
#define QUOTED(text) #text
#include QUOTE(BACKEND.skel.h)

#define SKELETON       PASTE(BACKEND, _bpf)
#define SKELETON_open  PASTE(BACKEND, _bpf__open)
#define SKELETON_load  PASTE(BACKEND, _bpf__load)
#define SKELETON_close PASTE(BACKEND, _bpf__destroy)

/* Connections are in a hash of our own, not in the storage of their sockets. */
#define HASHED		  PASTE(HASHED_by_, BACKEND)
#define HASHED_by_socket  0
#define HASHED_by_syscall 1

#define GET   "GET /fine HTTP/1.1\r\n\r\n"
#define BREAK "GET /fail HTTP/1.1\r\n\r\n"
#define SLOW  "GET /slow HTTP/1.1\r\n\r\n"
#define OK    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define ERROR "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"
#define ASKED (sizeof(GET) - 1)

#define PORTS	     4
#define SLOW_US	     900000
#define THRESHOLD_NS 500000000ULL

struct setup {
	unsigned int roles;   /* bit per enum role */
	unsigned int servers; /* free numbers */
	unsigned int clients;
	unsigned int endpoints;	  /* room in the table; 0: enough */
	unsigned int stripes;	  /* 0: one */
	unsigned int ports;	  /* 0: one */
	unsigned int connections; /* room for so many, where HASHED; 0: the default */
	uint64_t idle_end_ns;	  /* 0: the default */
};

/* In the order of user/collect/programs.c; those of this object are attached. */
static const char *const hooks[] = {
	"troth_destroy",   "troth_destroy_2",	"troth_retransmit", "troth_data_ready",
	"troth_recv",	   "troth_send",	"troth_segment",    "troth_sys_exit",
	"troth_set_state", "troth_set_state_2",
};
#define HOOKS (sizeof(hooks) / sizeof(hooks[0]))

struct bench {
	struct SKELETON *skeleton;
	struct bpf_link *hook[HOOKS]; /* NULL: another backend's */
	struct bpf_link *sweep;
	unsigned int n_series, stripes, n_ports;
	int listener[PORTS];
	uint16_t port[PORTS];
};

/* ---- sockets ---- */

/* Answers on one connection until its client leaves. */
static void serve(int fd)
{
	char request[ASKED];

	while (receive_all(fd, request, sizeof(request))) {
		bool fails = !memcmp(request, BREAK, ASKED);

		if (!memcmp(request, SLOW, ASKED))
			usleep(SLOW_US);
		if (send(fd, fails ? ERROR : OK, sizeof(OK) - 1, MSG_NOSIGNAL) < 0)
			break;
	}
	close(fd);
}

static void *server_thread(void *listener)
{
	for (;;) {
		int fd = accept((int)(intptr_t)listener, NULL, NULL);

		if (fd < 0)
			return NULL;
		serve(fd);
	}
}

/* One request; false: no answer, or not the one that was due. */
static bool ask(int fd, const char *request)
{
	char answer[sizeof(OK) - 1];
	const char *due = request[5] == 'f' && request[6] == 'a' ? ERROR : OK;

	return send(fd, request, ASKED, MSG_NOSIGNAL) == (ssize_t)ASKED &&
	       receive_all(fd, answer, sizeof(answer)) && !memcmp(answer, due, sizeof(answer));
}

/* A server of its own for some connections that come one after the other. */
static pthread_t serve_port(const struct bench *b, unsigned int i)
{
	pthread_t thread;

	assert_int_equal(0, pthread_create(&thread, NULL, server_thread,
					   (void *)(intptr_t)b->listener[i]));
	return thread;
}

static void stop_serving(const struct bench *b, unsigned int i, pthread_t thread)
{
	shutdown(b->listener[i], SHUT_RDWR);
	pthread_join(thread, NULL);
}

/* ---- the object ---- */

static void put_numbers(int queue, unsigned int from, unsigned int n)
{
	for (unsigned int i = from; i < from + n; i++)
		assert_int_equal(0, bpf_map_update_elem(queue, NULL, &i, BPF_ANY));
}

static void configure(struct bench *b, const struct setup *o)
{
	struct SKELETON *s = b->skeleton;

	b->stripes = o->stripes ? o->stripes : 1;
	b->n_series = SERIES_FIRST + o->servers + o->clients;
	s->rodata->config.stripes = b->stripes;
	s->rodata->config.roles = o->roles;
	s->rodata->config.n_ports = b->n_ports;
	if (o->idle_end_ns)
		s->data->control.idle_end_ns = o->idle_end_ns;
	for (unsigned int i = 0; i < b->n_ports; i++)
		((__u16 *)s->rodata->config.ports)[i] = b->port[i];
	s->data->control.thresholds[0].max_ns = THRESHOLD_NS;
	s->data->control.active = 1;
	bpf_map__set_max_entries(s->maps.series, b->n_series * b->stripes);
	bpf_map__set_max_entries(s->maps.states, b->n_series);
	bpf_map__set_max_entries(s->maps.endpoints, o->endpoints ? o->endpoints : b->n_series);
	bpf_map__set_max_entries(s->maps.free_servers, b->n_series);
	bpf_map__set_max_entries(s->maps.free_clients, b->n_series);
	if (o->connections)
		bpf_map__set_max_entries(s->maps.connections, o->connections);
}

static struct bpf_link *attach_sweep(struct bench *b)
{
	union bpf_iter_link_info info = {};
	LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info, .link_info_len = sizeof(info));

	info.map.map_fd = (__u32)bpf_map__fd(b->skeleton->maps.connections);
	return bpf_program__attach_iter(b->skeleton->progs.troth_sweep, &opts);
}

static void attach(struct bench *b)
{
	for (size_t i = 0; i < HOOKS; i++) {
		struct bpf_program *program =
			bpf_object__find_program_by_name(b->skeleton->obj, hooks[i]);

		if (program)
			assert_non_null(b->hook[i] = bpf_program__attach(program));
	}
	assert_non_null(b->sweep = attach_sweep(b));
}

static struct bench bench_open(struct setup o)
{
	struct bench b = { .n_ports = o.ports ? o.ports : 1 };

	for (unsigned int i = 0; i < b.n_ports; i++)
		b.listener[i] = listen_at(&b.port[i]);
	b.skeleton = SKELETON_open();
	assert_non_null(b.skeleton);
	configure(&b, &o);
	assert_int_equal(0, SKELETON_load(b.skeleton));
	put_numbers(bpf_map__fd(b.skeleton->maps.free_servers), SERIES_FIRST, o.servers);
	put_numbers(bpf_map__fd(b.skeleton->maps.free_clients), SERIES_FIRST + o.servers,
		    o.clients);
	attach(&b);
	return b;
}

static void bench_close(struct bench *b)
{
	for (size_t i = 0; i < HOOKS; i++)
		bpf_link__destroy(b->hook[i]);
	bpf_link__destroy(b->sweep);
	SKELETON_close(b->skeleton);
	for (unsigned int i = 0; i < b->n_ports; i++)
		close(b->listener[i]);
}

/* Lines that a sweep prints: requests that wait. */
static unsigned int sweep(struct bench *b, bool final)
{
	struct in_flight lines[64];
	size_t have = 0;
	ssize_t n;
	int fd;

	b->skeleton->data->control.sweep_final = final;
	fd = bpf_iter_create(bpf_link__fd(b->sweep));
	assert_true(fd >= 0);
	while ((n = read(fd, lines, sizeof(lines))) > 0)
		have += (size_t)n;
	assert_int_equal(0, n);
	close(fd);
	return (unsigned int)(have / sizeof(lines[0]));
}

/* Entries for connections; of storage in sockets that cannot be told. */
static unsigned int connections_kept(const struct bench *b)
{
	int fd = bpf_map__fd(b->skeleton->maps.connections);
	unsigned int n = 0;
	__u64 key;

	for (void *last = NULL; !bpf_map_get_next_key(fd, last, &key); last = &key)
		n++;
	return n;
}

/* Sums over stripes, of one series. */
static struct series_counts counts_of(const struct bench *b, unsigned int number)
{
	struct series_counts sum = {}, stripe;

	for (unsigned int i = 0; i < b->stripes; i++) {
		__u32 index = number * b->stripes + i;

		assert_int_equal(0, bpf_map_lookup_elem(bpf_map__fd(b->skeleton->maps.series),
							&index, &stripe));
		for (size_t k = 0; k < sizeof(sum) / sizeof(__u64); k++)
			((__u64 *)&sum)[k] += ((const __u64 *)&stripe)[k];
	}
	return sum;
}

/* The number of the endpoint at that port; two that are made at once may take any two numbers. */
static unsigned int series_of(const struct bench *b, enum role role, uint16_t port)
{
	int fd = bpf_map__fd(b->skeleton->maps.endpoints);
	struct endpoint_key key, *last = NULL;
	struct endpoint endpoint;

	for (; !bpf_map_get_next_key(fd, last, &key); last = &key)
		if (key.role == role && key.port == port &&
		    !bpf_map_lookup_elem(fd, &key, &endpoint))
			return endpoint.series;
	fail_msg("no endpoint of role %d at port %u", role, port);
	return 0;
}

static struct series_counts counts_at(const struct bench *b, enum role role, uint16_t port)
{
	return counts_of(b, series_of(b, role, port));
}

static uint64_t exchanges(const struct series_counts *s, unsigned int outcome)
{
	uint64_t n = 0;

	for (unsigned int mask = 0; mask < MASKS; mask++)
		n += s->exchanges[mask][outcome];
	return n;
}

static uint64_t exchanges_total(const struct series_counts *s)
{
	uint64_t n = 0;

	for (unsigned int outcome = 0; outcome < OUTCOMES; outcome++)
		n += exchanges(s, outcome);
	return n;
}

static uint64_t histogram_total(const __u64 *histogram)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		n += histogram[i];
	return n;
}

/* Sockets are destroyed some moments after close(): what is due is waited for, not longer. */
static void settle(struct bench *b, unsigned int number, uint64_t closed)
{
	for (unsigned int i = 0; i < 200 && counts_of(b, number).closed < closed; i++)
		usleep(10000);
	usleep(20000);
	sweep(b, true);
}

#endif
