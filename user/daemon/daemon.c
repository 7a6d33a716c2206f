// SPDX-License-Identifier: Apache-2.0
/*
 * daemon.c - the order of things: what may be refused comes first, nothing counts before its checkpoint
 * stands, and from "ready" on there is no privilege that is not needed.
 */
#include "daemon.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>

#include "../base/log.h"
#include "../report/problems_said.h"
#include "daemon_inside.h"
#include "privilege.h"

static enum daemon_end fail(enum daemon_end end, const char *why)
{
	fprintf(stderr, "%stroth: %s\n", log_mark(LOG_LEVEL_ERROR), *why ? why : "it cannot begin");
	return end;
}

/* --- signals ------------------------------------------------------------------------------------ */

static void signalled(void *daemon, uint32_t events)
{
	struct daemon *d = daemon;
	struct signalfd_siginfo info;

	(void)events;
	while (read(d->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			daemon_reload(d);
			continue;
		}
		log_info("stopping: %s", strsignal((int)info.ssi_signo));
		loop_stop(d->loop);
	}
}

static int watch_signals(struct daemon *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	d->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (d->signal_fd < 0)
		return -errno;
	return loop_watch(d->loop, d->signal_fd, EPOLLIN, signalled, d, &d->signals);
}

/* --- opening ------------------------------------------------------------------------------------ */

static enum daemon_end open_record(struct daemon *d)
{
	struct store_options o = { .dir = d->conf.state_dir,
				   .mode = STORE_WRITER,
				   .minutes_days = (uint32_t)d->conf.minutes_days,
				   .hours_months = (uint32_t)d->conf.hours_months,
				   .max_bytes = d->conf.max_bytes };
	char why[512] = "";
	int err = store_open(&o, &d->store, why, sizeof(why));

	if (err == -EUCLEAN) {
		log_error("store: %s: it is moved aside, and a fresh record begun", why);
		o.afresh = true;
		err = store_open(&o, &d->store, why, sizeof(why));
	}
	return err ? fail(DAEMON_UNABLE, why) : DAEMON_DONE;
}

/* Damage that shows only when it is read. */
static int begin_afresh(struct daemon *d)
{
	char why[512] = "";
	int err = store_start_afresh(d->store, why, sizeof(why));

	log_error("store: the record is corrupt: %s",
		  err ? why : "it is moved aside, and a fresh one begun");
	return err;
}

static enum daemon_end open_recorder(struct daemon *d, const struct promises *p)
{
	struct recorder_options o = {
		.store = d->store,
		.sampler = { .backend = daemon_backends[d->conf.backend],
			     .max_series = (unsigned int)d->conf.max_series,
			     .pin_dir = d->conf.pin_dir,
			     .adopt_only = d->adopt_only,
			     .n_thresholds = p->n_limits,
			     .idle_end_ns = p->idle_end_ns },
	};
	char why[512] = "";
	int err;

	memcpy(o.sampler.thresholds, p->limits, sizeof(p->limits));
	err = recorder_open(&o, &d->recorder, why, sizeof(why));
	if (err == -EUCLEAN && !begin_afresh(d))
		err = recorder_open(&o, &d->recorder, why, sizeof(why));
	if (err == -ENOENT && d->adopt_only)
		return DAEMON_NOTHING;
	if (err)
		return fail(DAEMON_UNABLE, *why ? why : "cannot measure here");
	return DAEMON_DONE;
}

/* An adopted kernel counts by the limits that it had. */
static enum daemon_end open_keeper(struct daemon *d, struct promises *p)
{
	struct threshold limits[THRESHOLDS];
	struct moment now;
	char why[512] = "";
	int err;

	memcpy(limits, p->limits, sizeof(limits));
	err = recorder_has_limits(d->recorder, p->limits, p->n_limits) ? 0 :
									 recorder_hold(d->recorder);
	if (!err)
		err = recorder_aim(d->recorder, limits, p->n_limits, p->idle_end_ns);
	if (err) {
		snprintf(why, sizeof(why), "the kernel's limits cannot be set: %s", strerror(-err));
		return fail(DAEMON_UNABLE, why);
	}
	moment_now(&now);
	err = daemon_keep(d, p, now.wall_ns / NS_PER_SECOND, why, sizeof(why));
	if (err == -EUCLEAN && !begin_afresh(d) &&
	    !recorder_reseed(d->recorder, &now, NULL, NULL) && p->set)
		err = daemon_keep(d, p, now.wall_ns / NS_PER_SECOND, why, sizeof(why));
	if (err)
		return fail(DAEMON_UNABLE, *why ? why : "objectives cannot be kept");
	return DAEMON_DONE;
}

