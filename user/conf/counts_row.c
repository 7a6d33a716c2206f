// SPDX-License-Identifier: Apache-2.0
/* counts_row.c - a line as a row. Leaves the order of lines, and the header, to counts.c. */
#include "counts_row.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/utf8.h"
#include "../base/zone.h"

#define SHOWN_COLUMNS 40 /* of what stands in the file, in a message */
#define PLAIN_DIGITS  18

const char *const counts_field_names[FIELDS] = { "time", "slo", "good", "total", "measured" };

/* Columns count characters, from 1, and lie inside the line. */
static unsigned int column_of(const struct counts *c, size_t at)
{
	unsigned int column = 1;

	for (size_t i = 1; i <= at && i < c->line_n; i++)
		column += (c->line[i] & 0xc0) != 0x80;
	return column;
}

void counts_say(struct counts *c, enum problem_level level, size_t at, const char *format, ...)
{
	struct place place = { .file = c->path,
			       .line = c->line_number ? c->line_number : 1,
			       .column = column_of(c, at) };
	char text[640];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	problem_add(c->problems, level, place, "%s", text);
}

/* What stands in the file, fit for a message. */
char *counts_shown(const char *text)
{
	char *ret = utf8_shortened(text, SHOWN_COLUMNS);

	return ret ? ret : strdup("?");
}

static int read_time(struct counts *c, const char *text, size_t at, int64_t *ret)
{
	_cleanup_(freep) char *typed = NULL;
	const char *fraction = strchr(text, '.');
	int64_t time;

	if (*text == '-' || *text == ' ' || time_parse(text, &time)) {
		typed = counts_shown(text);
		return WRONG(c, at,
			     "'%s' is not a time; write Unix seconds, or one like "
			     "2026-01-31T12:00:00Z",
			     typed);
	}
	if (time < 0 || time > COUNTS_TIME_MAX)
		return WRONG(c, at, "this time is outside of 1970 to 9999; write Unix seconds");
	if (time % c->step_s ||
	    (fraction && strspn(fraction + 1, "0") != strspn(fraction + 1, "0123456789"))) {
		typed = counts_shown(text);
		return WRONG(c, at,
			     "'%s' is not a multiple of the step of %u s; write times that are, or "
			     "--step with the step of these rows",
			     typed, c->step_s);
	}
	*ret = time;
	return 0;
}

static int read_count(struct counts *c, enum field field, uint64_t *ret)
{
	const char *text = c->fields.text[c->column[field]];
	size_t at = c->fields.at[c->column[field]];
	int r = counts_integer_parse(text, ret);
	_cleanup_(freep) char *typed = r ? counts_shown(text) : NULL;

	if (r == -ERANGE)
		return WRONG(c, at, "%s of '%s' is too large; write a count below 2^63",
			     counts_field_names[field], typed);
	if (r)
		return WRONG(c, at, "%s of '%s' is no count; write a whole number in digits only",
			     counts_field_names[field], typed);
	return 0;
}

static int read_share(struct counts *c, uint32_t *ret)
{
	const char *text;
	int r;

	*ret = COUNTS_MEASURED;
	if (c->column[FIELD_MEASURED] < 0)
		return 0;
	text = c->fields.text[c->column[FIELD_MEASURED]];
	r = counts_share_parse(text, ret);
	if (r) {
		_cleanup_(freep) char *typed = counts_shown(text);

		return WRONG(c, c->fields.at[c->column[FIELD_MEASURED]],
			     "measured of '%s' is %s; write the share of the step that was "
			     "measured, from 0 to 1",
			     typed, r == -ERANGE ? "outside of 0 to 1" : "no share");
	}
	return 0;
}

static int read_name(struct counts *c, uint32_t *ret)
{
	const char *text = c->fields.text[c->column[FIELD_SLO]];
	size_t n = c->fields.size[c->column[FIELD_SLO]];
	size_t at = c->fields.at[c->column[FIELD_SLO]];
	_cleanup_(freep) char *printable = NULL;
	int found = counts_names_find(&c->names, text, n);

	if (found >= 0) {
		*ret = (uint32_t)found;
		return 0;
	}
	if (c->complete)
		return WRONG(c, at,
			     "the file changed while it was read; write it to the end first");
	if (!n)
		return WRONG(c, at, "slo is empty; write the name of the objective");
	if (n > COUNTS_NAME_MAX)
		return WRONG(c, at, "this name is too long; write at most %d bytes",
			     COUNTS_NAME_MAX);
	printable = utf8_printable(text);
	if (!printable)
		return -ENOMEM;
	if (strcmp(printable, text))
		return WRONG(c, at,
			     "the name '%s' holds what cannot be printed; write it in UTF-8, "
			     "without control characters",
			     printable);
	found = counts_names_add(&c->names, text, n);
	if (found == -E2BIG)
		return WRONG(c, at, "too many names; write at most %d in one file",
			     COUNTS_NAMES_MAX);
	if (found < 0)
		return found;
	*ret = (uint32_t)found;
	return 0;
}

