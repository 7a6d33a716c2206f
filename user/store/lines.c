// SPDX-License-Identifier: Apache-2.0
/* lines.c - a row as a line of JSON, and a line as a row. Knows no database. */
#include "lines.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/utf8.h"

#define MINUTE_S   60
#define HOUR_S	   3600
#define TIME_S_MAX INT64_C(64424509380) /* the year 4011, as db.h */
#define ID_MAX	   UINT32_MAX

static const char *const roles[ROLES] = { "server", "client" };

/* Bytes that are no UTF-8 are replaced. */
static json_t *text_json(const char *text, size_t n)
{
	_cleanup_(freep) char *copy = NULL, *valid = NULL;
	json_t *json = text ? json_stringn(text, n) : json_null();

	if (json)
		return json;
	copy = strndup(text, n);
	valid = copy ? utf8_valid(copy) : NULL;
	return valid ? json_string(valid) : NULL;
}

static json_t *peer_json(const struct line_value *v)
{
	const unsigned char *peer = (const unsigned char *)v->text;
	char hex[33] = "";

	if (!peer)
		return json_null();
	if (v->n != 16) {
		errno = EUCLEAN;
		return NULL;
	}
	for (int i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", peer[i]);
	return json_string(hex);
}

static json_t *value_json(enum line_kind kind, const struct line_value *v)
{
	switch (kind) {
	case LINE_ID:
	case LINE_NUMBER:
	case LINE_SIGNED:
		return json_integer(v->number);
	case LINE_MINUTE:
		return json_integer(v->number * MINUTE_S);
	case LINE_HOUR:
		return json_integer(v->number * HOUR_S);
	case LINE_FLAG:
		return json_boolean(v->number != 0);
	case LINE_ROLE:
		return json_string(roles[v->number == ROLE_CLIENT]);
	case LINE_TEXT:
	case LINE_YAML:
		return text_json(v->text ?: "", v->text ? v->n : 0);
	case LINE_TEXT_OR_NULL:
		return text_json(v->text, v->n);
	case LINE_PEER:
		return peer_json(v);
	case LINE_COUNTS:
		return counts_json((const unsigned char *)v->text, v->n);
	case LINE_LOSSES:
		return losses_json((const unsigned char *)v->text, v->n);
	case LINE_SCHEMA:
		return json_string(LINES_SCHEMA);
	}
	return NULL;
}

json_t *line_json(const struct line *l)
{
	json_t *object = json_object();
	int failed;

	errno = 0;
	failed = json_object_set_new(object, "type", json_string(l->type->name));
	for (int i = 0; !failed && i < LINE_COLUMNS_MAX && l->type->column[i].name; i++) {
		const struct line_column *c = &l->type->column[i];

		failed = json_object_set_new(object, c->name, value_json(c->kind, &l->value[i]));
	}
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

struct reader {
	struct line *line;
	char *why;
	size_t why_size;
};

__attribute__((format(printf, 2, 3))) static int wrong(const struct reader *r, const char *format,
						       ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->why, r->why_size, format, args);
	va_end(args);
	return -EINVAL;
}

static int read_number(const struct reader *r, const struct line_column *c, json_t *json,
		       struct line_value *v)
{
	int64_t n = json_integer_value(json), unit = 1;
	int64_t low = c->kind == LINE_SIGNED ? INT64_MIN : c->kind == LINE_ID ? 1 : 0;
	int64_t high = c->kind == LINE_ID ? (int64_t)ID_MAX : INT64_MAX;

	if (c->kind == LINE_MINUTE || c->kind == LINE_HOUR) {
		unit = c->kind == LINE_MINUTE ? MINUTE_S : HOUR_S;
		high = TIME_S_MAX;
	}
	if (!json_is_integer(json) || n < low || n > high)
		return wrong(r, "'%s' is a whole number from %lld to %lld", c->name, (long long)low,
			     (long long)high);
	if (n % unit)
		return wrong(r, "'%s' is a multiple of %lld", c->name, (long long)unit);
	v->number = n / unit;
	return 0;
}

static int read_text(const struct reader *r, const struct line_column *c, json_t *json,
		     struct line_value *v)
{
	if (c->kind == LINE_TEXT_OR_NULL && json_is_null(json))
		return 0;
	if (!json_is_string(json))
		return wrong(r, "'%s' is text in quotes", c->name);
	v->text = json_string_value(json);
	v->n = json_string_length(json);
	if (c->kind != LINE_YAML && v->n > LINE_TEXT_MAX)
		return wrong(r, "'%s' is longer than %d bytes", c->name, LINE_TEXT_MAX);
	return 0;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_peer(const struct reader *r, const struct line_column *c, json_t *json,
		     struct line_value *v)
{
	const char *hex = json_string_value(json);

	if (json_is_null(json))
		return 0;
	if (!hex || json_string_length(json) != 32 || strspn(hex, "0123456789abcdef") != 32)
		return wrong(r, "'%s' is 32 hex digits, or null", c->name);
	for (int i = 0; i < 16; i++)
		r->line->peer[i] =
			(unsigned char)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
	v->text = (const char *)r->line->peer;
	v->n = 16;
	return 0;
}

static int read_counts(const struct reader *r, json_t *json, struct line_value *v)
{
	struct series_counts c;
	int error = counts_parse(json, &c, r->why, r->why_size);

	if (error)
		return error;
	v->text = (const char *)r->line->counts;
	v->n = codec_write(&c, r->line->counts);
	return 0;
}

static int read_losses(const struct reader *r, json_t *json, struct line_value *v)
{
	struct losses l;
	int error = losses_parse(json, &l, r->why, r->why_size);

	if (error)
		return error;
	v->text = (const char *)r->line->losses;
	v->n = losses_write(&l, r->line->losses);
	return 0;
}

static int read_value(const struct reader *r, const struct line_column *c, json_t *json,
		      struct line_value *v)
{
	const char *text = json_string_value(json);

	switch (c->kind) {
	case LINE_ID:
	case LINE_NUMBER:
	case LINE_SIGNED:
	case LINE_MINUTE:
	case LINE_HOUR:
		return read_number(r, c, json, v);
	case LINE_FLAG:
		v->number = json_is_true(json);
		return json_is_boolean(json) ? 0 : wrong(r, "'%s' is true or false", c->name);
	case LINE_ROLE:
		v->number = text && !strcmp(text, roles[ROLE_CLIENT]) ? ROLE_CLIENT : ROLE_SERVER;
		return text && !strcmp(text, roles[v->number]) ?
			       0 :
			       wrong(r, "'%s' is \"server\" or \"client\"", c->name);
	case LINE_TEXT:
	case LINE_TEXT_OR_NULL:
	case LINE_YAML:
		return read_text(r, c, json, v);
	case LINE_PEER:
		return read_peer(r, c, json, v);
	case LINE_COUNTS:
		return read_counts(r, json, v);
	case LINE_LOSSES:
		return read_losses(r, json, v);
	case LINE_SCHEMA:
		return text && !strcmp(text, LINES_SCHEMA) ?
			       0 :
			       wrong(r,
				     "'%s' is not \"" LINES_SCHEMA "\", which is all that this "
				     "troth reads",
				     c->name);
	}
	return -EINVAL;
}

static const struct line_type *type_of(const char *name)
{
	for (const struct line_type *t = line_types; t->name; t++)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

static int read_fields(const struct reader *r)
{
	const struct line_column *c = r->line->type->column;
	size_t n = 1; /* type */

	for (int i = 0; i < LINE_COLUMNS_MAX && c[i].name; i++, n++) {
		json_t *json = json_object_get(r->line->root, c[i].name);
		int error;

		if (!json)
			return wrong(r, "'%s' is missing", c[i].name);
		error = read_value(r, &c[i], json, &r->line->value[i]);
		if (error)
			return error;
	}
	if (json_object_size(r->line->root) != n)
		return wrong(r, "there is a field that no line of type '%s' has",
			     r->line->type->name);
	return 0;
}

int line_parse(const char *text, size_t n, struct line *ret, char *why, size_t why_size)
{
	struct reader r = { ret, why, why_size };
	json_error_t error;
	const char *type;

	ret->type = NULL;
	memset(ret->value, 0, sizeof(ret->value));
	ret->root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);
	if (!ret->root)
		return wrong(&r, "column %d: no JSON: %s", error.column, error.text);
	type = json_string_value(json_object_get(ret->root, "type"));
	if (!type)
		return wrong(&r, "an object whose 'type' says what it is was expected");
	if (!strcmp(type, "end")) {
		json_t *lines = json_object_get(ret->root, "lines");

		ret->value[0].number = json_integer_value(lines);
		return json_is_integer(lines) && json_object_size(ret->root) == 2 ?
			       0 :
			       wrong(&r, "'lines' is missing");
	}
	ret->type = type_of(type);
	if (!ret->type)
		return wrong(&r, "there is no type '%.40s'", type);
	return read_fields(&r);
}

void line_clear(struct line *l)
{
	json_decref(l->root);
	l->root = NULL;
}
