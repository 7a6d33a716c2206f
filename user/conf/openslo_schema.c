// SPDX-License-Identifier: Apache-2.0
/*
 * openslo_schema.c - OpenSLO's specification v1 as tables (README.md of github.com/OpenSLO/OpenSLO;
 * where it is silent, the rules of its Go library), and the documents of troth.dev/v1. A field that
 * only some forms need is not required here: openslo_*.c know.
 */
#include "openslo_schema.h"

#include "openslo.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *const document_kinds[] = {
	[KIND_DATA_SOURCE] = "DataSource",
	[KIND_SERVICE] = "Service",
	[KIND_SLI] = "SLI",
	[KIND_ALERT_CONDITION] = "AlertCondition",
	[KIND_ALERT_TARGET] = "AlertNotificationTarget",
	[KIND_ALERT_POLICY] = "AlertPolicy",
	[KIND_SLO] = "SLO",
	[KIND_EXCLUSION] = "Exclusion",
	[DOCUMENT_KINDS] = NULL,
};

const char *const budget_method_names[] = { "Occurrences", "Timeslices", "RatioTimeslices", NULL };
const char *const comparison_words[] = { "lt", "lte", "gt", "gte", NULL };
const char *const raw_type_words[] = { "success", "failure", NULL };
const char *const severity_words[] = { "page", "ticket", NULL };
const char *const metric_types[] = { "troth", NULL };

const char *const selector_names[SELECT_KEYS] = {
	[SELECT_PORT] = "port",		  [SELECT_UNIT] = "unit",
	[SELECT_CONTAINER] = "container", [SELECT_POD] = "pod",
	[SELECT_NAMESPACE] = "namespace", [SELECT_WORKLOAD] = "workload",
	[SELECT_COMM] = "comm",		  [SELECT_EXE] = "exe",
	[SELECT_CGROUP] = "cgroup",	  [SELECT_ROLE] = "role",
	[SELECT_PEER] = "peer",		  [SELECT_PROTOCOL] = "protocol",
	[SELECT_ROUTE] = "route",
};

const char *const latency_part_names[LATENCY_PARTS] = {
	[LATENCY_DURATION] = "duration", [LATENCY_FIRST_BYTE] = "first_byte",
	[LATENCY_QUEUE] = "queue",	 [LATENCY_RECEIVE] = "receive",
	[LATENCY_SERVICE] = "service",	 [LATENCY_SEND] = "send",
};

#define DESCRIPTION                                                                                \
	{                                                                                          \
		.name = "description", .type = FIELD_TEXT, .max = DESCRIPTION_MAX_CHARACTERS,      \
		.example = "what it is for"                                                        \
	}
#define METADATA                                                                                   \
	{                                                                                          \
		.name = "metadata", .type = FIELD_MAPPING, .required = true, .sub = &metadata,     \
		.example = "{name: checkout-fast}"                                                 \
	}
#define SPEC(schema, must)                                                                         \
	{                                                                                          \
		.name = "spec", .type = FIELD_MAPPING, .required = must, .sub = schema,            \
		.example = "{…}"                                                                 \
	}

static const struct field metadata_fields[] = {
	{ "name", FIELD_TEXT, .required = true, .example = "checkout-fast" },
	{ "displayName", FIELD_TEXT, .max = NAME_MAX_CHARACTERS, .example = "Checkout is fast" },
	{ "labels", FIELD_MAPPING, .example = "{team: shop}" },
	{ "annotations", FIELD_MAPPING, .example = "{troth.dev/owner: shop}" },
};
static const struct schema metadata = { "metadata", metadata_fields, COUNT(metadata_fields) };

/* What is written inside an SLO may have its name left out. */
static const struct field inline_metadata_fields[] = {
	{ "name", FIELD_TEXT, .example = "checkout-fast" },
	{ "displayName", FIELD_TEXT, .max = NAME_MAX_CHARACTERS, .example = "Checkout is fast" },
	{ "labels", FIELD_MAPPING, .example = "{team: shop}" },
	{ "annotations", FIELD_MAPPING, .example = "{troth.dev/owner: shop}" },
};
static const struct schema inline_metadata = { "metadata", inline_metadata_fields,
					       COUNT(inline_metadata_fields) };

