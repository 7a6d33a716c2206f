// SPDX-License-Identifier: Apache-2.0
/*
 * test_lint.c - what is said of files. Each of tests/corpus/openslo says in its first lines what is
 * expected of it, "# level line:column part of the message"; nothing else may be said.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/base/cleanup.h"
#include "../../user/conf/openslo.h"

#define NOW    1790000000 /* September 2026 */
#define CORPUS "tests/corpus/openslo/"

static struct problems problems;
static struct slo_set *set;

static int forget(void **state)
{
	(void)state;
	slo_set_free(set);
	set = NULL;
	problems_clear(&problems);
	return 0;
}

/* --- the corpus ------------------------------------------------------------------------------- */

struct expected {
	char level[8];
	unsigned int line, column;
	char part[256];
};

static bool next_expected(FILE *f, struct expected *ret)
{
	char text[512];

	if (!fgets(text, sizeof(text), f))
		return false;
	text[strcspn(text, "\r\n")] = '\0';
	return sscanf(strncmp(text, "\xef\xbb\xbf", 3) ? text : text + 3,
		      "# %7[a-z] %u:%u %255[^\n]", ret->level, &ret->line, &ret->column,
		      ret->part) == 4;
}

static bool is_as_expected(const struct problem *p, const struct expected *e)
{
	return !strcmp(e->level, p->level == PROBLEM_ERROR ? "error" : "warning") &&
	       e->line == p->place.line && e->column == p->place.column &&
	       strstr(p->message, e->part);
}

/* How many things are wrong with what was said of it. */
static unsigned int check_file(const char *path)
{
	_cleanup_(fclosep) FILE *f = fopen(path, "r");
	unsigned int wrong = 0;
	struct expected e;
	size_t n = 0;

	assert_non_null(f);
	assert_int_equal(0, slo_set_read(&path, 1, NOW, &problems, &set));
	problems_sort(&problems);
	while (next_expected(f, &e)) {
		if (n < problems.n && is_as_expected(&problems.item[n++], &e))
			continue;
		print_error("%s: not said: %s %u:%u %s\n", path, e.level, e.line, e.column, e.part);
		wrong++;
	}
	for (size_t i = 0; i < problems.n; i++)
		if (wrong || i >= n) {
			print_error("%s: said: %u:%u: %s\n", path, problems.item[i].place.line,
				    problems.item[i].place.column, problems.item[i].message);
			wrong++;
		}
	return wrong;
}

/* The number of its files. */
static size_t walk(const char *path, bool valid)
{
	struct dirent **entry;
	int n = scandir(path, &entry, NULL, alphasort);
	unsigned int wrong = 0;
	size_t files = 0;

	assert_true(n > 0);
	for (int i = 0; i < n; free(entry[i++])) {
		_cleanup_(freep) char *file = NULL;

		if (entry[i]->d_name[0] == '.')
			continue;
		assert_true(asprintf(&file, "%s%s", path, entry[i]->d_name) > 0);
		wrong += check_file(file);
		wrong += valid == (problems.errors > 0);
		files++;
		forget(NULL);
	}
	free(entry);
	assert_int_equal(0, wrong);
	return files;
}

static void of_a_valid_file_only_what_is_expected_is_said(void **state)
{
	(void)state;
	assert_true(walk(CORPUS "valid/", true) >= 30);
}

static void of_an_invalid_file_the_error_is_said_at_its_place(void **state)
{
	(void)state;
	assert_true(walk(CORPUS "invalid/", false) >= 90);
}

/*
 * --- what only the whole shows ------------------------------------------------------------------
 */

#define HEAD                                                                                       \
	"apiVersion: openslo/v1\nkind: SLO\n"                                                      \
	"metadata: {name: a, annotations: {troth.dev/promise: p, troth.dev/owner: o}}\nspec:\n"    \
	"  service: web\n  budgetingMethod: Occurrences\n"
#define SERVICE	     "---\napiVersion: openslo/v1\nkind: Service\nmetadata: {name: web}\n"
#define SOURCE(more) "{metricSource: {type: troth, spec: {select: {port: 80}" more "}}}"
#define SLI(more)                                                                                  \
	"{metadata: {name: i}, spec: {ratioMetric: {counter: true, good: " SOURCE(                 \
		more) ", total: " SOURCE("") "}}}"

