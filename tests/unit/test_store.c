// SPDX-License-Identifier: Apache-2.0
/* The record of counts against a plain list of everything that was ever added. */
#include <time.h>

#include "store_fixture.h"

#define SERVICES 5
#define MINUTES	 300

struct addition {
	int64_t service, minute;
	struct series_counts counts;
};

struct model {
	struct addition *all;
	size_t n, room;
};

static void model_add(struct model *m, int64_t service, int64_t minute,
		      const struct series_counts *c)
{
	if (m->n == m->room) {
		m->room = m->room ? 2 * m->room : 256;
		m->all = realloc(m->all, m->room * sizeof(*m->all));
		assert_non_null(m->all);
	}
	m->all[m->n++] = (struct addition){ service, minute, *c };
}

static void model_sum(const struct model *m, int64_t service, int64_t from, int64_t to,
		      struct series_counts *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < m->n; i++)
		if (m->all[i].service == service && m->all[i].minute >= from &&
		    m->all[i].minute < to)
			counts_add(ret, &m->all[i].counts);
}

struct wanted {
	const struct model *m;
	int64_t from, to;
	size_t called;
	int64_t service, last;
};

static int sum_is_the_models(void *context, int64_t service, const struct series_counts *c)
{
	struct wanted *w = context;
	struct series_counts sum;

	model_sum(w->m, service, w->from, w->to, &sum);
	assert_memory_equal(c, &sum, sizeof(sum));
	w->called++;
	return 0;
}

static int row_is_the_models(void *context, int64_t time, const struct series_counts *c)
{
	struct wanted *w = context;
	struct series_counts sum;

	assert_true(time > w->last);
	model_sum(w->m, w->service, time, time + w->to, &sum);
	assert_memory_equal(c, &sum, sizeof(sum));
	w->last = time;
	w->called++;
	return 0;
}

static size_t model_services(const struct model *m, const int64_t *id, int64_t from, int64_t to)
{
	struct series_counts sum;
	size_t n = 0;

	for (int i = 0; i < SERVICES; i++) {
		model_sum(m, id[i], from, to, &sum);
		n += !counts_empty(&sum);
	}
	return n;
}

static size_t model_rows(const struct model *m, int64_t service, int64_t length_s)
{
	struct series_counts sum;
	size_t n = 0;

	for (int64_t t = T0 - T0 % 3600; t < T0 + (MINUTES + 60) * 60; t += length_s) {
		model_sum(m, service, t, t + length_s, &sum);
		n += !counts_empty(&sum);
	}
	return n;
}

static void compare(struct store *s, const struct model *m, const int64_t *id, uint64_t *seed)
{
	struct wanted w = { .m = m, .from = 0, .to = INT64_MAX };
	struct series_counts sum, total;

	assert_int_equal(store_totals_each(s, sum_is_the_models, &w), 0);
	assert_int_equal(w.called, model_services(m, id, 0, INT64_MAX));
	for (int i = 0; i < SERVICES; i++) {
		model_sum(m, id[i], 0, INT64_MAX, &sum);
		assert_int_equal(store_total(s, id[i], &total), 0);
		assert_memory_equal(&sum, &total, sizeof(sum));
	}
	for (int i = 0; i < 20; i++) {
		w = (struct wanted){ .m = m };
		w.from = T0 + (int64_t)(dice(seed) % (MINUTES + 10)) * 60;
		w.to = w.from + (int64_t)(dice(seed) % MINUTES) * 60;
		/* Seconds are rounded down. */
		assert_int_equal(store_sums_each(s, w.from + (int64_t)(dice(seed) % 60),
						 w.to + (int64_t)(dice(seed) % 60),
						 sum_is_the_models, &w),
				 0);
		assert_int_equal(w.called, model_services(m, id, w.from, w.to));
	}
	for (int64_t length = 60; length <= 3600; length += 3540) {
		w = (struct wanted){ .m = m, .to = length, .service = id[1] };
		assert_int_equal(store_history_each(s, id[1], 0, INT64_MAX, (uint32_t)length,
						    row_is_the_models, &w),
				 0);
		assert_int_equal(w.called, model_rows(m, id[1], length));
	}
}

