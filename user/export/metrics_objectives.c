// SPDX-License-Identifier: Apache-2.0
/* metrics_objectives.c - what is promised and how well it is kept, as metrics. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include "../base/cleanup.h"
#include "../base/utf8.h"
#include "../report/human.h"
#include "../report/now.h"
#include "families.h"

static void burns(struct metrics_writer *w, const struct slo_result *r, const struct labels *l)
{
	for (size_t i = 0; i < r->n_burns; i++) {
		struct human window = human_window(r->burns[i].window_s);
		struct labels with = *l;
		bool known = false;

		/* Two alerts may share a window. */
		for (size_t k = 0; k < i; k++)
			known |= r->burns[k].window_s == r->burns[i].window_s;
		if (known)
			continue;
		labels_add(&with, "window", window.s);
		metrics_number(w, FAMILY_SLO_BURN, &with, r->burns[i].rate);
	}
}

static bool same_alert(const struct alert_state *a, const struct alert_state *b)
{
	return a->long_s == b->long_s && a->short_s == b->short_s &&
	       !strcmp(a->severity, b->severity);
}

/* Conditions that differ in nothing but the factor are one series: it fires if one of them does. */
static void alerts(struct metrics_writer *w, const struct slo_result *r, const struct labels *l)
{
	for (size_t i = 0; i < r->n_alerts; i++) {
		const struct alert_state *a = &r->alerts[i];
		bool known = false, firing = a->firing;
		struct human long_window = human_window(a->long_s);
		struct human short_window = human_window(a->short_s);
		struct labels with = *l;

		for (size_t k = 0; k < r->n_alerts; k++) {
			if (k == i || !same_alert(a, &r->alerts[k]))
				continue;
			known |= k < i;
			firing |= r->alerts[k].firing;
		}
		if (known)
			continue;
		labels_add(&with, "severity", a->severity);
		labels_add(&with, "window", long_window.s);
		labels_add(&with, "short_window", a->short_s ? short_window.s : "");
		metrics_number(w, FAMILY_SLO_ALERT, &with, firing);
	}
}

static void objective(struct metrics_writer *w, const struct slo_entry *e,
		      const struct now_objective *extra, const struct labels *l)
{
	const struct slo_result *r = &e->result;
	bool data = r->verdict != VERDICT_NO_DATA;

	/* Of several objectives together there are no events. */
	if (e->objective) {
		metrics_count(w, FAMILY_SLO_GOOD, l, extra->good_ever);
		metrics_count(w, FAMILY_SLO_VALID, l, extra->total_ever);
	}
	metrics_number(w, FAMILY_SLO_OBJECTIVE, l, r->target);
	metrics_number(w, FAMILY_SLO_SLI, l, data ? r->sli : NAN);
	metrics_number(w, FAMILY_SLO_BUDGET, l, r->remaining_ratio);
	metrics_number(w, FAMILY_SLO_COVERAGE, l, r->coverage);
	burns(w, r, l);
	alerts(w, r, l);
}

int metrics_objectives(struct metrics_writer *w, const struct now *now)
{
	for (size_t i = 0; i < now->slos.n; i++) {
		const struct slo_result *r = &now->slos.entries[i].result;
		_cleanup_(freep) char *slo = utf8_valid(r->slo);
		_cleanup_(freep) char *name = utf8_valid(r->objective);
		_cleanup_(freep) char *service = utf8_valid(r->service ?: "");
		struct labels l = {};

		if (!slo || !name || !service)
			return -ENOMEM;
		labels_add(&l, "slo", slo);
		labels_add(&l, "objective", name);
		labels_add(&l, "service", service);
		objective(w, &now->slos.entries[i], &now->objectives[i], &l);
	}
	return 0;
}
