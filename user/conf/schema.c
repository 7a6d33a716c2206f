// SPDX-License-Identifier: Apache-2.0
/* schema.c - walks a tree along its table. Leaves to the readers what fields mean together. */
#include "schema.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../base/nearest.h"
#include "../base/utf8.h"
#include "openslo.h"

static bool is_one_of(const char *text, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		if (!strcmp(text, words[i]))
			return true;
	return false;
}

bool node_bool(const struct yaml_node *node, bool otherwise)
{
	static const char *const yes[] = { "true", "True", "TRUE", "yes", "Yes",
					   "YES",  "on",   "On",   "ON",  NULL };
	const char *text = yaml_text(node);

	return text ? is_one_of(text, yes) : otherwise;
}

bool node_is_bool(const struct yaml_node *node)
{
	static const char *const no[] = { "false", "False", "FALSE", "no",  "No",
					  "NO",	   "off",   "Off",   "OFF", NULL };
	const char *text = yaml_text(node);

	return text && (is_one_of(text, no) || node_bool(node, false));
}

bool node_number(const struct yaml_node *node, double *ret)
{
	const char *text = yaml_text(node);
	char *end;
	double d;

	/* strtod() also takes spaces before, hexadecimal, and words for infinity. */
	if (!text || !*text || strspn(text, "+-.0123456789eE") != strlen(text))
		return false;
	d = strtod(text, &end);
	if (*end || !isfinite(d))
		return false;
	*ret = d;
	return true;
}

int node_word(const struct yaml_node *node, const char *const *words)
{
	const char *text = yaml_text(node);

	for (int i = 0; text && words[i]; i++)
		if (!strcasecmp(text, words[i]))
			return i;
	return -1;
}

const char *schema_unknown(const char *word, const char *const *words, size_t n, char *buf,
			   size_t size)
{
	struct nearest near = { .word = word };
	size_t used;

	for (size_t i = 0; n ? i < n : words[i] != NULL; i++)
		nearest_offer(&near, words[i]);
	/* Another case is nearer than any letter. */
	for (size_t i = 0; n ? i < n : words[i] != NULL; i++)
		if (!strcasecmp(word, words[i]))
			near.best = words[i];
	if (near.best) {
		snprintf(buf, size, "'%.60s' is unknown here; did you mean '%s'?", word, near.best);
		return buf;
	}
	used = (size_t)snprintf(buf, size, "'%.60s' is unknown here; known are ", word);
	for (size_t i = 0; (n ? i < n : words[i] != NULL) && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? ", " : "", words[i]);
	return buf;
}

#define NAMES_MAX 32

static void check_unknown(const struct schema *s, const struct yaml_node *key,
			  struct problems *problems)
{
	const char *names[NAMES_MAX];
	char buf[512];
	size_t n = 0;

	for (size_t i = 0; i < s->n && i < NAMES_MAX; i++) {
		if (!strcmp(key->text, s->field[i].name))
			return;
		names[n++] = s->field[i].name;
	}
	problem_add(problems, PROBLEM_WARNING, key->place, "%s: %s", s->what,
		    schema_unknown(key->text, names, n, buf, sizeof(buf)));
}

static size_t characters(const char *text)
{
	size_t n = 0;

	for (; *text; n++)
		utf8_next(&text);
	return n;
}

static void wrong_type(const struct field *f, const struct yaml_node *node, const char *type,
		       struct problems *problems)
{
	const char *text = yaml_text(node);

	if (text)
		problem_add(problems, PROBLEM_ERROR, node->place,
			    "%s: '%.60s' is not %s; write %s: %s", f->name, text, type, f->name,
			    f->example);
	else
		problem_add(problems, PROBLEM_ERROR, node->place, "%s must be %s; write %s: %s",
			    f->name, type, f->name, f->example);
}

static void check_word(const struct field *f, const struct yaml_node *node,
		       struct problems *problems)
{
	char buf[256];
	int i = node_word(node, f->words);

	if (i < 0)
		problem_add(problems, PROBLEM_ERROR, node->place, "%s: %s", f->name,
			    schema_unknown(node->text, f->words, 0, buf, sizeof(buf)));
	else if (strcmp(node->text, f->words[i]) != 0)
		problem_add(problems, PROBLEM_WARNING, node->place,
			    "%s: '%s' is not how it is written; write '%s'", f->name, node->text,
			    f->words[i]);
}

