/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - the sub-commands of `troth store`, and what they share. */
#ifndef TROTH_CMD_STORE_H
#define TROTH_CMD_STORE_H

#include "../store/transfer.h"
#include "command.h"

#define STATE_DIR "/var/lib/troth"

extern const struct command command_store_check;
extern const struct command command_store_export;
extern const struct command command_store_import;

#define STORE_ROW_STATE_DIR(at)                                                                    \
	{                                                                                          \
		.name = "state-dir", .type = OPTION_STRING, .offset = (at), .metavar = "DIR",      \
		.initial = STATE_DIR, .help = "where the record is"                                \
	}

/* One line on stderr: "troth store WHO: ...". Returns code. */
__attribute__((format(printf, 3, 4))) enum exit_code
store_fail(const char *who, enum exit_code code, const char *format, ...);

/* To read, in one snapshot; what is wrong is told. corrupt: is the exit code of that. */
enum exit_code store_reader(const char *who, const char *dir, enum exit_code corrupt,
			    struct store **ret);

#endif
