/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lockdown.h - programs under lockdown=confidentiality.
 * Knows: libbpf. Must not know: what the programs do.
 */
#ifndef TROTH_COLLECT_LOCKDOWN_H
#define TROTH_COLLECT_LOCKDOWN_H

#include <stdbool.h>

/* Is bpf_probe_read_kernel() refused? (False too where no program may be loaded at all.) */
bool lockdown_refuses_reads(void);

/*
 * Before an object is opened that reads the memory of processes by bpf_probe_read_user(), and no
 * kernel memory by any helper: it then loads in confidentiality mode too. Elsewhere, and when called
 * again, does nothing. 0 or -errno.
 */
int lockdown_prepare(void);

#endif
