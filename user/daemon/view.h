/* SPDX-License-Identifier: Apache-2.0 */
/* view.h - fills report/now.h from what the daemon holds. Nothing of it is kept. */
#ifndef TROTH_DAEMON_VIEW_H
#define TROTH_DAEMON_VIEW_H

#include "../export/notify.h"
#include "../report/now.h"
#include "../web/server.h"
#include "keeper.h"
#include "recorder.h"

struct view;

/* What only the daemon knows; borrowed while a view is shown. */
struct view_source {
	struct recorder *recorder;
	struct keeper *keeper;
	struct store *store;
	struct notifier *notifier;   /* NULL: nobody is told */
	const struct server *server; /* NULL: none yet */
	const struct receiver *receivers;
	size_t n_receivers;
	struct now fixed; /* what does not follow from these: paths, times, troubles, ticks */
};

int view_new(struct view **ret); /* 0 or -ENOMEM */
void view_free(struct view *v);	 /* NULL is fine */
DEFINE_FREEP(struct view, view_free)

/* Calls show() with everything at the moment of s->fixed.at. 0, -ENOMEM, or what show() gave. */
int view_show(struct view *v, const struct view_source *s,
	      int (*show)(void *shown, const struct now *now), void *shown);

#endif
