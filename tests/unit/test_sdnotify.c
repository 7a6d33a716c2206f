// SPDX-License-Identifier: Apache-2.0
/* What arrives at a socket of ours, as sd_notify(3) describes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/daemon/sdnotify.h"

static char directory[] = "/tmp/troth-sdnotify-XXXXXX";
static char path[64];

static int listen_at(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = 5 };
	size_t length = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	memcpy(a.sun_path, name, length);
	if (*name == '@')
		a.sun_path[0] = '\0';
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_return_code(bind(fd, (struct sockaddr *)&a,
				(socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
			   0);
	return fd;
}

static const char *heard(int fd)
{
	static char text[4096];
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static int fresh(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	unlink(path);
	return 0;
}

static struct sdnotify *open_at(const char *name)
{
	struct sdnotify *n = NULL;

	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(0, sdnotify_open(&n));
	assert_non_null(n);
	return n;
}

static void without_a_socket_nothing_is_said_and_nothing_fails(void **state)
{
	struct sdnotify *n = (void *)1;

	(void)state;
	assert_int_equal(0, sdnotify_open(&n));
	assert_null(n);
	sdnotify_ready(n, "x");
	sdnotify_reloading(n);
	sdnotify_alive(n);
}

static void says_what_the_manual_of_sd_notify_says(void **state)
{
	_cleanup_(closep) int fd = listen_at(path);
	_cleanup_(sdnotify_freep) struct sdnotify *n = open_at(path);

	(void)state;
	sdnotify_ready(n, "measures 3 services");
	assert_string_equal("READY=1\nSTATUS=measures 3 services", heard(fd));
	sdnotify_ready(n, NULL);
	assert_string_equal("READY=1\n", heard(fd));
	sdnotify_alive(n);
	assert_string_equal("WATCHDOG=1", heard(fd));
	sdnotify_stopping(n);
	assert_string_equal("STOPPING=1", heard(fd));
}

static void a_reload_has_the_time_of_the_clock_that_only_grows(void **state)
{
	_cleanup_(closep) int fd = listen_at(path);
	_cleanup_(sdnotify_freep) struct sdnotify *n = open_at(path);
	unsigned long long usec = 0, before, after;
	struct timespec t;
	int end = 0;
	const char *text;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &t);
	before = (unsigned long long)t.tv_sec * 1000000 + (unsigned long long)t.tv_nsec / 1000;
	sdnotify_reloading(n);
	clock_gettime(CLOCK_MONOTONIC, &t);
	after = (unsigned long long)t.tv_sec * 1000000 + (unsigned long long)t.tv_nsec / 1000;
	text = heard(fd);
	assert_int_equal(1, sscanf(text, "RELOADING=1\nMONOTONIC_USEC=%llu%n", &usec, &end));
	assert_int_equal(strlen(text), end);
	assert_in_range(usec, before, after);
}

static void what_is_run_later_does_not_inherit_it(void **state)
{
	_cleanup_(closep) int fd = listen_at(path);
	_cleanup_(sdnotify_freep) struct sdnotify *n = NULL;

	(void)state;
	setenv("WATCHDOG_USEC", "30000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	n = open_at(path);
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_null(getenv("WATCHDOG_USEC"));
	assert_null(getenv("WATCHDOG_PID"));
}

static void an_abstract_socket_is_as_good(void **state)
{
	char name[64];

	(void)state;
	snprintf(name, sizeof(name), "@troth-sdnotify-%d", getpid());
	{
		_cleanup_(closep) int fd = listen_at(name);
		_cleanup_(sdnotify_freep) struct sdnotify *n = open_at(name);

		sdnotify_alive(n);
		assert_string_equal("WATCHDOG=1", heard(fd));
	}
}

static void a_status_cannot_begin_another_field(void **state)
{
	_cleanup_(closep) int fd = listen_at(path);
	_cleanup_(sdnotify_freep) struct sdnotify *n = open_at(path);

	(void)state;
	sdnotify_ready(n, "a\nSTOPPING=1\r\tb");
	assert_string_equal("READY=1\nSTATUS=a STOPPING=1  b", heard(fd));
}

static void a_long_status_is_cut(void **state)
{
	_cleanup_(closep) int fd = listen_at(path);
	_cleanup_(sdnotify_freep) struct sdnotify *n = open_at(path);
	char status[3000];
	const char *text;

	(void)state;
	memset(status, 'x', sizeof(status) - 1);
	status[sizeof(status) - 1] = '\0';
	sdnotify_ready(n, status);
	text = heard(fd);
	assert_memory_equal("READY=1\nSTATUS=xxx", text, 18);
	assert_int_equal(1023, strlen(text));
}

static void a_socket_that_was_made_anew_is_found(void **state)
{
	int first = listen_at(path);
	_cleanup_(sdnotify_freep) struct sdnotify *n = open_at(path);
	_cleanup_(closep) int second = -1;

	(void)state;
	close(first);
	sdnotify_alive(n); /* to nobody */
	unlink(path);
	second = listen_at(path);
	sdnotify_alive(n);
	assert_string_equal("WATCHDOG=1", heard(second));
}

static void a_listener_that_does_not_read_holds_nobody_up(void **state)
{
	_cleanup_(closep) int fd = listen_at(path);
	_cleanup_(sdnotify_freep) struct sdnotify *n = open_at(path);

	(void)state;
	for (int i = 0; i < 10000; i++)
		sdnotify_alive(n);
	assert_string_equal("WATCHDOG=1", heard(fd));
}

static void what_is_no_address_of_a_socket_is_refused(void **state)
{
	static const char *const bad[] = { "relative", "vsock:2:1", "/", "@" };
	struct sdnotify *n = (void *)1;
	char longest[300];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		setenv("NOTIFY_SOCKET", bad[i], 1);
		assert_int_equal(-22, sdnotify_open(&n));
		assert_null(n);
	}
	memset(longest, 'x', sizeof(longest) - 1);
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	setenv("NOTIFY_SOCKET", longest, 1);
	assert_int_equal(-22, sdnotify_open(&n));
	setenv("NOTIFY_SOCKET", path, 1); /* nobody listens there */
	assert_int_equal(-2, sdnotify_open(&n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without_a_socket_nothing_is_said_and_nothing_fails, fresh),
		cmocka_unit_test_setup(says_what_the_manual_of_sd_notify_says, fresh),
		cmocka_unit_test_setup(a_reload_has_the_time_of_the_clock_that_only_grows, fresh),
		cmocka_unit_test_setup(what_is_run_later_does_not_inherit_it, fresh),
		cmocka_unit_test_setup(an_abstract_socket_is_as_good, fresh),
		cmocka_unit_test_setup(a_status_cannot_begin_another_field, fresh),
		cmocka_unit_test_setup(a_long_status_is_cut, fresh),
		cmocka_unit_test_setup(a_socket_that_was_made_anew_is_found, fresh),
		cmocka_unit_test_setup(a_listener_that_does_not_read_holds_nobody_up, fresh),
		cmocka_unit_test_setup(what_is_no_address_of_a_socket_is_refused, fresh),
	};
	int failed;

	if (!mkdtemp(directory))
		return 1;
	snprintf(path, sizeof(path), "%s/notify", directory);
	failed = cmocka_run_group_tests_name("sdnotify", tests, NULL, NULL);
	unlink(path);
	rmdir(directory);
	return failed;
}
