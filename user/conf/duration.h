/* SPDX-License-Identifier: Apache-2.0 */
/* duration.h - lengths of time as people write them. Knows text only. */
#ifndef TROTH_CONF_DURATION_H
#define TROTH_CONF_DURATION_H

#include <stddef.h>
#include <stdint.h>

#define MSEC_NS (1000ULL * 1000)
#define SEC_NS	(1000ULL * MSEC_NS)
#define MIN_NS	(60ULL * SEC_NS)
#define HOUR_NS (60ULL * MIN_NS)

/*
 * 10s, 1m30s, 500ms, 2h, 1.5s; a bare number is seconds. Units descend and each stands once; what
 * is below a nanosecond is dropped. 0, -EINVAL, or -ERANGE: more than 64 bits of nanoseconds.
 */
int duration_parse(const char *text, uint64_t *ret_ns);

/* What duration_parse() reads back, rounded down to 1 ms: "1m30s", "500ms", "0s". Returns buf. */
const char *duration_format(uint64_t ns, char *buf, size_t size);

#endif
