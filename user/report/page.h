/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page.h - lays words out in lines that fit a terminal of 100 columns.
 * Knows: columns, colour, what a terminal must not be sent. Must not know: what is said.
 */
#ifndef TROTH_REPORT_PAGE_H
#define TROTH_REPORT_PAGE_H

#include <stdbool.h>
#include <stdio.h>

#define PAGE_COLUMNS 100

enum ink { INK_PLAIN, INK_STRONG, INK_FAINT, INK_GOOD, INK_BAD };

struct page {
	FILE *out;
	bool colour;
	int error;	     /* first -errno of the stream; then nothing more is written */
	unsigned int hang;   /* where the lines begin that one line overflows into */
	unsigned int column; /* of the current line */
};

/* A line begins with its label at indent; items stand from hang on. */
void page_line(struct page *p, unsigned int indent, enum ink ink, const char *label,
	       unsigned int hang);
/* Two columns after the last item, or on a line of its own if it would not fit. Never broken. */
void page_item(struct page *p, enum ink ink, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* An item of at most columns, its middle left out where it is longer. */
void page_name(struct page *p, enum ink ink, const char *name, unsigned int columns);
/* Running text: broken between words. */
void page_words(struct page *p, enum ink ink, const char *text);
void page_end(struct page *p); /* of the line */

#endif
