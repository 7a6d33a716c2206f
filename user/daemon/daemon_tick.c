// SPDX-License-Identifier: Apache-2.0
/*
 * daemon_tick.c - once a second: sampler, record, objectives, in one direction. Whoever is slow to be
 * told waits in a queue; nothing here waits for anybody.
 */
#include <errno.h>
#include <string.h>

#include "../base/log.h"
#include "daemon_inside.h"

#define TICK_NS	   ((uint64_t)NS_PER_SECOND)
#define AFTER_NS   2000000u /* a tick stands just behind the full second: it closes that second */
#define LATE_NS	   (TICK_NS / 2)
#define SERIES_LOW 0.9

int daemon_tick_arm(struct daemon *d)
{
	struct moment now;
	uint64_t after;

	moment_now(&now);
	after = TICK_NS - (uint64_t)(now.wall_ns % NS_PER_SECOND) + AFTER_NS;
	d->due_ns = now.mono_ns + after;
	return loop_timer_set(d->timer, after, 0);
}

/* What is known here goes into a fresh record; until it is there nothing else does. */
static int reseed(struct daemon *d, const struct moment *now)
{
	char why[256];
	int err = d->afresh ? 0 : store_start_afresh(d->store, why, sizeof(why));

	if (err)
		return err;
	d->afresh = true;
	err = recorder_reseed(d->recorder, now, keeper_reseed, d->keeper);
	if (!err)
		d->must_reseed = d->afresh = false;
	return err;
}

static void note_record(struct daemon *d, int error, const struct moment *now)
{
	if (!error) {
		health_well(&d->health, HEALTH_RECORD);
		return;
	}
	if (error == -EUCLEAN && !d->must_reseed) {
		log_error("store: the record is corrupt, or was removed: what is there is moved "
			  "aside, and a fresh one begun");
		d->must_reseed = true;
		error = reseed(d, now);
		if (!error)
			return;
	}
	health_wrong(
		&d->health, HEALTH_RECORD, true,
		"the record in %s cannot be written: %s; nothing is lost as long as the kernel "
		"counts: %s",
		d->conf.state_dir, strerror(-error),
		error == -ENOSPC ? "make room on its disk, or raise store.max-size" :
		error == -EROFS	 ? "mount its file system read-write" :
				   "see to its disk");
}

static void note_series(struct daemon *d)
{
	struct sampler_losses l;

	sampler_losses(recorder_sampler(d->recorder), &l);
	if (l.series_used > SERIES_LOW * l.series_max)
		health_wrong(
			&d->health, HEALTH_SERIES, false,
			"nearly all of the %u services that can be told apart are in use; raise "
			"max-series",
			l.series_max);
	else
		health_well(&d->health, HEALTH_SERIES);
}

/* What was counted before, so that corrections to come find what they correct. */
static int know_services(struct daemon *d, struct live *live)
{
	_cleanup_(freep) struct service_row *row = calloc(1, sizeof(*row));
	int err = row ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < recorder_n(d->recorder); i++) {
		const struct recorded *s = recorder_service(d->recorder, i);

		*row = (struct service_row){ .role = s->role,
					     .protocol = s->protocol,
					     .id = s->identity };
		recorder_total(d->recorder, i, &row->counts);
		err = live_known(live, row, s->understood);
	}
	return err;
}

int daemon_keep(struct daemon *d, struct promises *p, int64_t now, char *why, size_t size)
{
	const struct sampler_maps *maps = sampler_maps(recorder_sampler(d->recorder));
	struct keeper_options o = { .store = d->store,
				    .promises = p,
				    .limits = maps->thresholds,
				    .n_limits = maps->n_thresholds,
				    .now = now,
				    .context = d,
				    .changed = daemon_alert_changed };
	_cleanup_(keeper_freep) struct keeper *fresh = NULL;
	int err = keeper_new(&o, &fresh, why, size);

	if (!err)
		err = know_services(d, keeper_live(fresh));
	if (err)
		return err;
	if (d->keeper) {
		d->left_out.rows += keeper_dropped(d->keeper);
		d->left_out.services += live_evicted(keeper_live(d->keeper));
	}
	keeper_free(d->keeper);
	d->keeper = TAKE(fresh);
	return 0;
}

