// SPDX-License-Identifier: Apache-2.0
/* Reading objectives, what was said about them, and the parts of a document that every one has. */
#ifndef TROTH_TESTS_OPENSLO_FIXTURE_H
#define TROTH_TESTS_OPENSLO_FIXTURE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/conf/openslo.h"

#define NOW 1790000000 /* September 2026 */

static struct problems problems;
static struct slo_set *set;

static inline void say_problems(void)
{
	for (size_t i = 0; i < problems.n; i++)
		print_message("%s:%u:%u: %s\n", problems.item[i].place.file,
			      problems.item[i].place.line, problems.item[i].place.column,
			      problems.item[i].message);
}

static inline void read_text(const char *text)
{
	assert_int_equal(0, slo_set_read_bytes("x.yaml", text, strlen(text), NOW, &problems, &set));
}

static inline void read_good(const char *text)
{
	read_text(text);
	if (problems.errors)
		say_problems();
	assert_int_equal(0, problems.errors);
}

static inline int forget(void **state)
{
	(void)state;
	slo_set_free(set);
	set = NULL;
	problems_clear(&problems);
	return 0;
}

static inline bool was_said(enum problem_level level, const char *part)
{
	for (size_t i = 0; i < problems.n; i++)
		if (problems.item[i].level == level && strstr(problems.item[i].message, part))
			return true;
	return false;
}

#define METRIC(query) "{metricSource: {type: Prometheus, spec: {query: " query "}}}"
#define RATIO	      "{ratioMetric: {counter: true, good: " METRIC("g") ", total: " METRIC("t") "}}"
#define HEAD(name)    "apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: " name "}\nspec:\n"
#define REST                                                                                       \
	"  service: web\n"                                                                         \
	"  budgetingMethod: Occurrences\n"
#define WINDOW	  "  timeWindow: [{duration: 28d, isRolling: true}]\n"
#define INDICATOR "  indicator: {metadata: {name: i}, spec: " RATIO "}\n"
#define OBJECTIVE "  objectives: [{target: 0.999}]\n"

#endif
