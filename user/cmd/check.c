// SPDX-License-Identifier: Apache-2.0
/*
 * check.c - `troth check`: attach, observe, judge, print. Leaves measuring to collect, what is
 * judged by to objectives, formats to report.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "../base/cleanup.h"
#include "../base/stdio.h"
#include "../base/utf8.h"
#include "../collect/collector.h"
#include "../conf/duration.h"
#include "../report/check.h"
#include "command.h"
#include "demo.h"
#include "not_seen.h"
#include "objectives.h"
#include "observe.h"

enum { OUTPUT_TEXT, OUTPUT_JSON };
enum { LIST_SERVER, LIST_CLIENT, LIST_ALL };

static const char *const backends[] = { "auto", "socket", "syscall", NULL };
static const char *const outputs[] = { "text", "json", NULL };
static const char *const roles[] = { "server", "client", "all", NULL };

struct check_values {
	uint64_t duration_ns;
	uint64_t max_series; /* 0: what the memory budget allows */
	unsigned int backend, output, role;
	bool demo;
	struct option_ports ports;
	struct option_strings files;
};

#define FIELD(name) offsetof(struct check_values, name)

static const struct option_row rows[] = {
	{ .name = "duration",
	  .letter = 'd',
	  .type = OPTION_DURATION,
	  .offset = FIELD(duration_ns),
	  .metavar = "TIME",
	  .initial = "10s",
	  .min = MSEC_NS,
	  .max = 24 * HOUR_NS,
	  .help = "how long to observe, as 500ms, 10s, 1m30s, 2h" },
	{ .name = "port",
	  .type = OPTION_PORTS,
	  .offset = FIELD(ports),
	  .metavar = "PORT",
	  .max = FILTER_PORTS,
	  .help = "only this port: a server's own, a client's peer's; may be repeated" },
	{ .name = "role",
	  .type = OPTION_ENUM,
	  .offset = FIELD(role),
	  .words = roles,
	  .initial = "all",
	  .help = "only what this host serves, or only what it calls" },
	{ .name = "output",
	  .type = OPTION_ENUM,
	  .offset = FIELD(output),
	  .words = outputs,
	  .initial = "text",
	  .help = "a table, or one troth.check/1 document" },
	{ .name = "file",
	  .letter = 'f',
	  .type = OPTION_STRINGS,
	  .offset = FIELD(files),
	  .metavar = "FILE",
	  .max = OPTION_STRINGS_MAX,
	  .help = "judge by the OpenSLO objectives of this file or directory; may be repeated" },
	{ .name = "backend",
	  .type = OPTION_ENUM,
	  .offset = FIELD(backend),
	  .words = backends,
	  .initial = "auto",
	  .help = "how to measure; auto takes the cheapest that works" },
	{ .name = "max-series",
	  .type = OPTION_NUMBER,
	  .offset = FIELD(max_series),
	  .metavar = "N",
	  .min = 1,
	  .max = 16384,
	  .help = "most services to tell apart; without it as many as fit 64 MB" },
	{ .name = "demo",
	  .type = OPTION_FLAG,
	  .offset = FIELD(demo),
	  .help = "measure a small server and client of its own, and compare the counts" },
};

/* One run, from attaching to the exit code. */
struct check {
	const struct check_values *values;
	struct collector *collector;
	struct demo *demo;
	int signal_fd;
	struct timespec started; /* CLOCK_REALTIME */
	double duration_s;
	enum observed ended;
	struct sample sample; /* owns the rows */
	struct sample listed; /* those that were asked for; owns nothing */
	struct objectives *objectives;
	struct not_seen *not_seen;
	const char *const *dead_ports; /* lines, owned by not_seen */
};

static void check_clear(struct check *c)
{
	collector_free(c->collector);
	demo_free(c->demo);
	closep(&c->signal_fd);
	sample_clear(&c->sample);
	objectives_free(c->objectives);
	not_seen_free(c->not_seen);
}

