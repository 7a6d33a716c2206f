/* SPDX-License-Identifier: Apache-2.0 */
/*
 * planned.h - one objective of a file as something to measure: can it be measured here, by which rule,
 * and which limits of time the kernel must know for it.
 * Knows: documents. Must not know: rows, how it is measured, output.
 */
#ifndef TROTH_SLO_PLANNED_H
#define TROTH_SLO_PLANNED_H

#include "../conf/openslo.h"
#include "tally.h"

struct planned {
	const struct slo *slo;
	const struct objective *objective;
	const struct kernel_metric *good, *total; /* good: or bad, as the rule has it */
	struct rule rule;			  /* whole once the limits are assigned */
	char *reason; /* why it cannot be judged, known before anything was measured */
};

/* At the moment now (Unix s). 0 or -ENOMEM; what cannot be measured has a reason. */
int planned_make(struct planned *d, const struct slo *slo, const struct objective *o, int64_t now);
void planned_clear(struct planned *d);

/* -ENOMEM, or 0. The first reason stands. */
__attribute__((format(printf, 2, 3))) int planned_reason(struct planned *d, const char *format,
							 ...);

/* The limits of time that the kernel counts by, at their indices. */
struct limits {
	struct threshold thresholds[THRESHOLDS];
	struct place places[THRESHOLDS]; /* where each was asked for first */
	unsigned int n;
	uint64_t largest_ns; /* of a latency metric, 0 where there is none */
};

/*
 * The limits of all rules, added to those that are there already. More than the kernel keeps apart
 * (THRESHOLDS) are errors in problems, one where each further one stands.
 */
void limits_assign(struct limits *l, struct planned *planned, size_t n, struct problems *problems);

/* Callers who wait longer than this count against an availability. */
#define PATIENCE_NS 10000000000ull

/* Silence that ends an answer: so long at least, or twice the largest limit. */
#define IDLE_END_NS 5000000000ull
uint64_t limits_idle_end_ns(uint64_t largest_ns);

#endif
