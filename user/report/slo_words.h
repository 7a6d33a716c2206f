/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slo_words.h - promises, windows and alerts as sentences, for people outside engineering.
 * What returns char * is the caller's to free; NULL: no memory.
 */
#ifndef TROTH_REPORT_SLO_WORDS_H
#define TROTH_REPORT_SLO_WORDS_H

#include "../conf/openslo.h"
#include "../slo/result.h"
#include "human.h"

struct human words_seconds(uint64_t s); /* "5 minutes", "1 hour", "90 seconds" */
struct human
words_length(uint64_t ns); /* "4 minutes 19 seconds": its two largest units; "2.03 s" */
struct human words_span(struct span span); /* "28 days", "1 month" */
struct human words_moment(int64_t time);   /* "2026-01-31 12:00 UTC" */
/* As a clock in zone shows it, with the offset from UTC: "2026-02-01 00:00 +01:00". */
struct human words_moment_in(const char *zone, int64_t time);
struct human words_factor(double factor); /* "14.4", "0.9333": four digits after the point */
struct human words_rate(double rate);	  /* "16.2 times" */
struct human words_severity(const char *severity); /* "PAGE" */
/*
 * What is left of a budget, for a table: "43 %", "overspent by 7 %". Never more than there is, so what
 * is left is cut off, not rounded.
 */
struct human words_remaining(double remaining_ratio);
struct human words_left(double remaining_ratio);    /* "43 % of the budget is left" */
struct human words_sli(const struct slo_result *r); /* "99.95 %" */
struct human words_target(const struct objective *o,
			  const struct slo_result *r); /* "99.9 %"; o: or NULL */

/* Behind counts_name, for the name of a result: "/" and "*" where it is of all objectives together. */
const char *words_all(const struct slo_result *r);

/* "98.2 % good", "97.338 % of slices good", "97.338 % good, the mean of slices" */
struct human words_good(const struct slo_result *r);

/* Broken though there is budget left: why that is no contradiction. */
const char *words_broken_early(bool over);

/* What is counted: "requests to port 8443, good where ok or client_error within 300 ms". */
char *words_indicator(const struct slo *slo, const struct objective *o);

/* "the last 28 days", "calendar periods of 1 month, from 2026-01-01 00:00, Europe/Berlin" */
char *words_window(const struct time_window *w);

/* How the forecast is made; "none" where nothing was measured of what it goes by. */
char *words_method(const struct slo_result *r);

/* How likely the promise is kept; NULL where that is not known. */
char *words_chance(const struct slo_result *r, const struct time_window *w);

/* When the budget will be gone, or what is true instead. */
char *words_forecast(const struct slo_result *r);

/*
 * "last 3 days", or "last 3 days (measured: 35 seconds)". known_ns: what was measured or excluded;
 * 0: it is not told.
 */
struct human words_last(uint32_t window_s, uint64_t known_ns);

/*
 * What an alert says: which window, which rate, what is left, when it is gone, and the promise. Neither
 * rate nor end where a window of it was not measured, and no budget where nothing is known of it.
 */
char *words_alert(const struct slo_result *r, const struct alert_state *a, const char *promise);
/* Of one that has fired until then. */
char *words_alert_over(const struct slo_result *r, const struct alert_state *a, int64_t until,
		       const char *promise);

#endif
