// SPDX-License-Identifier: Apache-2.0
/*
 * test_resolve.c - who is behind an endpoint, in trees like /proc's. What programs are called is in
 * test_program.c, how equal names are told apart in test_unique.c.
 */
#define _GNU_SOURCE 1
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>

#include "../../user/collect/cgroup.h"
#include "../../user/collect/procfs.h"
#include "../../user/collect/resolve.h"
#include "proc_tree.h"

#define ID   "3b9223f725943b56188e6afd6aac8eda0e1c4f5a6b7c8d9e0f1a2b3c4d5e6f70"
#define HOST 4026531840u

static struct endpoint_key server_key(uint16_t port)
{
	return (struct endpoint_key){ .netns = HOST, .role = ROLE_SERVER, .port = port };
}

static struct endpoint_key client_key(const char *peer, uint16_t port, uint64_t inode)
{
	struct endpoint_key k = { .netns = HOST, .role = ROLE_CLIENT, .port = port };

	k.exe_inode = inode;
	assert_int_equal(1, inet_pton(AF_INET6, peer, k.peer));
	return k;
}

static struct endpoint noted(uint32_t series, uint32_t tgid, const char *comm)
{
	struct endpoint e = { .series = series, .tgid = tgid };

	memcpy(e.comm, comm, strnlen(comm, COMM_LEN));
	return e;
}

static void release(struct identity *id)
{
	struct sample s = { .services = calloc(1, sizeof(struct service_row)), .n_services = 1 };

	s.services[0].id = *id;
	sample_clear(&s);
	*id = (struct identity){};
}

#define _identity_ _cleanup_(release) struct identity

static struct identity name_it(struct resolver *r, const struct endpoint_key *k,
			       const struct endpoint *e)
{
	struct identity id = {};

	assert_int_equal(0, resolver_name(r, k, e, &id));
	return id;
}

static struct resolver *new_resolver(void)
{
	struct resolver *r = NULL;

	assert_int_equal(0, resolver_new(tree, 64, &r));
	return r;
}

#define _resolver_ _cleanup_(resolver_freep) struct resolver

static void a_server_is_called_after_its_unit_and_port(void **state)
{
	_resolver_ *r = new_resolver();
	struct endpoint_key k = server_key(8080);
	struct endpoint e = noted(5, 100, "nginx");

	(void)state;
	run_process(100, "nginx", "/usr/sbin/nginx", "/system.slice/nginx.service");
	_identity_ id = name_it(r, &k, &e);
	assert_string_equal("nginx:8080", id.name);
	assert_string_equal("nginx.service", id.unit);
	assert_string_equal("/system.slice/nginx.service", id.cgroup);
	assert_string_equal("nginx", id.comm);
	assert_non_null(strstr(id.exe, "/usr/sbin/nginx"));
	assert_int_equal(8080, id.port);
	assert_int_equal(100, id.pid);
	assert_int_equal(HOST, id.netns);
	assert_null(id.container);
	assert_null(id.peer_address);
}

static void a_unit_that_starts_other_people_s_programs_does_not_name_them(void **state)
{
	static const char *const cgroups[] = {
		"/system.slice/ssh.service",
		"/user.slice/user-0.slice/session-3.scope",
		"/user.slice/user-0.slice/user@0.service/app.slice/run-u77.service",
		"/system.slice/docker-" ID ".scope",
		"/",
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof(cgroups) / sizeof(*cgroups); i++) {
		_resolver_ *r = new_resolver();
		struct endpoint_key k = server_key(9000);
		struct endpoint e = noted(5, 100 + i, "shopd");

		run_process(100 + i, "shopd", "/opt/shop/shopd", cgroups[i]);
		_identity_ id = name_it(r, &k, &e);
		assert_string_equal("shopd:9000", id.name);
	}
}

static void a_client_is_called_after_its_program_and_peer(void **state)
{
	static const struct {
		const char *peer, *address, *name;
	} cases[] = {
		{ "::ffff:10.0.0.5", "10.0.0.5", "checkout->10.0.0.5:5432" },
		{ "2001:db8::5", "2001:db8::5", "checkout->[2001:db8::5]:5432" },
		{ "::1", "::1", "checkout->[::1]:5432" },
	};
	_resolver_ *r = new_resolver();

	(void)state;
	run_process(100, "checkout", "/usr/bin/checkout", "/system.slice/shop.service");
	for (uint32_t i = 0; i < 3; i++) {
		struct endpoint_key k =
			client_key(cases[i].peer, 5432, exe_inode("/usr/bin/checkout"));
		struct endpoint e = noted(5 + i, 100, "checkout");
		_identity_ id = name_it(r, &k, &e);

		assert_string_equal(cases[i].name, id.name);
		assert_string_equal(cases[i].address, id.peer_address);
		assert_int_equal(5432, id.peer_port);
		assert_int_equal(0, id.port);
		assert_string_equal("shop.service", id.unit);
	}
}

