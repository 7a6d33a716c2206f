// SPDX-License-Identifier: Apache-2.0
/* features_probe.c - see features_probe.h. What a probe makes is closed before it returns. */
#include "features_probe.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/statfs.h>

#include "procfs.h"
#include "programs.h"

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"
#define SMALL_FILE  4096

struct probes {
	struct btf *btf;
	int btf_error;	   /* positive errno, once btf was asked for in vain */
	bool capabilities; /* could be read */
	bool refused;	   /* bpf() was, to the privileged */
};

struct probes *probes_new(void)
{
	struct probes *p = calloc(1, sizeof(*p));

	if (p)
		p->capabilities = capng_get_caps_process() == 0;
	return p;
}

void probes_free(struct probes *p)
{
	if (!p)
		return;
	btf__free(p->btf);
	free(p);
}

static const struct btf *kernel_btf(struct probes *p)
{
	if (!p)
		return NULL;
	if (!p->btf && !p->btf_error) {
		/* Not btf__load_vmlinux_btf(): it would go on to look for images under /boot. */
		p->btf = btf__parse(VMLINUX_BTF, NULL);
		p->btf_error = p->btf ? 0 : errno;
	}
	return p->btf;
}

bool probes_have_btf(struct probes *p)
{
	return kernel_btf(p);
}

static bool has(const struct probes *p, unsigned int capability)
{
	return p && p->capabilities && capng_have_capability(CAPNG_EFFECTIVE, capability);
}

bool probes_privileged(const struct probes *p)
{
	return has(p, CAP_SYS_ADMIN) || (has(p, CAP_BPF) && has(p, CAP_PERFMON));
}

bool probes_refused(const struct probes *p)
{
	return !probes_privileged(p) || p->refused;
}

bool probe_capabilities(struct probes *p, const char *argument, char *found, size_t size)
{
	bool bpf = has(p, CAP_BPF), perfmon = has(p, CAP_PERFMON);

	(void)argument;
	if (bpf && perfmon)
		snprintf(found, size, "CAP_BPF, CAP_PERFMON");
	else if (probes_privileged(p))
		snprintf(found, size, "CAP_SYS_ADMIN");
	else
		snprintf(found, size, "no %s%s%s", bpf ? "" : "CAP_BPF",
			 bpf || perfmon ? "" : " and no ", perfmon ? "" : "CAP_PERFMON");
	return probes_privileged(p);
}

bool probe_ptrace(struct probes *p, const char *argument, char *found, size_t size)
{
	bool there = has(p, CAP_SYS_PTRACE);

	(void)argument;
	snprintf(found, size, there ? "there" : "not there");
	return there;
}

bool probe_btf(struct probes *p, const char *argument, char *found, size_t size)
{
	(void)argument;
	if (kernel_btf(p)) {
		snprintf(found, size, VMLINUX_BTF);
		return true;
	}
	snprintf(found, size, VMLINUX_BTF ": %s", strerror(p ? p->btf_error : ENOMEM));
	return false;
}

bool probe_bpf_call(struct probes *p, const char *argument, char *found, size_t size)
{
	_cleanup_(closep) int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, NULL, 4, 4, 1, NULL);

	(void)argument;
	if (fd < 0)
		snprintf(found, size, "refused (%s)", strerror(-fd));
	if (p)
		p->refused = fd < 0;
	return fd >= 0;
}

/* The prototype of a BTF tracepoint: typedef btf_trace_NAME -> pointer -> function. */
static const struct btf_type *tracepoint_prototype(const struct btf *btf, const char *name,
						   int *ret_id)
{
	const struct btf_type *type;
	char symbol[128];
	int id;

	snprintf(symbol, sizeof(symbol), "btf_trace_%s", name);
	id = btf ? btf__find_by_name_kind(btf, symbol, BTF_KIND_TYPEDEF) : -ENOENT;
	if (id < 0)
		return NULL;
	*ret_id = id;
	type = btf__type_by_id(btf, btf__type_by_id(btf, (unsigned int)id)->type);
	if (!type || !btf_is_ptr(type))
		return NULL;
	type = btf__type_by_id(btf, type->type);
	return type && btf_is_func_proto(type) ? type : NULL;
}

bool probe_tracepoint(struct probes *p, const char *argument, char *found, size_t size)
{
	int id;

	(void)found;
	(void)size;
	return tracepoint_prototype(kernel_btf(p), argument, &id);
}

