// SPDX-License-Identifier: Apache-2.0
/*
 * metrics_services.c - what was counted, as metrics. The histogram has a bucket for each limit of time
 * that an objective has, where the kernel itself counted; between them a native histogram knows more.
 */
#include <errno.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/utf8.h"
#include "../report/figures.h"
#include "../report/now.h"
#include "families.h"

/* Limits on duration, ascending; of equal ones the first. */
struct limits {
	unsigned int n;
	unsigned int threshold[THRESHOLDS];
};

static struct limits limits_of(const struct now *now)
{
	struct limits l = {};

	for (unsigned int t = 0; t < now->n_thresholds && t < THRESHOLDS; t++) {
		uint64_t max_ns = now->thresholds[t].max_ns;
		unsigned int at = l.n;

		if (now->thresholds[t].part != PART_DURATION)
			continue;
		while (at && now->thresholds[l.threshold[at - 1]].max_ns > max_ns)
			at--;
		if (at && now->thresholds[l.threshold[at - 1]].max_ns == max_ns)
			continue;
		memmove(&l.threshold[at + 1], &l.threshold[at],
			(l.n - at) * sizeof(l.threshold[0]));
		l.threshold[at] = t;
		l.n++;
	}
	return l;
}

/* Of all that have a duration. */
static uint64_t within(const struct series_counts *c, unsigned int threshold)
{
	uint64_t n = 0;

	for (unsigned int o = 0; o < OUTCOMES; o++)
		if (o != OUTCOME_ABORTED)
			n += counts_within(c, threshold, o);
	return n;
}

static void duration(struct metrics_writer *w, const struct now *now, const struct limits *limits,
		     const struct service_row *row, const int64_t before[THRESHOLDS],
		     uint64_t timed, const struct labels *l)
{
	const struct series_counts *c = &row->counts;
	struct metric_histogram h = {
		.count = timed,
		.sum_s = ((double)c->queue_ns + (double)c->receive_ns + (double)c->service_ns +
			  (double)c->send_ns + (double)c->undivided_ns) /
			 1e9,
		.n_limits = limits->n,
		.buckets = c->duration,
	};
	uint64_t least = 0;

	for (unsigned int i = 0; i < limits->n; i++) {
		unsigned int t = limits->threshold[i];
		uint64_t n = within(c, t) + (uint64_t)before[t];

		/* What the histogram answered for the past is known to a bucket only. */
		n = n < least ? least : n;
		h.within[i] = least = n < timed ? n : timed;
		h.limits_s[i] = (double)now->thresholds[t].max_ns / 1e9;
	}
	metrics_histogram(w, FAMILY_DURATION, l, &h);
}

/*
 * Sums and counts without quantiles: only of one part the kernel keeps a histogram, and all series of a
 * family are of one type.
 */
static void parts(struct metrics_writer *w, const struct service_row *row, uint64_t timed,
		  const struct labels *l)
{
	const struct series_counts *c = &row->counts;
	uint64_t divided = timed > c->undivided ? timed - c->undivided : 0;
	bool client = row->role == ROLE_CLIENT;
	double queue = (double)c->queue_ns, receive = (double)c->receive_ns;
	double first_byte = (client ? 0 : queue + receive) + (double)c->service_ns;
	/* In the order of enum latency_part; of a client only the first byte is known. */
	const double sums[LATENCY_PARTS] = {
		0, first_byte, queue, receive, (double)c->service_ns, (double)c->send_ns
	};
	struct labels with = *l;

	labels_add(&with, "part", NULL);
	for (unsigned int p = LATENCY_FIRST_BYTE; p < LATENCY_PARTS; p++) {
		if (client && p != LATENCY_FIRST_BYTE)
			continue;
		with.all[with.n - 1].value = latency_part_names[p];
		metrics_summary(w, FAMILY_PARTS, &with, divided, sums[p] / 1e9);
	}
}

static void service(struct metrics_writer *w, const struct now *now, const struct limits *limits,
		    const struct service_row *row, const char *name,
		    const int64_t before[THRESHOLDS])
{
	struct labels l = {}, full;
	uint64_t timed = 0;

	labels_add(&l, "service", name);
	labels_add(&l, "role", figures_role(row->role));
	full = l;
	labels_add(&full, "protocol", row->protocol ?: "unknown");
	labels_add(&full, "route", "");
	labels_add(&full, "outcome", NULL);
	for (unsigned int o = 0; o < OUTCOMES; o++) {
		uint64_t n = counts_outcome(&row->counts, o);

		full.all[full.n - 1].value = figures_outcome(o);
		metrics_count(w, FAMILY_EXCHANGES, &full, n);
		timed += o == OUTCOME_ABORTED ? 0 : n;
	}
	duration(w, now, limits, row, before, timed, &l);
	parts(w, row, timed, &l);
	metrics_number(w, FAMILY_IN_FLIGHT, &l, (double)row->in_flight.count);
	if (row->role == ROLE_CLIENT) /* where nobody listens there is no server to count it */
		metrics_count(w, FAMILY_REFUSED, &l, row->counts.refused);
}

int metrics_services(struct metrics_writer *w, const struct now *now)
{
	struct limits limits = limits_of(now);

	for (size_t i = 0; i < now->services.n; i++) {
		int64_t before[THRESHOLDS] = {};
		const struct service_row *row = now->services.at(now->services.context, i, before);
		_cleanup_(freep) char *name = NULL;

		if (!row || figures_empty(row))
			continue;
		name = utf8_valid(figures_name(row));
		if (!name)
			return -ENOMEM;
		service(w, now, &limits, row, name, before);
	}
	return 0;
}