static void a_reused_number_is_not_believed(void **state)
{
	_resolver_ *r = new_resolver();
	struct endpoint_key client = client_key("::ffff:10.0.0.5", 80, 1);
	struct endpoint_key server = server_key(81);
	struct endpoint_key elsewhere = server_key(82);
	struct endpoint e = noted(5, 100, "curl");

	(void)state;
	elsewhere.netns = 4026532999u;
	run_process(100, "bash", "/usr/bin/bash", "/system.slice/other.service");
	_identity_ a = name_it(r, &client, &e);
	assert_string_equal("curl->10.0.0.5:80", a.name);
	assert_string_equal("curl", a.comm);
	assert_null(a.exe);
	assert_null(a.unit);
	assert_int_equal(100, a.pid);
	e.series = 6;
	_identity_ b = name_it(r, &server, &e);
	assert_string_equal("curl:81", b.name);
	assert_null(b.unit);
	e = noted(7, 100, "bash");
	_identity_ c = name_it(r, &elsewhere, &e);
	assert_string_equal("bash:82", c.name);
	assert_null(c.unit);
}

static void a_thread_s_name_is_as_good_as_the_main_thread_s(void **state)
{
	_resolver_ *r = new_resolver();
	struct endpoint_key k = server_key(8080);
	struct endpoint e = noted(5, 100, "http-nio-8080-e");

	(void)state;
	run_process(100, "java", "/usr/lib/jvm/bin/java", "/system.slice/shop.service");
	put("http-nio-8080-e\n", 16, "100/task/117/comm");
	_identity_ id = name_it(r, &k, &e);
	assert_string_equal("shop:8080", id.name);
	assert_string_equal("java", id.comm);
}

static void who_holds_the_listener_is_believed_under_any_name(void **state)
{
	_resolver_ *r = new_resolver();
	struct endpoint_key k = server_key(8080);
	struct endpoint e = noted(5, 100, "old-name");

	(void)state;
	run_process(100, "worker 7", "/usr/bin/shopd", "/");
	listen_on_8080(100, 12345);
	_identity_ id = name_it(r, &k, &e);
	assert_string_equal("shopd:8080", id.name);
	assert_string_equal("worker 7", id.comm);
}

static void a_server_nobody_noted_is_found_by_its_listener(void **state)
{
	_resolver_ *r = new_resolver();
	struct endpoint_key k = server_key(8080);
	struct endpoint_key nobody = server_key(8081);
	struct endpoint e = noted(5, 0, ""), f = noted(6, 0, "");

	(void)state;
	run_process(1, "systemd", "/usr/lib/systemd/systemd", "/init.scope");
	listen_on_8080(1, 12345);
	run_process(200, "nginx", "/usr/sbin/nginx", "/system.slice/nginx.service");
	listen_on_8080(200, 12345);
	run_process(201, "nginx", "/usr/sbin/nginx", "/system.slice/nginx.service");
	listen_on_8080(201, 12345);
	assert_true(resolver_owner_missing(&k, &e));
	_identity_ id = name_it(r, &k, &e);
	assert_string_equal("nginx:8080", id.name);
	assert_int_equal(200, id.pid);
	_identity_ none = name_it(r, &nobody, &f);
	assert_string_equal("port:8081", none.name);
	assert_int_equal(0, none.pid);
	assert_null(none.comm);
}

static void a_forked_child_that_has_gone_is_named_by_who_still_listens(void **state)
{
	_resolver_ *r = new_resolver();
	struct endpoint_key k = server_key(8080);
	struct endpoint e = noted(5, 999, "shopd");

	(void)state;
	run_process(200, "shopd", "/usr/bin/shopd", "/system.slice/shop.service");
	listen_on_8080(200, 12345);
	_identity_ id = name_it(r, &k, &e);
	assert_string_equal("shop:8080", id.name);
	assert_int_equal(200, id.pid);
}

static void looking_for_listeners_again_waits_for_a_tick(void **state)
{
	_resolver_ *r = new_resolver();
	struct endpoint_key k = server_key(8080);
	struct endpoint e = noted(5, 0, "");
	int ticks = 0;

	(void)state;
	{
		_identity_ id = name_it(r, &k, &e);
		assert_string_equal("port:8080", id.name);
	}
	run_process(200, "shopd", "/usr/bin/shopd", "/");
	listen_on_8080(200, 12345);
	for (bool found = false; !found; ticks++) {
		_identity_ id = name_it(r, &k, &e);

		found = !strcmp("shopd:8080", id.name);
		assert_true(ticks < 3);
		resolver_tick(r);
	}
	assert_true(ticks > 1);
}

static void a_process_that_has_gone_keeps_its_name(void **state)
{
	_resolver_ *r = new_resolver();
	struct endpoint_key k = client_key("::ffff:10.0.0.5", 80, 0);
	struct endpoint e = noted(5, 100, "curl");

	(void)state;
	run_process(100, "curl", "/usr/bin/fetch", "/system.slice/shop.service");
	{
		_identity_ first = name_it(r, &k, &e);
		assert_string_equal("fetch->10.0.0.5:80", first.name);
	}
	kill_process(100);
	{
		_identity_ again = name_it(r, &k, &e);
		assert_string_equal("fetch->10.0.0.5:80", again.name);
		assert_string_equal("shop.service", again.unit);
	}
	/* The next one was too short-lived to be seen; it is the same service all the same. */
	e.tgid = 101;
	_identity_ next = name_it(r, &k, &e);
	assert_string_equal("fetch->10.0.0.5:80", next.name);
}

