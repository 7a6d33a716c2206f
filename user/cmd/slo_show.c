// SPDX-License-Identifier: Apache-2.0
/* slo_show.c - `troth slo show`: what files of objectives promise. Leaves words to report. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "../base/stdio.h"
#include "../report/slo_show.h"
#include "slo_files.h"

#define WHO    "show"
#define STEP_S 60 /* a slice is a whole number of minutes */

struct show_values {
	struct option_words files;
	unsigned int output;
};

static const struct option_row rows[] = {
	SLO_ROW_FILES(offsetof(struct show_values, files)),
	SLO_ROW_OUTPUT(offsetof(struct show_values, output),
		       "a page, or one troth.show/1 document"),
};

static enum exit_code print(const struct board *b, unsigned int output)
{
	size_t n = board_n_results(b);
	_cleanup_(freep) struct slo_entry *entries = calloc(n + 1, sizeof(*entries));
	struct slo_report report = { .entries = entries, .n = n };
	int r = entries ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < n; i++) {
		board_result(b, i, &entries[i].result);
		entries[i].slo = board_slo(b, i);
		entries[i].objective = slo_objective(b, i);
	}
	if (!r)
		r = output == SLO_OUTPUT_JSON ? slo_show_json(stdout, &report) :
						slo_show_text(stdout, &report, stdio_fancy(stdout));
	if (!r)
		r = stdio_finish(stdout);
	if (r == -ENOMEM)
		return slo_fail(WHO, EXIT_UNABLE, "out of memory");
	return r ? command_unwritable("troth slo " WHO, r) : EXIT_DONE;
}

static enum exit_code show_run(const void *values)
{
	const struct show_values *v = values;
	_cleanup_(problems_clearp) struct problems problems = {};
	_cleanup_(slo_set_freep) struct slo_set *set = NULL;
	_cleanup_(board_freep) struct board *board = NULL;
	/* Of several revisions the one in force now is shown. */
	int64_t now = (int64_t)time(NULL);
	struct board_options options = { .step_s = STEP_S, .from = now, .to = now };
	enum exit_code code = slo_files_read(WHO, &v->files, &problems, &set);
	char why[512] = "";
	int r;

	if (code == EXIT_DONE)
		code = slo_problems(&problems);
	if (code != EXIT_DONE)
		return code;
	if (!set->n_slos)
		return slo_fail(WHO, EXIT_USAGE,
				"no SLO stands in these files; 'troth slo init' "
				"writes one to begin with");
	r = board_new(set, &options, &board, why, sizeof(why));
	if (r)
		return slo_fail(WHO, r == -ENOMEM ? EXIT_UNABLE : EXIT_USAGE, "%s",
				*why ? why : strerror(-r));
	return print(board, v->output);
}

const struct command command_slo_show = {
	.options = {
		.command = "slo show",
		.summary = "what is promised, in words, and what it allows, in numbers",
		.detail = "The time to detect a full outage is factor x (1 - target) x long window, in "
			  "steady traffic.",
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
	},
	.values_size = sizeof(struct show_values),
	.run = show_run,
};
