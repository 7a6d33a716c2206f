// SPDX-License-Identifier: Apache-2.0
/*
 * test_live_counts.c - however a service's counts are cut into ticks and minutes: in all they are what
 * judge() says of the whole at once. Random, from fixed seeds.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "live_fixture.h"

#define T0 1767225600

static uint64_t seed;

static uint32_t any(uint32_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % n;
}

/* One of each kind; all over the same two services. */
#define BAD(name, spec)                                                                            \
	SLO_HEAD(name, ROLLING("28d"), "Occurrences")                                              \
	"  indicator:\n    metadata: {name: i}\n    spec:\n      ratioMetric:\n        counter: "  \
	"true\n        bad: " SOURCE(spec) "\n        total: " SOURCE(                             \
		"select: {role: server}") "\n  objectives: [{target: 0.9}]\n"
#define TWO(name, good, total)                                                                     \
	SLO_HEAD(name, ROLLING("28d"), "Occurrences")                                              \
	RATIO(SOURCE(good), SOURCE(total)) "  objectives: [{target: 0.9}]\n"
#define ALL "select: {role: server}"
#define KINDS                                                                                      \
	AVAILABILITY("availability", "0.9", "28d", 8080)                                           \
	LATENCY("duration", "0.9", "28d", 8080, "duration", "300ms")                               \
	LATENCY("service", "0.9", "28d", 8080, "service", "100ms")                                 \
	BAD("bad", ALL ", outcomes: [server_error]")                                               \
	TWO("both", ALL ", latency: {part: duration, max: 300ms}", ALL)                            \
	TWO("within", ALL ", outcomes: [ok]", ALL ", latency: {part: duration, max: 300ms}")       \
	TWO("aborted", ALL, ALL ", outcomes: [ok, client_error, server_error, aborted]")           \
	TWO("unknown", ALL ", outcomes: [ok, unknown]",                                            \
	    ALL ", outcomes: [ok, unknown, server_error]")

struct rules {
	struct rule rule;
	bool two; /* services, else the first alone */
};

/* By hand, as the text above says it; T: index of 300 ms, S: of 100 ms, P: patience. */
static void rules_of(const struct world *w, struct rules *r)
{
	unsigned int t = 0, s = 0;

	for (unsigned int i = 0; i < w->n_limits; i++) {
		t = w->limits[i].max_ns == 300000000ull ? i : t;
		s = w->limits[i].max_ns == 100000000ull ? i : s;
	}
	r[0] = (struct rules){ .rule = { .patience = w->patience } };
	r[1] = (struct rules){ .rule = { .good = { .timed = true, .threshold = t } } };
	r[2] = (struct rules){
		.rule = { .good = { .timed = true, .threshold = s, .part = PART_SERVICE } }
	};
	r[3] = (struct rules){
		.rule = { .good = { .outcomes = 4 }, .good_is_bad = true, .patience = w->patience },
		.two = true
	};
	r[4] = (struct rules){ .rule = { .good = { .timed = true, .threshold = t } }, .two = true };
	r[5] = (struct rules){ .rule = { .good = { .outcomes = 1 },
					 .total = { .timed = true, .threshold = t } },
			       .two = true };
	r[6] = (struct rules){ .rule = { .total = { .outcomes = 1 | 2 | 4 | 16 },
					 .patience = w->patience },
			       .two = true };
	r[7] = (struct rules){ .rule = { .good = { .outcomes = 1 | 32 },
					 .total = { .outcomes = 1 | 32 | 4 },
					 .patience = w->patience },
			       .two = true };
}

static void row_add(struct service_row *sum, const struct service_row *more)
{
	uint64_t *to = (uint64_t *)&sum->counts;
	const uint64_t *from = (const uint64_t *)&more->counts;

	for (size_t i = 0; i < sizeof(sum->counts) / sizeof(*to); i++)
		to[i] += from[i];
}

/* Exchanges, and corrections of such as had been counted in an earlier tick. */
static void anything(struct service_row *delta, const struct service_row *whole)
{
	struct series_counts *c = &delta->counts;

	for (unsigned int i = any(5); i > 0; i--)
		c->exchanges[any(MASKS)][any(3) ? any(2) : any(OUTCOMES)] += any(6);
	for (unsigned int mask = 0; mask < MASKS; mask++) {
		uint64_t answers = 0;

		for (unsigned int o = 0; o < OUTCOMES; o++)
			answers += whole->counts.exchanges[mask][o] + c->exchanges[mask][o];
		if (any(8) == 0 && answers > whole->counts.streamed[mask])
			c->streamed[mask] =
				any((uint32_t)(answers - whole->counts.streamed[mask]) + 1);
	}
	c->undivided = any(6) ? 0 : any(3);
	for (unsigned int i = 0; i < THRESHOLDS; i++)
		c->undated[i] = any(6) ? 0 : any(3);
}

