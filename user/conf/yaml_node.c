// SPDX-License-Identifier: Apache-2.0
/*
 * yaml_node.c - nodes that are whole: reading them, and what the keys of a mapping do to one another.
 * Leaves to yaml.c how they come to be.
 */
#include "yaml_node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"

bool yaml_is_null(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && node->plain &&
	       (!*node->text || !strcmp(node->text, "~") || !strcmp(node->text, "null") ||
		!strcmp(node->text, "Null") || !strcmp(node->text, "NULL"));
}

static const struct yaml_node *find(const struct yaml_node *mapping, const char *key)
{
	for (size_t i = 0; i < mapping->n; i++)
		if (!strcmp(yaml_key(mapping, i)->text, key))
			return yaml_value(mapping, i);
	return NULL;
}

const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key)
{
	const struct yaml_node *value;

	if (!mapping || mapping->kind != YAML_MAPPING)
		return NULL;
	value = find(mapping, key);
	return value && !yaml_is_null(value) ? value : NULL;
}

const char *yaml_text(const struct yaml_node *node)
{
	return node && node->kind == YAML_SCALAR && !yaml_is_null(node) ? node->text : NULL;
}

static int by_text(const void *a, const void *b)
{
	const struct yaml_node *x = *(const struct yaml_node *const *)a;
	const struct yaml_node *y = *(const struct yaml_node *const *)b;
	int order = strcmp(x->text, y->text);

	if (order)
		return order;
	return x->place.line != y->place.line ?
		       (x->place.line > y->place.line ? 1 : -1) :
		       (x->place.column > y->place.column) - (x->place.column < y->place.column);
}

static int report_duplicates(struct problems *problems, const struct yaml_node *mapping)
{
	_cleanup_(freep) const struct yaml_node **key = NULL;

	if (mapping->n < 2)
		return 0;
	key = calloc(mapping->n, sizeof(*key));
	if (!key)
		return -ENOMEM;
	for (size_t i = 0; i < mapping->n; i++)
		key[i] = yaml_key(mapping, i);
	qsort(key, mapping->n, sizeof(*key), by_text);
	for (size_t i = 1; i < mapping->n; i++)
		if (!strcmp(key[i - 1]->text, key[i]->text) && strcmp(key[i]->text, "<<") != 0)
			problem_add(problems, PROBLEM_ERROR, key[i]->place,
				    "'%.60s' stands here twice, first in line %u; leave one out",
				    key[i]->text, key[i - 1]->place.line);
	return 0;
}

/* A mapping in the making: pairs of keys and values. */
struct pairs {
	struct yaml_node **item; /* room for all */
	size_t n;
};

static int refuse(struct problems *problems, const struct yaml_node *at, const char *why)
{
	problem_add(problems, PROBLEM_ERROR, at->place, "%s", why);
	return -EINVAL;
}

static bool has_key(const struct pairs *p, const char *key)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->item[2 * i]->text, key))
			return true;
	return false;
}

#define TEXT_OF(number)	 #number
#define DIGITS_OF(macro) TEXT_OF(macro)

/* The pairs of one merged mapping that are not there yet; the merged one is counted. */
static int merge_one(struct problems *problems, const struct yaml_node *from, struct pairs *to)
{
	if (from->kind != YAML_MAPPING)
		return refuse(problems, from, "<< takes a mapping, or a list of mappings");
	if (to->n + from->n > YAML_MERGED_MAX)
		return refuse(
			problems, from,
			"<< makes a mapping of more than " DIGITS_OF(YAML_MERGED_MAX) " fields");
	for (size_t i = 0; i < from->n; i++) {
		if (has_key(to, yaml_key(from, i)->text))
			continue;
		to->item[2 * to->n] = from->item[2 * i];
		to->item[2 * to->n + 1] = from->item[2 * i + 1];
		to->n++;
	}
	return 0;
}

/* Where the merge key stands; n: there is none. */
static size_t merge_key(const struct yaml_node *mapping)
{
	size_t i = 0;

	while (i < mapping->n &&
	       (!yaml_key(mapping, i)->plain || strcmp(yaml_key(mapping, i)->text, "<<") != 0))
		i++;
	return i;
}

/* How many pairs there can be, at most. */
static size_t merged_room(const struct yaml_node *mapping, const struct yaml_node *value)
{
	size_t n = mapping->n;

	if (value->kind == YAML_MAPPING)
		n += value->n;
	for (size_t i = 0; value->kind == YAML_SEQUENCE && i < value->n; i++)
		n += value->item[i]->n;
	if (n > YAML_MERGED_MAX)
		n = mapping->n > YAML_MERGED_MAX ? mapping->n : YAML_MERGED_MAX;
	return n;
}

/* YAML 1.1's merge key: what stands in the mapping itself goes first. */
static int merge(struct arena *a, struct problems *problems, struct yaml_node *mapping)
{
	size_t at = merge_key(mapping);
	const struct yaml_node *value;
	struct pairs to = {};
	int r = 0;

	if (at == mapping->n)
		return 0;
	value = yaml_value(mapping, at);
	to.item = arena_array(a, merged_room(mapping, value), 2 * sizeof(*to.item));
	if (!to.item)
		return -ENOMEM;
	for (size_t i = 0; i < mapping->n; i++)
		if (i != at) {
			to.item[2 * to.n] = mapping->item[2 * i];
			to.item[2 * to.n++ + 1] = mapping->item[2 * i + 1];
		}
	for (size_t i = 0; value->kind == YAML_SEQUENCE && i < value->n && !r; i++)
		r = merge_one(problems, value->item[i], &to);
	if (value->kind != YAML_SEQUENCE)
		r = merge_one(problems, value, &to);
	mapping->item = to.item;
	mapping->n = to.n;
	return r;
}

int yaml_mapping_close(struct arena *a, struct problems *problems, struct yaml_node *mapping)
{
	int r = report_duplicates(problems, mapping);

	return r ? r : merge(a, problems, mapping);
}