static void a_process_that_was_never_seen_is_placed_by_the_kernel_s_cgroup(void **state)
{
	_cleanup_(freep) char *mountinfo = NULL;
	_cleanup_(freep) char *point = NULL;
	_cleanup_(freep) char *root = NULL;
	_resolver_ *r = new_resolver();
	struct endpoint_key k = server_key(80);
	struct endpoint e = noted(5, 100, "shopd");
	char group[PATH_MAX], unit[64];
	struct stat st;

	(void)state;
	assert_int_equal(0,
			 procfs_read(AT_FDCWD, "/proc/self/mountinfo", 1 << 20, &mountinfo, NULL));
	put(mountinfo, strlen(mountinfo), "self/mountinfo");
	snprintf(unit, sizeof(unit), "troth-test-%d.service", getpid());
	if (!cgroup_mount(mountinfo, &point, &root))
		snprintf(group, sizeof(group), "%s/%s", point, unit);
	if (geteuid() || !point || mkdir(group, 0755) < 0) {
		print_message("skipped: needs root and a writable cgroup v2 hierarchy\n");
		resolver_free(TAKE(r));
		free(TAKE(mountinfo));
		free(TAKE(point));
		free(TAKE(root));
		skip();
	}
	assert_int_equal(0, stat(group, &st));
	e.cgroup_id = st.st_ino;
	_identity_ id = name_it(r, &k, &e);
	assert_int_equal(0, rmdir(group));
	assert_string_equal(unit, id.unit);
	unit[strlen(unit) - strlen(".service")] = '\0';
	assert_int_equal(0, strncmp(id.name, unit, strlen(unit)));
	assert_string_equal("shopd", id.comm);
	assert_null(id.exe);
}

static void a_reused_series_forgets_its_former_owner(void **state)
{
	_resolver_ *r = new_resolver();
	struct endpoint_key k = server_key(80), other = server_key(81);
	struct endpoint e = noted(5, 100, "a");

	(void)state;
	run_process(100, "a", "/usr/bin/a", "/system.slice/a.service");
	_identity_ first = name_it(r, &k, &e);
	kill_process(100);
	e = noted(5, 100, "b");
	_identity_ second = name_it(r, &other, &e);
	assert_string_equal("b:81", second.name);
	assert_null(second.unit);
}

static void more_series_than_places_are_still_named(void **state)
{
	_resolver_ *r = NULL;

	(void)state;
	assert_int_equal(0, resolver_new(tree, 2, &r));
	for (int round = 0; round < 2; round++) {
		for (uint32_t series = 0; series < 10; series++) {
			struct endpoint_key k = server_key((uint16_t)(100 + series));
			struct endpoint e = noted(series, 7, "x");
			char want[16];
			_identity_ id = name_it(r, &k, &e);

			snprintf(want, sizeof(want), "x:%u", 100 + series);
			assert_string_equal(want, id.name);
		}
	}
}

static void names_are_plain_and_texts_are_utf8(void **state)
{
	_resolver_ *r = new_resolver();
	struct endpoint_key k = server_key(80);
	struct endpoint e = noted(5, 0, "a b\x01\xc3\xa9\xc3");
	char full[COMM_LEN + 1] = "0123456789abcdef";

	(void)state;
	{
		_identity_ id = name_it(r, &k, &e);
		assert_string_equal("a_b____:80", id.name);
		assert_string_equal("a b\x01\xc3\xa9?", id.comm);
	}
	e = noted(6, 0, full);
	_identity_ id = name_it(r, &k, &e);
	assert_string_equal(full, id.comm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(a_server_is_called_after_its_unit_and_port),
		TREE_TEST(a_unit_that_starts_other_people_s_programs_does_not_name_them),
		TREE_TEST(a_client_is_called_after_its_program_and_peer),
		TREE_TEST(a_reused_number_is_not_believed),
		TREE_TEST(a_thread_s_name_is_as_good_as_the_main_thread_s),
		TREE_TEST(who_holds_the_listener_is_believed_under_any_name),
		TREE_TEST(a_server_nobody_noted_is_found_by_its_listener),
		TREE_TEST(a_forked_child_that_has_gone_is_named_by_who_still_listens),
		TREE_TEST(looking_for_listeners_again_waits_for_a_tick),
		TREE_TEST(a_process_that_has_gone_keeps_its_name),
		TREE_TEST(a_process_that_was_never_seen_is_placed_by_the_kernel_s_cgroup),
		TREE_TEST(a_reused_series_forgets_its_former_owner),
		TREE_TEST(more_series_than_places_are_still_named),
		TREE_TEST(names_are_plain_and_texts_are_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
