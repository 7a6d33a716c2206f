// SPDX-License-Identifier: Apache-2.0
/*
 * test_daemon_conf.c - the daemon's configuration: what wins, what is refused and where, what needs a
 * restart. Defaults are those of CONTRACT and the issue; places were counted by hand.
 */
#include <sys/stat.h>

#include "daemon_conf.h"

#include "../../user/base/cleanup.h"
#include "../../user/base/log.h"

static void nothing_given_is_the_defaults(void **state)
{
	(void)state;
	accepted("");
	assert_string_equal("/var/lib/troth", conf.state_dir);
	assert_string_equal("/etc/troth/slo.d", conf.slo_dir);
	assert_string_equal("/sys/fs/bpf/troth", conf.pin_dir);
	assert_string_equal("127.0.0.1:9477", conf.listen);
	assert_string_equal("auto", daemon_backends[conf.backend]);
	assert_int_equal(ON_STOP_DETACH, conf.on_stop);
	assert_int_equal(0, conf.max_series);
	assert_int_equal(LOG_LEVEL_INFO, conf.log_level);
	assert_string_equal("", conf.user);
	assert_int_equal(35, conf.minutes_days);
	assert_int_equal(25, conf.hours_months);
	assert_true(conf.max_bytes == 8ull << 30);
	assert_null(conf.cert_file);
	assert_null(conf.key_file);
	assert_null(conf.bearer_file);
	assert_null(conf.external_url);
	assert_int_equal(64, conf.connections_max);
	assert_int_equal(1000, conf.queue_max);
	assert_int_equal(0, conf.n_receivers);
}

static void every_option_can_be_set_by_the_file(void **state)
{
	(void)state;
	accepted("state-dir: /s\nslo-dir: /o\nlisten: '[::1]:80'\npin-dir: /p\nbackend: syscall\n"
		 "on-stop: linger\nmax-series: 7\nlog-level: debug\nuser: troth\nnotify-queue: 10\n"
		 "store: {minutes-days: 1, hours-months: 2, max-size: 3GiB}\n"
		 "http:\n  tls-cert: /c\n  tls-key: /k\n  bearer-token-file: /b\n"
		 "  max-connections: 5\n  external-url: https://x.example/\n");
	assert_string_equal("/s", conf.state_dir);
	assert_string_equal("/o", conf.slo_dir);
	assert_string_equal("/p", conf.pin_dir);
	assert_string_equal("[::1]:80", conf.listen);
	assert_string_equal("syscall", daemon_backends[conf.backend]);
	assert_int_equal(ON_STOP_LINGER, conf.on_stop);
	assert_int_equal(7, conf.max_series);
	assert_int_equal(LOG_LEVEL_DEBUG, conf.log_level);
	assert_string_equal("troth", conf.user);
	assert_int_equal(10, conf.queue_max);
	assert_int_equal(1, conf.minutes_days);
	assert_int_equal(2, conf.hours_months);
	assert_true(conf.max_bytes == 3ull << 30);
	assert_string_equal("/c", conf.cert_file);
	assert_string_equal("/k", conf.key_file);
	assert_string_equal("/b", conf.bearer_file);
	assert_int_equal(5, conf.connections_max);
	assert_string_equal("https://x.example/", conf.external_url);
}

static void flags_go_before_the_file_and_it_before_the_defaults(void **state)
{
	const struct daemon_flags flags = { .state_dir = "/flag",
					    .slo_dir = "/flag/o",
					    .pin_dir = "/flag/p",
					    .listen = "",
					    .backend = "socket",
					    .on_stop = "linger",
					    .max_series = "9",
					    .log_level = "error" };

	(void)state;
	assert_int_equal(0, read_with("state-dir: /file\nbackend: syscall\nuser: x\nlisten: :1\n",
				      &flags));
	assert_string_equal("/flag", conf.state_dir);
	assert_string_equal("/flag/o", conf.slo_dir);
	assert_string_equal("/flag/p", conf.pin_dir);
	assert_string_equal("", conf.listen);
	assert_string_equal("socket", daemon_backends[conf.backend]);
	assert_int_equal(ON_STOP_LINGER, conf.on_stop);
	assert_int_equal(9, conf.max_series);
	assert_int_equal(LOG_LEVEL_ERROR, conf.log_level);
	assert_string_equal("x", conf.user);
	assert_int_equal(35, conf.minutes_days);
	assert_int_equal(0, problems.n);
}

