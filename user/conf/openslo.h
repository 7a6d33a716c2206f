/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openslo.h - objectives as OpenSLO v1 files say them, references resolved.
 * Knows documents. Must not know: counts, clocks, the kernel.
 * Source: github.com/OpenSLO/OpenSLO, specification v1; CONTRACT "troth slo".
 */
#ifndef TROTH_CONF_OPENSLO_H
#define TROTH_CONF_OPENSLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/cleanup.h"
#include "../base/decimal.h"
#include "problem.h"

/* Strings belong to the set; NULL (or 0 of a count) is "not given" unless said otherwise. */

struct text_pair {
	const char *name, *value;
};

/* <n>[m|h|d|w|M|Q|Y]; unit 0: not given. m is minutes, M months. */
struct span {
	uint32_t n;
	char unit;
};

/* Nominal: M, Q, Y are 30, 90, 365 days. 0 without a unit. */
int64_t span_seconds(struct span s);

/* 0 or -EINVAL: no span, or 0, or longer than SPAN_MAX_S. */
#define SPAN_MAX_S (10 * 365 * 86400u)
int span_parse(const char *text, struct span *ret);

enum budget_method { METHOD_OCCURRENCES, METHOD_TIMESLICES, METHOD_RATIO_TIMESLICES };
extern const char *const budget_method_names[]; /* "Occurrences", ... */

enum selector_key {
	SELECT_PORT,
	SELECT_UNIT,
	SELECT_CONTAINER,
	SELECT_POD,
	SELECT_NAMESPACE,
	SELECT_WORKLOAD,
	SELECT_COMM,
	SELECT_EXE,
	SELECT_CGROUP,
	SELECT_ROLE,
	SELECT_PEER,
	SELECT_PROTOCOL,
	SELECT_ROUTE,
	SELECT_KEYS
};
extern const char *const selector_names[SELECT_KEYS];

enum outcome_bit { /* in the order of enum outcome of the kernel half */
		   OUTCOME_BIT_OK = 1 << 0,
		   OUTCOME_BIT_CLIENT_ERROR = 1 << 1,
		   OUTCOME_BIT_SERVER_ERROR = 1 << 2,
		   OUTCOME_BIT_NO_RESPONSE = 1 << 3,
		   OUTCOME_BIT_ABORTED = 1 << 4,
		   OUTCOME_BIT_UNKNOWN = 1 << 5,
};

enum latency_part {
	LATENCY_DURATION,
	LATENCY_FIRST_BYTE,
	LATENCY_QUEUE,
	LATENCY_RECEIVE,
	LATENCY_SERVICE,
	LATENCY_SEND,
	LATENCY_PARTS
};
extern const char *const latency_part_names[LATENCY_PARTS];

/* A metricSource of type troth. */
struct kernel_metric {
	const char *select[SELECT_KEYS]; /* as written; role is "server" where not given */
	unsigned int outcomes;		 /* outcome_bits; 0: the default of good or total */
	bool has_latency;
	enum latency_part part;
	uint64_t max_ns;
};

/* One metricSource. kernel: NULL where type is not troth. */
struct metric {
	const char *type;
	const char *source_ref; /* metricSourceRef, resolved or not */
	const struct kernel_metric *kernel;
	struct place place;
};

enum indicator_kind { INDICATOR_RATIO, INDICATOR_THRESHOLD };

/* An SLI. Of good and bad one is there in a ratio with total; raw stands alone. */
struct indicator {
	const char *name; /* NULL: written inside its SLO, without a name */
	const char *display_name, *description;
	enum indicator_kind kind;
	bool counter;
	const struct metric *good, *bad, *total, *raw;
	const char *raw_type;		/* "success" or "failure" */
	const struct metric *threshold; /* thresholdMetric */
	struct place place;
};

enum comparison { COMPARE_NONE, COMPARE_LT, COMPARE_LTE, COMPARE_GT, COMPARE_GTE };

struct objective {
	const char *display_name; /* "" where not given */
	const char *counts_name;  /* as in counts.csv: SLO, or SLO/display_name */
	decimal target;
	decimal weight; /* compositeWeight, DECIMAL_ONE where not given */
	enum comparison op;
	double value; /* of a threshold metric */
	decimal slice_target;
	uint32_t slice_s;		   /* 0: no slices */
	const struct indicator *indicator; /* its own or its SLO's; NULL: unresolved */
	struct place place;
};

struct alert_condition {
	const char *name;
	const char *severity; /* "page", "ticket", or whatever was written */
	enum comparison op;   /* COMPARE_GT where not given: CONTRACT 13 */
	double threshold;
	uint32_t lookback_s;
	uint32_t alert_after_s;
	struct place place;
};

