// SPDX-License-Identifier: Apache-2.0
/* What becomes of minutes that are over: hours, totals, forgetting; sums stay true all the while. */
#include "../../user/store/transfer.h"
#include "store_fixture.h"

#define DAY_S 86400

static void no_fault(void *context, const char *line)
{
	(void)context;
	fail_msg("%s", line);
}

static void assert_sound(struct store *s)
{
	assert_int_equal(store_verify(s, no_fault, NULL), 0);
}

static int add_sum(void *context, int64_t service, const struct series_counts *c)
{
	(void)service;
	*(uint64_t *)context += counts_total(c);
	return 0;
}

static uint64_t sum_of(struct store *s, int64_t from, int64_t to)
{
	uint64_t sum = 0;

	assert_int_equal(store_sums_each(s, from, to, add_sum, &sum), 0);
	return sum;
}

static int row_add(void *context, int64_t time, const struct series_counts *c)
{
	(void)time;
	(void)c;
	++*(unsigned int *)context;
	return 0;
}

static unsigned int rows_of(struct store *s, int64_t service, uint32_t length_s)
{
	unsigned int n = 0;

	assert_int_equal(store_history_each(s, service, 0, INT64_MAX, length_s, row_add, &n), 0);
	return n;
}

/* One exchange every ten minutes; settled each time; all of it in one transaction a day. */
static int64_t live_on(struct store *s, int64_t service, int64_t from, int64_t days)
{
	for (int64_t day = 0; day < days; day++) {
		assert_int_equal(store_begin(s), 0);
		for (int64_t t = from + day * DAY_S; t < from + (day + 1) * DAY_S; t += 600) {
			one_count(s, service, t, 1);
			assert_int_equal(
				store_time_add(s, t, &(struct store_time){ 60000000000, 0, 1, 0 }),
				0);
			assert_int_equal(store_settle(s, t + 60), 0);
		}
		assert_int_equal(store_commit(s), 0);
	}
	return from + days * DAY_S;
}

static void old_rows_go_and_totals_stay(void **state)
{
	const struct fixture *f = *state;
	struct store *s = open_with(
		&(struct store_options){ .dir = f->dir, .minutes_days = 2, .hours_months = 1 }, 0);
	struct store_measured m;
	struct store_size size;
	int64_t id, end;

	assert_int_equal(store_begin(s), 0);
	id = add_service(s, "a", ROLE_SERVER, T0);
	assert_int_equal(store_commit(s), 0);
	end = live_on(s, id, T0, 40);
	assert_int_equal(store_size(s, &size), 0);
	/* The bounds stand on whole hours; the clock stands at the last settling. */
	assert_in_range(size.minutes, 2 * 144, 2 * 144 + 6);
	assert_in_range(size.hours, 31 * 24, 31 * 24 + 2);
	assert_int_equal(rows_of(s, id, 60), size.minutes);
	assert_int_equal(rows_of(s, id, 3600), size.hours);
	assert_int_equal(total_ok(s, id), 40 * 144);
	/* Where minutes are gone, hours answer: 00:20 to 02:20 of the 30th day is 00:00 to 02:00. */
	assert_int_equal(sum_of(s, T0 + 30 * DAY_S + 1200, T0 + 30 * DAY_S + 8400), 12);
	assert_int_equal(sum_of(s, end - 7200 + 1200, end - 1200), 8);
	assert_int_equal(sum_of(s, 0, INT64_MAX), size.hours * 6);
	assert_int_equal(store_measured(s, T0 + 30 * DAY_S + 1200, T0 + 30 * DAY_S + 8400, &m), 0);
	assert_int_equal(m.wanted_ns, 7200000000000);
	assert_int_equal(m.measured_ns, 720000000000);
	assert_sound(s);
	store_close(s);
	s = open_reader(f);
	assert_int_equal(sum_of(s, T0 + 30 * DAY_S + 1200, T0 + 30 * DAY_S + 8400), 12);
	assert_int_equal(store_began(s), T0);
	store_close(s);
}

static void near_the_limit_of_size_minutes_go_early(void **state)
{
	const struct fixture *f = *state;
	struct store *s =
		open_with(&(struct store_options){ .dir = f->dir, .max_bytes = 512 << 10 }, 0);
	struct series_counts c;
	struct store_size size;
	uint64_t seed = 8, n = 0;
	int64_t id;

	assert_int_equal(store_begin(s), 0);
	id = add_service(s, "a", ROLE_SERVER, T0);
	assert_int_equal(store_commit(s), 0);
	for (int64_t t = T0; t < T0 + 34 * DAY_S;) {
		assert_int_equal(store_begin(s), 0);
		for (int i = 0; i < 144; i++, t += 600, n += 100) {
			some_counts(&seed, 100, &c);
			assert_int_equal(store_settle(s, t), 0);
			assert_int_equal(store_count(s, id, t, t, &c), 0);
		}
		assert_int_equal(store_commit(s), 0);
	}
	assert_int_equal(store_size(s, &size), 0);
	assert_in_range(size.minutes, 3 * 144, 33 * 144);
	assert_true(size.minutes_from > T0);
	assert_int_equal(size.hours, 34 * 24);
	assert_int_equal(store_total(s, id, &c), 0);
	assert_int_equal(counts_total(&c), n);
	assert_sound(s);
	store_close(s);
}

