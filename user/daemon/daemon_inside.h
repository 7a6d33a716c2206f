/* SPDX-License-Identifier: Apache-2.0 */
/* daemon_inside.h - the inside of daemon.h, for daemon*.c alone. */
#ifndef TROTH_DAEMON_DAEMON_INSIDE_H
#define TROTH_DAEMON_DAEMON_INSIDE_H

#include "../base/loop.h"
#include "../conf/daemon.h"
#include "../export/notify.h"
#include "../web/server.h"
#include "daemon.h"
#include "health.h"
#include "keeper.h"
#include "recorder.h"
#include "sdnotify.h"
#include "view.h"

struct daemon {
	const struct daemon_flags *flags;
	bool adopt_only;	      /* to end it */
	bool began;		      /* it served */
	bool unrecorded;	      /* it ended with counts that only the kernel has */
	bool afresh;		      /* as must_reseed: the old one is out of the way */
	bool must_reseed;	      /* the record was begun afresh, and is still empty */
	struct store *in_transaction; /* of the tick under way; NULL: none */
	struct daemon_conf conf;
	struct daemon_conf_file *conf_owner,
		*reload_owner; /* of the start, which stays; of the last reload */

	struct loop *loop;
	struct loop_watch *signals;
	struct loop_timer *timer;
	int signal_fd;

	struct store *store;
	struct recorder *recorder;
	struct keeper *keeper;
	struct receiver receivers[RECEIVERS_MAX];
	struct notifier *notifier;
	struct server *server;
	struct view *view;
	struct health health;
	struct sdnotify *sd;

	char host[65], kernel[65];
	struct moment started;
	struct moment seen; /* of what is shown: the last tick, or a reload since */
	uint64_t due_ns;    /* CLOCK_MONOTONIC of the next tick */
	uint64_t ticks, late_ticks, tick_ns, tick_max_ns;
	int64_t settled;	      /* the minute up to which the record is settled */
	struct now_left_out left_out; /* of keepers and notifiers that are gone */
	int64_t reloaded;
	char *reload_error;
	bool commands; /* programs may be run: it was so at the start */
	int broken;    /* -errno: over */
};

/* daemon.c: record, recorder, keeper and the first tick; and the end of all that there is. */
enum daemon_end daemon_begin(struct daemon *d, struct promises *p);
void daemon_end(struct daemon *d);

/* daemon_tick.c */
void daemon_tick(void *daemon);
int daemon_tick_arm(struct daemon *d);
/* The first, over what the kernel has counted meanwhile; 0 or -errno. */
int daemon_tick_first(struct daemon *d);
/* One more, whatever the time: all up to here is judged by what is in force. */
int daemon_tick_now(struct daemon *d);
/* What is counted up to here; with linger false the hooks are gone then. 0: it is recorded. */
int daemon_tick_last(struct daemon *d, bool linger);
int daemon_keep(struct daemon *d, struct promises *p, int64_t now, char *why, size_t size);
/* Other objectives, and what they need of the kernel. Not 0: all is as it was, and why has a line. */
int daemon_change(struct daemon *d, struct promises *p, char *why, size_t size);
void daemon_note_event(struct daemon *d, const char *kind, const char *text);

/* daemon_notices.c */
void daemon_alert_changed(void *daemon, const struct kept_change *c);
void daemon_tell_firing(struct daemon *d);
/* at_once: what waits is tried now, not when it was to be tried again. */
int daemon_notifier(struct daemon *d, bool at_once);

/* daemon_reload.c */
void daemon_reload(struct daemon *d);

/* daemon_show.c */
struct server_source daemon_source(struct daemon *d);

#endif
