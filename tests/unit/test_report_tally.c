// SPDX-License-Identifier: Apache-2.0
/*
 * What a report says of a period is what the engine of `troth slo replay` says of a rolling window of
 * that length: both are fed with the same minutes here, the report through judged hours where it can.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/report/report_tally.h"
#include "../../user/slo/engine.h"

#define BEGIN	1767225600 /* 2026-01-01T00:00:00Z */
#define MINUTES (6 * 1440)

/* A record of one objective, in memory. */
struct fake {
	struct store_slo_minute minute[MINUTES];
	bool there[MINUTES];
	struct store_slo_hour hour[MINUTES];
	size_t n_hours;
	int64_t minutes_from; /* what is older is not kept */
	size_t minutes_read;
};

static int fake_minutes(void *context, int64_t objective, int64_t from, int64_t to,
			int (*each)(void *each_context, const struct store_slo_minute *m),
			void *each_context)
{
	struct fake *f = context;
	int r = 0;

	assert_int_equal(1, objective);
	for (size_t i = 0; !r && i < MINUTES; i++) {
		if (!f->there[i] || f->minute[i].time < from || f->minute[i].time >= to ||
		    f->minute[i].time < f->minutes_from)
			continue;
		f->minutes_read++;
		r = each(each_context, &f->minute[i]);
	}
	return r;
}

static int fake_hours(void *context, int64_t objective, int64_t from, int64_t to,
		      int (*each)(void *each_context, const struct store_slo_hour *h),
		      void *each_context)
{
	struct fake *f = context;
	int r = 0;

	assert_int_equal(1, objective);
	for (size_t i = 0; !r && i < f->n_hours; i++)
		if (f->hour[i].time >= from && f->hour[i].time < to)
			r = each(each_context, &f->hour[i]);
	return r;
}

static uint32_t seed;