static void read_window(const char *duration, const char *target)
{
	_cleanup_(freep) char *text = NULL;

	assert_true(asprintf(&text,
			     HEAD "  timeWindow: [{duration: %s, isRolling: true}]\n"
				  "  indicator: " SLI("") "\n"
							  "  objectives: [{target: %s}]\n" SERVICE,
			     duration, target) > 0);
	assert_int_equal(0, slo_set_read_bytes("x.yaml", text, strlen(text), NOW, &problems, &set));
	assert_int_equal(0, problems.errors);
}

static void assert_never(const char *duration, const char *target, size_t n, const char *first)
{
	read_window(duration, target);
	if (problems.n != n || (n && !strstr(problems.item[0].message, first)))
		fail_msg("%s at %s: %zu: %s", duration, target, problems.n,
			 problems.n ? problems.item[0].message : "nothing");
	forget(NULL);
}

/* The workbook's 14.4 needs a target above 1 - 1/14.4 = 0.930555... */
static void an_alert_that_can_never_fire_is_a_warning_with_its_arithmetic(void **state)
{
	(void)state;
	assert_never("30d", "0.9306", 0, NULL);
	assert_never(
		"30d", "0.9305", 1,
		"the default page over 1h and 5m can never fire: factor 14.4 can never be "
		"exceeded: with a target of 0.9305 the highest burn rate is 1/(1-0.9305) = 14.39");
	assert_never("30d", "0.8", 2, "= 5");
	assert_never("1M", "0.9305", 1, "factor 14.4 ");
	assert_never("28d", "0.93", 0, NULL);
	assert_never("28d", "0.925", 1, "factor 13.44 ");
}

static void the_highest_rate_itself_does_not_fire(void **state)
{
	(void)state;
	/* With a target of 0 the highest rate is 1, and so is the factor of 10 % of 30 d in 3 d. */
	assert_never("30d", "0", 4, "factor 14.4 ");
	assert_never("90d", "0.5", 4, "factor 43.2 ");
}

/* 7 d: 15m/2m, 90m/8m, 6h/30m, 18h/90m; 0.02 * 7 d / 15 m = 13.44. */
static void short_periods_have_short_windows(void **state)
{
	(void)state;
	assert_never("7d", "0.92", 1,
		     "the default page over 15m and 2m can never fire: factor 13.44");
	assert_never("1w", "0.8", 2, "over 15m and 2m");
	read_window("7d", "0.8");
	assert_non_null(strstr(problems.item[1].message, "over 1h30m and 8m"));
}

static void read_latencies(const char *first, size_t n)
{
	_cleanup_(freep) char *text = malloc(65536);
	char *end = text;

	end = stpcpy(end, HEAD "  timeWindow: [{duration: 28d, isRolling: true}]\n  objectives:\n");
	if (first)
		end += sprintf(end, "    - {displayName: x, target: 0.99, indicator: %s}\n", first);
	for (size_t i = 0; i < n; i++)
		end += sprintf(
			end,
			"    - {displayName: o%zu, target: 0.99, indicator: "
			"{metadata: {name: i}, spec: {ratioMetric: {counter: true, good: "
			"{metricSource: {type: troth, spec: {select: {port: 80}, latency: {max: "
			"%zums}}}}, total: " SOURCE("") "}}}}\n",
			i, i + 1);
	strcpy(end, SERVICE);
	assert_int_equal(0, slo_set_read_bytes("x.yaml", text, strlen(text), NOW, &problems, &set));
}

static void the_kernel_judges_four_thresholds(void **state)
{
	(void)state;
	read_latencies(NULL, 4);
	assert_int_equal(0, problems.errors);
	forget(state);
	read_latencies(NULL, 6);
	assert_int_equal(1, problems.errors);
	assert_non_null(strstr(problems.item[0].message, "one latency threshold too many (5ms of "
							 "duration)"));
	assert_int_equal(13, problems.item[0].place.line);
}

static void an_availability_indicator_takes_one_of_them(void **state)
{
	(void)state;
	read_latencies(SLI(""), 3);
	assert_int_equal(0, problems.errors);
	forget(state);
	read_latencies(SLI(""), 4);
	assert_int_equal(1, problems.errors);
	assert_non_null(strstr(problems.item[0].message, "(4ms of duration)"));
	forget(state);
	/* Patience is 10 s of duration: who writes that shares it. */
	read_latencies(SLI(", latency: {max: 10s}"), 3);
	assert_int_equal(0, problems.errors);
}

