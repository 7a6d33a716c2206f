// SPDX-License-Identifier: Apache-2.0
/* test_excluded.c - planned maintenance laid out in time, for the SLOs that it means. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../user/base/cleanup.h"
#include "../../user/base/zone.h"
#include "../../user/slo/excluded.h"

#define HOUR 3600
#define DAY  (24 * HOUR)

static const struct text_pair labels[] = { { "team", "shop" },
					   { "tier", "one" },
					   { "tier", "gold" } };
static struct slo checkout = { .name = "checkout", .labels = labels, .n_labels = 3 };
static const char *const checkout_only[] = { "search", "checkout" };

static int64_t moment(const char *text)
{
	int64_t t;

	assert_int_equal(0, time_parse(text, &t));
	return t;
}

static struct exclusion one_off(int64_t start, int64_t end)
{
	return (struct exclusion){
		.name = "upgrade", .slos = checkout_only, .n_slos = 2, .start = start, .end = end
	};
}

/* Sundays at 2:30 from 1 March 2026 on, in Berlin. */
static struct exclusion sundays(uint32_t duration_s)
{
	return (struct exclusion){ .name = "sundays",
				   .slos = checkout_only,
				   .n_slos = 2,
				   .rrule = "FREQ=WEEKLY;BYDAY=SU",
				   .duration_s = duration_s,
				   .start_year = 2026,
				   .start_month = 3,
				   .start_day = 1,
				   .start_hour = 2,
				   .start_minute = 30,
				   .zone = "Europe/Berlin" };
}

static size_t find(struct exclusion *exclusions, size_t n, int64_t from, int64_t to,
		   struct stretch **ret)
{
	const struct slo_set set = { .exclusions = exclusions, .n_exclusions = n };
	size_t found = 42;

	assert_int_equal(0, excluded_find(&set, &checkout, from, to, ret, &found));
	return found;
}

static void a_stretch_counts_where_it_meets_the_range(void **state)
{
	static const struct {
		int64_t from, to;
		size_t n;
	} ranges[] = {
		{ 0, 100, 0 },	 { 0, 101, 1 },	  { 199, 300, 1 },
		{ 200, 300, 0 }, { 150, 151, 1 }, { 0, 1000, 1 },
	};
	struct exclusion e = one_off(100, 200);

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		_cleanup_(freep) struct stretch *s = NULL;

		assert_int_equal(ranges[i].n, find(&e, 1, ranges[i].from, ranges[i].to, &s));
		if (!ranges[i].n) {
			assert_null(s);
			continue;
		}
		assert_int_equal(100, s->start);
		assert_int_equal(200, s->end);
		assert_ptr_equal(&e, s->why);
	}
}

static void an_exclusion_without_length_excludes_nothing(void **state)
{
	_cleanup_(freep) struct stretch *s = NULL;
	struct exclusion e[] = { one_off(100, 100), one_off(200, 100), sundays(0) };

	(void)state;
	assert_int_equal(0, find(e, 3, 0, moment("2027-01-01T00:00:00Z"), &s));
}

static void a_recurring_one_follows_the_local_clock(void **state)
{
	_cleanup_(freep) struct stretch *s = NULL;
	struct exclusion e = sundays(HOUR);

	(void)state;
	assert_int_equal(6, find(&e, 1, 0, moment("2026-04-06T00:00:00Z"), &s));
	assert_int_equal(moment("2026-03-01T01:30:00Z"), s[0].start);
	assert_int_equal(moment("2026-03-22T01:30:00Z"), s[3].start);
	/* 2:30 does not exist on the 29th: it is 3:30. */
	assert_int_equal(moment("2026-03-29T01:30:00Z"), s[4].start);
	assert_int_equal(moment("2026-03-29T02:30:00Z"), s[4].end);
	assert_int_equal(moment("2026-04-05T00:30:00Z"), s[5].start);
}

static void an_occurrence_that_began_before_the_range_still_counts(void **state)
{
	_cleanup_(freep) struct stretch *s = NULL, *later = NULL;
	struct exclusion e = sundays(10 * DAY);
	const int64_t begin = moment("2026-03-08T01:30:00Z"), now = begin + 10 * DAY - 1;

	(void)state;
	/* That of the 8th has a second left, that of the 15th goes on. */
	assert_int_equal(2, find(&e, 1, now, now + 1, &s));
	assert_int_equal(begin, s[0].start);
	assert_int_equal(begin + 10 * DAY, s[0].end);
	assert_int_equal(begin + 7 * DAY, s[1].start);
	assert_int_equal(1, find(&e, 1, now + 1, now + 2, &later));
}

