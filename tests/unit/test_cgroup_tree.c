// SPDX-License-Identifier: Apache-2.0
/*
 * test_cgroup_tree.c - groups by number without the right to open them by it. The hierarchies are
 * directories of an ordinary file system, whose numbers stat(2) tells.
 */
#define _GNU_SOURCE 1
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "../../user/collect/cgroup_tree.h"
#include "proc_tree.h"

#define _tree_ _cleanup_(cgroup_tree_freep) struct cgroup_tree

/* A file in a group, as cgroups have them; the group's number. */
__attribute__((format(printf, 1, 2))) static uint64_t group(const char *format, ...)
{
	char name[PATH_MAX / 4], path[PATH_MAX];
	struct stat st;
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	put("", 0, "groups/%s/cgroup.procs", name);
	snprintf(path, sizeof(path), "%s/groups/%s", tree, name);
	assert_int_equal(0, stat(path, &st));
	return st.st_ino;
}

/* shown: which group the mount has as its root. */
static struct cgroup_tree *new_tree(const char *shown, unsigned int max_groups)
{
	struct cgroup_tree *t = NULL;
	char line[PATH_MAX];

	snprintf(line, sizeof(line), "30 23 0:27 %s %s/groups rw - cgroup2 cgroup2 rw\n", shown,
		 tree);
	put(line, strlen(line), "self/mountinfo");
	assert_int_equal(0, cgroup_tree_new(tree, max_groups, false, &t));
	return t;
}

static void has(struct cgroup_tree *t, const char *expected, uint64_t id)
{
	_cleanup_(freep) char *path = NULL;
	uint64_t asked = 0;

	assert_int_equal(0, cgroup_tree_path(t, id, &asked, &path));
	assert_string_equal(expected, path);
}

/* Ticks until the answer is there. */
static unsigned int ticks_until_answered(struct cgroup_tree *t, uint64_t asked)
{
	unsigned int n = 0;

	for (; !cgroup_tree_answers(t, asked); n++) {
		assert_in_range(n, 0, 1000);
		assert_int_equal(0, cgroup_tree_tick(t));
	}
	return n;
}

static void a_group_is_found_by_its_number_however_deep_it_is(void **state)
{
	uint64_t nginx = group("system.slice/nginx.service");
	uint64_t pod = group("kubepods.slice/kubepods-pod1.slice/cri-1.scope/inner");
	uint64_t slice = group("system.slice"), top = group(".");
	_tree_ *t = new_tree("/", 0);

	(void)state;
	has(t, "/system.slice/nginx.service", nginx);
	has(t, "/kubepods.slice/kubepods-pod1.slice/cri-1.scope/inner", pod);
	has(t, "/system.slice", slice);
	has(t, "/", top);
}

static void a_mount_of_a_part_has_that_part_s_path_before_it(void **state)
{
	uint64_t id = group("a.service");
	_tree_ *t = new_tree("/../outer.slice", 0);

	(void)state;
	has(t, "/../outer.slice/a.service", id);
}

static void a_number_that_nobody_has_is_told_once_the_walk_is_over(void **state)
{
	uint64_t asked = 0, id = group("gone.service"), stays = group("stays.service");
	_tree_ *t = new_tree("/", 0);
	char path[PATH_MAX], *found = NULL;

	(void)state;
	snprintf(path, sizeof(path), "%s/groups/gone.service", tree);
	assert_int_equal(0, nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS));
	assert_int_equal(-ENOENT, cgroup_tree_path(t, id, &asked, &found));
	assert_true(cgroup_tree_answers(t, asked));
	assert_int_equal(-ENOENT, cgroup_tree_path(t, id, &asked, &found));
	assert_null(found);
	has(t, "/stays.service", stays);
}

static void a_group_made_after_a_walk_is_found_by_the_next_one(void **state)
{
	uint64_t first = group("a.service"), later, asked = 0;
	_cleanup_(freep) char *path = NULL;
	_tree_ *t = new_tree("/", 0);

	(void)state;
	has(t, "/a.service", first);
	later = group("b.service");
	assert_int_equal(-EAGAIN, cgroup_tree_path(t, later, &asked, &path));
	assert_int_equal(1, ticks_until_answered(t, asked));
	assert_int_equal(0, cgroup_tree_path(t, later, &asked, &path));
	assert_string_equal("/b.service", path);
}

