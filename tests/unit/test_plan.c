// SPDX-License-Identifier: Apache-2.0
/* test_plan.c - objectives as documents give them, against rows: what is asked for, what is said. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/slo/plan.h"

#define MSEC   1000000ull
#define MAX    8
#define TARGET (DECIMAL_ONE / 100 * 95)
#define NOW    1769860800
#define LATER  (NOW + 86400)
#define ALL_IN 15 /* within every threshold */

static const char *const names[] = { "a", "b", "c", "d", "e", "f" };

/* As many SLOs of one objective each as are added. */
struct world {
	struct kernel_metric kernel[MAX][2]; /* good (or bad), total */
	struct metric metrics[MAX][2];
	struct indicator indicators[MAX];
	struct objective objectives[MAX];
	struct slo slos[MAX];
	struct slo_set set;
	struct problems problems;
	struct plan *plan;
	struct service_row rows[3];
	struct sample sample;
};

static size_t add(struct world *w, const char *name, const char *port)
{
	size_t i = w->set.n_slos++;

	w->set.slos = w->slos;
	for (unsigned int k = 0; k < 2; k++) {
		w->kernel[i][k].select[SELECT_PORT] = port;
		w->kernel[i][k].select[SELECT_ROLE] = "server";
		w->metrics[i][k] = (struct metric){ .type = "troth",
						    .kernel = &w->kernel[i][k],
						    .place = { "a.yaml", 10 * (i + 1) + k, 5 } };
	}
	w->indicators[i] = (struct indicator){ .kind = INDICATOR_RATIO,
					       .good = &w->metrics[i][0],
					       .total = &w->metrics[i][1] };
	w->objectives[i] = (struct objective){ .display_name = "",
					       .counts_name = name,
					       .target = TARGET,
					       .indicator = &w->indicators[i],
					       .place = { "a.yaml", 10 * (i + 1), 3 } };
	w->slos[i] = (struct slo){ .name = name,
				   .objectives = &w->objectives[i],
				   .n_objectives = 1,
				   .agreement.promise = "it works" };
	return i;
}

static void limit(struct world *w, size_t i, enum latency_part part, unsigned int max_ms)
{
	w->kernel[i][0].has_latency = true;
	w->kernel[i][0].part = part;
	w->kernel[i][0].max_ns = max_ms * MSEC;
}

static void plan(struct world *w)
{
	assert_int_equal(0, plan_new(&w->set, NOW, &w->problems, &w->plan));
}

static void clear(struct world *w)
{
	plan_free(w->plan);
	problems_clear(&w->problems);
}

/* Two servers, 90 and 10 good of 100 each, and a client. */
static const struct judgement *judged(struct world *w)
{
	size_t n;

	if (!w->plan)
		plan(w);
	assert_int_equal(0, w->problems.errors);
	for (unsigned int i = 0; i < 3; i++)
		w->rows[i].protocol = "http";
	w->rows[0].id = (struct identity){ .name = "one:80", .port = 80 };
	w->rows[1].id = (struct identity){ .name = "two:80", .port = 80, .unit = "two.service" };
	w->rows[2].id = (struct identity){ .name = "curl->[::1]:80", .peer_port = 80 };
	w->rows[2].role = ROLE_CLIENT;
	w->rows[0].counts.exchanges[ALL_IN][OUTCOME_OK] = 90;
	w->rows[0].counts.exchanges[ALL_IN][OUTCOME_SERVER_ERROR] = 10;
	w->rows[1].counts.exchanges[ALL_IN][OUTCOME_OK] = 10;
	w->rows[1].counts.exchanges[ALL_IN][OUTCOME_SERVER_ERROR] = 90;
	w->sample.services = w->rows;
	w->sample.n_services = 3;
	w->sample.measurement.coverage = 1;
	assert_int_equal(0, plan_judge(w->plan, &w->sample));
	return plan_judgements(w->plan, &n);
}

static void limits_are_asked_for_once_and_patience_for_availability(void **state)
{
	_cleanup_(clear) struct world w = {};
	const struct threshold *t;
	unsigned int n;

	(void)state;
	limit(&w, add(&w, "a", "80"), LATENCY_DURATION, 300);
	limit(&w, add(&w, "b", "81"), LATENCY_DURATION, 300);
	limit(&w, add(&w, "c", "80"), LATENCY_QUEUE, 300);
	plan(&w);
	t = plan_thresholds(w.plan, &n);
	assert_int_equal(2, n);
	assert_int_equal(PART_DURATION, t[0].part);
	assert_int_equal(300 * MSEC, t[0].max_ns);
	assert_int_equal(PART_QUEUE, t[1].part);
	assert_int_equal(300 * MSEC, plan_largest_ns(w.plan));
	plan_free(TAKE(w.plan));
	add(&w, "d", "80");
	plan(&w);
	t = plan_thresholds(w.plan, &n);
	assert_int_equal(3, n);
	assert_int_equal(10000 * MSEC, t[2].max_ns);
	assert_int_equal(300 * MSEC, plan_largest_ns(w.plan)); /* patience is no limit of theirs */
}

