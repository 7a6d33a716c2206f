// SPDX-License-Identifier: Apache-2.0
/*
 * metrics_text.c - text format 0.0.4 and OpenMetrics 1.0, which differ in the names of families, in
 * units, in how a whole number is written as a float, and in the end.
 * Leaves to the caller which families there are.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "metrics.h"

static const char *const suffixes[] = { [METRIC_COUNTER] = "_total",
					[METRIC_INFO] = "_info",
					[METRIC_GAUGE] = "",
					[METRIC_SUMMARY] = "",
					[METRIC_HISTOGRAM] = "" };

static void begin_text(struct spool *page, const struct metric_family *f)
{
	static const char *const types[] = { [METRIC_COUNTER] = "counter",
					     [METRIC_GAUGE] = "gauge",
					     [METRIC_INFO] = "gauge",
					     [METRIC_SUMMARY] = "summary",
					     [METRIC_HISTOGRAM] = "histogram" };
	const char *const pieces[] = { "# HELP ",   f->name, suffixes[f->type], " ", f->help,
				       "\n# TYPE ", f->name, suffixes[f->type], " ", types[f->type],
				       "\n" };

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		spool_text(page, pieces[i]);
}

static void begin_openmetrics(struct spool *page, const struct metric_family *f)
{
	static const char *const types[] = { [METRIC_COUNTER] = "counter",
					     [METRIC_GAUGE] = "gauge",
					     [METRIC_INFO] = "info",
					     [METRIC_SUMMARY] = "summary",
					     [METRIC_HISTOGRAM] = "histogram" };
	const char *const pieces[] = { "# TYPE ",
				       f->name,
				       " ",
				       types[f->type],
				       f->unit ? "\n# UNIT " : "",
				       f->unit ? f->name : "",
				       f->unit ? " " : "",
				       f->unit ?: "",
				       "\n# HELP ",
				       f->name,
				       " ",
				       f->help,
				       "\n" };

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		spool_text(page, pieces[i]);
}

/* The shortest digits that read back as the same number. */
static void put_number(struct spool *page, double value, bool float_only)
{
	char text[40];

	if (isinf(value) || isnan(value)) {
		spool_text(page, isnan(value) ? "NaN" : value < 0 ? "-Inf" : "+Inf");
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	spool_text(page, text);
	if (float_only && !strpbrk(text, ".e"))
		spool_text(page, ".0");
}

static void put_escaped(struct spool *page, const char *value)
{
	for (;;) {
		size_t plain = strcspn(value, "\\\"\n");

		spool_put(page, value, plain);
		value += plain;
		if (!*value)
			return;
		spool_text(page, *value == '\n' ? "\\n" : *value == '"' ? "\\\"" : "\\\\");
		value++;
	}
}

static void put_head(struct spool *page, const struct metric_family *f, const char *suffix,
		     const struct labels *l, double le, bool float_only)
{
	const char *separator = "{";

	spool_text(page, f->name);
	spool_text(page, suffix);
	for (unsigned int i = 0; i < l->n; i++, separator = ",") {
		spool_text(page, separator);
		spool_text(page, l->all[i].name);
		spool_text(page, "=\"");
		put_escaped(page, l->all[i].value);
		spool_text(page, "\"");
	}
	if (!isnan(le)) {
		spool_text(page, separator);
		spool_text(page, "le=\"");
		put_number(page, le, float_only);
		spool_text(page, "\"");
		separator = ",";
	}
	spool_text(page, *separator == ',' ? "} " : " ");
}

static void put_count(struct spool *page, const struct metric_family *f, const char *suffix,
		      const struct labels *l, double le, bool float_only, uint64_t value)
{
	put_head(page, f, suffix, l, le, float_only);
	spool_count(page, value);
	spool_text(page, "\n");
}

static void number(struct spool *page, const struct metric_family *f, const struct labels *l,
		   double value)
{
	put_head(page, f, suffixes[f->type], l, NAN, false);
	put_number(page, value, false);
	spool_text(page, "\n");
}

static void count(struct spool *page, const struct metric_family *f, const struct labels *l,
		  uint64_t value)
{
	put_count(page, f, suffixes[f->type], l, NAN, false, value);
}

static void put_sum(struct spool *page, const struct metric_family *f, const struct labels *l,
		    double sum)
{
	put_head(page, f, "_sum", l, NAN, false);
	put_number(page, sum, false);
	spool_text(page, "\n");
}

static void summary(struct spool *page, const struct metric_family *f, const struct labels *l,
		    uint64_t n, double sum)
{
	put_sum(page, f, l, sum);
	put_count(page, f, "_count", l, NAN, false, n);
}

static void put_histogram(struct spool *page, const struct metric_family *f, const struct labels *l,
			  const struct metric_histogram *h, bool float_only)
{
	for (unsigned int i = 0; i < h->n_limits; i++)
		put_count(page, f, "_bucket", l, h->limits_s[i], float_only, h->within[i]);
	put_count(page, f, "_bucket", l, INFINITY, float_only, h->count);
	put_sum(page, f, l, h->sum_s);
	put_count(page, f, "_count", l, NAN, false, h->count);
}

static void histogram_text(struct spool *page, const struct metric_family *f,
			   const struct labels *l, const struct metric_histogram *h)
{
	put_histogram(page, f, l, h, false);
}

static void histogram_openmetrics(struct spool *page, const struct metric_family *f,
				  const struct labels *l, const struct metric_histogram *h)
{
	put_histogram(page, f, l, h, true);
}

const struct metrics_format_ops metrics_text = {
	.content_type = "text/plain; version=0.0.4; charset=utf-8",
	.begin = begin_text,
	.number = number,
	.count = count,
	.summary = summary,
	.histogram = histogram_text,
	.end = "",
};

const struct metrics_format_ops metrics_openmetrics = {
	.content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8",
	.begin = begin_openmetrics,
	.number = number,
	.count = count,
	.summary = summary,
	.histogram = histogram_openmetrics,
	.end = "# EOF\n",
};
