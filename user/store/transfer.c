// SPDX-License-Identifier: Apache-2.0
/* transfer.c - the record as lines of text and back. What a line is, lines.h knows. */
#include "transfer.h"

#include <string.h>
#include <sys/stat.h>

#include "db.h"
#include "lines.h"

#define ROWS_A_TIME 20000 /* of an import, in one transaction */

static void read_row(sqlite3_stmt *q, struct line *l)
{
	for (int i = 0; i < LINE_COLUMNS_MAX && l->type->column[i].name; i++) {
		struct line_value *v = &l->value[i];

		*v = (struct line_value){ .number = sqlite3_column_int64(q, i) };
		if (sqlite3_column_type(q, i) == SQLITE_BLOB)
			v->text = sqlite3_column_blob(q, i) ?: "";
		else if (sqlite3_column_type(q, i) == SQLITE_TEXT)
			v->text = (const char *)sqlite3_column_text(q, i);
		v->n = v->text ? (size_t)sqlite3_column_bytes(q, i) : 0;
	}
}

/* Takes json. */
static int print(FILE *out, json_t *json)
{
	int r = 0;

	if (!json)
		return errno == EUCLEAN ? -EUCLEAN : -ENOMEM;
	errno = 0;
	if (json_dumpf(json, out, JSON_COMPACT) || fputc('\n', out) == EOF)
		r = errno ? -errno : -EIO;
	json_decref(json);
	return r;
}

int store_export(struct store *s, FILE *out)
{
	_cleanup_(freep) struct line *l = calloc(1, sizeof(*l));
	uint64_t lines = 0;
	int r = l ? 0 : -ENOMEM;

	for (const struct line_type *t = line_types; !r && t->name; t++) {
		_statement_ sqlite3_stmt *q = NULL;

		l->type = t;
		r = db_prepare(s, t->select, &q);
		while (!r && (r = db_step(q)) == 1) {
			read_row(q, l);
			r = print(out, line_json(l));
			lines++;
		}
	}
	return r ? r :
		   print(out, json_pack("{s:s, s:I}", "type", "end", "lines", (json_int_t)lines));
}

static int bind_row(sqlite3_stmt *q, const struct line *l)
{
	int rc = SQLITE_OK;

	for (int i = 0; i < LINE_COLUMNS_MAX && l->type->column[i].name && !rc; i++) {
		const struct line_value *v = &l->value[i];

		switch (l->type->column[i].kind) {
		case LINE_TEXT:
		case LINE_TEXT_OR_NULL:
			rc = sqlite3_bind_text(q, i + 1, v->text, -1, SQLITE_STATIC);
			break;
		case LINE_YAML:
		case LINE_PEER:
		case LINE_COUNTS:
		case LINE_LOSSES:
			rc = sqlite3_bind_blob64(q, i + 1, v->text, v->n, SQLITE_STATIC);
			break;
		case LINE_SCHEMA:
			rc = sqlite3_bind_null(q, i + 1);
			break;
		default:
			rc = sqlite3_bind_int64(q, i + 1, v->number);
		}
	}
	return db_errno(sqlite3_db_handle(q), rc);
}

struct import {
	struct store *to;
	FILE *in;
	char *text;
	size_t room;
	uint64_t lines; /* read so far */
	bool ended;
	struct line line;
	char *why;
	size_t why_size;
};

__attribute__((format(printf, 2, 3))) static int wrong(struct import *i, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(i->why, i->why_size, "line %llu: %s", (unsigned long long)i->lines, text);
	return -EINVAL;
}

/* 1: a line without its end; 0: no more. No line makes it hold more than LINE_BYTES_MAX. */
static int next_line(struct import *i, size_t *ret_n)
{
	size_t n = 0;
	int c;

	i->lines++;
	while ((c = getc_unlocked(i->in)) != EOF && c != '\n') {
		if (n == LINE_BYTES_MAX)
			return wrong(i, "longer than %u bytes", LINE_BYTES_MAX);
		if (n == i->room) {
			size_t room = i->room ? 2 * i->room : 65536;
			char *text = realloc(i->text, room);

			if (!text)
				return -ENOMEM;
			i->text = text;
			i->room = room;
		}
		i->text[n++] = (char)c;
	}
	if (ferror(i->in))
		return -EIO;
	*ret_n = n;
	return c != EOF || n;
}

