/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_parts.h - the inside of live.h: for live.c (objectives, results), live_services.c (who is meant,
 * what a tick counts) and live_minutes.c (minutes, what is recorded and brought back).
 */
#ifndef TROTH_SLO_LIVE_PARTS_H
#define TROTH_SLO_LIVE_PARTS_H

#include "board.h"
#include "live.h"
#include "planned.h"

/* What was counted since the minute under way began, and what earlier ones could not take. */
struct since {
	int64_t good, total, inexact;
};

/* The minute that was open when the record ended. */
struct was_open {
	bool given, estimated;
	int64_t time;
	uint32_t measured;
	struct since counts;
};

/* Exchanges of which nobody knows, by the hour; NULL until there is one. */
struct inexact {
	uint64_t *hours; /* by number of the hour, modulo n */
	uint32_t n;
	int64_t last;	 /* number of the latest hour */
	uint64_t untold; /* since an hour was told */
};

/* One objective. */
struct promised {
	size_t row; /* of the board */
	struct track *track;
	struct planned planned;
	unsigned int rule;  /* of the list */
	unsigned int limit; /* who waits longer counts; THRESHOLDS: nobody */
	struct since since;
	uint64_t older, older_now; /* as of the last tick, of this one so far */
	bool blind;		   /* exchanges of which nothing can be said */
	bool estimated;		   /* some of it was spread */
	struct was_open was_open;
	struct inexact inexact;
};

/* Is an objective meant by a service? */
struct match {
	uint32_t objective;
	uint16_t tally; /* of the service */
	bool good, total;
};

/* What one rule says of all that a service counted. */
struct tallied {
	unsigned int rule;
	bool applies;
	struct tally tally;
};

/* As in struct series_counts. */
struct so_far {
	__u64 exchanges[MASKS][OUTCOMES];
	__u64 streamed[MASKS];
	__u64 undated[THRESHOLDS];
	__u64 undivided;
};

/* One service, by role and name. */
struct known {
	struct known *next; /* of its bucket */
	enum role role;
	char *name;
	bool understood, matched;
	int64_t minute; /* when it was last seen */
	struct so_far counts;
	struct match *matches;
	struct tallied *tallies;
	uint32_t n_matches, n_tallies;
};

#define KNOWN_MAX	   20000 /* more than series, of which there are 16,384 at most */
#define KNOWN_BUCKETS	   4096
#define KNOWN_FORGET_S	   3600		/* one that was not seen for so long */
#define LOOK_AHEAD_S	   (35 * 86400) /* for maintenance ... */
#define LOOK_AHEAD_EVERY_S 86400	/* ... each day anew */

struct live {
	struct live_options options;
	struct threshold limits[THRESHOLDS];
	struct board *board;
	struct promised *promised;
	size_t n;
	size_t *objective_of; /* row of the board: objective; SIZE_MAX: composite */
	struct rule *rules;   /* each once */
	unsigned int n_rules;
	bool ready;	/* nothing more is brought back */
	int64_t minute; /* the one under way, or the last that is known */
	int64_t looked; /* for maintenance */

	struct known *known[KNOWN_BUCKETS];
	size_t n_known;
	uint64_t evicted;
	const char **names;
	size_t names_room;
};

static inline int64_t minute_of(int64_t t)
{
	return t - (t % LIVE_STEP_S + LIVE_STEP_S) % LIVE_STEP_S;
}

/* Unmeasured is what nobody can measure: its time goes on without counts. */
static inline bool is_measured(const struct promised *p)
{
	return !p->planned.reason;
}

/* live_minutes.c: nothing more is brought back. Every clock runs from here on. */
int live_ready(struct live *l);

/* So much of what is there as fits into one minute; what is left: *ret_rest. */
struct step_counts live_fit(const struct since *s, struct since *ret_rest);

void inexact_free(struct inexact *x);

/* live_services.c */
void known_free_all(struct live *l);
void known_expire(struct live *l, int64_t minute);

#endif