bool probe_program_load(struct probes *p, const char *argument, char *found, size_t size)
{
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_RAW_TP);
	_cleanup_(closep) int fd = -1;
	int id;

	(void)argument;
	/* Any tracepoint would do; this one is as old as BTF. */
	if (!tracepoint_prototype(kernel_btf(p), "inet_sock_set_state", &id)) {
		snprintf(found, size, "nothing to attach to");
		return false;
	}
	opts.attach_btf_id = (__u32)id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "troth_probe", "GPL", nothing,
			   sizeof(nothing) / sizeof(nothing[0]), &opts);
	if (fd < 0)
		snprintf(found, size, "refused (%s)", strerror(-fd));
	return fd >= 0;
}

bool probe_sk_storage(struct probes *p, const char *argument, char *found, size_t size)
{
	(void)p;
	(void)argument;
	(void)found;
	(void)size;
	return libbpf_probe_bpf_map_type(BPF_MAP_TYPE_SK_STORAGE, NULL) == 1;
}

bool probe_iterator(struct probes *p, const char *argument, char *found, size_t size)
{
	const struct btf *btf = kernel_btf(p);
	char symbol[128];

	(void)found;
	(void)size;
	snprintf(symbol, sizeof(symbol), "bpf_iter_%s", argument);
	return btf && btf__find_by_name_kind(btf, symbol, BTF_KIND_FUNC) > 0;
}

bool probe_lockdown(struct probes *p, const char *argument, char *found, size_t size)
{
	_cleanup_(freep) char *text = NULL;

	(void)p;
	(void)argument;
	if (procfs_read(AT_FDCWD, "/sys/kernel/security/lockdown", SMALL_FILE, &text, NULL)) {
		snprintf(found, size, "none known (no /sys/kernel/security/lockdown)");
		return true;
	}
	/* "none [integrity] confidentiality": the brackets stand around the one in force. */
	if (strstr(text, "[confidentiality]")) {
		snprintf(found, size, "confidentiality");
		return false;
	}
	snprintf(found, size,
		 strstr(text, "[integrity]") ? "integrity, which does no harm" : "none");
	return true;
}

bool probe_memory(struct probes *p, const char *argument, char *found, size_t size)
{
	const struct collector_options defaults = {};
	unsigned int services;
	size_t bytes = programs_memory(&defaults, &services);

	(void)p;
	(void)argument;
	snprintf(found, size, "%zu MB for %u services while it measures, 0.7 KB more a connection",
		 (bytes + (1 << 19)) >> 20, services);
	return true;
}

bool probe_jit(struct probes *p, const char *argument, char *found, size_t size)
{
	_cleanup_(freep) char *text = NULL;

	(void)p;
	(void)argument;
	/* Only the first network namespace shows it. */
	if (procfs_read(AT_FDCWD, "/proc/sys/net/core/bpf_jit_enable", SMALL_FILE, &text, NULL)) {
		snprintf(found, size, "not shown in this network namespace");
		return true;
	}
	snprintf(found, size, text[0] == '0' ? "off" : "on");
	return text[0] != '0';
}

static bool file_system_is(const char *path, unsigned long magic)
{
	struct statfs fs;

	return !statfs(path, &fs) && (unsigned long)fs.f_type == magic;
}

bool probe_cgroup(struct probes *p, const char *argument, char *found, size_t size)
{
	(void)p;
	(void)argument;
	if (file_system_is("/sys/fs/cgroup", CGROUP2_SUPER_MAGIC)) {
		snprintf(found, size, "v2");
		return true;
	}
	if (file_system_is("/sys/fs/cgroup/unified", CGROUP2_SUPER_MAGIC))
		snprintf(found, size, "hybrid of v1 and v2");
	else if (file_system_is("/sys/fs/cgroup", TMPFS_MAGIC))
		snprintf(found, size, "v1");
	else
		snprintf(found, size, "no cgroups mounted");
	return false;
}

bool probe_pinning(struct probes *p, const char *argument, char *found, size_t size)
{
	bool there = file_system_is("/sys/fs/bpf", BPF_FS_MAGIC);

	(void)p;
	(void)argument;
	snprintf(found, size, there ? "/sys/fs/bpf" : "no BPF file system on /sys/fs/bpf");
	return there;
}
