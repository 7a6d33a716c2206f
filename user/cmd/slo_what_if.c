// SPDX-License-Identifier: Apache-2.0
/*
 * slo_what_if.c - `troth slo what-if`: the same past under other targets, or another window. Each
 * candidate is a replay of its own, so that memory does not grow with them.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "../base/stdio.h"
#include "../base/utf8.h"
#include "../conf/duration.h"
#include "../report/slo_what_if.h"
#include "../report/slo_words.h"
#include "slo_files.h"

#define WHO	       "what-if"
#define CANDIDATES_MAX 16

struct what_if_values {
	struct option_words files;
	const char *input, *at, *target, *window;
	uint64_t step_ns;
	unsigned int output;
};

#define FIELD(name) offsetof(struct what_if_values, name)

static const struct option_row rows[] = {
	SLO_ROW_FILES(FIELD(files)),
	SLO_ROW_INPUT(FIELD(input)),
	{ .name = "target",
	  .letter = 't',
	  .type = OPTION_STRING,
	  .offset = FIELD(target),
	  .metavar = "LIST",
	  .help = "targets to try, as 0.999,0.9995 or 99.9%,99.95%; at most 16" },
	{ .name = "window",
	  .letter = 'w',
	  .type = OPTION_STRING,
	  .offset = FIELD(window),
	  .metavar = "SPAN",
	  .help = "a rolling window to try, as 28d, 4w or 1M; without it each keeps its own" },
	SLO_ROW_STEP(FIELD(step_ns)),
	SLO_ROW_AT(FIELD(at)),
	SLO_ROW_OUTPUT(FIELD(output), "a table, or one troth.whatif/1 document"),
};

/* What is tried. */
struct trial {
	decimal targets[CANDIDATES_MAX];
	size_t n;	  /* at least 1 */
	bool own_targets; /* n is 1, and targets[0] is nobody's */
	struct span span; /* unit 0: each its own window */
};

/* Alerts of one objective that began to fire. */
struct tally {
	const struct objective *objective;
	uint64_t pages, tickets, others;
};

struct tallies {
	struct tally *item;
	size_t n, last;
};

static int read_target(const char *word, size_t n, bool percent, decimal *ret)
{
	char text[64];

	if (n >= sizeof(text))
		return -EINVAL;
	memcpy(text, word, n);
	text[n] = '\0';
	return decimal_parse(text, percent ? -2 : 0, ret) || *ret >= DECIMAL_ONE ? -EINVAL : 0;
}

static enum exit_code refuse_target(const char *word, size_t n)
{
	_cleanup_(freep) char *copy = strndup(word, n);
	_cleanup_(freep) char *shown = copy ? utf8_shortened(copy, 40) : NULL;
	char ratio[DECIMAL_TEXT];
	decimal meant;

	/* A bare 99.9 is most likely a percentage. */
	if (!read_target(word, n, true, &meant))
		return slo_fail(WHO, EXIT_USAGE, "--target: '%s' is not below 1; write %s%% or %s",
				shown ? shown : "?", shown ? shown : "?",
				decimal_format(meant, 0, ratio));
	return slo_fail(WHO, EXIT_USAGE,
			"--target: '%s' is not possible; write ratios below 1, as 0.999, or "
			"percentages, as 99.9%%, with commas between",
			shown ? shown : "?");
}

static enum exit_code parse_target(const char *word, size_t n, decimal *ret)
{
	bool percent = n && word[n - 1] == '%';

	return read_target(word, n - percent, percent, ret) ? refuse_target(word, n) : EXIT_DONE;
}

static enum exit_code parse_targets(const char *text, struct trial *t)
{
	const char *word = text;

	for (;; word++) {
		size_t n = strcspn(word, ",");
		enum exit_code code;

		if (t->n == CANDIDATES_MAX)
			return slo_fail(WHO, EXIT_USAGE,
					"--target: too many candidates; write at most %d",
					CANDIDATES_MAX);
		code = parse_target(word, n, &t->targets[t->n]);
		if (code != EXIT_DONE)
			return code;
		t->n++;
		word += n;
		if (!*word)
			return EXIT_DONE;
	}
}

static enum exit_code parse_window(const char *text, struct span *ret)
{
	_cleanup_(freep) char *shown = NULL;

