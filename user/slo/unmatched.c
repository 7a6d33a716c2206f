// SPDX-License-Identifier: Apache-2.0
/* unmatched.c - near misses: all keys but one fit, or the only one is nearly right. */
#include "unmatched.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/nearest.h"
#include "select.h"

static bool is_client(const char *const *select)
{
	return select[SELECT_ROLE] && !strcmp(select[SELECT_ROLE], "client");
}

/* Keys that say which service; its role is said in another way. */
static unsigned int given(const char *const *select)
{
	unsigned int n = 0;

	for (unsigned int key = 0; key < SELECT_KEYS; key++)
		n += key != SELECT_ROLE && select[key];
	return n;
}

static void put_wanted(FILE *out, const char *const *select)
{
	const char *with = "with";

	fprintf(out, "no %s", is_client(select) ? "client service" : "service");
	for (unsigned int key = 0; key < SELECT_KEYS; key++) {
		if (key == SELECT_ROLE || !select[key])
			continue;
		fprintf(out, " %s %s %s", with, selector_names[key], select[key]);
		with = "and";
	}
	fputs(" was seen", out);
}

/* A row that fits but for one key: best one that has something like it, or has it at all. */
static const struct service_row *all_but(const char *const *select, enum selector_key key,
					 const struct sample *s)
{
	const struct service_row *best = NULL;
	unsigned int rank = 0;
	char buf[SELECT_TEXT];

	for (size_t i = 0; i < s->n_services; i++) {
		const struct service_row *row = &s->services[i];
		struct nearest n = { .word = select[key] };
		const char *value;

		if (!select_matches(select, row, 1u << key))
			continue;
		value = select_value(row, key, buf);
		if (value)
			nearest_offer(&n, value);
		if (1u + !!value + !!n.best <= rank)
			continue;
		best = row;
		rank = 1u + !!value + !!n.best;
	}
	return best;
}

static void put_all_but(FILE *out, enum selector_key key, const struct service_row *row)
{
	const char *name = row->id.name ? row->id.name : "another";
	char buf[SELECT_TEXT];
	const char *value = select_value(row, key, buf);

	if (key == SELECT_ROLE)
		fprintf(out, "; %s would fit, but it is a %s: write role: %s", name, value, value);
	else if (value)
		fprintf(out, "; %s has %s %s", name, selector_names[key], value);
	else
		fprintf(out, "; %s would fit, but it has no %s", name, selector_names[key]);
}

/* The value of the only key may be mistyped. */
static void put_nearest(FILE *out, const char *const *select, enum selector_key key,
			const struct sample *s)
{
	struct nearest n = { .word = select[key] };
	char text[2][SELECT_TEXT];
	unsigned int free = 0;

	for (size_t i = 0; i < s->n_services; i++) {
		const char *value;

		if (!select_matches(select, &s->services[i], 1u << key))
			continue;
		value = select_value(&s->services[i], key, text[free]);
		if (value)
			nearest_offer(&n, value);
		if (value && n.best == text[free])
			free = !free; /* it is kept: the next value goes elsewhere */
	}
	if (n.best)
		fprintf(out, "; did you mean %s?", n.best);
}

static void put_near_miss(FILE *out, const char *const *select, const struct sample *s)
{
	unsigned int n = given(select);

	for (unsigned int key = 0; n && key < SELECT_KEYS; key++) {
		const struct service_row *row;

		if (!select[key] || (n == 1 && key != SELECT_ROLE))
			continue;
		row = all_but(select, key, s);
		if (!row)
			continue;
		put_all_but(out, key, row);
		return;
	}
	for (unsigned int key = 0; n == 1 && key < SELECT_KEYS; key++)
		if (key != SELECT_ROLE && select[key])
			put_nearest(out, select, key, s);
}

char *unmatched_words(const char *const *select, const struct sample *s)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	put_wanted(out, select);
	put_near_miss(out, select, s);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