/* What a refused reload left to correct stays said. */
static void objectives_are_well(struct daemon *d)
{
	if (!d->reload_error)
		health_well(&d->health, HEALTH_OBJECTIVES);
}

/* The clock was set back over minutes that are kept: they are read again and go on. */
static void begin_anew(struct daemon *d, int64_t now)
{
	_cleanup_(problems_clear) struct problems problems = {};
	_cleanup_(promises_clear) struct promises p = {};
	char why[512] = "";
	int err = promises_again(keeper_promises(d->keeper), now, &problems, &p);

	log_warning("clock: set back; minutes that were kept already go on where they were");
	if (!err)
		err = daemon_keep(d, &p, now, why, sizeof(why));
	if (err)
		health_wrong(&d->health, HEALTH_OBJECTIVES, false,
			     "after the clock was set back they could not be read again: %s",
			     *why ? why : strerror(-err));
	else
		objectives_are_well(d);
}

static int begin(void *daemon, const struct recorder_stretch *stretch)
{
	struct daemon *d = daemon;

	return keeper_begin(d->keeper, stretch);
}

static int each(void *daemon, const struct recorded_delta *delta)
{
	struct daemon *d = daemon;

	return keeper_count(d->keeper, delta);
}

/* Messages to be sent stand in the same transaction as what they tell of. */
static int rest(void *daemon, struct store *s)
{
	struct daemon *d = daemon;
	int err;

	/* A fresh record that lacks what was known before would take later things for all there is. */
	d->in_transaction = d->must_reseed ? NULL : s;
	err = keeper_rest(d->keeper, d->in_transaction);
	d->in_transaction = NULL;
	return err ? err : d->must_reseed ? -EAGAIN : 0;
}

static int one_tick(struct daemon *d, const struct moment *now)
{
	struct recorder_tick t = { .context = d, .begin = begin, .each = each, .rest = rest };
	int err, again = d->must_reseed ? reseed(d, now) : 0;

	err = recorder_tick(d->recorder, now, &t);
	if (err)
		return err;
	note_record(d, again ? again : t.unrecorded, now);
	keeper_end(d->keeper, !t.unrecorded);
	if (t.names_changed)
		live_forget_services(keeper_live(d->keeper));
	if (keeper_must_begin_anew(d->keeper) && !t.unrecorded)
		begin_anew(d, now->wall_ns / NS_PER_SECOND);
	return 0;
}

int daemon_change(struct daemon *d, struct promises *p, char *why, size_t size)
{
	struct sampler_maps was = *sampler_maps(recorder_sampler(d->recorder));
	int err = daemon_tick_now(d), back;
	struct moment now;

	/* Up to here everything was judged by what was in force, and stands in the record. */
	if (err || d->health.part[HEALTH_RECORD].wrong) {
		snprintf(why, size, "what was counted up to now cannot be read or recorded");
		return err ? err : -EIO;
	}
	err = recorder_aim(d->recorder, p->limits, p->n_limits, p->idle_end_ns);
	if (err) {
		snprintf(why, size, "the kernel's limits cannot be set: %s", strerror(-err));
	} else {
		moment_now(&now);
		err = daemon_keep(d, p, now.wall_ns / NS_PER_SECOND, why, size);
		if (err && !*why)
			snprintf(why, size, "%s", strerror(-err));
	}
	if (!err) {
		daemon_tick_now(d); /* what fails here is said by the next one */
		return 0;
	}
	/* Those in force are judged by the limits that they were made for, index by index. */
	back = recorder_aim(d->recorder, was.thresholds, was.n_thresholds,
			    keeper_promises(d->keeper)->idle_end_ns);
	if (back)
		log_error("the kernel's limits cannot be set back: %s; restart troth",
			  strerror(-back));
	return err;
}

