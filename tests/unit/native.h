/* SPDX-License-Identifier: Apache-2.0 */
/*
 * native.h - what the pure headers of bpf/ expect of whoever includes them: fixed-width types
 * and the kernel's words for inlining. Include it before them, in tests and fuzzers.
 */
#ifndef TROTH_TESTS_NATIVE_H
#define TROTH_TESTS_NATIVE_H

#include <linux/types.h>
#include <linux/stddef.h>

/* libc's and linux/stddef.h's differ; here it is what <bpf/bpf_helpers.h> makes of it. */
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#undef __noinline
#define __noinline static __attribute__((noinline, unused))

#endif
