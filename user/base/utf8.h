/* SPDX-License-Identifier: Apache-2.0 */
/*
 * utf8.h - text from outside (comm holds any byte) made fit for JSON and terminals.
 * Knows: RFC 3629, columns. Must not know: formats.
 */
#ifndef TROTH_BASE_UTF8_H
#define TROTH_BASE_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#define UTF8_REPLACEMENT 0xfffdu

/* Code point at *p, which moves past it; UTF8_REPLACEMENT for a byte that is not UTF-8. */
uint32_t utf8_next(const char **p);

/* Valid UTF-8, each wrong byte replaced. The caller frees; NULL: no memory. */
char *utf8_valid(const char *s);

/* As utf8_valid(), and what moves a cursor or turns the direction of text becomes '?'. */
char *utf8_printable(const char *s);

/* Columns on a terminal, at most: what may be wide counts two, combining marks count one. */
unsigned int utf8_columns(const char *s);

/* A printable copy of at most columns, the middle left out ("ab…yz"). The caller frees. */
char *utf8_shortened(const char *s, unsigned int columns);

#endif
