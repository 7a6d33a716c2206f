// SPDX-License-Identifier: Apache-2.0
/*
 * report.c - `troth report`: what was promised and what was kept, from the record, whether a daemon
 * writes it at the moment or not. Leaves the rest to report and store.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../base/stdio.h"
#include "../report/report.h"
#include "configured.h"

#define WHO "troth report"

struct report_values {
	struct daemon_flags daemon;
	const char *from, *to;
	unsigned int output;
};

static const char *const outputs[] = {
	[REPORT_TEXT] = "text", [REPORT_JSON] = "json", [REPORT_MARKDOWN] = "md",
	[REPORT_HTML] = "html", [REPORT_CSV] = "csv",	NULL,
};

static const struct option_row rows[] = {
	{ .name = "from",
	  .type = OPTION_STRING,
	  .offset = offsetof(struct report_values, from),
	  .metavar = "TIME",
	  .max = 64,
	  .help = "beginning of the period: RFC 3339, Unix seconds, a date like 2026-11-01, or "
		  "how long ago, like 7d or 24h; without it the beginning of the record" },
	{ .name = "to",
	  .type = OPTION_STRING,
	  .offset = offsetof(struct report_values, to),
	  .metavar = "TIME",
	  .max = 64,
	  .help = "end of the period, the same way; without it now" },
	{ .name = "output",
	  .letter = 'o',
	  .type = OPTION_ENUM,
	  .offset = offsetof(struct report_values, output),
	  .words = outputs,
	  .initial = "text",
	  .help = "a page, one troth.report/1 document, Markdown, a page for a browser, or rows" },
	DAEMON_ROWS_DIRECTORIES(struct report_values, daemon),
};

static enum exit_code bad_time(const char *option, const char *text)
{
	fprintf(stderr,
		WHO ": --%s: '%.64s' is no time: write 2026-11-01T12:00:00Z, Unix seconds, a date "
		    "like 2026-11-01, or how long ago, like 7d or 24h\n",
		option, text);
	return EXIT_USAGE;
}

static enum exit_code read_period(const struct report_values *v, struct report_options *ret)
{
	if (v->from && report_time_parse(v->from, ret->now, &ret->from))
		return bad_time("from", v->from);
	if (v->to && report_time_parse(v->to, ret->now, &ret->to))
		return bad_time("to", v->to);
	return EXIT_DONE;
}

static enum exit_code unreadable(const char *dir, int error, const char *why)
{
	if (error == -ENOENT)
		fprintf(stderr,
			WHO
			": no record in %s: 'troth run' begins one; if it is kept elsewhere, say "
			"where with --state-dir\n",
			dir);
	else if (error == -EACCES || error == -EPERM)
		fprintf(stderr, WHO ": the record in %s may not be read: run this as root\n", dir);
	else
		fprintf(stderr, WHO ": %s: %s\n", dir, *why ? why : strerror(-error));
	return EXIT_UNABLE;
}

static enum exit_code verdict(const struct report *r)
{
	switch (report_verdict(r)) {
	case REPORT_KEPT:
		return EXIT_DONE;
	case REPORT_BROKEN:
		return EXIT_MISSED;
	default:
		return EXIT_NO_TRAFFIC;
	}
}

static enum exit_code print(const struct report *r, unsigned int output)
{
	int error = report_print(stdout, r, output, stdio_fancy(stdout));

	if (!error)
		error = stdio_finish(stdout);
	if (error == -ENOMEM) {
		fprintf(stderr, WHO ": out of memory\n");
		return EXIT_UNABLE;
	}
	return error ? command_unwritable(WHO, error) : verdict(r);
}

static enum exit_code report(const char *dir, const struct report_options *o, unsigned int output)
{
	struct store_options reader = { .dir = dir, .mode = STORE_READER };
	_cleanup_(store_closep) struct store *store = NULL;
	_cleanup_(report_freep) struct report *r = NULL;
	char why[512] = "";
	int error = store_open(&reader, &store, why, sizeof(why));

	if (error)
		return unreadable(dir, error, why);
	error = report_new(store, o, &r, why, sizeof(why));
	if (error == -EINVAL && *why) {
		fprintf(stderr, WHO ": %s\n", why);
		return EXIT_USAGE;
	}
	return error ? unreadable(dir, error, why) : print(r, output);
}

static enum exit_code report_run(const void *values)
{
	_cleanup_(daemon_conf_freep) struct daemon_conf_file *owner = NULL;
	const struct report_values *v = values;
	struct report_options o = { .from = INT64_MIN, .to = INT64_MAX, .now = time(NULL) };
	char host[256] = "";
	struct daemon_conf conf;
	enum exit_code code = read_period(v, &o);

	if (code == EXIT_DONE)
		code = configured_directories(WHO, &v->daemon, &conf, &owner);
	if (code != EXIT_DONE)
		return code;
	if (!gethostname(host, sizeof(host) - 1))
		o.host = host;
	return report(conf.state_dir, &o, v->output);
}

const struct command command_report = {
	.options = {
		.command = "report",
		.summary = "what was promised and what was kept, over a time and the time before",
		.detail = "Reads the record of 'troth run', whether it runs or not. Exit code 0: all "
			  "promises were kept, 1: one was broken, 2: something is wrong with the "
			  "options, 3: there is no record, or it cannot be read, 4: nothing to judge.",
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
	},
	.values_size = sizeof(struct report_values),
	.run = report_run,
};
