// SPDX-License-Identifier: Apache-2.0
/* What belongs to objectives: put, and read back by another process. */
#include "store_fixture.h"

static int minute_is(void *context, const struct store_slo_minute *m)
{
	const struct store_slo_minute **next = context;

	assert_int_equal(m->time, (*next)->time);
	assert_int_equal(m->good, (*next)->good);
	assert_int_equal(m->total, (*next)->total);
	assert_int_equal(m->measured, (*next)->measured);
	assert_int_equal(m->estimated, (*next)->estimated);
	assert_int_equal(m->inexact, (*next)->inexact);
	++*next;
	return 0;
}

static void an_open_minute_is_put_again_and_again(void **state)
{
	struct store_slo_minute all[] = {
		{ .time = T0 - 60, .good = 1, .total = 1, .measured = 500000000, .estimated = true },
		{ .time = T0, .good = 3, .total = 4, .measured = 1000000000, .inexact = 1 },
		{ .time = T0 + 60, .good = 5, .total = 5, .measured = 1000000000 },
	};
	const struct store_slo_minute *next = all;
	struct store *s = open_writer(*state), *reader;
	struct store_slo_minute m = { .time = T0 };
	int64_t id, other, again;

	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_objective_id(s, "checkout/fast, \"really\"", &id), 0);
	assert_int_equal(store_objective_id(s, "other", &other), 0);
	assert_int_equal(store_objective_id(s, "checkout/fast, \"really\"", &again), 0);
	assert_int_equal(id, again);
	assert_int_not_equal(id, other);
	for (m.total = 1; m.total <= 3; m.total++)
		assert_int_equal(store_slo_minute_put(s, id, &m), 0);
	assert_int_equal(store_slo_minute_put(s, id, &all[1]), 0);
	assert_int_equal(store_slo_minute_put(s, other, &all[1]), 0);
	assert_int_equal(store_slo_minute_put(s, id, &all[2]), 0);
	/* A stretch lies before what is open. */
	assert_int_equal(store_slo_minute_put(s, id, &all[0]), 0);
	assert_int_equal(store_commit(s), 0);
	reader = open_reader(*state);
	assert_int_equal(store_slo_minute_each(reader, id, 0, INT64_MAX, minute_is, &next), 0);
	assert_ptr_equal(next, all + 3);
	next = all + 1;
	assert_int_equal(store_slo_minute_each(reader, id, T0 - 59, T0 + 60, minute_is, &next), 0);
	assert_ptr_equal(next, all + 2);
	assert_int_equal(store_objective_id(reader, "nobody", &id), -ENOENT);
	store_close(reader);
	store_close(s);
}

struct sums {
	uint64_t good, total, inexact, measured, rows, estimated;
	struct store_slo_minute last;
};

static int sum_up(void *context, const struct store_slo_minute *m)
{
	struct sums *sums = context;

	sums->good += m->good;
	sums->total += m->total;
	sums->inexact += m->inexact;
	sums->measured += m->measured;
	sums->estimated += m->estimated;
	sums->rows++;
	sums->last = *m;
	return 0;
}

static struct sums sums_of(const struct fixture *f, int64_t id)
{
	struct store *reader = open_reader(f);
	struct sums sums = {};

	assert_int_equal(store_slo_minute_each(reader, id, 0, INT64_MAX, sum_up, &sums), 0);
	store_close(reader);
	return sums;
}

/* As the daemon begins at a time: what the open minute holds already. */
static struct store_slo_minute begin_at(struct store *s, int64_t id, int64_t now)
{
	struct sums sums = {};
	int64_t last;

	assert_int_equal(store_begin(s), 0);
	if (!store_slo_minute_last(s, id, &last))
		assert_int_equal(store_slo_minute_each(s, id, 0, now + 1, sum_up, &sums), 0);
	assert_int_equal(store_commit(s), 0);
	return sums.last;
}