static uint32_t dice(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void fill(struct fake *f)
{
	memset(f, 0, sizeof(*f));
	for (size_t i = 0; i < MINUTES; i++) {
		struct store_slo_minute *m = &f->minute[i];
		uint32_t what = dice(20);

		m->time = BEGIN + (int64_t)i * 60;
		f->there[i] = what > 1;
		m->measured = what == 2 ? dice(MEASURED_ONE) : what == 3 ? 0 : MEASURED_ONE;
		m->total = what > 3 && what < 17 ? dice(50) : 0;
		m->good = m->total - (m->total && !dice(4) ? dice((uint32_t)m->total) : 0);
	}
}

static bool covered(const struct report_rules *rules, int64_t minute)
{
	for (size_t i = 0; i < rules->n_excluded; i++)
		if (rules->excluded[i].start < minute + 60 && rules->excluded[i].end > minute)
			return true;
	return false;
}

static void tell_hour(struct fake *f, struct sums *sums, int64_t time)
{
	struct store_slo_hour *h = &f->hour[f->n_hours++];

	*h = (struct store_slo_hour){ .time = time, .good = sums->good, .total = sums->total };
	h->ratio_high = (uint64_t)(sums->ratio >> 64);
	h->ratio_low = (uint64_t)sums->ratio;
	memcpy(h->cells, sums->cells, sizeof(h->cells));
	memcpy(h->ns, sums->ns, sizeof(h->ns));
	*sums = (struct sums){};
}

/*
 * As the daemon does: rows of as many whole cells as fit an hour. One in breaks of them is told in two
 * parts (0: none), one in left_out not at all.
 */
static void judge_hours(struct fake *f, const struct report_rules *rules, uint32_t breaks,
			uint32_t left_out)
{
	struct cell_rules judge = { .method = rules->method,
				    .cell_s = rules->cell_s,
				    .target = rules->revisions[0].target,
				    .slice_target = rules->revisions[0].slice_target };
	uint32_t fit = rules->cell_s > 3600 ? 1 : 3600 / rules->cell_s;
	struct sums sums = {};
	struct cell cell = {};
	int64_t begins = BEGIN - BEGIN % rules->cell_s;

	f->n_hours = 0;
	for (size_t i = 0; i < MINUTES; i++) {
		int64_t end = BEGIN + ((int64_t)i + 1) * 60;

		if (covered(rules, end - 60)) {
			cell.excluded_s += 60;
		} else if (f->there[i]) {
			cell.good += f->minute[i].good;
			cell.total += f->minute[i].total;
			cell.measured_ns += (uint64_t)f->minute[i].measured * 60;
		}
		if (end % rules->cell_s)
			continue;
		cell.state = cell_judge(&judge, &cell);
		sums_add(&sums, &judge, &cell);
		cell = (struct cell){};
		if (end % (int64_t)(fit * rules->cell_s) && (!breaks || dice(breaks * fit)))
			continue;
		tell_hour(f, &sums, begins);
		begins = end;
		if (left_out && !dice(left_out))
			f->n_hours--;
	}
}

static struct report_source source_of(struct fake *f)
{
	return (struct report_source){
		.context = f, .began = BEGIN, .hours = fake_hours, .minutes = fake_minutes
	};
}

static void engine(const struct fake *f, const struct report_rules *rules, int64_t from, int64_t to,
		   struct slo_result *ret, struct track **ret_track)
{
	static struct slo slo;
	static struct objective o;
	struct track_options options = { .step_s = 60,
					 .excluded = rules->excluded,
					 .n_excluded = rules->n_excluded };

	slo = (struct slo){ .name = "x", .service = "x", .method = rules->method };
	slo.window = (struct time_window){ .rolling = true,
					   .span = { (uint32_t)((to - from) / 60), 'm' } };
	slo.min_bad_events = 1;
	o = (struct objective){ .display_name = "",
				.counts_name = "x",
				.target = rules->revisions[0].target,
				.slice_target = rules->revisions[0].slice_target,
				.slice_s = rules->cell_s };
	assert_int_equal(0, track_new(&slo, &o, &options, ret_track));
	for (size_t i = 0; i < MINUTES; i++) {
		struct step_counts c = { .good = f->minute[i].good,
					 .total = f->minute[i].total,
					 .measured = f->minute[i].measured };

		if (f->there[i] && f->minute[i].time < to)
			assert_int_equal(0, track_push(*ret_track, f->minute[i].time, &c));
	}
	assert_int_equal(0, track_advance(*ret_track, to));
	track_result(*ret_track, ret);
}

static void assert_same(const struct report_tally *t, const struct report_rules *rules,
			const struct slo_result *r)
{
	uint64_t cells = (uint64_t)(t->end - t->start) / rules->cell_s;

	assert_int_equal(r->window_start, t->start);
	assert_int_equal(r->window_end, t->end);
	assert_int_equal(r->good, t->sums.good);
	assert_int_equal(r->total, t->sums.total);
	assert_int_equal(r->good_ns, t->sums.ns[CELL_GOOD]);
	assert_int_equal(r->bad_ns, t->sums.ns[CELL_BAD]);
	assert_int_equal(r->idle_ns, t->sums.ns[CELL_IDLE]);
	assert_int_equal(r->unmeasured_ns, t->sums.ns[CELL_UNMEASURED]);
	assert_int_equal(r->excluded_ns, t->sums.ns[CELL_EXCLUDED]);
	assert_true(isnan(r->sli) ? isnan(sums_sli(&t->sums, rules->method)) :
				    r->sli == sums_sli(&t->sums, rules->method));
	assert_true(r->spent == sums_spent(&t->sums, rules->method));
	if (r->in_slices)
		assert_true(r->allowed_of == (double)(cells - t->sums.cells[CELL_EXCLUDED]));
}

static const struct kind {
	enum budget_method method;
	uint32_t cell_s;
} kinds[] = {
	{ METHOD_OCCURRENCES, 60 },	   { METHOD_TIMESLICES, 60 },
	{ METHOD_TIMESLICES, 300 },	   { METHOD_TIMESLICES, 420 },
	{ METHOD_TIMESLICES, 7200 },	   { METHOD_RATIO_TIMESLICES, 300 },
	{ METHOD_RATIO_TIMESLICES, 3600 }, { METHOD_RATIO_TIMESLICES, 86400 },
};

static struct report_rules rules_of(const struct kind *k)
{
	return (struct report_rules){ .objective = 1,
				      .method = k->method,
				      .cell_s = k->cell_s,
				      .revisions = { { 0, DECIMAL_ONE / 100 * 97,
						       DECIMAL_ONE / 10 * 9 } },
				      .n_revisions = 1 };
}

static void compare(struct fake *f, const struct report_rules *rules, int64_t from, int64_t to)
{
	struct report_source source = source_of(f);
	struct report_tally t = {};
	struct track *track = NULL;
	struct slo_result r;

	from = to - report_floor(to - from, rules->cell_s);
	engine(f, rules, from, to, &r, &track);
	assert_int_equal(0, report_tally(&source, rules, from, to, &t));
	assert_same(&t, rules, &r);
	track_free(track);
}

/* Lengths of whole slices, ends at any minute. */
static void any_period_is_as_a_rolling_window_of_the_engine(void **state)
{
	static struct fake f;

	(void)state;
	seed = 1;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct report_rules rules = rules_of(&kinds[k]);

		for (int turn = 0; turn < 40; turn++) {
			int64_t n = MINUTES * 60 / rules.cell_s;
			int64_t length = (1 + dice((uint32_t)n / 2)) * (int64_t)rules.cell_s;
			int64_t to =
				BEGIN + length + dice((uint32_t)(MINUTES - length / 60) + 1) * 60;

			fill(&f);
			judge_hours(&f, &rules, 0, 0);
			compare(&f, &rules, to - length, to);
		}
	}
}

