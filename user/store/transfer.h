/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer.h - the whole record as text and back, and whether it is sound.
 *
 * One JSON object a line: first {"type":"record","schema":"troth.record/1",...}, last {"type":"end"}
 * with the number of lines before it. Messages under way are left out: brought back, they would be sent
 * twice. What is written, brought back and written again is the same, byte for byte.
 */
#ifndef TROTH_STORE_TRANSFER_H
#define TROTH_STORE_TRANSFER_H

#include <stdio.h>

#include "store.h"

/* Between store_begin() and store_commit(), so that all of it is of one moment. 0 or -errno. */
int store_export(struct store *s, FILE *out);

/*
 * o: of a writer; its directory has no record, or one that is empty, else -EEXIST. -EINVAL: the text
 * is wrong, why begins with its line. All of it is there afterwards, or nothing.
 */
int store_import(const struct store_options *o, FILE *in, char *why, size_t why_size);

/*
 * What is checked, in one snapshot:
 *  1. SQLite's own integrity_check.
 *  2. Every row of counts can be read, and belongs to a service that is there.
 *  3. An hour is the sum of its minutes, wherever minutes are kept.
 *  4. A total is the sum of its hours; where hours are gone already, none of its counters is less.
 *  5. No minute was measured for more than 60 s; hours of time are sums of minutes.
 *  6. Counts of objectives belong to one, good is not above total, measured is at most the whole.
 * said() is called for each fault with one line. 0: the checks were made; or -errno.
 */
int store_verify(struct store *s, void (*said)(void *context, const char *line), void *context);

/* How much there is, for people. */
struct store_size {
	uint64_t services, checkpoints, minutes, hours, objectives, objective_minutes, events;
	uint64_t bytes, free_bytes; /* of the database; free: used again before it grows */
	int64_t began, minutes_from, hours_from;
};
int store_size(struct store *s, struct store_size *ret);

/* Each objective by its name. */
int store_objective_each(struct store *s, int (*each)(void *context, int64_t id, const char *name),
			 void *context);

#endif
