/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeper.h - the promises while they are measured: live objectives fed by the recorder's ticks, what
 * becomes of them in the record, and which alerts began or ended.
 * Knows: live objectives, record. Must not know: sampler, HTTP, who is told.
 */
#ifndef TROTH_DAEMON_KEEPER_H
#define TROTH_DAEMON_KEEPER_H

#include "../slo/live.h"
#include "../store/promises.h"
#include "recorder.h"

/* --- documents ---------------------------------------------------------------------------------- */

/* Files of one directory, and what they need from the kernel. */
struct promises {
	struct slo_set *set;
	char *yaml; /* all of them as one stream, for the record */
	size_t yaml_size;
	struct threshold limits[THRESHOLDS];
	unsigned int n_limits;
	uint64_t idle_end_ns;
};

/*
 * A directory that is missing, empty or not given (NULL) holds no objectives. 0; -EINVAL: problems has errors; -ENOMEM.
 */
int promises_read(const char *slo_dir, int64_t now, struct problems *problems,
		  struct promises *ret);
/* Those in force, read again for another now: files that were changed meanwhile wait for a reload. */
int promises_again(const struct promises *old, int64_t now, struct problems *problems,
		   struct promises *ret);
void promises_clear(struct promises *p);

/* --- keeping them ------------------------------------------------------------------------------- */

struct keeper;

/* An alert that began or ended. Borrowed during the call. */
struct kept_change {
	size_t result; /* of live_result() */
	struct alert_state alert;
	int64_t time, since;
	bool firing;
};

/* The same later, as the record has it: its objective is in force, its windows may not be any more. */
struct kept_event {
	int64_t time;
	size_t result; /* of live_result() */
	char *severity;
	uint32_t long_s, short_s; /* short_s 0: none */
	bool firing;
};

struct keeper_options {
	struct store *store;		/* borrowed */
	struct promises *promises;	/* taken over: the caller's is empty then */
	const struct threshold *limits; /* as the kernel has them */
	unsigned int n_limits;
	int64_t now;
	void *context;
	/*
	 * Once a change, in the transaction that records it, or without one. Alerts of one objective that
	 * are alike in all and change together are one.
	 */
	void (*changed)(void *context, const struct kept_change *c);
};

/* Brings back what the record has. 0; -EINVAL, -E2BIG: why has one line; -errno of the record. */
int keeper_new(const struct keeper_options *o, struct keeper **ret, char *why, size_t why_size);
void keeper_free(struct keeper *k); /* NULL is fine */
DEFINE_FREEP(struct keeper, keeper_free)

/* Of struct recorder_tick. */
int keeper_begin(void *keeper, const struct recorder_stretch *stretch);
int keeper_count(void *keeper, const struct recorded_delta *d);
int keeper_rest(void *keeper, struct store *s);
/* The tick is over. recorded: its transaction was. */
void keeper_end(struct keeper *k, bool recorded);

/* The record was begun afresh: what only it had goes into it again. Of recorder_reseed(). */
int keeper_reseed(void *keeper);

/*
 * The newest changes of alerts, in order of time; at one moment as they came. ret_left_out: how many more
 * there are on record, those of objectives that are no longer in force among them. Borrowed until the next tick.
 */
const struct kept_event *keeper_events(const struct keeper *k, size_t *ret_n,
				       uint64_t *ret_left_out);

struct live *keeper_live(struct keeper *k);
const struct slo_set *keeper_set(const struct keeper *k);
const struct promises *keeper_promises(const struct keeper *k);
/* Of its minute measured so far, in units of 1e-9. */
uint32_t keeper_open_measured(const struct keeper *k);
/* Since the beginning of record; for counters that only grow. */
void keeper_ever(const struct keeper *k, size_t objective, uint64_t *ret_good, uint64_t *ret_total);
/* The clock was set back over minutes that are kept: the caller makes a new keeper. */
bool keeper_must_begin_anew(const struct keeper *k);
uint64_t keeper_dropped(
	const struct keeper *k); /* rows for which there was no room while the record failed */

#endif
