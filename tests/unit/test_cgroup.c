// SPDX-License-Identifier: Apache-2.0
/* test_cgroup.c - paths as systemd, docker, containerd, CRI-O, podman, kubelet and LXC make them. */
#define _GNU_SOURCE 1
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "../../user/collect/cgroup.h"
#include "../../user/collect/procfs.h"

#define ID    "3b9223f725943b56188e6afd6aac8eda0e1c4f5a6b7c8d9e0f1a2b3c4d5e6f70"
#define OUTER "aaaa23f725943b56188e6afd6aac8eda0e1c4f5a6b7c8d9e0f1a2b3c4d5e6f70"
#define UID   "2c48913c-b29f-11e7-9350-020968147796"
#define UID_  "2c48913c_b29f_11e7_9350_020968147796"

struct place_case {
	const char *path, *unit, *container, *pod;
};

static void check_field(const char *path, const char *field, const char *want, const char *got)
{
	want = want ? want : "NULL";
	got = got ? got : "NULL";
	if (strcmp(want, got))
		fail_msg("%s: %s is %s, not %s", path, field, got, want);
}

static void check_places(const struct place_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct place_case *c = &cases[i];
		struct cgroup_place p = {};

		assert_int_equal(0, cgroup_place(c->path, &p));
		check_field(c->path, "unit", c->unit, p.unit);
		check_field(c->path, "container", c->container, p.container);
		check_field(c->path, "pod", c->pod, p.pod);
		cgroup_place_clear(&p);
	}
}

#define CHECK_PLACES(cases) check_places(cases, sizeof(cases) / sizeof(*(cases)))

static void a_unit_is_the_innermost_service(void **state)
{
	static const struct place_case cases[] = {
		{ "/system.slice/nginx.service", "nginx.service", NULL, NULL },
		{ "/system.slice/system-postgresql.slice/postgresql@15-main.service",
		  "postgresql@15-main.service", NULL, NULL },
		{ "/system.slice/my\\x2dapp.service", "my\\x2dapp.service", NULL, NULL },
		{ "/system.slice/dbus-:1.2-org.freedesktop.problems@0.service",
		  "dbus-:1.2-org.freedesktop.problems@0.service", NULL, NULL },
		{ "/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service",
		  "foo.service", NULL, NULL },
		{ "/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000.service",
		  NULL, NULL },
		{ "/user.slice/user-1000.slice/user@1000.service/app.slice/app-term-77.scope",
		  "app-term-77.scope", NULL, NULL },
		{ "/system.slice/foo.service/workers/3", "foo.service", NULL, NULL },
		{ "/system.slice/foo.service/inner.scope", "foo.service", NULL, NULL },
		{ "/user.slice/user-0.slice/session-3.scope", "session-3.scope", NULL, NULL },
		{ "/init.scope", "init.scope", NULL, NULL },
	};

	(void)state;
	CHECK_PLACES(cases);
}

static void a_container_is_known_by_each_runtime_s_name(void **state)
{
	static const struct place_case cases[] = {
		{ "/system.slice/docker-" ID ".scope", NULL, ID, NULL },
		{ "/docker/" ID, NULL, ID, NULL },
		{ "/system.slice/nerdctl-" ID ".scope", NULL, ID, NULL },
		{ "/k8s.io/" ID, NULL, ID, NULL },
		{ "/machine.slice/libpod-" ID ".scope", NULL, ID, NULL },
		{ "/machine.slice/libpod-" ID ".scope/container", NULL, ID, NULL },
		{ "/libpod_parent/libpod-" ID, NULL, ID, NULL },
		{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID
		  ".scope/container",
		  NULL, ID, NULL },
		{ "/machine.slice/machine-libpod_pod_" OUTER ".slice/libpod-" ID ".scope", NULL, ID,
		  OUTER },
		{ "/ecs/4d5e6f70-aaaa/" ID, NULL, ID, NULL },
		{ "/lxc.payload.web", NULL, "web", NULL },
		{ "/lxc/web/system.slice/nginx.service", "nginx.service", "web", NULL },
		{ "/machine.slice/machine-web.scope/payload/system.slice/nginx.service",
		  "nginx.service", "web", NULL },
		{ "/machine.slice/systemd-nspawn@web.service/payload", NULL, "web", NULL },
	};

	(void)state;
	CHECK_PLACES(cases);
}

static void a_pod_is_known_under_both_cgroup_drivers(void **state)
{
	static const struct place_case cases[] = {
		{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_
		  ".slice/cri-containerd-" ID ".scope",
		  NULL, ID, UID },
		{ "/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" ID ".scope", NULL, ID, UID },
		{ "/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" ID ".scope/container", NULL,
		  ID, UID },
		{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod"
		  "0123456789abcdef0123456789abcdef.slice/docker-" ID ".scope",
		  NULL, ID, "0123456789abcdef0123456789abcdef" },
		{ "/kubepods/burstable/pod" UID "/" ID, NULL, ID, UID },
		{ "/kubepods/pod" UID "/crio-" ID, NULL, ID, UID },
		{ "/system.slice/containerd.service/kubepods-besteffort-pod" UID_
		  ".slice:cri-containerd:" ID,
		  NULL, ID, UID },
		{ "/kubepods.slice/kubepods-pod" UID_ ".slice", NULL, NULL, UID },
	};

	(void)state;
	CHECK_PLACES(cases);
}

