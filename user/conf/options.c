// SPDX-License-Identifier: Apache-2.0
/* options.c - reads argv by a table. Knows types and limits; prints nothing. */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "duration.h"
#include "../base/nearest.h"

#define ECHO_MAX 48 /* of what was typed, in an error line */

struct parser {
	const struct option_table *table;
	char *values;
	char *why;
	size_t why_size;
	uint64_t *given; /* bit i: rows[i] was typed, and may not be again */
};

/* What was typed, fit for one line. */
struct echo {
	char text[ECHO_MAX + 4];
};

static struct echo echo(const char *typed, size_t n)
{
	struct echo e = {};
	size_t i;

	for (i = 0; i < n && typed[i] && i < ECHO_MAX; i++)
		e.text[i] = (unsigned char)typed[i] < ' ' || typed[i] == 0x7f ? '?' : typed[i];
	if (i < n && typed[i])
		memcpy(e.text + i, "...", 4);
	return e;
}

__attribute__((format(printf, 2, 3))) static int wrong(const struct parser *p, const char *format,
						       ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(p->why, p->why_size, format, args);
	va_end(args);
	return -EINVAL;
}

static int number_parse(const char *text, uint64_t *ret)
{
	uint64_t n = 0;

	if (!*text)
		return -EINVAL;
	for (const char *p = text; *p; p++)
		if (!isdigit((unsigned char)*p))
			return -EINVAL;
	for (const char *p = text; *p; p++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p - '0', &n))
			return -ERANGE;
	*ret = n;
	return 0;
}

static int set_duration(const struct parser *p, const struct option_row *o, const char *text)
{
	uint64_t *field = (uint64_t *)(p->values + o->offset);
	struct echo typed = echo(text, SIZE_MAX);
	char min[32], max[32];
	uint64_t ns = 0;
	int r = duration_parse(text, &ns);

	if (r == -EINVAL)
		return wrong(p, "--%s: '%s' is not a duration; write one like 10s, 1m30s or 500ms",
			     o->name, typed.text);
	if (r || ns < o->min || ns > o->max)
		return wrong(p, "--%s: '%s' is too %s; write a duration from %s to %s", o->name,
			     typed.text, !r && ns < o->min ? "short" : "long",
			     duration_format(o->min, min, sizeof(min)),
			     duration_format(o->max, max, sizeof(max)));
	*field = ns;
	return 0;
}

static int set_number(const struct parser *p, const struct option_row *o, const char *text)
{
	uint64_t *field = (uint64_t *)(p->values + o->offset);
	uint64_t n;

	if (number_parse(text, &n) || n < o->min || n > o->max)
		return wrong(p,
			     "--%s: '%s' is not possible; write a whole number from %llu to %llu",
			     o->name, echo(text, SIZE_MAX).text, (unsigned long long)o->min,
			     (unsigned long long)o->max);
	*field = n;
	return 0;
}

static int read_port(const struct parser *p, const struct option_row *o, const char *text,
		     uint16_t *ret)
{
	uint64_t n;

	if (number_parse(text, &n) || n < 1 || n > UINT16_MAX)
		return wrong(p, "--%s: '%s' is not a port; write a number from 1 to 65535%s",
			     o->name, echo(text, SIZE_MAX).text,
			     o->type == OPTION_PORTS ? ", and the option once for each port" : "");
	*ret = (uint16_t)n;
	return 0;
}

static int add_port(const struct parser *p, const struct option_row *o, const char *text)
{
	struct option_ports *ports = (struct option_ports *)(p->values + o->offset);
	unsigned int limit = o->max < OPTION_PORTS_MAX ? o->max : OPTION_PORTS_MAX;
	uint16_t port;
	int r = read_port(p, o, text, &port);

	if (r)
		return r;
	for (unsigned int i = 0; i < ports->n; i++)
		if (ports->port[i] == port)
			return 0;
	if (ports->n == limit)
		return wrong(p,
			     "--%s: '%s' is one too many; write at most %u ports, or none for "
			     "all of them",
			     o->name, echo(text, SIZE_MAX).text, limit);
	ports->port[ports->n++] = port;
	return 0;
}

static int add_string(const struct parser *p, const struct option_row *o, const char *text)
{
	struct option_strings *strings = (struct option_strings *)(p->values + o->offset);
	unsigned int limit = o->max < OPTION_STRINGS_MAX ? o->max : OPTION_STRINGS_MAX;

	if (strings->n == limit)
		return wrong(p, "--%s: '%s' is one too many; write the option at most %u times",
			     o->name, echo(text, SIZE_MAX).text, limit);
	strings->value[strings->n++] = text;
	return 0;
}