	if (!span_parse(text, ret) && span_seconds(*ret) <= span_seconds((struct span){ 5, 'Y' }))
		return EXIT_DONE;
	shown = utf8_shortened(text, 40);
	return slo_fail(WHO, EXIT_USAGE,
			"--window: '%s' is not possible; write a number and m, h, d, w, M, Q or Y, "
			"as 28d, of at most 5 years",
			shown ? shown : "?");
}

static void free_copies(struct slo_set *set)
{
	for (size_t i = 0; set->slos && i < set->n_slos; i++)
		free((void *)set->slos[i].objectives);
	free(set->slos);
}

/* The set with another target or window; ret owns its slos and their objectives only. */
static int copy_set(const struct slo_set *set, const struct trial *t, size_t candidate,
		    struct slo_set *ret)
{
	*ret = *set;
	ret->slos = calloc(set->n_slos, sizeof(*ret->slos));
	if (!ret->slos)
		return -ENOMEM;
	for (size_t i = 0; i < set->n_slos; i++) {
		const struct slo *from = &set->slos[i];
		struct objective *objectives = calloc(from->n_objectives, sizeof(*objectives));

		if (!objectives)
			return -ENOMEM;
		ret->slos[i] = *from;
		ret->slos[i].objectives = objectives;
		for (size_t j = 0; j < from->n_objectives; j++) {
			objectives[j] = from->objectives[j];
			if (!t->own_targets)
				objectives[j].target = t->targets[candidate];
		}
		if (t->span.unit)
			ret->slos[i].window = (struct time_window){ .rolling = true,
								    .span = t->span,
								    .zone = "UTC" };
	}
	return 0;
}

static void note(void *context, const struct slo *slo, const struct objective *o,
		 const struct alert_change *change)
{
	struct tallies *t = context;
	const char *severity = change->alert->severity;

	(void)slo;
	if (!change->firing)
		return;
	for (size_t i = 0; i < t->n && t->item[t->last].objective != o; i++)
		t->last = (t->last + 1) % t->n;
	if (!strcmp(severity, "page"))
		t->item[t->last].pages++;
	else if (!strcmp(severity, "ticket"))
		t->item[t->last].tickets++;
	else
		t->item[t->last].others++;
}

static int tallies_new(const struct slo_set *set, struct tallies *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n_slos; i++)
		n += set->slos[i].n_objectives;
	ret->item = calloc(n + 1, sizeof(*ret->item));
	if (!ret->item)
		return -ENOMEM;
	for (size_t i = 0; i < set->n_slos; i++)
		for (size_t j = 0; j < set->slos[i].n_objectives; j++)
			ret->item[ret->n++].objective = &set->slos[i].objectives[j];
	return 0;
}

static void tell(const struct board *b, size_t i, const struct tallies *tallies,
		 struct what_if *ret)
{
	const struct slo *slo = board_slo(b, i);
	const struct objective *o = slo_objective(b, i);
	struct slo_result r;

	board_result(b, i, &r);
	*ret = (struct what_if){
		.target = o ? o->target : (decimal)(r.target * (double)DECIMAL_ONE + 0.5),
		.verdict = r.verdict,
		.in_slices = r.in_slices,
		.good = r.good,
		.total = r.total,
		.sli = r.sli,
		.allowed = r.allowed,
		.spent = r.spent,
		.over = r.at >= r.window_end,
		.coverage = r.coverage,
		.estimated = r.estimated,
		.remaining_ratio = r.remaining_ratio,
		.cost = (double)(r.total - r.good) * slo->agreement.cost_per_bad_event,
	};
	for (size_t j = 0; j < tallies->n; j++) {
		if (tallies->item[j].objective != o)
			continue;
		ret->pages = tallies->item[j].pages;
		ret->tickets = tallies->item[j].tickets;
		ret->others = tallies->item[j].others;
	}
}

/* Everything of one run; freed by clear(). */
struct run {
	struct slo_set *set;
	struct what_if *cells; /* of each result, its candidates */
	struct what_if_slo *slos;
	size_t n;
};