static void the_innermost_container_counts(void **state)
{
	static const struct place_case cases[] = {
		{ "/docker/" OUTER "/docker/" ID, NULL, ID, NULL },
		{ "/system.slice/docker-" OUTER ".scope/system.slice/docker-" ID ".scope", NULL, ID,
		  NULL },
		/* kind: a node is a container itself */
		{ "/system.slice/docker-" OUTER ".scope/kubelet.slice/kubelet-kubepods.slice/"
		  "kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod" UID_
		  ".slice/cri-containerd-" ID ".scope",
		  NULL, ID, UID },
		{ "/docker/" OUTER "/kubelet/kubepods/besteffort/pod" UID "/" ID, NULL, ID, UID },
		/* systemd inside a container */
		{ "/docker/" ID "/system.slice/nginx.service", "nginx.service", ID, NULL },
		{ "/system.slice/docker-" ID ".scope/init.scope", "init.scope", ID, NULL },
	};

	(void)state;
	CHECK_PLACES(cases);
}

static void a_service_that_only_runs_the_engine_is_not_the_container_s_unit(void **state)
{
	static const struct place_case cases[] = {
		{ "/system.slice/docker.service/docker/" ID, NULL, ID, NULL },
		{ "/system.slice/docker.service", "docker.service", NULL, NULL },
		/* podman --cgroups=split: this service is the container */
		{ "/system.slice/shop.service/libpod-payload-" ID, "shop.service", ID, NULL },
	};

	(void)state;
	CHECK_PLACES(cases);
}

static void a_container_s_monitor_is_not_in_the_container(void **state)
{
	static const struct place_case cases[] = {
		{ "/machine.slice/libpod-conmon-" ID ".scope", NULL, NULL, NULL },
		{ "/kubepods.slice/kubepods-pod" UID_ ".slice/crio-conmon-" ID ".scope", NULL, NULL,
		  UID },
		{ "/system.slice/crio-conmon-" ID ".scope", NULL, NULL, NULL },
	};

	(void)state;
	CHECK_PLACES(cases);
}

static void a_path_seen_from_another_cgroup_namespace_still_tells(void **state)
{
	static const struct place_case cases[] = {
		{ "/../nginx.service", "nginx.service", NULL, NULL },
		{ "/../../../kubepods-pod" UID_ ".slice/cri-containerd-" ID ".scope", NULL, ID,
		  UID },
		{ "/../..", NULL, NULL, NULL },
	};

	(void)state;
	CHECK_PLACES(cases);
}

static void what_names_nobody_places_nobody(void **state)
{
	static const struct place_case cases[] = {
		{ "", NULL, NULL, NULL },
		{ "/", NULL, NULL, NULL },
		{ "//", NULL, NULL, NULL },
		{ "/.service", NULL, NULL, NULL },
		{ "/system.slice", NULL, NULL, NULL },
		{ "/docker/" ID "0", NULL, NULL, NULL },
		{ "/docker/3B9223F725943B56188E6AFD6AAC8EDA0E1C4F5A6B7C8D9E0F1A2B3C4D5E6F70", NULL,
		  NULL, NULL },
		{ "/x" ID, NULL, NULL, NULL },
		{ "/docker", NULL, NULL, NULL },
		{ "/podcasts", NULL, NULL, NULL },
		{ "/kubepods/burstable/podX", NULL, NULL, NULL },
		{ ".slice:", NULL, NULL, NULL },
		{ "/a.slice:", NULL, NULL, NULL },
		{ "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope",
		  "machine-qemu\\x2d1\\x2dvm.scope", NULL, NULL },
	};

	(void)state;
	CHECK_PLACES(cases);
}

