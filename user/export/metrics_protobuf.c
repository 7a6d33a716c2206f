// SPDX-License-Identifier: Apache-2.0
/*
 * metrics_protobuf.c - io.prometheus.client.MetricFamily, each with its length before it. A family is
 * written metric by metric: messages that stand one behind the other are one message, their repeated
 * fields joined (protobuf's encoding guarantees it).
 * Leaves the encoding to protobuf-c.
 */
#include <metrics.pb-c.h>

#include "metrics.h"

typedef Io__Prometheus__Client__MetricFamily family_pb;
typedef Io__Prometheus__Client__Metric metric_pb;
typedef Io__Prometheus__Client__LabelPair label_pb;
typedef Io__Prometheus__Client__Bucket bucket_pb;
typedef Io__Prometheus__Client__BucketSpan span_pb;

static void put(struct spool *page, const family_pb *f)
{
	size_t n = io__prometheus__client__metric_family__get_packed_size(f);

	if (spool_grow(page, n))
		return;
	page->n += io__prometheus__client__metric_family__pack(f, (uint8_t *)page->bytes + page->n);
}

static void begin(struct spool *page, const struct metric_family *f)
{
	static const Io__Prometheus__Client__MetricType types[] = {
		[METRIC_COUNTER] = IO__PROMETHEUS__CLIENT__METRIC_TYPE__COUNTER,
		[METRIC_GAUGE] = IO__PROMETHEUS__CLIENT__METRIC_TYPE__GAUGE,
		[METRIC_INFO] = IO__PROMETHEUS__CLIENT__METRIC_TYPE__GAUGE,
		[METRIC_SUMMARY] = IO__PROMETHEUS__CLIENT__METRIC_TYPE__SUMMARY,
		[METRIC_HISTOGRAM] = IO__PROMETHEUS__CLIENT__METRIC_TYPE__HISTOGRAM,
	};
	family_pb pb = IO__PROMETHEUS__CLIENT__METRIC_FAMILY__INIT;
	char name[128];

	snprintf(name, sizeof(name), "%s%s", f->name,
		 f->type == METRIC_COUNTER ? "_total" :
		 f->type == METRIC_INFO	   ? "_info" :
					     "");
	pb.name = name;
	pb.help = (char *)f->help;
	pb.unit = (char *)f->unit;
	pb.has_type = 1;
	pb.type = types[f->type];
	put(page, &pb);
}

/* One metric of the family; its value is set already. */
static void put_metric(struct spool *page, metric_pb *m, const struct labels *l)
{
	family_pb f = IO__PROMETHEUS__CLIENT__METRIC_FAMILY__INIT;
	label_pb pairs[LABELS_MAX];
	label_pb *pointers[LABELS_MAX];

	for (unsigned int i = 0; i < l->n; i++) {
		pairs[i] = (label_pb)IO__PROMETHEUS__CLIENT__LABEL_PAIR__INIT;
		pairs[i].name = (char *)l->all[i].name;
		pairs[i].value = (char *)l->all[i].value;
		pointers[i] = &pairs[i];
	}
	m->n_label = l->n;
	m->label = pointers;
	f.n_metric = 1;
	f.metric = &m;
	put(page, &f);
}

static void number(struct spool *page, const struct metric_family *f, const struct labels *l,
		   double value)
{
	Io__Prometheus__Client__Gauge gauge = IO__PROMETHEUS__CLIENT__GAUGE__INIT;
	Io__Prometheus__Client__Counter counter = IO__PROMETHEUS__CLIENT__COUNTER__INIT;
	metric_pb m = IO__PROMETHEUS__CLIENT__METRIC__INIT;

	gauge.has_value = counter.has_value = 1;
	gauge.value = counter.value = value;
	if (f->type == METRIC_COUNTER)
		m.counter = &counter;
	else
		m.gauge = &gauge;
	put_metric(page, &m, l);
}

