/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_value.h - the value of one option from text, by its row: the same in argv and in files.
 * Knows: types, limits. Must not know: where the text stood.
 */
#ifndef TROTH_CONF_OPTION_VALUE_H
#define TROTH_CONF_OPTION_VALUE_H

#include "options.h"

#define OPTION_ECHO_MAX 48 /* of what was typed, in an error line */

/* What was typed, fit for one line. */
struct option_echo {
	char text[OPTION_ECHO_MAX + 4];
};
struct option_echo option_echo(const char *typed, size_t n);

/*
 * text into the field, whose type is the row's; texts are borrowed. called is how whoever wrote it
 * calls the option: "--listen", "store.max-size". 0, or -EINVAL: why holds one line that begins with
 * called and says what to write instead. Not for FLAG and WORDS.
 */
int option_value_read(const struct option_row *o, const char *called, const char *text, void *field,
		      char *why, size_t why_size);

/* "text, json or yaml". Returns buf. */
const char *option_words_list(const char *const *words, char *buf, size_t size);

/* "1 to 3650", "100ms to 1m"; "" where there are no limits to tell. Returns buf. */
const char *option_limits(const struct option_row *o, char *buf, size_t size);

#endif
