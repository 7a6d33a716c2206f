// SPDX-License-Identifier: Apache-2.0
/*
 * daemon_document.c - what stands in troth.yaml, by the table: options, sections, and what is neither.
 * Leaves receivers to daemon_receivers.c, and what options mean together to daemon.c.
 */
#include <errno.h>
#include <string.h>

#include "daemon_read.h"
#include "option_value.h"
#include "schema.h"

void *daemon_row_field(const struct daemon_row *row, struct daemon_conf *conf)
{
	return (char *)conf + row->option.offset;
}

bool daemon_row_wanted(const struct daemon_reading *r, const struct daemon_row *row)
{
	return !r->directories || row->directory;
}

int daemon_value_read(const struct option_row *o, const char *called, const char *example,
		      const struct yaml_node *value, void *field, struct problems *problems)
{
	const char *text = yaml_text(value);
	char why[512];

	if (value->kind != YAML_SCALAR)
		problem_add(problems, PROBLEM_ERROR, value->place,
			    "%s must be one value, not a %s; write %s: %s", called,
			    value->kind == YAML_MAPPING ? "mapping" : "list", o->name, example);
	else if (!text)
		problem_add(problems, PROBLEM_ERROR, value->place,
			    "%s has no value; write %s: %s, or leave the line out", called, o->name,
			    example);
	else if (option_value_read(o, called, text, field, why, sizeof(why)))
		problem_add(problems, PROBLEM_ERROR, value->place, "%s", why);
	else
		return 0;
	return -EINVAL;
}

void daemon_unknown(const char *where, const struct yaml_node *key, const char *const *known,
		    size_t n, struct problems *problems)
{
	char buf[512];

	problem_add(problems, PROBLEM_ERROR, key->place, "%s%s", where,
		    schema_unknown(key->text, known, n, buf, sizeof(buf)));
}

/* An option that was written in the wrong section is worth more than a similar name. */
static bool said_misplaced(struct daemon_reading *r, const struct yaml_node *key)
{
	for (size_t i = 0; i < daemon_rows_n; i++) {
		const struct daemon_row *row = &daemon_rows[i];

		if (strcmp(key->text, daemon_row_key(row)) != 0 &&
		    strcmp(key->text, row->option.name) != 0)
			continue;
		if (row->section)
			problem_add(r->problems, PROBLEM_ERROR, key->place,
				    "'%s' is unknown here; write %s: below a line %s:", key->text,
				    daemon_row_key(row), row->section);
		else
			problem_add(r->problems, PROBLEM_ERROR, key->place,
				    "'%s' is unknown here; write it without indentation",
				    key->text);
		return true;
	}
	return false;
}

static void unknown(struct daemon_reading *r, const char *section, const struct yaml_node *key)
{
	const char *known[DAEMON_KEYS_MAX];
	char where[64] = "";
	size_t n = 0;

	if (r->directories || said_misplaced(r, key))
		return;
	for (size_t i = 0; i < daemon_rows_n; i++)
		if (!section == !daemon_rows[i].section &&
		    (!section || !strcmp(section, daemon_rows[i].section)))
			known[n++] = daemon_row_key(&daemon_rows[i]);
	for (size_t i = 0; i < daemon_sections_n && !section; i++)
		known[n++] = daemon_sections[i].name;
	if (!section)
		known[n++] = "notify";
	else
		snprintf(where, sizeof(where), "%s: ", section);
	daemon_unknown(where, key, known, n, r->problems);
}

static const char *example_of(const struct daemon_row *row)
{
	return row->example ? row->example : *row->option.initial ? row->option.initial : "''";
}

static void read_mapping(struct daemon_reading *r, const char *section,
			 const struct yaml_node *mapping);

static void read_section(struct daemon_reading *r, const char *name, const struct yaml_node *value)
{
	/* All of it may be commented out. */
	if (yaml_is_null(value) || r->directories)
		return;
	if (value->kind == YAML_MAPPING)
		read_mapping(r, name, value);
	else
		problem_add(r->problems, PROBLEM_ERROR, value->place,
			    "%s must be a mapping; write its options below it, indented", name);
}

static bool read_if_section(struct daemon_reading *r, const char *key,
			    const struct yaml_node *value)
{
	for (size_t i = 0; i < daemon_sections_n; i++)
		if (!strcmp(key, daemon_sections[i].name)) {
			read_section(r, key, value);
			return true;
		}
	if (strcmp(key, "notify") != 0)
		return false;
	if (!yaml_is_null(value) && !r->directories)
		daemon_receivers_read(value, r->problems, r->conf);
	return true;
}

static void read_mapping(struct daemon_reading *r, const char *section,
			 const struct yaml_node *mapping)
{
	for (size_t i = 0; i < mapping->n; i++) {
		const struct yaml_node *key = yaml_key(mapping, i), *value = yaml_value(mapping, i);
		const struct daemon_row *row = daemon_row_find(section, key->text);
		struct option_row option;

		if (!row) {
			if (section || !read_if_section(r, key->text, value))
				unknown(r, section, key);
			continue;
		}
		if (!daemon_row_wanted(r, row))
			continue;
		option = row->option;
		option.name = daemon_row_key(row);
		r->place[row - daemon_rows] = value->place;
		(void)daemon_value_read(&option, row->option.name, example_of(row), value,
					daemon_row_field(row, r->conf), r->problems);
	}
}

void daemon_document_read(struct daemon_reading *r, const struct yaml_node *root)
{
	read_mapping(r, NULL, root);
}
