/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openslo_read.h - what the readers of OpenSLO documents share: the world of documents that may
 * refer to one another. Inside of conf only; openslo.h is the face.
 */
#ifndef TROTH_CONF_OPENSLO_READ_H
#define TROTH_CONF_OPENSLO_READ_H

#include "openslo.h"
#include "openslo_schema.h"
#include "yaml.h"

#define ANNOTATION_PREFIX "troth.dev/"

struct document {
	enum document_kind kind;
	const char *name; /* "" where it has none */
	const struct yaml_node *root, *metadata, *spec;
	struct place place; /* of the name */
	size_t order;
	int64_t since; /* of an SLO: annotation troth.dev/since */
	bool bad;      /* there is an error in it */
	/*
	 * SLI: struct indicator; ALERT_POLICY, ALERT_CONDITION, ALERT_TARGET, DATA_SOURCE: of these
	 * names; SLO: struct slo; EXCLUSION: struct exclusion. NULL: nothing could be made of it.
	 */
	void *object;
};

struct world {
	struct arena *arena;
	struct problems *problems;
	int64_t now;
	struct document *document; /* in the order in which they were read */
	size_t n;
	struct document **by_name; /* by kind, name, since, order */
};

#define ERROR_AT(w, at, ...)   problem_add((w)->problems, PROBLEM_ERROR, at, __VA_ARGS__)
#define WARNING_AT(w, at, ...) problem_add((w)->problems, PROBLEM_WARNING, at, __VA_ARGS__)

/* openslo_names.c: metadata, and what names lead to. */
void world_index(struct world *w); /* and says which names stand twice */
/* The first of that name; NULL: none. */
struct document *world_find(const struct world *w, enum document_kind kind, const char *name);
/* Where in by_name the first of d's kind and name stands. */
size_t world_rank(const struct world *w, const struct document *d);
/* As world_find(); what is not there is a warning at the reference. */
struct document *world_resolve(const struct world *w, enum document_kind kind,
			       const struct yaml_node *reference);
void metadata_check(const struct world *w, const struct yaml_node *metadata);
const struct text_pair *read_labels(const struct world *w, const struct yaml_node *labels,
				    size_t *ret_n);
const struct text_pair *read_annotations(const struct world *w, const struct yaml_node *annotations,
					 size_t *ret_n);
/* A warning where any text is fine, but this one is nearly one of words (NULL-terminated). */
void warn_if_near(const struct world *w, const char *what, const struct yaml_node *node,
		  const char *const *words);
/* "" where there is none. */
const char *metadata_text(const struct yaml_node *metadata, const char *field);

/* openslo_metric.c: NULL where nothing can be made of it; what is wrong was said. */
const struct indicator *read_indicator(const struct world *w, const struct yaml_node *metadata,
				       const struct yaml_node *spec);
/* `indicator` or `indicatorRef` in parent; NULL also where both are missing (*ret_given: false). */
const struct indicator *read_indicator_of(const struct world *w, const struct yaml_node *parent,
					  bool *ret_given);

/* openslo_alert.c */
struct alert_condition *read_condition(const struct world *w, const struct yaml_node *metadata,
				       const struct yaml_node *spec);
struct alert_target *read_target(const struct world *w, const struct yaml_node *metadata,
				 const struct yaml_node *spec);
struct alert_policy *read_policy(const struct world *w, const struct yaml_node *metadata,
				 const struct yaml_node *spec);
const struct alert_policy *read_policies(const struct world *w, const struct yaml_node *list,
					 size_t *ret_n);

/* openslo_agreement.c: annotations of an SLO. */
void read_agreement(const struct world *w, const struct document *d, struct slo *ret);

/* openslo_time.c */
struct civil;
/* "2026-01-31 12:00:00", also with T, without seconds, or without a time of day. 0 or -EINVAL. */
int civil_parse(const char *text, struct civil *ret);
/* 0, -EINVAL: said. ret is "UTC" where zone is NULL. */
int read_zone(const struct world *w, const struct yaml_node *zone, const char **ret);
struct time_window read_window(const struct world *w, const struct yaml_node *list);

/* openslo_slo.c, openslo_exclusion.c */
struct slo *read_slo(const struct world *w, const struct document *d);
/* Is target what targetPercent: 0.999 says, where 99.9 must be meant? */
bool percent_is_low(const struct yaml_node *objective, decimal target);
struct exclusion *read_exclusion(const struct world *w, const struct document *d);

/* openslo_lint.c: what only the whole shows. */
void lint_alerts(const struct world *w, const struct document *d); /* of an SLO without errors */
void lint_thresholds(const struct world *w, const struct slo_set *set);
void lint_revisions(const struct world *w, const struct slo_set *set);

/* openslo_exclusion_lint.c */
void lint_exclusions(const struct world *w);

#endif
