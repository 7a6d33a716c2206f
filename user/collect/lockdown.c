// SPDX-License-Identifier: Apache-2.0
/*
 * lockdown.c - see lockdown.h.
 *
 * libbpf (1.1, and later ones alike) asks the kernel for bpf_probe_read_kernel(). Where that is refused
 * it takes the kernel for one before 5.5, and turns each call of bpf_probe_read_user() into one of
 * bpf_probe_read(), which confidentiality mode refuses as well, though the call as it was written is
 * allowed. So sections that may hold such calls get handlers of ours, which turn them back after
 * libbpf's own changes and before the load. Handlers of ours replace libbpf's for these sections as a
 * whole: they have to name the target, and to attach, as well.
 */
#include "lockdown.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "../base/cleanup.h"

bool lockdown_refuses_reads(void)
{
	static const struct bpf_insn read_nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 1, .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 1, .imm = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = 8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_read_kernel },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	_cleanup_(closep) int fd =
		bpf_prog_load(BPF_PROG_TYPE_TRACEPOINT, "troth_probe", "GPL", read_nothing,
			      sizeof(read_nothing) / sizeof(read_nothing[0]), NULL);

	return fd == -EINVAL; /* the verifier's answer, where there is no such helper */
}

/* A target that is not there leaves none set: then the load fails, and only of what is loaded. */
static int set_target(struct bpf_program *program, long cookie)
{
	const char *target = strchr(bpf_program__section_name(program), '/');

	(void)cookie;
	if (target)
		bpf_program__set_attach_target(program, 0, target + 1);
	return 0;
}

static bool is_call(const struct bpf_insn *i, int helper)
{
	return i->code == (BPF_JMP | BPF_CALL) && !i->src_reg && !i->dst_reg && i->imm == helper;
}

static int turn_back(struct bpf_program *program, struct bpf_prog_load_opts *opts, long cookie)
{
	size_t n = bpf_program__insn_cnt(program), size = n * sizeof(struct bpf_insn);
	_cleanup_(freep) struct bpf_insn *insns = malloc(size);

	(void)opts;
	(void)cookie;
	if (!insns)
		return -ENOMEM;
	memcpy(insns, bpf_program__insns(program), size);
	for (size_t i = 0; i < n; i++)
		if (is_call(&insns[i], BPF_FUNC_probe_read))
			insns[i].imm = BPF_FUNC_probe_read_user;
	return bpf_program__set_insns(program, insns, n);
}

static int attach(const struct bpf_program *program, long cookie, struct bpf_link **ret)
{
	(void)cookie;
	*ret = bpf_program__attach_trace(program);
	return *ret ? 0 : -errno;
}

int lockdown_prepare(void)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, opts, .prog_setup_fn = set_target,
		    .prog_prepare_load_fn = turn_back, .prog_attach_fn = attach);
	static bool prepared;
	int r;

	if (prepared || !lockdown_refuses_reads())
		return 0;
	r = libbpf_register_prog_handler("tp_btf+", BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, &opts);
	prepared = r >= 0;
	return r < 0 ? r : 0;
}
