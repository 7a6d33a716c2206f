// SPDX-License-Identifier: Apache-2.0
/*
 * features.c - one table of needs. A row: how to find out, what its absence costs, the remedy. The
 * probes are in features_probe.c.
 */
#include "features.h"

#include <stdio.h>
#include <string.h>

#include "../base/cleanup.h"
#include "features_probe.h"

#define CAPABILITIES "run as root (sudo troth ...), or give CAP_BPF and CAP_PERFMON"
#define NEWER_KERNEL "boot a kernel 6.3 or later; the backend for older ones is not there yet"
#define BPF_REFUSED                                                                                \
	"in a container: run it privileged, in the host's user namespace, with a seccomp profile " \
	"that allows bpf()"
#define BTF_KERNEL "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y (every distribution's is)"
#define BPF_KERNEL "boot a kernel built with CONFIG_BPF_SYSCALL, CONFIG_BPF_EVENTS and CONFIG_NET"

/* Absence of an indispensable need is `missing`, of another one `degraded`. */
struct need {
	const char *name;
	probe_function *probe;
	const char *argument; /* of the probe */
	bool indispensable;
	bool by_btf;	   /* found out by looking into the kernel's BTF */
	bool by_bpf_call;  /* found out by a call of bpf(), so only with privilege */
	const char *since; /* kernel; NULL: the probe says itself what it found */
	const char *lost;  /* without it */
	const char *remedy;
};

/* In the order in which one lack explains the next: the first missing one is the reason. */
static const struct need needs[] = {
	{ .name = "capabilities",
	  .probe = probe_capabilities,
	  .indispensable = true,
	  .lost = "no program can be loaded",
	  .remedy = CAPABILITIES },
	{ .name = "BTF",
	  .probe = probe_btf,
	  .indispensable = true,
	  .lost = "programs cannot be fitted to this kernel",
	  .remedy = BTF_KERNEL },
	{ .name = "bpf()",
	  .probe = probe_bpf_call,
	  .indispensable = true,
	  .by_bpf_call = true,
	  .lost = "no map can be made",
	  .remedy = BPF_REFUSED },
	{ .name = "tracepoint sock_recv_length",
	  .probe = probe_tracepoint,
	  .by_btf = true,
	  .argument = "sock_recv_length",
	  .indispensable = true,
	  .since = "6.3",
	  .lost = "what is received is not seen",
	  .remedy = NEWER_KERNEL },
	{ .name = "tracepoint sock_send_length",
	  .probe = probe_tracepoint,
	  .by_btf = true,
	  .argument = "sock_send_length",
	  .indispensable = true,
	  .since = "6.3",
	  .lost = "what is sent is not seen",
	  .remedy = NEWER_KERNEL },
	{ .name = "tracepoint sk_data_ready",
	  .probe = probe_tracepoint,
	  .by_btf = true,
	  .argument = "sk_data_ready",
	  .indispensable = true,
	  .since = "6.3",
	  .lost = "arrivals, and with them queue times, are not seen",
	  .remedy = NEWER_KERNEL },
	{ .name = "tracepoint inet_sock_set_state",
	  .probe = probe_tracepoint,
	  .by_btf = true,
	  .argument = "inet_sock_set_state",
	  .indispensable = true,
	  .since = "4.16",
	  .lost = "connections are not seen",
	  .remedy = BPF_KERNEL },
	{ .name = "tracepoint tcp_destroy_sock",
	  .probe = probe_tracepoint,
	  .by_btf = true,
	  .argument = "tcp_destroy_sock",
	  .indispensable = true,
	  .since = "4.15",
	  .lost = "the end of connections is not seen",
	  .remedy = BPF_KERNEL },
	{ .name = "tracepoint tcp_retransmit_skb",
	  .probe = probe_tracepoint,
	  .by_btf = true,
	  .argument = "tcp_retransmit_skb",
	  .indispensable = true,
	  .since = "4.15",
	  .lost = "retransmits are not seen",
	  .remedy = BPF_KERNEL },
	{ .name = "program load (tp_btf)",
	  .probe = probe_program_load,
	  .by_btf = true,
	  .indispensable = true,
	  .by_bpf_call = true,
	  .lost = "nothing can be attached",
	  .remedy = "boot a kernel built with CONFIG_BPF_EVENTS=y, or lift what refuses it "
		    "(seccomp, a security module)" },
	{ .name = "sk_storage",
	  .probe = probe_sk_storage,
	  .indispensable = true,
	  .by_bpf_call = true,
	  .since = "5.11",
	  .lost = "there is no place for the state of a connection",
	  .remedy = BPF_KERNEL },
	{ .name = "iterator bpf_sk_storage_map",
	  .probe = probe_iterator,
	  .by_btf = true,
	  .argument = "bpf_sk_storage_map",
	  .indispensable = true,
	  .since = "5.9",
	  .lost = "answers that end in silence are not found",
	  .remedy = BPF_KERNEL },
	{ .name = "iterator task_file",
	  .probe = probe_iterator,
	  .by_btf = true,
	  .argument = "task_file",
	  .since = "5.8",
	  .lost = "connections older than troth may have the wrong role",
	  .remedy = BPF_KERNEL },
	{ .name = "lockdown",
	  .probe = probe_lockdown,
	  .indispensable = true,
	  .lost = "the programs may not read kernel memory, loading is refused",
	  .remedy = "boot with lockdown=integrity, or without lockdown" },
	{ .name = "BPF JIT",
	  .probe = probe_jit,
	  .lost = "programs are interpreted: each exchange costs several times as much",
	  .remedy = "sysctl net.core.bpf_jit_enable=1" },
	{ .name = "kernel memory", .probe = probe_memory, .lost = "", .remedy = "" },
	{ .name = "CAP_SYS_PTRACE",
	  .probe = probe_ptrace,
	  .lost = "other users' programs are known by their short name only, exe is null",
	  .remedy = "run as root, or give CAP_SYS_PTRACE as well" },
	{ .name = "cgroup v2",
	  .probe = probe_cgroup,
	  .lost = "units and containers come from /proc, which forgets short-lived processes",
	  .remedy = "boot with systemd.unified_cgroup_hierarchy=1, or mount cgroup2 on "
		    "/sys/fs/cgroup" },
	{ .name = "pinning",
	  .probe = probe_pinning,
	  .lost = "check needs none; a daemon cannot keep counting over its own restart",
	  .remedy = "mount -t bpf bpf /sys/fs/bpf" },
};

