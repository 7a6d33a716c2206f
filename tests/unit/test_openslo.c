// SPDX-License-Identifier: Apache-2.0
/*
 * test_openslo.c - what of a file becomes an objective. The shapes are those of the OpenSLO
 * specification's examples; which of them are valid it says itself.
 */
#include "openslo_fixture.h"

static void targets_and_percentages_are_the_same_decimal(void **state)
{
	(void)state;
	read_good(HEAD("a") REST WINDOW INDICATOR
		  "  objectives: [{displayName: x, target: 0.9995}, "
		  "{displayName: y, targetPercent: 99.95}]\n");
	assert_int_equal(1, set->n_slos);
	assert_int_equal(2, set->slos[0].n_objectives);
	assert_true(set->slos[0].objectives[0].target == 999500000000000000ull);
	assert_true(set->slos[0].objectives[1].target == 999500000000000000ull);
	assert_true(set->slos[0].objectives[1].weight == DECIMAL_ONE);
}

static void objectives_are_named_as_in_counts(void **state)
{
	(void)state;
	read_good(HEAD("a") REST WINDOW INDICATOR
		  "  objectives: [{target: 0.9}, {displayName: very fast, target: 0.99}]\n");
	assert_string_equal("", set->slos[0].objectives[0].display_name);
	assert_string_equal("a", set->slos[0].objectives[0].counts_name);
	assert_string_equal("a/very fast", set->slos[0].objectives[1].counts_name);
}

static void an_inline_indicator_is_that_of_its_objectives(void **state)
{
	const struct indicator *i;

	(void)state;
	read_good(HEAD("a") REST WINDOW INDICATOR OBJECTIVE);
	i = set->slos[0].objectives[0].indicator;
	assert_non_null(i);
	assert_ptr_equal(i, set->slos[0].indicator);
	assert_string_equal("i", i->name);
	assert_int_equal(INDICATOR_RATIO, i->kind);
	assert_true(i->counter);
	assert_non_null(i->good);
	assert_non_null(i->total);
	assert_null(i->bad);
	assert_string_equal("Prometheus", i->good->type);
	assert_null(i->good->kernel);
}

static void references_may_lead_to_what_comes_later(void **state)
{
	(void)state;
	read_good(HEAD("a") REST WINDOW
		  "  indicatorRef: later\n" OBJECTIVE
		  "---\napiVersion: openslo/v1\nkind: SLI\nmetadata: {name: later}\nspec: " RATIO
		  "\n---\napiVersion: openslo/v1\nkind: Service\n"
		  "metadata: {name: web, displayName: The web}\nspec: {description: pages}\n");
	assert_string_equal("later", set->slos[0].objectives[0].indicator->name);
	assert_string_equal("The web", set->slos[0].service_display_name);
	assert_string_equal("pages", set->slos[0].service_description);
}

static void what_is_not_there_is_a_warning_and_the_slo_stays(void **state)
{
	(void)state;
	read_good(HEAD("a") REST WINDOW "  indicatorRef: nowhere\n" OBJECTIVE);
	assert_int_equal(1, set->n_slos);
	assert_null(set->slos[0].objectives[0].indicator);
	assert_string_equal("web", set->slos[0].service);
	assert_true(was_said(PROBLEM_WARNING, "no SLI is named 'nowhere'"));
	assert_true(was_said(PROBLEM_WARNING, "no Service is named 'web'"));
}

static void a_threshold_metric_is_compared(void **state)
{
	const struct objective *o;

	(void)state;
	read_good(HEAD("a") REST WINDOW
		  "  indicator: {metadata: {name: i}, spec: {thresholdMetric: " METRIC(
			  "x") "}}\n"
			       "  objectives: [{op: lte, value: -2.5e1, target: 0.95}]\n");
	o = &set->slos[0].objectives[0];
	assert_int_equal(COMPARE_LTE, o->op);
	assert_true(o->value == -25);
	assert_int_equal(INDICATOR_THRESHOLD, o->indicator->kind);
	assert_non_null(o->indicator->threshold);
}

