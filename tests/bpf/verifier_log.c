// SPDX-License-Identifier: Apache-2.0
/*
 * verifier_log.c - preloaded into troth, asks the kernel's verifier for its statistics at every
 * program that is loaded, and prints them on stderr, a line a program:
 *
 *	verified PROGRAM PROCESSED STACK
 *	refused PROGRAM ERRNO: the verifier's last line
 *
 * So the figures are those of a real load: what troth configures, and what it loads on this kernel.
 * STACK is that of the deepest chain of calls, each frame rounded up to 32 bytes, as kernels before
 * 6.9 count what they allow 512 bytes for. (Their log has the frames alone.) -1: not in the log.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#define LOG_STATS      4   /* BPF_LOG_STATS, since 5.2 */
#define FUNCTIONS_MAX  256 /* the kernel's own limit */
#define FRAME_UNIT     32
#define LOOP_REGISTERS 24

static char verifier_log[1 << 20];

/* The kernel keeps 15 letters of a program's name; its types know the whole of it. */
static void name_of(const union bpf_attr *attr, char *name, size_t size)
{
	const struct bpf_func_info *main_function = (const void *)(uintptr_t)attr->func_info;
	struct bpf_btf_info info = {};
	__u32 info_size = sizeof(info);
	const struct btf_type *type = NULL;
	struct btf *btf = NULL;

	if (main_function && attr->func_info_cnt &&
	    !bpf_obj_get_info_by_fd((int)attr->prog_btf_fd, &info, &info_size))
		btf = btf__load_from_kernel_by_id(info.id);
	if (btf)
		type = btf__type_by_id(btf, main_function->type_id);
	snprintf(name, size, "%s",
		 type ? btf__name_by_offset(btf, type->name_off) : attr->prog_name);
	btf__free(btf);
}

/* ---- the stack of the deepest chain of calls ---- */

struct functions {
	unsigned int n;
	struct {
		unsigned int begin; /* instruction */
		unsigned int frame, chain;
	} at[FUNCTIONS_MAX];
};

static unsigned int function_of(const struct functions *f, unsigned int instruction)
{
	unsigned int i = f->n;

	while (i-- > 1)
		if (f->at[i].begin <= instruction)
			break;
	return i;
}

/*
 * Frame by frame, in the order of the code: "stack depth 328+0+64", and on 7.3 "stack depth max
 * 480" with a line "subprog 1 (name) ... stack 0" for each. False: neither is there.
 */
static bool read_frames(struct functions *f, const char *log)
{
	const char *at = strstr(log, "\nstack depth ");
	bool by_line = at && strstr(log, "\nsubprog 0 ");
	unsigned int i = 0;

	for (at = by_line ? strstr(log, "\nsubprog 0 ") : at; at && i < f->n; i++) {
		at = i && !by_line ? strchr(at, '+') : strstr(at, by_line ? " stack " : "depth ");
		if (!at)
			break;
		at += strcspn(at, "0123456789");
		f->at[i].frame = (unsigned int)strtoul(at, NULL, 10);
	}
	return i && i == f->n;
}

/*
 * A call of bpf_loop() is replaced by a loop of three registers more, after the kernel has looked
 * at the stack and before it prints the frames.
 */
static void take_off_loops(struct functions *f, const union bpf_attr *attr)
{
	const struct bpf_insn *code = (const void *)(uintptr_t)attr->insns;
	bool loops[FUNCTIONS_MAX] = {};

	for (unsigned int i = 0; i < attr->insn_cnt; i++)
		if (code[i].code == (BPF_JMP | BPF_CALL) && !code[i].src_reg &&
		    code[i].imm == BPF_FUNC_loop)
			loops[function_of(f, i)] = true;
	for (unsigned int i = 0; i < f->n; i++)
		if (loops[i] && f->at[i].frame >= LOOP_REGISTERS)
			f->at[i].frame -= LOOP_REGISTERS;
}