/* A minute of 10 exchanges, put as they come: the third put is its last. */
static void one_minute(struct store *s, int64_t id, struct store_slo_minute m)
{
	static const uint64_t more[] = { 3, 0, 7 };

	for (unsigned int i = 0; i < 3; i++) {
		struct store_slo_minute lost = m;

		m.total += more[i];
		m.good += more[i] - !!more[i];
		m.inexact += !!more[i];
		m.measured += i < 2 && m.measured < 1000000000 ? 200000000 : 0;
		/* One that does not get to the disk is as if it had not been. */
		lost.time += 60;
		assert_int_equal(store_begin(s), 0);
		assert_int_equal(store_slo_minute_put(s, id, &m), 0);
		assert_int_equal(store_slo_minute_put(s, id, &lost), 0);
		store_rollback(s);
		assert_int_equal(store_begin(s), 0);
		assert_int_equal(store_slo_minute_put(s, id, &m), 0);
		assert_int_equal(store_commit(s), 0);
	}
}

static void minutes(struct store *s, int64_t id, int64_t from, int64_t to)
{
	for (int64_t time = from; time < to; time += 60)
		one_minute(s, id, (struct store_slo_minute){ .time = time });
}

static void minutes_that_come_twice_hold_both(void **state)
{
	struct store *s = open_writer(*state);
	struct store_slo_minute m;
	struct sums sums;
	int64_t id;

	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_objective_id(s, "a", &id), 0);
	assert_int_equal(store_commit(s), 0);
	begin_at(s, id, T0);
	minutes(s, id, T0, T0 + 600);
	/* Set back to the middle of the third minute, which is open again. */
	m = begin_at(s, id, T0 + 150);
	assert_int_equal(m.time, T0 + 120);
	assert_int_equal(m.total, 10);
	one_minute(s, id, m);
	minutes(s, id, T0 + 180, T0 + 360);
	sums = sums_of(*state, id);
	assert_int_equal(sums.rows, 10);
	assert_int_equal(sums.total, 140);
	/* A restart in the middle of it. */
	store_close(s);
	s = open_writer(*state);
	m = begin_at(s, id, T0 + 350);
	assert_int_equal(m.time, T0 + 300);
	assert_int_equal(m.total, 20);
	one_minute(s, id, m);
	minutes(s, id, T0 + 360, T0 + 720);
	sums = sums_of(*state, id);
	assert_int_equal(sums.rows, 12);
	assert_int_equal(sums.total, 10 * (10 + 4 + 1 + 6));
	assert_int_equal(sums.good, 8 * (10 + 4 + 1 + 6));
	assert_int_equal(sums.inexact, 2 * (10 + 4 + 1 + 6));
	/* Three times 40 % are more than the sixth minute. */
	assert_int_equal(sums.measured, (10 + 4 + 6) * 400000000ull + 200000000);
	store_close(s);
}

static void what_is_put_before_the_open_minute_adds(void **state)
{
	struct store_slo_minute m = { .time = T0 + 600, .good = 1, .total = 2, .inexact = 1 };
	struct store *s = open_writer(*state);
	struct sums sums;
	int64_t id;

	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_objective_id(s, "a", &id), 0);
	assert_int_equal(store_slo_minute_put(s, id, &m), 0);
	for (int i = 0; i < 3; i++) {
		m = (struct store_slo_minute){ T0 + 60, 4, 5, 400000000, i == 1, 0 };
		assert_int_equal(store_slo_minute_put(s, id, &m), 0);
		m = (struct store_slo_minute){ T0 + 600, 10, 20, 1000000000, false, 0 };
		assert_int_equal(store_slo_minute_put(s, id, &m), 0);
	}
	assert_int_equal(store_commit(s), 0);
	sums = sums_of(*state, id);
	assert_int_equal(sums.rows, 2);
	assert_int_equal(sums.good, 12 + 10);
	assert_int_equal(sums.total, 15 + 20);
	assert_int_equal(sums.measured, 2000000000);
	assert_int_equal(sums.estimated, 1);
	store_close(s);
	/* A restart without a look at what is there. */
	s = open_writer(*state);
	m = (struct store_slo_minute){ T0 + 600, 11, 21, 1000000000, false, 0 };
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_slo_minute_put(s, id, &m), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(sums_of(*state, id).total, 15 + 21);
	store_close(s);
}

