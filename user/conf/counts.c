// SPDX-License-Identifier: Apache-2.0
/*
 * counts.c - a file of recorded counts: its header, its rows in order, and what can be said of all of
 * them. Leaves one row to counts_row.c, and bytes to counts_input.c.
 */
#include "counts.h"

#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/nearest.h"
#include "counts_row.h"

#define ROWS_TO_DOUBT 100 /* of one name */

static int next_line(struct counts *c)
{
	int r;

	do {
		r = counts_input_line(&c->input, &c->line, &c->line_n);
		if (r < 0 && r != -E2BIG)
			counts_say(c, PROBLEM_ERROR, 0, "cannot be read: %s", strerror(-r));
		if (!r || (r < 0 && r != -E2BIG))
			return r;
		c->line_number++;
		if (r == -E2BIG)
			return WRONG(c, c->line_n, "this line is too long; write at most %d bytes",
				     COUNTS_LINE_MAX);
	} while (!c->line_n);
	return 1;
}

int counts_next(struct counts *c, struct counts_row *ret)
{
	int r = next_line(c);

	if (r <= 0)
		return r;
	r = counts_row_read(c, ret);
	return r ? r : 1;
}

/* Which field this column is; FIELDS: none. */
static enum field field_named(struct counts *c, const char *name, size_t at)
{
	_cleanup_(freep) char *typed = NULL;
	struct nearest near = { .word = name };

	for (enum field i = 0; i < FIELDS; i++) {
		if (!strcmp(name, counts_field_names[i]))
			return i;
		if (c->column[i] < 0)
			nearest_offer(&near, counts_field_names[i]);
	}
	typed = counts_shown(name);
	if (near.best)
		counts_say(
			c, PROBLEM_WARNING, at,
			"the column '%s' is unknown and left aside; write '%s' if that was meant",
			typed, near.best);
	else
		counts_say(c, PROBLEM_WARNING, at,
			   "the column '%s' is unknown and left aside; the columns are "
			   "time,slo,good,total,measured",
			   typed);
	return FIELDS;
}

static int read_header(struct counts *c)
{
	int r = next_line(c);
	const char *wrong;
	size_t at;

	if (!r)
		return WRONG(c, 0, "the file is empty; write the header time,slo,good,total first");
	if (r < 0)
		return r;
	if (c->line_n >= 3 && !memcmp(c->line, "\xef\xbb\xbf", 3)) {
		c->line += 3;
		c->line_n -= 3;
	}
	wrong = counts_fields_split(&c->fields, c->line, c->line_n, &at);
	if (wrong)
		return WRONG(c, at, "%s", wrong);
	c->n_columns = c->fields.n;
	c->plain = true;
	for (unsigned int i = 0; i < c->n_columns; i++) {
		enum field field = field_named(c, c->fields.text[i], c->fields.at[i]);

		if (field < FIELDS && c->column[field] >= 0)
			return WRONG(c, c->fields.at[i], "a second column '%s'; write it once",
				     counts_field_names[field]);
		if (field < FIELDS)
			c->column[field] = (int)i;
		c->plain &= field < FIELDS && field == i;
	}
	for (enum field i = 0; i < FIELD_MEASURED; i++)
		if (c->column[i] < 0)
			return WRONG(c, 0,
				     "there is no column '%s'; write time,slo,good,total as the "
				     "first line",
				     counts_field_names[i]);
	return 0;
}

static int note_row(struct counts *c, const struct counts_row *row)
{
	struct counts_name *name = &c->names.entry[row->name].name;

	int64_t gap = row->time - name->last;

	if (!name->rows++)
		name->first = row->time;
	else if (!c->gap || gap < c->gap)
		c->gap = gap;
	name->last = row->time;
	if (!c->rows || row->time < c->from)
		c->from = row->time;
	if (!c->rows || row->time > c->last)
		c->last = row->time;
	c->rows = true;
	if ((c->last - c->from) / c->step_s < COUNTS_STEPS_MAX)
		return 0;
	return WRONG(c, 0,
		     "this row is more than %u steps of %u s away from others; write a longer "
		     "--step, or look for a mistyped time",
		     COUNTS_STEPS_MAX, c->step_s);
}

/* Many rows that never follow one another closely were hardly meant to be a step long. */
static void doubt_step(struct counts *c)
{
	uint64_t rows = 0;

	for (uint32_t i = 0; i < c->names.n; i++)
		if (rows < c->names.entry[i].name.rows)
			rows = c->names.entry[i].name.rows;
	c->line_number = 1;
	c->line_n = 0;
	if (rows >= ROWS_TO_DOUBT && c->gap > c->step_s)
		counts_say(c, PROBLEM_WARNING, 0,
			   "rows are never less than %lld s apart, and what lies between counts as "
			   "unmeasured; write --step %llds if each stands for that long",
			   (long long)c->gap, (long long)c->gap);
}

/* The header, and what to do again at a rewind. */
static int begin(struct counts *c)
{
	c->line_number = 0;
	c->line_n = 0;
	c->time_n = 0;
	for (enum field i = 0; i < FIELDS; i++)
		c->column[i] = -1;
	return read_header(c);
}

int counts_open(const char *path, uint32_t step_s, struct problems *problems, struct counts **ret)
{
	struct counts *c = calloc(1, sizeof(*c));
	struct counts_row row;
	int r;

	if (!c)
		return -ENOMEM;
	*c = (struct counts){ .path = strcmp(path, "-") ? path : "stdin",
			      .problems = problems,
			      .step_s = step_s };
	r = counts_input_open(path, &c->input);
	if (r)
		counts_say(c, PROBLEM_ERROR, 0,
			   "cannot be read: %s; write the name of a file of counts", strerror(-r));
	if (!r)
		r = begin(c);
	while (!r) {
		r = counts_next(c, &row);
		if (r <= 0)
			break;
		r = note_row(c, &row);
	}
	if (r) {
		counts_free(c);
		return r;
	}
	c->complete = true;
	doubt_step(c);
	counts_rewind(c);
	*ret = c;
	return 0;
}

void counts_free(struct counts *c)
{
	if (!c)
		return;
	counts_input_close(&c->input);
	counts_names_clear(&c->names);
	free(c);
}

void counts_rewind(struct counts *c)
{
	const char *line;
	size_t n;

	counts_input_rewind(&c->input);
	counts_names_rewind(&c->names);
	c->line_number = 0;
	/* The header was fine; what it is now does not matter any more. */
	do {
		if (counts_input_line(&c->input, &line, &n) <= 0)
			break;
		c->line_number++;
	} while (!n);
}

size_t counts_n_names(const struct counts *c)
{
	return c->names.n;
}

const struct counts_name *counts_name(const struct counts *c, size_t i)
{
	return &c->names.entry[i].name;
}

bool counts_range(const struct counts *c, int64_t *ret_from, int64_t *ret_to)
{
	*ret_from = c->from;
	*ret_to = c->last + c->step_s;
	return c->rows;
}
