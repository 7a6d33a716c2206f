// SPDX-License-Identifier: Apache-2.0
/* metrics_self.c - how well it measures, and how troth itself is doing. */
#include <stdbool.h>

#include "../report/figures.h"
#include "../report/now_json.h"
#include "families.h"

/* Which losses are exchanges that no count has: what measurement_row.lost adds up. */
static bool is_lost(const char *loss)
{
	static const char *const lost[] = { "no_storage", "merged", "unseen", "unseen_mptcp" };

	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++)
		if (!strcmp(lost[i], loss))
			return true;
	return false;
}

static void measurement(struct metrics_writer *w, const struct now *now)
{
	const struct measurement_row *m = &now->measurement;
	const struct labels none = {};
	struct labels l = {};
	const char *name;
	uint64_t n;

	labels_add(&l, NULL, NULL);
	for (unsigned int i = 0; (name = figures_loss(&m->losses, i, &n)); i++) {
		l.all[0] = (struct label){ is_lost(name) ? "reason" : "kind", name };
		metrics_count(w, is_lost(name) ? FAMILY_LOST : FAMILY_IMPAIRED, &l, n);
	}
	metrics_number(w, FAMILY_COVERAGE, &none, m->coverage);
	metrics_count(w, FAMILY_MEASURED, &none, m->exchanges);
	metrics_count(w, FAMILY_UNATTRIBUTED, &none, m->unattributed);
	metrics_count(w, FAMILY_UNREADABLE, &none, m->unreadable_payloads);
	metrics_count(w, FAMILY_MISSED, &none, m->missed_probe_runs);
	metrics_count(w, FAMILY_CHANGED, &none, now->in_flight_at_change);
}

/* The known ones always, so that an alert on them can be written before there is any trouble. */
static void troubles(struct metrics_writer *w, const struct now *now)
{
	static const char *const known[] = { "store", "kernel", "objectives", "series",
					     "notifications" };
	const struct labels none = {};

	for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
		struct labels l = {};
		bool wrong = false;

		for (size_t i = 0; i < now->n_troubles; i++)
			wrong |= !strcmp(now->troubles[i].what, known[k]);
		labels_add(&l, "what", known[k]);
		metrics_number(w, FAMILY_TROUBLE, &l, wrong);
	}
	metrics_number(w, FAMILY_READY, &none, now_ready(now));
}

static void notifications(struct metrics_writer *w, const struct now_receiver *r)
{
	const struct {
		const char *result;
		uint64_t n;
	} results[] = { { "sent", r->sent }, { "failed", r->failed }, { "dropped", r->dropped } };
	struct labels l = {};

	labels_add(&l, "receiver", r->name);
	labels_add(&l, "kind", r->kind);
	metrics_number(w, FAMILY_WAITING, &l, (double)r->waiting);
	labels_add(&l, "result", NULL);
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		l.all[l.n - 1].value = results[i].result;
		metrics_count(w, FAMILY_NOTIFICATIONS, &l, results[i].n);
	}
}

static void http(struct metrics_writer *w, const struct now_http *h)
{
	const struct {
		const char *what;
		uint64_t n;
	} counts[] = { { "accepted", h->accepted },
		       { "dropped", h->dropped },
		       { "expired", h->expired } };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct labels l = {};

		labels_add(&l, "what", counts[i].what);
		metrics_count(w, FAMILY_HTTP, &l, counts[i].n);
	}
}

static void left_out(struct metrics_writer *w, const struct now_left_out *o)
{
	const struct {
		const char *what;
		uint64_t n;
	} counts[] = { { "rows", o->rows },
		       { "minutes", o->minutes },
		       { "services", o->services },
		       { "alerts", o->alerts },
		       { "events", o->events } };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct labels l = {};

		labels_add(&l, "what", counts[i].what);
		metrics_count(w, FAMILY_LEFT_OUT, &l, counts[i].n);
	}
}

int metrics_self(struct metrics_writer *w, const struct now *now)
{
	const struct labels none = {};
	struct labels build = {};

	labels_add(&build, "version", now->version ?: "");
	labels_add(&build, "backend", now->backend ?: "");
	labels_add(&build, "kernel", now->kernel ?: "");
	metrics_number(w, FAMILY_BUILD, &build, 1);
	measurement(w, now);
	troubles(w, now);
	for (size_t i = 0; i < now->n_receivers; i++)
		notifications(w, &now->receivers[i]);
	http(w, &now->http);
	left_out(w, &now->left_out);
	if (now->began)
		metrics_number(w, FAMILY_BEGAN, &none, (double)now->began);
	metrics_number(w, FAMILY_STARTED, &none, (double)now->started);
	metrics_number(w, FAMILY_RELOAD_GOOD, &none, !now->reload_error);
	if (now->reloaded)
		metrics_number(w, FAMILY_RELOADED, &none, (double)now->reloaded);
	metrics_number(w, FAMILY_SERIES_USED, &none, now->series_used);
	metrics_number(w, FAMILY_SERIES_MAX, &none, now->series_max);
	metrics_number(w, FAMILY_GROUPS_LEFT_OUT, &none, now->groups_left_out);
	metrics_number(w, FAMILY_KERNEL_BYTES, &none, (double)now->kernel_bytes);
	metrics_number(w, FAMILY_STORE_BYTES, &none, (double)now->store_bytes);
	metrics_number(w, FAMILY_RESIDENT, &none, (double)now->resident_bytes);
	metrics_count(w, FAMILY_TICKS, &none, now->ticks);
	metrics_count(w, FAMILY_LATE_TICKS, &none, now->late_ticks);
	metrics_number(w, FAMILY_TICK, &none, (double)now->tick_ns / 1e9);
	metrics_number(w, FAMILY_TICK_LONGEST, &none, (double)now->tick_max_ns / 1e9);
	return 0;
}