static void room_is_used_again(void **state)
{
	const struct fixture *f = *state;
	struct store *s = open_with(&(struct store_options){ .dir = f->dir, .minutes_days = 1 }, 0);
	struct store_size first, later;
	int64_t id, end;

	assert_int_equal(store_begin(s), 0);
	id = add_service(s, "a", ROLE_SERVER, T0);
	assert_int_equal(store_commit(s), 0);
	end = live_on(s, id, T0, 3);
	assert_int_equal(store_size(s, &first), 0);
	live_on(s, id, end, 12);
	assert_int_equal(store_size(s, &later), 0);
	assert_true(later.minutes <= first.minutes + 6);
	/* Hours go on: 288 rows of some 30 bytes. */
	assert_true(later.bytes - later.free_bytes <= first.bytes - first.free_bytes + 32768);
	store_close(s);
}

static void a_clock_that_runs_ahead_for_a_moment_empties_nothing(void **state)
{
	struct store *s = open_writer(*state);
	struct store_size size;
	int64_t id;

	assert_int_equal(store_begin(s), 0);
	id = add_service(s, "a", ROLE_SERVER, T0);
	for (int64_t t = T0; t < T0 + 3600; t += 60) {
		one_count(s, id, t, 1);
		assert_int_equal(store_settle(s, t + 60), 0);
	}
	/* Ten minutes in the year 2036, and back. */
	for (int64_t t = T0 + 3650ll * DAY_S; t < T0 + 3650ll * DAY_S + 600; t += 60) {
		one_count(s, id, t, 1);
		assert_int_equal(store_settle(s, t + 60), 0);
	}
	one_count(s, id, T0 + 3600, 1);
	assert_int_equal(store_settle(s, T0 + 3660), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_size(s, &size), 0);
	assert_int_equal(size.minutes, 71);
	assert_int_equal(total_ok(s, id), 71);
	assert_int_equal(sum_of(s, T0, T0 + 7200), 61);
	assert_sound(s);
	store_close(s);
}

static void a_clock_set_back_adds_to_minutes_that_were_over(void **state)
{
	struct store *s = open_writer(*state);
	int64_t id;

	assert_int_equal(store_begin(s), 0);
	id = add_service(s, "a", ROLE_SERVER, T0);
	for (int i = 0; i < 3; i++) {
		one_count(s, id, T0, 1);
		one_count(s, id, T0 + 60, 10);
		assert_int_equal(store_settle(s, T0 + 120), 0);
	}
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(sum_of(s, T0, T0 + 60), 3);
	assert_int_equal(sum_of(s, T0 + 60, T0 + 120), 30);
	assert_int_equal(total_ok(s, id), 33);
	assert_sound(s);
	store_close(s);
}

static void what_is_older_than_minutes_goes_to_hours_and_totals(void **state)
{
	const struct fixture *f = *state;
	struct store *s = open_with(
		&(struct store_options){ .dir = f->dir, .minutes_days = 1, .hours_months = 1 }, 0);
	int64_t id;

	assert_int_equal(store_begin(s), 0);
	id = add_service(s, "a", ROLE_SERVER, T0);
	assert_int_equal(store_settle(s, T0 + 40 * DAY_S), 0);
	one_count(s, id, T0 + 30 * DAY_S, 1); /* hours are kept */
	one_count(s, id, T0, 1);	      /* nothing is */
	assert_int_equal(store_settle(s, T0 + 40 * DAY_S), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(rows_of(s, id, 60), 0);
	assert_int_equal(rows_of(s, id, 3600), 1);
	assert_int_equal(total_ok(s, id), 2);
	assert_sound(s);
	store_close(s);
}

static void a_stretch_counts_where_it_was_found(void **state)
{
	struct store *s = open_writer(*state);
	struct series_counts c = {};
	int64_t id;

	c.exchanges[0][OUTCOME_OK] = 100;
	assert_int_equal(store_begin(s), 0);
	id = add_service(s, "a", ROLE_SERVER, T0);
	assert_int_equal(store_count(s, id, T0 + 600, T0 + 7, &c), 0);
	one_count(s, id, T0 + 600, 5);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_began(s), T0 + 7);
	for (int settled = 0; settled < 2; settled++) {
		assert_int_equal(sum_of(s, T0, T0 + 600), 0);
		assert_int_equal(sum_of(s, T0 + 600, T0 + 660), 105);
		assert_int_equal(total_ok(s, id), 105);
		assert_int_equal(rows_of(s, id, 60), 1);
		assert_int_equal(rows_of(s, id, 3600), 1);
		assert_sound(s);
		assert_int_equal(store_begin(s), 0);
		assert_int_equal(store_settle(s, T0 + 660), 0);
		assert_int_equal(store_commit(s), 0);
	}
	store_close(s);
}

