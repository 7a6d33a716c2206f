/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passes.h - which minute of each objective a writer has open, and what that minute held before the
 * clock came to it: of an earlier pass. Private to user/store.
 */
#ifndef TROTH_STORE_PASSES_H
#define TROTH_STORE_PASSES_H

#include "db.h"
#include "promises.h"

#define SLO_WHOLE 1000000000

struct pass {
	int64_t objective;
	struct pass_state {
		struct store_slo_minute base; /* time: the open minute, -1: none yet */
		bool reading;		      /* what is read is what the writer goes on with */
	} now, before;			      /* and at store_begin() */
	uint64_t transaction;		      /* that before belongs to */
};

/* Valid until the next one is asked for. */
int pass_of(struct store *s, int64_t objective, struct pass **ret);

/* *m, of this pass alone, becomes what the row is to hold. */
int pass_put(struct store *s, int64_t objective, struct store_slo_minute *m);

#endif
