// SPDX-License-Identifier: Apache-2.0
/* page.c - wrapping and colour. Whatever is handed in, no line is wider than PAGE_COLUMNS. */
#include "page.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/utf8.h"

static void put(struct page *p, const char *s)
{
	if (p->error)
		return;
	errno = 0;
	if (fputs(s, p->out) == EOF)
		p->error = errno ? -errno : -EIO;
}

static void pad_to(struct page *p, unsigned int column)
{
	for (; p->column < column; p->column++)
		put(p, " ");
}

/* Bold and the terminal's own colours: readable on light and dark, and told in words too. */
static void put_ink(struct page *p, enum ink ink, const char *s)
{
	static const char *const codes[] = {
		[INK_STRONG] = "\033[1m",
		[INK_FAINT] = "\033[2m",
		[INK_GOOD] = "\033[32m",
		[INK_BAD] = "\033[1;31m",
	};
	bool coloured = p->colour && ink != INK_PLAIN;

	if (coloured)
		put(p, codes[ink]);
	put(p, s);
	if (coloured)
		put(p, "\033[0m");
}

static void place(struct page *p, enum ink ink, const char *s, unsigned int gap)
{
	_cleanup_(freep) char *fitting = utf8_shortened(s, PAGE_COLUMNS - p->hang);
	unsigned int columns;

	if (!fitting) {
		p->error = -ENOMEM;
		return;
	}
	columns = utf8_columns(fitting);
	if (p->column < p->hang)
		gap = p->hang - p->column;
	else if (!p->column)
		gap = 0;
	if (p->column + gap + columns > PAGE_COLUMNS) {
		page_end(p);
		gap = p->hang;
	}
	pad_to(p, p->column + gap);
	put_ink(p, ink, fitting);
	p->column += columns;
}

void page_line(struct page *p, unsigned int indent, enum ink ink, const char *label,
	       unsigned int hang)
{
	p->column = 0;
	p->hang = indent;
	if (*label)
		place(p, ink, label, 0);
	p->hang = hang;
}

void page_item(struct page *p, enum ink ink, const char *format, ...)
{
	_cleanup_(freep) char *item = NULL;
	va_list args, again;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	item = length < 0 ? NULL : malloc(length + 1);
	if (item)
		vsnprintf(item, length + 1, format, again);
	va_end(again);
	if (item)
		place(p, ink, item, 2);
	else
		p->error = -ENOMEM;
}

void page_name(struct page *p, enum ink ink, const char *name, unsigned int columns)
{
	_cleanup_(freep) char *fitting = utf8_shortened(name, columns);

	if (fitting)
		place(p, ink, fitting, 2);
	else
		p->error = -ENOMEM;
}

void page_words(struct page *p, enum ink ink, const char *text)
{
	_cleanup_(freep) char *copy = strdup(text);
	char *rest = NULL;

	if (!copy) {
		p->error = -ENOMEM;
		return;
	}
	for (char *word = strtok_r(copy, " \t\n", &rest); word;
	     word = strtok_r(NULL, " \t\n", &rest))
		place(p, ink, word, 1);
}

void page_end(struct page *p)
{
	put(p, "\n");
	p->column = 0;
}
