/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counts_field.h - a line of comma-separated text in fields, and a field as a number.
 * Knows RFC 4180 and digits. Must not know: which field means what.
 */
#ifndef TROTH_CONF_COUNTS_FIELD_H
#define TROTH_CONF_COUNTS_FIELD_H

#include <stddef.h>
#include <stdint.h>

#include "counts.h"

/* A line in fields, without their quotes, each with a NUL behind it. */
struct counts_fields {
	unsigned int n;
	const char *text[COUNTS_COLUMNS_MAX];
	size_t size[COUNTS_COLUMNS_MAX]; /* bytes */
	size_t at[COUNTS_COLUMNS_MAX];	 /* where it begins in the line, with its quotes */
	char room[COUNTS_LINE_MAX + COUNTS_COLUMNS_MAX + 1];
};

/*
 * NULL, or what is wrong and what to write instead, at byte *ret_at of the line. line has at most
 * COUNTS_LINE_MAX bytes.
 */
const char *counts_fields_split(struct counts_fields *f, const char *line, size_t n,
				size_t *ret_at);

/* "18", not "+18", "1e5" or "". 0, -EINVAL, or -ERANGE: more than COUNTS_SUM_MAX. */
int counts_integer_parse(const char *text, uint64_t *ret);

/*
 * A share from 0 to 1, as "1", "0.25", "2.5e-1", in units of 1 / COUNTS_MEASURED, the nearest one. 0,
 * -EINVAL, or -ERANGE: outside of 0 to 1, however little.
 */
int counts_share_parse(const char *text, uint32_t *ret);

#endif