/* Traffic of one tick; now and then a stretch that was found at adoption. */
static void tick(struct store *s, struct model *m, const int64_t *id, int64_t now, uint64_t *seed)
{
	int64_t minute = now - now % 60, service = id[dice(seed) % SERVICES];
	bool stretch = dice(seed) % 40 == 0;
	struct series_counts c;

	some_counts(seed, 1 + dice(seed) % 20, &c);
	assert_int_equal(store_count(s, service, minute, stretch ? minute - 601 : minute, &c), 0);
	model_add(m, service, minute, &c);
}

static void sums_are_what_was_put_in(void **state)
{
	uint64_t seed = 20260131;
	struct model m = {};
	struct store *s = open_writer(*state), *reader = NULL;
	int64_t id[SERVICES], now = T0 + 7;
	char name[32];

	assert_int_equal(store_begin(s), 0);
	for (int i = 0; i < SERVICES; i++) {
		snprintf(name, sizeof(name), "service-%d", i);
		id[i] = add_service(s, name, ROLE_SERVER, now);
	}
	assert_int_equal(store_commit(s), 0);
	for (int i = 0; i < MINUTES * 4; i++, now += 15) {
		size_t was = m.n;

		assert_int_equal(store_begin(s), 0);
		if (dice(&seed) % 5)
			tick(s, &m, id, now, &seed);
		if (now % 60 < 15)
			assert_int_equal(store_settle(s, now), 0);
		/* One in ten is not to be. */
		if (dice(&seed) % 10) {
			assert_int_equal(store_commit(s), 0);
		} else {
			store_rollback(s);
			m.n = was;
		}
		if (i == MINUTES) {
			store_close(s);
			s = open_writer(*state);
		}
		if (i == MINUTES * 2)
			reader = open_reader(*state);
		if (i % 300 == 299)
			compare(reader ? reader : s, &m, id, &seed);
	}
	compare(s, &m, id, &seed);
	store_close(s);
	compare(reader, &m, id, &seed);
	store_close(reader);
	free(m.all);
}

static int count_services(void *context, const struct store_service *svc)
{
	assert_string_equal(svc->id_row.comm, "nginx");
	assert_string_equal(svc->protocol, "http");
	assert_null(svc->id_row.unit);
	++*(int *)context;
	return 0;
}

