// SPDX-License-Identifier: Apache-2.0
/*
 * upgrade_test.c - other programs, other layouts, other sizes than what is pinned. TROTH_BACKEND chooses the backend.
 */
#include "field.h"

static void a_missing_link_has_programs_replaced_without_a_gap(void **state)
{
	struct sampler *s = open_fresh();
	struct traffic t = traffic_begin(0);
	char link[128];
	struct seen seen;
	uint64_t answered;
	uint32_t id = sampler_maps(s)->id;

	(void)state;
	snprintf(link, sizeof(link), "%s/links/troth_retransmit", pin_dir);
	for (int i = 0; i < 10; i++) {
		traffic_await(&t, 200);
		shut(s, true);
		assert_int_equal(0, unlink(link));
		s = open_fresh();
		assert_true(sampler_maps(s)->adopted);
		assert_int_equal(id, sampler_maps(s)->id);
		assert_int_equal(0, access(link, F_OK));
	}
	traffic_await(&t, 200);
	answered = traffic_end(&t);
	seen = look_until(s, t.port, ROLE_SERVER, answered);
	assert_int_equal(answered, seen.ok);
	assert_int_equal(answered, seen.total);
	/* One more, where it was told to stop before it had asked anything on the last. */
	assert_in_range(seen.opened, (answered + KEPT_FOR - 1) / KEPT_FOR,
			(answered + KEPT_FOR - 1) / KEPT_FOR + 1);
	shut(s, false);
}

