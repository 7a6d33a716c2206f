/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field.h - for the sampler's tests: traffic that counts itself, in a process of its own; a sampler with
 * pins of its own; and what it says of one port.
 */
#ifndef TROTH_TESTS_FIELD_H
#define TROTH_TESTS_FIELD_H

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/collect/sampler.h"
#include "../sockets.h"

/* No test program needs all of it. */
#pragma GCC diagnostic ignored "-Wunused-function"

#define REQUEST	 "GET /fine HTTP/1.1\r\n\r\n"
#define RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define SLOW_MS	 20

/* ---- traffic ---- */

static bool ask(int fd)
{
	char answer[sizeof(RESPONSE) - 1];

	return send(fd, REQUEST, sizeof(REQUEST) - 1, MSG_NOSIGNAL) ==
		       (ssize_t)sizeof(REQUEST) - 1 &&
	       receive_all(fd, answer, sizeof(answer));
}

static bool answer(int fd)
{
	char request[sizeof(REQUEST) - 1];

	return receive_all(fd, request, sizeof(request)) &&
	       send(fd, RESPONSE, sizeof(RESPONSE) - 1, MSG_NOSIGNAL) > 0;
}

static void *serve(void *listener)
{
	for (;;) {
		int fd = accept((int)(intptr_t)listener, NULL, NULL);

		if (fd < 0)
			return NULL;
		while (answer(fd))
			;
		close(fd);
	}
}

/* Of a process with one server and one client, that talk until they are told to stop. */
struct traffic {
	pid_t pid;
	uint16_t port;
	struct counted {
		atomic_uint stop;
		atomic_ullong answered; /* each is complete */
	} * counted;
};

#define KEPT_FOR 50 /* exchanges of one connection */

static void talk(int listener, uint16_t port, struct counted *counted, unsigned int pause_us)
{
	pthread_t server;

	/* Of a sampler that is open: its lock would last as long as we do. */
	for (int fd = 3; fd < 256; fd++)
		if (fd != listener)
			close(fd);
	if (pthread_create(&server, NULL, serve, (void *)(intptr_t)listener))
		_exit(1);
	while (!atomic_load(&counted->stop)) {
		int fd = connect_to(port);

		for (int i = 0; fd >= 0 && i < KEPT_FOR && !atomic_load(&counted->stop); i++) {
			if (!ask(fd))
				_exit(1);
			atomic_fetch_add(&counted->answered, 1);
			if (pause_us)
				usleep(pause_us);
		}
		close(fd);
	}
	_exit(0);
}

/* What a test that fails leaves behind. */
#define CHILDREN 256
static pid_t children[CHILDREN];

static pid_t child(pid_t pid)
{
	assert_true(pid >= 0);
	for (int i = 0; pid && i < CHILDREN; i++)
		if (!children[i]) {
			children[i] = pid;
			break;
		}
	return pid;
}

static int await(pid_t pid)
{
	int status = -1;

	assert_int_equal(pid, waitpid(pid, &status, 0));
	for (int i = 0; i < CHILDREN; i++)
		if (children[i] == pid)
			children[i] = 0;
	return status;
}

static void end_children(void)
{
	for (int i = 0; i < CHILDREN; i++)
		if (children[i]) {
			kill(children[i], SIGKILL);
			waitpid(children[i], NULL, 0);
			children[i] = 0;
		}
}

static void end_by_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	await(pid);
}

static struct traffic traffic_begin(unsigned int pause_us)
{
	struct traffic t = {};
	int listener = listen_at(&t.port);