static void a_name_is_unique_with_its_role(void **state)
{
	struct store *s = open_writer(*state);
	struct store_service other = { .role = ROLE_SERVER, .id_row = { .name = (char *)"a" } };
	int64_t a, b, found;
	int n = 0;

	assert_int_equal(store_begin(s), 0);
	a = add_service(s, "a", ROLE_SERVER, T0);
	b = add_service(s, "a", ROLE_CLIENT, T0);
	assert_int_equal(store_service_put(s, &other), -EEXIST);
	assert_int_equal(store_service_by_name(s, ROLE_SERVER, "a", &found), 0);
	assert_int_equal(found, a);
	assert_int_equal(store_service_by_name(s, ROLE_CLIENT, "a", &found), 0);
	assert_int_equal(found, b);
	assert_int_equal(store_service_by_name(s, ROLE_CLIENT, "b", &found), -ENOENT);
	assert_int_equal(store_service_each(s, count_services, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
}

static void writing_stands_in_a_transaction(void **state)
{
	struct store *s = open_writer(*state), *reader;
	struct store_service svc = { .id_row = { .name = (char *)"a" } };
	struct series_counts c = { .bytes_in = 1 };

	assert_int_equal(store_service_put(s, &svc), -EINVAL);
	assert_int_equal(store_settle(s, T0), -EINVAL);
	assert_int_equal(store_checkpoints_forget(s), -EINVAL);
	assert_int_equal(store_commit(s), -EINVAL);
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_begin(s), -EINVAL);
	assert_int_equal(store_count(s, 77, T0, T0, &c), -ENOENT);
	assert_int_equal(store_count(s, add_service(s, "a", 0, T0), T0 + 1, T0 + 1, &c), -EINVAL);
	assert_int_equal(store_commit(s), 0);
	reader = open_reader(*state);
	assert_int_equal(store_begin(reader), 0);
	assert_int_equal(store_service_put(reader, &svc), -EROFS);
	assert_int_equal(store_commit(reader), 0);
	store_close(reader);
	store_close(s);
}

static int same_checkpoint(void *context, const struct store_checkpoint *c)
{
	const struct store_checkpoint *put = context;

	put += c->series - 7;
	assert_int_equal(c->service, put->service);
	assert_memory_equal(&c->key, &put->key, sizeof(c->key));
	assert_int_equal(c->n, put->n);
	assert_memory_equal(c->bytes, put->bytes, c->n);
	return 0;
}

static void what_the_differences_are_taken_against_comes_back(void **state)
{
	struct store_kernel k = { .maps_id = 99, .missed = 3, .n_thresholds = 2 }, got;
	struct store_losses l = { .missed = 5, .in_flight_at_change = 6 }, got_l;
	unsigned char bytes[2][CODEC_BYTES_MAX];
	struct series_counts counts;
	struct store_checkpoint put[2];
	struct store *s = open_writer(*state);
	uint64_t seed = 3;

	memset(put, 0, sizeof(put));
	snprintf(k.boot_id, sizeof(k.boot_id), "0f1e2d3c-0000-4000-8000-000000000001");
	k.at = (struct moment){ .wall_ns = T0 * 1000000000ll, .mono_ns = 5, .boot_ns = 6 };
	k.losses.merged = 4;
	k.thresholds[0] = (struct threshold){ .part = PART_SERVICE, .max_ns = 300000000 };
	k.thresholds[1] = (struct threshold){ .part = PART_DURATION, .max_ns = 1 };
	l.losses.no_series[ROLE_CLIENT] = 7;
	assert_int_equal(store_kernel_get(s, &got), -ENOENT);
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_kernel_put(s, &k), 0);
	assert_int_equal(store_losses_put(s, &l), 0);
	for (int i = 0; i < 2; i++) {
		put[i].series = (uint32_t)i + 7;
		put[i].service = i;
		put[i].key = (struct endpoint_key){ .netns = 4026531840,
						    .role = (uint16_t)i,
						    .port = 80,
						    .exe_inode = UINT64_MAX - 1,
						    .exe_dev = 3 };
		put[i].key.peer[15] = (__u8)i;
		memset(&counts, 0, sizeof(counts));
		some_counts(&seed, 100, &counts);
		put[i].bytes = bytes[i];
		put[i].n = codec_write(&counts, bytes[i]);
		assert_int_equal(store_checkpoint_put(s, &put[i]), 0);
	}
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	s = open_reader(*state);
	assert_int_equal(store_kernel_get(s, &got), 0);
	assert_memory_equal(&got, &k, sizeof(k));
	assert_int_equal(store_losses_get(s, &got_l), 0);
	assert_memory_equal(&got_l, &l, sizeof(l));
	assert_int_equal(store_checkpoint_each(s, same_checkpoint, put), 0);
	store_close(s);
}