#define N_NEEDS (sizeof(needs) / sizeof(needs[0]))
_Static_assert(N_NEEDS < FEATURES_MAX, "no room for the backend's row");

/* What cannot be tried says nothing about the kernel; then the reason is the lack to mend. */
static const char *untried(const struct need *n, struct probes *p, const char **ret_remedy)
{
	if (n->by_bpf_call && probes_refused(p)) {
		*ret_remedy = probes_privileged(p) ? BPF_REFUSED : CAPABILITIES;
		return "cannot be tried: bpf() is refused";
	}
	if (n->by_btf && !probes_have_btf(p)) {
		*ret_remedy = BTF_KERNEL;
		return "cannot be told without BTF";
	}
	return NULL;
}

static void judge(const struct need *n, struct probes *p, struct feature *ret)
{
	const char *remedy = n->remedy;
	const char *reason = untried(n, p, &remedy);
	char found[128] = "";

	*ret = (struct feature){ .name = n->name, .state = FEATURE_OK };
	if (!reason && n->probe(p, n->argument, found, sizeof(found))) {
		snprintf(ret->detail, sizeof(ret->detail), "%s", *found ? found : "there");
		return;
	}
	ret->state = n->indispensable ? FEATURE_MISSING : FEATURE_DEGRADED;
	ret->remedy = remedy;
	if (reason)
		snprintf(ret->detail, sizeof(ret->detail), "%s", reason);
	else if (*found)
		snprintf(ret->detail, sizeof(ret->detail), "%s: %s", found, n->lost);
	else
		snprintf(ret->detail, sizeof(ret->detail), "not in this kernel (since %s): %s",
			 n->since, n->lost);
}

static void judge_backend(struct features *f)
{
	struct feature *row = &f->rows[f->n++];

	*row = (struct feature){ .name = "backend", .state = FEATURE_OK };
	f->backend = "socket";
	for (size_t i = 0; i + 1 < f->n; i++)
		if (f->rows[i].state == FEATURE_MISSING)
			f->backend = NULL;
	if (f->backend) {
		snprintf(row->detail, sizeof(row->detail), "socket");
		return;
	}
	row->state = FEATURE_MISSING;
	row->remedy = "see the rows that are missing";
	snprintf(row->detail, sizeof(row->detail), "none: nothing can be measured here");
}

void features_probe(struct features *ret)
{
	_cleanup_(probes_freep) struct probes *p = probes_new();

	*ret = (struct features){};
	for (size_t i = 0; i < N_NEEDS; i++)
		judge(&needs[i], p, &ret->rows[ret->n++]);
	judge_backend(ret);
}

int features_missing(char *why, size_t size)
{
	_cleanup_(probes_freep) struct probes *p = probes_new();
	struct feature f;

	for (size_t i = 0; i < N_NEEDS; i++) {
		if (!needs[i].indispensable)
			continue;
		judge(&needs[i], p, &f);
		if (f.state != FEATURE_MISSING)
			continue;
		snprintf(why, size, "%s: %s; %s", f.name, f.detail, f.remedy);
		return 1;
	}
	return 0;
}
