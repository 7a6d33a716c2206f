/* SPDX-License-Identifier: Apache-2.0 */
/*
 * families.h - every family of metrics that there is, and one document of them being written. For
 * user/export alone.
 */
#ifndef TROTH_EXPORT_FAMILIES_H
#define TROTH_EXPORT_FAMILIES_H

#include <assert.h>

#include "metrics.h"

/* X(ID, name, type, unit, help). CONTRACT has the first ones; names only ever come on top. */
#define METRIC_FAMILIES(X)                                                                                \
	X(BUILD, "troth_build", INFO, NULL, "What this is and where it runs.")                            \
	X(EXCHANGES, "troth_exchanges", COUNTER, NULL,                                                    \
	  "Requests that ended, by how they ended, since the beginning of record.")                       \
	X(DURATION, "troth_exchange_duration_seconds", HISTOGRAM, "seconds",                              \
	  "Time from the first byte of a request to the last byte of its response; all but "              \
	  "aborted ones. The limits are those of the objectives, and exact.")                             \
	X(PARTS, "troth_exchange_part_seconds", SUMMARY, "seconds",                                       \
	  "Time spent in each part of the exchanges whose parts are known.")                              \
	X(IN_FLIGHT, "troth_exchanges_in_flight", GAUGE, NULL,                                            \
	  "Requests that wait for an answer now.")                                                        \
	X(REFUSED, "troth_connections_refused", COUNTER, NULL,                                            \
	  "Connections of a client that were refused: nobody listened.")                                  \
	X(SLO_GOOD, "troth_slo_good", COUNTER, NULL, "Good events of an objective, ever.")                \
	X(SLO_VALID, "troth_slo_valid", COUNTER, NULL, "Events that an objective judged, ever.")          \
	X(SLO_OBJECTIVE, "troth_slo_objective_ratio", GAUGE, "ratio",                                     \
	  "What is promised: the target of an objective.")                                                \
	X(SLO_SLI, "troth_slo_sli_ratio", GAUGE, "ratio",                                                 \
	  "What was kept so far in the window of an objective; missing without data.")                    \
	X(SLO_BUDGET, "troth_slo_budget_remaining_ratio", GAUGE, "ratio",                                 \
	  "Share of the error budget that is left: 0 is spent, below is overspent.")                      \
	X(SLO_BURN, "troth_slo_burn_rate", GAUGE, NULL,                                                   \
	  "How many times faster than allowed the error budget was spent in the last window.")            \
	X(SLO_COVERAGE, "troth_slo_coverage_ratio", GAUGE, "ratio",                                       \
	  "Share of the window of an objective in which it was measured.")                                \
	X(SLO_ALERT, "troth_slo_alert_firing", GAUGE, NULL,                                               \
	  "1 while both windows of an alert burn above its factor.")                                      \
	X(LOST, "troth_measurement_lost", COUNTER, NULL,                                                  \
	  "Exchanges or connections that are known to be in no count.")                                   \
	X(COVERAGE, "troth_measurement_coverage_ratio", GAUGE, "ratio",                                   \
	  "Measured share of the time since the beginning of record, times counted of counted and lost.") \
	X(MEASURED, "troth_measurement_exchanges", COUNTER, NULL,                                         \
	  "Exchanges that were counted, of all services.")                                                \
	X(UNATTRIBUTED, "troth_measurement_unattributed", COUNTER, NULL,                                  \
	  "Exchanges that were counted and belong to no service: there was no free series.")              \
	X(UNREADABLE, "troth_measurement_unreadable_payloads", COUNTER, NULL,                             \
	  "Beginnings of requests or responses that could not be read.")                                  \
	X(MISSED, "troth_measurement_missed_probe_runs", COUNTER, NULL,                                   \
	  "Probe runs that the kernel skipped.")                                                          \
	X(IMPAIRED, "troth_measurement_impaired", COUNTER, NULL,                                          \
	  "What was measured with less than full knowledge, and lost nothing.")                           \
	X(CHANGED, "troth_measurement_in_flight_at_change", COUNTER, NULL,                                \
	  "Exchanges that were under way when the probes were replaced.")                                 \
	X(READY, "troth_ready", GAUGE, NULL, "1 if /readyz says so.")                                     \
	X(TROUBLE, "troth_trouble", GAUGE, NULL, "1 while something is wrong with it.")                   \
	X(BEGAN, "troth_record_began_timestamp_seconds", GAUGE, "seconds",                                \
	  "Since when there is a record, Unix time.")                                                     \
	X(STARTED, "troth_start_timestamp_seconds", GAUGE, "seconds",                                     \
	  "When this process began, Unix time.")                                                          \
	X(RELOAD_GOOD, "troth_reload_good", GAUGE, NULL,                                                  \
	  "0 while the last reload of the configuration was refused.")                                    \
	X(RELOADED, "troth_reload_timestamp_seconds", GAUGE, "seconds",                                   \
	  "When the configuration was reloaded last, Unix time.")                                         \
	X(SERIES_USED, "troth_series_used", GAUGE, NULL, "Series in use in the kernel.")                  \
	X(SERIES_MAX, "troth_series_max", GAUGE, NULL, "Series that there is room for.")                  \
	X(GROUPS_LEFT_OUT, "troth_groups_left_out", GAUGE, NULL,                                          \
	  "Control groups beyond those looked through for the units of processes that have gone.")        \
	X(KERNEL_BYTES, "troth_kernel_bytes", GAUGE, "bytes", "Memory of the maps in the kernel.")        \
	X(STORE_BYTES, "troth_store_bytes", GAUGE, "bytes", "Size of the record on disk.")                \
	X(RESIDENT, "troth_resident_bytes", GAUGE, "bytes", "Resident memory of this process.")           \
	X(TICKS, "troth_ticks", COUNTER, NULL, "Ticks since this process began.")                         \
	X(LATE_TICKS, "troth_late_ticks", COUNTER, NULL,                                                  \
	  "Ticks that came more than half a second late.")                                                \
	X(TICK, "troth_tick_seconds", GAUGE, "seconds", "How long the last tick took.")                   \
	X(TICK_LONGEST, "troth_tick_longest_seconds", GAUGE, "seconds",                                   \
	  "How long the longest tick took.")                                                              \
	X(NOTIFICATIONS, "troth_notifications", COUNTER, NULL,                                            \
	  "Notifications by what became of them; failed counts tries.")                                   \
	X(HTTP, "troth_http_connections", COUNTER, NULL,                                                  \
	  "Connections to this server: accepted; dropped to make room for newer ones; expired as "        \
	  "too slow.")                                                                                    \
	X(LEFT_OUT, "troth_left_out", COUNTER, NULL,                                                      \
	  "What a limit of troth's own kept out of the record, of objectives or of messages.")            \
	X(WAITING, "troth_notifications_waiting", GAUGE, NULL, "Notifications on their way.")