/* "text, json or yaml" */
static const char *words_list(const char *const *words, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; words[i] && used < size; i++) {
		const char *join = !i ? "" : words[i + 1] ? ", " : " or ";
		int n = snprintf(buf + used, size - used, "%s%s", join, words[i]);

		used += (size_t)n;
	}
	return buf;
}

static int set_word(const struct parser *p, const struct option_row *o, const char *text)
{
	unsigned int *field = (unsigned int *)(p->values + o->offset);
	struct nearest near = { .word = text };
	struct echo typed = echo(text, SIZE_MAX);
	char list[128];

	for (unsigned int i = 0; o->words[i]; i++) {
		nearest_offer(&near, o->words[i]);
		if (!strcmp(text, o->words[i])) {
			*field = i;
			return 0;
		}
	}
	words_list(o->words, list, sizeof(list));
	if (near.best)
		return wrong(p, "--%s: '%s' is unknown; did you mean '%s'? Write %s", o->name,
			     typed.text, near.best, list);
	return wrong(p, "--%s: '%s' is unknown; write %s", o->name, typed.text, list);
}

static int set_value(const struct parser *p, const struct option_row *o, const char *text)
{
	char *field = p->values + o->offset;

	switch (o->type) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return 0;
	case OPTION_DURATION:
		return set_duration(p, o, text);
	case OPTION_NUMBER:
		return set_number(p, o, text);
	case OPTION_PORT:
		return read_port(p, o, text, (uint16_t *)field);
	case OPTION_PORTS:
		return add_port(p, o, text);
	case OPTION_STRING:
		*(const char **)field = text;
		return 0;
	case OPTION_STRINGS:
		return add_string(p, o, text);
	case OPTION_ENUM:
		return set_word(p, o, text);
	case OPTION_WORDS:
		break;
	}
	return wrong(p, "--%s: no such type", o->name);
}

/* A value that was typed. Of two the last would count in silence: neither may be what is meant. */
static int give_value(const struct parser *p, const struct option_row *o, const char *text)
{
	uint64_t bit = UINT64_C(1) << ((o - p->table->rows) & 63);

	if (o->type == OPTION_PORTS || o->type == OPTION_STRINGS || o->type == OPTION_FLAG)
		return set_value(p, o, text);
	if (*p->given & bit)
		return wrong(p, "--%s: '%s' is one too many; write the option once", o->name,
			     echo(text, SIZE_MAX).text);
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
	char name[ECHO_MAX + 1];
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
			     echo(argument, n).text, near.best);
	return wrong(p, "there is no option '%s'; 'troth help %s' lists them",
		     echo(argument, n).text, p->table->command);
}

/* next: the argument behind it, NULL: none. */
static int missing_value(const struct parser *p, const struct option_row *o, const char *next)
{
	char example[128];

	if (next && *next == '-')
		return wrong(p,
			     "--%s needs a value, and '%s' looks like an option; if it is the "
			     "value, write --%s=%s",
			     o->name, echo(next, SIZE_MAX).text, o->name,
			     echo(next, SIZE_MAX).text);

	switch (o->type) {
	case OPTION_ENUM:
		words_list(o->words, example, sizeof(example));
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

/* The value of o: what stands after the '=' or the letter, else the next argument, else NULL. */
static const char *value_of(const char *attached, int argc, char *const argv[], int *at)
{
	if (attached)
		return *attached ? attached : NULL;
	/* An option in the place of a value is a forgotten value; -1 is a bad one. */
	if (*at + 1 >= argc || !*argv[*at + 1] ||
	    (argv[*at + 1][0] == '-' && argv[*at + 1][1] &&
	     !isdigit((unsigned char)argv[*at + 1][1])))
		return NULL;
	return argv[++*at];
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
	value = value_of(attached, argc, argv, at);
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
			value = value_of(letter[1] ? letter + 1 : NULL, argc, argv, at);
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
			     echo(word, SIZE_MAX).text, p->table->command, p->table->command);
	if (!*word)
		return wrong(p, "'' is no %s; leave it out, or write a name", o->name);
	if (words->n == o->max)
		return wrong(p, "'%s' is one too many; %s takes at most %llu %s",
			     echo(word, SIZE_MAX).text, p->table->command,
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
		if (t->rows[i].initial)
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
