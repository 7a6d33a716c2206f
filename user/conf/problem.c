// SPDX-License-Identifier: Apache-2.0
/* problem.c - a list that grows to its limit and then only counts. Prints nothing. */
#include "problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/utf8.h"

#define MESSAGE_MAX 1024 /* bytes of one message */

/* Room for one more of size in *items; false: no memory. */
static bool grow(void **items, size_t n, size_t *room, size_t size)
{
	size_t wanted = *room ? 2 * *room : 16;
	void *more;

	if (n < *room)
		return true;
	more = reallocarray(*items, wanted, size);
	if (!more)
		return false;
	*items = more;
	*room = wanted;
	return true;
}

/* The newest is asked first: files come one by one. NULL: no memory. */
static struct problems_file *own_file(struct problems *p, const char *file)
{
	char *copy;

	for (size_t i = p->n_files; i-- > 0;)
		if (!strcmp(p->file[i].name, file))
			return &p->file[i];
	if (!grow((void **)&p->file, p->n_files, &p->files_room, sizeof(*p->file)))
		return NULL;
	copy = strdup(file);
	if (!copy)
		return NULL;
	p->file[p->n_files] = (struct problems_file){ .name = copy };
	return &p->file[p->n_files++];
}

void problems_mention(struct problems *p, const char *file)
{
	if (!own_file(p, file))
		p->out_of_memory = true;
}

static bool same_place(const struct place *a, const struct place *b)
{
	return a->line == b->line && a->column == b->column && a->file == b->file;
}

static bool stands_already(const struct problems *p, const struct problem *new)
{
	for (size_t i = 0; i < p->n; i++)
		if (same_place(&p->item[i].place, &new->place) && p->item[i].level == new->level &&
		    !strcmp(p->item[i].message, new->message))
			return true;
	return false;
}

/* In a full list an error takes the place of the last warning; its number, or n: there is none. */
static size_t warning_to_drop(const struct problems *p)
{
	for (size_t i = p->n; i-- > 0;)
		if (p->item[i].level == PROBLEM_WARNING)
			return i;
	return p->n;
}

static bool has_place(const struct problems *p, enum problem_level level)
{
	return p->n < PROBLEMS_MAX || (level == PROBLEM_ERROR && warning_to_drop(p) < p->n);
}

/* NULL: no memory. */
static struct problem *slot(struct problems *p)
{
	size_t i = p->n;

	if (p->n < PROBLEMS_MAX)
		return grow((void **)&p->item, p->n, &p->room, sizeof(*p->item)) ?
			       &p->item[p->n++] :
			       NULL;
	i = warning_to_drop(p);
	free(p->item[i].message);
	return &p->item[i];
}

static void count(struct problems *p, struct problems_file *f, enum problem_level level)
{
	*(level == PROBLEM_ERROR ? &p->errors : &p->warnings) += 1;
	f->errors += level == PROBLEM_ERROR;
}

void problem_add(struct problems *p, enum problem_level level, struct place at, const char *format,
		 ...)
{
	_cleanup_(freep) char *clean = NULL;
	struct problem new = { .place = at, .level = level };
	struct problems_file *file = own_file(p, at.file);
	char message[MESSAGE_MAX];
	struct problem *item;
	va_list args;

	p->raised += level == PROBLEM_ERROR;
	if (file && !has_place(p, level)) {
		count(p, file, level);
		return;
	}
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	clean = utf8_printable(message);
	if (!clean || !file) {
		p->out_of_memory = true;
		return;
	}
	new.place.file = file->name;
	new.message = clean;
	if (stands_already(p, &new))
		return;
	count(p, file, level);
	item = slot(p);
	if (!item) {
		p->out_of_memory = true;
		return;
	}
	*item = new;
	clean = NULL;
}

static size_t file_rank(const struct problems *p, const char *file)
{
	size_t i = 0;

	while (i < p->n_files && p->file[i].name != file)
		i++;
	return i;
}

static bool comes_after(const struct problems *p, const struct place *a, const struct place *b)
{
	if (a->file != b->file)
		return file_rank(p, a->file) > file_rank(p, b->file);
	if (a->line != b->line)
		return a->line > b->line;
	return a->column > b->column;
}

/* By insertion: stable, and no longer than PROBLEMS_MAX. */
void problems_sort(struct problems *p)
{
	for (size_t i = 1; i < p->n; i++) {
		struct problem moved = p->item[i];
		size_t at = i;

		for (; at && comes_after(p, &p->item[at - 1].place, &moved.place); at--)
			p->item[at] = p->item[at - 1];
		p->item[at] = moved;
	}
}

void problems_clear(struct problems *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->item[i].message);
	for (size_t i = 0; i < p->n_files; i++)
		free(p->file[i].name);
	free(p->item);
	free(p->file);
	*p = (struct problems){};
}
