/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.h - which fields a mapping has, as a table, and what of a tree does not fit it.
 * Knows YAML trees. Must not know: what the fields mean together.
 */
#ifndef TROTH_CONF_SCHEMA_H
#define TROTH_CONF_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "problem.h"
#include "yaml.h"

struct span; /* of openslo.h */

enum field_type {
	FIELD_TEXT,	   /* max: characters, 0 is any number */
	FIELD_NUMBER,	   /* a finite one */
	FIELD_BOOL,	   /* true or false; yes and no are understood */
	FIELD_WORD,	   /* one of words */
	FIELD_SPAN,	   /* 28d; max: longest, in nominal seconds */
	FIELD_MAPPING,	   /* sub, NULL: any */
	FIELD_LIST,	   /* of mappings of sub */
	FIELD_LIST_OR_REF, /* of mappings of sub, or names */
	FIELD_TEXTS,	   /* one text, or a list of them */
	FIELD_ANY,
};

struct field {
	const char *name;
	enum field_type type;
	bool required;
	unsigned int max;
	const struct schema *sub;
	const char *const *words; /* NULL-terminated */
	const char *example;	  /* how one would write the value, in one line */
};

struct schema {
	const char *what; /* "spec of an SLO" */
	const struct field *field;
	size_t n;
};

/* Unknown fields are warnings; a wrong type, a missing field, a text over its limit are errors. */
void schema_check(const struct schema *s, const struct yaml_node *node, struct problems *problems);

/* A number alone, where a length of time is wanted: an error, and true. */
bool schema_no_unit(const char *field, const struct yaml_node *node, struct problems *problems);

/* "'x' is unknown here; did you mean 'y'?", or the words; n of 0: NULL-terminated. Into buf. */
const char *schema_unknown(const char *word, const char *const *words, size_t n, char *buf,
			   size_t size);

/* Values of fields that were checked. What did not fit reads as not given. */
bool node_bool(const struct yaml_node *node, bool otherwise);
bool node_is_bool(const struct yaml_node *node);
bool node_number(const struct yaml_node *node, double *ret);
/* Index of the word, whatever its case; -1: none. */
int node_word(const struct yaml_node *node, const char *const *words);

#endif