static int make_room(struct run *run, const struct board *b, const struct slo_set *set,
		     const struct trial *t)
{
	run->n = board_n_results(b);
	run->cells = calloc((run->n + 1) * t->n, sizeof(*run->cells));
	run->slos = calloc(run->n + 1, sizeof(*run->slos));
	if (!run->cells || !run->slos)
		return -ENOMEM;
	for (size_t i = 0; i < run->n; i++) {
		/* The candidate's copy does not last; its strings do. */
		const struct slo *slo = &run->set->slos[board_slo(b, i) - set->slos];
		struct slo_result r;

		board_result(b, i, &r);
		run->slos[i] = (struct what_if_slo){ .name = slo->name,
						     .objective = r.objective,
						     .counts_name = r.counts_name,
						     .method = r.method,
						     .currency = slo->agreement.currency,
						     .composite = !slo_objective(b, i),
						     .candidates = &run->cells[i * t->n] };
	}
	return 0;
}

static enum exit_code try(struct run *run, struct slo_history *h, const struct trial *t,
			  size_t candidate)
{
	_cleanup_(board_freep) struct board *b = NULL;
	struct tallies tallies = {};
	struct slo_set set = {};
	enum exit_code code = EXIT_DONE;
	int r = copy_set(run->set, t, candidate, &set);

	if (!r)
		r = tallies_new(&set, &tallies);
	if (!r)
		code = slo_history_replay(h, &set, note, &tallies, !candidate, &b);
	if (!r && code == EXIT_DONE && !candidate)
		r = make_room(run, b, &set, t);
	for (size_t i = 0; !r && code == EXIT_DONE && i < run->n; i++)
		tell(b, i, &tallies, &run->cells[i * t->n + candidate]);
	free(tallies.item);
	board_free(TAKE(b));
	free_copies(&set);
	return r ? slo_fail(WHO, EXIT_UNABLE, "%s", strerror(-r)) : code;
}

static enum exit_code print(const struct run *run, const struct slo_history *h,
			    const struct trial *t, const struct what_if_values *v)
{
	struct what_if_report report = { .at = h->at,
					 .window = v->window,
					 .slos = run->slos,
					 .n = run->n,
					 .n_candidates = t->n };
	bool data = false;
	int r = v->output == SLO_OUTPUT_JSON ?
			slo_what_if_json(stdout, &report) :
			slo_what_if_text(stdout, &report, stdio_fancy(stdout));

	if (!r)
		r = stdio_finish(stdout);
	if (r == -ENOMEM)
		return slo_fail(WHO, EXIT_UNABLE, "out of memory");
	if (r)
		return command_unwritable("troth slo " WHO, r);
	for (size_t i = 0; i < run->n * t->n; i++)
		data |= run->cells[i].verdict != VERDICT_NO_DATA;
	return data ? EXIT_DONE : slo_history_empty(h);
}

static enum exit_code what_if(const struct what_if_values *v, struct slo_history *h,
			      struct run *run, struct problems *problems)
{
	struct trial t = {};
	enum exit_code code = EXIT_DONE;

	if (!v->target && !v->window)
		return slo_fail(WHO, EXIT_USAGE,
				"nothing to try; write --target 0.999,0.9995 or --window 28d");
	if (v->target)
		code = parse_targets(v->target, &t);
	if (code == EXIT_DONE && v->window)
		code = parse_window(v->window, &t.span);
	t.own_targets = !v->target;
	t.n += t.own_targets;
	if (code == EXIT_DONE)
		code = slo_files_read(WHO, &v->files, problems, &run->set);
	if (code == EXIT_DONE)
		code = slo_history_open(h, v->input, v->step_ns, v->at, problems);
	if (code == EXIT_DONE && !run->set->n_slos)
		code = slo_fail(WHO, EXIT_USAGE,
				"no SLO stands in these files; 'troth slo init' "
				"writes one to begin with");
	for (size_t i = 0; code == EXIT_DONE && i < t.n; i++)
		code = try(run, h, &t, i);
	return code == EXIT_DONE ? print(run, h, &t, v) : code;
}

static enum exit_code what_if_run(const void *values)
{
	_cleanup_(problems_clearp) struct problems problems = {};
	struct slo_history h = { .who = WHO };
	struct run run = {};
	enum exit_code code = what_if(values, &h, &run, &problems);

	free(run.cells);
	free(run.slos);
	slo_set_free(run.set);
	slo_history_close(&h);
	return code;
}

const struct command command_slo_what_if = {
	.options = {
		.command = "slo what-if",
		.summary = "other targets, or another window, over the same past",
		.detail = "For each candidate: whether it would have been kept, how many pages and "
			  "tickets it would have sent, what would be left of the budget, and what the "
			  "failures cost where the file says what one costs.",
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
	},
	.values_size = sizeof(struct what_if_values),
	.run = what_if_run,
};