static void a_limit_of_ten_seconds_is_the_patience(void **state)
{
	_cleanup_(clear) struct world w = {};
	unsigned int n;

	(void)state;
	limit(&w, add(&w, "a", "80"), LATENCY_DURATION, 10000);
	add(&w, "b", "80");
	plan(&w);
	plan_thresholds(w.plan, &n);
	assert_int_equal(1, n);
}

static void every_limit_beyond_the_fourth_is_an_error_where_it_stands(void **state)
{
	_cleanup_(clear) struct world w = {};

	(void)state;
	for (unsigned int i = 0; i < 6; i++)
		limit(&w, add(&w, names[i], "80"), LATENCY_DURATION, 100 + i);
	plan(&w);
	assert_int_equal(2, w.problems.errors);
	assert_int_equal(50, w.problems.item[0].place.line);
	assert_int_equal(60, w.problems.item[1].place.line);
	assert_non_null(strstr(w.problems.item[0].message, "duration 104 ms"));
	assert_non_null(strstr(w.problems.item[0].message, "duration 100 ms (a.yaml:10)"));
}

static void four_limits_leave_no_room_for_patience(void **state)
{
	_cleanup_(clear) struct world w = {};

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		limit(&w, add(&w, names[i], "80"), LATENCY_SEND, 100 + i);
	add(&w, names[4], "80");
	add(&w, names[5], "80");
	plan(&w);
	assert_int_equal(1, w.problems.errors);
	assert_int_equal(50, w.problems.item[0].place.line);
	assert_non_null(strstr(w.problems.item[0].message, "patience"));
}

static void services_that_one_select_means_are_added(void **state)
{
	_cleanup_(clear) struct world w = {};
	const struct judgement *j;

	(void)state;
	add(&w, "sum", "80");
	j = judged(&w);
	assert_string_equal("sum", j->name);
	assert_string_equal("availability", j->indicator);
	assert_string_equal("it works", j->promise);
	assert_int_equal(100, j->good);
	assert_int_equal(200, j->total);
	assert_int_equal(VERDICT_MISSED, j->verdict);
	assert_int_equal(2, j->n_services);
	assert_int_equal(0, j->services[0]);
	assert_int_equal(1, j->services[1]);
}

static void a_limit_is_judged_by_its_own_threshold(void **state)
{
	_cleanup_(clear) struct world w = {};
	const struct judgement *j;

	(void)state;
	limit(&w, add(&w, "slow", "80"), LATENCY_DURATION, 300);
	limit(&w, add(&w, "fast", "80"), LATENCY_FIRST_BYTE, 20);
	w.rows[0].counts.exchanges[1][OUTCOME_OK] = 5;
	j = judged(&w);
	assert_int_equal(105, j[0].good);
	assert_int_equal(100, j[1].good);
	assert_int_equal(0, j[0].threshold);
	assert_int_equal(1, j[1].threshold);
	assert_string_equal("latency", j[1].indicator);
}

static void what_means_no_service_is_unmatched_even_if_it_is_only_the_good(void **state)
{
	_cleanup_(clear) struct world w = {};
	const struct judgement *j;

	(void)state;
	add(&w, "gone", "8443");
	add(&w, "half", "80");
	w.kernel[1][0].select[SELECT_UNIT] = "tow.service";
	j = judged(&w);
	assert_true(j[0].unmatched);
	assert_string_equal("no service with port 8443 was seen", j[0].reason);
	assert_int_equal(0, j[0].n_services);
	assert_true(isnan(j[0].sli));
	assert_true(j[1].unmatched);
	assert_string_equal("its good: no service with port 80 and unit tow.service was seen; "
			    "two:80 has unit two.service",
			    j[1].reason);
	assert_int_equal(VERDICT_NO_DATA, j[1].verdict);
}

static void assert_not_measured(struct world *w, const char *reason)
{
	const struct judgement *j = judged(w);
	unsigned int n;

	assert_int_equal(VERDICT_NO_DATA, j->verdict);
	assert_false(j->unmatched);
	assert_string_equal(reason, j->reason);
	plan_thresholds(w->plan, &n);
	assert_int_equal(0, n); /* it takes no room either */
	clear(w);
}

