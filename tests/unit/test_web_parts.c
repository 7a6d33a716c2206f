// SPDX-License-Identifier: Apache-2.0
/* test_web_parts.c - secrets, times of a query, sockets, and the pages that documents grow in. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cmocka.h>

#include "../../user/base/cleanup.h"
#include "../../user/base/spool.h"
#include "../../user/web/listen.h"
#include "../../user/web/query.h"
#include "../../user/web/token.h"

static char directory[] = "/tmp/troth-web-XXXXXX";

static int make_directory(void **state)
{
	(void)state;
	return !mkdtemp(directory);
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

static char *path_of(const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%s", directory, name) > 0);
	return path;
}

static char *file_of(const char *bytes, size_t n)
{
	char *path = path_of("token");
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(n, fwrite(bytes, 1, n, f));
	fclose(f);
	return path;
}

static int read_token(const char *bytes, struct token *ret)
{
	_cleanup_(freep) char *path = file_of(bytes, strlen(bytes));
	char why[256] = "";
	int r = token_read(path, ret, why, sizeof(why));

	unlink(path);
	if (r)
		assert_non_null(strstr(why, "one word"));
	return r;
}

static void only_the_whole_token_opens(void **state)
{
	struct token t;

	(void)state;
	assert_int_equal(0, read_token("s3cret\n", &t));
	assert_true(token_allows(&t, "Bearer s3cret"));
	assert_true(token_allows(&t, "bearer   s3cret"));
	assert_false(token_allows(&t, NULL));
	assert_false(token_allows(&t, ""));
	assert_false(token_allows(&t, "Bearer"));
	assert_false(token_allows(&t, "Bearer "));
	assert_false(token_allows(&t, "Bearer s3cre"));
	assert_false(token_allows(&t, "Bearer s3crets"));
	assert_false(token_allows(&t, "Bearer S3CRET"));
	assert_false(token_allows(&t, "Basic s3cret"));
	assert_false(token_allows(&t, "Bearers3cret"));
}

static void a_token_longer_than_all_is_no_token(void **state)
{
	char full[TOKEN_MAX + 1], header[TOKEN_MAX + 64];
	struct token t;

	(void)state;
	memset(full, 'x', TOKEN_MAX);
	full[TOKEN_MAX] = '\0';
	assert_int_equal(0, read_token(full, &t));
	snprintf(header, sizeof(header), "Bearer %s", full);
	assert_true(token_allows(&t, header));
	strcat(header, "x");
	assert_false(token_allows(&t, header));
}

static void a_file_without_one_word_is_refused(void **state)
{
	char long_one[TOKEN_MAX + 2];
	struct token t;

	(void)state;
	memset(long_one, 'x', TOKEN_MAX + 1);
	long_one[TOKEN_MAX + 1] = '\0';
	assert_int_equal(-EINVAL, read_token("", &t));
	assert_int_equal(-EINVAL, read_token("\n", &t));
	assert_int_equal(-EINVAL, read_token("two words\n", &t));
	assert_int_equal(-EINVAL, read_token(long_one, &t));
}

static void without_a_file_nobody_needs_a_token(void **state)
{
	struct token t;
	char why[64];

	(void)state;
	assert_int_equal(0, token_read(NULL, &t, why, sizeof(why)));
	assert_true(token_allows(&t, NULL));
	assert_int_equal(-ENOENT, token_read("/nowhere/at/all", &t, why, sizeof(why)));
	assert_non_null(strstr(why, "/nowhere/at/all"));
	assert_int_equal(-EISDIR, token_read("/tmp", &t, why, sizeof(why)));
}

static int64_t time_of(const char *text)
{
	int64_t t;

	return query_time(text, strlen(text), &t) ? INT64_MIN : t;
}

/* 1769860800 is 2026-01-31T12:00:00Z by date(1). */
static void a_time_is_read_as_a_url_brings_it(void **state)
{
	int64_t t;

	(void)state;
	assert_int_equal(1769860800, time_of("2026-01-31T12:00:00Z"));
	assert_int_equal(1769860800, time_of("1769860800"));
	assert_int_equal(1769860800, time_of("2026-01-31T13:30:00+01:30"));
	assert_int_equal(1769860800, time_of("2026-01-31T13:30:00 01:30"));
	assert_int_equal(1769860800, time_of("2026-01-31 13:30:00 01:30"));
	assert_int_equal(1769860800, time_of("2026-01-31T09:00:00-03:00"));
	assert_int_equal(INT64_MIN, time_of(""));
	assert_int_equal(INT64_MIN, time_of("now"));
	assert_int_equal(INT64_MIN, time_of("2026-01-31"));
	assert_int_equal(INT64_MIN, time_of("2026-02-30T12:00:00Z"));
	assert_int_equal(INT64_MIN, time_of("99999999999999999999999999"));
	assert_int_equal(-EINVAL, query_time("1769860800\0Z", 12, &t));
	assert_int_equal(-EINVAL, query_time(NULL, 0, &t));
}

static int tcp(const char *where, char why[256])
{
	int fd = -1, r = listen_tcp(where, &fd, why, 256);

	if (fd >= 0)
		close(fd);
	return r;
}