static void check_text(const struct field *f, const struct yaml_node *node,
		       struct problems *problems)
{
	size_t n = characters(node->text);

	if (f->max && n > f->max)
		problem_add(problems, PROBLEM_ERROR, node->place,
			    "%s has %zu characters; %u are allowed", f->name, n, f->max);
}

bool schema_no_unit(const char *field, const struct yaml_node *node, struct problems *problems)
{
	const char *text = yaml_text(node);

	if (!text || !*text || strspn(text, "0123456789") != strlen(text))
		return false;
	problem_add(
		problems, PROBLEM_ERROR, node->place,
		"%s: '%.20s' has no unit; write %.20sm for minutes, %.20sh for hours, %.20sd for "
		"days",
		field, text, text, text, text);
	return true;
}

static void check_scalar(const struct field *f, const struct yaml_node *node,
			 struct problems *problems)
{
	struct span span;
	double number;

	switch (f->type) {
	case FIELD_TEXT:
		check_text(f, node, problems);
		return;
	case FIELD_NUMBER:
		if (!node_number(node, &number))
			wrong_type(f, node, "a number", problems);
		return;
	case FIELD_BOOL:
		if (!node_is_bool(node))
			wrong_type(f, node, "true or false", problems);
		return;
	case FIELD_WORD:
		check_word(f, node, problems);
		return;
	case FIELD_SPAN:
		if (span_parse(node->text, &span) && !schema_no_unit(f->name, node, problems))
			wrong_type(
				f, node,
				"a duration: a whole number from 1 and one of m (minutes), h, d, w, M "
				"(months), Q, Y, ten years at most",
				problems);
		return;
	default:
		return;
	}
}

static void check_list(const struct field *f, const struct yaml_node *list,
		       struct problems *problems)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct yaml_node *item = list->item[i];

		if (item->kind == YAML_MAPPING && f->sub)
			schema_check(f->sub, item, problems);
		else if (f->type == FIELD_LIST || item->kind != YAML_SCALAR || yaml_is_null(item))
			problem_add(problems, PROBLEM_ERROR, item->place,
				    "%s: each of the list is %s; write %s: %s", f->name,
				    f->type == FIELD_LIST ? "a mapping" :
				    f->sub		  ? "a mapping or a name" :
							    "text",
				    f->name, f->example);
	}
}

static void check_field(const struct field *f, const struct yaml_node *node,
			struct problems *problems)
{
	switch (f->type) {
	case FIELD_ANY:
		return;
	case FIELD_MAPPING:
		if (node->kind != YAML_MAPPING)
			wrong_type(f, node, "a mapping", problems);
		else if (f->sub)
			schema_check(f->sub, node, problems);
		return;
	case FIELD_LIST:
	case FIELD_LIST_OR_REF:
		if (node->kind == YAML_SEQUENCE)
			check_list(f, node, problems);
		else
			wrong_type(f, node, "a list", problems);
		return;
	case FIELD_TEXTS:
		if (node->kind == YAML_SEQUENCE)
			check_list(f, node, problems);
		else if (node->kind == YAML_MAPPING)
			wrong_type(f, node, "text or a list of texts", problems);
		return;
	default:
		if (node->kind == YAML_SCALAR)
			check_scalar(f, node, problems);
		else
			wrong_type(f, node, f->type == FIELD_NUMBER ? "a number" : "text",
				   problems);
	}
}

void schema_check(const struct schema *s, const struct yaml_node *node, struct problems *problems)
{
	for (size_t i = 0; i < node->n; i++)
		check_unknown(s, yaml_key(node, i), problems);
	for (size_t i = 0; i < s->n; i++) {
		const struct field *f = &s->field[i];
		const struct yaml_node *value = yaml_get(node, f->name);
		const char *text = yaml_text(value);

		if (f->required && (!value || (text && !*text)))
			problem_add(problems, PROBLEM_ERROR, node->place,
				    "the %s needs '%s'; write %s: %s", s->what, f->name, f->name,
				    f->example);
		else if (value)
			check_field(f, value, problems);
	}
}
