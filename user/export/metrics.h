/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics.h - families of metrics, and the formats that they can be written in. For user/export alone.
 * Knows: names, labels, numbers. Must not know: where they come from.
 */
#ifndef TROTH_EXPORT_METRICS_H
#define TROTH_EXPORT_METRICS_H

#include "../base/spool.h"
#include "../store/rows.h"

enum metric_type {
	METRIC_COUNTER, /* whole numbers; samples are called NAME_total */
	METRIC_GAUGE,
	METRIC_INFO,	/* 1, its labels say it; samples are called NAME_info */
	METRIC_SUMMARY, /* count and sum, without quantiles */
	METRIC_HISTOGRAM,
};

/* name: without _total or _info. unit: what name ends with, or NULL. */
struct metric_family {
	const char *name;
	enum metric_type type;
	const char *unit;
	const char *help; /* one line without backslashes and quotes */
};

#define LABELS_MAX 8
struct label {
	const char *name, *value; /* valid UTF-8 */
};
struct labels {
	unsigned int n;
	struct label all[LABELS_MAX];
};

struct metric_histogram {
	uint64_t count;
	double sum_s;
	unsigned int n_limits;
	double limits_s[THRESHOLDS]; /* ascending */
	uint64_t within[THRESHOLDS]; /* of each limit; ascending */
	const __u64 *buckets;	     /* HISTOGRAM_BUCKETS of the kernel */
};

/* How one format writes. Families come one after the other; each page is one family's. */
struct metrics_format_ops {
	const char *content_type;
	void (*begin)(struct spool *page, const struct metric_family *f);
	void (*number)(struct spool *page, const struct metric_family *f, const struct labels *l,
		       double value);
	void (*count)(struct spool *page, const struct metric_family *f, const struct labels *l,
		      uint64_t value);
	void (*summary)(struct spool *page, const struct metric_family *f, const struct labels *l,
			uint64_t count, double sum);
	void (*histogram)(struct spool *page, const struct metric_family *f, const struct labels *l,
			  const struct metric_histogram *h);
	void (*lead)(struct spool *before,
		     const struct spool *page); /* what stands before a page; NULL */
	const char *end;			/* of the document */
};

extern const struct metrics_format_ops metrics_text, metrics_openmetrics, metrics_protobuf;

/*
 * The kernel's buckets as a native histogram of schema 3: what lies in its bucket k has the index
 * k + HISTOGRAM_MIN_EXP8. The first, whose lower end is 0, is the zero bucket.
 */
#define NATIVE_SCHEMA 3
#define NATIVE_SPANS  (HISTOGRAM_BUCKETS / 2 + 1)
struct native_histogram {
	double zero_threshold;
	uint64_t zero_count, count; /* count: the zero bucket and all others */
	unsigned int n_spans, n_deltas;
	int32_t offsets[NATIVE_SPANS]; /* from the end of the span before; of the first: its index */
	uint32_t lengths[NATIVE_SPANS];
	int64_t deltas[HISTOGRAM_BUCKETS];
};
void native_histogram_of(const __u64 buckets[HISTOGRAM_BUCKETS], struct native_histogram *ret);

#endif