static void stretches_come_by_their_start(void **state)
{
	_cleanup_(freep) struct stretch *s = NULL;
	const int64_t sunday = moment("2026-03-08T01:30:00Z");
	struct exclusion e[] = { one_off(sunday + 10, sunday + 20), sundays(HOUR),
				 one_off(sunday, sunday + 1), one_off(sunday - 10, sunday + DAY) };
	size_t n;

	(void)state;
	n = find(e, 4, moment("2026-03-07T00:00:00Z"), moment("2026-03-16T00:00:00Z"), &s);
	assert_int_equal(5, n);
	assert_ptr_equal(&e[3], s[0].why);
	assert_ptr_equal(&e[2], s[1].why);
	assert_ptr_equal(&e[1], s[2].why);
	assert_ptr_equal(&e[0], s[3].why);
	assert_int_equal(sunday + 7 * DAY, s[4].start);
}

static void an_exclusion_means_slos_by_name_or_by_all_of_its_labels(void **state)
{
	static const char *const others[] = { "search", "check" };
	static const struct text_pair one[] = { { "tier", "gold" } };
	static const struct text_pair both[] = { { "tier", "one" }, { "team", "shop" } };
	static const struct text_pair wrong[] = { { "tier", "one" }, { "team", "bank" } };
	const struct exclusion by_name = { .slos = checkout_only, .n_slos = 2 };
	const struct exclusion by_other_names = { .slos = others, .n_slos = 2 };
	const struct exclusion by_one = { .labels = one, .n_labels = 1 };
	const struct exclusion by_both = { .labels = both, .n_labels = 2 };
	const struct exclusion by_wrong = { .labels = wrong, .n_labels = 2 };
	const struct exclusion by_either = {
		.slos = others, .n_slos = 2, .labels = both, .n_labels = 2
	};
	const struct exclusion by_nothing = { .name = "none" };

	(void)state;
	assert_true(exclusion_applies(&by_name, &checkout));
	assert_false(exclusion_applies(&by_other_names, &checkout));
	assert_true(exclusion_applies(&by_one, &checkout));
	assert_true(exclusion_applies(&by_both, &checkout));
	assert_false(exclusion_applies(&by_wrong, &checkout));
	assert_true(exclusion_applies(&by_either, &checkout));
	assert_false(exclusion_applies(&by_nothing, &checkout));
}

static void what_means_another_slo_excludes_nothing(void **state)
{
	static const char *const others[] = { "search" };
	_cleanup_(freep) struct stretch *s = NULL;
	struct exclusion e = one_off(100, 200);

	(void)state;
	e.slos = others;
	e.n_slos = 1;
	assert_int_equal(0, find(&e, 1, 0, 1000, &s));
}

static void there_is_a_limit(void **state)
{
	struct exclusion e = sundays(HOUR);
	const struct slo_set set = { .exclusions = &e, .n_exclusions = 1 };
	_cleanup_(freep) struct stretch *s = NULL;
	const int64_t first = moment("2026-03-01T01:30:00Z");
	size_t n = 42;

	(void)state;
	e.rrule = "FREQ=DAILY";
	e.zone = "UTC";
	e.start_hour = 1;
	assert_int_equal(0, excluded_find(&set, &checkout, 0,
					  first + (int64_t)(EXCLUDED_MAX - 1) * DAY + 1, &s, &n));
	assert_int_equal(EXCLUDED_MAX, n);
	assert_int_equal(first + (int64_t)(EXCLUDED_MAX - 1) * DAY, s[n - 1].start);
	freep(&s);
	s = NULL;
	n = 42;
	assert_int_equal(-E2BIG, excluded_find(&set, &checkout, INT64_MIN, INT64_MAX, &s, &n));
	assert_null(s);
	assert_int_equal(42, n);
}

static void a_rule_that_is_none_is_an_error(void **state)
{
	struct exclusion e = sundays(HOUR);
	const struct slo_set set = { .exclusions = &e, .n_exclusions = 1 };
	struct stretch *s = NULL;
	size_t n;

	(void)state;
	e.rrule = "FREQ=HOURLY";
	assert_int_equal(-EINVAL, excluded_find(&set, &checkout, 0, DAY, &s, &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stretch_counts_where_it_meets_the_range),
		cmocka_unit_test(an_exclusion_without_length_excludes_nothing),
		cmocka_unit_test(a_recurring_one_follows_the_local_clock),
		cmocka_unit_test(an_occurrence_that_began_before_the_range_still_counts),
		cmocka_unit_test(stretches_come_by_their_start),
		cmocka_unit_test(an_exclusion_means_slos_by_name_or_by_all_of_its_labels),
		cmocka_unit_test(what_means_another_slo_excludes_nothing),
		cmocka_unit_test(there_is_a_limit),
		cmocka_unit_test(a_rule_that_is_none_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
