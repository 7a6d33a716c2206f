/* SPDX-License-Identifier: Apache-2.0 */
/* openslo_schema.h - the tables of every kind of document. Knows fields. */
#ifndef TROTH_CONF_OPENSLO_SCHEMA_H
#define TROTH_CONF_OPENSLO_SCHEMA_H

#include "schema.h"

#define NAME_MAX_CHARACTERS	   63
#define DESCRIPTION_MAX_CHARACTERS 1050

/* In the order in which they are read: each refers only to those before it. */
enum document_kind {
	KIND_DATA_SOURCE,
	KIND_SERVICE,
	KIND_SLI,
	KIND_ALERT_CONDITION,
	KIND_ALERT_TARGET,
	KIND_ALERT_POLICY,
	KIND_SLO,
	KIND_EXCLUSION, /* the only one of troth.dev/v1 */
	DOCUMENT_KINDS
};

extern const char *const document_kinds[]; /* NULL-terminated */

extern const struct schema document_schema[DOCUMENT_KINDS];
extern const struct schema kernel_schema; /* spec of a metricSource of type troth */

extern const char
	*const comparison_words[]; /* as enum comparison, from COMPARE_LT; NULL-terminated */
extern const char *const raw_type_words[];
/* Others are fine: NULL-terminated. */
extern const char *const severity_words[];
extern const char *const metric_types[];

#endif
