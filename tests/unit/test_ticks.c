// SPDX-License-Identifier: Apache-2.0
/* Ticks when memory, disk or record fail half way: nothing is lost, nothing counts twice, and it is said. */
#include "ticks.h"

/* Seen long ago, and each counted once. */
static void past_services(struct world *w, unsigned int n)
{
	struct store_options o = { .dir = w->state, .mode = STORE_WRITER };
	struct series_counts one = {};
	struct store *s;
	char why[256], name[32];

	one.exchanges[0][OUTCOME_OK] = 1;
	assert_int_equal(store_open(&o, &s, why, sizeof(why)), 0);
	assert_int_equal(store_begin(s), 0);
	for (unsigned int i = 0; i < n; i++) {
		struct store_service svc = { .protocol = "http",
					     .id_row = { .name = name, .port = i == 1 ? PORT : 9 },
					     .first_seen = T0 - 86400 + i,
					     .last_seen = T0 - 86400 + i };

		snprintf(name, sizeof(name), "past %u", i);
		assert_int_equal(store_service_put(s, &svc), 0);
		assert_int_equal(store_count(s, svc.id, T0 - 86400, T0 - 86400, &one), 0);
	}
	assert_int_equal(store_settle(s, T0 - 3600), 0);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
}

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

	/* Many pages, more than settling an empty record needs. */
	assert_int_equal(mkdir(w->state, 0700), 0);
	past_services(w, 800);
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
	for (int i = 0; failed && i < 4; i++) {
		made_exchanges(shop, 1, 0);
		made_exchanges(bank, 1, 0);
		if (i == 1)
			world_minute(w);
		else
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
	totals_are(w, failed ? 19 : 15, failed ? 9 : 5);
	promise_is(w, failed ? 17 : 13, failed ? 19 : 15);
	/* What was there can still be looked at, and nothing else lies beside it. */
	assert_int_equal(set_aside(w, "-size +50000c"), 1);
	assert_int_equal(set_aside(w, ""), 1);

	made_exchanges(shop, 100, 0);
	world_minute(w);
	totals_are(w, failed ? 119 : 115, failed ? 9 : 5);
	promise_is(w, failed ? 117 : 113, failed ? 119 : 115);
	world_kill(w);
	made_exchanges(bank, 1000, 0);
	world_start(w);
	world_tick(w);
	totals_are(w, failed ? 119 : 115, failed ? 1009 : 1005);
	world_free(w);
	return failed;
}

static void a_fresh_record_that_fails_half_way_is_begun_again(void **state)
{
	unsigned int failed = 0;

	(void)state;
	while (reseeded_with(failed * 4 * 4096))
		failed++;
	assert_in_range(failed, 4, 200);
}

/* --- memory ends -------------------------------------------------------------------------------- */

struct truth {
	unsigned int ok, error, bank, named;
};

/* Traffic of one second; now and then a service that was never seen before. */
static void some_traffic(struct truth *t, unsigned int shop, unsigned int bank, unsigned int i)
{
	made_exchanges(shop, 1 + i % 7, i % 3);
	made_exchanges(bank, i % 5, 0);
	kernel.series[shop].waiting = i % 4;
	t->ok += 1 + i % 7;
	t->error += i % 3;
	t->bank += i % 5;
}

static void truth_is_told(struct world *w, const struct truth *t)
{
	assert_false(is_loud(w, HEALTH_RECORD));
	assert_false(is_loud(w, HEALTH_KERNEL));
	totals_are(w, t->ok + t->error, t->bank);
	promise_is(w, t->ok, t->ok + t->error);
}

/* Which allocation fails: each of the first few, then more seldom ones. */
static unsigned long further(unsigned long n)
{
	return n < 40 ? n + 1 : n + n / 8;
}