static enum daemon_end open_outside(struct daemon *d)
{
	_cleanup_(freep) char *socket = NULL;
	struct server_options o = { .loop = d->loop,
				    .listen = d->conf.listen,
				    .cert_file = d->conf.cert_file,
				    .key_file = d->conf.key_file,
				    .bearer_file = d->conf.bearer_file,
				    .connections_max = (uint32_t)d->conf.connections_max,
				    .source = daemon_source(d) };
	char why[512] = "";
	int err;

	if (asprintf(&socket, "%s/troth.sock", d->conf.state_dir) < 0)
		return fail(DAEMON_UNABLE, "out of memory");
	o.unix_path = socket;
	if (server_new(&o, &d->server, why, sizeof(why)))
		return fail(DAEMON_UNABLE, why);
	err = daemon_notifier(d, false);
	if (err) {
		snprintf(why, sizeof(why), "notifications cannot be set up: %s", strerror(-err));
		return fail(DAEMON_UNABLE, why);
	}
	return DAEMON_DONE;
}

static enum daemon_end give_up_privilege(const struct privilege_options *o,
					 const struct privilege_user *u)
{
	char why[512] = "";

	return privilege_drop(o, u, why, sizeof(why)) ? fail(DAEMON_UNABLE, why) : DAEMON_DONE;
}

void daemon_note_event(struct daemon *d, const char *kind, const char *text)
{
	struct moment now;
	struct store_event e = { .kind = kind, .text = text };

	moment_now(&now);
	e.time = now.wall_ns / NS_PER_SECOND;
	if (store_begin(d->store))
		return;
	if (store_event_put(d->store, &e) || store_commit(d->store))
		store_rollback(d->store);
}

/* Everything up to the first tick, which finds what was counted while nobody looked. */
enum daemon_end daemon_begin(struct daemon *d, struct promises *p)
{
	enum daemon_end end = open_record(d);
	int err;

	if (end == DAEMON_DONE)
		end = open_recorder(d, p);
	if (end == DAEMON_DONE)
		end = open_keeper(d, p);
	if (end != DAEMON_DONE)
		return end;
	err = daemon_tick_first(d);
	if (err) {
		fprintf(stderr, "%stroth run: the first counts cannot be read or recorded: %s\n",
			log_mark(LOG_LEVEL_ERROR), strerror(-err));
		return DAEMON_UNABLE;
	}
	return DAEMON_DONE;
}

static enum daemon_end serve(struct daemon *d)
{
	char status[160];
	int err;

	snprintf(status, sizeof(status), "%zu objectives, %s backend, %s",
		 live_n(keeper_live(d->keeper)), sampler_backend(recorder_sampler(d->recorder)),
		 *d->conf.listen ? d->conf.listen : "no HTTP");
	d->began = true;
	daemon_note_event(d, "start", status);
	err = daemon_tick_arm(d);
	if (!err) {
		log_info("measuring: %s", status);
		fputs("ready\n", stderr);
		sdnotify_ready(d->sd, status);
		daemon_tell_firing(d);
		err = loop_run(d->loop);
	}
	sdnotify_stopping(d->sd);
	if (err || d->broken) {
		log_error("the event loop failed: %s", strerror(err ? -err : -d->broken));
		return DAEMON_UNABLE;
	}
	return DAEMON_DONE;
}

void daemon_end(struct daemon *d)
{
	bool found = d->recorder && recorder_found_counts(d->recorder);
	bool linger = d->conf.on_stop == ON_STOP_LINGER;

	/* A start that failed leaves what it found. */
	if (!d->began && !d->adopt_only && found)
		linger = true;
	if (d->recorder && d->keeper && d->server)
		daemon_note_event(d, "stop",
				  linger ? "counting goes on in the kernel" : "detached");
	/* What is not in the record is in the kernel alone: there it stays. */
	if (d->recorder && !linger && (d->keeper ? daemon_tick_last(d, false) : found)) {
		log_error(
			"what was counted last could not be recorded: it stays pinned in %s for the "
			"next start",
			d->conf.pin_dir);
		linger = d->unrecorded = true;
	} else if (d->recorder && d->keeper && linger) {
		daemon_tick_last(d, true);
	}
	notifier_free(d->notifier);
	server_free(d->server);
	recorder_close(d->recorder, linger);
	keeper_free(d->keeper);
	store_close(d->store);
	view_free(d->view);
	loop_timer_end(d->timer);
	loop_watch_end(d->signals);
	closep(&d->signal_fd);
	loop_free(d->loop);
	sdnotify_free(d->sd);
	free(d->reload_error);
	daemon_conf_free(d->reload_owner);
	daemon_conf_free(d->conf_owner);
}

