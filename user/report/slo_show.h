/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slo_show.h - what objectives promise and allow, before anything is measured: `troth slo show`.
 * Entries as in slo.h; of their results the windows and alerts count. Must not know: counts.
 */
#ifndef TROTH_REPORT_SLO_SHOW_H
#define TROTH_REPORT_SLO_SHOW_H

#include "human.h"
#include "slo.h"

/* The arithmetic of one objective. */
struct allowance {
	char target[DECIMAL_TEXT + 4]; /* "99.9 %" */
	double ratio;		       /* 1 - target */
	double per_million;
	double one_in;	/* INFINITY: none may fail */
	double minutes; /* of a full outage in one window */
	double slices;	/* of the window that may be bad; 0: the method has none */
	double slices_of;
	int64_t window_s; /* nominal */
};

void slo_allowance(const struct slo_entry *e, struct allowance *ret);
/* What alert i of the SLO is made from; NULL: it is a default alert. */
const struct alert_condition *slo_condition(const struct slo *slo, size_t i);
/*
 * Of a full outage in steady traffic until this alert of the entry's result fires; INFINITY: never. In
 * whole slices where the method has slices, else exact: alerts are judged at the end of each step.
 */
double slo_detect_s(const struct slo_entry *e, const struct allowance *a, size_t alert);
/* "8,640.5": ten digits, no zeros at the end. */
struct human slo_number(double value);

/* Both: 0 or -errno of the stream. */
int slo_show_text(FILE *out, const struct slo_report *r, bool colour);
int slo_show_json(FILE *out, const struct slo_report *r);

#endif
