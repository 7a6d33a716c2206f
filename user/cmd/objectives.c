// SPDX-License-Identifier: Apache-2.0
/*
 * objectives.c - see objectives.h. Leaves documents to conf, what they mean for a measurement to
 * slo/plan, the arithmetic to the judge.
 */
#include "objectives.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../conf/duration.h"
#include "../conf/openslo.h"
#include "../slo/plan.h"
#include "../report/problems_said.h"

/* The default objectives; docs/man/troth-check.8 has the same numbers. */
#define AVAILABILITY_TARGET (DECIMAL_ONE / 1000 * 999)
#define LATENCY_TARGET	    (DECIMAL_ONE / 100 * 99)
#define LATENCY_MAX_NS	    (500 * MSEC_NS)

enum { THRESHOLD_LATENCY = DEFAULT_SLOW, THRESHOLD_PATIENCE, N_THRESHOLDS };
enum { OBJECTIVE_AVAILABILITY, OBJECTIVE_LATENCY, N_OBJECTIVES };

static const struct threshold default_thresholds[N_THRESHOLDS] = {
	[THRESHOLD_LATENCY] = { PART_DURATION, 0, LATENCY_MAX_NS },
	[THRESHOLD_PATIENCE] = { PART_DURATION, 0, PATIENCE_NS },
};

struct objectives {
	struct slo_set *set;
	struct plan *plan; /* NULL: the default objectives, and what follows is theirs */
	struct judgement *judgements;
	size_t *services; /* 0, 1, 2 ...: each judgement is of one */
	size_t n;
};

/* All warnings would hide the one line that matters; lint has them. */
static void print_problems(const struct problems *p)
{
	problems_say_errors(stderr, p);
	if (p->warnings)
		fprintf(stderr, "troth check: %zu warning%s: 'troth slo lint' says which\n",
			p->warnings, p->warnings == 1 ? "" : "s");
}

static int read_files(struct objectives *o, const struct option_strings *files,
		      struct problems *problems)
{
	int64_t now = (int64_t)time(NULL);
	int r = slo_set_read(files->value, files->n, now, problems, &o->set);

	if (!r && !problems->errors)
		r = plan_new(o->set, now, problems, &o->plan);
	if (!r)
		problems_sort(problems);
	return r || problems->out_of_memory ? -ENOMEM : 0;
}

static enum exit_code plan_files(struct objectives *o, const struct option_strings *files)
{
	_cleanup_(problems_clear) struct problems problems = {};

	if (read_files(o, files, &problems)) {
		fputs("troth check: out of memory\n", stderr);
		return EXIT_UNABLE;
	}
	print_problems(&problems);
	if (problems.errors)
		return EXIT_USAGE;
	if (o->set->n_slos)
		return EXIT_DONE;
	fprintf(stderr,
		"%s:1:1: error: no objective is here: write a document of kind SLO, "
		"apiVersion openslo/v1\n",
		files->value[0]);
	return EXIT_USAGE;
}

enum exit_code objectives_new(const struct option_strings *files, struct objectives **ret)
{
	_cleanup_(objectives_freep) struct objectives *o = calloc(1, sizeof(*o));
	enum exit_code code = EXIT_DONE;

	if (!o) {
		fputs("troth check: out of memory\n", stderr);
		return EXIT_UNABLE;
	}
	if (files->n)
		code = plan_files(o, files);
	if (code == EXIT_DONE)
		*ret = TAKE(o);
	return code;
}

void objectives_free(struct objectives *o)
{
	if (!o)
		return;
	plan_free(o->plan);
	if (o->set)
		slo_set_free(o->set);
	free(o->judgements);
	free(o->services);
	free(o);
}

const struct threshold *objectives_thresholds(const struct objectives *o, unsigned int *ret_n)
{
	if (o->plan)
		return plan_thresholds(o->plan, ret_n);
	*ret_n = N_THRESHOLDS;
	return default_thresholds;
}

uint64_t objectives_idle_end_ns(const struct objectives *o)
{
	return limits_idle_end_ns(o->plan ? plan_largest_ns(o->plan) : LATENCY_MAX_NS);
}

bool objectives_from_files(const struct objectives *o)
{
	return o->plan;
}

int objectives_judge(struct objectives *o, const struct sample *s)
{
	if (o->plan)
		return plan_judge(o->plan, s);
	o->n = s->n_services * N_OBJECTIVES;
	o->judgements = calloc(o->n + 1, sizeof(*o->judgements));
	o->services = calloc(s->n_services + 1, sizeof(*o->services));
	if (!o->judgements || !o->services)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_services; i++) {
		struct judgement *j = &o->judgements[i * N_OBJECTIVES];

		o->services[i] = i;
		judge_availability(&s->services[i], THRESHOLD_PATIENCE, "availability",
				   AVAILABILITY_TARGET, &j[OBJECTIVE_AVAILABILITY]);
		judge_latency(&s->services[i], THRESHOLD_LATENCY, "latency", LATENCY_TARGET,
			      &j[OBJECTIVE_LATENCY]);
		for (unsigned int k = 0; k < N_OBJECTIVES; k++) {
			j[k].services = &o->services[i];
			j[k].n_services = 1;
		}
	}
	return 0;
}

const struct judgement *objectives_judgements(const struct objectives *o, size_t *ret_n)
{
	if (o->plan)
		return plan_judgements(o->plan, ret_n);
	*ret_n = o->n;
	return o->judgements;
}

enum exit_code objectives_verdict(const struct objectives *o)
{
	enum exit_code code = EXIT_NO_TRAFFIC;
	size_t n;
	const struct judgement *j = objectives_judgements(o, &n);

	for (size_t i = 0; i < n; i++) {
		if (j[i].verdict == VERDICT_MISSED)
			return EXIT_MISSED;
		if (j[i].verdict == VERDICT_MET)
			code = EXIT_DONE;
	}
	return code;
}
