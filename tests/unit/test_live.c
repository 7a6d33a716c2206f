// SPDX-License-Identifier: Apache-2.0
/* test_live.c - objectives of files, tick by tick. Numbers are worked out by hand, or by judge() at once. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "live_fixture.h"

#define T0 1767225600 /* 2026-01-01T00:00:00Z */

static void a_minute_holds_what_its_ticks_counted(void **state)
{
	struct world w = world_of(AVAILABILITY("a", "0.99", "28d", 8080), T0);
	struct service_row row = http(8080);
	struct slo_result r;

	(void)state;
	row.counts.exchanges[15][OUTCOME_OK] = 9;
	row.counts.exchanges[15][OUTCOME_SERVER_ERROR] = 1;
	tick(&w, &row, 1);
	tick(&w, &row, 1);
	minute_end(&w, T0);
	assert_int_equal(1, w.n_minutes);
	assert_int_equal(T0, w.minutes[0].m.time);
	assert_int_equal(18, w.minutes[0].m.counts.good);
	assert_int_equal(20, w.minutes[0].m.counts.total);
	live_result(w.live, 0, T0 + 60, 0, &r);
	assert_int_equal(18, r.good);
	assert_int_equal(20, r.total);
	assert_int_equal(VERDICT_MISSED, r.verdict);
	assert_int_equal(T0 + 60, r.at);
	world_clear(&w);
}

static void the_open_minute_is_in_the_results(void **state)
{
	struct world w = world_of(AVAILABILITY("a", "0.99", "28d", 8080), T0);
	struct service_row row = http(8080);
	struct slo_result r;

	(void)state;
	row.counts.exchanges[15][OUTCOME_OK] = 10;
	tick(&w, &row, 1);
	live_result(w.live, 0, T0 + 30, MEASURED_ONE / 2, &r);
	assert_int_equal(10, r.good);
	assert_int_equal(T0 + 30, r.at);
	assert_int_equal(T0 + 30 - 28 * 86400, r.window_start);
	assert_int_equal(30 * 1000000000ull, r.good_ns);
	assert_int_equal(28 * 86400 * 1000000000ull, r.good_ns + r.unmeasured_ns);
	assert_int_equal(0, w.n_minutes);
	world_clear(&w);
}

static void who_waits_longer_than_patience_is_bad_and_counted_once(void **state)
{
	struct world w = world_of(AVAILABILITY("a", "0.99", "28d", 8080), T0);
	struct service_row row = http(8080);

	(void)state;
	row.in_flight.count = row.in_flight.older[w.patience] = 3;
	tick(&w, &row, 1);
	tick(&w, &row, 1);
	minute_end(&w, T0);
	assert_int_equal(0, w.minutes[0].m.counts.good);
	assert_int_equal(3, w.minutes[0].m.counts.total);
	assert_int_equal(3, w.minutes[0].m.older);
	/* One gives up, one is answered, one still waits. */
	row.in_flight.count = row.in_flight.older[w.patience] = 1;
	row.counts.exchanges[0][OUTCOME_ABORTED] = 1;
	row.counts.exchanges[0][OUTCOME_OK] = 1;
	tick(&w, &row, 1);
	minute_end(&w, T0 + 60);
	assert_int_equal(0, w.minutes[1].m.counts.total);
	assert_int_equal(1, w.minutes[1].m.carry_good);
	/* The next that counts takes the good one along. */
	row = http(8080);
	row.in_flight.count = row.in_flight.older[w.patience] = 1;
	row.counts.exchanges[0][OUTCOME_SERVER_ERROR] = 1;
	tick(&w, &row, 1);
	minute_end(&w, T0 + 120);
	assert_int_equal(1, w.minutes[2].m.counts.total);
	assert_int_equal(1, w.minutes[2].m.counts.good);
	assert_int_equal(0, w.minutes[2].m.carry_good);
	world_clear(&w);
}

