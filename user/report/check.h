/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h - one diagnosis, printed: text for people, JSON (troth.check/1) for programs.
 * Knows: a sample and its judgements. Must not know: how it was measured.
 */
#ifndef TROTH_REPORT_CHECK_H
#define TROTH_REPORT_CHECK_H

#include <stdio.h>
#include <time.h>

#include "../slo/judge.h"
#include "../store/rows.h"

struct check_report {
	struct timespec started; /* CLOCK_REALTIME */
	double duration_s;	 /* measured, not asked for */
	const char *host;
	const char *kernel;
	const struct sample *sample;
	const struct judgement *judgements; /* each says of which services it is */
	size_t n_judgements;
	bool from_files;	     /* objectives were asked for, not the default ones */
	const char *const *not_seen; /* lines: what was not seen and why; NULL-terminated */
};

/* 0 or -errno of the stream (-EPIPE: the reader left). */
int check_report_json(FILE *out, const struct check_report *r);
int check_report_text(FILE *out, const struct check_report *r, bool colour);

#endif
