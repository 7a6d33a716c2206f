// SPDX-License-Identifier: Apache-2.0
/* daemon_detach.c - `troth detach`: everything pinned goes, after its last counts are in the record. */
#include <errno.h>
#include <string.h>

#include "../base/log.h"
#include "daemon_inside.h"

/* There is a record, and it is not made for this. */
static bool has_record(const char *state_dir)
{
	_cleanup_(freep) char *db = NULL;

	return asprintf(&db, "%s/troth.db", state_dir) >= 0 && !access(db, F_OK);
}

/* What cannot be read of them leaves the counts of services, which need no objectives. */
static int read_promises(struct daemon *d, struct promises *ret)
{
	_cleanup_(problems_clear) struct problems problems = {};
	struct moment now;

	moment_now(&now);
	if (!promises_read(d->conf.slo_dir, now.wall_ns / NS_PER_SECOND, &problems, ret))
		return 0;
	problems_clear(&problems);
	problems = (struct problems){};
	return promises_read(NULL, 0, &problems, ret);
}

static enum daemon_end record_rest(struct daemon *d)
{
	_cleanup_(promises_clear) struct promises p = {};
	int err = read_promises(d, &p);

	if (err)
		return DAEMON_UNABLE;
	d->adopt_only = true;
	d->conf.on_stop = ON_STOP_DETACH;
	return daemon_begin(d, &p);
}

enum daemon_end daemon_detach(const struct daemon_conf *conf)
{
	struct daemon d = { .conf = *conf, .signal_fd = -1 };
	enum daemon_end code = DAEMON_NOTHING;
	char why[512] = "";
	int err;

	log_init(LOG_LEVEL_WARNING);
	if (has_record(d.conf.state_dir))
		code = record_rest(&d);
	/* The hooks end with the recorder; what is left belongs to nobody. */
	daemon_end(&d);
	if (code != DAEMON_DONE && code != DAEMON_NOTHING)
		return code;
	if (d.unrecorded)
		return DAEMON_UNABLE; /* said */
	err = sampler_detach(conf->pin_dir, why, sizeof(why));
	if (!err || err == -ENOENT)
		return DAEMON_DONE;
	fprintf(stderr, "troth detach: %s\n", *why ? why : strerror(-err));
	return DAEMON_UNABLE;
}
