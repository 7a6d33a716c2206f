// SPDX-License-Identifier: Apache-2.0
/* slo_files.c - reads what people name on the command line, and says what is wrong with it. */
#include "slo_files.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "../base/utf8.h"
#include "../base/zone.h"
#include "../conf/duration.h"
#include "../report/problems_said.h"

#define UNKNOWN_SHOWN 20

const char *const slo_outputs[] = { "text", "json", NULL };

enum exit_code slo_fail(const char *who, enum exit_code code, const char *format, ...)
{
	_cleanup_(freep) char *printable = NULL;
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* Names of files may hold anything. */
	printable = utf8_printable(text);
	fflush(stdout);
	fprintf(stderr, "troth slo %s: %s\n", who, printable ? printable : "out of memory");
	return code;
}

enum exit_code slo_problems(struct problems *problems)
{
	enum exit_code code = problems->errors ? EXIT_USAGE : EXIT_DONE;

	problems_sort(problems);
	problems_say_errors(stderr, problems);
	for (size_t i = 0; i < problems->n && code == EXIT_DONE; i++)
		problem_say(stderr, &problems->item[i]);
	if (code == EXIT_DONE && problems->warnings > problems->n && !problems->out_of_memory)
		fprintf(stderr, "troth: and %zu more warnings\n", problems->warnings - problems->n);
	problems_clear(problems);
	return code;
}

enum exit_code slo_files_read(const char *who, const struct option_words *files,
			      struct problems *problems, struct slo_set **ret)
{
	/* The clock is the data: whether a review is due is for lint. */
	int r = slo_set_read(files->word, files->n, 0, problems, ret);

	return r ? slo_fail(who, EXIT_UNABLE, "cannot read the files: %s", strerror(-r)) :
		   EXIT_DONE;
}

const struct objective *slo_objective(const struct board *b, size_t i)
{
	const struct slo *slo = board_slo(b, i);
	size_t before = 0;

	/* Names may be the same; the order is the file's. */
	while (before < i && board_slo(b, i - before - 1) == slo)
		before++;
	return before < slo->n_objectives ? &slo->objectives[before] : NULL;
}

/* What can be said of --at without the counts. */
static enum exit_code parse_at(const struct slo_history *h, const char *typed, int64_t *ret)
{
	_cleanup_(freep) char *shown = NULL;

	if (!time_parse(typed, ret) && *ret >= 0 && *ret <= COUNTS_TIME_MAX)
		return EXIT_DONE;
	shown = utf8_shortened(typed, 40);
	return slo_fail(h->who, EXIT_USAGE,
			"--at: '%s' is not possible; write Unix seconds, or a time like "
			"2026-01-31T12:00:00Z, from 1970 on",
			shown ? shown : "?");
}

static enum exit_code find_span(struct slo_history *h, const char *typed, int64_t at)
{
	int64_t from = 0, to = 0;

	h->rows = counts_range(h->counts, &from, &to);
	/* Without a row the data has no clock; ours is as good as any. */
	h->at = typed ? at : h->rows ? to : (int64_t)time(NULL);
	h->at -= h->at % h->step_s;
	h->first_row = from;
	h->too_early = h->rows && from + h->step_s > h->at;
	h->rows &= from < h->at;
	h->from = h->rows ? from : h->at;
	if ((h->at - h->from) / h->step_s <= COUNTS_STEPS_MAX)
		return EXIT_DONE;
	return slo_fail(h->who, EXIT_USAGE,
			"--at: this is more than %u steps after the first row; write an earlier "
			"time, or a longer --step",
			COUNTS_STEPS_MAX);
}

enum exit_code slo_history_open(struct slo_history *h, const char *input, uint64_t step_ns,
				const char *at, struct problems *problems)
{
	enum exit_code code = EXIT_DONE;
	int64_t moment = 0;
	int r;

	h->problems = problems;
	if (!input)
		return slo_fail(h->who, EXIT_USAGE,
				"no counts; write --input and then a file like counts.csv");
	if (step_ns % SEC_NS)
		return slo_fail(h->who, EXIT_USAGE,
				"--step: write whole seconds, as 60s, 5m or 1h");
	h->step_s = (uint32_t)(step_ns / SEC_NS);
	if (at)
		code = parse_at(h, at, &moment);
	if (code != EXIT_DONE)
		return code;
	if (problems->errors)
		return slo_problems(problems);
	r = counts_open(input, h->step_s, problems, &h->counts);
	if (problems->errors)
		return slo_problems(problems);
	if (r)
		return slo_fail(h->who, EXIT_UNABLE, "cannot read the counts: %s", strerror(-r));
	return find_span(h, at, moment);
}

void slo_history_close(struct slo_history *h)
{
	counts_free(h->counts);
	h->counts = NULL;
}