static void what_cannot_be_measured_says_why_and_tells_no_minute(void **state)
{
	struct world w = world_of(PROMETHEUS("p"), T0);

	(void)state;
	assert_int_equal(1, live_n(w.live));
	assert_non_null(strstr(live_reason(w.live, 0), "not of type troth") ?
				live_reason(w.live, 0) :
				strstr(live_reason(w.live, 0), "is of type"));
	minute_end(&w, T0);
	assert_int_equal(0, w.n_minutes);
	world_clear(&w);
}

static void a_limit_that_the_kernel_does_not_have_is_refused(void **state)
{
	struct world w = {};
	char why[512];
	struct live_options o = { .now = T0 };

	(void)state;
	world_read(&w, LATENCY("l", "0.99", "28d", 8080, "duration", "300ms"), T0);
	o.set = w.set;
	assert_int_equal(-EINVAL, live_new(&o, &w.live, why, sizeof(why)));
	assert_non_null(strstr(why, "slo.yaml:"));
	assert_non_null(strstr(why, "300 ms"));
	world_clear(&w);
}

static void limits_are_those_of_the_files_and_of_patience(void **state)
{
	struct world w = world_of(LATENCY("l", "0.99", "28d", 8080, "queue", "7s")
					  AVAILABILITY("a", "0.9", "7d", 1),
				  T0);

	(void)state;
	assert_int_equal(2, w.n_limits);
	assert_int_equal(PART_QUEUE, w.limits[0].part);
	assert_int_equal(7000000000ull, w.limits[0].max_ns);
	assert_int_equal(10000000000ull, w.limits[1].max_ns);
	assert_int_equal(14000000000ull, w.idle_end_ns);
	world_clear(&w);
}

static void services_are_those_that_a_select_means(void **state)
{
	struct world w = world_of(
		AVAILABILITY("a", "0.99", "28d", 8080) AVAILABILITY("b", "0.99", "28d", 9090), T0);
	struct service_row one = http(8080), two = http(9090);
	const char *const *names;

	(void)state;
	one.id.name = "one";
	two.id.name = "two";
	one.counts.exchanges[15][OUTCOME_OK] = 1;
	two.counts.exchanges[15][OUTCOME_OK] = 2;
	assert_int_equal(0, live_count(w.live, &one, true));
	assert_int_equal(0, live_count(w.live, &two, true));
	live_tick_end(w.live);
	assert_int_equal(1, live_services(w.live, 1, &names));
	assert_string_equal("two", names[0]);
	minute_end(&w, T0);
	assert_int_equal(1, w.minutes[0].m.counts.total);
	assert_int_equal(2, w.minutes[1].m.counts.total);
	world_clear(&w);
}

static void what_was_found_at_adoption_is_spread_and_never_idle(void **state)
{
	struct world w = world_of(AVAILABILITY("a", "0.5", "28d", 8080), T0);
	struct service_row row = http(8080);
	struct slo_result r;
	uint64_t good = 0, total = 0;

	(void)state;
	minute_end(&w, T0);
	row.counts.exchanges[15][OUTCOME_OK] = 3; /* in ten minutes */
	row.counts.exchanges[15][OUTCOME_SERVER_ERROR] = 2;
	tick(&w, &row, 1);
	assert_int_equal(0, live_spread(w.live, T0 + 60, T0 + 660, note_minute, &w));
	assert_int_equal(11, w.n_minutes);
	for (size_t i = 1; i < w.n_minutes; i++) {
		assert_true(w.minutes[i].m.estimated);
		assert_int_equal(MEASURED_ONE, w.minutes[i].m.counts.measured);
		good += w.minutes[i].m.counts.good;
		total += w.minutes[i].m.counts.total;
	}
	assert_int_equal(3, good);
	assert_int_equal(5, total);
	live_result(w.live, 0, T0 + 660, 0, &r);
	assert_int_equal(60 * 1000000000ull, r.idle_ns); /* the minute before */
	assert_int_equal(600 * 1000000000ull, r.good_ns + r.bad_ns);
	assert_true(r.good_ns > 0 && r.bad_ns > 0);
	world_clear(&w);
}

