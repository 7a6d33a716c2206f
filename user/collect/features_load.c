// SPDX-License-Identifier: Apache-2.0
/*
 * features_load.c - see features_probe.h: what is found out by loading a small map or program. Each
 * is closed before its probe returns; nothing is ever attached.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "features_probe.h"
#include "lockdown.h"
#include "procfs.h"

#define TRACEPOINT "inet_sock_set_state" /* any would do whose first argument is a socket */
#define SMALL_FILE 4096
#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))

#define RETURN_ZERO                                                                                \
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },                             \
	{                                                                                          \
		.code = BPF_JMP | BPF_EXIT                                                         \
	}

static void btf_freep(struct btf **btf)
{
	btf__free(*btf);
}

static bool refusal(int fd, char *found, size_t size)
{
	if (fd < 0)
		snprintf(found, size, "refused (%s)", strerror(-fd));
	return fd >= 0;
}

bool probe_bpf_call(struct probes *p, const char *argument, char *found, size_t size)
{
	_cleanup_(closep) int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, NULL, 4, 4, 1, NULL);

	(void)argument;
	probes_note_refused(p, fd < 0);
	return refusal(fd, found, size);
}

/* A program on TRACEPOINT; its descriptor or -errno. */
static int load_tracing(struct probes *p, const struct bpf_insn *insns, size_t n)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_RAW_TP,
		    .attach_btf_id = probes_tracepoint_id(p, TRACEPOINT));

	return opts.attach_btf_id ?
		       bpf_prog_load(BPF_PROG_TYPE_TRACING, "troth_probe", "GPL", insns, n, &opts) :
		       -ENOENT;
}

bool probe_program_load(struct probes *p, const char *argument, char *found, size_t size)
{
	static const struct bpf_insn nothing[] = { RETURN_ZERO };
	_cleanup_(closep) int fd = load_tracing(p, nothing, COUNT(nothing));

	(void)argument;
	if (fd != -ENOENT)
		return refusal(fd, found, size);
	snprintf(found, size, "nothing to attach to");
	return false;
}

/* Such maps must say what type their values are of. */
static int sk_storage_map(void)
{
	_cleanup_(btf_freep) struct btf *btf = btf__new_empty();
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC, .btf_key_type_id = 1,
		    .btf_value_type_id = 1);

	if (!btf || btf__add_int(btf, "int", 4, BTF_INT_SIGNED) != 1 || btf__load_into_kernel(btf))
		return -errno;
	opts.btf_fd = (__u32)btf__fd(btf);
	return bpf_map_create(BPF_MAP_TYPE_SK_STORAGE, NULL, 4, 4, 0, &opts);
}

bool probe_sk_storage(struct probes *p, const char *argument, char *found, size_t size)
{
	_cleanup_(closep) int map = sk_storage_map(), fd = -1;
	const struct bpf_insn get[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 2, .src_reg = 1 }, /* the socket */
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = map },
		{}, /* its second half */
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 4 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_sk_storage_get },
		RETURN_ZERO,
	};

	(void)argument;
	(void)found;
	(void)size;
	fd = map < 0 ? map : load_tracing(p, get, COUNT(get));
	return fd >= 0;
}

bool probe_compare_swap(struct probes *p, const char *argument, char *found, size_t size)
{
	static const struct bpf_insn swap[] = {
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1, .imm = 1 },
		{ .code = BPF_STX | BPF_ATOMIC | BPF_DW,
		  .dst_reg = BPF_REG_10,
		  .src_reg = BPF_REG_1,
		  .off = -8,
		  .imm = BPF_CMPXCHG },
		RETURN_ZERO,
	};
	_cleanup_(closep) int fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "troth_probe", "GPL",
						 swap, COUNT(swap), NULL);

	(void)p;
	(void)argument;
	(void)found;
	(void)size;
	return fd >= 0;
}

bool probe_helper(struct probes *p, const char *argument, char *found, size_t size)
{
	static const struct {
		const char *name;
		enum bpf_func_id id;
	} helpers[] = {
		{ "bpf_for_each_map_elem", BPF_FUNC_for_each_map_elem },
		{ "bpf_task_pt_regs", BPF_FUNC_task_pt_regs },
	};

	(void)p;
	(void)found;
	(void)size;
	for (size_t i = 0; i < COUNT(helpers); i++)
		if (!strcmp(helpers[i].name, argument))
			return libbpf_probe_bpf_helper(BPF_PROG_TYPE_TRACEPOINT, helpers[i].id,
						       NULL) == 1;
	return false;
}

/* The file says which mode it is, where there is one; trying, whether it bites. */
bool probe_lockdown(struct probes *p, const char *argument, char *found, size_t size)
{
	_cleanup_(freep) char *text = NULL;
	bool refused = !probes_refused(p) && lockdown_refuses_reads();

	(void)argument;
	if (procfs_read(AT_FDCWD, "/sys/kernel/security/lockdown", SMALL_FILE, &text, NULL))
		snprintf(found, size,
			 refused ? "bpf_probe_read_kernel() is refused" :
				   "none known (no /sys/kernel/security/lockdown)");
	/* "none [integrity] confidentiality": the brackets stand around the one in force. */
	else if (strstr(text, "[confidentiality]"))
		snprintf(found, size, "confidentiality, so bpf_probe_read_kernel() is refused");
	else if (refused)
		snprintf(found, size, "bpf_probe_read_kernel() is refused");
	else
		snprintf(found, size,
			 strstr(text, "[integrity]") ? "integrity, which does no harm" : "none");
	return !refused && !(text && strstr(text, "[confidentiality]"));
}
