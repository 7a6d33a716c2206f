/* SPDX-License-Identifier: Apache-2.0 */
/*
 * not_seen.h - what a measurement did not see, and why, as lines for people.
 * Knows: a sample, which ports were asked for. Must not know: how it was measured, formats.
 */
#ifndef TROTH_CMD_NOT_SEEN_H
#define TROTH_CMD_NOT_SEEN_H

#include "../base/cleanup.h"
#include "../store/rows.h"

struct not_seen;

int not_seen_new(struct not_seen **ret);
void not_seen_free(struct not_seen *n); /* NULL is fine */
DEFINE_FREEP(struct not_seen, not_seen_free)

/* Every loss that is not zero: how much, what it means for the numbers. */
void not_seen_losses(struct not_seen *n, const struct measurement_row *m);

/* Services of which the outcome cannot be told: encrypted, or of no known protocol. */
void not_seen_protocols(struct not_seen *n, const struct sample *listed);

/*
 * Asked-for ports without traffic on which nobody listens either. The lines are also returned,
 * from the first of them on: NULL-terminated, owned by n.
 */
const char *const *not_seen_ports(struct not_seen *n, const struct sample *listed,
				  const uint16_t *ports, unsigned int n_ports);

const char *const *not_seen_lines(const struct not_seen *n); /* NULL-terminated, owned by n */

#endif