static void a_bare_slice_window_is_minutes(void **state)
{
	(void)state;
	read_good(HEAD(
		"a") "  service: web\n  budgetingMethod: Timeslices\n" WINDOW INDICATOR
		     "  objectives:\n"
		     "    - {displayName: a, target: 0.9, timeSliceTarget: 0.95, timeSliceWindow: 5}\n"
		     "    - {displayName: b, target: 0.9, timeSliceTarget: 1, timeSliceWindow: 2h}\n");
	assert_int_equal(METHOD_TIMESLICES, set->slos[0].method);
	assert_int_equal(300, set->slos[0].objectives[0].slice_s);
	assert_true(set->slos[0].objectives[0].slice_target == DECIMAL_ONE / 100 * 95);
	assert_int_equal(7200, set->slos[0].objectives[1].slice_s);
	assert_true(set->slos[0].objectives[1].slice_target == DECIMAL_ONE);
}

static void ratio_timeslices_need_no_slice_target(void **state)
{
	(void)state;
	read_good(HEAD("a") "  service: web\n  budgetingMethod: RatioTimeslices\n" WINDOW INDICATOR
			    "  objectives: [{op: gt, timeSliceWindow: 1m, target: 0.99}]\n");
	assert_int_equal(METHOD_RATIO_TIMESLICES, set->slos[0].method);
	assert_int_equal(60, set->slos[0].objectives[0].slice_s);
}

static void a_calendar_window_keeps_its_civil_start(void **state)
{
	const struct time_window *w;

	(void)state;
	read_good(HEAD("a") REST INDICATOR OBJECTIVE
		  "  timeWindow:\n"
		  "    - duration: 1Q\n"
		  "      calendar: {startTime: 2020-01-21 12:30:05, timeZone: America/New_York}\n"
		  "      isRolling: false\n");
	w = &set->slos[0].window;
	assert_false(w->rolling);
	assert_int_equal(1, w->span.n);
	assert_int_equal('Q', w->span.unit);
	assert_int_equal(2020, w->start_year);
	assert_int_equal(1, w->start_month);
	assert_int_equal(21, w->start_day);
	assert_int_equal(12, w->start_hour);
	assert_int_equal(30, w->start_minute);
	assert_int_equal(5, w->start_second);
	assert_string_equal("America/New_York", w->zone);
}

static void m_is_minutes_and_capital_m_is_months(void **state)
{
	(void)state;
	read_good(HEAD("a") REST INDICATOR OBJECTIVE
		  "  timeWindow: [{duration: 90m, isRolling: true}]\n---\n" HEAD("b")
			  REST INDICATOR OBJECTIVE
		  "  timeWindow: [{duration: 12M, isRolling: true}]\n");
	assert_int_equal('m', set->slos[0].window.span.unit);
	assert_int_equal(90, set->slos[0].window.span.n);
	assert_int_equal('M', set->slos[1].window.span.unit);
}

static void the_kernel_indicator_says_what_counts(void **state)
{
	const struct kernel_metric *good, *total;

	(void)state;
	read_good(HEAD("a") REST WINDOW OBJECTIVE
		  "  indicator:\n"
		  "    metadata: {name: fast}\n"
		  "    spec:\n"
		  "      ratioMetric:\n"
		  "        counter: true\n"
		  "        good:\n"
		  "          metricSource:\n"
		  "            type: troth\n"
		  "            spec:\n"
		  "              select: {unit: checkout.service, port: 8443, role: client}\n"
		  "              outcomes: [ok, client_error]\n"
		  "              latency: {part: first_byte, max: 1.5s}\n"
		  "        total: {metricSource: {type: troth, spec: {select: {port: 8443}}}}\n");
	good = set->slos[0].indicator->good->kernel;
	total = set->slos[0].indicator->total->kernel;
	assert_string_equal("checkout.service", good->select[SELECT_UNIT]);
	assert_string_equal("8443", good->select[SELECT_PORT]);
	assert_string_equal("client", good->select[SELECT_ROLE]);
	assert_null(good->select[SELECT_POD]);
	assert_int_equal(OUTCOME_BIT_OK | OUTCOME_BIT_CLIENT_ERROR, good->outcomes);
	assert_true(good->has_latency);
	assert_int_equal(LATENCY_FIRST_BYTE, good->part);
	assert_true(good->max_ns == 1500000000);
	assert_string_equal("server", total->select[SELECT_ROLE]);
	assert_int_equal(0, total->outcomes);
	assert_false(total->has_latency);
}

