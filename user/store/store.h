/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - the record: one SQLite database (WAL) in the state directory, "troth.db".
 * Knows rows, differences, time. Must not know: BPF, HTTP, objectives' meaning.
 *
 * Writing is the daemon's alone, in one thread; readers (troth report, store export) work beside it.
 * Every function that writes stands between store_begin() and store_commit(), or fails with -EINVAL.
 * Errors: -ENOSPC (disk or store.max-size full), -EROFS (read-only), -EUCLEAN (corrupt), -EIO, -ENOMEM,
 * -EBUSY. After one of them roll back: nothing of the transaction is in the record.
 * Times are Unix seconds unless a name says _ns.
 */
#ifndef TROTH_STORE_STORE_H
#define TROTH_STORE_STORE_H

#include "../base/cleanup.h"
#include "../base/moment.h"
#include "rows.h"

struct store;

enum store_mode {
	STORE_WRITER, /* made where it is missing, migrated; one at a time (a lock in the directory) */
	STORE_READER, /* beside a writer or without one; writes nothing */
};

struct store_options {
	const char *dir;
	enum store_mode mode;
	uint32_t minutes_days; /* how long rows by minute are kept; 0: 35 */
	uint32_t hours_months; /* rows by hour; 0: 25 */
	uint64_t max_bytes; /* 0: 8 GiB; near it rows by minute go early, then it is as a full disk */
	bool afresh; /* of a writer: corrupt, it is as store_start_afresh(), and why says so */
};

/*
 * 0; -EBUSY: another writer holds the directory (why has its pid); -ENOENT: a reader finds no record;
 * -EPROTO: the record is of a newer troth; -EUCLEAN: corrupt; or as above. why: one line, what to do.
 */
int store_open(const struct store_options *o, struct store **ret, char *why, size_t why_size);
void store_close(struct store *s); /* NULL is fine */
DEFINE_FREEP(struct store, store_close)

/* A database that is corrupt, or whose file was removed under it, moves aside ("troth.db.corrupt-TIME"), a fresh one takes its place. Writer. */
int store_start_afresh(struct store *s, char *why, size_t why_size);

/*
 * A writer's transaction; of a reader a snapshot: what it reads until store_commit() is of one moment.
 * store_begin() also fails while what is in the record cannot be brought safely to the disk. A
 * store_commit() that fails has rolled back.
 */
int store_begin(struct store *s);
int store_commit(struct store *s);
void store_rollback(struct store *s); /* where nothing has begun: nothing */

/*
 * So long from now on a reader may take; 0: as long as it likes. Then whatever reads fails with -ETIME:
 * what one callback does by itself is not cut short. Of a writer: nothing.
 */
void store_deadline(struct store *s, uint64_t ns);

uint64_t store_bytes(const struct store *s); /* database and WAL on disk */
int64_t store_began(const struct store *s);  /* beginning of record, Unix s; 0: nothing yet */

/* --- who was measured --------------------------------------------------------------------------- */

/* Strings are borrowed where they come in; where they go out they are valid during the callback. */
struct store_service {
	int64_t id; /* 0: not in the record yet */
	enum role role;
	const char *protocol;	/* as it was written; "unknown" */
	struct identity id_row; /* name unique with role */
	int64_t first_seen, last_seen;
};

/* New (id 0, which is set) or changed. -EEXIST: another service has that name. */
int store_service_put(struct store *s, struct store_service *svc);
int store_service_by_name(struct store *s, enum role role, const char *name, int64_t *ret);
int store_service_each(struct store *s, int (*each)(void *context, const struct store_service *svc),
		       void *context);

/* --- exactly once ------------------------------------------------------------------------------- */

/* What the differences are taken against: maps of the kernel, and when it was looked at last. */
struct store_kernel {
	char boot_id[BOOT_ID_SIZE];
	uint32_t maps_id; /* of the map of series; unique within a boot */
	struct moment at;
	struct losses losses;
	uint64_t missed; /* skipped probe runs */
	struct threshold thresholds[THRESHOLDS];
	uint32_t n_thresholds;
};
int store_kernel_get(struct store *s, struct store_kernel *ret); /* -ENOENT: none */
int store_kernel_put(struct store *s, const struct store_kernel *k);

