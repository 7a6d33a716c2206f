/* SPDX-License-Identifier: Apache-2.0 */
/*
 * self_test.h - a byte over loopback, to see how the kernel's clocks behave.
 * Knows: sockets and the ABI's self_test. Must not know: libbpf, what follows from it.
 */
#ifndef TROTH_COLLECT_SELF_TEST_H
#define TROTH_COLLECT_SELF_TEST_H

#include <stdbool.h>

#include "../store/rows.h"

struct self_test_result {
	bool recv_clock_is_cached; /* tcp_clock_cache is refreshed by a receive call */
	unsigned int regs_offset;  /* the same for every task */
};

/* How long a jiffy lasts. */
unsigned int self_test_tick_ns(void);

/*
 * seen and port are the program's, which is attached; it answers in *seen for receives on *port.
 * Takes some 15 ms. 0 or -errno: nothing is known.
 */
int self_test_run(volatile struct self_test *seen, volatile unsigned int *port,
		  struct self_test_result *ret);

#endif
