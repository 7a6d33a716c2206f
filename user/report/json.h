/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - building JSON where memory may end. NULL stands for "no memory" everywhere; what is not
 * known is null, never 0.
 */
#ifndef TROTH_REPORT_JSON_H
#define TROTH_REPORT_JSON_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

json_t *json_text(const char *s);  /* NULL: null; bytes that are no UTF-8 are replaced */
json_t *json_count(uint64_t n);	   /* up to 2^63 - 1 */
json_t *json_number(double value); /* null where it is not finite; below 1: never printed as 1 */
json_t *json_seconds(uint64_t ns); /* whole seconds without a point */
json_t *json_moment(int64_t time); /* RFC 3339 */
json_t *json_moment_or_null(int64_t time); /* 0: null */

/* Takes object and value. NULL if either is or memory ends, so that calls can be nested. */
json_t *json_with(json_t *object, const char *key, json_t *value);
/* Takes list and value, as json_with(). */
json_t *json_add(json_t *list, json_t *value);

/* Takes root, which may be NULL. On a terminal all but ASCII is escaped. 0, -ENOMEM or -errno of out. */
int json_print(FILE *out, json_t *root);
/* The same on one line and without its end: an element of a list that is printed bit by bit. */
int json_print_element(FILE *out, json_t *element);
/*
 * Begins such a document: root's keys, then `key` and an open list. json_list_end() after the last
 * element; in between the caller writes ",\n".
 */
int json_list_begin(FILE *out, json_t *root, const char *key);
int json_list_end(FILE *out);

#endif