static void round_up(struct functions *f)
{
	for (unsigned int i = 0; i < f->n; i++) {
		unsigned int units = (f->at[i].frame + FRAME_UNIT - 1) / FRAME_UNIT;

		f->at[i].frame = (units ? units : 1) * FRAME_UNIT;
		f->at[i].chain = f->at[i].frame;
	}
}

/* Calls, and the functions that are handed to bpf_loop() and its like. */
static bool calls(const struct bpf_insn *i)
{
	return (i->code == (BPF_JMP | BPF_CALL) && i->src_reg == BPF_PSEUDO_CALL) ||
	       (i->code == (BPF_LD | BPF_IMM | BPF_DW) && i->src_reg == BPF_PSEUDO_FUNC);
}

/* What the kernel sums up: no recursion, so as many rounds as functions are enough. -1: unknown. */
static int deepest_chain(const union bpf_attr *attr, const char *log)
{
	const struct bpf_insn *code = (const void *)(uintptr_t)attr->insns;
	const char *info = (const void *)(uintptr_t)attr->func_info;
	struct functions f = { .n = attr->func_info_cnt < FUNCTIONS_MAX ? attr->func_info_cnt :
									  FUNCTIONS_MAX };

	for (unsigned int i = 0; i < f.n; i++, info += attr->func_info_rec_size)
		f.at[i].begin = ((const struct bpf_func_info *)info)->insn_off;
	if (!read_frames(&f, log))
		return -1;
	take_off_loops(&f, attr);
	round_up(&f);
	for (unsigned int round = 0; round < f.n; round++) {
		for (unsigned int i = 0; i < attr->insn_cnt; i++) {
			unsigned int from = function_of(&f, i), to;

			if (!calls(&code[i]))
				continue;
			to = function_of(&f, (unsigned int)((int)i + code[i].imm + 1));
			if (f.at[from].chain < f.at[from].frame + f.at[to].chain)
				f.at[from].chain = f.at[from].frame + f.at[to].chain;
		}
	}
	return (int)f.at[0].chain;
}

static unsigned long processed_of(const char *log)
{
	const char *at = strstr(log, "processed ");

	return at ? strtoul(at + strlen("processed "), NULL, 10) : 0;
}

/* What it objected to stands before the statistics. */
static void refused(const char *name, int error)
{
	char *end = strstr(verifier_log, "\nverification time ");
	const char *last;

	if (end)
		*end = '\0';
	last = strrchr(verifier_log, '\n');
	fprintf(stderr, "refused %s %s: %s\n", name, strerror(error),
		last ? last + 1 : verifier_log);
}

static long load(long (*kernel)(long, ...), const union bpf_attr *asked, unsigned int size)
{
	union bpf_attr attr = {};
	char name[128];
	long fd;

	memcpy(&attr, asked, size < sizeof(attr) ? size : sizeof(attr));
	attr.log_level = LOG_STATS;
	attr.log_buf = (uintptr_t)verifier_log;
	attr.log_size = sizeof(verifier_log);
	verifier_log[0] = '\0';
	name_of(&attr, name, sizeof(name));
	fd = kernel(SYS_bpf, BPF_PROG_LOAD, &attr, size);
	if (fd >= 0) {
		fprintf(stderr, "verified %s %lu %d\n", name, processed_of(verifier_log),
			deepest_chain(&attr, verifier_log));
	} else {
		int error = errno;

		refused(name, error);
		errno = error;
	}
	return fd;
}

/* libbpf has no other way to the kernel. Whoever wants a log of their own gets it. */
long syscall(long number, ...)
{
	static long (*kernel)(long, ...);
	long a[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (!kernel)
		kernel = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	if (number == SYS_bpf && a[0] == BPF_PROG_LOAD &&
	    !((const union bpf_attr *)a[1])->log_level)
		return load(kernel, (const union bpf_attr *)a[1], (unsigned int)a[2]);
	return kernel(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
