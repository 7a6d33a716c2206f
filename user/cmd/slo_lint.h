/* SPDX-License-Identifier: Apache-2.0 */
/* slo_lint.h - `troth slo lint`. */
#ifndef TROTH_CMD_SLO_LINT_H
#define TROTH_CMD_SLO_LINT_H

#include "command.h"

extern const struct command command_slo_lint;

#endif
