// SPDX-License-Identifier: Apache-2.0
/* openslo_names.c - metadata of documents, and the names by which they refer to one another. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../base/nearest.h"
#include "openslo_read.h"

#define KEY_MAX	   63
#define PREFIX_MAX 253

#define SUGGESTED_MAX 2000 /* documents that are asked for a similar name */

static bool all_in(const char *text, size_t n, const char *beside)
{
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr(beside, text[i]))
			return false;
	return true;
}

static bool ends_well(const char *text, size_t n)
{
	return n && isalnum((unsigned char)text[0]) && isalnum((unsigned char)text[n - 1]);
}

static bool has_upper(const char *text)
{
	for (; *text; text++)
		if (isupper((unsigned char)*text))
			return true;
	return false;
}

/*
 * The specification's own examples have capitals in names: those are only said to be less portable.
 */
static void check_name(const struct world *w, const struct yaml_node *node)
{
	const char *name = node->text;
	size_t n = strlen(name);

	if (n > NAME_MAX_CHARACTERS)
		ERROR_AT(w, node->place, "name has %zu characters; %d are allowed", n,
			 NAME_MAX_CHARACTERS);
	else if (!all_in(name, n, "-_.|/\\"))
		ERROR_AT(
			w, node->place,
			"name '%.63s' has characters that no name may have; write lower-case letters, "
			"digits and '-'",
			name);
	else if (!all_in(name, n, "-") || !ends_well(name, n) || has_upper(name))
		WARNING_AT(
			w, node->place,
			"name '%s' is not one that every tool takes (RFC 1123); write lower-case "
			"letters, digits and '-', a letter or digit first and last",
			name);
}

static void check_key(const struct world *w, const struct yaml_node *key, bool prefixed)
{
	const char *slash = prefixed ? strchr(key->text, '/') : NULL;
	const char *name = slash ? slash + 1 : key->text;
	size_t prefix = slash ? (size_t)(slash - key->text) : 0;
	size_t n = strlen(name);

	if (n > KEY_MAX)
		ERROR_AT(w, key->place, "the key '%.40s...' has %zu characters; %d are allowed",
			 name, n, KEY_MAX);
	else if (prefix > PREFIX_MAX)
		ERROR_AT(w, key->place, "the prefix of '%s' has %zu characters; %d are allowed",
			 name, prefix, PREFIX_MAX);
	else if (!ends_well(name, n) || !all_in(name, n, "-_.") ||
		 (slash && (!ends_well(key->text, prefix) || !all_in(key->text, prefix, "-."))))
		WARNING_AT(
			w, key->place,
			"the key '%.63s' is not one that every tool takes; write letters and digits, "
			"with '-', '_' and '.' between them",
			key->text);
}

static size_t count_labels(const struct yaml_node *labels)
{
	size_t n = 0;

	for (size_t i = 0; i < labels->n; i++) {
		const struct yaml_node *value = yaml_value(labels, i);

		n += value->kind == YAML_SEQUENCE ? value->n : 1;
	}
	return n;
}

static void add_pair(struct text_pair *pairs, size_t *n, const char *name,
		     const struct yaml_node *value)
{
	if (value->kind == YAML_SCALAR)
		pairs[(*n)++] = (struct text_pair){ .name = name, .value = value->text };
}

const struct text_pair *read_labels(const struct world *w, const struct yaml_node *labels,
				    size_t *ret_n)
{
	struct text_pair *pairs;
	size_t n = 0;

	if (!labels || labels->kind != YAML_MAPPING)
		return NULL;
	pairs = arena_array(w->arena, count_labels(labels), sizeof(*pairs));
	for (size_t i = 0; pairs && i < labels->n; i++) {
		const struct yaml_node *value = yaml_value(labels, i);
		const char *name = yaml_key(labels, i)->text;

		if (value->kind != YAML_SEQUENCE)
			add_pair(pairs, &n, name, value);
		for (size_t k = 0; value->kind == YAML_SEQUENCE && k < value->n; k++)
			add_pair(pairs, &n, name, value->item[k]);
	}
	*ret_n = n;
	return pairs;
}

const struct text_pair *read_annotations(const struct world *w, const struct yaml_node *annotations,
					 size_t *ret_n)
{
	struct text_pair *pairs;
	size_t n = 0;

	if (!annotations || annotations->kind != YAML_MAPPING)
		return NULL;
	pairs = arena_array(w->arena, annotations->n, sizeof(*pairs));
	for (size_t i = 0; pairs && i < annotations->n; i++)
		add_pair(pairs, &n, yaml_key(annotations, i)->text, yaml_value(annotations, i));
	*ret_n = n;
	return pairs;
}

/* Here it is the text that it looks like; elsewhere it is none. */
static void warn_unquoted(const struct world *w, const char *what, const struct yaml_node *key,
			  const struct yaml_node *value)
{
	bool number = node_number(value, &(double){ 0 });

	if (yaml_text(value) && value->plain && (number || node_is_bool(value)))
		WARNING_AT(w, value->place,
			   "%s '%.63s': %.60s is %s, and OpenSLO wants text; write \"%.60s\"", what,
			   key->text, value->text, number ? "a number" : "true or false",
			   value->text);
}

