/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features_probe.h - questions to this kernel, each asked by trying.
 * Knows: libbpf, /proc, /sys. Must not know: which of them matter.
 */
#ifndef TROTH_COLLECT_FEATURES_PROBE_H
#define TROTH_COLLECT_FEATURES_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "../base/cleanup.h"

/* What several probes share: the kernel's BTF, read and parsed once, on demand. */
struct probes;

struct probes *probes_new(void); /* NULL: no memory; every probe then says no */
void probes_free(struct probes *p);
DEFINE_FREEP(struct probes, probes_free)

bool probes_privileged(const struct probes *p); /* has the capabilities that bpf() asks for */
bool probes_refused(const struct probes *p);	/* has not, or probe_bpf_call was in vain */

bool probes_have_btf(struct probes *p);

/* The BTF number of a tracepoint, 0: there is none. Parses the kernel's types: 10 ms, 15 MB. */
unsigned int probes_tracepoint_id(struct probes *p, const char *name);

/* Is it there? found: a few words on what was met, or nothing. */
typedef bool probe_function(struct probes *p, const char *argument, char *found, size_t size);

probe_function probe_capabilities; /* CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN */
probe_function probe_ptrace;	   /* CAP_SYS_PTRACE */
probe_function probe_btf;
probe_function probe_tracepoint; /* argument: name */
probe_function probe_iterator;	 /* argument: name */
probe_function probe_memory;
probe_function probe_jit;
probe_function probe_cgroup;  /* version 2 alone */
probe_function probe_pinning; /* a BPF file system on /sys/fs/bpf */

/* By loading something small, in features_load.c. */
probe_function probe_bpf_call;	   /* bpf() makes a map of the simplest kind */
probe_function probe_program_load; /* a tp_btf program of two instructions */
probe_function probe_sk_storage;   /* one that keeps something in a socket */
probe_function probe_compare_swap; /* one with that instruction */
probe_function probe_helper;	   /* argument: name */
probe_function probe_lockdown;	   /* a helper may read kernel memory */

/* What probe_bpf_call met, for probes_refused. */
void probes_note_refused(struct probes *p, bool refused);

#endif