#define FAMILY_ENUM(ID, name, type, unit, help) FAMILY_##ID,
enum family_id { METRIC_FAMILIES(FAMILY_ENUM) FAMILIES };
#undef FAMILY_ENUM

extern const struct metric_family metric_families[FAMILIES];

/* All of a document at most; of 10,000 services it is a quarter of this. */
#define METRICS_BYTES_MAX (128u << 20)

struct metrics_writer {
	const struct metrics_format_ops *ops;
	struct spool pages[FAMILIES];
};

void metrics_count(struct metrics_writer *w, enum family_id f, const struct labels *l,
		   uint64_t value);
/* Nothing where the value is not known (NAN). */
void metrics_number(struct metrics_writer *w, enum family_id f, const struct labels *l,
		    double value);
void metrics_summary(struct metrics_writer *w, enum family_id f, const struct labels *l,
		     uint64_t count, double sum);
void metrics_histogram(struct metrics_writer *w, enum family_id f, const struct labels *l,
		       const struct metric_histogram *h);

static inline void labels_add(struct labels *l, const char *name, const char *value)
{
	assert(l->n < LABELS_MAX); /* how many there are stands in the code: no input reaches it */
	l->all[l->n++] = (struct label){ name, value };
}

struct now;
/* Each adds its families: 0 or -ENOMEM. */
int metrics_services(struct metrics_writer *w, const struct now *now);
int metrics_objectives(struct metrics_writer *w, const struct now *now);
int metrics_self(struct metrics_writer *w, const struct now *now);

#endif
