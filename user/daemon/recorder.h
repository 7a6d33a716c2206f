/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder.h - what the sampler reads goes into the record, once: differences and the cumulative
 * counters they came from, in one transaction. Keeps who the services are and what they have counted
 * since the beginning of record.
 * Knows: sampler, record. Must not know: objectives, outputs.
 */
#ifndef TROTH_DAEMON_RECORDER_H
#define TROTH_DAEMON_RECORDER_H

#include "../collect/sampler.h"
#include "../store/store.h"

#define RECORDER_UNATTRIBUTED                                                                      \
	"(unattributed)" /* exchanges of no service that could be told apart */

struct recorder;

/* A service since the beginning of record. */
struct recorded {
	int64_t id; /* in the record; 0: could not be written yet */
	enum role role;
	const char *protocol; /* static string */
	struct identity identity;
	struct in_flight_row in_flight; /* now */
	bool understood;		/* an answer of its was understood at least once */
	bool alive;			/* a series of the kernel is its own */
	const int64_t *limits;		/* per limit: what its total lacks within it (THRESHOLDS) */
};

/* What a tick covers: [from, to), wall ns. Where the host slept or the clock stepped, less than since the last. */
struct recorder_stretch {
	int64_t from_ns, to_ns;
	bool adopted; /* found at adoption: only its sums are known */
};

/* What one tick found of one service: differences since the last tick. Borrowed. */
struct recorded_delta {
	const struct recorded *service;
	const struct series_counts *counts;
};

struct recorder_options {
	struct store *store;		/* borrowed */
	struct sampler_options sampler; /* its callbacks are the recorder's */
};

/* Opens the sampler over what the record knows. As sampler_open(), or -errno of the record. */
int recorder_open(const struct recorder_options *o, struct recorder **ret, char *why,
		  size_t why_size);
/* linger: counting goes on. Else sampler_finish() and a last tick come before it. NULL is fine. */
void recorder_close(struct recorder *r, bool linger);

/*
 * One tick at now. begin() hears what it covers, each() gets every service that moved or has exchanges waiting; rest() then adds what
 * belongs into the same transaction. 0, or -errno of the sampler. What was handed out is handed out
 * once, whether or not it could be recorded.
 */
struct recorder_tick {
	void *context;
	int (*begin)(void *context, const struct recorder_stretch *stretch);
	int (*each)(void *context, const struct recorded_delta *d);
	/* s: in the transaction; NULL: there is none, keep it for a later one. */
	int (*rest)(void *context, struct store *s);
	/* Out. */
	bool names_changed; /* services came, or are called differently */
	int unrecorded; /* -errno of the record: it is tried again with the next tick, nothing is lost */
};
int recorder_tick(struct recorder *r, const struct moment *now, struct recorder_tick *t);

/*
 * Numbers of services that nobody needs any more go back. After the tick. 0 or -errno of the sampler;
 * unrecorded: -errno of the record, a number stays where it is until that can be written.
 */
int recorder_retire(struct recorder *r, const struct moment *now, int *ret_unrecorded);

/* The record may have given services up when it was settled: so do we. 0 or -errno of the record. */
int recorder_forget(struct recorder *r);

/* Are all of these counted already? */
bool recorder_has_limits(const struct recorder *r, const struct threshold *t, unsigned int n);

/*
 * Before the first tick, where limits will change: what was counted by the old ones is recorded now, for
 * recorder_tell(). 0 or -errno.
 */
int recorder_hold(struct recorder *r);

/*
 * Before the first tick, until -ENOENT: one stretch that is in the record but that nobody was told of (of
 * maps that went, of limits that changed; perhaps by a process that was killed then), as a tick, as if
 * it had been counted by the limits of now. It is forgotten in the same transaction. 0 or -errno; what of
 * the record fails is t->unrecorded: then whoever was told must be forgotten, or the record begun afresh.
 */
int recorder_tell(struct recorder *r, struct recorder_tick *t);

/* Other limits: as sampler_aim(). What was within an old limit is kept as an estimate by histogram. */
int recorder_aim(struct recorder *r, struct threshold t[THRESHOLDS], unsigned int n,
		 uint64_t idle_end_ns);

/*
 * The record was started afresh: everything that is known here goes into it, and what more() adds, in
 * one transaction. more: NULL is nothing. 0 or -errno of the record: call it again then.
 */
int recorder_reseed(struct recorder *r, const struct moment *now, int (*more)(void *context),
		    void *context);

struct sampler *recorder_sampler(struct recorder *r);

/* Something counted before recorder_open(). */
bool recorder_found_counts(const struct recorder *r);

size_t recorder_n(const struct recorder *r);
const struct recorded *recorder_service(const struct recorder *r, size_t i);
void recorder_total(const struct recorder *r, size_t i, struct series_counts *ret);

/* Minutes whose measured time waited too long for the record. */
uint64_t recorder_dropped(const struct recorder *r);

/* Since the beginning of record. */
void recorder_losses(const struct recorder *r, struct store_losses *ret);

#endif
