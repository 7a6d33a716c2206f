/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lines.h - one row of the record as one line of JSON. One table says what types of lines there are,
 * what their fields are, and how rows are read and written. Private to user/store.
 */
#ifndef TROTH_STORE_LINES_H
#define TROTH_STORE_LINES_H

#include <jansson.h>

#include "codec.h"

#define LINES_SCHEMA	 "troth.record/1"
#define LINE_COLUMNS_MAX 20
#define LINE_BYTES_MAX	 (32u << 20) /* documents of objectives are the longest */
#define LINE_TEXT_MAX	 65536	     /* of a name or a message */

enum line_kind {
	LINE_ID,     /* 1 ... 2^32 - 1 */
	LINE_NUMBER, /* 0 ... 2^63 - 1 */
	LINE_SIGNED,
	LINE_MINUTE, /* in the row an index, in the line Unix s */
	LINE_HOUR,
	LINE_FLAG,
	LINE_ROLE, /* "server", "client" */
	LINE_TEXT,
	LINE_TEXT_OR_NULL,
	LINE_YAML, /* bytes in the row */
	LINE_PEER, /* 16 bytes, in hex, or null */
	LINE_COUNTS,
	LINE_LOSSES,
	LINE_SCHEMA, /* LINES_SCHEMA in the line, nothing in the row */
};

struct line_column {
	const char *name;
	enum line_kind kind;
};

struct line_type {
	const char *name;
	const char *select; /* columns in order, rows in a fixed order */
	const char *insert; /* parameters in order */
	struct line_column column[LINE_COLUMNS_MAX];
};
extern const struct line_type line_types[]; /* in the order of the text; name NULL: the end */

struct line_value {
	int64_t number;
	const char *text; /* or bytes; NULL: null */
	size_t n;
};

struct line {
	const struct line_type *type;
	struct line_value value[LINE_COLUMNS_MAX]; /* borrowed: from root, bytes below, or a row */
	json_t *root;
	unsigned char counts[CODEC_BYTES_MAX];
	unsigned char losses[LOSSES_BYTES_MAX];
	unsigned char peer[16];
};

/* What the row says, as JSON. NULL: no memory, or counts that are none (then errno is EUCLEAN). */
json_t *line_json(const struct line *l);

/* 0, or -EINVAL: why says what is wrong. The last line, {"type":"end"}, has type NULL and its number of
 * lines in value[0]. line_clear() in any case. */
int line_parse(const char *text, size_t n, struct line *ret, char *why, size_t why_size);
void line_clear(struct line *l);

/* lines_counts.c: counters as JSON. */
json_t *counts_json(const unsigned char *bytes, size_t n);
json_t *losses_json(const unsigned char *bytes, size_t n);
int counts_parse(json_t *object, struct series_counts *ret, char *why, size_t why_size);
int losses_parse(json_t *object, struct losses *ret, char *why, size_t why_size);

#endif
