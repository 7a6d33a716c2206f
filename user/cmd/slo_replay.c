// SPDX-License-Identifier: Apache-2.0
/*
 * slo_replay.c - `troth slo replay`: objectives over recorded counts; the clock is the data. Leaves
 * arithmetic to slo, formats to report.
 */
#include <errno.h>
#include <string.h>

#include "../base/stdio.h"
#include "../conf/duration.h"
#include "../report/slo.h"
#include "../slo/excluded.h"
#include "slo_files.h"

#define WHO	   "replay"
#define EVENTS_MAX (1u << 20) /* what is beyond is counted only */

struct replay_values {
	struct option_words files;
	const char *input, *at;
	uint64_t step_ns;
	unsigned int output;
};

#define FIELD(name) offsetof(struct replay_values, name)

static const struct option_row rows[] = {
	SLO_ROW_FILES(FIELD(files)),
	SLO_ROW_INPUT(FIELD(input)),
	SLO_ROW_STEP(FIELD(step_ns)),
	SLO_ROW_AT(FIELD(at)),
	SLO_ROW_OUTPUT(FIELD(output), "a page, or one troth.slo/1 document"),
};

/* As they come: of several objectives, in turns. */
struct events {
	struct slo_event *item;
	size_t n, room;
	size_t left_out;
	bool out_of_memory;
};

static void note(void *context, const struct slo *slo, const struct objective *o,
		 const struct alert_change *change)
{
	struct events *e = context;

	(void)slo;
	if (e->n == EVENTS_MAX) {
		e->left_out++;
		return;
	}
	if (e->n == e->room) {
		size_t room = e->room ? 2 * e->room : 64;
		struct slo_event *more = reallocarray(e->item, room, sizeof(*more));

		if (!more) {
			e->out_of_memory = true;
			return;
		}
		e->item = more;
		e->room = room;
	}
	e->item[e->n++] = (struct slo_event){ .time = change->time,
					      .name = o->counts_name,
					      .alert = *change->alert,
					      .firing = change->firing };
}

struct order {
	int64_t time;
	size_t at;
};

