/* SPDX-License-Identifier: Apache-2.0 */
/* recorder_inside.h - the inside of recorder.h, for recorder*.c alone. */
#ifndef TROTH_DAEMON_RECORDER_INSIDE_H
#define TROTH_DAEMON_RECORDER_INSIDE_H

#include "packed.h"
#include "recorder.h"

/* One service. */
struct entry {
	struct recorded public;
	struct packed total;
	uint64_t in_flight_tick;    /* when in_flight was true */
	int64_t limits[THRESHOLDS]; /* as store_limit_put() has them */
	struct packed untold;	    /* of the transaction under way: objectives hear of it later */
	bool fresh_id;		    /* given in the transaction under way */
	uint32_t next;		    /* of its bucket, + 1 */
	bool unwritten;		    /* its row in the record is not as it is here */
};

/* One series of the kernel. */
struct known {
	bool used;
	uint32_t service; /* index of entry */
	struct endpoint_key key;
	struct packed seen;	/* up to which everything was handed on */
	struct packed recorded; /* up to which it is in the record, where that is less: behind */
	bool behind;
};

/* What an endpoint was called in maps that have gone, since this boot. */
struct former {
	struct endpoint_key key;
	struct identity id;
};

/* Series whose counts are in the transaction under way. */
struct staged {
	uint32_t series;
	struct packed before; /* seen, before this tick */
};

/* A stretch that a tick covers is some 1 s; longer ones were found at adoption, or the clock stepped. */
#define RECORDER_TICK_LONGEST_NS ((uint64_t)(5 * NS_PER_SECOND))

/* Minutes whose measured time is not in the record yet; more than these are given up. */
#define TIMES_MAX 240
struct pending_time {
	int64_t minute;
	struct store_time t;
};

/* Limits by index; one of LIMIT_NONE is not known by masks. */
#define LIMIT_NONE UINT32_MAX
struct limits {
	struct threshold of[THRESHOLDS];
	unsigned int n;
};

struct recorder {
	struct store *store;
	struct sampler *sampler;
	char boot_id[BOOT_ID_SIZE];

	struct entry *services;
	size_t n_services, services_room; /* room: a power of two */
	uint32_t *buckets;		  /* services_room: by name; index + 1 */
	size_t n_read;			  /* of them, those that stand in order of their ids */
	struct known *series;		  /* by number */
	size_t n_series;
	struct former *formers; /* by key */
	size_t n_formers;
	struct staged *staged;
	size_t n_staged, staged_room;

	struct store_kernel kernel; /* what losses are differences to */
	struct store_losses losses;
	struct pending_time times[TIMES_MAX];
	unsigned int n_times;
	uint64_t times_dropped;

	uint64_t counted, lost; /* exchanges of this tick; those lost up to the last one */
	struct service_row row; /* room */
	struct moment last, now;
	struct recorder_stretch stretch;
	int64_t minute, since; /* where counts of this tick go */
	struct recorder_tick *tick;
	uint64_t ticks;
	struct limits judged; /* by which what is read next was counted */
	struct limits based;  /* of which the record has bases */
	bool switched;	      /* judged lacks some that are in force: they were set meanwhile */
	bool has_left;	      /* maps that went, and what they had counted */
	bool holding;	      /* what is counted is for objectives of later: recorder_tell() */
	bool gave_ids;	      /* in the transaction under way */
	bool adopting;	      /* the first tick, over maps that went on counting */
	bool found;	      /* the kernel counted before we came */
	bool refused;	      /* the record did not take what was found at the start */
	bool behind;	      /* something that was read is not in the record */
	bool in_transaction;  /* else only what stands beside the record goes on */
	bool names_changed;
	int failed;
	int retire_failed; /* of the record, while numbers were to go back */
};

/* recorder_limits.c */
struct limits limits_of(const struct threshold of[THRESHOLDS], unsigned int n);
struct limits limits_of_maps(const struct recorder *r);

/* What is read next was counted by the limits of these maps. */
void recorder_limits_settled(struct recorder *r, const struct sampler_maps *m);
/* The limits of these maps were set while they counted by others: what is read next had either. */
void recorder_limits_changed(struct recorder *r, const struct sampler_maps *m,
			     const struct limits *was);
/*
 * Limits of which the record has no bases begin with what the histogram knows of them: in memory, and in
 * a transaction. based is to be set when that is committed.
 */
void recorder_limits_rebase(struct recorder *r, const struct limits *now);
int recorder_limits_put(struct recorder *r, const struct limits *now);
/* Counts by other limits, as if by those of now: one that was not among them by the histogram. */
void recorder_translate(const struct recorder *r, const struct threshold *was, unsigned int n_was,
			struct series_counts *c);

/* recorder.c: what a tick at now covers, and where its counts go. */
void recorder_cover(struct recorder *r, const struct moment *now);
int recorder_times(
	struct recorder *r); /* measured time of the stretch, and what is known to be missing */

/* recorder_untold.c: the stretch and what the services have in untold goes into the record. */
int recorder_untold_put(struct recorder *r, int err);

/* recorder_series.c */
int recorder_series(void *recorder, const struct sampler_series *s); /* of sampler_read() */
/* The transaction is over. */
void recorder_staged(struct recorder *r, bool recorded);
struct known *recorder_known(struct recorder *r, uint32_t series); /* NULL: no memory */

/* recorder_services.c */
struct entry *recorder_named(const struct recorder *r, enum role role,
			     const char *name);			    /* or NULL */
struct entry *recorder_of_id(const struct recorder *r, int64_t id); /* or NULL */
/* The one of that name, made where there is none. */
int recorder_entry(struct recorder *r, enum role role, const struct identity *id, uint32_t *ret);
/* Who it is may be known better by now than when it was seen first. */
int recorder_entry_refresh(struct recorder *r, struct entry *e, const struct sampler_series *s);
/* All that changed their names, in two steps. In a transaction. */
int recorder_entries_rename(struct recorder *r);
int recorder_entry_write(struct recorder *r, struct entry *e);

/* recorder_series.c */
void recorder_losses_add(struct store_losses *sum, const struct losses *now, uint64_t missed,
			 const struct store_kernel *before);

#endif
