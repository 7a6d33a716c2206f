/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unmatched.h - why a select meant no service, in words, and what was probably meant.
 * Knows: rows, a select. Must not know: files, output.
 */
#ifndef TROTH_SLO_UNMATCHED_H
#define TROTH_SLO_UNMATCHED_H

#include "../store/rows.h"

/*
 * "no service with port 8443 was seen", and where one comes near: which, and how it differs. One line,
 * no full stop; the caller frees. NULL: no memory.
 */
char *unmatched_words(const char *const *select, const struct sample *s);

#endif
