/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decimal.h - ratios as people write them (0.999), kept exact: a binary double holds neither 0.999
 * nor 99.9 %. Knows numbers only.
 */
#ifndef TROTH_BASE_DECIMAL_H
#define TROTH_BASE_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

#define DECIMAL_DIGITS 18
#define DECIMAL_ONE    1000000000000000000ull /* 10^18 */

/* A ratio from 0 to 18 (what 64 bits hold), in units of 10^-18. */
typedef uint64_t decimal;

/*
 * "0.999", ".5", "1", "9.99e-1": 0, -EINVAL (no such number, or negative), or -ERANGE (too large,
 * or digits beyond the 18th). shift: the power of ten by which the text is multiplied first; -2
 * reads a percentage.
 */
int decimal_parse(const char *text, int shift, decimal *ret);

/*
 * The shortest text that decimal_parse() reads back, "0.999"; shift as there, from -18 to 10.
 * Returns buf.
 */
#define DECIMAL_TEXT 32
const char *decimal_format(decimal d, int shift, char buf[DECIMAL_TEXT]);

double decimal_double(decimal d);

/* Is good / total >= d, exactly? total is not 0. */
bool decimal_reached(uint64_t good, uint64_t total, decimal d);

#endif
