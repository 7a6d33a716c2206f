/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h - the objectives of files as something that can be measured for a while: which limits of
 * time must be exact, which services are meant, what came of it.
 * Knows: documents, rows. Must not know: how it is measured, output.
 */
#ifndef TROTH_SLO_PLAN_H
#define TROTH_SLO_PLAN_H

#include "../base/cleanup.h"
#include "../conf/openslo.h"
#include "judge.h"
#include "planned.h"

struct plan;

/*
 * Of several revisions of an SLO the one in force at now (Unix seconds) counts. set is borrowed. More
 * limits of time than the kernel keeps apart (THRESHOLDS) are errors in problems, one where each
 * further one stands. 0 or -ENOMEM.
 */
int plan_new(const struct slo_set *set, int64_t now, struct problems *problems, struct plan **ret);
void plan_free(struct plan *p); /* NULL is fine */
DEFINE_FREEP(struct plan, plan_free)

/* The limits, at most THRESHOLDS: what index a judgement has. Owned by the plan. */
const struct threshold *plan_thresholds(const struct plan *p, unsigned int *ret_n);

/* The largest limit of a latency metric, 0 where there is none. */
uint64_t plan_largest_ns(const struct plan *p);

/*
 * Judges all objectives by the rows of s, whose thresholds are the plan's; s is borrowed as long as the
 * judgements are looked at. Once. 0 or -ENOMEM.
 */
int plan_judge(struct plan *p, const struct sample *s);

/* In the order of the files; owned by the plan. */
const struct judgement *plan_judgements(const struct plan *p, size_t *ret_n);

#endif
