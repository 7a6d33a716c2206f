/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slo_json.h - what troth.slo/1, troth.services/1 and troth.report/1 say alike of an objective.
 * Knows results. Must not know: which document it is for.
 */
#ifndef TROTH_REPORT_SLO_JSON_H
#define TROTH_REPORT_SLO_JSON_H

#include "json.h"
#include "slo.h"

/* Puts everything from `service` to `budget` into o, which may be NULL. */
json_t *slo_json_result(json_t *o, const struct slo_result *r);

/*
 * An objective as a service has it: name, indicator, target, good, total, sli, exact, met, budget; of
 * latency its part and limit too. inexact: how many requests may stand on the wrong side.
 */
json_t *slo_json_brief(const struct slo_result *r, const struct objective *o, uint64_t inexact);

/* What tells its good from the rest; NULL: that is not measured here. */
const struct kernel_metric *slo_judged_by(const struct objective *o);

/* Who excluded what of its window. */
json_t *slo_json_excluded(const struct slo_excluded *list, size_t n);

#endif