	t.counted = mmap(NULL, sizeof(*t.counted), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(t.counted != MAP_FAILED);
	t.pid = child(fork());
	if (!t.pid)
		talk(listener, t.port, t.counted, pause_us);
	close(listener);
	return t;
}

/* Waits until so many more have been answered. */
static void traffic_await(const struct traffic *t, uint64_t more)
{
	uint64_t until = atomic_load(&t->counted->answered) + more;

	for (int i = 0; i < 3000 && atomic_load(&t->counted->answered) < until; i++)
		usleep(10000);
	assert_true(atomic_load(&t->counted->answered) >= until);
}

/* How many exchanges there were in all. */
static uint64_t traffic_end(struct traffic *t)
{
	uint64_t answered;
	int status;

	atomic_store(&t->counted->stop, 1);
	status = await(t->pid);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	answered = atomic_load(&t->counted->answered);
	munmap(t->counted, sizeof(*t->counted));
	return answered;
}

/* Requests on one connection, one by one: nothing is in flight when the hooks change. */
static void ask_times(int client, int server, unsigned int n)
{
	char response[sizeof(RESPONSE) - 1];

	for (unsigned int i = 0; i < n; i++) {
		assert_true(send(client, REQUEST, sizeof(REQUEST) - 1, 0) > 0);
		assert_true(answer(server));
		assert_true(receive_all(client, response, sizeof(response)));
	}
}

/* ---- the sampler ---- */

static const char *backend_under_test(void)
{
	const char *backend = getenv("TROTH_BACKEND");

	return backend ? backend : "auto";
}

static char pin_dir[64];

static int make_pin_dir_name(void **state)
{
	(void)state;
	snprintf(pin_dir, sizeof(pin_dir), "/sys/fs/bpf/troth-test-%d", getpid());
	return 0;
}

static struct sampler *opened; /* by the test that runs */

static void shut(struct sampler *s, bool linger)
{
	opened = NULL;
	sampler_close(s, linger);
}

static int detach_all(void **state)
{
	char why[256];
	int r;

	(void)state;
	end_children();
	if (opened)
		shut(opened, false);
	r = sampler_detach(pin_dir, why, sizeof(why));
	return r && r != -ENOENT;
}

static struct sampler_options options(void)
{
	return (struct sampler_options){
		.backend = backend_under_test(),
		.pin_dir = pin_dir,
		.thresholds = { { PART_DURATION, 0, 500000000 } },
		.n_thresholds = 1,
		.idle_end_ns = 5000000000,
	};
}

static struct sampler *open_with(const struct sampler_options *o)
{
	struct sampler *s = NULL;
	char why[512] = "";
	int r = sampler_open(o, &s, why, sizeof(why));

	if (r)
		fail_msg("sampler_open: %s: %s", strerror(-r), why);
	opened = s;
	return s;
}

static struct sampler *open_fresh(void)
{
	struct sampler_options o = options();

	return open_with(&o);
}

/* What the sampler has of one port, all numbers added. */
struct seen {
	uint16_t port;
	enum role role;
	unsigned int series;
	uint32_t number;
	char name[128];
	char protocol[32];
	uint64_t ok, total, within[THRESHOLDS], opened, closed, waiting;
};

static int see(void *context, const struct sampler_series *series)
{
	struct seen *seen = context;

	if (series->overflow || series->key.port != seen->port || series->key.role != seen->role)
		return 0;
	seen->series++;
	seen->number = series->number;
	snprintf(seen->name, sizeof(seen->name), "%s", series->id ? series->id->name : "");
	snprintf(seen->protocol, sizeof(seen->protocol), "%s", series->protocol);
	seen->ok += counts_outcome(series->counts, OUTCOME_OK);
	seen->total += counts_total(series->counts);
	for (unsigned int t = 0; t < THRESHOLDS; t++)
		for (unsigned int o = 0; o < OUTCOMES; o++)
			seen->within[t] += counts_within(series->counts, t, o);
	seen->opened += series->counts->opened;
	seen->closed += series->counts->closed;
	seen->waiting += series->in_flight.count;
	return 0;
}

static struct seen look(struct sampler *s, uint16_t port, enum role role)
{
	struct seen seen = { .port = port, .role = role };

	assert_int_equal(0, sampler_tick(s));
	assert_int_equal(0, sampler_read(s, true, see, &seen));
	return seen;
}

/* Once all of it has been counted: a close is handled some moments after it was called. */
static struct seen look_until(struct sampler *s, uint16_t port, enum role role, uint64_t total)
{
	struct seen seen = look(s, port, role);

	for (int i = 0; i < 3000 && seen.total < total; i++) {
		usleep(10000);
		seen = look(s, port, role);
	}
	return seen;
}

/* What leaving() and left() said. */
struct leavers {
	struct seen seen;
	unsigned int left;
	uint64_t in_flight, no_series;
	bool fails;
};

static int leaving(void *context, const struct sampler_maps *maps,
		   const struct sampler_series *series)
{
	struct leavers *l = context;

	(void)maps;
	assert_int_equal(0, l->left);
	return see(&l->seen, series);
}

static int left(void *context, const struct sampler_maps *maps, const struct losses *losses,
		uint64_t missed, uint64_t in_flight)
{
	struct leavers *l = context;

	(void)missed;
	if (l->fails)
		return -ENOSPC;
	assert_int_equal(1, maps->n_thresholds);
	assert_int_equal(500000000, maps->thresholds[0].max_ns);
	l->left++;
	l->in_flight = in_flight;
	l->no_series = losses->no_series[ROLE_SERVER];
	if (l->no_series)
		print_message("# numbers ran out for %lu connections: others on this machine have "
			      "taken them, and ours may be in the overflow\n",
			      (unsigned long)l->no_series);
	return 0;
}

static struct sampler_options options_of(struct leavers *l)
{
	struct sampler_options o = options();

	o.context = l;
	o.leaving = leaving;
	o.left = left;
	return o;
}

/* The tests of one program, each from nothing to nothing. */
#define SAMPLER_TEST(name) cmocka_unit_test_teardown(name, detach_all)

#endif
