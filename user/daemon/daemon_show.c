// SPDX-License-Identifier: Apache-2.0
/* daemon_show.c - what API, metrics and status get to see. */
#include <errno.h>

#include "../report/report.h"
#include "daemon_inside.h"

#ifndef TROTH_VERSION
#define TROTH_VERSION "0.1.0"
#endif

/* A report is made between two ticks: a larger one is troth report's. */
#define REPORT_LONGEST_NS 1000000000ull

static struct now fixed_of(struct daemon *d)
{
	struct now now = { .version = TROTH_VERSION,
			   .host = d->host,
			   .kernel = d->kernel,
			   .state_dir = d->conf.state_dir,
			   .pin_dir = d->conf.pin_dir,
			   .slo_dir = d->conf.slo_dir,
			   .started = d->started.wall_ns / NS_PER_SECOND,
			   .ticks = d->ticks,
			   .late_ticks = d->late_ticks,
			   .tick_ns = d->tick_ns,
			   .tick_max_ns = d->tick_max_ns,
			   .reloaded = d->reloaded,
			   .reload_error = d->reload_error };

	now.left_out = d->left_out;
	now.left_out.rows += keeper_dropped(d->keeper);
	now.left_out.services += live_evicted(keeper_live(d->keeper));
	now.left_out.minutes = recorder_dropped(d->recorder);
	now.left_out.events = store_events_dropped(d->store);
	now.left_out.alerts += d->notifier ? notifier_left_out(d->notifier) : 0;
	now.at = d->seen;
	now.up_ns = now.at.boot_ns - d->started.boot_ns;
	now.troubles = health_troubles(&d->health, &now.n_troubles);
	return now;
}

static int show_at(void *daemon, struct moment *ret)
{
	const struct daemon *d = daemon;

	*ret = d->seen;
	return 0;
}

static int show_now(void *daemon, int (*show)(void *shown, const struct now *now), void *shown)
{
	struct daemon *d = daemon;
	struct view_source s = { .recorder = d->recorder,
				 .keeper = d->keeper,
				 .store = d->store,
				 .notifier = d->notifier,
				 .server = d->server,
				 .receivers = d->receivers,
				 .n_receivers = d->conf.n_receivers,
				 .fixed = fixed_of(d) };

	return view_show(d->view, &s, show, shown);
}

static int show_report(void *daemon, FILE *out, int64_t from, int64_t to)
{
	struct daemon *d = daemon;
	struct store_options so = { .dir = d->conf.state_dir, .mode = STORE_READER };
	_cleanup_(store_closep) struct store *reader = NULL; /* sees one state of the record */
	_cleanup_(report_freep) struct report *r = NULL;
	struct moment now;
	struct report_options o = { .from = from, .to = to, .host = d->host };
	char why[256];
	int err;

	moment_now(&now);
	o.now = now.wall_ns / NS_PER_SECOND;
	err = store_open(&so, &reader, why, sizeof(why));
	if (!err) {
		store_deadline(reader, REPORT_LONGEST_NS);
		err = report_new(reader, &o, &r, why, sizeof(why));
	}
	if (!err)
		err = report_print(out, r, REPORT_JSON, false);
	return err;
}

struct server_source daemon_source(struct daemon *d)
{
	return (struct server_source){
		.context = d, .at = show_at, .now = show_now, .report = show_report
	};
}