static int hour_is(void *context, const struct store_slo_hour *h)
{
	assert_memory_equal(h, context, offsetof(struct store_slo_hour, revision) + 4);
	return 0;
}

static void hours_states_and_alerts_come_back(void **state)
{
	struct store_slo_hour h = { .time = T0,
				    .good = 5,
				    .total = 6,
				    .cells = { 1, 2, 3, 4, 5 },
				    .ns = { 10, 20, 30, 40, 3600000000000 },
				    .ratio_high = 1,
				    .ratio_low = UINT64_MAX,
				    .inexact = 7,
				    .revision = 8 };
	struct store_slo_state st = { -5, 6, 7 }, got;
	struct store *s = open_writer(*state);
	int64_t id;

	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_objective_id(s, "a", &id), 0);
	assert_int_equal(store_slo_hour_put(s, id, &h), 0);
	assert_int_equal(store_slo_state_get(s, id, &got), 0);
	assert_int_equal(got.carry_good, 0);
	assert_int_equal(store_slo_state_put(s, id, &st), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_slo_hour_each(s, id, 0, INT64_MAX, hour_is, &h), 0);
	assert_int_equal(store_slo_state_get(s, id, &got), 0);
	assert_memory_equal(&got, &st, sizeof(st));
	store_close(s);
}

static int count_alert(void *context, const struct store_alert *a)
{
	assert_string_equal(a->severity, "page");
	assert_int_equal(a->since, T0 + a->short_s);
	*(unsigned int *)context += a->long_s;
	return 0;
}

static void an_alert_is_there_until_it_is_cleared(void **state)
{
	struct store_alert a = { "page", 3600, 300, T0 + 300 },
			   b = { "page", 21600, 1800, T0 + 1800 };
	struct store *s = open_writer(*state);
	unsigned int sum = 0;
	int64_t id;

	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_objective_id(s, "a", &id), 0);
	assert_int_equal(store_alert_put(s, id, &a), 0);
	assert_int_equal(store_alert_put(s, id, &a), 0);
	assert_int_equal(store_alert_put(s, id, &b), 0);
	assert_int_equal(store_alert_each(s, id, count_alert, &sum), 0);
	assert_int_equal(sum, 25200);
	assert_int_equal(store_alert_clear(s, id, 21600, 1800), 0);
	assert_int_equal(store_alert_each(s, id, count_alert, &sum), 0);
	assert_int_equal(sum, 25200 + 3600);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
}

static int event_text(void *context, const struct store_event *e)
{
	strcat(context, e->text);
	assert_null(e->slo);
	return 0;
}

static void events_come_in_order_of_time(void **state)
{
	struct store_event e[] = { { .time = T0 + 5, .kind = "start", .text = "b" },
				   { .time = T0, .kind = "gap", .text = "a" },
				   { .time = T0 + 5, .kind = "reload", .text = "c" },
				   { .time = T0 + 9, .kind = "stop", .text = "d" } };
	struct store *s = open_writer(*state);
	char text[8] = "";

	assert_int_equal(store_begin(s), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(store_event_put(s, &e[i]), 0);
	e[3].text = "e";
	assert_int_equal(store_event_put(s, &e[3]), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_event_each(s, T0, T0 + 9, event_text, text), 0);
	assert_string_equal(text, "abc");
	assert_int_equal(store_event_each(s, T0 + 9, INT64_MAX, event_text, text), 0);
	assert_string_equal(text, "abce");
	store_close(s);
}

static int count_event(void *context, const struct store_event *e)
{
	int64_t *first = context;

	first[1]++;
	if (!first[0])
		first[0] = e->time;
	return 0;
}

static void the_newest_events_are_kept_and_others_counted(void **state)
{
	struct store *s = open_writer(*state);
	int64_t seen[2] = {};

	sql(*state,
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200003)"
	    " INSERT INTO events (time, kind, long_s, short_s, text)"
	    " SELECT 1767225600 + i, 'alert', 0, 0, 'x' FROM n");
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_settle(s, T0 + 300000), 0);
	store_rollback(s);
	assert_int_equal(store_events_dropped(s), 0);
	for (int i = 1; i <= 2; i++) {
		assert_int_equal(store_begin(s), 0);
		assert_int_equal(store_settle(s, T0 + 300000 + 60 * i), 0);
		assert_int_equal(store_commit(s), 0);
		assert_int_equal(store_events_dropped(s), 3);
	}
	assert_int_equal(store_event_each(s, 0, INT64_MAX, count_event, seen), 0);
	assert_int_equal(seen[0], T0 + 4);
	assert_int_equal(seen[1], STORE_EVENTS_MAX);
	store_close(s);
}

