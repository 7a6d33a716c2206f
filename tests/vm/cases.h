/* SPDX-License-Identifier: Apache-2.0 */
/* cases.h - the tables of cases, each of which ends in one without a name. */
#ifndef TROTH_VM_CASES_H
#define TROTH_VM_CASES_H

#include "scene.h"

extern const struct vm_case http_cases[], call_cases[], end_cases[], many_cases[];

extern const struct vm_case *const case_tables[]; /* all of them, then NULL */

/* What several tables play: the server answers what the path asks for until the client leaves. */
struct wire;
void answer_as_asked(struct scene *s, struct wire *w);
void ask_and_count(struct scene *s, struct wire *w, int status, size_t body_len);
int mixed(unsigned int i); /* 200, 404, 500 in turn */

#endif
