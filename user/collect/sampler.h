/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampler.h - measuring that outlives its process: maps and links pinned in bpffs, counters that only
 * grow, series whose numbers are used again. For the daemon; `troth check` has collector.h. Both stand
 * on programs.h.
 * Knows: libbpf, the ABI, /proc, cgroups. Must not know: targets, windows, the record.
 *
 * Who records what was counted takes differences against its own checkpoint; the sampler says when a
 * checkpoint must stand before it goes on (the callbacks of struct sampler_options).
 */
#ifndef TROTH_COLLECT_SAMPLER_H
#define TROTH_COLLECT_SAMPLER_H

#include "../base/cleanup.h"
#include "../store/rows.h"

struct sampler;

/* Where the counters are. */
struct sampler_maps {
	uint32_t id; /* of the map of series; unique within a boot */
	struct threshold thresholds[THRESHOLDS];
	unsigned int n_thresholds;
	bool adopted;	     /* they were there, and what they hold goes on */
	uint64_t stopped_ns; /* nothing counted after that, on the monotonic clock; 0: they count */
};

/*
 * One series of somebody. counts: cumulative, stripes summed; borrowed, as all of it.
 *
 * Two numbers may have one name, and are then one service: an endpoint that came back while its old
 * number was on its way out (sampler_retire()), and a client whose program was replaced by its next
 * version. A number that a killed process had on its way out has no key any more (netns 0, and its
 * role); its id is what remembered() says of the number. id of others is NULL until they are named.
 */
struct sampler_series {
	uint32_t number;
	struct endpoint_key key;
	const char *protocol; /* static string; "unknown" */
	bool overflow;	      /* SERIES_OVERFLOW: not a service */
	bool moved;	      /* counts may have changed since the last reading */
	const struct series_counts *counts;
	struct in_flight_row in_flight;
	const struct identity *id; /* name unique among services; NULL of an overflow, or not known */
};

struct sampler_options {
	const char *backend;	 /* "auto", "socket", "syscall" */
	unsigned int max_series; /* 0: as collector_options */
	const char *pin_dir;	 /* below a bpffs, made where it is not there */
	/*
	 * For maps that are new. Those that are adopted go on with their own (sampler_maps()), by
	 * which they have counted: read once, and then sampler_aim().
	 */
	struct threshold thresholds[THRESHOLDS];
	unsigned int n_thresholds;
	uint64_t idle_end_ns;
	bool adopt_only; /* to end it: nothing is loaded; -ENOENT where nothing is pinned that can be taken over */
	void *context;
	/*
	 * In this order, each where there is something to say; not 0: sampler_open() fails with it, and
	 * what was pinned stays as it is.
	 *
	 * leaving(): maps of another layout or of other fixed settings were found. Their hooks do nothing any more,
	 * what had begun to answer has ended, and these are their last counts (read through the maps' own
	 * BTF where the layout differs), series by series; left() after them: in_flight exchanges had no
	 * answer yet. When left() returns 0 they are in the record, and the maps go. The overflows come
	 * first, counted or not, so leaving() is called before remembered() is asked about these maps.
	 * Killed before the maps are gone, the next start hands the same ones over once more.
	 */
	int (*leaving)(void *context, const struct sampler_maps *maps,
		       const struct sampler_series *series);
	int (*left)(void *context, const struct sampler_maps *maps, const struct losses *losses,
		    uint64_t missed, uint64_t in_flight);
	/* Maps are pinned in their place, nothing counts yet unless they are adopted. */
	int (*mapped)(void *context, const struct sampler_maps *maps);
	/*
	 * What an endpoint that is adopted, or whose process is found, was called before: from the
	 * record. key with netns 0: only the number is known. NULL: not known. The sampler copies.
	 */
	const struct identity *(*remembered)(void *context, uint32_t number,
					     const struct endpoint_key *key);
};

/*
 * Needs CAP_BPF and CAP_PERFMON and, where maps of another layout are found, CAP_SYS_ADMIN (for their
 * types); afterwards what bpf() and the pin directory ask of whoever uses what is open and removes it.
 *
 * Adopts what is pinned, or loads, pins and attaches; when it returns 0 everything counts.
 *
 *  - Pinned and of the same build and settings: maps and links are taken over, nothing is loaded.
 *  - The same layout, other programs (an upgrade), or links that are not all there (a start that was
 *    killed): maps stay, programs are loaded on them, attached, and only then the old ones go.
 *  - Another layout or settings: see leaving().
 *
 * -EBUSY: another process has the directory (why has what to do). Otherwise as collector_open().
 */
int sampler_open(const struct sampler_options *o, struct sampler **ret, char *why, size_t why_size);

/* linger: pins stay, and counting goes on. Else hooks go first; call sampler_finish() before it. */
void sampler_close(struct sampler *s, bool linger); /* NULL is fine */

/* The static string of a protocol that is called so; "unknown" where none is. */
const char *sampler_protocol_named(const char *name);

const struct sampler_maps *sampler_maps(const struct sampler *s);
const char *sampler_backend(const struct sampler *s);
uint64_t sampler_memory(const struct sampler *s,
			unsigned int *ret_series); /* bytes of kernel memory */

/* Once a second: ends silent exchanges, names new endpoints, looks after numbers. 0 or -errno. */
int sampler_tick(struct sampler *s);

/* Hooks count nothing more and go, and what has begun to answer ends at its last byte. Then read once more. */
int sampler_finish(struct sampler *s);

/*
 * Each series that moved or has exchanges in flight, after sampler_tick(); all: every one of
 * somebody. What was read counts as not moved from then on: if it could not be recorded, the next
 * reading is with all. 0, -errno, or what each() gave.
 */
int sampler_read(struct sampler *s, bool all,
		 int (*each)(void *context, const struct sampler_series *series), void *context);

struct sampler_losses {
	struct losses losses; /* cumulative, as the maps have them */
	uint64_t missed;
	unsigned int series_used, series_max; /* both roles together */
	unsigned int groups_left_out;	      /* as resolver_groups_left_out() */
};
void sampler_losses(const struct sampler *s, struct sampler_losses *ret);

/*
 * Numbers come back. A series that no connection cached for quiet_ticks ticks (fewer where less than
 * three quarters of its role's numbers are free, 2 where less than one is), and on whose port nobody listens any
 * more, leaves the table of endpoints; two sweeps later, if it is still nobody's,
 * each() is called with its last counts. When it returns 0 these are in the record with a checkpoint
 * that has no service; the number is free and may belong to somebody else from then on. At most max a
 * call. 0 or what each() gave.
 */
int sampler_retire(struct sampler *s, unsigned int quiet_ticks, unsigned int max,
		   int (*each)(void *context, const struct sampler_series *series), void *context);

/*
 * Other limits, while running. A limit that stays keeps its index; a new one takes an index that none
 * has had, or one whose limit is not wanted any more. Until then limits that nobody wants stay: so
 * sampler_maps() may then have more than n, and it alone says what counts at which index (t is filled
 * from it). What is counted at an index that changes while this runs is within neither limit: read all
 * before and after. Returns when no program under way can still be counting by the old ones: some ten
 * milliseconds where an index changes. -E2BIG: more than THRESHOLDS.
 */
int sampler_aim(struct sampler *s, struct threshold t[THRESHOLDS], unsigned int n,
		uint64_t idle_end_ns);

/* Everything pinned there goes, whoever made it. 0; -ENOENT: nothing is; -EBUSY: a process has it. */
int sampler_detach(const char *pin_dir, char *why, size_t why_size);

#endif