/* What is refused from the n-th allocation of a tick on; false: it came to its end before. */
static bool tick_without(struct world *w, struct truth *t, const unsigned int series[2],
			 unsigned long n, unsigned long many)
{
	char name[32];
	unsigned int fresh;
	bool refused;

	some_traffic(t, series[0], series[1], (unsigned int)n);
	snprintf(name, sizeof(name), "fresh %lu.%lu", n, many);
	fresh = made_service(name, 2);
	made_exchanges(fresh, 3, 0);
	memory_ends(n, many);
	if (n % 2)
		world_minute(w);
	else
		world_tick(w);
	refused = memory_ended();
	memory_ends(0, 0);
	some_traffic(t, series[0], series[1], (unsigned int)n + 1);
	world_tick(w);
	truth_is_told(w, t);
	assert_int_equal(total_in_record(w, name), 3);
	kernel.series[fresh].leaving = true;
	world_tick(w);
	assert_false(kernel.series[fresh].used);
	return refused;
}

static void memory_ending_in_a_tick(unsigned long many)
{
	struct world *w = world_new();
	struct truth t = {};
	unsigned long n = 1;
	unsigned int series[2];
	bool odd, even;

	world_start(w);
	series[0] = made_service("shop", PORT);
	series[1] = made_service("bank", 1);
	do {
		odd = tick_without(w, &t, series, n | 1, many);
		even = tick_without(w, &t, series, (n | 1) + 1, many);
		n = further((n | 1) + 1);
	} while (odd || even);
	assert_in_range(n, 20, 100000);
	world_kill(w);
	some_traffic(&t, series[0], series[1], 5);
	world_start(w);
	world_tick(w);
	truth_is_told(w, &t);
	world_free(w);
}

static void an_allocation_that_fails_costs_no_count(void **state)
{
	(void)state;
	memory_ending_in_a_tick(1);
}

static void memory_that_stays_away_for_a_tick_costs_no_count(void **state)
{
	(void)state;
	memory_ending_in_a_tick(1000000);
}

/* --- numbers that cannot be given back ---------------------------------------------------------- */

static void a_number_stays_until_its_last_counts_are_recorded(void **state)
{
	struct world *w = world_new();
	unsigned int shop, bank;

	(void)state;
	world_start(w);
	shop = made_service("shop", PORT);
	bank = made_service("bank", 1);
	made_exchanges(shop, 4, 0);
	made_exchanges(bank, 7, 0);
	world_tick(w);
	kernel.series[bank].leaving = true;
	kernel.full_when_retired = true;
	for (int i = 0; i < 3; i++) {
		made_exchanges(shop, 1, 0);
		world_tick(w);
		assert_int_equal(kernel.freed, 0);
		assert_true(is_loud(w, HEALTH_RECORD)); /* and it is not the kernel's fault */
		assert_false(is_loud(w, HEALTH_KERNEL));
	}
	kernel.full_when_retired = false;
	disk_has(RLIM_INFINITY);
	made_exchanges(bank, 2, 0); /* the very last ones */
	world_tick(w);
	world_tick(w);
	assert_int_equal(kernel.freed, 1);
	assert_false(is_loud(w, HEALTH_RECORD));
	totals_are(w, 7, 9);

	/* Its next owner has what it counts itself. */
	assert_int_equal(made_service("cafe", 3), bank);
	made_exchanges(bank, 20, 0);
	world_tick(w);
	totals_are(w, 7, 9);
	assert_int_equal(total_in_record(w, "cafe"), 20);
	world_kill(w);
	made_exchanges(bank, 1, 0);
	world_start(w);
	world_tick(w);
	totals_are(w, 7, 9);
	assert_int_equal(total_in_memory(w, "cafe"), 21);
	world_free(w);
}

/* --- services that the record gives up ---------------------------------------------------------- */

static uint64_t sum_in_memory(const struct recorder *r)
{
	struct series_counts c;
	uint64_t sum = 0;

	for (size_t i = 0; i < recorder_n(r); i++) {
		recorder_total(r, i, &c);
		sum += counts_total(&c);
	}
	return sum;
}

