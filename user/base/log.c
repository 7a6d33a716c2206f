// SPDX-License-Identifier: Apache-2.0
/* log.c - one write a line, so that lines of two processes do not mix. */
#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "utf8.h"

#define LINE_MAX_BYTES 2048

const char *const log_level_names[] = { "error", "warning", "info", "debug", NULL };
static const char *const marks[] = { "<3>", "<4>", "<6>", "<7>" }; /* syslog(3) */

static enum log_level most = LOG_LEVEL_INFO;
static bool journal;

/* systemd.exec(5): device and inode of the stream that the journal reads. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       !fstat(STDERR_FILENO, &st) && st.st_dev == device && st.st_ino == inode;
}

void log_init(enum log_level wanted)
{
	most = wanted;
	journal = stderr_is_journal();
}

const char *log_mark(enum log_level level)
{
	return journal ? marks[level] : "";
}

static int prefix(enum log_level level, char *buf, size_t size)
{
	time_t now = time(NULL);
	char date[32] = "";
	struct tm utc;

	if (journal)
		return snprintf(buf, size, "%s", log_mark(level));
	if (gmtime_r(&now, &utc))
		strftime(date, sizeof(date), "%FT%TZ", &utc);
	return snprintf(buf, size, "%s %s: ", date, log_level_names[level]);
}

void log_line(enum log_level level, const char *format, ...)
{
	_cleanup_(freep) char *text = NULL, *plain = NULL;
	char line[LINE_MAX_BYTES];
	va_list args;
	int n;

	if (level > most)
		return;
	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		text = NULL;
	plain = text ? utf8_printable(text) : NULL;
	n = prefix(level, line, sizeof(line));
	n += snprintf(line + n, sizeof(line) - (size_t)n - 1, "%s",
		      plain ? plain : "out of memory");
	if ((size_t)n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return; /* nobody is left to be told */
}
