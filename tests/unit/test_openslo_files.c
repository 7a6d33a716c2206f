// SPDX-License-Identifier: Apache-2.0
/* test_openslo_files.c - files and directories of objectives: what is read, and what is refused. */
#include <sys/stat.h>

#include "openslo_fixture.h"

static char directory[] = "/tmp/troth-openslo-XXXXXX";

static const char *write_file(const char *name, const char *text)
{
	static char path[4][256];
	static unsigned int next;
	char *p = path[next++ % 4];
	FILE *f;

	snprintf(p, sizeof(path[0]), "%s/%s", directory, name);
	f = fopen(p, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return p;
}

static int make_directory(void **state)
{
	(void)state;
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", directory);
	forget(state);
	return system(command);
}

#define READ_PATHS(...)                                                                            \
	assert_int_equal(                                                                          \
		0, slo_set_read((const char *const[]){ __VA_ARGS__ },                              \
				sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *),     \
				NOW, &problems, &set))

static void a_directory_is_one_world(void **state)
{
	(void)state;
	write_file("b.yaml", HEAD("a") REST WINDOW "  indicatorRef: far\n" OBJECTIVE);
	write_file("a.yml",
		   "apiVersion: openslo/v1\nkind: SLI\nmetadata: {name: far}\nspec: " RATIO);
	write_file("c.txt", "not: looked at");
	write_file(".hidden.yaml", "not: looked at");
	write_file("d.yaml", "# all of it is commented out\n");
	READ_PATHS(directory);
	assert_int_equal(0, problems.errors);
	assert_int_equal(3, set->n_files);
	assert_non_null(strstr(set->files[0], "/a.yml"));
	assert_non_null(strstr(set->files[2], "/d.yaml"));
	assert_int_equal(1, set->n_slos);
	assert_non_null(set->slos[0].objectives[0].indicator);
	assert_true(was_said(PROBLEM_WARNING, "no document in it"));
}

static void a_file_that_is_named_twice_is_read_once(void **state)
{
	char other[256], link[256];
	const char *path;

	(void)state;
	path = write_file("a.yaml",
			  "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: web}\n");
	snprintf(other, sizeof(other), "%s/../%s/a.yaml", directory, strrchr(directory, '/') + 1);
	snprintf(link, sizeof(link), "%s/z.yaml", directory);
	assert_int_equal(0, symlink("a.yaml", link));
	READ_PATHS(path, other, path, link, directory);
	assert_int_equal(0, problems.n);
	assert_int_equal(1, set->n_files);
	assert_string_equal(path, set->files[0]);
}

static void a_file_that_is_a_copy_is_another(void **state)
{
	const char *text = "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: web}\n";

	(void)state;
	write_file("a.yaml", text);
	write_file("b.yaml", text);
	READ_PATHS(directory);
	assert_int_equal(2, set->n_files);
	assert_true(was_said(PROBLEM_ERROR, "there is another Service 'web'"));
}

static void a_directory_without_yaml_is_an_error(void **state)
{
	(void)state;
	write_file("a.txt", "");
	READ_PATHS(directory);
	assert_int_equal(1, problems.n);
	assert_true(was_said(PROBLEM_ERROR, "the directory has no *.yaml or *.yml in it"));
}

static void paths_together_have_a_limit(void **state)
{
	const char *paths[SLO_FILES_MAX + 1];

	(void)state;
	for (int i = 0; i <= SLO_FILES_MAX; i++)
		paths[i] = "/dev/null/none.yaml";
	assert_int_equal(0, slo_set_read(paths, SLO_FILES_MAX + 1, NOW, &problems, &set));
	assert_true(was_said(PROBLEM_ERROR, "more than 1000 files in all"));
	assert_int_equal(2, problems.n);
}

static void what_is_no_file_never_hangs(void **state)
{
	char fifo[256];

	(void)state;
	snprintf(fifo, sizeof(fifo), "%s/fifo.yaml", directory);
	assert_int_equal(0, mkfifo(fifo, 0600));
	READ_PATHS(fifo, "/dev/zero", "/nonexistent/x.yaml", write_file("empty.yaml", ""));
	assert_int_equal(4, problems.errors);
	problems_sort(&problems);
	assert_non_null(strstr(problems.item[0].message, "no regular file"));
	assert_non_null(strstr(problems.item[1].message, "no regular file"));
	assert_non_null(strstr(problems.item[2].message, "there is no such file"));
	assert_non_null(strstr(problems.item[3].message, "there is no document in it"));
	for (size_t i = 0; i < problems.n; i++)
		assert_int_equal(1, problems.item[i].place.line * problems.item[i].place.column);
}

static void a_file_that_is_too_large_is_one_error(void **state)
{
	char path[256];
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/large.yaml", directory);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(0, ftruncate(fileno(f), 1 << 30));
	fclose(f);
	READ_PATHS(path);
	assert_int_equal(1, problems.errors);
	assert_true(was_said(PROBLEM_ERROR, "larger than 1024 KiB"));
}

static void a_directory_has_a_limit(void **state)
{
	char name[32];

	(void)state;
	for (int i = 0; i <= SLO_FILES_MAX; i++) {
		snprintf(name, sizeof(name), "%d.yaml", i);
		write_file(name, "");
	}
	READ_PATHS(directory);
	assert_int_equal(1, problems.errors);
	assert_true(was_said(PROBLEM_ERROR, "more than 1000 files"));
	assert_int_equal(0, set->n_files);
}

#define FILES(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILES(a_directory_is_one_world),
		FILES(a_file_that_is_named_twice_is_read_once),
		FILES(a_file_that_is_a_copy_is_another),
		FILES(a_directory_without_yaml_is_an_error),
		FILES(paths_together_have_a_limit),
		FILES(what_is_no_file_never_hangs),
		FILES(a_file_that_is_too_large_is_one_error),
		FILES(a_directory_has_a_limit),
	};

	return cmocka_run_group_tests_name("openslo_files", tests, NULL, NULL);
}
