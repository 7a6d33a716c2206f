/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml.h - a YAML file as a tree whose nodes know their place; libyaml does the parsing.
 * Knows text. Must not know: what the fields mean.
 */
#ifndef TROTH_CONF_YAML_H
#define TROTH_CONF_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/arena.h"
#include "problem.h"

/* What a file may hold. Reaching one is one error, and the rest of the file is not read. */
#define YAML_BYTES_MAX	   (1024 * 1024)
#define YAML_DEPTH_MAX	   64	  /* mappings and lists in one another, aliases followed */
#define YAML_NODES_MAX	   100000 /* of all documents, each alias counted as what it stands for */
#define YAML_ALIASES_MAX   1000
#define YAML_ANCHORS_MAX   1000
#define YAML_MERGED_MAX	   1000 /* fields of a mapping that << adds to */
#define YAML_DOCUMENTS_MAX 1000

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

/* An alias is the node that it stands for, not a copy: do not change one. */
struct yaml_node {
	enum yaml_kind kind;
	struct place place;
	const char *text; /* SCALAR: UTF-8 without a NUL in it */
	bool plain;	  /* SCALAR: not in quotes, no block, no tag */
	uint32_t weight;  /* nodes in it and itself, aliases followed */
	uint16_t height;  /* collections in one another, itself included; 0 of a scalar */
	/* SEQUENCE: items. MAPPING: keys (scalars) and values in turn, in order, `<<` merged in. */
	struct yaml_node *const *item;
	size_t n; /* items, or pairs */
};

static inline const struct yaml_node *yaml_key(const struct yaml_node *mapping, size_t i)
{
	return mapping->item[2 * i];
}

static inline const struct yaml_node *yaml_value(const struct yaml_node *mapping, size_t i)
{
	return mapping->item[2 * i + 1];
}

/* The documents of one file that hold anything. */
struct yaml {
	const struct yaml_node **document;
	size_t n;
};

/*
 * n bytes of the file named file, which is borrowed as long as the arena lives; so is nothing else.
 * What is wrong goes to problems; what came before it is in ret. 0 or -ENOMEM.
 */
int yaml_read(struct arena *a, const char *file, const char *bytes, size_t n,
	      struct problems *problems, struct yaml *ret);

/* Nothing, "~" or "null", unquoted. */
bool yaml_is_null(const struct yaml_node *node);

/* The value of a key, NULL where there is none or it is null; mapping may be NULL or no mapping. */
const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key);

/* The text of a scalar that is not null, else NULL; node may be NULL. */
const char *yaml_text(const struct yaml_node *node);

#endif
