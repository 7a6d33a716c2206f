/* SPDX-License-Identifier: Apache-2.0 */
/* slo_files.h - what the sub-commands of `troth slo` share: files of objectives, counts, a replay. */
#ifndef TROTH_CMD_SLO_FILES_H
#define TROTH_CMD_SLO_FILES_H

#include "../base/cleanup.h"
#include "../conf/counts.h"
#include "../conf/duration.h"
#include "../conf/openslo.h"
#include "../slo/board.h"
#include "command.h"

enum { SLO_OUTPUT_TEXT, SLO_OUTPUT_JSON };
extern const char *const slo_outputs[]; /* NULL-terminated */

/* Rows of option tables that several sub-commands have; at is the field's offset. */
#define SLO_ROW_FILES(at)                                                                          \
	{                                                                                          \
		.name = "FILE", .type = OPTION_WORDS, .offset = (at), .min = 1,                    \
		.max = SLO_FILES_MAX, .help = "objectives, or a directory of them"                 \
	}
#define SLO_ROW_INPUT(at)                                                                          \
	{                                                                                          \
		.name = "input", .letter = 'i', .type = OPTION_STRING, .offset = (at),             \
		.metavar = "COUNTS",                                                               \
		.help = "recorded counts: time,slo,good,total[,measured]; - is stdin"              \
	}
#define SLO_ROW_STEP(at)                                                                           \
	{                                                                                          \
		.name = "step", .type = OPTION_DURATION, .offset = (at), .metavar = "TIME",        \
		.initial = "60s", .min = SEC_NS, .max = 24 * HOUR_NS,                              \
		.help = "how long a row lasts"                                                     \
	}
#define SLO_ROW_AT(at)                                                                             \
	{                                                                                          \
		.name = "at", .type = OPTION_STRING, .offset = (at), .metavar = "MOMENT",          \
		.help = "judge at this moment; without it, at the end of the last row"             \
	}
#define SLO_ROW_OUTPUT(at, what)                                                                   \
	{                                                                                          \
		.name = "output", .type = OPTION_ENUM, .offset = (at), .words = slo_outputs,       \
		.initial = "text", .help = what                                                    \
	}

DEFINE_FREEP(struct counts, counts_free)
DEFINE_FREEP(struct board, board_free)
static inline void problems_clearp(struct problems *p)
{
	problems_clear(p);
}

/* One line on stderr: "troth slo WHO: ...". Returns code. */
__attribute__((format(printf, 3, 4))) enum exit_code slo_fail(const char *who, enum exit_code code,
							      const char *format, ...);

/*
 * Errors are printed on stderr, one line each, and end it with EXIT_USAGE; without any, warnings are.
 * Prints each only once.
 */
enum exit_code slo_problems(struct problems *problems);

/* Objectives of files; problems are kept for slo_problems(). */
enum exit_code slo_files_read(const char *who, const struct option_words *files,
			      struct problems *problems, struct slo_set **ret);

/* Whose result i is; NULL: of all objectives of its SLO together. */
const struct objective *slo_objective(const struct board *b, size_t i);

/* Recorded counts, and the time over which they are replayed. */
struct slo_history {
	const char *who;
	struct problems *problems;
	struct counts *counts;
	uint32_t step_s;
	int64_t from, at;
	bool rows;	/* there are any before at */
	bool too_early; /* at is, for all the rows that there are */
	int64_t first_row;
	bool rows_fed;	       /* some went to objectives ... */
	int64_t fed_until;     /* ... and the last with events in it ended here; 0: none had any */
	const char *why_empty; /* where the last replay had nothing to judge */
};

/*
 * at: as typed, or NULL for the end of the last row. problems, of the files too, are borrowed until
 * slo_history_close(); errors among them are printed here and end it, warnings when it is replayed.
 */
enum exit_code slo_history_open(struct slo_history *h, const char *input, uint64_t step_ns,
				const char *at, struct problems *problems);
void slo_history_close(struct slo_history *h);

/* Says why the last replay could judge nothing. Returns EXIT_NO_TRAFFIC. */
enum exit_code slo_history_empty(const struct slo_history *h);

/* All of it into a new board. warn: of names that no file declares. */
enum exit_code slo_history_replay(struct slo_history *h, const struct slo_set *set,
				  alert_changed changed, void *context, bool warn,
				  struct board **ret);

#endif
