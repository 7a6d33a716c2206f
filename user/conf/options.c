// SPDX-License-Identifier: Apache-2.0
/* options.c - reads argv by a table. Leaves values to option_value.c; prints nothing. */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "../base/nearest.h"
#include "option_value.h"

struct parser {
	const struct option_table *table;
	char *values;
	char *why;
	size_t why_size;
	uint64_t *given; /* bit i: rows[i] was typed, and may not be again */
};

__attribute__((format(printf, 2, 3))) static int wrong(const struct parser *p, const char *format,
						       ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(p->why, p->why_size, format, args);
	va_end(args);
	return -EINVAL;
}

static int set_value(const struct parser *p, const struct option_row *o, const char *text)
{
	char *field = p->values + o->offset;
	char called[64];

	if (o->type == OPTION_FLAG) {
		*(bool *)field = true;
		return 0;
	}
	snprintf(called, sizeof(called), "--%s", o->name);
	if (o->as_text) {
		union option_scalar unused;
		int r = option_value_read(o, called, text, &unused, p->why, p->why_size);

		if (!r)
			*(const char **)field = text;
		return r;
	}
	return option_value_read(o, called, text, field, p->why, p->why_size);
}

/* A value that was typed. Of two the last would count in silence: neither may be what is meant. */
static int give_value(const struct parser *p, const struct option_row *o, const char *text)
{
	uint64_t bit = UINT64_C(1) << ((o - p->table->rows) & 63);

	if (o->type == OPTION_PORTS || o->type == OPTION_STRINGS || o->type == OPTION_FLAG)
		return set_value(p, o, text);
	if (*p->given & bit)
		return wrong(p, "--%s: '%s' is one too many; write the option once", o->name,
			     option_echo(text, SIZE_MAX).text);
	*p->given |= bit;
	return set_value(p, o, text);
}

static const struct option_row *find_long(const struct option_table *t, const char *name, size_t n)
{
	for (size_t i = 0; i < t->n_rows; i++)
		if (t->rows[i].type != OPTION_WORDS && strlen(t->rows[i].name) == n &&
		    !memcmp(t->rows[i].name, name, n))
			return &t->rows[i];
	return NULL;
}

static const struct option_row *find_words(const struct option_table *t)
{
	for (size_t i = 0; i < t->n_rows; i++)
		if (t->rows[i].type == OPTION_WORDS)
			return &t->rows[i];
	return NULL;
}

static const struct option_row *find_letter(const struct option_table *t, char letter)
{
	for (size_t i = 0; i < t->n_rows; i++)
		if (letter && t->rows[i].letter == letter)
			return &t->rows[i];
	return NULL;
}

static int unknown_option(const struct parser *p, const char *argument)
{
	char name[OPTION_ECHO_MAX + 1];
	size_t dashes = strspn(argument, "-");
	size_t n = strcspn(argument, "=");
	struct nearest near = { .word = name };

	snprintf(name, sizeof(name), "%.*s", (int)(n - dashes), argument + dashes);
	for (size_t i = 0; i < p->table->n_rows; i++)
		if (p->table->rows[i].type != OPTION_WORDS)
			nearest_offer(&near, p->table->rows[i].name);
	nearest_offer(&near, "help");
	if (near.best)
		return wrong(p, "there is no option '%s'; did you mean '--%s'?",
			     option_echo(argument, n).text, near.best);
	return wrong(p, "there is no option '%s'; 'troth help %s' lists them",
		     option_echo(argument, n).text, p->table->command);
}

/* next: the argument behind it, NULL: none. */
static int missing_value(const struct parser *p, const struct option_row *o, const char *next)
{
	char example[128];

	if (next && *next == '-')
		return wrong(p,
			     "--%s needs a value, and '%s' looks like an option; if it is the "
			     "value, write --%s=%s",
			     o->name, option_echo(next, SIZE_MAX).text, o->name,
			     option_echo(next, SIZE_MAX).text);

	switch (o->type) {
	case OPTION_ENUM:
		option_words_list(o->words, example, sizeof(example));
		break;
	case OPTION_DURATION:
		snprintf(example, sizeof(example), "a duration like 10s");
		break;
	default:
		snprintf(example, sizeof(example), "%s", o->metavar);
		break;
	}
	return wrong(p, "--%s needs a value; write --%s and then %s", o->name, o->name, example);
}

static const char *next_of(int argc, char *const argv[], int at)
{
	return at + 1 < argc ? argv[at + 1] : NULL;
}

/* Nothing is a value too, and says so. */
static bool may_be_empty(const struct option_row *o)
{
	return o->type == OPTION_LISTEN;
}

