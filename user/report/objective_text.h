/* SPDX-License-Identifier: Apache-2.0 */
/*
 * objective_text.h - one objective as a line, and those of files as a section.
 * Knows: judgements, the page. Must not know: the figures of a service.
 */
#ifndef TROTH_REPORT_OBJECTIVE_TEXT_H
#define TROTH_REPORT_OBJECTIVE_TEXT_H

#include "check.h"
#include "page.h"

/* Kept or missed, by how much. no_data: why there is none, where the judgement does not say it. */
void objective_text_line(struct page *p, const struct check_report *r, const struct judgement *j,
			 const char *no_data);

/* All of them, with the promise in words; at the end those that no service was meant by. */
void objective_text_section(struct page *p, const struct check_report *r);

#endif