static void an_address_is_understood_or_explained(void **state)
{
	static const char *const wrong[] = {
		"",	     "9477",	    "127.0.0.1", "127.0.0.1:",	    "::1:9477", "[::1]",
		"[::1:9477", "127.0.0.1:x", "[]:1",	 "127.0.0.1:65536", ":-1"
	};
	char why[256];

	(void)state;
	assert_int_equal(0, tcp("127.0.0.1:0", why));
	assert_int_equal(0, tcp("localhost:0", why));
	assert_int_equal(0, tcp(":0", why));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(-EINVAL, tcp(wrong[i], why));
		assert_non_null(strstr(why, "127.0.0.1:9477"));
	}
	assert_true(tcp("192.0.2.1:0", why) < 0); /* TEST-NET: nobody's */
}

static void a_taken_port_is_said(void **state)
{
	char why[256], where[64];
	int fd;

	(void)state;
	assert_int_equal(0, listen_tcp("127.0.0.1:0", &fd, why, sizeof(why)));
	snprintf(where, sizeof(where), "127.0.0.1:%u", listen_port(fd));
	assert_int_equal(-EADDRINUSE, tcp(where, why));
	assert_non_null(strstr(why, where));
	close(fd);
}

static void a_dead_socket_is_replaced_and_a_living_one_is_not(void **state)
{
	_cleanup_(freep) char *path = path_of("sock");
	char why[256];
	struct stat st;
	int first, second;

	(void)state;
	assert_int_equal(0, listen_unix(path, &first, why, sizeof(why)));
	assert_int_equal(0, stat(path, &st));
	assert_int_equal(0600, st.st_mode & 0777);
	assert_int_equal(-EADDRINUSE, listen_unix(path, &second, why, sizeof(why)));
	assert_non_null(strstr(why, path));
	close(first);
	assert_int_equal(0, listen_unix(path, &second, why, sizeof(why)));
	/* The first one's end is not the second one's. */
	listen_unix_end(path);
	assert_int_equal(0, stat(path, &st));
	close(second);
	listen_unix_end(path);
	assert_int_equal(-1, stat(path, &st));
}

static void a_socket_is_its_owners_alone_whatever_the_umask(void **state)
{
	static const mode_t masks[] = { 0, 0022, 0077 };
	_cleanup_(freep) char *path = path_of("sock");
	char why[256];
	struct stat st;
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		mode_t before = umask(masks[i]);

		assert_int_equal(0, listen_unix(path, &fd, why, sizeof(why)));
		umask(before);
		assert_int_equal(0, lstat(path, &st));
		assert_int_equal(S_IFSOCK | 0600, st.st_mode);
		close(fd);
		unlink(path);
	}
}

static void what_is_no_socket_is_left_alone(void **state)
{
	_cleanup_(freep) char *path = file_of("precious", 8);
	char why[256];
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(-EEXIST, listen_unix(path, &fd, why, sizeof(why)));
	assert_non_null(strstr(why, "in the way"));
	assert_int_equal(0, stat(path, &st));
	unlink(path);
}

static void a_path_too_long_for_a_socket_is_said(void **state)
{
	char path[200], why[512];
	int fd;

	(void)state;
	memset(path, 'd', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(-ENAMETOOLONG, listen_unix(path, &fd, why, sizeof(why)));
	assert_non_null(strstr(why, "107"));
	assert_int_equal(-ENOENT, listen_unix("/nowhere/troth.sock", &fd, why, sizeof(why)));
}

static void a_spool_grows_to_its_limit_and_no_further(void **state)
{
	struct spool s;
	FILE *out;

	(void)state;
	spool_init(&s, 200000);
	out = spool_stream(&s);
	assert_non_null(out);
	for (unsigned int i = 0; i < 20000; i++)
		assert_true(fprintf(out, "%08u\n", i) == 9);
	assert_int_equal(0, fclose(out));
	assert_int_equal(180000, s.n);
	assert_memory_equal("00000000\n00000001\n", s.bytes, 18);
	assert_memory_equal("00019999\n", s.bytes + s.n - 9, 9);
	spool_count(&s, 0);
	spool_count(&s, UINT64_MAX);
	assert_memory_equal("018446744073709551615", s.bytes + 180000, 21);
	out = spool_stream(&s);
	for (unsigned int i = 0; i < 4000; i++)
		fputs("too much\n", out);
	fclose(out);
	assert_int_equal(-EFBIG, s.error);
	assert_true(s.n <= 200000);
	spool_clear(&s);
	assert_int_equal(0, s.error);
	spool_text(&s, "again");
	assert_int_equal(5, s.n);
	spool_clear(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_whole_token_opens),
		cmocka_unit_test(a_token_longer_than_all_is_no_token),
		cmocka_unit_test(a_file_without_one_word_is_refused),
		cmocka_unit_test(without_a_file_nobody_needs_a_token),
		cmocka_unit_test(a_time_is_read_as_a_url_brings_it),
		cmocka_unit_test(an_address_is_understood_or_explained),
		cmocka_unit_test(a_taken_port_is_said),
		cmocka_unit_test(a_dead_socket_is_replaced_and_a_living_one_is_not),
		cmocka_unit_test(a_socket_is_its_owners_alone_whatever_the_umask),
		cmocka_unit_test(what_is_no_socket_is_left_alone),
		cmocka_unit_test(a_path_too_long_for_a_socket_is_said),
		cmocka_unit_test(a_spool_grows_to_its_limit_and_no_further),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