static void check_label_value(const struct world *w, const struct yaml_node *key,
			      const struct yaml_node *value)
{
	bool good = value->kind != YAML_MAPPING;

	for (size_t i = 0; value->kind == YAML_SEQUENCE && i < value->n; i++)
		good &= value->item[i]->kind == YAML_SCALAR;
	if (!good)
		ERROR_AT(w, value->place,
			 "label '%.63s' is text or a list of texts; write %.63s: …", key->text,
			 key->text);
	warn_unquoted(w, "label", key, value);
	for (size_t i = 0; value->kind == YAML_SEQUENCE && i < value->n; i++)
		warn_unquoted(w, "label", key, value->item[i]);
}

void metadata_check(const struct world *w, const struct yaml_node *metadata)
{
	const struct yaml_node *name = yaml_get(metadata, "name");
	const struct yaml_node *labels = yaml_get(metadata, "labels");
	const struct yaml_node *annotations = yaml_get(metadata, "annotations");

	if (yaml_text(name) && *name->text)
		check_name(w, name);
	for (size_t i = 0; labels && labels->kind == YAML_MAPPING && i < labels->n; i++) {
		check_key(w, yaml_key(labels, i), false);
		check_label_value(w, yaml_key(labels, i), yaml_value(labels, i));
	}
	if (!annotations || annotations->kind != YAML_MAPPING)
		return;
	for (size_t i = 0; i < annotations->n; i++) {
		check_key(w, yaml_key(annotations, i), true);
		if (yaml_value(annotations, i)->kind != YAML_SCALAR)
			ERROR_AT(w, yaml_value(annotations, i)->place,
				 "annotation '%.63s' is text; write it in one line, or after '|'",
				 yaml_key(annotations, i)->text);
		warn_unquoted(w, "annotation", yaml_key(annotations, i),
			      yaml_value(annotations, i));
	}
}

void warn_if_near(const struct world *w, const char *what, const struct yaml_node *node,
		  const char *const *words)
{
	const char *text = yaml_text(node);
	struct nearest near = { .word = text };

	for (size_t i = 0; text && words[i]; i++) {
		if (!strcmp(text, words[i]))
			return;
		/* Another case is nearer than any letter. */
		if (!strcasecmp(text, words[i])) {
			near.best = words[i];
			break;
		}
		nearest_offer(&near, words[i]);
	}
	if (near.best)
		WARNING_AT(w, node->place, "%s: '%.60s' is taken as it is; did you mean '%s'?",
			   what, text, near.best);
}

const char *metadata_text(const struct yaml_node *metadata, const char *field)
{
	const char *text = yaml_text(yaml_get(metadata, field));

	return text ? text : "";
}

static int compare(const struct document *a, enum document_kind kind, const char *name)
{
	return a->kind != kind ? (int)a->kind - (int)kind : strcmp(a->name, name);
}

static int by_name(const void *a, const void *b)
{
	const struct document *x = *(struct document *const *)a;
	const struct document *y = *(struct document *const *)b;
	int order = compare(x, y->kind, y->name);

	if (order)
		return order;
	if (x->since != y->since)
		return x->since < y->since ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void refuse_second(const struct world *w, const struct document *first,
			  struct document *second)
{
	second->bad = true;
	ERROR_AT(w, second->place, "there is another %s '%s' at %s:%u; give one another name%s",
		 document_kinds[second->kind], second->name, first->place.file, first->place.line,
		 second->kind == KIND_SLO ?
			 ", or make it a revision by the annotation troth.dev/since" :
			 "");
}

void world_index(struct world *w)
{
	const struct document *first = NULL;

	w->by_name = arena_array(w->arena, w->n, sizeof(*w->by_name));
	for (size_t i = 0; w->by_name && i < w->n; i++)
		w->by_name[i] = &w->document[i];
	if (!w->by_name || !w->n)
		return;
	qsort(w->by_name, w->n, sizeof(*w->by_name), by_name);
	for (size_t i = 0; i < w->n; i++) {
		struct document *d = w->by_name[i];

		if (first && *d->name && !compare(first, d->kind, d->name) &&
		    first->since == d->since)
			refuse_second(w, first, d);
		else
			first = d;
	}
}

static size_t rank(const struct world *w, enum document_kind kind, const char *name)
{
	size_t low = 0, high = w->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (compare(w->by_name[middle], kind, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t world_rank(const struct world *w, const struct document *d)
{
	return rank(w, d->kind, d->name);
}

struct document *world_find(const struct world *w, enum document_kind kind, const char *name)
{
	size_t i = w->by_name && *name ? rank(w, kind, name) : w->n;

	return i < w->n && !compare(w->by_name[i], kind, name) ? w->by_name[i] : NULL;
}

struct document *world_resolve(const struct world *w, enum document_kind kind,
			       const struct yaml_node *reference)
{
	const char *name = yaml_text(reference);
	struct document *found = name ? world_find(w, kind, name) : NULL;
	struct nearest near = { .word = name };

	if (!name || found)
		return found;
	for (size_t i = 0; i < w->n && i < SUGGESTED_MAX; i++)
		if (w->document[i].kind == kind)
			nearest_offer(&near, w->document[i].name);
	if (near.best)
		WARNING_AT(w, reference->place,
			   "no %s is named '%.63s' in what was read; did you mean '%s'?",
			   document_kinds[kind], name, near.best);
	else
		WARNING_AT(w, reference->place,
			   "no %s is named '%.63s' in what was read; add it, or its file",
			   document_kinds[kind], name);
	return NULL;
}