static void equal_thresholds_of_different_parts_are_two(void **state)
{
	(void)state;
	read_latencies(SLI(", latency: {part: queue, max: 1ms}"), 3);
	assert_int_equal(0, problems.errors);
	forget(state);
	read_latencies(SLI(", latency: {part: queue, max: 1ms}"), 4);
	assert_int_equal(1, problems.errors);
	forget(state);
	read_latencies(SLI(", latency: {part: duration, max: 0.001s}"), 4);
	assert_int_equal(0, problems.errors);
}

/*
 * --- the list of problems ------------------------------------------------------------------------
 */

static struct place at(const char *file, unsigned int line, unsigned int column)
{
	return (struct place){ .file = file, .line = line, .column = column };
}

static void problems_are_sorted_by_file_and_place(void **state)
{
	static const char *const order[] = { "z1:2", "z1:10", "z3:1a", "z3:1b", "a1:1" };

	(void)state;
	problems_mention(&problems, "z");
	problem_add(&problems, PROBLEM_ERROR, at("a", 1, 1), "a1:1");
	problem_add(&problems, PROBLEM_WARNING, at("z", 3, 1), "z3:1a");
	problem_add(&problems, PROBLEM_WARNING, at("z", 1, 10), "z1:10");
	problem_add(&problems, PROBLEM_ERROR, at("z", 3, 1), "z3:1b");
	problem_add(&problems, PROBLEM_ERROR, at("z", 1, 2), "z1:2");
	problems_sort(&problems);
	assert_int_equal(5, problems.n);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(order[i], problems.item[i].message);
	assert_int_equal(3, problems.errors);
	assert_int_equal(2, problems.warnings);
}

static void what_is_said_twice_is_said_once(void **state)
{
	(void)state;
	problem_add(&problems, PROBLEM_ERROR, at("a", 1, 1), "x %d", 1);
	problem_add(&problems, PROBLEM_ERROR, at("a", 1, 1), "x 1");
	problem_add(&problems, PROBLEM_ERROR, at("a", 1, 2), "x 1");
	assert_int_equal(2, problems.n);
	assert_int_equal(2, problems.errors);
	assert_int_equal(3, problems.raised);
}

static void an_error_is_kept_where_warnings_fill_the_list(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < PROBLEMS_MAX + 5; i++)
		problem_add(&problems, PROBLEM_WARNING, at("a", i + 1, 1), "w");
	problem_add(&problems, PROBLEM_ERROR, at("b", 1, 1), "e");
	assert_int_equal(PROBLEMS_MAX, problems.n);
	assert_int_equal(PROBLEMS_MAX + 5, problems.warnings);
	assert_int_equal(1, problems.errors);
	assert_int_equal(2, problems.n_files);
	assert_int_equal(1, problems.file[1].errors);
	problems_sort(&problems);
	assert_string_equal("e", problems.item[PROBLEMS_MAX - 1].message);
}

static void a_message_is_one_printable_line(void **state)
{
	(void)state;
	problem_add(&problems, PROBLEM_ERROR, at("a", 1, 1), "x\ny\x1b[0m\xff");
	assert_string_equal("x?y?[0m?", problems.item[0].message);
}

#define TEST(name) cmocka_unit_test_teardown(name, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(of_a_valid_file_only_what_is_expected_is_said),
		TEST(of_an_invalid_file_the_error_is_said_at_its_place),
		TEST(an_alert_that_can_never_fire_is_a_warning_with_its_arithmetic),
		TEST(the_highest_rate_itself_does_not_fire),
		TEST(short_periods_have_short_windows),
		TEST(the_kernel_judges_four_thresholds),
		TEST(an_availability_indicator_takes_one_of_them),
		TEST(equal_thresholds_of_different_parts_are_two),
		TEST(problems_are_sorted_by_file_and_place),
		TEST(what_is_said_twice_is_said_once),
		TEST(an_error_is_kept_where_warnings_fill_the_list),
		TEST(a_message_is_one_printable_line),
	};

	return cmocka_run_group_tests_name("lint", tests, NULL, NULL);
}
