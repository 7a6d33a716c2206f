// SPDX-License-Identifier: Apache-2.0
/*
 * daemon_sample.c - the table as a file to begin with. Words stand behind "# ", options behind "#" alone:
 * take one such "#" away and the option is in force. As it stands the file sets nothing.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "../base/stdio.h"
#include "../base/wrap.h"
#include "daemon_table.h"
#include "option_value.h"

#define WIDTH 98

/* Sentences behind "# ", in lines. */
static int print_words(FILE *out, const char *indent, const char *words)
{
	_cleanup_(freep) char *text = NULL;
	_cleanup_(fclosep) FILE *page = NULL;
	size_t size, width = WIDTH - strlen(indent) - 2;
	char *rest;

	page = open_memstream(&text, &size);
	if (!page)
		return -ENOMEM;
	wrap_print(page, words, 0, width);
	if (fflush(page))
		return -ENOMEM;
	rest = text;
	for (char *line; (line = strsep(&rest, "\n")) && rest;)
		fprintf(out, "%s# %s\n", indent, line);
	return 0;
}

/* " Default: 35. From 1 to 400." */
static void facts(const struct option_row *o, char *buf, size_t size)
{
	char list[128];
	int n = snprintf(buf, size, "%s%s%s", o->initial ? " Default: " : "",
			 o->initial && !*o->initial ? "''" :
			 o->initial		    ? o->initial :
						      "",
			 o->initial ? "." : "");

	if (o->words)
		snprintf(buf + n, size - (size_t)n, " One of %s.",
			 option_words_list(o->words, list, sizeof(list)));
	else if (*option_limits(o, list, sizeof(list)))
		snprintf(buf + n, size - (size_t)n, " From %s.", list);
}

static int print_row(FILE *out, const struct daemon_row *row)
{
	const char *indent = row->section ? "  " : "";
	const char *value = row->option.initial ? row->option.initial : row->example;
	char text[512], known[256];
	int r;

	snprintf(text, sizeof(text), "%c%s.", toupper((unsigned char)row->option.help[0]),
		 row->option.help + 1);
	r = print_words(out, indent, text);
	facts(&row->option, known, sizeof(known));
	snprintf(text, sizeof(text), "%s%s%s%s Reload: %s.",
		 row->option.initial ? known + 1 : "Default: none.", row->flag ? " Flag: --" : "",
		 row->flag ? row->option.name : "", row->flag ? "." : "",
		 row->reload ? "yes" : "no");
	if (!r)
		r = print_words(out, indent, text);
	if (!r)
		fprintf(out, "%s#%s: %s\n\n", indent, daemon_row_key(row), *value ? value : "''");
	return r;
}

static int print_section(FILE *out, const struct daemon_section *section)
{
	int r = print_words(out, "", section->help);

	fprintf(out, "%s:\n", section->name);
	for (size_t i = 0; i < daemon_rows_n && !r; i++)
		if (daemon_rows[i].section && !strcmp(daemon_rows[i].section, section->name))
			r = print_row(out, &daemon_rows[i]);
	return r;
}

/* " Of alertmanager and webhook, which need it." */
static void kinds_text(const struct receiver_row *row, char *buf, size_t size)
{
	size_t used = 0, n = 0, of = (size_t)__builtin_popcount(row->kinds);

	if (row->kinds == KIND_ALL) {
		snprintf(buf, size, "%s", row->required ? " Required." : "");
		return;
	}
	for (unsigned int i = 0; daemon_receiver_kinds[i] && used < size; i++) {
		if (!(row->kinds & 1u << i))
			continue;
		used += (size_t)snprintf(buf + used, size - used, "%s%s",
					 !n	     ? of > 1 ? " Of the kinds " : " Of the kind " :
					 n + 1 == of ? " and " :
						       ", ",
					 daemon_receiver_kinds[i]);
		n++;
	}
	if (used < size)
		snprintf(buf + used, size - used, "%s.", row->required ? ", required" : "");
}

/* "url: words of help. Of the kinds alertmanager and webhook, required." */
static int print_receiver_help(FILE *out)
{
	int r = 0;

	for (size_t i = 0; i < receiver_rows_n && !r; i++) {
		const struct option_row *o = &receiver_rows[i].option;
		char text[768], known[256], kinds[128];

		facts(o, known, sizeof(known));
		kinds_text(&receiver_rows[i], kinds, sizeof(kinds));
		snprintf(text, sizeof(text), "%s: %s.%s%s", o->name, o->help, known, kinds);
		r = print_words(out, "  ", text);
	}
	return r;
}

static void print_receivers(FILE *out)
{
	for (unsigned int kind = 0; daemon_receiver_kinds[kind]; kind++) {
		for (size_t i = 0, n = 0; i < receiver_rows_n; i++) {
			const struct receiver_row *row = &receiver_rows[i];

			if (row->shown & 1u << kind)
				fprintf(out, "  #%s %s: %s\n", n++ ? " " : "-", row->option.name,
					row->example ? row->example[kind] : row->option.initial);
		}
	}
}

int daemon_conf_sample(FILE *out)
{
	int r = print_words(
		out, "",
		"Configuration of 'troth run'; troth.yaml(5) says more. Each option "
		"stands here with its default, or with an example where it has none. "
		"To set one, take away the # before its name. 'troth run "
		"--check-config' says what is wrong with it and the objectives. At SIGHUP it is "
		"read again: what is marked 'Reload: no' then waits for a restart.");

	fputc('\n', out);
	for (size_t i = 0; i < daemon_rows_n && !r; i++)
		if (!daemon_rows[i].section)
			r = print_row(out, &daemon_rows[i]);
	for (size_t i = 0; i < daemon_sections_n && !r; i++)
		r = print_section(out, &daemon_sections[i]);
	if (!r)
		r = print_words(out, "", daemon_notify_help);
	if (!r) {
		fputs("notify:\n", out);
		r = print_words(out, "  ", "The fields of a receiver (reload: yes):");
	}
	if (!r)
		r = print_receiver_help(out);
	print_receivers(out);
	return r ? r : stdio_finish(out);
}