static void a_stretch_in_which_nothing_was_counted_is_idle(void **state)
{
	struct world w = world_of(AVAILABILITY("a", "0.5", "28d", 8080), T0);
	struct slo_result r;

	(void)state;
	tick(&w, NULL, 0);
	assert_int_equal(0, live_spread(w.live, T0, T0 + 600, note_minute, &w));
	live_result(w.live, 0, T0 + 600, 0, &r);
	assert_int_equal(600 * 1000000000ull, r.idle_ns);
	assert_false(w.minutes[0].m.estimated);
	world_clear(&w);
}

/* 20 s into a minute it is killed; 100 s later, it is back. */
static void a_stretch_begins_in_the_minute_that_was_open(void **state)
{
	struct world w = world_of(AVAILABILITY("a", "0.5", "28d", 8080), T0);
	struct live_minute open = {
		.time = T0 + 60, .counts = { .good = 4, .total = 5, .measured = MEASURED_ONE / 3 }
	};
	struct service_row row = http(8080);
	struct slo_result r;

	(void)state;
	assert_int_equal(
		0, live_restore_minute(w.live, 0,
				       &(struct live_minute){ .time = T0,
							      .counts.measured = MEASURED_ONE }));
	assert_int_equal(0, live_restore_open(w.live, 0, &open));
	row.counts.exchanges[15][OUTCOME_OK] = 100;
	tick(&w, &row, 1);
	assert_int_equal(0, live_spread(w.live, T0 + 80, T0 + 180, note_minute, &w));
	assert_int_equal(2, w.n_minutes);
	assert_int_equal(T0 + 60, w.minutes[0].m.time);
	assert_int_equal(5 + 40, w.minutes[0].m.counts.total);
	assert_int_equal(4 + 40, w.minutes[0].m.counts.good);
	assert_in_range(w.minutes[0].m.counts.measured, MEASURED_ONE - 2, MEASURED_ONE);
	assert_int_equal(60, w.minutes[1].m.counts.total);
	live_result(w.live, 0, T0 + 180, 0, &r);
	assert_int_equal(105, r.total);
	assert_int_equal(104, r.good);
	world_clear(&w);
}

static void a_short_absence_stays_in_its_minute(void **state)
{
	struct world w = world_of(AVAILABILITY("a", "0.5", "28d", 8080), T0);
	struct service_row row = http(8080);

	(void)state;
	row.counts.exchanges[15][OUTCOME_OK] = 7;
	tick(&w, &row, 1);
	assert_int_equal(0, live_spread(w.live, T0 + 10, T0 + 50, note_minute, &w));
	assert_int_equal(0, w.n_minutes);
	minute_end(&w, T0);
	assert_int_equal(7, w.minutes[0].m.counts.total);
	assert_false(w.minutes[0].m.estimated);
	world_clear(&w);
}

static void time_without_probes_is_unmeasured(void **state)
{
	struct world w = world_of(AVAILABILITY("a", "0.5", "28d", 8080), T0);
	struct live_minute open = { .time = T0,
				    .counts = { .good = 1, .total = 1, .measured = MEASURED_ONE } };
	struct slo_result r;

	(void)state;
	assert_int_equal(0, live_restore_open(w.live, 0, &open));
	assert_int_equal(0, live_unmeasured(w.live, T0 + 610));
	minute_end(&w, T0 + 600);
	live_result(w.live, 0, T0 + 660, 0, &r);
	assert_int_equal(1, r.total);
	assert_int_equal(60 * 1000000000ull, r.good_ns);
	assert_int_equal(60 * 1000000000ull, r.idle_ns);
	assert_int_equal((28 * 86400 - 120) * 1000000000ull, r.unmeasured_ns);
	world_clear(&w);
}

static void a_clock_that_went_back_loses_nothing(void **state)
{
	struct world w = world_of(AVAILABILITY("a", "0.5", "28d", 8080), T0);
	struct service_row row = http(8080);

	(void)state;
	row.counts.exchanges[15][OUTCOME_OK] = 7;
	minute_end(&w, T0);
	minute_end(&w, T0 + 60);
	tick(&w, &row, 1);
	assert_int_equal(-EINVAL, live_minute_end(w.live, T0, MEASURED_ONE, note_minute, &w));
	minute_end(&w, T0 + 120);
	assert_int_equal(7, w.minutes[2].m.counts.total);
	world_clear(&w);
}

