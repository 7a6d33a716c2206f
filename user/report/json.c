// SPDX-License-Identifier: Apache-2.0
/* json.c - jansson, with the habits that every document here shares. */
#include "json.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/utf8.h"
#include "../base/zone.h"

#define SECOND_NS  1000000000u
#define DIGITS	   15
#define JUST_BELOW 0.999999999999999 /* the largest number below 1 that DIGITS can say */

json_t *json_text(const char *s)
{
	_cleanup_(freep) char *valid = NULL;

	if (!s)
		return json_null();
	valid = utf8_valid(s);
	return valid ? json_string(valid) : NULL;
}

json_t *json_count(uint64_t n)
{
	return json_integer(n > LLONG_MAX ? LLONG_MAX : (json_int_t)n);
}

json_t *json_number(double value)
{
	if (!isfinite(value))
		return json_null();
	/*
	 * DIGITS are printed, and would round up to 1 what is less: a promise that may break to one that
	 * must not, or a failure away. Cut off instead.
	 */
	return json_real(value < 1 && value > JUST_BELOW ? JUST_BELOW : value);
}

json_t *json_seconds(uint64_t ns)
{
	return ns % SECOND_NS ? json_real((double)ns / SECOND_NS) : json_count(ns / SECOND_NS);
}

json_t *json_moment(int64_t time)
{
	char text[TIME_TEXT];

	return json_string(time_format(time, text));
}

json_t *json_moment_or_null(int64_t time)
{
	return time ? json_moment(time) : json_null();
}

json_t *json_with(json_t *object, const char *key, json_t *value)
{
	if (!object) {
		json_decref(value);
		return NULL;
	}
	if (!json_object_set_new(object, key, value))
		return object;
	json_decref(object);
	return NULL;
}

json_t *json_add(json_t *list, json_t *value)
{
	if (!list) {
		json_decref(value);
		return NULL;
	}
	if (!json_array_append_new(list, value))
		return list;
	json_decref(list);
	return NULL;
}

int json_print(FILE *out, json_t *root)
{
	_cleanup_(json_decrefp) json_t *owned = root;
	/* DIGITS: 0.994 is printed as it was written, not as its nearest double. */
	size_t flags = JSON_INDENT(2) | JSON_REAL_PRECISION(DIGITS);

	if (!owned)
		return -ENOMEM;
	/* Names may steer a terminal, or turn its direction; escapes mean the same to a program. */
	if (isatty(fileno(out)))
		flags |= JSON_ENSURE_ASCII;
	errno = 0;
	if (json_dumpf(owned, out, flags) || fputc('\n', out) == EOF || fflush(out))
		return errno ? -errno : -EIO;
	return 0;
}

static int written(FILE *out, bool good)
{
	return good && !ferror(out) ? 0 : errno ? -errno : -EIO;
}

int json_print_element(FILE *out, json_t *element)
{
	_cleanup_(json_decrefp) json_t *owned = element;

	if (!owned)
		return -ENOMEM;
	errno = 0;
	return written(out, !json_dumpf(owned, out, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS)));
}

int json_list_begin(FILE *out, json_t *root, const char *key)
{
	_cleanup_(json_decrefp) json_t *owned = root;
	_cleanup_(freep) char *text = NULL;

	text = owned ? json_dumps(owned, JSON_INDENT(2) | JSON_REAL_PRECISION(DIGITS)) : NULL;
	if (!text)
		return -ENOMEM;
	text[strlen(text) - 2] = '\0'; /* its last line, the closing brace */
	errno = 0;
	return written(out, fprintf(out, "%s,\n  \"%s\": [\n", text, key) > 0);
}

int json_list_end(FILE *out)
{
	errno = 0;
	return written(out, fputs("\n]}\n", out) >= 0 && !fflush(out));
}