static void what_cannot_be_measured_says_why(void **state)
{
	struct world w = {};

	(void)state;
	add(&w, "a", "80");
	w.kernel[0][1].select[SELECT_ROUTE] = "GET /cart";
	assert_not_measured(&w, "route is not measured yet");
	w = (struct world){};
	add(&w, "a", "80");
	w.indicators[0].total = &(struct metric){ .type = "prometheus" };
	assert_not_measured(&w, "its source is of type prometheus: only metricSource type troth "
				"is measured here");
	w = (struct world){};
	limit(&w, add(&w, "a", "80"), LATENCY_QUEUE, 100);
	w.kernel[0][0].select[SELECT_ROLE] = w.kernel[0][1].select[SELECT_ROLE] = "client";
	assert_not_measured(&w, "a client has no queue time, only duration and first_byte");
	w = (struct world){};
	limit(&w, add(&w, "a", "80"), LATENCY_DURATION, 100);
	w.indicators[0].bad = w.indicators[0].good;
	w.indicators[0].good = NULL;
	assert_not_measured(&w, "a latency in bad leaves open which side of its max is bad: write "
				"good with latency.max");
	w = (struct world){};
	add(&w, "a", "80");
	w.indicators[0].kind = INDICATOR_THRESHOLD;
	w.indicators[0].threshold = w.indicators[0].total;
	assert_not_measured(&w, "a threshold on a statistic cannot be exact: write a ratioMetric "
				"whose good has latency.max");
	w = (struct world){};
	add(&w, "a", "80");
	w.objectives[0].indicator = NULL;
	assert_not_measured(&w, "its indicator was not found");
	w = (struct world){};
	add(&w, "a", "80");
	w.slos[0].since = LATER;
	assert_not_measured(&w, "it is in force from 2026-02-01T12:00:00Z");
}

static void bad_of_total_is_judged(void **state)
{
	_cleanup_(clear) struct world w = {};
	const struct judgement *j;

	(void)state;
	add(&w, "a", "80");
	w.indicators[0].bad = w.indicators[0].good;
	w.indicators[0].good = NULL;
	w.kernel[0][0].outcomes = OUTCOME_BIT_SERVER_ERROR;
	j = judged(&w);
	assert_int_equal(100, j->good);
	assert_int_equal(200, j->total);
}

static void the_revision_in_force_is_judged(void **state)
{
	_cleanup_(clear) struct world w = {};
	const struct judgement *j;
	size_t n;

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		add(&w, i < 3 ? "a" : "b", "80");
	w.objectives[1].target = DECIMAL_ONE / 2;
	w.slos[1].since = NOW;
	w.slos[2].since = LATER;
	j = judged(&w);
	plan_judgements(w.plan, &n);
	assert_int_equal(2, n);
	assert_true(j[0].target == DECIMAL_ONE / 2);
	assert_int_equal(VERDICT_MET, j[0].verdict);
	assert_string_equal("b", j[1].name);
}

static void maintenance_that_is_planned_for_now_is_said(void **state)
{
	_cleanup_(clear) struct world w = {};
	static const char *const only_a[] = { "a" };
	struct exclusion work = { .name = "work",
				  .reason = "disks are changed",
				  .author = "eva",
				  .slos = only_a,
				  .n_slos = 1,
				  .start = NOW - 60,
				  .end = NOW + 60 };
	const struct judgement *j;

	(void)state;
	add(&w, "a", "80");
	add(&w, "b", "80");
	w.set.exclusions = &work;
	w.set.n_exclusions = 1;
	j = judged(&w);
	assert_non_null(j[0].maintenance);
	assert_non_null(strstr(j[0].maintenance, ": disks are changed (eva)"));
	assert_memory_equal("until ", j[0].maintenance, 6);
	assert_int_equal(j[1].verdict, j[0].verdict); /* judged all the same */
	assert_null(j[1].maintenance);
}

static void no_traffic_and_no_understanding_are_told_apart(void **state)
{
	_cleanup_(clear) struct world w = {};
	const struct judgement *j;

	(void)state;
	add(&w, "a", "80");
	w.kernel[0][0].outcomes = w.kernel[0][1].outcomes = OUTCOME_BIT_CLIENT_ERROR;
	j = judged(&w);
	assert_string_equal("no exchange counts for it", j->reason);
	assert_false(j->unmatched);
	assert_int_equal(2, j->n_services);
	w.rows[0].counts.exchanges[ALL_IN][OUTCOME_UNKNOWN] = 1;
	plan_free(TAKE(w.plan));
	j = judged(&w);
	assert_string_equal("the answers could not be understood", j->reason);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_asked_for_once_and_patience_for_availability),
		cmocka_unit_test(a_limit_of_ten_seconds_is_the_patience),
		cmocka_unit_test(every_limit_beyond_the_fourth_is_an_error_where_it_stands),
		cmocka_unit_test(four_limits_leave_no_room_for_patience),
		cmocka_unit_test(services_that_one_select_means_are_added),
		cmocka_unit_test(a_limit_is_judged_by_its_own_threshold),
		cmocka_unit_test(what_means_no_service_is_unmatched_even_if_it_is_only_the_good),
		cmocka_unit_test(what_cannot_be_measured_says_why),
		cmocka_unit_test(bad_of_total_is_judged),
		cmocka_unit_test(the_revision_in_force_is_judged),
		cmocka_unit_test(maintenance_that_is_planned_for_now_is_said),
		cmocka_unit_test(no_traffic_and_no_understanding_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