static void a_source_has_the_type_of_what_it_refers_to(void **state)
{
	(void)state;
	read_good("apiVersion: openslo/v1\nkind: DataSource\nmetadata: {name: db}\n"
		  "spec: {type: Redshift, connectionDetails: {}}\n---\n" HEAD("a") REST WINDOW
		  "  indicator: {metadata: {name: i}, spec: {thresholdMetric: {metricSource: "
		  "{metricSourceRef: db, spec: {query: x}}}}}\n"
		  "  objectives: [{op: lt, value: 1, target: 0.9}]\n");
	assert_string_equal("Redshift", set->slos[0].indicator->threshold->type);
	assert_string_equal("db", set->slos[0].indicator->threshold->source_ref);
	assert_int_equal(1, set->n_sources);
}

#define CONDITION                                                                                  \
	"apiVersion: openslo/v1\nkind: AlertCondition\nmetadata: {name: cpu}\n"                    \
	"spec: {severity: page, condition: {kind: burnrate, threshold: 2, lookbackWindow: 1h, "    \
	"alertAfter: 5m}}\n---\n"
#define TARGET                                                                                     \
	"apiVersion: openslo/v1\nkind: AlertNotificationTarget\nmetadata: {name: mail}\n"          \
	"spec: {target: email}\n---\n"
#define POLICY                                                                                     \
	"apiVersion: openslo/v1\nkind: AlertPolicy\nmetadata: {name: p}\n"                         \
	"spec: {alertWhenBreaching: true, conditions: [{conditionRef: cpu}], "                     \
	"notificationTargets: [{targetRef: mail}]}\n---\n"

static void policies_bring_their_conditions_and_targets(void **state)
{
	const struct alert_policy *p;

	(void)state;
	read_good(HEAD("a") REST WINDOW INDICATOR OBJECTIVE
		  "  alertPolicies: [{alertPolicyRef: p}, p]\n---\n" POLICY TARGET CONDITION);
	assert_int_equal(2, set->slos[0].n_policies);
	p = &set->slos[0].policies[1];
	assert_string_equal("p", p->name);
	assert_true(p->alert_when_breaching);
	assert_false(p->alert_when_resolved);
	assert_int_equal(1, p->n_conditions);
	assert_string_equal("page", p->conditions[0].severity);
	assert_int_equal(COMPARE_GT, p->conditions[0].op);
	assert_true(p->conditions[0].threshold == 2);
	assert_int_equal(3600, p->conditions[0].lookback_s);
	assert_int_equal(300, p->conditions[0].alert_after_s);
	assert_int_equal(1, p->n_targets);
	assert_string_equal("email", p->targets[0].target);
}

static void policies_that_lead_nowhere_leave_the_defaults(void **state)
{
	(void)state;
	read_good(HEAD("a") REST WINDOW INDICATOR OBJECTIVE
		  "  alertPolicies: [nowhere, {alertPolicyRef: p}]\n---\n" POLICY TARGET);
	assert_int_equal(1, set->n_slos);
	assert_int_equal(0, set->slos[0].n_policies);
	assert_true(was_said(PROBLEM_WARNING, "no AlertPolicy is named 'nowhere'"));
	assert_true(was_said(PROBLEM_WARNING, "no AlertCondition is named 'cpu'"));
}

static void a_composite_has_indicators_and_weights_of_its_own(void **state)
{
	(void)state;
	read_good(HEAD("a") REST WINDOW
		  "  objectives:\n"
		  "    - {displayName: one, target: 0.98, compositeWeight: 1, "
		  "indicator: {metadata: {name: x}, spec: " RATIO "}}\n"
		  "    - {displayName: two, target: 0.99, compositeWeight: 2.5, "
		  "indicatorRef: y}\n"
		  "---\napiVersion: openslo/v1\nkind: SLI\nmetadata: {name: y}\n"
		  "spec: {ratioMetric: {rawType: failure, raw: " METRIC("q") "}}\n");
	assert_null(set->slos[0].indicator);
	assert_string_equal("x", set->slos[0].objectives[0].indicator->name);
	assert_string_equal("y", set->slos[0].objectives[1].indicator->name);
	assert_string_equal("failure", set->slos[0].objectives[1].indicator->raw_type);
	assert_true(set->slos[0].objectives[1].weight == DECIMAL_ONE / 10 * 25);
}