/* Configuration and objectives; what is wrong with them is said. */
static enum daemon_end read_files(struct daemon *d, struct promises *p)
{
	_cleanup_(problems_clear) struct problems problems = {};
	int err;

	moment_now(&d->started);
	log_init(LOG_LEVEL_INFO); /* until it is known which */
	err = daemon_conf_read(d->flags, &problems, &d->conf, &d->conf_owner);
	if (!err)
		err = promises_read(d->conf.slo_dir, d->started.wall_ns / NS_PER_SECOND, &problems,
				    p);
	for (size_t i = 0; i < problems.n; i++) {
		bool is_error = problems.item[i].level == PROBLEM_ERROR;

		fputs(log_mark(is_error ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING), stderr);
		problem_say(stderr, &problems.item[i]);
	}
	if (err)
		return problems.errors ? DAEMON_USAGE : fail(DAEMON_UNABLE, strerror(-err));
	log_init(d->conf.log_level);
	return DAEMON_DONE;
}

enum daemon_end daemon_check(const struct daemon_flags *flags, size_t *ret_objectives)
{
	_cleanup_(promises_clear) struct promises p = {};
	_cleanup_(live_freep) struct live *l = NULL;
	struct daemon d = { .flags = flags };
	enum daemon_end code = read_files(&d, &p);
	struct live_options o = { .set = p.set,
				  .now = d.started.wall_ns / NS_PER_SECOND,
				  .limits = p.limits,
				  .n_limits = p.n_limits };
	char why[512] = "";

	if (code == DAEMON_DONE && live_new(&o, &l, why, sizeof(why)))
		code = fail(DAEMON_USAGE, why);
	*ret_objectives = l ? live_n(l) : 0;
	daemon_conf_free(d.conf_owner);
	return code;
}

static enum daemon_end run(struct daemon *d)
{
	_cleanup_(promises_clear) struct promises p = {};
	struct privilege_options privilege;
	struct privilege_user user;
	enum daemon_end code;
	char why[512] = "";
	int err;

	code = read_files(d, &p);
	if (code != DAEMON_DONE)
		return code;
	privilege = (struct privilege_options){ .user = d->conf.user,
						.state_dir = d->conf.state_dir,
						.pin_dir = d->conf.pin_dir };
	for (unsigned int i = 0; i < d->conf.n_receivers; i++)
		privilege.commands |= !strcmp(d->conf.receivers[i].kind, "command");
	d->commands = privilege.commands;
	if (privilege_prepare(&privilege, &user, why, sizeof(why)))
		return fail(DAEMON_UNABLE, why);
	err = sdnotify_open(&d->sd);
	if (!err)
		err = loop_new(&d->loop);
	if (!err)
		err = watch_signals(d);
	if (!err)
		err = loop_timer(d->loop, daemon_tick, d, &d->timer);
	if (!err)
		err = view_new(&d->view);
	if (err)
		return fail(DAEMON_UNABLE, strerror(-err));
	code = daemon_begin(d, &p);
	if (code == DAEMON_DONE)
		code = open_outside(d);
	if (code == DAEMON_DONE)
		code = give_up_privilege(&privilege, &user);
	return code == DAEMON_DONE ? serve(d) : code;
}

enum daemon_end daemon_run(const struct daemon_flags *flags)
{
	struct daemon d = { .flags = flags, .signal_fd = -1 };
	struct utsname host;
	enum daemon_end code;

	if (!uname(&host)) {
		snprintf(d.host, sizeof(d.host), "%s", host.nodename);
		snprintf(d.kernel, sizeof(d.kernel), "%s", host.release);
	}
	code = run(&d);
	daemon_end(&d);
	return code;
}
