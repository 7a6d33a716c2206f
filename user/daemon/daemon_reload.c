// SPDX-License-Identifier: Apache-2.0
/*
 * daemon_reload.c - SIGHUP: everything that was written is read again. What is wrong is said and leaves
 * everything as it was.
 */
#include <errno.h>
#include <string.h>

#include "../base/log.h"
#include "daemon_inside.h"

#define SAID_MAX  20 /* lines of problems in the log */
#define AS_IT_WAS "everything goes on as it was"

/* The first error is the reason; all of them go to the log. */
static void refuse(struct daemon *d, const char *what, const char *rest,
		   const struct problems *problems)
{
	size_t said = 0;
	char *reason = NULL;

	for (size_t i = 0; i < problems->n && said < SAID_MAX; i++) {
		const struct problem *p = &problems->item[i];

		if (p->level != PROBLEM_ERROR)
			continue;
		log_error("%s:%u:%u: %s", p->place.file, p->place.line, p->place.column,
			  p->message);
		if (!said++ && asprintf(&reason, "%s:%u:%u: %s", p->place.file, p->place.line,
					p->place.column, p->message) < 0)
			reason = NULL;
	}
	log_error("reload: %s; %s", what, rest);
	free(d->reload_error);
	d->reload_error = reason ? reason : strdup(what);
	health_wrong(&d->health, HEALTH_OBJECTIVES, false,
		     "the last reload was refused: %s; correct it and reload again",
		     d->reload_error ? d->reload_error : what);
}

/* What needs a restart keeps its value, and the log names it. */
static void merge(struct daemon *d, const struct daemon_conf *fresh)
{
	const char *fixed;
	size_t at = 0;

	while ((fixed = daemon_conf_fixed_change(&d->conf, fresh, &at)))
		log_warning("reload: %s takes effect when troth starts again", fixed);
	d->conf.slo_dir = fresh->slo_dir;
	d->conf.on_stop = fresh->on_stop;
	d->conf.log_level = fresh->log_level;
	d->conf.external_url = fresh->external_url;
	d->conf.queue_max = fresh->queue_max;
	memcpy(d->conf.receivers, fresh->receivers, sizeof(fresh->receivers));
	d->conf.n_receivers = fresh->n_receivers;
}

/* What receivers were told in the life of this process; names are those of their configuration. */
struct told {
	const char *name[RECEIVERS_MAX];
	struct notifier_counts counts[RECEIVERS_MAX];
	unsigned int n;
};

static void told_so_far(const struct daemon *d, struct told *ret)
{
	ret->n = d->notifier ? d->conf.n_receivers : 0;
	for (unsigned int i = 0; i < ret->n; i++) {
		ret->name[i] = d->receivers[i].name;
		notifier_counts(d->notifier, i, &ret->counts[i]);
	}
}

static void count_on(struct daemon *d, const struct told *before)
{
	for (unsigned int i = 0; d->notifier && i < d->conf.n_receivers; i++)
		for (unsigned int k = 0; k < before->n; k++)
			if (!strcmp(d->receivers[i].name, before->name[k]))
				notifier_count_on(d->notifier, i, &before->counts[k]);
}

/* Receivers may have changed: what waits goes through the record to the new notifier. */
static void take_conf(struct daemon *d, struct daemon_conf *conf, struct daemon_conf_file *owner)
{
	struct told told;
	int err;

	told_so_far(d, &told);
	if (d->notifier)
		d->left_out.alerts += notifier_left_out(d->notifier);
	notifier_free(d->notifier);
	d->notifier = NULL;
	merge(d, conf);
	log_init(conf->log_level);
	err = daemon_notifier(d, true);
	count_on(d, &told);
	daemon_conf_free(d->reload_owner); /* whose names told has */
	d->reload_owner = owner;
	if (err)
		health_wrong(&d->health, HEALTH_NOTIFICATIONS, false,
			     "nobody can be told: %s; restart troth", strerror(-err));
	else
		health_well(&d->health, HEALTH_NOTIFICATIONS);
	daemon_tell_firing(d); /* the old one knew what it had to repeat */
}

/* Programs run with a filter that was made for what was configured at the start. */
static bool wants_commands(const struct daemon *d, const struct daemon_conf *conf)
{
	for (unsigned int i = 0; !d->commands && i < conf->n_receivers; i++)
		if (!strcmp(conf->receivers[i].kind, "command"))
			return true;
	return false;
}

static void reload_server(struct daemon *d)
{
	char why[512] = "";

	if (server_reload(d->server, why, sizeof(why)))
		log_error("reload: %s; the old one stays", why);
}

static void reload(struct daemon *d, int64_t now)
{
	_cleanup_(daemon_conf_freep) struct daemon_conf_file *owner = NULL;
	_cleanup_(problems_clear) struct problems problems = {};
	_cleanup_(promises_clear) struct promises p = {};
	struct daemon_conf conf;
	char why[512] = "";

	if (daemon_conf_read(d->flags, &problems, &conf, &owner)) {
		refuse(d, "the configuration is wrong", AS_IT_WAS, &problems);
		return;
	}
	if (wants_commands(d, &conf)) {
		refuse(d, "a first receiver of kind command needs a restart of troth", AS_IT_WAS,
		       &problems);
		return;
	}
	if (promises_read(conf.slo_dir, now, &problems, &p)) {
		refuse(d, "the objectives are wrong", AS_IT_WAS, &problems);
		return;
	}
	if (d->health.part[HEALTH_RECORD].wrong) {
		/* Other objectives begin with what is recorded; the rest needs no record. */
		take_conf(d, &conf, TAKE(owner));
		reload_server(d);
		refuse(d, "objectives cannot be changed while the record cannot be written",
		       "the rest of the configuration is in force", &problems);
		return;
	}
	if (daemon_change(d, &p, why, sizeof(why))) {
		refuse(d, why, AS_IT_WAS, &problems);
		return;
	}
	take_conf(d, &conf, TAKE(owner));
	reload_server(d);
	free(d->reload_error);
	d->reload_error = NULL;
	d->reloaded = now;
	health_well(&d->health, HEALTH_OBJECTIVES);
	snprintf(why, sizeof(why), "%zu objectives of %zu files, %u receivers",
		 live_n(keeper_live(d->keeper)), keeper_set(d->keeper)->n_files,
		 d->conf.n_receivers);
	log_info("reloaded: %s", why);
	daemon_note_event(d, "reload", why);
}

void daemon_reload(struct daemon *d)
{
	struct moment now;

	sdnotify_reloading(d->sd);
	moment_now(&now);
	reload(d, now.wall_ns / NS_PER_SECOND);
	moment_now(&d->seen);
	sdnotify_ready(d->sd, NULL);
}