static void labels_with_several_values_stand_several_times(void **state)
{
	const struct slo *s;

	(void)state;
	read_good("apiVersion: openslo/v1\nkind: SLO\n"
		  "metadata: {name: a, labels: {inline: test, multiple: [one, two]}, "
		  "annotations: {openslo.com/key1: value1}}\nspec:\n" REST WINDOW INDICATOR
			  OBJECTIVE);
	s = &set->slos[0];
	assert_int_equal(3, s->n_labels);
	assert_string_equal("multiple", s->labels[1].name);
	assert_string_equal("one", s->labels[1].value);
	assert_string_equal("two", s->labels[2].value);
	assert_int_equal(1, s->n_annotations);
	assert_string_equal("value1", s->annotations[0].value);
}

static void what_people_agreed_on_is_read(void **state)
{
	const struct agreement *a;

	(void)state;
	read_good("apiVersion: openslo/v1\nkind: SLO\nmetadata:\n"
		  "  name: a\n"
		  "  annotations:\n"
		  "    troth.dev/promise: You can always pay\n"
		  "    troth.dev/owner: shop\n"
		  "    troth.dev/rationale: they leave otherwise\n"
		  "    troth.dev/stakeholders: |\n"
		  "      support, sales ,\n"
		  "      finance\n"
		  "    troth.dev/policy: |\n"
		  "      0.1: only fixes\n"
		  "      50%: freeze risky releases: all of them\n"
		  "      0: stop\n"
		  "    troth.dev/cost-per-bad-event: \"0.40\"\n"
		  "    troth.dev/currency: EUR\n"
		  "    troth.dev/review-by: 2027-01-31\n"
		  "    troth.dev/min-bad-events: \"5\"\n"
		  "    troth.dev/runbook: https://wiki.example/pay\n"
		  "spec:\n" REST WINDOW INDICATOR OBJECTIVE);
	a = &set->slos[0].agreement;
	assert_string_equal("You can always pay", a->promise);
	assert_string_equal("shop", a->owner);
	assert_string_equal("they leave otherwise", a->rationale);
	assert_int_equal(3, a->n_stakeholders);
	assert_string_equal("support", a->stakeholders[0]);
	assert_string_equal("sales", a->stakeholders[1]);
	assert_string_equal("finance", a->stakeholders[2]);
	assert_int_equal(3, a->n_policy);
	assert_true(a->policy[0].remaining_ratio == 0.5);
	assert_string_equal("freeze risky releases: all of them", a->policy[0].action);
	assert_true(a->policy[1].remaining_ratio == 0.1);
	assert_true(a->policy[2].remaining_ratio == 0);
	assert_true(a->cost_per_bad_event == 0.4);
	assert_string_equal("EUR", a->currency);
	assert_string_equal("2027-01-31", a->review_by);
	assert_string_equal("https://wiki.example/pay", a->runbook);
	assert_int_equal(5, set->slos[0].min_bad_events);
	assert_int_equal(1, problems.warnings); /* no Service */
}

static void what_nobody_agreed_on_is_not_there(void **state)
{
	(void)state;
	read_good(HEAD("a") REST WINDOW INDICATOR OBJECTIVE);
	assert_null(set->slos[0].agreement.promise);
	assert_true(isnan(set->slos[0].agreement.cost_per_bad_event));
	assert_int_equal(1, set->slos[0].min_bad_events);
	assert_true(set->slos[0].since == 0);
}