static void check_sums(const struct world *w, const struct service_row *whole)
{
	struct rules rules[8];

	rules_of(w, rules);
	for (size_t o = 0; o < 8; o++) {
		const struct judged_row rows[2] = { { &whole[0], true, true },
						    { &whole[1], true, true } };
		struct judgement j = { .target = DECIMAL_ONE / 2 };
		int64_t good = 0, total = 0, last = -1;

		for (size_t i = 0; i < w->n_minutes; i++) {
			const struct live_minute *m = &w->minutes[i].m;

			if (w->minutes[i].objective != o)
				continue;
			assert_true(m->counts.good <= m->counts.total);
			good += (int64_t)m->counts.good;
			total += (int64_t)m->counts.total;
			last = (int64_t)i;
		}
		good += w->minutes[last].m.carry_good;
		total += w->minutes[last].m.carry_total;
		judge(&rules[o].rule, rows, rules[o].two ? 2 : 1, &j);
		if (j.impossible)
			continue; /* check says so; what live carries shows it */
		if (good != (int64_t)j.good || total != (int64_t)j.total)
			fail_msg("%s: minutes %lld of %lld, judge %llu of %llu",
				 live_name(w->live, o), (long long)good, (long long)total,
				 (unsigned long long)j.good, (unsigned long long)j.total);
	}
}

/* Waiting ones end as anything, or wait on; at last nobody waits. */
static void play(struct world *w, struct service_row *whole, bool understood, bool cut)
{
	int64_t now = T0;

	for (unsigned int minute = 20 + any(30); minute-- > 0; now += 60) {
		for (unsigned int ticks = any(4); ticks-- > 0;) {
			for (unsigned int s = 0; s < 2; s++) {
				struct service_row delta = whole[s];

				memset(&delta.counts, 0, sizeof(delta.counts));
				anything(&delta, &whole[s]);
				if (!understood)
					for (unsigned int m = 0; m < MASKS; m++)
						for (unsigned int o = 0; o <= OUTCOME_SERVER_ERROR;
						     o++)
							delta.counts.exchanges[m][o] = 0;
				for (unsigned int i = 0; i < THRESHOLDS; i++)
					delta.in_flight.older[i] = minute && any(2) ? any(5) : 0;
				delta.in_flight.count = 5;
				row_add(&whole[s], &delta);
				assert_int_equal(0, live_count(w->live, &delta, understood));
			}
			live_tick_end(w->live);
		}
		if (!minute)
			live_tick_end(w->live); /* nobody waits */
		if (cut && any(10) == 0) {
			world_restore(w, now);
			for (unsigned int s = 0; s < 2; s++)
				assert_int_equal(0, live_known(w->live, &whole[s], understood));
		}
		minute_end(w, now);
	}
}

static void sums_are_those_of_one_judgement(bool understood, bool cut)
{
	unsigned int checked = 0;

	for (uint64_t n = 1; n <= 150; n++) {
		struct world w = world_of(KINDS, T0);
		struct service_row whole[2] = { http(8080), http(9090) };

		seed = n;
		whole[1].id.name = (char *)"other";
		if (!understood)
			whole[0].protocol = whole[1].protocol = "tls";
		play(&w, whole, understood, cut);
		/* Whole lives of which something else must be said than of their ticks prove nothing. */
		if (tally_understood(&whole[0]) == understood &&
		    tally_understood(&whole[1]) == understood) {
			check_sums(&w, whole);
			checked++;
		}
		world_clear(&w);
	}
	assert_true(checked > 100);
}

static void minutes_add_up_to_one_judgement_of_the_whole(void **state)
{
	(void)state;
	sums_are_those_of_one_judgement(true, false);
}

static void of_services_that_nobody_understands_too(void **state)
{
	(void)state;
	sums_are_those_of_one_judgement(false, false);
}

static void and_over_stops_and_starts(void **state)
{
	(void)state;
	sums_are_those_of_one_judgement(true, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(minutes_add_up_to_one_judgement_of_the_whole),
		cmocka_unit_test(of_services_that_nobody_understands_too),
		cmocka_unit_test(and_over_stops_and_starts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
