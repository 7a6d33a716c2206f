/* SPDX-License-Identifier: Apache-2.0 */
/* slo.h - the sub-commands of `troth slo`. */
#ifndef TROTH_CMD_SLO_H
#define TROTH_CMD_SLO_H

#include "command.h"

extern const struct command command_slo_replay;
extern const struct command command_slo_show;
extern const struct command command_slo_what_if;
extern const struct command command_slo_suggest;
extern const struct command command_slo_init;

#endif