static void what_nobody_understands_is_not_idle(void **state)
{
	struct world w = world_of(AVAILABILITY("a", "0.5", "28d", 8080), T0);
	struct service_row row = http(8080);

	(void)state;
	row.protocol = "tls";
	row.counts.exchanges[15][OUTCOME_UNKNOWN] = 7;
	assert_int_equal(0, live_count(w.live, &row, tally_understood(&row)));
	live_tick_end(w.live);
	minute_end(&w, T0);
	assert_int_equal(0, w.minutes[0].m.counts.total);
	assert_int_equal(0, w.minutes[0].m.counts.measured);
	world_clear(&w);
}

static void services_that_come_and_go_do_not_pile_up(void **state)
{
	struct world w = world_of(AVAILABILITY("a", "0.5", "28d", 8080), T0);
	struct service_row row = http(8080);
	const char *const *names;
	char name[32];
	size_t before;

	(void)state;
	row.id.name = name;
	row.counts.exchanges[15][OUTCOME_OK] = 1;
	for (int i = 0; i < 24000; i++) {
		snprintf(name, sizeof(name), "web%d", i);
		tick(&w, &row, 1);
	}
	assert_in_range(live_services(w.live, 0, &names), 1, 20000);
	assert_int_equal(24000 - 20000, live_evicted(w.live));
	before = live_bytes(w.live);
	for (int64_t at = T0; at < T0 + 7200; at += 60)
		minute_end(&w, at);
	assert_int_equal(24000, w.minutes[0].m.counts.total);
	assert_int_equal(0, live_services(w.live, 0, &names));
	assert_true(live_bytes(w.live) < before);
	world_clear(&w);
}

static void inexact_ones_are_counted_in_minutes_and_windows(void **state)
{
	struct world w = world_of(AVAILABILITY("a", "0.5", "1d", 8080), T0);
	struct service_row row = http(8080);

	(void)state;
	row.counts.exchanges[15][OUTCOME_OK] = 10;
	row.counts.exchanges[15][OUTCOME_UNKNOWN] = 2;
	tick(&w, &row, 1);
	assert_int_equal(2, live_inexact(w.live, 0));
	minute_end(&w, T0);
	assert_int_equal(2, w.minutes[0].m.inexact);
	assert_int_equal(2, live_inexact(w.live, 0));
	for (int64_t at = T0 + 60; at < T0 + 86400 + 7200; at += 60)
		minute_end(&w, at);
	assert_int_equal(0, live_inexact(w.live, 0));
	assert_int_equal(2, w.hours[0].h.inexact);
	assert_int_equal(10, w.hours[0].h.total);
	assert_int_equal(0, w.hours[1].h.inexact);
	world_clear(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_minute_holds_what_its_ticks_counted),
		cmocka_unit_test(the_open_minute_is_in_the_results),
		cmocka_unit_test(who_waits_longer_than_patience_is_bad_and_counted_once),
		cmocka_unit_test(what_cannot_be_measured_says_why_and_tells_no_minute),
		cmocka_unit_test(a_limit_that_the_kernel_does_not_have_is_refused),
		cmocka_unit_test(limits_are_those_of_the_files_and_of_patience),
		cmocka_unit_test(services_are_those_that_a_select_means),
		cmocka_unit_test(what_was_found_at_adoption_is_spread_and_never_idle),
		cmocka_unit_test(a_stretch_in_which_nothing_was_counted_is_idle),
		cmocka_unit_test(a_stretch_begins_in_the_minute_that_was_open),
		cmocka_unit_test(a_short_absence_stays_in_its_minute),
		cmocka_unit_test(time_without_probes_is_unmeasured),
		cmocka_unit_test(a_clock_that_went_back_loses_nothing),
		cmocka_unit_test(what_nobody_understands_is_not_idle),
		cmocka_unit_test(services_that_come_and_go_do_not_pile_up),
		cmocka_unit_test(inexact_ones_are_counted_in_minutes_and_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
