// SPDX-License-Identifier: Apache-2.0
/* slo_indicator.c - what an objective counts, as a sentence. */
#include <stdio.h>
#include <string.h>

#include "../base/cleanup.h"
#include "slo_words.h"

static const char *const outcome_names[] = { "ok",	    "client_error", "server_error",
					     "no_response", "aborted",	    "unknown" };

static void put_kernel(FILE *f, const struct kernel_metric *k, const char *otherwise)
{
	bool some = false;

	if (!k->outcomes)
		fputs(otherwise, f);
	for (size_t i = 0; i < sizeof(outcome_names) / sizeof(outcome_names[0]); i++) {
		if (!(k->outcomes & 1u << i))
			continue;
		fprintf(f, "%s%s", some ? " or " : "", outcome_names[i]);
		some = true;
	}
	if (k->has_latency)
		fprintf(f, " within %s%s%s%s", human_duration((double)k->max_ns / 1e9).s,
			k->part == LATENCY_DURATION ? "" : " (",
			k->part == LATENCY_DURATION ? "" : latency_part_names[k->part],
			k->part == LATENCY_DURATION ? "" : ")");
}

static void put_select(FILE *f, const struct kernel_metric *k)
{
	bool some = false;

	for (unsigned int i = 0; i < SELECT_KEYS; i++) {
		if (!k->select[i] || (i == SELECT_ROLE && !strcmp(k->select[i], "server")))
			continue;
		fprintf(f, "%s%s %s", some ? ", " : "", selector_names[i], k->select[i]);
		some = true;
	}
	if (!some)
		fputs("every service", f);
}

static void put_source(FILE *f, const char *what, const struct metric *m)
{
	fprintf(f, "%s from %s", what,
		m && m->source_ref ? m->source_ref :
		m && m->type	   ? m->type :
				     "a source that is not named");
}

static void put_metric(FILE *f, const char *what, const struct metric *m, const char *otherwise)
{
	if (!m)
		return;
	if (!m->kernel) {
		put_source(f, what, m);
		return;
	}
	fprintf(f, "%s: ", what);
	put_kernel(f, m->kernel, otherwise);
}

char *words_indicator(const struct slo *slo, const struct objective *o)
{
	const struct indicator *i = o && o->indicator ? o->indicator : slo->indicator;
	const struct metric *any;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	if (!i) {
		fputs("nothing yet: no indicator is given", f);
	} else if (i->kind == INDICATOR_THRESHOLD) {
		put_source(f, "a measure", i->threshold);
		if (o && o->op != COMPARE_NONE)
			fprintf(f, ", good while %s %.10g",
				(const char *const[]){ "", "below", "at most", "above",
						       "at least" }[o->op],
				o->value);
	} else {
		any = i->total ? i->total : i->raw ? i->raw : i->good ? i->good : i->bad;
		if (any && any->kernel) {
			put_select(f, any->kernel);
			fputs("; ", f);
		}
		put_metric(f, "good", i->good, "ok or client_error");
		put_metric(f, "bad", i->bad, "everything that is not good");
		if (i->total && (i->good || i->bad))
			fputs("; ", f);
		put_metric(f, "total", i->total, "all but aborted and unknown");
		put_metric(f,
			   i->raw_type && !strcmp(i->raw_type, "failure") ? "a ratio of bad" :
									    "a ratio of good",
			   i->raw, "");
	}
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}