static void a_minute_is_measured_for_a_minute_at_most(void **state)
{
	struct store *s = open_writer(*state);
	struct store_measured m;

	assert_int_equal(store_began(s), 0);
	assert_int_equal(store_begin(s), 0);
	for (int i = 0; i < 70; i++)
		assert_int_equal(
			store_time_add(s, T0, &(struct store_time){ 1000000000, false, 10, 1 }), 0);
	assert_int_equal(
		store_time_add(s, T0 + 60, &(struct store_time){ 30000000000, true, 5, 0 }), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_began(s), T0);
	assert_int_equal(store_measured(s, T0, T0 + 3600, &m), 0);
	assert_int_equal(m.wanted_ns, 3600000000000);
	assert_int_equal(m.measured_ns, 90000000000);
	assert_int_equal(m.estimated_ns, 30000000000);
	assert_int_equal(m.exchanges, 705);
	assert_int_equal(m.lost, 70);
	assert_int_equal(store_measured(s, T0 + 60, T0 + 120, &m), 0);
	assert_int_equal(m.measured_ns, 30000000000);
	store_close(s);
}

static void a_snapshot_is_of_one_moment(void **state)
{
	struct store *s = open_writer(*state), *reader, *another;
	int64_t id;

	assert_int_equal(store_begin(s), 0);
	id = add_service(s, "a", ROLE_SERVER, T0);
	one_count(s, id, T0, 1);
	assert_int_equal(store_commit(s), 0);
	reader = open_reader(*state);
	another = open_reader(*state);
	assert_int_equal(store_begin(reader), 0);
	assert_int_equal(store_begin(s), 0);
	one_count(s, id, T0, 1);
	assert_int_equal(store_settle(s, T0 + 61), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(total_ok(reader, id), 1);
	assert_int_equal(total_ok(another, id), 2);
	assert_int_equal(store_commit(reader), 0);
	assert_int_equal(total_ok(reader, id), 2);
	store_close(another);
	store_close(reader);
	store_close(s);
}

static uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int dawdle(void *context, const struct store_slo_minute *m)
{
	unsigned int *rows = context;

	(void)m;
	++*rows;
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	return 0;
}

static void a_reader_with_a_deadline_stops_at_it(void **state)
{
	struct store *s = open_writer(*state), *reader;
	struct store_measured m;
	unsigned int rows = 0;
	uint64_t begun;
	int64_t id;

	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_objective_id(s, "a", &id), 0);
	assert_int_equal(store_commit(s), 0);
	/* Hours, summed in one step that takes longer than 2 ms. */
	sql(*state, "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n LIMIT 500000)"
		    " INSERT INTO time_hours SELECT i + 400000, 3600000000000, 0, 1, 0 FROM n");
	sql(*state, "INSERT INTO slo_minutes SELECT 1, hour, 1, 1, 0, 0, 0 FROM time_hours"
		    " LIMIT 20000");
	reader = open_reader(*state);
	assert_int_equal(store_begin(reader), 0);
	store_deadline(reader, 2000000);
	assert_int_equal(store_measured(reader, 0, INT64_MAX, &m), -ETIME);
	/* Late once is late for ever, also where each read is short. */
	assert_int_equal(store_measured(reader, T0, T0 + 60, &m), -ETIME);
	store_rollback(reader);
	store_deadline(reader, 100000000);
	begun = clock_ms();
	assert_int_equal(store_slo_minute_each(reader, id, 0, INT64_MAX, dawdle, &rows), -ETIME);
	assert_in_range(clock_ms() - begun, 100, 5000);
	assert_in_range(rows, 1, 5000);
	store_deadline(reader, 0);
	assert_int_equal(store_measured(reader, 0, INT64_MAX, &m), 0);
	assert_int_equal(m.exchanges, 500000);
	store_close(reader);
	/* Who writes is never late. */
	store_deadline(s, 1);
	assert_int_equal(store_measured(s, 0, INT64_MAX, &m), 0);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(sums_are_what_was_put_in),
		STORE_TEST(a_name_is_unique_with_its_role),
		STORE_TEST(writing_stands_in_a_transaction),
		STORE_TEST(what_the_differences_are_taken_against_comes_back),
		STORE_TEST(a_minute_is_measured_for_a_minute_at_most),
		STORE_TEST(a_snapshot_is_of_one_moment),
		STORE_TEST(a_reader_with_a_deadline_stops_at_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