static int put_line(struct import *i)
{
	struct line *l = &i->line;
	sqlite3_stmt *q;
	int r;

	if (i->ended)
		return wrong(i, "nothing comes after the line of type 'end'");
	if ((i->lines == 1) != (l->type == line_types))
		return wrong(i, i->lines == 1 ? "the first line is of type 'record'" :
						"only the first line is of type 'record'");
	if (!l->type) {
		i->ended = true;
		if (l->value[0].number != (int64_t)i->lines - 1)
			return wrong(i, "it counts %lld lines, and here are %llu: some are missing",
				     (long long)l->value[0].number,
				     (unsigned long long)i->lines - 1);
		return 0;
	}
	r = db_query(i->to, l->type->insert, &q);
	if (!r)
		r = bind_row(q, l);
	if (!r)
		r = db_run(q);
	return r == -EEXIST ? wrong(i, "such a '%s' was there before", l->type->name) : r;
}

static int read_all(struct import *i)
{
	size_t n = 0;
	char why[200];
	int r = store_begin(i->to);

	while (!r && (r = next_line(i, &n)) == 1) {
		r = line_parse(i->text, n, &i->line, why, sizeof(why));
		r = r ? wrong(i, "%s", why) : put_line(i);
		line_clear(&i->line);
		if (!r && i->lines % ROWS_A_TIME == 0) {
			r = store_commit(i->to);
			if (!r)
				r = store_begin(i->to);
		}
	}
	if (!r && !i->ended)
		r = wrong(i, "the text ends without the line of type 'end': some is missing");
	if (r)
		store_rollback(i->to);
	else
		r = store_commit(i->to);
	return r;
}

struct first_fault {
	char *why;
	size_t why_size;
	unsigned int n;
};

static void fault(void *context, const char *line)
{
	struct first_fault *f = context;

	if (!f->n++)
		snprintf(f->why, f->why_size, "the text contradicts itself: %s", line);
}

static int fill(struct store *to, FILE *in, char *why, size_t why_size)
{
	struct first_fault f = { why, why_size, 0 };
	struct import *i = calloc(1, sizeof(*i));
	int r = -ENOMEM;

	if (i) {
		i->to = to;
		i->in = in;
		i->why = why;
		i->why_size = why_size;
		r = read_all(i);
		free(i->text);
		free(i);
	}
	if (!r)
		r = store_begin(to);
	if (!r) {
		r = store_verify(to, fault, &f);
		store_rollback(to);
	}
	return r ? r : f.n ? -EINVAL : 0;
}

static void remove_all(const char *dir)
{
	static const char *const names[] = { "troth.db", "troth.db-wal", "troth.db-shm",
					     "troth.lock" };
	char path[4096];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

static int is_empty(struct store *s, const char *dir, char *why, size_t why_size)
{
	struct store_size size;
	int r = store_size(s, &size);

	if (r || (!size.began && !size.services && !size.objectives && !size.events))
		return r;
	snprintf(why, why_size,
		 "%s holds a record already, and nothing is added to one; name an empty directory "
		 "with --state-dir, or move this one away",
		 dir);
	return -EEXIST;
}

int store_import(const struct store_options *o, FILE *in, char *why, size_t why_size)
{
	_cleanup_(store_closep) struct store *place = NULL, *to = NULL;
	_cleanup_(freep) char *dir = NULL, *path = NULL;
	struct store_options beside = *o;
	int r = store_open(o, &place, why, why_size);

	if (!r)
		r = is_empty(place, o->dir, why, why_size);
	if (r)
		return r;
	if (asprintf(&dir, "%s/import.tmp", o->dir) < 0)
		dir = NULL;
	if (!dir || asprintf(&path, "%s/troth.db", dir) < 0)
		path = NULL;
	if (!path)
		return -ENOMEM;
	remove_all(dir); /* what a killed one left */
	beside.dir = dir;
	r = store_open(&beside, &to, why, why_size);
	if (!r)
		r = fill(to, in, why, why_size);
	store_close(TAKE(to));
	if (!r)
		r = db_take_place(place, path, why, why_size);
	remove_all(dir);
	if (r && !*why)
		snprintf(why, why_size, "cannot write the record into %s: %s", o->dir,
			 strerror(-r));
	return r;
}