/* Feeds of the names in the file; -ENOENT: of nobody. */
static int find_feeds(struct slo_history *h, struct board *b, bool warn, int *feeds)
{
	size_t unknown = 0;

	for (size_t i = 0; i < counts_n_names(h->counts); i++) {
		const struct counts_name *n = counts_name(h->counts, i);
		const char *name = n->text;

		/* What is ignored does not give an objective rows of its own either. */
		feeds[i] = -ENOENT;
		if (n->first + h->step_s > h->at)
			continue;
		feeds[i] = board_feed(b, name);
		if (feeds[i] == -ENOMEM)
			return -ENOMEM;
		if (feeds[i] < 0 && ++unknown <= UNKNOWN_SHOWN && warn)
			fprintf(stderr,
				"troth slo %s: warning: no file declares '%s': its %llu rows are "
				"left aside\n",
				h->who, name, (unsigned long long)n->rows);
	}
	if (unknown > UNKNOWN_SHOWN && warn)
		fprintf(stderr, "troth slo %s: warning: and %zu more names\n", h->who,
			unknown - UNKNOWN_SHOWN);
	return 0;
}

static int push_rows(struct slo_history *h, struct board *b, const int *feeds)
{
	struct counts_row row;
	int r;

	counts_rewind(h->counts);
	while ((r = counts_next(h->counts, &row)) == 1) {
		struct step_counts c = { .good = row.good,
					 .total = row.total,
					 .measured = row.measured };
		int pushed;

		if (feeds[row.name] < 0 || row.time + h->step_s > h->at)
			continue;
		pushed = board_push(b, feeds[row.name], row.time, &c);
		if (pushed)
			return pushed;
		h->rows_fed = true;
		if (row.total && row.time + h->step_s > h->fed_until)
			h->fed_until = row.time + h->step_s;
	}
	return r ? r : board_finish(b, h->at);
}

/* NULL: something was judged. */
static const char *why_empty(const struct slo_history *h, const struct board *b)
{
	bool outside = true, inside = true, excluded = true, events = false;

	for (size_t i = 0; i < board_n_results(b); i++) {
		struct slo_result r;

		board_result(b, i, &r);
		if (r.verdict != VERDICT_NO_DATA)
			return NULL;
		events |= r.total > 0;
		outside &= h->fed_until <= r.window_start;
		inside &= h->fed_until > r.window_start;
		excluded &= r.excluded_ns > 0;
	}
	if (!h->rows_fed)
		return "no counts of these objectives before the end of the replay";
	if (!h->fed_until)
		return "the counts of these objectives are all 0";
	if (events)
		return "none of the slices of time with counts in them was measured";
	/* Events count however much was measured, unless they were excluded. */
	return outside		  ? "everything that was counted is older than the windows" :
	       inside && excluded ? "everything that was counted was excluded" :
				    "everything that was counted is older than the windows, or was "
				    "excluded";
}

enum exit_code slo_history_replay(struct slo_history *h, const struct slo_set *set,
				  alert_changed changed, void *context, bool warn,
				  struct board **ret)
{
	struct board_options options = { .step_s = h->step_s,
					 .from = h->from,
					 .to = h->at,
					 .changed = changed,
					 .context = context };
	_cleanup_(freep) int *feeds = calloc(counts_n_names(h->counts) + 1, sizeof(*feeds));
	_cleanup_(board_freep) struct board *b = NULL;
	char why[512] = "";
	int r;

	if (!feeds)
		return slo_fail(h->who, EXIT_UNABLE, "out of memory");
	r = board_new(set, &options, &b, why, sizeof(why));
	if ((r == -EINVAL || r == -E2BIG) && *why)
		return slo_fail(h->who, EXIT_USAGE, "%s", why);
	/* Warnings, but not before it is sure that nothing worse is said. */
	slo_problems(h->problems);
	if (!r)
		r = find_feeds(h, b, warn, feeds);
	if (!r)
		r = push_rows(h, b, feeds);
	if (h->problems->errors)
		return slo_problems(h->problems);
	if (r)
		return slo_fail(h->who, EXIT_UNABLE, "cannot replay: %s", strerror(-r));
	h->why_empty = why_empty(h, b);
	*ret = TAKE(b);
	return EXIT_DONE;
}

enum exit_code slo_history_empty(const struct slo_history *h)
{
	char first[TIME_TEXT];

	if (h->too_early)
		return slo_fail(h->who, EXIT_NO_TRAFFIC,
				"nothing to judge: --at is before the end of the first row, which "
				"begins at %s",
				time_format(h->first_row, first));
	return slo_fail(h->who, EXIT_NO_TRAFFIC, "nothing to judge: %s", h->why_empty);
}