static void the_telling_path_is_chosen_among_hierarchies(void **state)
{
	static const struct {
		const char *text, *path;
	} cases[] = {
		{ "0::/system.slice/nginx.service\n", "/system.slice/nginx.service" },
		{ "0::/system.slice/nginx.service", "/system.slice/nginx.service" },
		{ "0::/\n", "/" },
		/* hybrid: v2 says nothing, the named hierarchy does */
		{ "2:memory:/a\n1:name=systemd:/system.slice/b.service\n0::/\n",
		  "/system.slice/b.service" },
		{ "2:memory:/a\n1:name=systemd:/b.service\n0::/c.service\n", "/c.service" },
		/* v1 without systemd */
		{ "9:name=systemd:/\n8:pids:/\n4:memory:/docker/" ID "\n0::/\n", "/docker/" ID },
		{ "3:cpu,cpuacct:/docker/" ID "\n", "/docker/" ID },
		{ "0::/../..\n1:name=systemd:/b.service\n", "/b.service" },
		{ "0::/../x.service\n", "/../x.service" },
		{ "0::/gone.service (deleted)\n", "/gone.service" },
		{ "0::/with:colon\n", "/with:colon" },
		{ "garbage\n\n0::/a\n:\n::\n", "/a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_(freep) char *path = NULL;

		assert_int_equal(0, cgroup_choose(cases[i].text, &path));
		assert_string_equal(cases[i].path, path);
	}
}

static void a_malformed_table_is_refused(void **state)
{
	static const char *const cases[] = { "",	  "\n", "0:/a",	  "0::", "0::relative",
					     "no colons", ":",	"1:cpu\n" };
	char *path = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(-EINVAL, cgroup_choose(cases[i], &path));
	assert_null(path);
}

static void the_v2_mount_is_found(void **state)
{
	static const struct {
		const char *mountinfo, *point, *root;
	} cases[] = {
		{ "30 23 0:27 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
		  "/sys/fs/cgroup", "/" },
		{ "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
		  "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n",
		  "/sys/fs/cgroup/unified", "/" },
		{ "41 31 0:38 /a /mnt/part rw - cgroup2 cgroup2 rw\n"
		  "42 31 0:38 / /mnt/with\\040blank rw master:1 - cgroup2 cgroup2 rw",
		  "/mnt/with blank", "/" },
		{ "41 31 0:38 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "/sys/fs/cgroup",
		  "/../.." },
	};
	char *point = NULL, *root = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(0, cgroup_mount(cases[i].mountinfo, &point, &root));
		assert_string_equal(cases[i].point, point);
		assert_string_equal(cases[i].root, root);
		free(point);
		free(root);
	}
	assert_int_equal(-ENOENT, cgroup_mount("", &point, &root));
	assert_int_equal(-ENOENT, cgroup_mount("1 2 - cgroup2 x\nx - cgroup2 \n", &point, &root));
	assert_int_equal(-ENOENT, cgroup_mount("1 2 0:3 / /x rw - tmpfs t rw\n", &point, &root));
}

/* A group made here, or the hierarchy's root where none may be made. */
static char *make_group(const char *point)
{
	char *path;

	assert_true(asprintf(&path, "%s/troth-test-%d", point, getpid()) > 0);
	if (mkdir(path, 0755) < 0) {
		free(path);
		path = strdup(point);
	}
	return path;
}

static void a_living_group_is_found_by_its_number_and_a_removed_one_is_not(void **state)
{
	_cleanup_(freep) char *mountinfo = NULL;
	_cleanup_(freep) char *point = NULL;
	_cleanup_(freep) char *root = NULL;
	_cleanup_(freep) char *group = NULL;
	_cleanup_(freep) char *found = NULL;
	struct stat st;
	int err;

	(void)state;
	assert_int_equal(0,
			 procfs_read(AT_FDCWD, "/proc/self/mountinfo", 1 << 20, &mountinfo, NULL));
	if (cgroup_mount(mountinfo, &point, &root)) {
		print_message("skipped: no cgroup v2 hierarchy is mounted here\n");
		skip();
	}
	group = make_group(point);
	assert_int_equal(0, stat(group, &st));
	err = cgroup_path_of_id("/proc", st.st_ino, &found);
	if (strcmp(group, point))
		assert_int_equal(0, rmdir(group));
	if (err == -EPERM) {
		print_message("skipped: needs CAP_DAC_READ_SEARCH\n");
		skip();
	}
	assert_int_equal(0, err);
	if (strcmp(group, point)) {
		char *gone = NULL;

		assert_non_null(strstr(found, strrchr(group, '/')));
		assert_int_equal(-ENOENT, cgroup_path_of_id("/proc", st.st_ino, &gone));
	} else if (!strcmp(root, "/")) {
		assert_string_equal("/", found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_unit_is_the_innermost_service),
		cmocka_unit_test(a_container_is_known_by_each_runtime_s_name),
		cmocka_unit_test(a_pod_is_known_under_both_cgroup_drivers),
		cmocka_unit_test(the_innermost_container_counts),
		cmocka_unit_test(a_service_that_only_runs_the_engine_is_not_the_container_s_unit),
		cmocka_unit_test(a_container_s_monitor_is_not_in_the_container),
		cmocka_unit_test(a_path_seen_from_another_cgroup_namespace_still_tells),
		cmocka_unit_test(what_names_nobody_places_nobody),
		cmocka_unit_test(the_telling_path_is_chosen_among_hierarchies),
		cmocka_unit_test(a_malformed_table_is_refused),
		cmocka_unit_test(the_v2_mount_is_found),
		cmocka_unit_test(a_living_group_is_found_by_its_number_and_a_removed_one_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