/* The value of o: what stands after the '=' or the letter, else the next argument, else NULL. */
static const char *value_of(const struct option_row *o, const char *attached, int argc,
			    char *const argv[], int *at)
{
	const char *next = next_of(argc, argv, *at);

	if (attached)
		return *attached || may_be_empty(o) ? attached : NULL;
	if (!next || (!*next && !may_be_empty(o)))
		return NULL;
	/* An option in the place of a value is a forgotten value; -1 is a bad one. */
	if (next[0] == '-' && next[1] && !isdigit((unsigned char)next[1]))
		return NULL;
	++*at;
	return next;
}

static int parse_long(const struct parser *p, int argc, char *const argv[], int *at)
{
	const char *name = argv[*at] + 2;
	size_t n = strcspn(name, "=");
	const char *attached = name[n] ? name + n + 1 : NULL;
	const struct option_row *o = find_long(p->table, name, n);
	const char *value;

	if (!o && n == 4 && !memcmp(name, "help", 4) && !attached)
		return OPTIONS_HELP;
	if (!o)
		return unknown_option(p, argv[*at]);
	if (o->type == OPTION_FLAG)
		return attached ? wrong(p, "--%s takes no value; write it alone", o->name) :
				  set_value(p, o, NULL);
	value = value_of(o, attached, argc, argv, at);
	return value ? give_value(p, o, value) :
		       missing_value(p, o, attached ? NULL : next_of(argc, argv, *at));
}

static int parse_letters(const struct parser *p, int argc, char *const argv[], int *at)
{
	for (const char *letter = argv[*at] + 1; *letter; letter++) {
		const struct option_row *o = find_letter(p->table, *letter);
		const char *value;
		int r;

		if (!o)
			return *letter == 'h' ? OPTIONS_HELP : unknown_option(p, argv[*at]);
		if (o->type != OPTION_FLAG) {
			value = value_of(o, letter[1] ? letter + 1 : NULL, argc, argv, at);
			return value ? give_value(p, o, value) :
				       missing_value(p, o, next_of(argc, argv, *at));
		}
		r = set_value(p, o, NULL);
		if (r)
			return r;
	}
	return 0;
}

/* argv[at] goes to the words before it; the options between move up by one. */
static int add_word(const struct parser *p, char *argv[], int at)
{
	const struct option_row *o = find_words(p->table);
	struct option_words *words = o ? (struct option_words *)(p->values + o->offset) : NULL;
	char *word = argv[at];
	char **place;

	if (!words)
		return wrong(p,
			     "'%s' is out of place; %s takes options only, 'troth help %s' "
			     "lists them",
			     option_echo(word, SIZE_MAX).text, p->table->command,
			     p->table->command);
	if (!*word)
		return wrong(p, "'' is no %s; leave it out, or write a name", o->name);
	if (words->n == o->max)
		return wrong(p, "'%s' is one too many; %s takes at most %llu %s",
			     option_echo(word, SIZE_MAX).text, p->table->command,
			     (unsigned long long)o->max, o->name);
	place = argv + 1 + words->n++;
	memmove(place + 1, place, (size_t)(argv + at - place) * sizeof(*place));
	*place = word;
	words->word = (const char *const *)(argv + 1);
	return 0;
}

static int enough_words(const struct parser *p)
{
	const struct option_row *o = find_words(p->table);
	const struct option_words *words;

	if (!o)
		return 0;
	words = (const struct option_words *)(p->values + o->offset);
	if (words->n >= o->min)
		return 0;
	return wrong(p, "no %s; write 'troth %s %s%s', 'troth help %s' says more", o->name,
		     p->table->command, o->name, o->max > 1 ? "..." : "", p->table->command);
}

int options_parse(const struct option_table *t, int argc, char *argv[], void *values, char *why,
		  size_t why_size)
{
	uint64_t given = 0;
	struct parser p = {
		.table = t, .values = values, .why = why, .why_size = why_size, .given = &given
	};
	bool ended = false;
	int r = 0;

	for (size_t i = 0; i < t->n_rows && !r; i++)
		if (t->rows[i].initial && !t->rows[i].as_text)
			r = set_value(&p, &t->rows[i], t->rows[i].initial);
	for (int at = 1; at < argc && !r; at++) {
		const char *argument = argv[at];

		if (!ended && !strcmp(argument, "--"))
			ended = true;
		else if (ended || argument[0] != '-' || !argument[1])
			r = add_word(&p, argv, at);
		else if (argument[1] == '-')
			r = parse_long(&p, argc, argv, &at);
		else
			r = parse_letters(&p, argc, argv, &at);
	}
	return r ? r : enough_words(&p);
}
