/* SPDX-License-Identifier: Apache-2.0 */
/*
 * now_json.h - what there is now, for the API: services one after the other, and all of it at a glance.
 * (slo_report_json() prints the objectives.)
 * Knows: report/now.h. Must not know: HTTP.
 */
#ifndef TROTH_REPORT_NOW_JSON_H
#define TROTH_REPORT_NOW_JSON_H

#include <stdio.h>

#include "now.h"

/* Each: 0 or -errno of the stream. */
int services_json(FILE *out, const struct now *now); /* troth.services/1 */
int status_json(FILE *out, const struct now *now);   /* troth.status/1 */

bool now_ready(const struct now *now);

#endif