struct alert_target {
	const char *name, *target, *description;
};

/* Conditions and targets of an AlertPolicy that resolved. */
struct alert_policy {
	const char *name, *description;
	bool alert_when_breaching, alert_when_resolved, alert_when_no_data;
	const struct alert_condition *conditions;
	size_t n_conditions;
	const struct alert_target *targets;
	size_t n_targets;
	struct place place;
};

/* One step of what happens when the budget is spent: at this remaining ratio or less, do this. */
struct policy_step {
	double remaining_ratio;
	const char *action;
};

/* What people agreed on: annotations under troth.dev/. */
struct agreement {
	const char *promise, *owner, *rationale;
	const char *const *stakeholders;
	size_t n_stakeholders;
	const struct policy_step *policy; /* by falling remaining_ratio */
	size_t n_policy;
	double cost_per_bad_event; /* NAN: not given */
	const char *currency;
	const char *review_by; /* YYYY-MM-DD */
	const char *runbook;   /* where it is written what to do when an alert fires */
};

/* The window of time. Calendar: periods of span from start, in the local time of zone. */
struct time_window {
	bool rolling;
	struct span span;
	int16_t start_year; /* the start's civil fields, as written */
	uint8_t start_month, start_day, start_hour, start_minute, start_second;
	const char *zone; /* IANA name, "UTC" where not given */
};

struct slo {
	const char *name, *display_name, *description;
	const char *service;					/* as written */
	const char *service_display_name, *service_description; /* of its Service document */
	enum budget_method method;
	struct time_window window;
	const struct objective *objectives;
	size_t n_objectives;
	bool composite;			   /* the objectives together are one more: CONTRACT 15 */
	const struct indicator *indicator; /* NULL: only its objectives have theirs */
	const struct alert_policy *policies;
	size_t n_policies;
	const struct text_pair *labels; /* a label of several values stands several times */
	size_t n_labels;
	const struct text_pair *annotations;
	size_t n_annotations;
	struct agreement agreement;
	uint64_t min_bad_events; /* troth.dev/min-bad-events, 1 where not given */
	/*
	 * troth.dev/since (RFC 3339): this document is the revision in force from then on of an SLO
	 * whose earlier revisions are other documents of the same name. 0: from the beginning.
	 */
	int64_t since;
	struct place place;
};

/* Planned maintenance: kind Exclusion of troth.dev/v1. */
struct exclusion {
	const char *name, *reason, *author;
	const char *const *slos; /* names; none: by labels */
	size_t n_slos;
	const struct text_pair *labels; /* all of them must be there */
	size_t n_labels;
	int64_t start, end;  /* Unix seconds; one-off: [start, end) */
	const char *rrule;   /* NULL: one-off */
	uint32_t duration_s; /* of each occurrence of rrule */
	/* DTSTART of rrule: the start's civil fields in zone */
	int16_t start_year;
	uint8_t start_month, start_day, start_hour, start_minute, start_second;
	const char *zone;
	struct place place;
};

struct data_source {
	const char *name, *type, *description;
	struct place place;
};

struct slo_set {
	struct slo *slos; /* in the order of their names' first appearance, revisions by since */
	size_t n_slos;
	struct exclusion *exclusions;
	size_t n_exclusions;
	struct data_source *sources;
	size_t n_sources;
	const char **files; /* that were read, directories opened up, in order */
	size_t n_files;
};

/* What one call reads at most; what is beyond is one error. A single file: yaml.h. */
#define OBJECTIVES_MAX 100		  /* of one SLO */
#define SLO_FILES_MAX  1000		  /* of a directory, and of all paths together */
#define SLO_BYTES_MAX  (64 * 1024 * 1024) /* of all files together */

/*
 * Reads files and directories (their *.yaml and *.yml, by name, not below) as one world: a
 * reference may lead to another file. What is wrong goes to problems; an SLO with an error is left
 * out. now (Unix seconds) is what review-by is compared with. 0, or -ENOMEM. A file that cannot be
 * read is a problem at 1:1.
 */
int slo_set_read(const char *const *paths, size_t n_paths, int64_t now, struct problems *problems,
		 struct slo_set **ret);
void slo_set_free(struct slo_set *s); /* NULL is fine */
DEFINE_FREEP(struct slo_set, slo_set_free)

/* The same, of one file that is in memory already. file is what problems call it. */
int slo_set_read_bytes(const char *file, const char *bytes, size_t n, int64_t now,
		       struct problems *problems, struct slo_set **ret);

/* Is slo meant by this exclusion? */
bool exclusion_applies(const struct exclusion *e, const struct slo *slo);

#endif