static int earlier(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* By time; at one moment as they came. */
static int sort(struct events *e)
{
	_cleanup_(freep) struct order *order = calloc(e->n + 1, sizeof(*order));
	struct slo_event *sorted = calloc(e->n + 1, sizeof(*sorted));

	if (!order || !sorted) {
		free(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < e->n; i++)
		order[i] = (struct order){ e->item[i].time, i };
	qsort(order, e->n, sizeof(*order), earlier);
	for (size_t i = 0; i < e->n; i++)
		sorted[i] = e->item[order[i].at];
	free(e->item);
	e->item = sorted;
	return 0;
}

/* Who excluded what of the entry's window, up to at. */
static int find_excluded(const struct slo_set *set, struct slo_entry *entry, int64_t at)
{
	const struct slo_result *r = &entry->result;
	int64_t end = r->window_end < at ? r->window_end : at;
	_cleanup_(freep) struct stretch *stretches = NULL;
	struct slo_excluded *list;
	size_t n = 0, found = 0;
	int ret = excluded_find(set, entry->slo, r->window_start, end, &stretches, &n);

	if (ret || !n)
		return ret;
	list = calloc(set->n_exclusions, sizeof(*list));
	if (!list)
		return -ENOMEM;
	entry->excluded = list;
	for (size_t i = 0; i < n; i++) {
		size_t at_list = 0;

		while (at_list < found && list[at_list].why != stretches[i].why)
			at_list++;
		if (at_list == found) {
			list[found].why = stretches[i].why;
			list[found++].first = stretches[i].start;
		}
		if (list[at_list].last < stretches[i].end)
			list[at_list].last = stretches[i].end;
		list[at_list].n++;
	}
	entry->n_excluded = found;
	return 0;
}

static enum exit_code verdict(const struct slo_report *r)
{
	enum exit_code code = EXIT_NO_TRAFFIC;

	for (size_t i = 0; i < r->n; i++) {
		if (r->entries[i].result.verdict == VERDICT_MISSED)
			return EXIT_MISSED;
		if (r->entries[i].result.verdict == VERDICT_MET)
			code = EXIT_DONE;
	}
	return code;
}

static enum exit_code print(const struct slo_report *report, unsigned int output)
{
	int r = output == SLO_OUTPUT_JSON ? slo_report_json(stdout, report) :
					    slo_report_text(stdout, report, stdio_fancy(stdout));

	if (!r)
		r = stdio_finish(stdout);
	if (r == -ENOMEM)
		return slo_fail(WHO, EXIT_UNABLE, "out of memory");
	return r ? command_unwritable("troth slo " WHO, r) : verdict(report);
}

static enum exit_code report(const struct slo_history *h, const struct slo_set *set,
			     const struct board *b, struct events *events, unsigned int output)
{
	size_t n = board_n_results(b);
	_cleanup_(freep) struct slo_entry *entries = calloc(n + 1, sizeof(*entries));
	struct slo_report report = { .at = h->at, .entries = entries, .n = n };
	enum exit_code code;
	int r = entries ? sort(events) : -ENOMEM;

	for (size_t i = 0; !r && i < n; i++) {
		board_result(b, i, &entries[i].result);
		entries[i].slo = board_slo(b, i);
		entries[i].objective = slo_objective(b, i);
		r = find_excluded(set, &entries[i], h->at);
	}
	report.events = events->item;
	report.n_events = events->n;
	report.events_left_out = events->left_out;
	code = r ? slo_fail(WHO, EXIT_UNABLE, "cannot report: %s", strerror(-r)) :
		   print(&report, output);
	for (size_t i = 0; entries && i < n; i++)
		free((void *)entries[i].excluded);
	return code;
}

static enum exit_code replay(const struct replay_values *v, struct slo_history *h,
			     struct problems *problems)
{
	_cleanup_(slo_set_freep) struct slo_set *set = NULL;
	_cleanup_(board_freep) struct board *board = NULL;
	struct events events = {};
	enum exit_code code = slo_files_read(WHO, &v->files, problems, &set);

	if (code == EXIT_DONE)
		code = slo_history_open(h, v->input, v->step_ns, v->at, problems);
	if (code == EXIT_DONE && !set->n_slos)
		code = slo_fail(WHO, EXIT_USAGE,
				"no SLO stands in these files; 'troth slo init' "
				"writes one to begin with");
	if (code == EXIT_DONE)
		code = slo_history_replay(h, set, note, &events, true, &board);
	if (code == EXIT_DONE && events.out_of_memory)
		code = slo_fail(WHO, EXIT_UNABLE, "out of memory");
	if (code == EXIT_DONE && events.left_out)
		slo_fail(WHO, code, "warning: %zu alert events beyond the first %u are left out",
			 events.left_out, EVENTS_MAX);
	if (code == EXIT_DONE)
		code = report(h, set, board, &events, v->output);
	free(events.item);
	if (code == EXIT_NO_TRAFFIC)
		slo_history_empty(h);
	return code;
}

static enum exit_code replay_run(const void *values)
{
	_cleanup_(problems_clearp) struct problems problems = {};
	struct slo_history h = { .who = WHO };
	enum exit_code code = replay(values, &h, &problems);

	slo_history_close(&h);
	return code;
}

const struct command command_slo_replay = {
	.options = {
		.command = "slo replay",
		.summary = "were the promises kept, over recorded counts",
		.detail = "The clock is the data: the same files and counts always say the same. Exit "
			  "code 0: all kept, 1: one broken, 2: something is wrong with the files or the "
			  "counts, 4: nothing to judge.",
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
	},
	.values_size = sizeof(struct replay_values),
	.run = replay_run,
};
