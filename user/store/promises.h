/* SPDX-License-Identifier: Apache-2.0 */
/*
 * promises.h - of the record, what belongs to objectives: their counts by minute, judged sums by hour,
 * alert states, events, the documents they were written in. Same rules as store.h.
 */
#ifndef TROTH_STORE_PROMISES_H
#define TROTH_STORE_PROMISES_H

#include "store.h"

/* name: as in counts.csv, SLO or SLO/objective. Made where it is not there. */
int store_objective_id(struct store *s, const char *name, int64_t *ret);

/*
 * One minute's counts, as a row of counts.csv. The newest minute that was put is open: it is put again
 * and again, and replaces what was put of it. What a minute held before it was opened (the clock was set
 * back and comes to it again) stays, and is added; so is what is put for a minute before the open one.
 */
struct store_slo_minute {
	int64_t time;
	uint64_t good, total;
	uint32_t measured; /* share of the minute, in units of 1e-9 */
	bool estimated;	   /* spread evenly over a stretch */
	uint64_t inexact;  /* exchanges whose side is not known for certain */
};
int store_slo_minute_put(struct store *s, int64_t objective, const struct store_slo_minute *m);
int store_slo_minute_each(struct store *s, int64_t objective, int64_t from, int64_t to,
			  int (*each)(void *context, const struct store_slo_minute *m),
			  void *context);

/*
 * Start of its last minute. -ENOENT: none. A writer that asks begins anew with what is there: of the
 * last minute that store_slo_minute_each() gives it before its next put, that put holds the counts.
 */
int store_slo_minute_last(struct store *s, int64_t objective, int64_t *ret);

/*
 * One hour, or as much of it as was there, or one longer slice, judged: what slo/cell.h calls sums; as
 * long as its ns in all. time is the beginning, on a minute. Kept as long as rows by hour.
 */
enum { STORE_UNMEASURED, STORE_GOOD, STORE_BAD, STORE_IDLE, STORE_EXCLUDED, STORE_STATES };
struct store_slo_hour {
	int64_t time;
	uint64_t good, total;
	uint64_t cells[STORE_STATES]; /* minutes, or slices that ended in it */
	uint64_t ns[STORE_STATES];
	uint64_t ratio_high, ratio_low; /* of RatioTimeslices: sum of ratios, 128 bits */
	uint64_t inexact;
	uint32_t revision;
};
int store_slo_hour_put(struct store *s, int64_t objective, const struct store_slo_hour *h);
int store_slo_hour_each(struct store *s, int64_t objective, int64_t from, int64_t to,
			int (*each)(void *context, const struct store_slo_hour *h), void *context);

/* What goes on over a restart, besides rows. */
struct store_slo_state {
	int64_t carry_good, carry_total; /* counted, not yet in a minute; may be negative */
	uint64_t older;			 /* waiting ones that are in the total already */
};
int store_slo_state_put(struct store *s, int64_t objective, const struct store_slo_state *st);
int store_slo_state_get(struct store *s, int64_t objective, struct store_slo_state *ret);

/* Alerts: one row for each pair of windows that fires. */
struct store_alert {
	const char *severity;
	uint32_t long_s, short_s;
	int64_t since;
};
int store_alert_put(struct store *s, int64_t objective, const struct store_alert *a);
int store_alert_clear(struct store *s, int64_t objective, uint32_t long_s, uint32_t short_s);
int store_alert_each(struct store *s, int64_t objective,
		     int (*each)(void *context, const struct store_alert *a), void *context);

/*
 * What happened, once: alerts, reloads, starts, stops, gaps. Kept as long as rows by hour, the newest
 * STORE_EVENTS_MAX of them.
 */
#define STORE_EVENTS_MAX 200000
struct store_event {
	int64_t id; /* 0: a new one */
	int64_t time;
	const char *kind;     /* "alert", "start", "stop", "reload", "gap", "store" */
	const char *slo;      /* name as in counts.csv; NULL: of the daemon */
	const char *severity; /* of an alert */
	uint32_t long_s, short_s;
	const char *state; /* "firing", "resolved" */
	const char *text;  /* one line for people */
};
int store_event_put(struct store *s, struct store_event *e);
int store_event_each(struct store *s, int64_t from, int64_t to,
		     int (*each)(void *context, const struct store_event *e), void *context);
/* How many were too many, since s was opened. */
uint64_t store_events_dropped(const struct store *s);

/* The last n of kind "alert", the newest first; and how many there are. */
int store_alert_events_last(struct store *s, unsigned int n,
			    int (*each)(void *context, const struct store_event *e), void *context);
int store_alert_events_count(struct store *s, uint64_t *ret);

/* All files of objectives as one YAML stream, from when on they were in force. Kept if it differs. */
int store_documents_put(struct store *s, int64_t time, const char *yaml, size_t size);
/* Those in force at time (the first ones, where it is earlier). The caller frees. -ENOENT: none. */
int store_documents_at(struct store *s, int64_t time, char **ret, size_t *ret_size);

/* All that were in force at some time of [from, to), the newest first; time: since when. */
int store_documents_each(struct store *s, int64_t from, int64_t to,
			 int (*each)(void *context, int64_t time, const char *yaml, size_t size),
			 void *context);

/* Messages that are on their way to somebody: what a restart must neither lose nor send twice. */
struct store_message {
	int64_t id; /* 0: a new one */
	const char *receiver;
	const char *body; /* the sender's own */
	int64_t created, next_try;
	uint32_t tries;
};
int store_message_put(struct store *s, struct store_message *m);
int store_message_done(struct store *s, int64_t id);
int store_message_each(struct store *s, int (*each)(void *context, const struct store_message *m),
		       void *context);

#endif
