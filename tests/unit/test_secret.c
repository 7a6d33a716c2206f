// SPDX-License-Identifier: Apache-2.0
/* test_secret.c - files that hold secrets: what is read, what is refused, and that it never waits. */
#define _GNU_SOURCE 1
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../user/base/cleanup.h"
#include "../../user/base/secret.h"

static char directory[] = "/tmp/troth-secret-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static const char *file_of(const char *bytes, size_t size)
{
	const char *path = path_of("file");
	_cleanup_(fclosep) FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(size, fwrite(bytes, 1, size, f));
	return path;
}

static void a_file_is_read_whole_whatever_is_in_it(void **state)
{
	static const char *const all[] = { "", "one word", "two\nlines\n", "a\0b" };
	static const size_t sizes[] = { 0, 8, 10, 3 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		char *text = NULL;
		size_t size = 99;

		assert_int_equal(0, secret_file_read(file_of(all[i], sizes[i]), 16, &text, &size));
		assert_int_equal(sizes[i], size);
		assert_memory_equal(all[i], text, size + 1);
		secret_free(text, size);
	}
	secret_free(NULL, 0);
}

static void one_byte_more_than_allowed_is_too_large(void **state)
{
	char *text = NULL;
	size_t size;

	(void)state;
	assert_int_equal(0, secret_file_read(file_of("12345678", 8), 8, &text, &size));
	assert_string_equal("12345678", text);
	secret_free(text, size);
	assert_int_equal(-EFBIG, secret_file_read(file_of("123456789", 9), 8, &text, &size));
	assert_string_equal("it is too large", secret_file_error(-EFBIG));
}

/* procfs says that its files are empty, and they are not. */
static void a_file_that_is_longer_than_it_says_is_not_read_beyond_the_limit(void **state)
{
	char *text = NULL;

	(void)state;
	assert_int_equal(-EFBIG, secret_file_read("/proc/self/status", 8, &text, NULL));
	assert_int_equal(0, secret_file_read("/proc/self/status", 1 << 16, &text, NULL));
	assert_non_null(strstr(text, "\nPid:\t"));
	secret_free(text, strlen(text));
}

/* A pipe nobody writes to: open(2) and read(2) would wait. */
static void what_is_no_plain_file_is_refused_at_once(void **state)
{
	const char *pipe = path_of("pipe");
	char *text = NULL;

	(void)state;
	assert_int_equal(0, mkfifo(pipe, 0600));
	alarm(20);
	assert_int_equal(-EBADF, secret_file_read(pipe, 8, &text, NULL));
	alarm(0);
	unlink(pipe);
	assert_int_equal(-EBADF, secret_file_read("/dev/zero", 8, &text, NULL));
	assert_int_equal(-EISDIR, secret_file_read(directory, 8, &text, NULL));
	assert_int_equal(-ENOENT, secret_file_read(path_of("nothing"), 8, &text, NULL));
	assert_null(text);
	assert_string_equal("it is no plain file", secret_file_error(-EBADF));
	assert_string_equal(strerror(ENOENT), secret_file_error(-ENOENT));
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink(path_of("file"));
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read_whole_whatever_is_in_it),
		cmocka_unit_test(one_byte_more_than_allowed_is_too_large),
		cmocka_unit_test(a_file_that_is_longer_than_it_says_is_not_read_beyond_the_limit),
		cmocka_unit_test(what_is_no_plain_file_is_refused_at_once),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
