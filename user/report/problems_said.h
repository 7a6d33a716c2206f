/* SPDX-License-Identifier: Apache-2.0 */
/* problems_said.h - problems of files as lines: the same form in every command. */
#ifndef TROTH_REPORT_PROBLEMS_SAID_H
#define TROTH_REPORT_PROBLEMS_SAID_H

#include <stdio.h>

#include "../conf/problem.h"

/* "file:line:column: level: message" and a newline; of a flag "--name: level: message". */
void problem_say(FILE *f, const struct problem *p);

/* The errors, each on its line, in the list's order; then how many of them were not kept. */
void problems_say_errors(FILE *f, const struct problems *p);

#endif