static const struct field metric_source_fields[] = {
	{ "metricSourceRef", FIELD_TEXT, .example = "prometheus" },
	{ "type", FIELD_TEXT, .example = "troth" },
	{ "spec", FIELD_MAPPING, .required = true, .example = "{select: {port: 8443}}" },
};
static const struct schema metric_source = { "metricSource", metric_source_fields,
					     COUNT(metric_source_fields) };

static const struct field metric_fields[] = {
	{ "metricSource", FIELD_MAPPING, .required = true, .sub = &metric_source,
	  .example = "{type: troth, spec: {select: {port: 8443}}}" },
};
static const struct schema metric = { "metric", metric_fields, COUNT(metric_fields) };

#define METRIC(field)                                                                              \
	{                                                                                          \
		.name = field, .type = FIELD_MAPPING, .sub = &metric,                              \
		.example = "{metricSource: {…}}"                                                 \
	}

static const struct field ratio_fields[] = {
	{ "counter", FIELD_BOOL, .example = "true" },
	METRIC("good"),
	METRIC("bad"),
	METRIC("total"),
	METRIC("raw"),
	{ "rawType", FIELD_WORD, .words = raw_type_words, .example = "success" },
};
static const struct schema ratio = { "ratioMetric", ratio_fields, COUNT(ratio_fields) };

static const struct field sli_fields[] = {
	DESCRIPTION,
	METRIC("thresholdMetric"),
	{ "ratioMetric", FIELD_MAPPING, .sub = &ratio, .example = "{good: {…}, total: {…}}" },
};
static const struct schema sli = { "spec of an SLI", sli_fields, COUNT(sli_fields) };

static const struct field inline_sli_fields[] = {
	{ "metadata", FIELD_MAPPING, .sub = &inline_metadata, .example = "{name: fast-answers}" },
	SPEC(&sli, true),
};
static const struct schema inline_sli = { "indicator", inline_sli_fields,
					  COUNT(inline_sli_fields) };

#define INDICATOR                                                                                  \
	{ .name = "indicator",                                                                     \
	  .type = FIELD_MAPPING,                                                                   \
	  .sub = &inline_sli,                                                                      \
	  .example = "{metadata: {name: fast-answers}, spec: {ratioMetric: {…}}}" },               \
	{                                                                                          \
		.name = "indicatorRef", .type = FIELD_TEXT, .example = "fast-answers"              \
	}

static const struct field calendar_fields[] = {
	{ "startTime", FIELD_TEXT, .required = true, .example = "2026-01-01 00:00:00" },
	{ "timeZone", FIELD_TEXT, .example = "Europe/Zurich" },
};
static const struct schema calendar = { "calendar", calendar_fields, COUNT(calendar_fields) };

static const struct field window_fields[] = {
	{ "duration", FIELD_SPAN, .required = true, .example = "28d" },
	{ "isRolling", FIELD_BOOL, .example = "true" },
	{ "calendar", FIELD_MAPPING, .sub = &calendar,
	  .example = "{startTime: 2026-01-01 00:00:00, timeZone: UTC}" },
};
static const struct schema window = { "timeWindow", window_fields, COUNT(window_fields) };

static const struct field objective_fields[] = {
	{ "displayName", FIELD_TEXT, .example = "fast" },
	{ "op", FIELD_WORD, .words = comparison_words, .example = "lte" },
	{ "value", FIELD_NUMBER, .example = "0.3" },
	{ "target", FIELD_ANY, .example = "0.999" },
	{ "targetPercent", FIELD_ANY, .example = "99.9" },
	{ "timeSliceTarget", FIELD_ANY, .example = "0.95" },
	{ "timeSliceWindow", FIELD_ANY, .example = "1m" },
	{ "compositeWeight", FIELD_ANY, .example = "1" },
	INDICATOR,
};
static const struct schema objective = { "objective", objective_fields, COUNT(objective_fields) };

