/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h - what was promised and what was kept, over a period and the one before it: one model,
 * printed as text, JSON (troth.report/1), Markdown, CSV and one self-contained HTML file.
 * Knows: the record (read-only), what people wrote. Must not know: the kernel, the daemon.
 */
#ifndef TROTH_REPORT_REPORT_H
#define TROTH_REPORT_REPORT_H

#include <stdio.h>

#include "../base/cleanup.h"
#include "../store/promises.h"

enum report_format {
	REPORT_TEXT,
	REPORT_JSON,
	REPORT_MARKDOWN,
	REPORT_HTML,
	REPORT_CSV,
	REPORT_FORMATS
};

struct report;

struct report_options {
	int64_t from,
		to; /* Unix s; INT64_MIN, INT64_MAX: from the beginning of record, up to now */
	int64_t now;
	const char *host;
};

/* 0; -EINVAL: no such period (why has one line); -errno of the record. */
int report_new(struct store *s, const struct report_options *o, struct report **ret, char *why,
	       size_t why_size);
void report_free(struct report *r); /* NULL is fine */
DEFINE_FREEP(struct report, report_free)

/* 0 or -errno of the stream. */
int report_print(FILE *out, const struct report *r, enum report_format format, bool colour);

/*
 * RFC 3339, Unix seconds, a date (its beginning, by this machine's clock), or how long before now: "7d",
 * "24h", "1h30m"; d, w, M, Q, Y as in objectives. 0 or -EINVAL.
 */
int report_time_parse(const char *text, int64_t now, int64_t *ret);

enum report_verdict { REPORT_KEPT, REPORT_BROKEN, REPORT_NO_DATA };
enum report_verdict report_verdict(const struct report *r); /* BROKEN where one is */

#endif
