// SPDX-License-Identifier: Apache-2.0
/*
 * test_option_values.c - sizes, addresses, names, paths, URLs and what is kept as text. Sizes were
 * computed by hand; which addresses are loopback is RFC 5735, RFC 4291 and RFC 6761.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/conf/listen.h"
#include "../../user/conf/option_value.h"
#include "../../user/conf/size.h"

static char why[512];

static int read_as(enum option_type type, const char *text, void *field)
{
	const struct option_row row = { .name = "x", .type = type, .max = 8 };

	return option_value_read(&row, "--x", text, field, why, sizeof(why));
}

static void a_size_has_a_unit_of_1024_or_of_1000(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} cases[] = {
		{ "0", 0 },
		{ "17", 17 },
		{ "17B", 17 },
		{ "1K", 1024 },
		{ "1KiB", 1024 },
		{ "1kB", 1000 },
		{ "2M", 2097152 },
		{ "2 MiB", 2097152 },
		{ "2MB", 2000000 },
		{ "8GiB", 8589934592 },
		{ "8GB", 8000000000 },
		{ "1T", 1099511627776 },
		{ "1TB", 1000000000000 },
		{ "16777215T", 18446742974197923840u },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t bytes = 1;

		if (size_parse(cases[i].text, &bytes) || bytes != cases[i].bytes)
			fail_msg("%s: %llu", cases[i].text, (unsigned long long)bytes);
	}
}

static void what_is_no_size_is_refused(void **state)
{
	static const char *const wrong[] = { "",    " 1",   "1.5G", "-1",   "+1",  "GiB",
					     "1 ",  "1  G", "1X",   "1KIB", "1gb", "0x10",
					     "1GG", "1G ",  "1kb",  "٣" };
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (size_parse(wrong[i], &bytes) != -EINVAL)
			fail_msg("'%s'", wrong[i]);
	assert_int_equal(-ERANGE, size_parse("16777216T", &bytes));
	assert_int_equal(-ERANGE, size_parse("18446744073709551616", &bytes));
	assert_int_equal(-ERANGE, size_parse("99999999999999999999999999G", &bytes));
}

static void a_size_is_written_as_it_is_read(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0B" },
		{ 1000, "1000B" },
		{ 1024, "1KiB" },
		{ 1536, "1536B" },
		{ 8ull << 30, "8GiB" },
		{ 1ull << 40, "1TiB" },
		{ 1025ull << 30, "1025GiB" },
	};
	char text[32];
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(cases[i].text, size_format(cases[i].bytes, text, sizeof(text)));
		assert_int_equal(0, size_parse(text, &bytes));
		assert_true(bytes == cases[i].bytes);
	}
}

static void an_address_has_a_port_and_perhaps_a_host(void **state)
{
	static const struct {
		const char *text;
		bool loopback;
	} cases[] = {
		{ ":1", false },
		{ ":65535", false },
		{ ":0", false },
		{ "localhost:9477", true },
		{ "127.0.0.1:9477", true },
		{ "127.255.255.254:9477", true },
		{ "128.0.0.1:9477", false },
		{ "0.0.0.0:9477", false },
		{ "[::1]:9477", true },
		{ "[0:0:0:0:0:0:0:1]:9477", true },
		{ "[::]:9477", false },
		{ "[2001:db8::1]:9477", false },
		{ "[::ffff:127.1.1.1]:1", true },
		{ "[::ffff:10.0.0.1]:1", false },
	};
	bool loopback;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *wrong = listen_check(cases[i].text, &loopback);

		if (wrong || loopback != cases[i].loopback)
			fail_msg("%s: %s", cases[i].text, wrong ? wrong : "loopback?");
	}
}

static void what_cannot_be_listened_on_is_refused(void **state)
{
	static const char *const wrong[] = {
		"x",
		"9477",
		":",
		":65536",
		":-1",
		": 1",
		":1 ",
		":99999999999",
		"127.0.0.1",
		"127.0.0.1:",
		"127.0.0:1",
		"127.0.0.01:x",
		"localhost.example:9477",
		"::1:9477",
		"[::1]",
		"[::1]9477",
		"[::1:9477",
		"::1]:9477",
		"[]:1",
		"[127.0.0.1]:1",
		"[fe80::1%lo]:1",
		"*:9477",
		"1.2.3.4.5:1",
		"[x]:1",
		"http://[::1]:1",
		" :1",
		"[[::1]]:1",
		"[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]:1",
	};
	bool loopback;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *said = listen_check(wrong[i], &loopback);

		if (!said || !strstr(said, "write"))
			fail_msg("'%s': %s", wrong[i], said ? said : "accepted");
	}
}

static void a_path_is_absolute(void **state)
{
	const char *path = NULL;
	char large[5000];

	(void)state;
	assert_int_equal(0, read_as(OPTION_PATH, "/a b/ü", &path));
	assert_string_equal("/a b/ü", path);
	assert_int_equal(-EINVAL, read_as(OPTION_PATH, "a", &path));
	assert_int_equal(-EINVAL, read_as(OPTION_PATH, "", &path));
	assert_int_equal(-EINVAL, read_as(OPTION_PATH, "~/a", &path));
	assert_int_equal(-EINVAL, read_as(OPTION_PATH, "/a\nb", &path));
	assert_null(strchr(why, '\n'));
	memset(large, 'a', sizeof(large));
	large[0] = '/';
	large[4096] = '\0';
	assert_int_equal(-EINVAL, read_as(OPTION_PATH, large, &path));
	large[4095] = '\0';
	assert_int_equal(0, read_as(OPTION_PATH, large, &path));
}

static void a_url_is_of_http_and_names_nobody(void **state)
{
	static const char *const good[] = { "http://h", "https://h:1/a?b=c#d", "http://[::1]:9093/",
					    "HTTP://h/%20", "http://10.0.0.1:80" };
	static const char *const wrong[] = { "",
					     "h",
					     "h:9093",
					     "//h",
					     "ftp://h",
					     "file:///x",
					     "http:/h",
					     "https:h",

					     "http://",
					     "http://h:99999",
					     "http://a b",
					     "http://u@h",
					     "http://u:p@h",
					     "http://h\n",
					     "javascript:x",
					     "http://h:x" };
	const char *url;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (read_as(OPTION_URL, good[i], &url))
			fail_msg("%s: %s", good[i], why);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (!read_as(OPTION_URL, wrong[i], &url))
			fail_msg("'%s' is taken", wrong[i]);
}

static void a_name_has_no_letters_of_other_meaning(void **state)
{
	const char *name;

	(void)state;
	assert_int_equal(0, read_as(OPTION_NAME, "a-b_c.1", &name));
	assert_int_equal(-EINVAL, read_as(OPTION_NAME, "123456789", &name));
	assert_int_equal(-EINVAL, read_as(OPTION_NAME, "a b", &name));
	assert_int_equal(-EINVAL, read_as(OPTION_NAME, "-a", &name));
	assert_int_equal(-EINVAL, read_as(OPTION_NAME, ".a", &name));
	assert_int_equal(-EINVAL, read_as(OPTION_NAME, "a/b", &name));
}

struct kept {
	const char *size, *listen;
};

static const struct option_row kept_rows[] = {
	{ .name = "size",
	  .type = OPTION_SIZE,
	  .offset = offsetof(struct kept, size),
	  .initial = "2K",
	  .min = 1024,
	  .max = 4096,
	  .as_text = true,
	  .help = "how large" },
	{ .name = "listen",
	  .type = OPTION_LISTEN,
	  .offset = offsetof(struct kept, listen),
	  .initial = ":1",
	  .as_text = true,
	  .help = "where" },
};
static const struct option_table kept_table = { "keep", "keep text", NULL, kept_rows, 2 };

static int parse(struct kept *kept, const char *word, const char *next)
{
	char *argv[] = { (char *)"keep", (char *)word, (char *)next, NULL };

	*kept = (struct kept){};
	return options_parse(&kept_table, next ? 3 : 2, argv, kept, why, sizeof(why));
}

static void what_was_typed_is_checked_and_kept_as_text(void **state)
{
	struct kept kept;

	(void)state;
	assert_int_equal(0, parse(&kept, "--size=4K", NULL));
	assert_string_equal("4K", kept.size);
	assert_null(kept.listen);
	assert_int_equal(-EINVAL, parse(&kept, "--size", "5K"));
	assert_string_equal("--size: '5K' is too large; write a size from 1KiB to 4KiB", why);
}

static void an_address_may_be_empty_and_a_size_not(void **state)
{
	struct kept kept;

	(void)state;
	assert_int_equal(0, parse(&kept, "--listen=", NULL));
	assert_string_equal("", kept.listen);
	assert_int_equal(0, parse(&kept, "--listen", ""));
	assert_string_equal("", kept.listen);
	assert_int_equal(-EINVAL, parse(&kept, "--listen", NULL));
	assert_int_equal(-EINVAL, parse(&kept, "--listen", "--size=4K"));
	assert_int_equal(-EINVAL, parse(&kept, "--size=", NULL));
	assert_int_equal(-EINVAL, parse(&kept, "--size", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_size_has_a_unit_of_1024_or_of_1000),
		cmocka_unit_test(what_is_no_size_is_refused),
		cmocka_unit_test(a_size_is_written_as_it_is_read),
		cmocka_unit_test(an_address_has_a_port_and_perhaps_a_host),
		cmocka_unit_test(what_cannot_be_listened_on_is_refused),
		cmocka_unit_test(a_path_is_absolute),
		cmocka_unit_test(a_url_is_of_http_and_names_nobody),
		cmocka_unit_test(a_name_has_no_letters_of_other_meaning),
		cmocka_unit_test(what_was_typed_is_checked_and_kept_as_text),
		cmocka_unit_test(an_address_may_be_empty_and_a_size_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