static void revisions_stand_together_by_their_time(void **state)
{
#define SINCE(name, since)                                                                         \
	"apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: " name                                \
	", annotations: {troth.dev/since: " since "}}\nspec:\n" REST WINDOW INDICATOR OBJECTIVE    \
	"---\n"
	(void)state;
	read_good(SINCE("a", "2026-03-01T00:00:00Z") HEAD("b") REST WINDOW INDICATOR OBJECTIVE
		  "---\n" SINCE("a", "2026-02-01T00:00:00+01:00") HEAD("a")
			  REST WINDOW INDICATOR OBJECTIVE);
	assert_int_equal(4, set->n_slos);
	assert_string_equal("a", set->slos[0].name);
	assert_true(set->slos[0].since == 0);
	assert_true(set->slos[1].since == 1769900400); /* date -d 2026-01-31T23:00:00Z +%s */
	assert_true(set->slos[2].since == 1772323200); /* date -d 2026-03-01T00:00:00Z +%s */
	assert_string_equal("b", set->slos[3].name);
}

static void an_slo_with_an_error_is_left_out_alone(void **state)
{
	(void)state;
	read_text(HEAD("a") REST WINDOW INDICATOR "  objectives: [{target: 1}]\n---\n" HEAD("b")
			  REST WINDOW INDICATOR OBJECTIVE);
	assert_int_equal(1, problems.errors);
	assert_int_equal(1, set->n_slos);
	assert_string_equal("b", set->slos[0].name);
}

static void an_exclusion_is_once_or_by_a_rule(void **state)
{
	const struct exclusion *e;

	(void)state;
	read_good("apiVersion: troth.dev/v1\nkind: Exclusion\nmetadata: {name: once}\n"
		  "spec: {slos: [a, b], start: 2026-01-31T22:00:00+01:00, "
		  "end: \"2026-01-31 23:00:00\", reason: upgrade, author: me}\n---\n"
		  "apiVersion: troth.dev/v1\nkind: Exclusion\nmetadata: {name: often}\n"
		  "spec: {labels: {team: [shop, web]}, start: 2026-03-29 02:30:00, "
		  "rrule: FREQ=WEEKLY;BYDAY=SU, duration: 1h30m, timeZone: Europe/Zurich}\n");
	assert_int_equal(2, set->n_exclusions);
	e = &set->exclusions[0];
	assert_int_equal(2, e->n_slos);
	assert_string_equal("b", e->slos[1]);
	assert_null(e->rrule);
	assert_true(e->start == 1769893200); /* date -d 2026-01-31T21:00:00Z +%s */
	assert_true(e->end == 1769900400);
	assert_string_equal("upgrade", e->reason);
	e = &set->exclusions[1];
	assert_int_equal(2, e->n_labels);
	assert_string_equal("FREQ=WEEKLY;BYDAY=SU", e->rrule);
	assert_int_equal(5400, e->duration_s);
	assert_string_equal("Europe/Zurich", e->zone);
	assert_int_equal(29, e->start_day);
	assert_int_equal(2, e->start_hour); /* as written, though the clock skips it */
	assert_int_equal(30, e->start_minute);
}

#define TEST(name) cmocka_unit_test_teardown(name, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(targets_and_percentages_are_the_same_decimal),
		TEST(objectives_are_named_as_in_counts),
		TEST(an_inline_indicator_is_that_of_its_objectives),
		TEST(references_may_lead_to_what_comes_later),
		TEST(what_is_not_there_is_a_warning_and_the_slo_stays),
		TEST(a_threshold_metric_is_compared),
		TEST(a_bare_slice_window_is_minutes),
		TEST(ratio_timeslices_need_no_slice_target),
		TEST(a_calendar_window_keeps_its_civil_start),
		TEST(m_is_minutes_and_capital_m_is_months),
		TEST(the_kernel_indicator_says_what_counts),
		TEST(a_source_has_the_type_of_what_it_refers_to),
		TEST(policies_bring_their_conditions_and_targets),
		TEST(policies_that_lead_nowhere_leave_the_defaults),
		TEST(a_composite_has_indicators_and_weights_of_its_own),
		TEST(labels_with_several_values_stand_several_times),
		TEST(what_people_agreed_on_is_read),
		TEST(what_nobody_agreed_on_is_not_there),
		TEST(revisions_stand_together_by_their_time),
		TEST(an_slo_with_an_error_is_left_out_alone),
		TEST(an_exclusion_is_once_or_by_a_rule),
	};

	return cmocka_run_group_tests_name("openslo", tests, NULL, NULL);
}
