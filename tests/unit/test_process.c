// SPDX-License-Identifier: Apache-2.0
/* test_process.c - processes and holders of listeners, in the real /proc and in a false one. */
#define _GNU_SOURCE 1
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "../../user/collect/listener.h"
#include "../../user/collect/process.h"
#include "proc_tree.h"

static void this_process_is_found_in_the_real_proc(void **state)
{
	_cleanup_(process_clear) struct process p = {};
	struct stat exe, netns;
	char path[PATH_MAX] = {};

	(void)state;
	assert_int_equal(0, stat("/proc/self/exe", &exe));
	assert_int_equal(0, stat("/proc/self/ns/net", &netns));
	assert_true(readlink("/proc/self/exe", path, sizeof(path) - 1) > 0);
	assert_int_equal(0, prctl(PR_SET_NAME, "troth tester"));
	assert_int_equal(0, process_read("/proc", (uint32_t)getpid(), &p));
	assert_string_equal("troth tester", p.comm);
	assert_string_equal(path, p.exe);
	assert_int_equal(exe.st_ino, p.exe_inode);
	assert_int_equal(netns.st_ino, p.netns);
	assert_non_null(p.cgroups);
	assert_true(p.command_size > 0);
	assert_true(process_has_comm("/proc", (uint32_t)getpid(), "troth tester"));
	assert_false(process_has_comm("/proc", (uint32_t)getpid(), "someone else"));
	assert_int_equal(-ESRCH, process_read("/proc", 0x7fffffff, &(struct process){}));
}

static void a_replaced_executable_loses_the_kernel_s_remark(void **state)
{
	_cleanup_(process_clear) struct process p = {};

	(void)state;
	put("x\n", 2, "100/comm");
	put_link("/usr/bin/x (deleted)", "100/exe");
	assert_int_equal(0, process_read(tree, 100, &p));
	assert_string_equal("/usr/bin/x", p.exe);
}

static void this_process_s_listener_is_found_in_the_real_proc(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	_cleanup_(listeners_freep) struct listeners *l = NULL;
	_cleanup_(closep) int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t size = sizeof(a);
	struct stat netns;
	uint16_t port;

	(void)state;
	assert_int_equal(0, stat("/proc/self/ns/net", &netns));
	assert_int_equal(0, bind(fd, (struct sockaddr *)&a, size));
	assert_int_equal(0, getsockname(fd, (struct sockaddr *)&a, &size));
	port = ntohs(a.sin_port);
	assert_false(listener_held("/proc", (uint32_t)getpid(), port));
	assert_int_equal(0, listen(fd, 1));
	assert_true(listener_held("/proc", (uint32_t)getpid(), port));
	assert_int_equal(0, listeners_scan("/proc", &l));
	assert_int_equal(getpid(), listeners_owner(l, (uint32_t)netns.st_ino, port));
	assert_int_equal(0, listeners_owner(l, 1, port));
	assert_true(listeners_still_held(l, "/proc", (uint32_t)getpid(), port));
	assert_false(listeners_still_held(l, "/proc", (uint32_t)getpid(), (uint16_t)(port + 1)));
	assert_false(listeners_still_held(l, "/proc", 1, port));
	assert_int_equal(0, close(fd));
	fd = -1;
	assert_false(listeners_still_held(l, "/proc", (uint32_t)getpid(), port));
}

static void a_listener_is_its_first_holder_s_and_pid_1_s_only_alone(void **state)
{
	_cleanup_(listeners_freep) struct listeners *l = NULL;

	(void)state;
	run_process(1, "systemd", "/usr/lib/systemd/systemd", "/init.scope");
	listen_on_8080(1, 12345);
	assert_int_equal(0, listeners_scan(tree, &l));
	assert_int_equal(1, listeners_owner(l, 4026531840u, 8080));
	assert_int_equal(0, listeners_owner(l, 4026531840u, 0xa3f2));
	listeners_free(TAKE(l));
	run_process(300, "nginx", "/usr/sbin/nginx", "/");
	listen_on_8080(300, 12345);
	run_process(200, "nginx", "/usr/sbin/nginx", "/");
	listen_on_8080(200, 12345);
	assert_int_equal(0, listeners_scan(tree, &l));
	assert_int_equal(200, listeners_owner(l, 4026531840u, 8080));
}

static void a_broken_proc_is_no_disaster(void **state)
{
	_cleanup_(listeners_freep) struct listeners *l = NULL;

	(void)state;
	put("", 0, "7/comm");
	put_link("net:[]", "7/ns/net");
	put("nonsense\n", 9, "8/net/tcp");
	put_link("net:[5]", "8/ns/net");
	put_link("socket:[x]", "8/fd/1");
	put("", 0, "99999999999/comm");
	assert_int_equal(0, listeners_scan(tree, &l));
	assert_int_equal(0, listeners_owner(l, 5, 80));
	assert_false(listener_held(tree, 8, 80));
	assert_int_equal(-ESRCH, process_read(tree, 8, &(struct process){}));
	assert_int_equal(-ESRCH, process_read(tree, 9, &(struct process){}));
	assert_int_equal(-ENOENT, listeners_scan("/nonexistent", &l));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_process_is_found_in_the_real_proc),
		cmocka_unit_test(this_process_s_listener_is_found_in_the_real_proc),
		TREE_TEST(a_replaced_executable_loses_the_kernel_s_remark),
		TREE_TEST(a_listener_is_its_first_holder_s_and_pid_1_s_only_alone),
		TREE_TEST(a_broken_proc_is_no_disaster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