static void services_that_the_record_gave_up_are_forgotten_and_may_come_again(void **state)
{
	struct world *w = world_new();
	unsigned int shop, again, n = STORE_SERVICES_MAX;

	(void)state;
	assert_int_equal(mkdir(w->state, 0700), 0);
	past_services(w, n);
	world_start(w);
	/* Kept: it was seen long ago, but counted now. */
	shop = made_service("past 1", PORT);
	made_exchanges(shop, 10, 0);
	made_service("new", 4);
	made_exchanges(1, 1, 0);
	/* It comes again, and waits for its first answer when it is forgotten. */
	again = made_service("past 0", 9);
	kernel.series[again].waiting = 1;
	world_tick(w);
	world_minute(w);
	world_minute(w);
	assert_in_range(recorder_n(w->d.recorder), n - 10, n + 1);
	assert_int_equal(sum_in_memory(w->d.recorder), n + 11);
	assert_true(total_in_memory(w, STORE_FORGOTTEN) > 0);
	assert_int_equal(total_in_memory(w, STORE_FORGOTTEN), total_in_record(w, STORE_FORGOTTEN));
	assert_int_equal(total_in_memory(w, "past 1"), 11);

	made_exchanges(again, 5, 0);
	kernel.series[again].waiting = 0;
	made_exchanges(shop, 1, 0);
	world_tick(w);
	assert_int_equal(total_in_memory(w, "past 0"), 5); /* from zero */
	assert_int_equal(total_in_memory(w, "past 1"), 12);
	assert_int_equal(sum_in_memory(w->d.recorder), n + 17);
	promise_is(w, 11, 11);
	world_kill(w);
	made_exchanges(again, 1, 0);
	world_start(w);
	world_tick(w);
	assert_int_equal(total_in_memory(w, "past 0"), 6);
	assert_int_equal(total_in_memory(w, "past 1"), 12);
	assert_int_equal(sum_in_memory(w->d.recorder), n + 18);
	world_free(w);
}

/* --- limits ------------------------------------------------------------------------------------- */

static int shown(void *ret, const struct now *now)
{
	*(struct now_left_out *)ret = now->left_out;
	return 0;
}

static struct now_left_out left_out(struct world *w)
{
	struct server_source s = daemon_source(&w->d);
	struct now_left_out ret;

	assert_int_equal(view_new(&w->d.view), 0);
	assert_int_equal(s.now(s.context, shown, &ret), 0);
	view_free(TAKE(w->d.view));
	return ret;
}

static void minutes_that_wait_too_long_for_the_record_are_counted(void **state)
{
	struct world *w = world_new();
	unsigned int shop;

	(void)state;
	world_start(w);
	shop = made_service("shop", PORT);
	world_tick(w);
	disk_has(0);
	for (unsigned int i = 0; i < 250; i++) {
		made_exchanges(shop, 1, 0);
		world_minute(w);
		assert_true(is_loud(w, HEALTH_RECORD));
	}
	assert_in_range(left_out(w).minutes, 8, 12);
	assert_int_equal(left_out(w).rows, 0);
	disk_has(RLIM_INFINITY);
	world_tick(w);
	assert_false(is_loud(w, HEALTH_RECORD));
	assert_int_equal(total_in_record(w, "shop"), 250);
	promise_is(w, 250, 250);
	world_free(w);
}

/* --- limits of time ----------------------------------------------------------------------------- */

static void limit_is(struct world *w, const char *limit)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "sed -i 's/outcomes: .ok.\\|latency: {max: [^}]*}/latency: {max: %s}/' "
		 "%s/promise.yaml",
		 limit, w->slos);
	assert_int_equal(system(command), 0);
}

/* Exchanges within the one limit there is, as metrics have them; masks say of none that it was. */
static void within_limit(struct world *w, int64_t n)
{
	struct store_options o = { .dir = w->state, .mode = STORE_READER };
	_cleanup_(store_closep) struct store *s = NULL;
	struct store_kernel k;
	char why[256];

	assert_int_equal(recorder_service(w->d.recorder, 0)->limits[0], n);
	assert_int_equal(store_open(&o, &s, why, sizeof(why)), 0);
	assert_int_equal(store_kernel_get(s, &k), 0);
	assert_memory_equal(k.thresholds, kernel.maps.thresholds, sizeof(k.thresholds));
}

