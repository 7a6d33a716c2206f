/* SPDX-License-Identifier: Apache-2.0 */
/*
 * result.h - what the engine says of one objective at one moment; CONTRACT's `troth.slo/1`.
 * Shapes and units only.
 */
#ifndef TROTH_SLO_RESULT_H
#define TROTH_SLO_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ALERTS_MAX    16
#define BURNS_MAX     (2 * ALERTS_MAX)
#define REVISIONS_MAX 16

#define COVERAGE_LOW 0.9 /* below it, a result says so wherever it is shown */

/* A pair of windows, or one condition of an AlertPolicy. */
struct alert_state {
	const char *severity; /* "page", "ticket", or as the policy has it */
	uint32_t long_s;
	uint32_t short_s; /* 0: none */
	double factor;
	double long_rate, short_rate; /* NAN: nothing was measured */
	/* What of the windows was measured or excluded; 0: it is not told. */
	uint64_t long_known_ns, short_known_ns;
	bool firing;
	bool frozen;   /* nothing was measured in a window of it: it keeps its state */
	bool can_fire; /* factor is below the highest possible rate */
	int64_t since; /* end of the step at which it began to fire; 0: it does not */
	uint64_t bad;  /* bad events in the long window */
	int64_t exhausted_at; /* when the budget is gone if the rate of its shortest window goes on; 0: not foreseen */
};

struct alert_change {
	int64_t time;
	const struct alert_state *alert;
	bool firing;   /* else resolved */
	int64_t since; /* end of the step at which it began to fire */
};

struct burn {
	uint32_t window_s;
	double rate; /* NAN: nothing was measured */
};

enum verdict { VERDICT_NO_DATA, VERDICT_MET, VERDICT_MISSED };

/* The part of the window in which one revision was in force, judged by its own target. */
struct revision_result {
	int64_t since; /* 0: from the beginning */
	double target;
	uint64_t good, total;
	double sli;
	enum verdict verdict;
};

struct slo_result {
	const char *slo, *service,
		*objective; /* objective: "" without a name, "*" of a composite */
	const char *counts_name;
	const char *method;
	double target;
	double allowed_ratio; /* 1 - target, to its own last digit */
	int64_t at;
	int64_t window_start, window_end;
	bool rolling;
	uint64_t good, total; /* events of the window so far */
	double sli;	      /* NAN: no data */
	enum verdict verdict;
	bool estimated;
	/* Seconds, in nanoseconds so that sums are exact. */
	uint64_t good_ns, bad_ns, idle_ns, unmeasured_ns, excluded_ns;
	double coverage; /* NAN: everything was excluded */
	bool in_slices;	 /* budget's unit, else events */
	double allowed, spent, remaining, remaining_ratio;
	double allowed_of,
		spent_of; /* events or slices: those of the whole window, and those measured */
	const struct burn *burns;
	size_t n_burns;
	const struct alert_state *alerts;
	size_t n_alerts;
	int64_t exhausted_at; /* since when the budget is spent, or when it will be; 0: not foreseen */
	uint32_t recent_s; /* the forecast lets the errors and traffic of the last so many seconds go on */
	double chance; /* of staying within the budget until the window ends; NAN: unknown */
	const char *chance_method;			 /* words */
	struct revision_result revisions[REVISIONS_MAX]; /* more than one only where it was revised */
	size_t n_revisions;
};

#endif
