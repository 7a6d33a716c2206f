/* SPDX-License-Identifier: Apache-2.0 */
/* slo_suggest.h - suggestions as a page, or as a troth.suggest/1 document. */
#ifndef TROTH_REPORT_SLO_SUGGEST_H
#define TROTH_REPORT_SLO_SUGGEST_H

#include <stdio.h>

#include "../slo/suggest.h"

struct suggest_entry {
	const char *name;
	bool traffic; /* in measured time; else of the suggestion only good and total mean anything */
	struct suggestion suggestion;
};

/* Both: 0 or -errno of the stream. */
int slo_suggest_text(FILE *out, const struct suggest_entry *entries, size_t n, bool colour);
int slo_suggest_json(FILE *out, const struct suggest_entry *entries, size_t n);

#endif