static void hours_that_were_not_judged_are_read_by_minutes(void **state)
{
	static struct fake f;

	(void)state;
	seed = 2;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct report_rules rules = rules_of(&kinds[k]);

		for (int turn = 0; turn < 10; turn++) {
			fill(&f);
			judge_hours(&f, &rules, turn % 3, 3);
			compare(&f, &rules, BEGIN + 86400 + 60, BEGIN + 4 * 86400 + 60);
		}
	}
}

static void maintenance_counts_neither_way_wherever_it_lies(void **state)
{
	static struct fake f;

	(void)state;
	seed = 3;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct report_rules rules = rules_of(&kinds[k]);

		for (int turn = 0; turn < 20; turn++) {
			struct stretch s[3];

			for (size_t i = 0; i < 3; i++) {
				s[i].start = BEGIN + (int64_t)i * 2 * 86400 + dice(86400);
				s[i].end = s[i].start + 1 + dice(60000);
			}
			rules.excluded = s;
			rules.n_excluded = 3;
			fill(&f);
			judge_hours(&f, &rules, turn % 3, turn % 2 * 2);
			compare(&f, &rules, BEGIN + 86400, BEGIN + (4 + turn % 2) * 86400);
		}
	}
}

static void keep_hour(void *context, const struct hour_sums *sums)
{
	struct fake *f = context;
	struct store_slo_hour *h = &f->hour[f->n_hours++];

	*h = (struct store_slo_hour){ .time = sums->time,
				      .good = sums->good,
				      .total = sums->total };
	h->ratio_high = (uint64_t)(sums->ratio >> 64);
	h->ratio_low = (uint64_t)sums->ratio;
	memcpy(h->cells, sums->cells, sizeof(h->cells));
	memcpy(h->ns, sums->ns, sizeof(h->ns));
}

