// SPDX-License-Identifier: Apache-2.0
/*
 * features_probe.c - see features_probe.h: what the kernel's types, files and capabilities tell.
 */
#include "features_probe.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/statfs.h>

#include "procfs.h"
#include "programs.h"

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"
#define BTF_MAX	    (64u << 20)
#define SMALL_FILE  (64u << 10)

#define TRACEPOINT_PREFIX "btf_trace_"

struct probes {
	char *btf;	   /* as the kernel has it, unparsed */
	const char *names; /* in btf: the names of types, each with its NUL */
	size_t names_size;
	int btf_error; /* positive errno, once btf was asked for in vain */
	struct btf *parsed;
	bool capabilities; /* could be read */
	bool refused;	   /* bpf() was, to the privileged */
};

struct probes *probes_new(void)
{
	struct probes *p = calloc(1, sizeof(*p));

	libbpf_set_print(NULL); /* what is refused is no news */
	if (p)
		p->capabilities = capng_get_caps_process() == 0;
	return p;
}

void probes_free(struct probes *p)
{
	if (!p)
		return;
	btf__free(p->parsed);
	free(p->btf);
	free(p);
}

/* To find a name, the names will do: 2 ms, where all types are 10 ms and three times the memory. */
static int find_names(struct probes *p)
{
	const struct btf_header *h;
	size_t size, from;
	int r = procfs_read(AT_FDCWD, VMLINUX_BTF, BTF_MAX, &p->btf, &size);

	if (r)
		return r;
	h = (const struct btf_header *)p->btf;
	if (size < sizeof(*h) || h->magic != BTF_MAGIC)
		return -EINVAL;
	from = (size_t)h->hdr_len + h->str_off;
	if (from > size || h->str_len > size - from)
		return -EINVAL;
	p->names = p->btf + from;
	p->names_size = h->str_len;
	return 0;
}

static bool read_names(struct probes *p)
{
	if (p && !p->names && !p->btf_error)
		p->btf_error = -find_names(p);
	return p && p->names;
}

bool probes_have_btf(struct probes *p)
{
	return read_names(p);
}

void probes_note_refused(struct probes *p, bool refused)
{
	if (p)
		p->refused = refused;
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
	if (read_names(p)) {
		snprintf(found, size, VMLINUX_BTF);
		return true;
	}
	snprintf(found, size, VMLINUX_BTF ": %s", strerror(p ? p->btf_error : ENOMEM));
	return false;
}

/* Of the names that the kernel's types have, is this one? */
static bool names_have(struct probes *p, const char *prefix, const char *name)
{
	char symbol[128];
	int n = snprintf(symbol, sizeof(symbol), "%s%s", prefix, name);

	/* With its end; a type's name begins and ends at a NUL, and so does symbol. */
	return read_names(p) && memmem(p->names, p->names_size, symbol, (size_t)n + 1);
}

/* A typedef that nothing but a tracepoint makes. */
bool probe_tracepoint(struct probes *p, const char *argument, char *found, size_t size)
{
	(void)found;
	(void)size;
	return names_have(p, TRACEPOINT_PREFIX, argument);
}

/* A function that nothing but an iterator makes. */
bool probe_iterator(struct probes *p, const char *argument, char *found, size_t size)
{
	(void)found;
	(void)size;
	return names_have(p, "bpf_iter_", argument);
}

unsigned int probes_tracepoint_id(struct probes *p, const char *name)
{
	char symbol[128];
	int id;

	/* Not btf__load_vmlinux_btf(): it would go on to look for images under /boot. */
	if (p && !p->parsed)
		p->parsed = btf__parse(VMLINUX_BTF, NULL);
	if (!p || !p->parsed)
		return 0;
	snprintf(symbol, sizeof(symbol), TRACEPOINT_PREFIX "%s", name);
	id = btf__find_by_name_kind(p->parsed, symbol, BTF_KIND_TYPEDEF);
	return id > 0 ? (unsigned int)id : 0;
}

/* What the kernel could give without swapping, SIZE_MAX: not known. */
static size_t memory_available(void)
{
	_cleanup_(freep) char *text = NULL;
	const char *line;

	if (procfs_read(AT_FDCWD, "/proc/meminfo", SMALL_FILE, &text, NULL))
		return SIZE_MAX;
	line = strstr(text, "MemAvailable:");
	return line ? strtoull(line + strlen("MemAvailable:"), NULL, 10) << 10 : SIZE_MAX;
}

bool probe_memory(struct probes *p, const char *argument, char *found, size_t size)
{
	const struct collector_options defaults = {};
	unsigned int services;
	size_t bytes = programs_memory(&defaults, &services);

	(void)p;
	(void)argument;
	snprintf(
		found, size,
		"%zu MB for %u services while it measures (syscall backend: 4 MB more), 0.7 KB a connection",
		(bytes + (1 << 19)) >> 20, services);
	return bytes < memory_available();
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