/* Whoever is killed between new maps and their first reading has the bases of their limits. */
static void limits_of_new_maps_have_their_bases_at_once(void **state)
{
	struct world *w = world_new();
	unsigned int shop;

	(void)state;
	limit_is(w, "0.01ms");
	world_start(w);
	shop = made_service("shop", PORT);
	made_exchanges(shop, 7, 0); /* 0.4 ms each */
	world_tick(w);
	within_limit(w, 0);
	for (unsigned int i = 0; i < 2; i++) {
		world_kill(w);
		kernel.there = false;
		kernel.series[shop].counts = (struct series_counts){};
		limit_is(w, i ? "0.01ms" : "1h");
		kernel.dies_when_mapped = true;
		assert_int_equal(world_begin(w), DAEMON_UNABLE);
		world_kill(w);
		kernel.dies_when_mapped = false;
		world_start(w);
		within_limit(w, i ? 0 : 7);
		world_tick(w);
		within_limit(w, i ? 0 : 7);
	}
	assert_int_equal(total_in_record(w, "shop"), 7);
	world_free(w);
}

/* The record is lost: maps that it does not know have counted by other limits too. */
static void limits_of_maps_that_nobody_knows_have_bases_by_the_histogram(void **state)
{
	struct world *w = world_new();

	(void)state;
	limit_is(w, "0.01ms");
	world_start(w);
	made_exchanges(made_service("shop", PORT), 7, 0);
	world_tick(w);
	for (unsigned int i = 0; i < 2; i++) {
		if (i)
			assert_int_equal(remove(w->db), 0);
		world_kill(w);
		limit_is(w, "1h");
		world_start(w);
		world_tick(w);
		within_limit(w, 7);
	}
	assert_int_equal(total_in_record(w, "shop"), 7);
	world_free(w);
}

/* --- maps that leave ---------------------------------------------------------------------------- */

static unsigned int untold_rows(struct world *w)
{
	unsigned int n;
	sqlite3_stmt *q;
	sqlite3 *db;

	assert_int_equal(sqlite3_open_v2(w->db, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM untold", -1, &q, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	n = (unsigned int)sqlite3_column_int(q, 0);
	assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return n;
}

/* Killed before they are gone: they are handed over twice, and told once, with nothing left over. */
static void maps_that_leave_twice_are_told_once(void **state)
{
	struct world *w = world_new();
	unsigned int shop;

	(void)state;
	world_start(w);
	shop = made_service("shop", PORT);
	made_exchanges(shop, 7, 0);
	world_tick(w);
	made_exchanges(shop, 4, 1);
	world_kill(w);
	kernel.strange = kernel.dies_when_left = true;
	kernel.maps.stopped_ns = (1000 + second) * NS_PER_SECOND + 2000000;
	for (unsigned int i = 0; i < 2; i++) {
		second++;
		kernel.series[shop].counts.bytes_in += 100; /* of no exchange */
		assert_int_equal(world_begin(w), DAEMON_UNABLE);
		world_kill(w);
		assert_int_equal(untold_rows(w), 2); /* the stretch, and the service */
	}
	kernel.dies_when_left = false;
	world_start(w);
	kernel.maps.stopped_ns = 0;
	assert_int_equal(untold_rows(w), 0);
	made_exchanges(shop, 1, 0);
	world_tick(w);
	assert_int_equal(total_in_record(w, "shop"), 13);
	promise_is(w, 12, 13);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_record_that_fails_half_way_is_begun_again),
		cmocka_unit_test(an_allocation_that_fails_costs_no_count),
		cmocka_unit_test(memory_that_stays_away_for_a_tick_costs_no_count),
		cmocka_unit_test(a_number_stays_until_its_last_counts_are_recorded),
		cmocka_unit_test(services_that_the_record_gave_up_are_forgotten_and_may_come_again),
		cmocka_unit_test(minutes_that_wait_too_long_for_the_record_are_counted),
		cmocka_unit_test(limits_of_new_maps_have_their_bases_at_once),
		cmocka_unit_test(limits_of_maps_that_nobody_knows_have_bases_by_the_histogram),
		cmocka_unit_test(maps_that_leave_twice_are_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
