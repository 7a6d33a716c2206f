/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prometheus.h - everything that is known now as metrics: text format 0.0.4, OpenMetrics 1.0, and
 * io.prometheus.client.MetricFamily by varint-delimited protobuf with native histograms.
 * Sources: prometheus.io/docs/instrumenting/exposition_formats, github.com/prometheus/client_model.
 * Knows: report/now.h. Must not know: HTTP.
 */
#ifndef TROTH_EXPORT_PROMETHEUS_H
#define TROTH_EXPORT_PROMETHEUS_H

#include <stdio.h>

#include "../report/now.h"

enum metrics_format { METRICS_TEXT, METRICS_OPENMETRICS, METRICS_PROTOBUF, METRICS_FORMATS };

/* By an Accept header (RFC 9110 12.5.1; NULL: any). */
enum metrics_format metrics_format_for(const char *accept);
const char *metrics_content_type(enum metrics_format format);

/* 0 or -errno of the stream. */
int metrics_write(FILE *out, const struct now *now, enum metrics_format format);

#endif