static const char *const condition_kinds[] = { "burnrate", NULL };
static const struct field burn_fields[] = {
	{ "kind", FIELD_WORD, .words = condition_kinds, .example = "burnrate" },
	{ "op", FIELD_WORD, .words = comparison_words, .example = "gt" },
	{ "threshold", FIELD_NUMBER, .required = true, .example = "14.4" },
	{ "lookbackWindow", FIELD_SPAN, .required = true, .example = "1h" },
	{ "alertAfter", FIELD_ANY, .example = "5m" },
};
static const struct schema burn = { "condition", burn_fields, COUNT(burn_fields) };

static const struct field condition_fields[] = {
	DESCRIPTION,
	{ "severity", FIELD_TEXT, .required = true, .example = "page" },
	{ "condition", FIELD_MAPPING, .required = true, .sub = &burn,
	  .example = "{kind: burnrate, op: gt, threshold: 14.4, lookbackWindow: 1h}" },
};
static const struct schema condition = { "spec of an AlertCondition", condition_fields,
					 COUNT(condition_fields) };

static const struct field target_fields[] = {
	DESCRIPTION,
	{ "target", FIELD_TEXT, .required = true, .example = "email" },
};
static const struct schema target = { "spec of an AlertNotificationTarget", target_fields,
				      COUNT(target_fields) };

static const struct field inline_condition_fields[] = {
	{ "conditionRef", FIELD_TEXT, .example = "fast-burn" },
	{ "kind", FIELD_TEXT, .example = "AlertCondition" },
	{ "metadata", FIELD_MAPPING, .sub = &inline_metadata, .example = "{name: fast-burn}" },
	SPEC(&condition, false),
};
static const struct schema inline_condition = { "alert condition", inline_condition_fields,
						COUNT(inline_condition_fields) };

static const struct field inline_target_fields[] = {
	{ "targetRef", FIELD_TEXT, .example = "on-call" },
	{ "kind", FIELD_TEXT, .example = "AlertNotificationTarget" },
	{ "metadata", FIELD_MAPPING, .sub = &inline_metadata, .example = "{name: on-call}" },
	SPEC(&target, false),
};
static const struct schema inline_target = { "notification target", inline_target_fields,
					     COUNT(inline_target_fields) };

static const struct field policy_fields[] = {
	DESCRIPTION,
	{ "alertWhenNoData", FIELD_BOOL, .example = "false" },
	{ "alertWhenResolved", FIELD_BOOL, .example = "true" },
	{ "alertWhenBreaching", FIELD_BOOL, .example = "true" },
	{ "conditions", FIELD_LIST_OR_REF, .required = true, .sub = &inline_condition,
	  .example = "[{conditionRef: fast-burn}]" },
	{ "notificationTargets", FIELD_LIST_OR_REF, .required = true, .sub = &inline_target,
	  .example = "[{targetRef: on-call}]" },
};
static const struct schema policy = { "spec of an AlertPolicy", policy_fields,
				      COUNT(policy_fields) };

static const struct field inline_policy_fields[] = {
	{ "alertPolicyRef", FIELD_TEXT, .example = "page-on-burn" },
	{ "kind", FIELD_TEXT, .example = "AlertPolicy" },
	{ "metadata", FIELD_MAPPING, .sub = &inline_metadata, .example = "{name: page-on-burn}" },
	SPEC(&policy, false),
};
static const struct schema inline_policy = { "alert policy", inline_policy_fields,
					     COUNT(inline_policy_fields) };

