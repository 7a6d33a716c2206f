// SPDX-License-Identifier: Apache-2.0
/*
 * sampler_test.c - the sampler against the kernel: what it counts over stops, kills and replacements
 * equals what clients counted themselves. TROTH_BACKEND chooses the backend.
 */
#include "field.h"

static void what_is_pinned_counts_from_the_first_exchange_on(void **state)
{
	struct sampler *s = open_fresh();
	struct traffic t = traffic_begin(0);
	struct seen server, client;
	uint64_t answered;

	(void)state;
	traffic_await(&t, 1000);
	answered = traffic_end(&t);
	server = look_until(s, t.port, ROLE_SERVER, answered);
	client = look_until(s, t.port, ROLE_CLIENT, answered);
	assert_int_equal(answered, server.ok);
	assert_int_equal(answered, server.total);
	assert_int_equal(answered, client.ok);
	assert_string_equal("http", server.protocol);
	assert_false(sampler_maps(s)->adopted);
	shut(s, false);
	assert_int_equal(-1, access(pin_dir, F_OK));
}

/* Opens, ticks and reads like a daemon, until it is killed. */
static pid_t daemon_begin(const struct sampler_options *o)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(0, pipe(ready));
	pid = child(fork());
	if (!pid) {
		struct sampler *s;
		char why[256];

		close(ready[0]);
		if (sampler_open(o, &s, why, sizeof(why)))
			_exit(1);
		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		close(ready[1]);
		for (;;) {
			struct seen seen = {};

			sampler_tick(s);
			sampler_read(s, false, see, &seen);
			usleep(20000);
		}
	}
	close(ready[1]);
	assert_int_equal(1, read(ready[0], &byte, 1));
	close(ready[0]);
	return pid;
}

static void a_kill_under_traffic_loses_and_repeats_nothing(void **state)
{
	struct sampler_options o = options();
	pid_t daemon = daemon_begin(&o);
	struct traffic t = traffic_begin(0);
	struct timespec begun, open;
	struct sampler *s;
	struct seen seen;
	uint64_t answered;

	(void)state;
	for (int i = 0; i < 10; i++) {
		traffic_await(&t, 100);
		end_by_kill(daemon);
		traffic_await(&t, 100);
		daemon = daemon_begin(&o);
	}
	end_by_kill(daemon);
	clock_gettime(CLOCK_MONOTONIC, &begun);
	s = open_fresh();
	clock_gettime(CLOCK_MONOTONIC, &open);
	print_message("# adopted in %.1f ms\n",
		      (double)(open.tv_sec - begun.tv_sec) * 1e3 +
			      (double)(open.tv_nsec - begun.tv_nsec) / 1e6);
	assert_true(sampler_maps(s)->adopted);
	answered = traffic_end(&t);
	seen = look_until(s, t.port, ROLE_SERVER, answered);
	assert_int_equal(answered, seen.ok);
	assert_int_equal(answered, seen.total);
	shut(s, false);
}

static void what_lingers_goes_on_counting(void **state)
{
	struct sampler *s = open_fresh();
	struct traffic t = traffic_begin(100);
	uint32_t id = sampler_maps(s)->id;
	struct seen seen;
	uint64_t answered;

	(void)state;
	traffic_await(&t, 200);
	shut(s, true);
	traffic_await(&t, 200);
	s = open_fresh();
	assert_true(sampler_maps(s)->adopted);
	assert_int_equal(id, sampler_maps(s)->id);
	traffic_await(&t, 200);
	answered = traffic_end(&t);
	seen = look_until(s, t.port, ROLE_SERVER, answered);
	assert_int_equal(answered, seen.ok);
	assert_int_equal(answered, seen.total);
	shut(s, false);
}

static void a_second_one_is_refused_in_one_line(void **state)
{
	struct sampler *s = open_fresh(), *other = NULL;
	struct sampler_options o = options();
	char why[512] = "";

	(void)state;
	assert_int_equal(-EBUSY, sampler_open(&o, &other, why, sizeof(why)));
	assert_non_null(strstr(why, pin_dir));
	assert_null(strchr(why, '\n'));
	assert_int_equal(-EBUSY, sampler_detach(pin_dir, why, sizeof(why)));
	shut(s, false);
	assert_int_equal(-ENOENT, sampler_detach(pin_dir, why, sizeof(why)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAMPLER_TEST(what_is_pinned_counts_from_the_first_exchange_on),
		SAMPLER_TEST(a_kill_under_traffic_loses_and_repeats_nothing),
		SAMPLER_TEST(what_lingers_goes_on_counting),
		SAMPLER_TEST(a_second_one_is_refused_in_one_line),
	};

	cmocka_set_test_filter(getenv("FILTER"));
	return cmocka_run_group_tests(tests, make_pin_dir_name, NULL);
}