static void assert_document(struct store *s, int64_t time, const char *expected)
{
	char *yaml;
	size_t n;

	assert_int_equal(store_documents_at(s, time, &yaml, &n), 0);
	assert_string_equal(yaml, expected);
	assert_int_equal(n, strlen(expected));
	free(yaml);
}

static void documents_are_in_force_until_others_are(void **state)
{
	struct store *s = open_writer(*state);
	char *yaml;
	size_t n;

	assert_int_equal(store_documents_at(s, T0, &yaml, &n), -ENOENT);
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_documents_put(s, T0, "one", 3), 0);
	assert_int_equal(store_documents_put(s, T0 + 10, "one", 3), 0);
	assert_int_equal(store_documents_put(s, T0 + 20, "two", 3), 0);
	assert_int_equal(store_documents_put(s, T0 + 30, "", 0), 0);
	assert_int_equal(store_commit(s), 0);
	assert_document(s, T0 - 1, "one");
	assert_document(s, T0 + 19, "one");
	assert_document(s, T0 + 20, "two");
	assert_document(s, T0 + 1000, "");
	/* What no kept hour needs goes; what is in force stays. */
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_settle(s, T0 + 1000ll * 86400), 0);
	assert_int_equal(store_commit(s), 0);
	assert_document(s, T0 - 1, "");
	store_close(s);
}

static int count_message(void *context, const struct store_message *m)
{
	assert_string_equal(m->receiver, "ops");
	*(unsigned int *)context = *(unsigned int *)context * 10 + m->tries;
	return 0;
}

static void a_message_waits_until_it_is_done(void **state)
{
	struct store_message a = { .receiver = "ops", .body = "{}", .created = T0, .next_try = T0 };
	struct store_message b = a;
	struct store *s = open_writer(*state);
	unsigned int seen = 0;

	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_message_put(s, &a), 0);
	assert_int_equal(store_message_put(s, &b), 0);
	a.tries = 1;
	b.tries = 2;
	assert_int_equal(store_message_put(s, &b), 0);
	assert_int_equal(store_message_put(s, &a), 0);
	assert_int_equal(store_message_each(s, count_message, &seen), 0);
	assert_int_equal(seen, 12);
	assert_int_equal(store_message_done(s, a.id), 0);
	assert_int_equal(store_message_each(s, count_message, &seen), 0);
	assert_int_equal(seen, 122);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(an_open_minute_is_put_again_and_again),
		STORE_TEST(minutes_that_come_twice_hold_both),
		STORE_TEST(what_is_put_before_the_open_minute_adds),
		STORE_TEST(hours_states_and_alerts_come_back),
		STORE_TEST(an_alert_is_there_until_it_is_cleared),
		STORE_TEST(events_come_in_order_of_time),
		STORE_TEST(the_newest_events_are_kept_and_others_counted),
		STORE_TEST(documents_are_in_force_until_others_are),
		STORE_TEST(a_message_waits_until_it_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