static void a_wrong_flag_is_named_without_a_line(void **state)
{
	const struct daemon_flags flags = { .max_series = "many" };

	(void)state;
	assert_int_equal(-EINVAL, read_with("", &flags));
	assert_int_equal(1, problems.n);
	assert_string_equal("--max-series", problems.item[0].place.file);
	assert_int_equal(0, problems.item[0].place.line);
	assert_non_null(strstr(problems.item[0].message, "0 to 16384"));
}

static void a_wrong_value_has_its_place_and_what_to_write(void **state)
{
	static const struct {
		const char *text;
		unsigned int line, column;
		const char *part;
	} cases[] = {
		{ "state-dir: troth\n", 1, 12, "begins with /" },
		{ "\nbackend: sokcet\n", 2, 10, "did you mean 'socket'" },
		{ "on-stop: stay\n", 1, 10, "write detach or linger" },
		{ "max-series: -1\n", 1, 13, "0 to 16384" },
		{ "max-series: 16385\n", 1, 13, "0 to 16384" },
		{ "max-series: 1e3\n", 1, 13, "0 to 16384" },
		{ "log-level: loud\n", 1, 12, "error, warning, info or debug" },
		{ "user: 'a b'\n", 1, 7, "letters, digits" },
		{ "notify-queue: 1\n", 1, 15, "10 to 10000" },
		{ "listen: shop.example:9477\n", 1, 9, "127.0.0.1:9477" },
		{ "store:\n  max-size: 8 buckets\n", 2, 13, "8GiB" },
		{ "store:\n  max-size: 1KiB\n", 2, 13, "too small; write a size from 1MiB" },
		{ "store:\n  max-size: 99999999TiB\n", 2, 13, "too large" },
		{ "store:\n  minutes-days: 0\n", 2, 17, "1 to 400" },
		{ "store:\n  hours-months: 241\n", 2, 17, "1 to 240" },
		{ "http: {max-connections: 3}\n", 1, 25, "4 to 1024" },
		{ "http: {external-url: 'gopher://x'}\n", 1, 22, "http or https" },
		{ "http: {bearer-token-file: token}\n", 1, 27, "begins with /" },
		{ "slo-dir: [/a]\n", 1, 10, "must be one value, not a list" },
		{ "slo-dir: {a: b}\n", 1, 10, "must be one value, not a mapping" },
		{ "listen:\n", 1, 1, "has no value; write listen: 127.0.0.1:9477" },
		{ "user: ~\n", 1, 7, "has no value; write user: ''" },
		{ "store: 3\n", 1, 8, "store must be a mapping" },
		{ "notify: x\n", 1, 9, "notify must be a list" },
		{ "- a\n", 1, 1, "no option with a value" },
		{ "listen: :1\n---\nlisten: :2\n", 3, 1, "one document" },
		{ "user: a\nuser: b\n", 2, 1, "stands here twice, first in line 1" },
		{ "user: [a\n", 1, 8, "no YAML" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refused(cases[i].text, cases[i].line, cases[i].column, cases[i].part);
}

static void an_unknown_option_is_an_error_that_knows_the_right_one(void **state)
{
	(void)state;
	refused("state_dir: /x\n", 1, 1, "did you mean 'state-dir'");
	refused("store:\n  minuts-days: 3\n", 2, 3, "did you mean 'minutes-days'");
	refused("colour: red\n", 1, 1, "known are state-dir, slo-dir");
	refused("minutes-days: 3\n", 1, 1, "below a line store:");
	refused("store.max-size: 3\n", 1, 1, "write max-size: below a line store:");
	refused("http:\n  listen: :1\n", 2, 3, "without indentation");
}

static void a_section_may_be_empty(void **state)
{
	(void)state;
	accepted("store:\nhttp: ~\nnotify:\n");
	accepted("store: {}\nnotify: []\n");
	accepted("# nothing\n");
	accepted("---\n");
}

static void all_that_is_wrong_is_said_in_the_order_of_lines(void **state)
{
	(void)state;
	assert_int_equal(-EINVAL,
			 read_with("user: ' '\nstore: {max-size: x}\nstat-dir: /\n", NULL));
	assert_int_equal(3, problems.errors);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(i + 1, problems.item[i].place.line);
}

static void certificate_and_key_come_together(void **state)
{
	(void)state;
	refused("http: {tls-cert: /c}\n", 1, 18, "tls-key");
	refused("http: {tls-key: /k}\n", 1, 17, "tls-cert");
}

static void an_open_address_without_token_and_tls_is_a_warning(void **state)
{
	static const struct {
		const char *text;
		bool warned;
	} cases[] = {
		{ "listen: 0.0.0.0:9477\n", true },
		{ "listen: :9477\n", true },
		{ "listen: '[::]:9477'\n", true },
		{ "listen: 192.0.2.1:9477\n", true },
		{ "listen: '[2001:db8::1]:1'\n", true },
		{ "listen: 127.0.0.1:1\n", false },
		{ "listen: 127.9.9.9:1\n", false },
		{ "listen: '[::1]:1'\n", false },
		{ "listen: '[::ffff:127.0.0.1]:1'\n", false },
		{ "listen: ''\n", false },
		{ "listen: :1\nhttp: {bearer-token-file: /t}\n", false },
		{ "listen: :1\nhttp: {tls-cert: /c, tls-key: /k}\n", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (read_with(cases[i].text, NULL) || problems.warnings != cases[i].warned)
			fail_msg("%s: %zu errors, %zu warnings", cases[i].text, problems.errors,
				 problems.warnings);
		if (cases[i].warned) {
			assert_int_equal(1, problems.item[0].place.line);
			assert_int_equal(9, problems.item[0].place.column);
		}
	}
}

/* Reads text, and says what of it waits for a restart, the base being the defaults. */
static const char *fixed(const char *text, size_t *at)
{
	static struct daemon_conf old;
	static struct daemon_conf_file *old_owner;
	const char *name;

	daemon_conf_free(old_owner);
	old_owner = NULL;
	assert_int_equal(0, daemon_conf_read_bytes("t.yaml", "", 0, NULL, &problems, &old,
						   &old_owner));
	assert_int_equal(0, read_with(text, NULL));
	name = daemon_conf_fixed_change(&old, &conf, at);
	daemon_conf_free(old_owner);
	old_owner = NULL;
	return name;
}

static void what_cannot_change_under_a_running_daemon_is_named(void **state)
{
	static const char *const fixed_ones[][2] = {
		{ "state-dir: /x\n", "state-dir" },
		{ "pin-dir: /x\n", "pin-dir" },
		{ "listen: :1\n", "listen" },
		{ "listen: ''\n", "listen" },
		{ "backend: socket\n", "backend" },
		{ "max-series: 1\n", "max-series" },
		{ "user: x\n", "user" },
		{ "store: {max-size: 1GiB}\n", "store.max-size" },
		{ "http: {bearer-token-file: /t}\n", "http.bearer-token-file" },
	};
	static const char *const free_ones[] = {
		"",
		"state-dir: /var/lib/troth\nuser: ''\n",
		"slo-dir: /x\n",
		"on-stop: linger\n",
		"log-level: debug\n",
		"notify-queue: 10\n",
		"http: {external-url: 'http://x'}\n",
		"notify: [{name: a, kind: command, command: /c}]\n",
	};
	size_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(fixed_ones) / sizeof(fixed_ones[0]); i++) {
		at = 0;
		assert_string_equal(fixed_ones[i][1], fixed(fixed_ones[i][0], &at));
	}
	for (size_t i = 0; i < sizeof(free_ones) / sizeof(free_ones[0]); i++) {
		at = 0;
		assert_null(fixed(free_ones[i], &at));
	}
}

static void every_fixed_change_is_named_once(void **state)
{
	static const char *const names[] = { "state-dir", "user", "http.tls-cert", "http.tls-key" };
	struct daemon_conf old = {};
	struct daemon_conf_file *old_owner = NULL;
	size_t at = 0;

	(void)state;
	assert_int_equal(0, daemon_conf_read_bytes("t.yaml", "", 0, NULL, &problems, &old,
						   &old_owner));
	accepted("http: {tls-key: /k, tls-cert: /c}\nuser: x\nstate-dir: /x\nslo-dir: /y\n");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_string_equal(names[i], daemon_conf_fixed_change(&old, &conf, &at));
	assert_null(daemon_conf_fixed_change(&old, &conf, &at));
	assert_null(daemon_conf_fixed_change(&old, &conf, &at));
	daemon_conf_free(old_owner);
}

/* A directory of one test, and a file in it. */
static char directory[64], path[96];

static int make_directory(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/troth-conf-XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/troth.yaml", directory);
	return 0;
}

static int remove_directory(void **state)
{
	unlink(path);
	rmdir(directory);
	return forget(state);
}

static void write_file(const char *text, size_t n)
{
	_cleanup_(fclosep) FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(n, fwrite(text, 1, n, f));
}

static int read_path(const char *of)
{
	const struct daemon_flags flags = { .conf_path = of };

	forget(NULL);
	return daemon_conf_read(&flags, &problems, &conf, &owner);
}

static void a_named_file_must_be_a_regular_one_that_is_there(void **state)
{
	_cleanup_(freep) char *large = malloc(DAEMON_CONF_BYTES_MAX + 1);

	(void)state;
	assert_int_equal(-EINVAL, read_path(path));
	assert_string_equal(path, problems.item[0].place.file);
	assert_non_null(strstr(problems.item[0].message, "no such file"));
	assert_int_equal(-EINVAL, read_path(directory));
	assert_non_null(strstr(problems.item[0].message, "no regular file"));
	assert_int_equal(0, mkfifo(path, 0600));
	assert_int_equal(-EINVAL, read_path(path));
	assert_int_equal(0, unlink(path));

	assert_non_null(large);
	memset(large, '#', DAEMON_CONF_BYTES_MAX + 1);
	write_file(large, DAEMON_CONF_BYTES_MAX + 1);
	assert_int_equal(-EINVAL, read_path(path));
	assert_non_null(strstr(problems.item[0].message, "larger than 256 KiB"));
	write_file(large, DAEMON_CONF_BYTES_MAX);
	assert_int_equal(0, read_path(path));
}

static void reading_again_makes_another_configuration(void **state)
{
	struct daemon_conf first;
	struct daemon_conf_file *first_owner;

	(void)state;
	write_file("user: one\n", 10);
	assert_int_equal(0, read_path(path));
	first = conf;
	first_owner = TAKE(owner);
	write_file("user: two\n", 10);
	assert_int_equal(0, read_path(path));
	assert_string_equal("one", first.user);
	assert_string_equal("two", conf.user);
	daemon_conf_free(first_owner);
}

static void directories_are_found_in_a_file_that_is_otherwise_wrong(void **state)
{
	static const char text[] = "state-dir: /s\nlisten: nowhere\ncolour: red\nnotify: 3\n";
	struct daemon_flags flags = { .conf_path = path };

	(void)state;
	write_file(text, sizeof(text) - 1);
	assert_int_equal(0, daemon_conf_directories(&flags, &problems, &conf, &owner));
	assert_int_equal(0, problems.n);
	assert_string_equal("/s", conf.state_dir);
	assert_string_equal("/sys/fs/bpf/troth", conf.pin_dir);
	forget(NULL);
	flags.state_dir = "/flag";
	assert_int_equal(0, daemon_conf_directories(&flags, &problems, &conf, &owner));
	assert_string_equal("/flag", conf.state_dir);

	write_file("pin-dir: x\n", 11);
	forget(NULL);
	assert_int_equal(-EINVAL, daemon_conf_directories(&flags, &problems, &conf, &owner));
	assert_int_equal(1, problems.item[0].place.line);
	unlink(path);
	forget(NULL);
	assert_int_equal(-EINVAL, daemon_conf_directories(&flags, &problems, &conf, &owner));
}

/* "#name: value" without its mark; with words nothing happens. */
static char *uncommented(const char *sample)
{
	char *text = calloc(1, strlen(sample) + 1), *to = text;
	bool indent = true;

	assert_non_null(text);
	for (const char *p = sample; *p; p++) {
		if (*p == '#' && indent && !(p[1] == ' ' && p[2] != ' '))
			continue;
		indent = *p == '\n' || (indent && *p == ' ');
		*to++ = *p;
	}
	return text;
}

static void the_sample_sets_nothing_until_its_marks_are_taken_away(void **state)
{
	_cleanup_(freep) char *sample = NULL, *all = NULL;
	_cleanup_(fclosep) FILE *f = NULL;
	_cleanup_(daemon_conf_freep) struct daemon_conf_file *plain_owner = NULL;
	struct daemon_conf plain;
	size_t size, at = 0;

	(void)state;
	f = open_memstream(&sample, &size);
	assert_non_null(f);
	assert_int_equal(0, daemon_conf_sample(f));
	accepted(sample);
	assert_int_equal(0, conf.n_receivers);
	assert_null(conf.cert_file);
	all = uncommented(sample);
	accepted(all);
	assert_int_equal(3, conf.n_receivers);
	assert_non_null(conf.cert_file);
	assert_non_null(conf.external_url);

	/* Defaults again, but for what has none. */
	plain = conf;
	plain_owner = TAKE(owner);
	plain.cert_file = plain.key_file = plain.bearer_file = NULL;
	accepted("");
	assert_null(daemon_conf_fixed_change(&plain, &conf, &at));
	assert_int_equal(plain.on_stop, conf.on_stop);
	assert_int_equal(plain.log_level, conf.log_level);
	assert_int_equal(plain.queue_max, conf.queue_max);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_given_is_the_defaults),
		cmocka_unit_test(every_option_can_be_set_by_the_file),
		cmocka_unit_test(flags_go_before_the_file_and_it_before_the_defaults),
		cmocka_unit_test(a_wrong_flag_is_named_without_a_line),
		cmocka_unit_test(a_wrong_value_has_its_place_and_what_to_write),
		cmocka_unit_test(an_unknown_option_is_an_error_that_knows_the_right_one),
		cmocka_unit_test(a_section_may_be_empty),
		cmocka_unit_test(all_that_is_wrong_is_said_in_the_order_of_lines),
		cmocka_unit_test(certificate_and_key_come_together),
		cmocka_unit_test(an_open_address_without_token_and_tls_is_a_warning),
		cmocka_unit_test(what_cannot_change_under_a_running_daemon_is_named),
		cmocka_unit_test(every_fixed_change_is_named_once),
		WITH_FILE(a_named_file_must_be_a_regular_one_that_is_there),
		WITH_FILE(reading_again_makes_another_configuration),
		WITH_FILE(directories_are_found_in_a_file_that_is_otherwise_wrong),
		cmocka_unit_test(the_sample_sets_nothing_until_its_marks_are_taken_away),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}
