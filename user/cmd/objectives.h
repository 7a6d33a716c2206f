/* SPDX-License-Identifier: Apache-2.0 */
/*
 * objectives.h - what `troth check` judges by: objectives of files, or the default ones.
 * Knows: both. Must not know: how it is measured, formats.
 */
#ifndef TROTH_CMD_OBJECTIVES_H
#define TROTH_CMD_OBJECTIVES_H

#include "../base/cleanup.h"
#include "../slo/judge.h"
#include "command.h"

struct objectives;

/* The threshold of the default latency objective: which answers are slow. */
#define DEFAULT_SLOW 0

/*
 * Reads the files, or takes the default objectives where there are none. Says on stderr what is
 * wrong, a line each: EXIT_USAGE where something must be corrected first, else EXIT_DONE.
 */
enum exit_code objectives_new(const struct option_strings *files, struct objectives **ret);
void objectives_free(struct objectives *o); /* NULL is fine */
DEFINE_FREEP(struct objectives, objectives_free)

/* What must be counted exactly. Owned by o. */
const struct threshold *objectives_thresholds(const struct objectives *o, unsigned int *ret_n);
uint64_t objectives_idle_end_ns(const struct objectives *o); /* silence that ends an answer */
bool objectives_from_files(const struct objectives *o);

/* s is borrowed. Once. 0 or -ENOMEM. */
int objectives_judge(struct objectives *o, const struct sample *s);
const struct judgement *objectives_judgements(const struct objectives *o, size_t *ret_n);

/* EXIT_DONE, EXIT_MISSED or EXIT_NO_TRAFFIC. */
enum exit_code objectives_verdict(const struct objectives *o);

#endif
