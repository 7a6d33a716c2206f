// SPDX-License-Identifier: Apache-2.0
/* Ticks when memory, disk or record fail half way: nothing is lost, nothing counts twice, and it is said. */
#include "ticks.h"

/* --- the record is corrupt ---------------------------------------------------------------------- */

/* A file was copied over the record that is being written. */
static void damage(struct world *w)
{
	char other[128];
	FILE *f;

	snprintf(other, sizeof(other), "%s/other", w->dir);
	f = fopen(other, "w");
	assert_non_null(f);
	for (int i = 0; i < 5000; i++)
		fputs("no database", f);
	fclose(f);
	assert_int_equal(rename(other, w->db), 0);
}

static unsigned int set_aside(struct world *w, const char *size)
{
	char command[160], line[32] = "";
	FILE *p;

	snprintf(command, sizeof(command),
		 "find %s -name 'troth.db.corrupt-*' ! -name '*-wal' %s | wc -l", w->state, size);
	p = popen(command, "r");
	assert_non_null(p);
	assert_non_null(fgets(line, sizeof(line), p));
	pclose(p);
	return (unsigned int)atoi(line);
}

static void totals_are(struct world *w, uint64_t shop, uint64_t bank)
{
	assert_int_equal(total_in_memory(w, "shop"), shop);
	assert_int_equal(total_in_memory(w, "bank"), bank);
	assert_int_equal(total_in_record(w, "shop"), shop);
	assert_int_equal(total_in_record(w, "bank"), bank);
}

/* false: it was enough for all of it. */
static bool reseeded_with(rlim_t bytes)
{
	struct world *w = world_new();
	unsigned int shop, bank;
	bool failed;

	world_start(w);
	shop = made_service("shop", PORT);
	bank = made_service("bank", 1);
	made_exchanges(shop, 10, 2);
	made_exchanges(bank, 5, 0);
	world_minute(w);
	totals_are(w, 12, 5);

	damage(w);
	log_forget();
	disk_has(bytes);
	made_exchanges(shop, 3, 0);
	world_minute(w);
	assert_int_equal(log_has("the record is corrupt"), 1);
	failed = is_loud(w, HEALTH_RECORD);
	for (int i = 0; failed && i < 70; i++) { /* over the end of a minute */
		made_exchanges(shop, 1, 0);
		made_exchanges(bank, 1, 0);
		world_tick(w);
		assert_true(is_loud(w, HEALTH_RECORD));
		assert_true(w->d.health.part[HEALTH_RECORD].not_ready);
		assert_true(bytes || strstr(w->d.health.part[HEALTH_RECORD].line, "make room"));
		assert_int_equal(log_has("well again"), 0);
		promise_is(w, 14 + (unsigned int)i, 16 + (unsigned int)i);
	}
	disk_has(RLIM_INFINITY);
	world_tick(w);
	assert_false(is_loud(w, HEALTH_RECORD));
	assert_false(is_loud(w, HEALTH_KERNEL));
	totals_are(w, failed ? 85 : 15, failed ? 75 : 5);
	promise_is(w, failed ? 83 : 13, failed ? 85 : 15);
	/* What was there can still be looked at, and nothing else lies beside it. */
	assert_int_equal(set_aside(w, "-size +50000c"), 1);
	assert_int_equal(set_aside(w, ""), 1);

	made_exchanges(shop, 100, 0);
	world_minute(w);
	totals_are(w, failed ? 185 : 115, failed ? 75 : 5);
	promise_is(w, failed ? 183 : 113, failed ? 185 : 115);
	world_kill(w);
	made_exchanges(bank, 1000, 0);
	world_start(w);
	world_tick(w);
	totals_are(w, failed ? 185 : 115, failed ? 1075 : 1005);
	world_free(w);
	return failed;
}

static void a_fresh_record_that_fails_half_way_is_begun_again(void **state)
{
	unsigned int failed = 0;

	(void)state;
	while (reseeded_with(failed * 4096))
		failed++;
	assert_in_range(failed, 10, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_record_that_fails_half_way_is_begun_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