static int find_forgotten(void *context, const struct store_service *svc)
{
	if (!strcmp(svc->id_row.name, STORE_FORGOTTEN))
		((int64_t *)context)[svc->role] = svc->id;
	return 0;
}

static void the_services_seen_longest_ago_are_forgotten_but_not_their_counts(void **state)
{
	struct store *s = open_writer(*state);
	struct store_checkpoint living = { .series = 2 };
	struct store_size size;
	int64_t forgotten[ROLES] = {}, found;
	uint64_t before;
	char name[32];

	assert_int_equal(store_begin(s), 0);
	for (int i = 0; i < STORE_SERVICES_MAX + 100; i++) {
		int64_t id, t = T0 + i / 100 * 60;

		snprintf(name, sizeof(name), "service-%d", i);
		id = add_service(s, name, i % 2, t);
		one_count(s, id, t, 1);
		if (!i)
			living.service = id;
	}
	assert_int_equal(store_checkpoint_put(s, &living), 0);
	assert_int_equal(store_commit(s), 0);
	before = sum_of(s, T0, T0 + 3600);
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_settle(s, T0 + 5 * 3600), 0);
	assert_int_equal(store_settle(s, T0 + 5 * 3600 + 60), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_size(s, &size), 0);
	assert_int_equal(size.services, STORE_SERVICES_MAX);
	assert_int_equal(sum_of(s, T0, T0 + 3600), before);
	assert_int_equal(sum_of(s, 0, INT64_MAX), STORE_SERVICES_MAX + 100);
	assert_int_equal(store_service_each(s, find_forgotten, forgotten), 0);
	assert_true(forgotten[0] && forgotten[1]);
	assert_in_range(total_ok(s, forgotten[0]) + total_ok(s, forgotten[1]), 100, 102);
	/* One of the first hundred still counts: it stays. */
	assert_int_equal(store_service_by_name(s, ROLE_SERVER, "service-0", &found), 0);
	assert_int_equal(store_service_by_name(s, ROLE_CLIENT, "service-1", &found), -ENOENT);
	assert_sound(s);
	store_close(s);
}

static void told_one(void *context, const char *line)
{
	assert_true(*line && !strchr(line, '\n'));
	++*(unsigned int *)context;
}

static void what_does_not_hold_is_told(void **state)
{
	const struct fixture *f = *state;
	static const char *const harm[] = {
		"UPDATE hours SET counts = x'02'",
		"UPDATE minutes SET counts = x'80'",
		"DELETE FROM hours",
		"DELETE FROM totals",
		"UPDATE totals SET counts = x'04'",
		"DELETE FROM services",
		"UPDATE time_minutes SET measured_ns = 60000000001",
		"UPDATE time_hours SET measured_ns = 1",
		"DELETE FROM time_hours",
		"INSERT INTO slo_minutes VALUES (1, 1, 5, 4, 0, 0, 0)",
		"INSERT INTO checkpoints VALUES (9, 77, 0, 0, 0, 0, 0, NULL, x'')",
		"INSERT INTO untold VALUES (9, 0, 1, 0, '', x''), (9, 77, 1, 0, '', x'')",
	};
	struct store *s = open_writer(f);
	char command[1024];
	int64_t id;

	assert_int_equal(store_begin(s), 0);
	id = add_service(s, "a", ROLE_SERVER, T0);
	assert_int_equal(store_commit(s), 0);
	live_on(s, id, T0, 1);
	assert_sound(s);
	store_close(s);
	for (size_t i = 0; i < sizeof(harm) / sizeof(harm[0]); i++) {
		struct fixture copy = *f;
		unsigned int told = 0;

		snprintf(copy.dir, sizeof(copy.dir), "%.100s/c%zu", f->dir, i);
		snprintf(command, sizeof(command), "mkdir %s && cp %s %s", copy.dir, f->db,
			 copy.dir);
		assert_int_equal(system(command), 0);
		snprintf(copy.db, sizeof(copy.db), "%.100s/troth.db", copy.dir);
		sql(&copy, harm[i]);
		s = open_reader(&copy);
		assert_int_equal(store_verify(s, told_one, &told), 0);
		if (!told)
			print_error("not told: %s\n", harm[i]);
		assert_true(told);
		store_close(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(old_rows_go_and_totals_stay),
		STORE_TEST(near_the_limit_of_size_minutes_go_early),
		STORE_TEST(room_is_used_again),
		STORE_TEST(a_clock_that_runs_ahead_for_a_moment_empties_nothing),
		STORE_TEST(a_clock_set_back_adds_to_minutes_that_were_over),
		STORE_TEST(what_is_older_than_minutes_goes_to_hours_and_totals),
		STORE_TEST(a_stretch_counts_where_it_was_found),
		STORE_TEST(the_services_seen_longest_ago_are_forgotten_but_not_their_counts),
		STORE_TEST(what_does_not_hold_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