static void count(struct spool *page, const struct metric_family *f, const struct labels *l,
		  uint64_t value)
{
	number(page, f, l, (double)value);
}

static void summary(struct spool *page, const struct metric_family *f, const struct labels *l,
		    uint64_t n, double sum)
{
	Io__Prometheus__Client__Summary s = IO__PROMETHEUS__CLIENT__SUMMARY__INIT;
	metric_pb m = IO__PROMETHEUS__CLIENT__METRIC__INIT;

	(void)f;
	s.has_sample_count = s.has_sample_sum = 1;
	s.sample_count = n;
	s.sample_sum = sum;
	m.summary = &s;
	put_metric(page, &m, l);
}

static void histogram(struct spool *page, const struct metric_family *f, const struct labels *l,
		      const struct metric_histogram *h)
{
	Io__Prometheus__Client__Histogram pb = IO__PROMETHEUS__CLIENT__HISTOGRAM__INIT;
	metric_pb m = IO__PROMETHEUS__CLIENT__METRIC__INIT;
	bucket_pb buckets[THRESHOLDS];
	bucket_pb *bucket_pointers[THRESHOLDS];
	span_pb spans[NATIVE_SPANS];
	span_pb *span_pointers[NATIVE_SPANS];
	struct native_histogram native;

	(void)f;
	native_histogram_of(h->buckets, &native);
	for (unsigned int i = 0; i < h->n_limits; i++) {
		uint64_t within = h->within[i] < native.count ? h->within[i] : native.count;

		buckets[i] = (bucket_pb)IO__PROMETHEUS__CLIENT__BUCKET__INIT;
		buckets[i].has_cumulative_count = buckets[i].has_upper_bound = 1;
		buckets[i].cumulative_count = within;
		buckets[i].upper_bound = h->limits_s[i];
		bucket_pointers[i] = &buckets[i];
	}
	for (unsigned int i = 0; i < native.n_spans; i++) {
		spans[i] = (span_pb)IO__PROMETHEUS__CLIENT__BUCKET_SPAN__INIT;
		spans[i].has_offset = spans[i].has_length = 1;
		spans[i].offset = native.offsets[i];
		spans[i].length = native.lengths[i];
		span_pointers[i] = &spans[i];
	}
	pb.has_sample_count = pb.has_sample_sum = pb.has_schema = 1;
	pb.has_zero_threshold = pb.has_zero_count = 1;
	/* A reader refuses buckets that do not add up to the count; of a row that was read while it moved,
	 * those of the next tick do. */
	pb.sample_count = native.count;
	pb.sample_sum = h->sum_s;
	pb.n_bucket = h->n_limits;
	pb.bucket = bucket_pointers;
	pb.schema = NATIVE_SCHEMA;
	pb.zero_threshold = native.zero_threshold;
	pb.zero_count = native.zero_count;
	pb.n_positive_span = native.n_spans;
	pb.positive_span = span_pointers;
	pb.n_positive_delta = native.n_deltas;
	pb.positive_delta = native.deltas;
	m.histogram = &pb;
	put_metric(page, &m, l);
}

/* The length of the message that follows, as protobuf writes a uint64. */
static void lead(struct spool *before, const struct spool *page)
{
	unsigned char varint[10];
	size_t n = 0;

	for (uint64_t rest = page->n; rest >= 0x80; rest >>= 7)
		varint[n++] = (unsigned char)(rest | 0x80);
	varint[n] = (unsigned char)(page->n >> (7 * n));
	spool_put(before, varint, n + 1);
}

const struct metrics_format_ops metrics_protobuf = {
	.content_type = "application/vnd.google.protobuf; "
			"proto=io.prometheus.client.MetricFamily; encoding=delimited",
	.begin = begin,
	.number = number,
	.count = count,
	.summary = summary,
	.histogram = histogram,
	.lead = lead,
	.end = "",
};
