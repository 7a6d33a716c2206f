/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - what a daemon tells whoever looks after it: one line an event, on stderr.
 * For user/daemon, user/cmd and main only: libraries return errors and words.
 * Under journald (JOURNAL_STREAM names stderr) each line begins with its level, "<4>": sd-daemon(3).
 * Elsewhere with the time and the level. What is no printable UTF-8 is replaced.
 */
#ifndef TROTH_BASE_LOG_H
#define TROTH_BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
extern const char *const log_level_names[]; /* "error" ...; NULL-terminated */

void log_init(enum log_level most); /* without it: INFO */

/* What a line that is written otherwise begins with: "<3>" where the journal reads it, else nothing. */
const char *log_mark(enum log_level level);

__attribute__((format(printf, 2, 3))) void log_line(enum log_level level, const char *format, ...);

#define log_error(...)	 log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)	 log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)	 log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
