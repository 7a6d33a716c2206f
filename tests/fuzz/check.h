/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - what must hold, whatever a fuzzer puts in: it ends where it does not. */
#ifndef TROTH_TESTS_FUZZ_CHECK_H
#define TROTH_TESTS_FUZZ_CHECK_H

#include <stdio.h>

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			__builtin_trap();                                                          \
		}                                                                                  \
	} while (0)

#endif
