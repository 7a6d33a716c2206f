/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_model.h - the inside of report.h: what a report says, before any format. For report_*.c.
 * Knows: results, rows. Must not know: formats.
 */
#ifndef TROTH_REPORT_REPORT_MODEL_H
#define TROTH_REPORT_REPORT_MODEL_H

#include "../slo/result.h"
#include "figures.h"
#include "report.h"
#include "report_source.h"
#include "report_tally.h"
#include "slo.h"

#define REPORT_EVENTS_MAX   10000 /* the newest; what is beyond is counted */
#define REPORT_ALERTS_MAX   1000  /* of one promise, the newest; what is beyond is counted */
#define REPORT_GAPS_MAX	    20	  /* the longest */
#define REPORT_SERVICES_MAX 20000 /* with traffic; what is beyond is counted */
#define REPORT_PAST_MAX	    32 /* documents with promises that were removed; older ones are counted */
#define REPORT_CHARTED	    20 /* services whose latency is drawn, by rank */

/* One firing of one pair of windows. */
struct report_alert {
	int64_t since, until; /* until 0: it still fires at the end of the period */
	const char *severity;
	uint32_t long_s, short_s;
};

enum report_trend { TREND_UNKNOWN, TREND_BETTER, TREND_SAME, TREND_WORSE };
extern const char *const report_trends[]; /* "better" ...; NULL of UNKNOWN */

struct report_promise {
	const struct slo *slo;
	const struct objective *objective; /* NULL: all objectives of the SLO together */
	size_t members;			   /* then: how many stand before it */
	int64_t removed;		   /* since when it is promised no more; 0: it is */
	struct report_rules rules;
	struct slo_result now, before; /* of the period, and of the one before it */
	struct stretch *stretches;     /* maintenance of both; NULL: its SLO's first has it */
	struct slo_excluded *excluded; /* in the period */
	size_t n_excluded;
	uint64_t inexact;
	struct report_moment worst[REPORT_WORST];
	unsigned int n_worst;
	struct report_alert *alerts;
	size_t n_alerts, alerts_left_out;
	double cost, cost_before; /* of bad events; NAN: not known */
	enum report_trend trend;
	struct report_point *points;
	size_t *services; /* which of the report's it means, ascending */
	size_t n_services;
};

struct report_service {
	int64_t id;
	struct service_row row;	    /* its strings are the report's own; counts: of the period */
	struct figures now, before; /* before.total 0: nothing */
	double risk;		/* what is spent of the budget, times the cost; NAN: no promise */
	double remaining_ratio; /* the smallest; NAN */
	const struct report_promise *riskiest;
	struct report_latency *latency; /* REPORT_POINTS_MAX; NULL: not drawn */
};

/* Percentiles of one point of a chart; NAN: nothing was timed. */
struct report_latency {
	double p50_s, p90_s, p99_s;
};

struct report_gap {
	int64_t from, to;
	uint64_t unmeasured_ns;
};

struct report_requests {
	uint64_t total, failed, no_answer; /* no_answer is part of failed */
};

/* All promises, or all of the period before. Composites are not counted. */
struct report_count {
	size_t kept, broken, no_data;
	struct report_requests here;	 /* to services that run here */
	struct report_requests promised; /* of the listed services that a promise means */
	struct report_requests others;	 /* here, and no promise means them */
	uint64_t bad_ns;		 /* the longest that one promise was below its target */
	const struct report_promise *longest;
};

struct report {
	int64_t from, to, before; /* before: where the period before begins */
	int64_t began, now;
	char *host; /* NULL: not known */
	struct slo_set *set;
	struct report_past { /* documents of the period with promises that are in no later ones */
		struct slo_set *set;
		int64_t until;
	} past[REPORT_PAST_MAX];
	unsigned int n_past;
	size_t documents_left_out; /* not looked into: older than those of past */
	struct report_promise *promises;
	size_t n_promises;		 /* composites too */
	struct report_service *services; /* by rank */
	size_t n_services, services_left_out;
	struct store_event *events; /* their strings are the report's */
	size_t n_events, events_left_out;
	struct store_measured measured, measured_before;
	double coverage, coverage_before; /* NAN: of no time */
	double estimated_share;		  /* of what was measured */
	struct report_gap gaps[REPORT_GAPS_MAX];
	size_t n_gaps, gaps_left_out;
	struct report_count count, count_before;
	uint32_t point_s;
	int64_t points_from;
	size_t n_points;
	char **sentences; /* the summary in plain words, in order */
	size_t n_sentences;
};

/* As report_new(), from any source, which is borrowed until it returns. */
int report_from(const struct report_source *s, const struct report_options *o, struct report **ret,
		char *why, size_t why_size);

/* The steps of it, each in its own file; 0 or -errno. */
int report_find_promises(const struct report_source *s, struct report *r, char *why, size_t size);
int report_find_events(const struct report_source *s, struct report *r);
int report_find_services(const struct report_source *s, struct report *r);
int report_find_gaps(const struct report_source *s, struct report *r);
int report_summarise(struct report *r);

void report_events_free(struct report *r);
void report_services_free(struct report *r);

/* Of a list of n, of which shown are shown: how many there are besides, with those that it left out. */
static inline size_t report_more(size_t n, size_t left_out, size_t shown)
{
	return (n > shown ? n - shown : 0) + left_out;
}

bool report_low(double coverage); /* so little was measured that results are to be doubted */
const char *report_title(const struct report_promise *p); /* its promise in words, or its name */

/* One file a format. 0 or -errno of the stream. */
int report_text(FILE *out, const struct report *r, bool colour);
int report_json(FILE *out, const struct report *r);
int report_markdown(FILE *out, const struct report *r);
int report_html(FILE *out, const struct report *r);
int report_csv(FILE *out, const struct report *r);

#endif
