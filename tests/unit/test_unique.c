// SPDX-License-Identifier: Apache-2.0
/* test_unique.c - equal names are told apart by container, pod, namespace, executable, pid. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "../../user/collect/resolve.h"

#define A "aaaa23f725943b56188e6afd6aac8eda0e1c4f5a6b7c8d9e0f1a2b3c4d5e6f70"
#define B "bbbb23f725943b56188e6afd6aac8eda0e1c4f5a6b7c8d9e0f1a2b3c4d5e6f70"

#define N_MAX 4

/* ids[].name is copied, as the resolver frees what it replaces; want is what each is called then. */
static void check(const struct identity *from, const enum role *roles, size_t n,
		  const char *const *want)
{
	struct identity ids[N_MAX], *pointers[N_MAX];

	assert_true(n <= N_MAX);
	for (size_t i = 0; i < n; i++) {
		ids[i] = from[i];
		ids[i].name = from[i].name ? strdup(from[i].name) : NULL;
		pointers[i] = &ids[i];
	}
	assert_int_equal(0, resolver_disambiguate(pointers, roles, n));
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(want[i] ? want[i] : "NULL", ids[i].name ? ids[i].name : "NULL");
		free(ids[i].name);
	}
}

static const enum role servers[N_MAX] = { ROLE_SERVER, ROLE_SERVER, ROLE_SERVER, ROLE_SERVER };
static const enum role clients[N_MAX] = { ROLE_CLIENT, ROLE_CLIENT, ROLE_CLIENT, ROLE_CLIENT };

static void different_names_stay_as_they_are(void **state)
{
	const struct identity ids[] = { { .name = "a:1", .container = A, .netns = 1 },
					{ .name = "a:2", .container = B, .netns = 2 } };

	(void)state;
	check(ids, servers, 2, (const char *[]){ "a:1", "a:2" });
	check(ids, servers, 0, NULL);
}

static void one_name_in_two_roles_stays_as_it_is(void **state)
{
	static const enum role roles[] = { ROLE_SERVER, ROLE_CLIENT };
	const struct identity ids[] = { { .name = "a", .netns = 1 }, { .name = "a", .netns = 2 } };

	(void)state;
	check(ids, roles, 2, (const char *[]){ "a", "a" });
}

static void containers_tell_apart_first(void **state)
{
	const struct identity ids[] = { { .name = "a:1", .container = A, .pod = "p", .netns = 1 },
					{ .name = "a:1", .container = B, .pod = "q", .netns = 2 } };

	(void)state;
	check(ids, servers, 2, (const char *[]){ "a:1@aaaa23f72594", "a:1@bbbb23f72594" });
}

static void who_is_in_no_container_gets_its_namespace(void **state)
{
	const struct identity ids[] = { { .name = "a:1", .netns = 7 },
					{ .name = "a:1", .container = A, .netns = 8 } };

	(void)state;
	check(ids, servers, 2, (const char *[]){ "a:1@netns-7", "a:1@aaaa23f72594" });
}

static void pods_then_namespaces_tell_apart(void **state)
{
	const struct identity pods[] = { { .name = "a:1", .pod = "p", .netns = 1 },
					 { .name = "a:1", .pod = "q", .netns = 2 } };
	const struct identity bare[] = { { .name = "a:1", .netns = 1 },
					 { .name = "a:1", .netns = 2 } };

	(void)state;
	check(pods, servers, 2, (const char *[]){ "a:1@p", "a:1@q" });
	check(bare, servers, 2, (const char *[]){ "a:1@netns-1", "a:1@netns-2" });
}

static void what_is_still_equal_is_told_apart_further(void **state)
{
	const struct identity ids[] = {
		{ .name = "a->x", .container = A, .netns = 1, .exe = "/opt/1/a" },
		{ .name = "a->x", .container = A, .netns = 1, .exe = "/opt/2/a" },
		{ .name = "a->x", .container = B, .netns = 2, .exe = "/opt/2/a" },
	};

	(void)state;
	check(ids, clients, 3,
	      (const char *[]){ "a->x@aaaa23f72594@/opt/1/a", "a->x@aaaa23f72594@/opt/2/a",
				"a->x@bbbb23f72594" });
}

static void two_versions_of_one_executable_are_told_apart_by_process(void **state)
{
	const struct identity ids[] = { { .name = "a->x", .netns = 1, .exe = "/a", .pid = 8 },
					{ .name = "a->x", .netns = 1, .exe = "/a", .pid = 9 } };

	(void)state;
	check(ids, clients, 2, (const char *[]){ "a->x@pid-8", "a->x@pid-9" });
}

static void what_nothing_tells_apart_is_numbered(void **state)
{
	const struct identity ids[] = { { .name = "a" }, { .name = "a" }, { .name = "a#2" }, {} };

	(void)state;
	check(ids, servers, 4, (const char *[]){ "a", "a#2", "a#2#2", NULL });
}

static void the_order_does_not_matter(void **state)
{
	const struct identity ids[] = { { .name = "a:1", .container = B, .netns = 2 },
					{ .name = "a:1", .netns = 7 },
					{ .name = "b:1" },
					{ .name = "a:1", .container = A, .netns = 1 } };

	(void)state;
	check(ids, servers, 4,
	      (const char *[]){ "a:1@bbbb23f72594", "a:1@netns-7", "b:1", "a:1@aaaa23f72594" });
}

static void a_suffix_is_plain_too(void **state)
{
	const struct identity ids[] = { { .name = "a", .exe = "/my app/a" },
					{ .name = "a", .exe = "/\xc3\xa9/a" } };

	(void)state;
	check(ids, clients, 2, (const char *[]){ "a@/my_app/a", "a@/__/a" });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(different_names_stay_as_they_are),
		cmocka_unit_test(one_name_in_two_roles_stays_as_it_is),
		cmocka_unit_test(containers_tell_apart_first),
		cmocka_unit_test(who_is_in_no_container_gets_its_namespace),
		cmocka_unit_test(pods_then_namespaces_tell_apart),
		cmocka_unit_test(what_is_still_equal_is_told_apart_further),
		cmocka_unit_test(two_versions_of_one_executable_are_told_apart_by_process),
		cmocka_unit_test(what_nothing_tells_apart_is_numbered),
		cmocka_unit_test(the_order_does_not_matter),
		cmocka_unit_test(a_suffix_is_plain_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
