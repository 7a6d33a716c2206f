// SPDX-License-Identifier: Apache-2.0
/* lockdown.c - see lockdown.h. */
#include "lockdown.h"

#include <errno.h>

#include <bpf/bpf.h>
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
