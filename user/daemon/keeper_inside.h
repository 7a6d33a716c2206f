/* SPDX-License-Identifier: Apache-2.0 */
/* keeper_inside.h - the inside of keeper.h, for keeper*.c alone. */
#ifndef TROTH_DAEMON_KEEPER_INSIDE_H
#define TROTH_DAEMON_KEEPER_INSIDE_H

#include "keeper.h"

/* While the record cannot be written: some two hours of 100 objectives. Then the oldest goes. */
#define WAITING_MAX 12000
#define CHANGES_MAX 1024
#define EVENTS_MAX  1000 /* that the API tells */

struct waiting {
	size_t objective;
	bool is_hour;
	union {
		struct store_slo_minute minute;
		struct store_slo_hour hour;
	};
};

struct changed {
	const struct objective *objective;
	struct kept_change c;
	bool told;
};

/* One objective. */
struct kept {
	int64_t id;			/* in the record */
	uint64_t good_ever, total_ever; /* minutes that are over */
	struct store_slo_state state;
	bool moved;  /* a minute of it ended since its state was written */
	bool behind; /* what was written of it is not certain yet */
};

struct keeper {
	struct keeper_options options;
	struct promises promises;
	struct live *live;
	struct kept *objectives; /* as live's */

	struct recorder_stretch stretch;
	int64_t open;			/* start of the open minute; 0: none yet */
	uint64_t measured_ns, spill_ns; /* of it; of the next one already */
	bool set_back;
	int64_t kept_until; /* the newest minute that the record has, where that is yet to come */
	bool come_again;    /* the clock has come to one of those */

	struct waiting *waiting;
	size_t n_waiting, waiting_room;
	struct changed *changes;
	size_t n_changes, changes_room; /* CHANGES_MAX at most */
	struct kept_event *events;
	size_t n_events, events_room; /* EVENTS_MAX at most */
	uint64_t events_left_out;
	uint64_t dropped;
	struct service_row row; /* room for one tick's */
};

int64_t keeper_minute(int64_t wall_ns); /* in which that is */

/* keeper_restore.c: what the record has, into k->live. */
int keeper_restore(struct keeper *k);
/* Which one of live's, and which of its results. */
size_t keeper_objective(const struct keeper *k, const struct objective *o);
size_t keeper_result(const struct keeper *k, const struct objective *o);

/* keeper_events.c */
int keeper_events_restore(struct keeper *k);
void keeper_events_note(struct keeper *k, const struct kept_change *c);
void keeper_events_clear(struct keeper *k);

/* Callbacks of live. */
void keeper_hour_over(void *keeper, size_t objective, const struct live_hour *h);
void keeper_alert_changed(void *keeper, const struct slo *slo, const struct objective *o,
			  const struct alert_change *change);

#endif