/* One series: cumulative counters up to which all is in the record. */
struct store_checkpoint {
	uint32_t series;
	int64_t service; /* 0: nobody's, its number is free or about to be */
	struct endpoint_key key;
	const unsigned char *bytes; /* the counters, as codec_write() has them; borrowed */
	size_t n;
};
int store_checkpoint_put(struct store *s, const struct store_checkpoint *c);
int store_checkpoint_each(struct store *s,
			  int (*each)(void *context, const struct store_checkpoint *c),
			  void *context);
int store_checkpoints_forget(struct store *s); /* all: other maps have taken their place */

/*
 * Counted, and in the services' counts, but objectives were not told of it: a stretch that ended before a
 * start with other limits or other maps. A row of service 0 for the stretch itself, one for each service.
 */
struct store_untold {
	int64_t since_ns, until_ns; /* wall clock; until_ns tells stretches apart */
	int64_t service;
	uint64_t lost; /* of the stretch's own row: exchanges known to be missing */
	struct threshold thresholds[THRESHOLDS]; /* by which it was counted */
	uint32_t n_thresholds;
	struct series_counts counts;
};
int store_untold_put(struct store *s, const struct store_untold *u); /* replaces */
/* The oldest stretch's own row. -ENOENT: everything was told. */
int store_untold_first(struct store *s, struct store_untold *ret);
int store_untold_each(struct store *s, int64_t until_ns,
		      int (*each)(void *context, const struct store_untold *u), void *context);
int store_untold_forget(struct store *s, int64_t until_ns);

/* --- counts ------------------------------------------------------------------------------------- */

/*
 * Adds to the service's open minute, which begins at minute (a multiple of 60). since: true start of
 * what was counted, where it began in an earlier minute (found at adoption: one stretch); else minute.
 */
int store_count(struct store *s, int64_t service, int64_t minute, int64_t since,
		const struct series_counts *delta);

/* What was measured of a minute; adds up. */
struct store_time {
	uint64_t measured_ns; /* at most 60 s in all */
	bool estimated;	      /* part of a stretch of which only sums are known */
	uint64_t exchanges, lost;
};
int store_time_add(struct store *s, int64_t minute, const struct store_time *t);

/*
 * Call it before the tick's store_count(): near the limit of size it makes room for them.
 * Open minutes other than now's become rows by minute and by hour; what is too old goes. Once a minute.
 * Services without a checkpoint and without an open minute, beyond the SERVICES_MAX last seen, are
 * added row by row to one "(forgotten)" service a role, so that sums stay true. After the commit the
 * record is brought safely to the disk (fsync).
 */
#define STORE_SERVICES_MAX 20000
#define STORE_FORGOTTEN	   "(forgotten)"
int store_settle(struct store *s, int64_t now);

/* Losses since the beginning of record; the daemon adds differences. */
struct store_losses {
	struct losses losses;
	uint64_t missed;
	uint64_t in_flight_at_change; /* exchanges that other programs were in the middle of */
};
int store_losses_get(struct store *s, struct store_losses *ret);
int store_losses_put(struct store *s, const struct store_losses *l);

/* Reading. Counts since the beginning of record, open minutes included. */
int store_total(struct store *s, int64_t service, struct series_counts *ret);
int store_totals_each(struct store *s,
		      int (*each)(void *context, int64_t service, const struct series_counts *c),
		      void *context);

/*
 * Of the limit of this index (0 to THRESHOLDS - 1): what is to be added to what a service's total holds
 * within it. Replaces.
 */
int store_limit_put(struct store *s, int64_t service, unsigned int index, int64_t base);
int store_limits_each(struct store *s,
		      int (*each)(void *context, int64_t service, unsigned int index, int64_t base),
		      void *context);

/*
 * Counts of [from, to), one callback a service: whole hours from rows by hour, the rest from those by
 * minute and open ones. from and to are rounded down to minutes, or to hours where minutes are gone.
 */
int store_sums_each(struct store *s, int64_t from, int64_t to,
		    int (*each)(void *context, int64_t service, const struct series_counts *c),
		    void *context);

/* Rows of one service in order, each of [time, time + length_s); length_s 60 or 3600. */
int store_history_each(struct store *s, int64_t service, int64_t from, int64_t to,
		       uint32_t length_s,
		       int (*each)(void *context, int64_t time, const struct series_counts *c),
		       void *context);

/* Sum over [from, to). */
struct store_measured {
	uint64_t wanted_ns, measured_ns, estimated_ns;
	uint64_t exchanges, lost;
};
int store_measured(struct store *s, int64_t from, int64_t to, struct store_measured *ret);

#endif