/* What a row has to be beside the rows before it. at: of time, and of good. NULL, or what is wrong. */
static const char *row_fits(const struct counts *c, const struct counts_row *row)
{
	const struct counts_name_entry *e = &c->names.entry[row->name];

	if (row->good > row->total)
		return "good is more than total; write how many of the total were good";
	if (e->seen && row->time == e->last)
		return "a second row of this slo and time; write one row for each, with the sums";
	if (e->seen && row->time < e->last)
		return "this time is before the last one of this slo; sort the rows by time";
	if (row->total > COUNTS_SUM_MAX - e->sum)
		return "the totals of this slo add up to 2^63 or more; write fewer, or smaller, rows";
	return NULL;
}

static int read_any(struct counts *c, struct counts_row *ret)
{
	struct counts_fields *f = &c->fields;
	const char *wrong;
	size_t at;
	int r;

	wrong = counts_fields_split(f, c->line, c->line_n, &at);
	if (wrong)
		return WRONG(c, at, "%s", wrong);
	if (f->n != c->n_columns)
		return WRONG(
			c, f->n > c->n_columns ? f->at[c->n_columns] : f->at[f->n - 1],
			"%u column%s where the header has %u; write as many, with commas between",
			f->n, f->n == 1 ? "" : "s", c->n_columns);
	at = f->at[c->column[FIELD_TIME]];
	r = read_time(c, f->text[c->column[FIELD_TIME]], at, &ret->time);
	if (!r)
		r = read_name(c, &ret->name);
	if (!r)
		r = read_count(c, FIELD_GOOD, &ret->good);
	if (!r)
		r = read_count(c, FIELD_TOTAL, &ret->total);
	if (!r)
		r = read_share(c, &ret->measured);
	if (r)
		return r;
	wrong = row_fits(c, ret);
	if (wrong)
		return WRONG(c, ret->good > ret->total ? f->at[c->column[FIELD_GOOD]] : at, "%s",
			     wrong);
	return 0;
}

/* Digits at *p, and the comma behind them. */
static bool plain_integer(const char **p, char behind, uint64_t *ret)
{
	const char *begin = *p;
	uint64_t n = 0;
	unsigned int digit;

	for (; (digit = (unsigned char)**p - '0') < 10; ++*p)
		n = 10 * n + digit;
	*ret = n;
	return *p - begin > 0 && *p - begin <= PLAIN_DIGITS && *(*p)++ == behind;
}

static bool plain_time(struct counts *c, const char **p, const char *end, int64_t *ret)
{
	const char *begin = *p;
	uint64_t time;

	if (c->time_n && (size_t)(end - begin) > c->time_n && begin[c->time_n] == ',' &&
	    !memcmp(begin, c->time_text, c->time_n)) {
		*p += c->time_n + 1;
		*ret = c->time;
		return true;
	}
	if (!plain_integer(p, ',', &time) || time > COUNTS_TIME_MAX || time % c->step_s)
		return false;
	c->time_n = (size_t)(*p - 1 - begin);
	memcpy(c->time_text, begin, c->time_n);
	*ret = c->time = (int64_t)time;
	return true;
}

/* "1", "0", "0.25": the rest is read_any()'s. */
static bool plain_share(const char *p, const char *end, uint32_t *ret)
{
	uint32_t n = 0, digits = 0;

	if (end - p == 1 && (*p == '1' || *p == '0')) {
		*ret = *p == '1' ? COUNTS_MEASURED : 0;
		return true;
	}
	if (end - p < 3 || end - p > 11 || p[0] != '0' || p[1] != '.')
		return false;
	for (p += 2; p < end && (unsigned char)(*p - '0') < 10; p++, digits++)
		n = 10 * n + (uint32_t)(*p - '0');
	for (; digits < 9; digits++)
		n *= 10;
	*ret = n;
	return p == end;
}

static bool read_plain(struct counts *c, struct counts_row *ret)
{
	const char *p = c->line, *end = p + c->line_n;
	bool share = c->column[FIELD_MEASURED] >= 0;
	const struct counts_name_entry *e;

	if (!c->plain || !plain_time(c, &p, end, &ret->time))
		return false;
	e = counts_names_turn(&c->names, p, end);
	if (e) {
		p += e->n + 1;
		ret->name = (uint32_t)(e - c->names.entry);
	} else {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		int found = comma ? counts_names_find(&c->names, p, (size_t)(comma - p)) : -ENOENT;

		if (found < 0 || !c->names.entry[found].plain)
			return false;
		ret->name = (uint32_t)found;
		p = comma + 1;
	}
	if (!plain_integer(&p, ',', &ret->good))
		return false;
	ret->measured = COUNTS_MEASURED;
	/* *end is no digit: a line end, or the end of the buffer. */
	if (share ? !plain_integer(&p, ',', &ret->total) || !plain_share(p, end, &ret->measured) :
		    !plain_integer(&p, *end, &ret->total) || p != end + 1)
		return false;
	return !row_fits(c, ret);
}

static void remember(struct counts *c, const struct counts_row *row)
{
	struct counts_name_entry *e = &c->names.entry[row->name];

	c->names.entry[c->names.previous].follower = row->name;
	c->names.previous = row->name;
	e->last = row->time;
	e->sum += row->total;
	e->seen = true;
}

int counts_row_read(struct counts *c, struct counts_row *ret)
{
	if (!read_plain(c, ret)) {
		int r = read_any(c, ret);

		if (r)
			return r;
	}
	remember(c, ret);
	return 0;
}