/* As live.c asks the engine for them. */
static void hours_of_the_live_engine_are_understood(void **state)
{
	static struct fake f;

	(void)state;
	seed = 7;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct report_rules rules = rules_of(&kinds[k]);
		struct slo slo = { .name = "x",
				   .service = "x",
				   .method = rules.method,
				   .window = { .rolling = true, .span = { 28, 'd' } },
				   .min_bad_events = 1 };
		struct objective o = { .display_name = "",
				       .counts_name = "x",
				       .target = rules.revisions[0].target,
				       .slice_target = rules.revisions[0].slice_target,
				       .slice_s = rules.cell_s };
		struct track_options options = { .step_s = 60,
						 .fine_s = 3 * 86400,
						 .hour_ended = keep_hour,
						 .hour_context = &f };
		struct track *t = NULL;
		size_t whole;

		fill(&f);
		assert_int_equal(0, track_new(&slo, &o, &options, &t));
		for (size_t i = 0; i < MINUTES; i++) {
			struct step_counts c = { .good = f.minute[i].good,
						 .total = f.minute[i].total,
						 .measured = f.minute[i].measured };

			if (f.there[i])
				assert_int_equal(0, track_push(t, f.minute[i].time, &c));
		}
		track_free(t);
		whole = MINUTES * 60 / (rules.cell_s > 3600 ? rules.cell_s : 3600);
		assert_true(f.n_hours + 2 >= whole);
		compare(&f, &rules, BEGIN + 86400, BEGIN + 4 * 86400);
		compare(&f, &rules, BEGIN + 86400 + 420, BEGIN + 4 * 86400 + 1260);
		/* They are what was read, not minutes in their place. */
		f.minutes_read = 0;
		compare(&f, &rules, BEGIN + 86400, BEGIN + 5 * 86400);
		assert_in_range(f.minutes_read, 0, 3 * 60 + 1);
	}
}

static void whole_hours_are_not_read_by_minutes(void **state)
{
	static struct fake f;
	struct report_rules rules = rules_of(&kinds[0]);
	struct report_source source = source_of(&f);
	struct report_tally t = {};

	(void)state;
	seed = 4;
	fill(&f);
	judge_hours(&f, &rules, 0, 0);
	assert_int_equal(0, report_tally(&source, &rules, BEGIN, BEGIN + 5 * 86400, &t));
	assert_int_equal(0, f.minutes_read);
	assert_int_equal(0, report_tally(&source, &rules, BEGIN + 60, BEGIN + 5 * 86400, &t));
	assert_in_range(f.minutes_read, 1, 61);
}

static void where_minutes_are_gone_the_hour_counts_whole(void **state)
{
	static struct fake f;
	struct report_rules rules = rules_of(&kinds[0]);
	struct report_source source = source_of(&f);
	struct report_tally part = {}, whole = {};

	(void)state;
	seed = 5;
	fill(&f);
	judge_hours(&f, &rules, 0, 0);
	f.minutes_from = BEGIN + 3 * 86400;
	assert_int_equal(0, report_tally(&source, &rules, BEGIN + 1800, BEGIN + 7200, &part));
	assert_int_equal(0, report_tally(&source, &rules, BEGIN, BEGIN + 7200, &whole));
	assert_int_equal(whole.sums.total, part.sums.total);
	assert_int_equal(f.hour[0].total + f.hour[1].total, part.sums.total);
}

static void nothing_is_unmeasured_outside_of_the_period(void **state)
{
	static struct fake f;
	struct report_rules rules = rules_of(&kinds[0]);
	struct report_source source = source_of(&f);
	struct report_tally t = {};

	(void)state;
	memset(&f, 0, sizeof(f));
	f.there[0] = f.there[1] = true;
	/* Begun in the middle of the first minute, asked in the middle of the second. */
	f.minute[0] = (struct store_slo_minute){
		.time = BEGIN, .good = 1, .total = 1, .measured = MEASURED_ONE / 2
	};
	f.minute[1] = (struct store_slo_minute){
		.time = BEGIN + 60, .good = 2, .total = 3, .measured = MEASURED_ONE / 4
	};
	assert_int_equal(0, report_tally(&source, &rules, BEGIN + 30, BEGIN + 75, &t));
	assert_int_equal(4, t.sums.total);
	assert_int_equal(0, t.sums.ns[CELL_UNMEASURED]);
	assert_int_equal(30 * NS_PER_S, t.sums.ns[CELL_GOOD]);
	assert_int_equal(15 * NS_PER_S, t.sums.ns[CELL_BAD]);
}