/* A document of the set comes into force. Files that were changed since wait for a reload. */
static void revise(struct daemon *d, int64_t now)
{
	_cleanup_(problems_clear) struct problems problems = {};
	_cleanup_(promises_clear) struct promises p = {};
	int64_t due = live_next_revision(keeper_live(d->keeper));
	char why[512] = "";
	int err;

	if (!due || due > now || d->health.part[HEALTH_RECORD].wrong)
		return;
	err = promises_again(keeper_promises(d->keeper), now, &problems, &p);
	if (!err)
		err = daemon_change(d, &p, why, sizeof(why));
	if (err) {
		health_wrong(&d->health, HEALTH_OBJECTIVES, false,
			     "a revision that is due cannot come into force: %s",
			     *why ? why : strerror(-err));
		return;
	}
	objectives_are_well(d);
	log_info("objectives: a revision is in force now");
}

static void settle(struct daemon *d, const struct moment *now)
{
	int64_t minute = now->wall_ns / NS_PER_SECOND / 60;
	int err;

	if (minute == d->settled || d->must_reseed)
		return;
	d->settled = minute;
	err = store_begin(d->store);
	if (!err)
		err = store_settle(d->store, now->wall_ns / NS_PER_SECOND);
	if (!err)
		err = store_commit(d->store);
	else
		store_rollback(d->store);
	if (!err)
		err = recorder_forget(d->recorder);
	note_record(d, err, now);
	note_series(d);
	revise(d, now->wall_ns / NS_PER_SECOND);
}

/* What maps and limits of before had counted last, where they are gone. */
static int tell_untold(struct daemon *d, const struct moment *now)
{
	struct recorder_tick t = { .context = d, .begin = begin, .each = each, .rest = rest };
	int err;

	while (!(err = recorder_tell(d->recorder, &t))) {
		if (t.unrecorded)
			break;
		keeper_end(d->keeper, true);
	}
	if (err == -ENOENT)
		return 0;
	err = err ? err : t.unrecorded;
	if (err == -EUCLEAN) { /* with the record they came from it is moved aside */
		note_record(d, err, now);
		return 0;
	}
	/* They were told in vain: no tick may write that. */
	keeper_free(d->keeper);
	d->keeper = NULL;
	return err;
}

int daemon_tick_first(struct daemon *d)
{
	struct moment now;
	int err;

	moment_now(&now);
	err = tell_untold(d, &now);
	if (err)
		return err;
	err = one_tick(d, &now);
	moment_now(&d->seen);
	d->settled = now.wall_ns / NS_PER_SECOND / 60;
	return err;
}

int daemon_tick_now(struct daemon *d)
{
	struct moment now;

	moment_now(&now);
	return one_tick(d, &now);
}

int daemon_tick_last(struct daemon *d, bool linger)
{
	int err = linger ? 0 : sampler_finish(recorder_sampler(d->recorder));

	if (!err)
		err = daemon_tick_now(d);
	if (err)
		log_error("the last counts cannot be read: %s", strerror(-err));
	return err ? err : d->health.part[HEALTH_RECORD].wrong ? -EIO : 0;
}

void daemon_tick(void *daemon)
{
	struct daemon *d = daemon;
	struct moment now;
	int err, unrecorded = 0;

	moment_now(&now);
	settle(d, &now);
	d->ticks++;
	if (now.mono_ns > d->due_ns + LATE_NS)
		d->late_ticks++;
	err = one_tick(d, &now);
	if (!err)
		err = recorder_retire(d->recorder, &now, &unrecorded);
	if (unrecorded)
		note_record(d, unrecorded, &now);
	if (err)
		health_wrong(&d->health, HEALTH_KERNEL, true,
			     "the kernel's counts cannot be read: %s; restart troth",
			     strerror(-err));
	else
		health_well(&d->health, HEALTH_KERNEL);
	sdnotify_alive(d->sd);
	moment_now(&d->seen);
	d->tick_ns = d->seen.mono_ns - now.mono_ns;
	if (d->tick_ns > d->tick_max_ns)
		d->tick_max_ns = d->tick_ns;
	err = daemon_tick_arm(d);
	if (err) {
		d->broken = err;
		loop_stop(d->loop);
	}
}
