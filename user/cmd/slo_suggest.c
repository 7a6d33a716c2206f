// SPDX-License-Identifier: Apache-2.0
/* slo_suggest.c - `troth slo suggest`: which targets recorded counts support. Leaves arithmetic to slo. */
#include <errno.h>
#include <string.h>

#include "../base/stdio.h"
#include "../conf/duration.h"
#include "../report/slo_suggest.h"
#include "slo_files.h"

#define WHO   "suggest"
#define DAY_S 86400

struct suggest_values {
	const char *input;
	uint64_t step_ns;
	unsigned int output;
};

#define FIELD(name) offsetof(struct suggest_values, name)

static const struct option_row rows[] = {
	SLO_ROW_INPUT(FIELD(input)),
	SLO_ROW_STEP(FIELD(step_ns)),
	SLO_ROW_OUTPUT(FIELD(output), "a page, or one troth.suggest/1 document"),
};

/* Days of one name. */
struct past {
	struct day_counts *days;
	size_t n, room;
};

static int add_row(struct past *p, const struct counts_row *row, uint32_t step_s)
{
	int64_t day = row->time / DAY_S;
	struct day_counts *last = p->n ? &p->days[p->n - 1] : NULL;

	if (!last || last->day != day) {
		if (p->n == p->room) {
			size_t room = p->room ? 2 * p->room : 32;
			struct day_counts *more = reallocarray(p->days, room, sizeof(*more));

			if (!more)
				return -ENOMEM;
			p->days = more;
			p->room = room;
		}
		last = &p->days[p->n++];
		*last = (struct day_counts){ .day = day };
	}
	last->good += row->good;
	last->total += row->total;
	last->measured_ns += (uint64_t)row->measured * step_s;
	return 0;
}

static int read_past(struct slo_history *h, struct past *pasts)
{
	struct counts_row row;
	int r;

	while ((r = counts_next(h->counts, &row)) == 1) {
		r = add_row(&pasts[row.name], &row, h->step_s);
		if (r)
			break;
	}
	return r;
}

static enum exit_code print(const struct suggest_entry *entries, size_t n, unsigned int output)
{
	bool traffic = false, events = false;
	int r = output == SLO_OUTPUT_JSON ?
			slo_suggest_json(stdout, entries, n) :
			slo_suggest_text(stdout, entries, n, stdio_fancy(stdout));

	if (!r)
		r = stdio_finish(stdout);
	if (r == -ENOMEM)
		return slo_fail(WHO, EXIT_UNABLE, "out of memory");
	if (r)
		return command_unwritable("troth slo " WHO, r);
	for (size_t i = 0; i < n; i++) {
		traffic |= entries[i].traffic;
		events |= entries[i].suggestion.total > 0;
	}
	return traffic ?
		       EXIT_DONE :
		       slo_fail(WHO, EXIT_NO_TRAFFIC,
				events ? "nothing to judge: there are events, but no time of these "
					 "counts was measured" :
					 "nothing to judge: no traffic in these counts");
}

static enum exit_code suggest_all(struct slo_history *h, unsigned int output)
{
	size_t n = counts_n_names(h->counts);
	_cleanup_(freep) struct past *pasts = calloc(n + 1, sizeof(*pasts));
	_cleanup_(freep) struct suggest_entry *entries = calloc(n + 1, sizeof(*entries));
	enum exit_code code = EXIT_DONE;
	int r = pasts && entries ? read_past(h, pasts) : -ENOMEM;

	for (size_t i = 0; !r && i < n; i++) {
		entries[i].name = counts_name(h->counts, i)->text;
		entries[i].traffic = suggest(pasts[i].days, pasts[i].n, &entries[i].suggestion);
	}
	for (size_t i = 0; pasts && i < n; i++)
		free(pasts[i].days);
	if (h->problems->errors)
		return slo_problems(h->problems);
	if (r)
		code = slo_fail(WHO, EXIT_UNABLE, "cannot read the counts: %s", strerror(-r));
	else
		slo_problems(h->problems);
	return code == EXIT_DONE ? print(entries, n, output) : code;
}

static enum exit_code suggest_run(const void *values)
{
	const struct suggest_values *v = values;
	_cleanup_(problems_clearp) struct problems problems = {};
	struct slo_history h = { .who = WHO };
	enum exit_code code = slo_history_open(&h, v->input, v->step_ns, NULL, &problems);

	if (code == EXIT_DONE)
		code = suggest_all(&h, v->output);
	slo_history_close(&h);
	return code;
}

const struct command command_slo_suggest = {
	.options = {
		.command = "slo suggest",
		.summary = "a target that the past supports, and how sure that is",
		.detail = "Needs no file of objectives. Names are those in the counts.",
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
	},
	.values_size = sizeof(struct suggest_values),
	.run = suggest_run,
};
