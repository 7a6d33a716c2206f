/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service_text.h - what one service did, in words and lines.
 * Knows: one ranked service, the page. Must not know: the other services.
 */
#ifndef TROTH_REPORT_SERVICE_TEXT_H
#define TROTH_REPORT_SERVICE_TEXT_H

#include "page.h"
#include "ranking.h"

/* Two lines for the top of the page: what is missed, and where the failures or the time are. */
void service_text_cause(struct page *p, const struct ranked *s);

/* Everything about it, a paragraph. */
void service_text_block(struct page *p, const struct check_report *r, const struct ranked *s);

#endif
