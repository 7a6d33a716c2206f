// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_yaml.c - the reader of OpenSLO files on any bytes. What must hold whatever they are: it
 * ends, what is wrong has a place inside the file and a message in one line, and what is left can
 * be worked with.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/conf/openslo.h"
#include "../../user/conf/yaml.h"

#include "check.h"

#define NOW 1790000000

/* Length of the line with this number, from 1, without its end; -1: there is none. */
static long line_length(const char *bytes, size_t n, unsigned int line)
{
	const char *end = bytes + n, *p = bytes;

	for (; line > 1; line--) {
		p = memchr(p, '\n', (size_t)(end - p));
		if (!p || ++p == end)
			return -1;
	}
	for (bytes = p; p < end && *p != '\n'; p++)
		;
	return p - bytes;
}

static void check_problems(const struct problems *problems, const char *bytes, size_t n)
{
	size_t errors = 0;

	CHECK(problems->n <= PROBLEMS_MAX);
	CHECK(!problems->out_of_memory);
	for (size_t i = 0; i < problems->n; i++) {
		const struct problem *p = &problems->item[i];
		long length = line_length(bytes, n, p->place.line);

		errors += p->level == PROBLEM_ERROR;
		CHECK(!strcmp(p->place.file, "fuzz"));
		CHECK(*p->message && !strpbrk(p->message, "\n\r\x1b"));
		CHECK(p->place.line >= 1 && p->place.column >= 1);
		CHECK(length >= 0 || (p->place.line == 1 && p->place.column == 1));
		CHECK((long)p->place.column <= (length ? length : 1));
	}
	CHECK(errors == problems->errors || problems->n == PROBLEMS_MAX);
	CHECK(problems->raised >= problems->errors);
}

static void check_metric(const struct metric *m)
{
	if (!m || !m->kernel)
		return;
	CHECK(m->kernel->select[SELECT_ROLE]);
	CHECK(m->kernel->outcomes < 1u << 6);
	CHECK(m->kernel->part < LATENCY_PARTS);
	CHECK(!m->kernel->has_latency || m->kernel->max_ns);
}

static void check_objective(const struct slo *s, const struct objective *o)
{
	CHECK(o->display_name && o->counts_name);
	CHECK(!strncmp(o->counts_name, s->name, strlen(s->name)));
	CHECK(o->target < DECIMAL_ONE && o->weight && o->slice_target <= DECIMAL_ONE);
	CHECK((s->method == METHOD_OCCURRENCES) == !o->slice_s);
	CHECK(s->method != METHOD_TIMESLICES || o->slice_target);
	if (!o->indicator)
		return;
	CHECK(o->indicator->kind != INDICATOR_THRESHOLD || o->op != COMPARE_NONE);
	check_metric(o->indicator->good);
	check_metric(o->indicator->bad);
	check_metric(o->indicator->total);
}

static void check_slo(const struct slo *s)
{
	CHECK(*s->name && strlen(s->name) <= 63);
	CHECK(*s->service);
	CHECK(s->window.span.n && strchr("mhdwMQY", s->window.span.unit));
	CHECK(s->window.rolling || s->window.start_month);
	CHECK(s->n_objectives && s->min_bad_events);
	for (size_t i = 0; i < s->n_objectives; i++)
		check_objective(s, &s->objectives[i]);
	for (size_t i = 0; i < s->n_policies; i++)
		CHECK(s->policies[i].n_conditions == 1 && s->policies[i].conditions->lookback_s);
}

static void check_exclusion(const struct exclusion *e)
{
	CHECK(*e->name && e->zone);
	CHECK(e->rrule ? e->duration_s > 0 : e->end > e->start);
	CHECK(!e->n_slos != !e->n_labels);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problems problems = {};
	struct slo_set *set = NULL;

	CHECK(!slo_set_read_bytes("fuzz", (const char *)data, size, NOW, &problems, &set));
	check_problems(&problems, (const char *)data, size);
	for (size_t i = 0; i < set->n_slos; i++)
		check_slo(&set->slos[i]);
	for (size_t i = 0; i < set->n_exclusions; i++)
		check_exclusion(&set->exclusions[i]);
	problems_sort(&problems);
	problems_clear(&problems);
	slo_set_free(set);
	return 0;
}
