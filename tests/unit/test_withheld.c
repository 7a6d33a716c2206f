// SPDX-License-Identifier: Apache-2.0
/*
 * test_withheld.c - talks made at random (withheld.h), each with every single hook and every run
 * of two and three of them withheld: nothing is lost, doubled, wrong or dated by the look.
 */
#include "withheld.h"

#define LONG_TALK 40

struct finding {
	struct talk talk;
	struct script script;
	uint8_t withheld[TALK_OPS];
	unsigned long times;
};

static struct finding findings[FAULTS];
static unsigned long runs;

static void try(const struct talk *t, unsigned int from, unsigned int n)
{
	static uint8_t withheld[TALK_OPS];
	static struct script s;
	struct finding *f;
	enum fault fault;

	memset(withheld, 0, sizeof(withheld));
	memset(withheld + from, 1, n);
	talk_run(t, withheld, &s);
	runs++;
	fault = talk_judge(t, &s, n ? withheld : NULL);
	f = &findings[fault];
	if (!fault || f->times++)
		return;
	f->talk = *t; /* the first found is among the smallest */
	f->script = s;
	memcpy(f->withheld, withheld, sizeof(withheld));
}

static void try_all(struct talk *t, unsigned int longest)
{
	try(t, 0, 0);
	for (unsigned int n = 1; n <= longest; n++)
		for (unsigned int from = 0; from + n <= t->n_hooks; from++)
			try(t, from, n);
}

static int talk_at_random(void **state)
{
	static struct talk t;

	(void)state;
	for (unsigned int exchanges = 1; exchanges <= 5; exchanges++)
		for (unsigned int seed = 1; seed <= 40; seed++)
			for (unsigned int kind = 0; kind < ROLES * 2 * TALK_ENDS; kind++) {
				talk_make(&t, kind & 1, kind >> 1 & 1, kind >> 2, exchanges, seed);
				try_all(&t, 3);
			}
	for (unsigned int kind = 0; kind < ROLES * 2; kind++) {
		talk_make(&t, kind & 1, kind >> 1 & 1, END_BY_CLOSE, LONG_TALK, 7);
		try_all(&t, 3);
	}
	return 0;
}

static void nothing_found(enum fault fault)
{
	const struct finding *f = &findings[fault];

	if (!f->times)
		return;
	talk_print(&f->talk, f->withheld, &f->script);
	fail_msg("%lu of %lu runs; the first is above", f->times, runs);
}

static void no_withheld_run_loses_or_doubles_an_exchange(void **state)
{
	(void)state;
	nothing_found(FAULT_COUNT);
}

static void no_withheld_run_loses_a_byte(void **state)
{
	(void)state;
	nothing_found(FAULT_BYTES);
}

static void no_withheld_run_makes_an_outcome_wrong(void **state)
{
	(void)state;
	nothing_found(FAULT_OUTCOME);
}

static void no_withheld_run_puts_a_duration_beyond_its_slack(void **state)
{
	(void)state;
	nothing_found(FAULT_DURATION);
}

static void no_withheld_run_makes_a_part_wrong(void **state)
{
	(void)state;
	nothing_found(FAULT_PARTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_withheld_run_loses_or_doubles_an_exchange),
		cmocka_unit_test(no_withheld_run_loses_a_byte),
		cmocka_unit_test(no_withheld_run_makes_an_outcome_wrong),
		cmocka_unit_test(no_withheld_run_puts_a_duration_beyond_its_slack),
		cmocka_unit_test(no_withheld_run_makes_a_part_wrong),
	};

	return cmocka_run_group_tests(tests, talk_at_random, NULL);
}