static void keep_by_another_build(void)
{
	char *const argv[] = { (char *)"build/other/keeper", pin_dir, (char *)backend_under_test(),
			       NULL };
	pid_t pid = child(fork());
	int status;

	if (!pid) {
		execv(argv[0], argv);
		_exit(127);
	}
	status = await(pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(0, WEXITSTATUS(status));
}

static void maps_of_another_layout_are_handed_over_to_the_last_exchange(void **state)
{
	struct leavers l = { .seen = { .role = ROLE_SERVER } };
	struct sampler_options o = options_of(&l);
	struct sampler *s;
	struct seen seen;
	int listener, client, server;

	(void)state;
	listener = listen_at(&l.seen.port);
	keep_by_another_build();
	client = connect_to(l.seen.port);
	server = accept(listener, NULL, NULL);
	ask_times(client, server, 100);
	s = open_with(&o);
	assert_int_equal(1, l.left);
	assert_int_equal(1, l.seen.series);
	/* The last answer had ended with its last byte. */
	assert_int_equal(100, l.seen.ok);
	assert_int_equal(100, l.seen.total);
	assert_int_equal(100, l.seen.within[0]);
	assert_int_equal(1, l.seen.opened);
	assert_string_equal("http", l.seen.protocol);
	assert_false(sampler_maps(s)->adopted);
	ask_times(client, server, 50);
	close(client);
	close(server);
	close(listener);
	seen = look_until(s, l.seen.port, ROLE_SERVER, 50);
	assert_int_equal(50, seen.total);
	assert_int_equal(50, seen.ok);
	shut(s, false);
}

static void what_could_not_be_recorded_is_handed_over_once_more(void **state)
{
	struct leavers l = { .seen = { .role = ROLE_SERVER }, .fails = true };
	struct sampler_options o = options_of(&l);
	struct sampler *s = NULL;
	int listener, client, server;
	char why[512];

	(void)state;
	listener = listen_at(&l.seen.port);
	keep_by_another_build();
	client = connect_to(l.seen.port);
	server = accept(listener, NULL, NULL);
	ask_times(client, server, 30);
	assert_int_equal(-ENOSPC, sampler_open(&o, &s, why, sizeof(why)));
	assert_int_equal(30, l.seen.total);
	l.seen.total = l.seen.ok = 0;
	l.fails = false;
	s = open_with(&o);
	assert_int_equal(30, l.seen.total);
	assert_int_equal(30, l.seen.ok);
	assert_int_equal(1, l.left);
	shut(s, false);
	close(client);
	close(server);
	close(listener);
}

static void another_number_of_series_takes_other_maps(void **state)
{
	struct leavers l = { .seen = { .role = ROLE_SERVER } };
	struct sampler_options o = options_of(&l);
	struct sampler *s = open_fresh();
	struct sampler_losses losses;
	int listener, client, server;

	(void)state;
	listener = listen_at(&l.seen.port);
	client = connect_to(l.seen.port);
	server = accept(listener, NULL, NULL);
	ask_times(client, server, 20);
	assert_true(send(client, REQUEST, sizeof(REQUEST) - 1, 0) > 0);
	shut(s, true);
	o.max_series = 300;
	s = open_with(&o);
	assert_int_equal(1, l.left);
	assert_int_equal(20, l.seen.total);
	assert_true(l.in_flight >= 1);
	sampler_losses(s, &losses);
	assert_int_equal(300, losses.series_max);
	shut(s, false);
	close(client);
	close(server);
	close(listener);
}

static void the_other_backend_takes_other_maps(void **state)
{
	struct leavers l = { .seen = { .role = ROLE_SERVER } };
	struct sampler_options o = options_of(&l);
	struct sampler *s = open_fresh();
	bool is_socket = !strcmp(sampler_backend(s), "socket");
	int listener = listen_at(&l.seen.port), client = connect_to(l.seen.port);
	int server = accept(listener, NULL, NULL);
	struct seen seen;

	(void)state;
	ask_times(client, server, 10);
	shut(s, true);
	o.backend = is_socket ? "syscall" : "socket";
	s = open_with(&o);
	assert_string_equal(o.backend, sampler_backend(s));
	assert_int_equal(1, l.left);
	assert_int_equal(10, l.seen.ok);
	ask_times(client, server, 10);
	close(client);
	close(server);
	close(listener);
	seen = look_until(s, l.seen.port, ROLE_SERVER, 10);
	assert_int_equal(10, seen.total);
	shut(s, false);
}

static void a_directory_elsewhere_is_refused_and_not_made(void **state)
{
	struct sampler_options o = options();
	struct sampler *s = NULL;
	char why[512] = "";

	(void)state;
	o.pin_dir = "/tmp/troth-test-no-bpffs";
	assert_int_equal(-EINVAL, sampler_open(&o, &s, why, sizeof(why)));
	assert_non_null(strstr(why, "bpffs"));
	assert_int_equal(-1, access(o.pin_dir, F_OK));
}

/* Hooks were gone for a while: what is kept of connections is behind what happened on them. */
static void a_measurement_that_was_over_is_handed_over(void **state)
{
	struct leavers l = { .seen = { .role = ROLE_SERVER } };
	struct sampler_options o = options_of(&l);
	struct sampler *s = open_fresh();
	struct seen last = { .role = ROLE_SERVER }, seen;
	int listener = listen_at(&l.seen.port), client = connect_to(l.seen.port);
	int server = accept(listener, NULL, NULL);

	(void)state;
	ask_times(client, server, 40);
	last.port = l.seen.port;
	assert_int_equal(0, sampler_finish(s));
	assert_int_equal(0, sampler_read(s, true, see, &last));
	assert_int_equal(40, last.ok); /* the last answer too */
	shut(s, true);		       /* as if it were killed here */
	usleep(100000);
	ask_times(client, server, 7);
	s = open_with(&o);
	assert_int_equal(1, l.left);
	assert_int_equal(40, l.seen.total);
	ask_times(client, server, 5);
	close(client);
	close(server);
	close(listener);
	seen = look_until(s, l.seen.port, ROLE_SERVER, 5);
	assert_int_equal(5, seen.total);
	shut(s, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAMPLER_TEST(a_missing_link_has_programs_replaced_without_a_gap),
		SAMPLER_TEST(maps_of_another_layout_are_handed_over_to_the_last_exchange),
		SAMPLER_TEST(what_could_not_be_recorded_is_handed_over_once_more),
		SAMPLER_TEST(another_number_of_series_takes_other_maps),
		SAMPLER_TEST(the_other_backend_takes_other_maps),
		SAMPLER_TEST(a_directory_elsewhere_is_refused_and_not_made),
		SAMPLER_TEST(a_measurement_that_was_over_is_handed_over),
	};

	cmocka_set_test_filter(getenv("FILTER"));
	return cmocka_run_group_tests(tests, make_pin_dir_name, NULL);
}
