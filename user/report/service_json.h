/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service_json.h - what troth.check/1, troth.services/1 and troth.report/1 say alike.
 * Knows: rows. Must not know: which document it is for.
 */
#ifndef TROTH_REPORT_SERVICE_JSON_H
#define TROTH_REPORT_SERVICE_JSON_H

#include "../store/rows.h"
#include "json.h"

/* An element of `services`. Takes slos, its objectives. */
json_t *service_json(const struct service_row *row, json_t *slos);

json_t *measurement_json(const struct measurement_row *m);

#endif