static void walks_that_find_nothing_come_ever_more_seldom(void **state)
{
	static const unsigned int expected[] = { 0, 1, 2, 4, 8, 16, 32, 64, 64 };
	_tree_ *t = new_tree("/", 0);
	uint64_t late;

	(void)state;
	group("a.service");
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		uint64_t asked = 0;
		char *path = NULL;
		int err = cgroup_tree_path(t, UINT64_MAX - i, &asked, &path);

		assert_int_equal(i ? -EAGAIN : -ENOENT, err);
		assert_int_equal(expected[i], ticks_until_answered(t, asked));
	}
	/* One that finds something ends that. */
	late = group("late.service");
	for (int i = 0; i < 2; i++) {
		_cleanup_(freep) char *path = NULL;
		uint64_t asked = 0;

		assert_int_equal(-EAGAIN, cgroup_tree_path(t, late, &asked, &path));
		assert_int_equal(i ? 1 : 64, ticks_until_answered(t, asked));
		assert_int_equal(0, cgroup_tree_path(t, late, &asked, &path));
		late = group("later.service");
	}
}

static void one_walk_answers_all_who_ask(void **state)
{
	uint64_t asked[3] = {}, id[3];
	_tree_ *t = new_tree("/", 0);

	(void)state;
	has(t, "/a", group("a"));
	for (int i = 0; i < 3; i++) {
		char *path = NULL;

		id[i] = group("b%d", i);
		assert_int_equal(-EAGAIN, cgroup_tree_path(t, id[i], &asked[i], &path));
	}
	ticks_until_answered(t, asked[0]);
	for (int i = 0; i < 3; i++) {
		_cleanup_(freep) char *path = NULL;

		assert_true(cgroup_tree_answers(t, asked[i]));
		assert_int_equal(0, cgroup_tree_path(t, id[i], &asked[i], &path));
	}
}

static void a_large_hierarchy_is_walked_in_several_ticks(void **state)
{
	uint64_t asked = 0, last = 0;
	_cleanup_(freep) char *path = NULL;
	_tree_ *t = new_tree("/", 0);
	unsigned int n;

	(void)state;
	for (int i = 0; i < 1000; i++)
		last = group("%d/deep/deeper", i);
	/* Breadth first: the root and 999 others come before. */
	assert_int_equal(-EAGAIN, cgroup_tree_path(t, last, &asked, &path));
	n = ticks_until_answered(t, asked);
	/* 3001 looks at most, 256 of them at once, the first of them before any tick. */
	assert_int_equal(3001 / 256, n);
	assert_int_equal(0, cgroup_tree_path(t, last, &asked, &path));
	assert_string_equal("/999/deep/deeper", path);
}

static void who_asks_in_the_middle_of_a_walk_gets_one_of_his_own(void **state)
{
	uint64_t asked = 0, asked_late = 0, late;
	_cleanup_(freep) char *path = NULL;
	_tree_ *t = new_tree("/", 0);

	(void)state;
	for (int i = 0; i < 600; i++)
		group("%d", i);
	group("first");
	assert_int_equal(-EAGAIN, cgroup_tree_path(t, UINT64_MAX, &asked, &path));
	late = group("first/late.service");
	assert_int_equal(-EAGAIN, cgroup_tree_path(t, late, &asked_late, &path));
	assert_true(asked_late > asked);
	ticks_until_answered(t, asked_late);
	assert_int_equal(0, cgroup_tree_path(t, late, &asked_late, &path));
	assert_string_equal("/first/late.service", path);
}

static void groups_beyond_the_limit_are_left_out_and_counted(void **state)
{
	uint64_t asked = 0;
	_tree_ *t = new_tree("/", 8);
	char *path = NULL;

	(void)state;
	for (int i = 0; i < 20; i++)
		group("%d", i);
	assert_int_equal(-ENOENT, cgroup_tree_path(t, UINT64_MAX, &asked, &path));
	assert_int_equal(20 + 1 - 8, cgroup_tree_left_out(t));
}

static void without_a_hierarchy_nobody_is_found(void **state)
{
	_tree_ *t = NULL;
	uint64_t asked = 0;
	char *path = NULL;

	(void)state;
	assert_int_equal(0, cgroup_tree_new(tree, 0, false, &t));
	assert_int_equal(-ENOENT, cgroup_tree_path(t, 1, &asked, &path));
	assert_int_equal(0, cgroup_tree_left_out(t));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(a_group_is_found_by_its_number_however_deep_it_is),
		TREE_TEST(a_mount_of_a_part_has_that_part_s_path_before_it),
		TREE_TEST(a_number_that_nobody_has_is_told_once_the_walk_is_over),
		TREE_TEST(a_group_made_after_a_walk_is_found_by_the_next_one),
		TREE_TEST(walks_that_find_nothing_come_ever_more_seldom),
		TREE_TEST(one_walk_answers_all_who_ask),
		TREE_TEST(a_large_hierarchy_is_walked_in_several_ticks),
		TREE_TEST(who_asks_in_the_middle_of_a_walk_gets_one_of_his_own),
		TREE_TEST(groups_beyond_the_limit_are_left_out_and_counted),
		TREE_TEST(without_a_hierarchy_nobody_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
