// SPDX-License-Identifier: Apache-2.0
/* options_help.c - a table of options as a page of text. Prints where it is told. */
#include "options.h"

#include <string.h>

#include "../base/wrap.h"
#include "option_value.h"

#define HELP_COLUMN 30
#define HELP_WIDTH  (98 - HELP_COLUMN)

/* "  FILE...", "  [FILE]" */
static void words_usage(const struct option_row *o, char *buf, size_t size)
{
	snprintf(buf, size, "  %s%s%s%s", o->min ? "" : "[", o->name, o->min ? "" : "]",
		 o->max > 1 ? "..." : "");
}

/* "-d, --duration TIME" */
static void option_left(const struct option_row *o, char *buf, size_t size)
{
	size_t used = 0;

	if (o->type == OPTION_WORDS) {
		words_usage(o, buf, size);
		return;
	}
	if (o->letter)
		used = (size_t)snprintf(buf, size, "  -%c, --%s", o->letter, o->name);
	else
		used = (size_t)snprintf(buf, size, "      --%s", o->name);
	if (o->type == OPTION_FLAG)
		return;
	if (o->metavar) {
		snprintf(buf + used, size - used, " %s", o->metavar);
		return;
	}
	for (size_t i = 0; o->words && o->words[i] && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%c%s", i ? '|' : ' ',
					 o->words[i]);
}

/* What the table knows besides the words of help: default and limits. */
static void option_right(const struct option_row *o, char *buf, size_t size)
{
	size_t used = (size_t)snprintf(buf, size, "%s", o->help);
	char limits[80];

	if (o->initial && used < size)
		used += (size_t)snprintf(buf + used, size - used, "; default %s", o->initial);
	if (used >= size)
		return;
	if (*option_limits(o, limits, sizeof(limits)))
		snprintf(buf + used, size - used, "; %s", limits);
	else if (o->type == OPTION_PORTS || o->type == OPTION_STRINGS)
		snprintf(buf + used, size - used, "; at most %llu", (unsigned long long)o->max);
}

static void print_row(const char *left, const char *right, FILE *out)
{
	if (strlen(left) + 2 > HELP_COLUMN)
		fprintf(out, "%s\n%*s", left, HELP_COLUMN, "");
	else
		fprintf(out, "%-*s", HELP_COLUMN, left);
	wrap_print(out, right, HELP_COLUMN, HELP_WIDTH);
}

void options_help(const struct option_table *t, FILE *out)
{
	char left[96] = "", right[384];

	for (size_t i = 0; i < t->n_rows; i++)
		if (t->rows[i].type == OPTION_WORDS)
			words_usage(&t->rows[i], left, sizeof(left));
	fprintf(out, "usage: troth %s [OPTION]...%s\n\n", t->command, left + !!*left);
	wrap_print(out, t->summary, 0, 98);
	fputc('\n', out);
	for (size_t i = 0; i < t->n_rows; i++) {
		option_left(&t->rows[i], left, sizeof(left));
		option_right(&t->rows[i], right, sizeof(right));
		print_row(left, right, out);
	}
	print_row("  -h, --help", "print this and exit", out);
	if (t->detail) {
		fputc('\n', out);
		wrap_print(out, t->detail, 0, 98);
	}
}