static void the_worst_hours_come_first_and_their_minutes_too(void **state)
{
	static struct fake f;
	struct report_rules rules = rules_of(&kinds[0]);
	struct report_source source = source_of(&f);
	struct report_tally t = {};
	struct report_moment m = {};

	(void)state;
	memset(&f, 0, sizeof(f));
	for (size_t i = 0; i < MINUTES; i++) {
		f.there[i] = true;
		f.minute[i] = (struct store_slo_minute){ .time = BEGIN + (int64_t)i * 60,
							 .good = 100,
							 .total = 100,
							 .measured = MEASURED_ONE };
	}
	f.minute[10 * 60 + 7].good = 20;
	f.minute[10 * 60 + 9].good = 90;
	f.minute[30 * 60].good = 50;
	judge_hours(&f, &rules, 0, 0);
	assert_int_equal(0, report_tally(&source, &rules, BEGIN, BEGIN + 5 * 86400, &t));
	assert_int_equal(2, t.n_worst);
	assert_int_equal(BEGIN + 10 * 3600, t.worst[0].time);
	assert_true(t.worst[0].spent == 90);
	assert_int_equal(BEGIN + 30 * 3600, t.worst[1].time);
	m.hour = t.worst[0];
	assert_int_equal(0, report_tally_parts(&source, &rules, &m));
	assert_int_equal(2, m.n_parts);
	assert_int_equal(BEGIN + (10 * 60 + 7) * 60, m.parts[0].time);
	assert_true(m.parts[0].spent == 80);
	assert_true(m.parts[1].spent == 10);
}

static void points_of_a_chart_add_up_to_the_whole(void **state)
{
	static struct fake f;
	static struct report_point points[REPORT_POINTS_MAX];
	struct report_source source = source_of(&f);

	(void)state;
	seed = 6;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct report_rules rules = rules_of(&kinds[k]);
		struct report_tally t = { .points = points, .points_from = BEGIN, .point_s = 3600 };
		uint64_t good = 0, total = 0;
		double spent = 0, basis = 0;

		memset(points, 0, sizeof(points));
		fill(&f);
		judge_hours(&f, &rules, 0, 0);
		assert_int_equal(0, report_tally(&source, &rules, BEGIN, BEGIN + 5 * 86400, &t));
		for (size_t i = 0; i < REPORT_POINTS_MAX; i++) {
			good += points[i].good;
			total += points[i].total;
			spent += points[i].spent;
			basis += points[i].basis;
		}
		assert_int_equal(t.sums.good, good);
		assert_int_equal(t.sums.total, total);
		assert_float_equal(sums_spent(&t.sums, rules.method), spent, 1e-6);
		assert_float_equal(sums_basis(&t.sums, rules.method), basis, 1e-6);
	}
}

static void only_so_many_worst_are_kept_and_none_that_spent_nothing(void **state)
{
	struct report_part worst[REPORT_WORST];
	unsigned int n = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct report_part part = { .time = i, .spent = (i * 7) % 20 };

		report_keep_worst(worst, &n, &part);
	}
	assert_int_equal(REPORT_WORST, n);
	for (unsigned int i = 0; i < n; i++)
		assert_true(worst[i].spent == 19 - i);
	n = 0;
	report_keep_worst(worst, &n, &(struct report_part){ .spent = 0 });
	assert_int_equal(0, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_period_is_as_a_rolling_window_of_the_engine),
		cmocka_unit_test(hours_that_were_not_judged_are_read_by_minutes),
		cmocka_unit_test(maintenance_counts_neither_way_wherever_it_lies),
		cmocka_unit_test(hours_of_the_live_engine_are_understood),
		cmocka_unit_test(whole_hours_are_not_read_by_minutes),
		cmocka_unit_test(where_minutes_are_gone_the_hour_counts_whole),
		cmocka_unit_test(nothing_is_unmeasured_outside_of_the_period),
		cmocka_unit_test(the_worst_hours_come_first_and_their_minutes_too),
		cmocka_unit_test(points_of_a_chart_add_up_to_the_whole),
		cmocka_unit_test(only_so_many_worst_are_kept_and_none_that_spent_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