__attribute__((format(printf, 2, 3))) static enum exit_code fail(enum exit_code code,
								 const char *format, ...)
{
	va_list args;

	fputs("troth check: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return code;
}

static enum exit_code attach(struct check *c)
{
	const struct check_values *v = c->values;
	struct collector_options o = {
		.backend = backends[v->backend],
		.max_series = (unsigned int)v->max_series,
		.n_ports = v->ports.n,
		.roles = { [ROLE_SERVER] = v->role != LIST_CLIENT,
			   [ROLE_CLIENT] = v->role != LIST_SERVER },
		.idle_end_ns = objectives_idle_end_ns(c->objectives),
	};
	const struct threshold *thresholds = objectives_thresholds(c->objectives, &o.n_thresholds);
	char why[512] = "";

	memcpy(o.thresholds, thresholds, o.n_thresholds * sizeof(*thresholds));
	memcpy(o.ports, v->ports.port, sizeof(o.ports));
	if (c->demo) {
		o.ports[0] = demo_port(c->demo);
		o.n_ports = 1;
	}
	if (collector_open(&o, &c->collector, why, sizeof(why)))
		return fail(EXIT_UNABLE, "%s", *why ? why : "cannot measure here");
	return EXIT_DONE;
}

static int tick(void *collector)
{
	return collector_tick(collector);
}

static double seconds_between(const struct timespec *a, const struct timespec *b)
{
	return (double)(b->tv_sec - a->tv_sec) + (double)(b->tv_nsec - a->tv_nsec) / 1e9;
}

/* From "ready" to the last look; nothing is attached when it returns. */
static enum exit_code measure(struct check *c)
{
	struct observation o = { .duration_ns = c->values->duration_ns,
				 .signal_fd = c->signal_fd,
				 .guest_fd = c->demo ? demo_over_fd(c->demo) : -1,
				 .progress = stdio_fancy(stderr),
				 .tick = tick,
				 .ticked = c->collector };
	struct timespec begin, end;
	int r;

	clock_gettime(CLOCK_REALTIME, &c->started);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	fputs("ready\n", stderr);
	r = c->demo ? demo_start(c->demo) : 0;
	if (!r)
		r = observe(&o, &c->ended);
	if (!r)
		r = collector_sample(c->collector, true, &c->sample);
	clock_gettime(CLOCK_MONOTONIC, &end);
	c->duration_s = seconds_between(&begin, &end);
	/* Before anything is printed: a reader may keep us waiting for as long as it likes. */
	collector_free(TAKE(c->collector));
	return r ? fail(EXIT_UNABLE, "measuring failed: %s", strerror(-r)) : EXIT_DONE;
}

static bool row_is_wanted(const struct check *c, const struct service_row *row)
{
	const struct option_ports *ports = &c->values->ports;
	uint16_t port = row->role == ROLE_SERVER ? row->id.port : row->id.peer_port;

	if (row->role == ROLE_SERVER ? c->values->role == LIST_CLIENT :
				       c->values->role == LIST_SERVER)
		return false;
	if (row->overflow)
		return true;
	if (c->demo)
		return port == demo_port(c->demo);
	for (unsigned int i = 0; i < ports->n; i++)
		if (ports->port[i] == port)
			return true;
	return !ports->n;
}

/* The rows that were asked for move to the front; the others stay behind, for sample_clear(). */
static void list_wanted(struct check *c)
{
	struct service_row *services = c->sample.services;
	size_t n = 0;

	for (size_t i = 0; i < c->sample.n_services; i++) {
		struct service_row row = services[i];

		if (!row_is_wanted(c, &row))
			continue;
		services[i] = services[n];
		services[n++] = row;
	}
	c->listed = c->sample;
	c->listed.n_services = n;
}

static int judge_listed(struct check *c)
{
	if (objectives_judge(c->objectives, &c->listed) || not_seen_new(&c->not_seen))
		return -ENOMEM;
	not_seen_losses(c->not_seen, &c->sample.measurement);
	not_seen_protocols(c->not_seen, &c->listed);
	c->dead_ports =
		not_seen_ports(c->not_seen, &c->listed, c->values->ports.port, c->values->ports.n);
	return 0;
}

static int print(const struct check *c)
{
	struct check_report report = { .started = c->started,
				       .duration_s = c->duration_s,
				       .sample = &c->listed,
				       .from_files = objectives_from_files(c->objectives),
				       .not_seen = not_seen_lines(c->not_seen) };
	struct utsname host;
	int r;

	if (uname(&host))
		return -errno;
	report.judgements = objectives_judgements(c->objectives, &report.n_judgements);
	report.host = host.nodename;
	report.kernel = host.release;
	if (c->values->output == OUTPUT_JSON)
		r = check_report_json(stdout, &report);
	else
		r = check_report_text(stdout, &report, stdio_fancy(stdout));
	return r ? r : stdio_finish(stdout);
}

/* Names are what somebody wrote, or what a program calls itself. */
static void explain_unmatched(const struct check *c, enum exit_code code)
{
	size_t n;
	const struct judgement *j = objectives_judgements(c->objectives, &n);

	for (size_t i = 0; i < n; i++) {
		_cleanup_(freep) char *name = j[i].unmatched ? utf8_printable(j[i].name) : NULL;
		_cleanup_(freep) char *why = j[i].unmatched ? utf8_printable(j[i].reason) : NULL;

		if (name && why)
			fail(code, "matched nothing: %s (%s:%u): %s", name, j[i].file, j[i].line,
			     why);
	}
}

/* What the document has no field for, and what a script should see without reading it. */
static void explain(const struct check *c, enum exit_code code)
{
	const char *const *line = c->dead_ports;
	uint64_t failed = 0;

	for (size_t i = 0; i < c->listed.n_services; i++)
		failed += c->listed.services[i].counts.refused +
			  c->listed.services[i].counts.connect_timeouts;
	if (code == EXIT_NO_TRAFFIC && failed)
		fail(code,
		     "nothing to judge: no exchange reached any objective, %" PRIu64
		     " connects were refused or given up",
		     failed);
	else if (code == EXIT_NO_TRAFFIC)
		fail(code, "nothing to judge: %s",
		     *line ? *line : "no traffic reached any objective");
	else if (c->values->output == OUTPUT_JSON)
		for (; *line; line++)
			fail(code, "%s", *line);
	if (c->values->output == OUTPUT_JSON)
		explain_unmatched(c, code);
}

static enum exit_code check(struct check *c)
{
	enum exit_code code = EXIT_DONE;
	int r = observe_signals(&c->signal_fd);

	if (!r && c->values->demo)
		r = demo_new(&c->demo);
	if (r)
		return fail(EXIT_UNABLE, "cannot start: %s", strerror(-r));
	code = attach(c);
	if (code == EXIT_DONE)
		code = measure(c);
	if (code != EXIT_DONE)
		return code;
	list_wanted(c);
	if (judge_listed(c))
		return fail(EXIT_UNABLE, "out of memory");
	r = print(c);
	if (r)
		return command_unwritable("troth check", r);
	code = objectives_verdict(c->objectives);
	explain(c, code);
	if (c->demo && demo_compare(c->demo, &c->listed, DEFAULT_SLOW, stderr) &&
	    c->ended == OBSERVED_GUEST)
		code = EXIT_UNABLE;
	return code;
}

static enum exit_code check_run(const void *values)
{
	const struct check_values *v = values;
	struct check c = { .values = v, .signal_fd = -1 };
	enum exit_code code;

	if (v->demo && v->files.n)
		return fail(EXIT_USAGE, "--demo is judged by the default objectives; leave -f out");
	if (v->demo && v->ports.n)
		return fail(EXIT_USAGE, "--demo measures a port of its own; leave --port out");
	code = objectives_new(&v->files, &c.objectives);
	if (code == EXIT_DONE)
		code = check(&c);
	check_clear(&c);
	return code;
}

const struct command command_check = {
	.options = {
		.command = "check",
		.summary = "measure for a while which services keep their objectives, and print it",
		.detail = "Without -f each service gets two objectives: availability 99.9 %, and "
			  "99 % of exchanges within 500 ms. Exit code 0: all met, 1: one missed, 2: bad "
			  "usage, 3: cannot measure here ('troth doctor' says why), 4: no traffic.",
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
	},
	.values_size = sizeof(struct check_values),
	.measures = true,
	.run = check_run,
};
