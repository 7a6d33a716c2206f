/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live.h - objectives of files applied to the services that are there, tick by tick.
 * Knows: a set of files, rows of services, a given now. Must not know: clocks, the record, the kernel.
 *
 * Everything stands on the engine of `troth slo replay` with steps of one minute: the minutes that
 * live_minute_end() gives out, fed to replay, come to the same results. A rolling window longer than
 * LIVE_FINE_S forgets by whole hours.
 *
 * What is counted of a tick is the difference of every service since the last one, judged by slo/judge
 * as ended exchanges; waiting ones older than the limit come on top as their number changes (once in
 * the total they are not counted again when they end). What makes a minute's good exceed its total, or
 * either negative, is carried to the next: sums stay exact.
 */
#ifndef TROTH_SLO_LIVE_H
#define TROTH_SLO_LIVE_H

#include "../base/cleanup.h"
#include "../conf/openslo.h"
#include "../store/rows.h"
#include "engine.h"
#include "judge.h"

#define LIVE_STEP_S 60
#define LIVE_FINE_S (3 * 86400) /* windows up to here end on a minute, longer ones on an hour */

struct live;

/* One minute of one objective, over or still open. */
struct live_minute {
	int64_t time;
	struct step_counts counts;
	bool estimated;
	uint64_t inexact;
	int64_t carry_good, carry_total; /* for the next minute */
	uint64_t older;
};

/*
 * One hour that is over, as judged: of slices as many as fit into an hour, one of longer ones. Where a
 * revision comes into force in it, or a calendar period begins, its parts are told apart, each with its own
 * time. None where nothing was measured or excluded.
 */
struct live_hour {
	int64_t time; /* where it begins */
	uint64_t good, total;
	uint64_t cells[5], ns[5]; /* by enum cell_state */
	unsigned __int128 ratio;
	uint64_t inexact;
	uint32_t revision;
};

struct live_options {
	const struct slo_set *set; /* borrowed */
	int64_t now;		   /* Unix s; which revisions are in force, where windows begin */
	const struct threshold *limits; /* those in the kernel, at their indices */
	unsigned int n_limits;
	void *context;
	/* An alert changed at the end of a minute. Not during restoring. */
	alert_changed changed;
	/* An hour is over: told before its last minute is, by the same call. May be NULL. */
	void (*hour_ended)(void *context, size_t objective, const struct live_hour *h);
};

/*
 * The limits of time that the set needs in the kernel at now, and the silence that ends an answer. More
 * limits than the kernel keeps apart are errors in problems, as plan_new() has them. 0 or -ENOMEM.
 */
int live_limits(const struct slo_set *set, int64_t now, struct problems *problems,
		struct threshold ret[THRESHOLDS], unsigned int *ret_n, uint64_t *ret_idle_end_ns);

/* 0, -ENOMEM, -EINVAL or -E2BIG: why has one line. */
int live_new(const struct live_options *o, struct live **ret, char *why, size_t why_size);
void live_free(struct live *l); /* NULL is fine */
DEFINE_FREEP(struct live, live_free)

/* Objectives, in the order of the set, revisions as one, without composites. */
size_t live_n(const struct live *l);
const char *live_name(const struct live *l, size_t objective); /* as in counts.csv */
/* Why it cannot be measured here: no minute of it is ever told. NULL: it can. */
const char *live_reason(const struct live *l, size_t objective);

/* When a revision of the set comes into force, after now of the options: then a new live is due. 0: none. */
int64_t live_next_revision(const struct live *l);

/*
 * Bringing back what the record has, oldest first: hours up to where minutes begin, then minutes. All of it
 * before any other call that moves the clock or asks for results. live_restore_from(): from when on hours
 * and minutes are needed for results at end and later to be whole; end: of the last minute that was
 * recorded, not the present.
 */
void live_restore_from(const struct live *l, size_t objective, int64_t end, int64_t *ret_hours,
		       int64_t *ret_minutes);
int live_restore_hour(struct live *l, size_t objective, const struct live_hour *h);
int live_restore_minute(struct live *l, size_t objective, const struct live_minute *m);
/*
 * The minute that was open, and measured for so much (counts.measured) until the record ended; after all
 * others. Its counts go on.
 */
int live_restore_open(struct live *l, size_t objective, const struct live_minute *m);
/* Where two alerts have the same windows, minutes alone say which of them fire. */
int live_restore_alert(struct live *l, size_t objective, uint32_t long_s, uint32_t short_s,
		       int64_t since);

/*
 * One service in one tick. delta: a row whose counts are differences; in_flight as it is now; id is
 * borrowed until the call returns. understood: its answers were ever understood, as tally_understood()
 * has it (what judge.h says of services of which nothing is understood goes by the whole life of the
 * service, not by one tick).
 * Which objectives mean a service is looked up once for each (role, name): call live_forget_services()
 * when names changed.
 */
int live_count(struct live *l, const struct service_row *delta, bool understood);
/*
 * What this service has counted before, in all: after a restart, before its first live_count(). Counts
 * nothing; corrections to come (streams that went on) then find what they correct.
 */
int live_known(struct live *l, const struct service_row *whole, bool understood);
void live_forget_services(struct live *l);
uint64_t live_evicted(const struct live *l); /* services forgotten because there were too many */

/* Before any live_count(): what waits is told anew, whatever became of the tick before. */
void live_tick_begin(struct live *l);
/* After live_count() of everything that has waiting exchanges or moved: the tick is complete. */
void live_tick_end(struct live *l);

/*
 * What was counted since the last call of this function or live_minute_end() began at since, minutes
 * ago (found at adoption): it is spread evenly over the minutes from there to now; they are estimated.
 */
int live_spread(struct live *l, int64_t since, int64_t now,
		int (*minute)(void *context, size_t objective, const struct live_minute *m),
		void *context);

/* Time without any probe, or that never was: [clock, to) is unmeasured. */
int live_unmeasured(struct live *l, int64_t to);

/* The open minute, as it stands: the clock's, whatever the time is. counts.measured is not known here: 0. */
void live_open(const struct live *l, size_t objective, struct live_minute *ret);

/*
 * The open minute [start, start + 60) is over, measured for so much of it (units of 1e-9). minute() is
 * called for each objective with what goes into the record; alerts are judged. A minute that was open
 * earlier is told first, minutes between are unmeasured. -EINVAL: the clock is past start; what was
 * counted stays for a later minute.
 */
int live_minute_end(struct live *l, int64_t start, uint32_t measured,
		    int (*minute)(void *context, size_t objective, const struct live_minute *m),
		    void *context);

/*
 * Results at now, the open minute (measured for so much until now) and waiting exchanges included;
 * composites too, in the order of board_result(). Allocates nothing; ret points into l.
 */
size_t live_n_results(const struct live *l);
void live_result(struct live *l, size_t i, int64_t now, uint32_t open_measured,
		 struct slo_result *ret);
const struct slo *live_slo(const struct live *l, size_t i);
const struct objective *live_objective(const struct live *l, size_t i); /* NULL: composite */
size_t live_objective_index(const struct live *l, size_t i); /* of live_n(); SIZE_MAX: composite */
uint64_t live_inexact(const struct live *l, size_t i);	     /* in its window */
size_t live_bytes(const struct live *l);		     /* memory, about */

/*
 * Which services an objective means, of those that live_count() was told of within the last hour. Names
 * and list are borrowed from l until the next call of a function that is not const, or of this one.
 */
size_t live_services(const struct live *l, size_t objective, const char *const **ret_names);

#endif
