/* SPDX-License-Identifier: Apache-2.0 */
/* moment.h - one moment on the clocks that a record needs. */
#ifndef TROTH_BASE_MOMENT_H
#define TROTH_BASE_MOMENT_H

#include <stdint.h>

#define NS_PER_SECOND 1000000000ll

struct moment {
	int64_t wall_ns;  /* CLOCK_REALTIME: what people call it; may step */
	uint64_t mono_ns; /* CLOCK_MONOTONIC: stands still while the host sleeps */
	uint64_t boot_ns; /* CLOCK_BOOTTIME: does not */
};

void moment_now(struct moment *ret);
uint64_t moment_mono_ns(void); /* mono_ns alone */

/* The kernel's boot id, 36 characters, or "" where it cannot be read. */
#define BOOT_ID_SIZE 37
void moment_boot_id(char ret[BOOT_ID_SIZE]);

#endif
