// SPDX-License-Identifier: Apache-2.0
/* problems_said.c - see problems_said.h. Leaves to the commands what they print, and where. */
#include "problems_said.h"

#include "../base/cleanup.h"
#include "../base/utf8.h"

void problem_say(FILE *f, const struct problem *p)
{
	_cleanup_(freep) char *file = utf8_printable(p->place.file);

	fputs(file ? file : "?", f);
	if (p->place.line)
		fprintf(f, ":%u:%u", p->place.line, p->place.column);
	fprintf(f, ": %s: %s\n", p->level == PROBLEM_ERROR ? "error" : "warning", p->message);
}

void problems_say_errors(FILE *f, const struct problems *p)
{
	size_t said = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (p->item[i].level != PROBLEM_ERROR)
			continue;
		problem_say(f, &p->item[i]);
		said++;
	}
	if (p->errors > said && !p->out_of_memory)
		fprintf(f, "troth: and %zu more errors\n", p->errors - said);
}