static const struct field slo_fields[] = {
	DESCRIPTION,
	{ "service", FIELD_TEXT, .required = true, .example = "checkout" },
	INDICATOR,
	{ "timeWindow", FIELD_LIST, .required = true, .sub = &window,
	  .example = "[{duration: 28d, isRolling: true}]" },
	{ "budgetingMethod", FIELD_WORD, .required = true, .words = budget_method_names,
	  .example = "Occurrences" },
	{ "objectives", FIELD_LIST, .required = true, .sub = &objective,
	  .example = "[{target: 0.999}]" },
	{ "alertPolicies", FIELD_LIST_OR_REF, .sub = &inline_policy,
	  .example = "[{alertPolicyRef: page-on-burn}]" },
};
static const struct schema slo = { "spec of an SLO", slo_fields, COUNT(slo_fields) };

static const struct field service_fields[] = { DESCRIPTION };
static const struct schema service = { "spec of a Service", service_fields, COUNT(service_fields) };

static const struct field source_fields[] = {
	DESCRIPTION,
	{ "type", FIELD_TEXT, .required = true, .example = "Prometheus" },
	{ "connectionDetails", FIELD_ANY, .example = "{url: …}" },
};
static const struct schema source = { "spec of a DataSource", source_fields, COUNT(source_fields) };

static const struct field exclusion_fields[] = {
	{ "slos", FIELD_TEXTS, .example = "[checkout-fast]" },
	{ "labels", FIELD_MAPPING, .example = "{team: shop}" },
	{ "start", FIELD_TEXT, .required = true, .example = "2026-01-31T22:00:00Z" },
	{ "end", FIELD_TEXT, .example = "2026-01-31T23:00:00Z" },
	{ "rrule", FIELD_TEXT, .example = "FREQ=WEEKLY;BYDAY=SU" },
	{ "duration", FIELD_TEXT, .example = "2h" },
	{ "timeZone", FIELD_TEXT, .example = "Europe/Zurich" },
	{ "reason", FIELD_TEXT, .max = DESCRIPTION_MAX_CHARACTERS, .example = "database upgrade" },
	{ "author", FIELD_TEXT, .max = DESCRIPTION_MAX_CHARACTERS, .example = "ops@example.org" },
};
static const struct schema exclusion = { "spec of an Exclusion", exclusion_fields,
					 COUNT(exclusion_fields) };

#define DOCUMENT(schema, must)                                                                     \
	(const struct field[])                                                                     \
	{                                                                                          \
		{ .name = "apiVersion", .type = FIELD_ANY },                                       \
			{ .name = "kind", .type = FIELD_ANY }, METADATA, SPEC(schema, must)        \
	}

const struct schema document_schema[DOCUMENT_KINDS] = {
	[KIND_DATA_SOURCE] = { "DataSource", DOCUMENT(&source, true), 4 },
	[KIND_SERVICE] = { "Service", DOCUMENT(&service, false), 4 },
	[KIND_SLI] = { "SLI", DOCUMENT(&sli, true), 4 },
	[KIND_ALERT_CONDITION] = { "AlertCondition", DOCUMENT(&condition, true), 4 },
	[KIND_ALERT_TARGET] = { "AlertNotificationTarget", DOCUMENT(&target, true), 4 },
	[KIND_ALERT_POLICY] = { "AlertPolicy", DOCUMENT(&policy, true), 4 },
	[KIND_SLO] = { "SLO", DOCUMENT(&slo, true), 4 },
	[KIND_EXCLUSION] = { "Exclusion", DOCUMENT(&exclusion, true), 4 },
};

static const struct field latency_fields[] = {
	{ "part", FIELD_TEXT, .example = "duration" },
	{ "max", FIELD_TEXT, .required = true, .example = "300ms" },
};
static const struct schema latency = { "latency", latency_fields, COUNT(latency_fields) };

static const struct field kernel_fields[] = {
	{ "select", FIELD_MAPPING, .example = "{port: 8443}" },
	{ "outcomes", FIELD_TEXTS, .example = "[ok, client_error]" },
	{ "latency", FIELD_MAPPING, .sub = &latency, .example = "{max: 300ms}" },
};
const struct schema kernel_schema = { "spec of a metricSource of type troth", kernel_fields,
				      COUNT(kernel_fields) };
