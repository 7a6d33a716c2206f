// SPDX-License-Identifier: Apache-2.0
/*
 * numbers_test.c - numbers that come back, limits that change, what is read, and names. TROTH_BACKEND chooses the backend.
 */
#include "field.h"

#include <sched.h>

/* ---- numbers ---- */

struct retired {
	uint16_t first, last;	   /* ports */
	unsigned int n, of_nobody; /* the latter without a key */
};

static int retired(void *context, const struct sampler_series *series)
{
	struct retired *r = context;

	r->of_nobody += !series->key.netns;
	if (series->key.role != ROLE_SERVER || series->key.port < r->first ||
	    series->key.port > r->last)
		return 0;
	r->n++;
	return 0;
}

/* Of all numbers, difference by difference, as a record takes it: index is the number. */
#define NUMBERS 600 /* others on the machine take some of them */
struct ledger {
	uint64_t checkpoint[NUMBERS + SERIES_FIRST];
	uint64_t of_port[65536];
};

static int enter(void *context, const struct sampler_series *series)
{
	struct ledger *l = context;
	uint64_t total = counts_total(series->counts);

	if (series->overflow)
		return 0;
	assert_true(total >= l->checkpoint[series->number]);
	if (series->key.role == ROLE_SERVER)
		l->of_port[series->key.port] += total - l->checkpoint[series->number];
	l->checkpoint[series->number] = total;
	return 0;
}

static int enter_and_count(void *context, const struct sampler_series *series)
{
	return enter(context, series);
}

static void numbers_come_back_for_three_times_as_many_endpoints(void **state)
{
	static struct ledger ledger;
	struct sampler_options o = options();
	struct sampler_losses losses;
	struct sampler *s;

	(void)state;
	memset(&ledger, 0, sizeof(ledger));
	o.max_series = NUMBERS;
	s = open_with(&o);
	for (unsigned int i = 0; i < 3 * NUMBERS; i++) {
		uint16_t port = 0;
		int listener = listen_at(&port), client = connect_to(port);
		int server = accept(listener, NULL, NULL);
		uint64_t before = ledger.of_port[port];

		ask_times(client, server, 3);
		close(client);
		close(server);
		close(listener);
		for (int k = 0; k < 3000 && ledger.of_port[port] < before + 3; k++) {
			assert_int_equal(0, sampler_tick(s));
			assert_int_equal(0, sampler_read(s, false, enter, &ledger));
			usleep(1000);
		}
		assert_int_equal(before + 3, ledger.of_port[port]);
		assert_int_equal(0, sampler_retire(s, 3, 1000, enter_and_count, &ledger));
	}
	sampler_losses(s, &losses);
	assert_true(losses.series_used < NUMBERS);
	shut(s, false);
}

/* Numbers that are with nobody when the process dies: taken from the table, in no queue yet. */
static void numbers_lost_by_a_kill_are_found(void **state)
{
	struct sampler_options o = options();
	struct retired r = { .last = 65535 };
	struct sampler *s;

	(void)state;
	o.max_series = NUMBERS;
	s = open_with(&o);
	for (unsigned int i = 0; i < 20; i++) {
		uint16_t port = 0;
		int listener = listen_at(&port), client = connect_to(port);
		int server = accept(listener, NULL, NULL);

		r.first = i ? r.first : port;
		ask_times(client, server, 1);
		close(client);
		close(server);
		close(listener);
	}
	r.first = 0;
	for (int i = 0; i < 6; i++) {
		look(s, 1, ROLE_SERVER);
		usleep(5000);
	}
	/* They leave the table, and that is all. */
	assert_int_equal(0, sampler_retire(s, 2, 1000, retired, &r));
	assert_int_equal(0, r.n);
	shut(s, true);
	s = open_with(&o);
	assert_true(sampler_maps(s)->adopted);
	for (int i = 0; i < 10; i++) {
		look(s, 1, ROLE_SERVER);
		assert_int_equal(0, sampler_retire(s, 1000, 1000, retired, &r));
	}
	assert_true(r.of_nobody >= 20);
	shut(s, false);
}

/* ---- limits ---- */

static void limits_change_while_traffic_flows(void **state)
{
	static const uint64_t limits_ns[] = { 1,      1000000000, 50000, 2000000000,
					      100000, 3000000000, 7 };
	struct sampler *s = open_fresh();
	struct traffic t = traffic_begin(0);
	struct seen before, seen;
	uint64_t answered;

	(void)state;
	traffic_await(&t, 200);
	before = look(s, t.port, ROLE_SERVER);
	assert_int_equal(before.total, before.within[0]);
	for (size_t i = 0; i < sizeof(limits_ns) / sizeof(*limits_ns); i++) {
		struct threshold wanted[THRESHOLDS] = { { PART_DURATION, 0, 500000000 },
							{ PART_SERVICE, 0, limits_ns[i] } };
		const struct sampler_maps *m = sampler_maps(s);
		unsigned int at = 0;

		assert_int_equal(0, sampler_aim(s, wanted, 2, 5000000000));
		while (at < m->n_thresholds && m->thresholds[at].max_ns != limits_ns[i])
			at++;
		assert_true(at < m->n_thresholds);
		assert_int_equal(500000000, m->thresholds[0].max_ns);
		before = look(s, t.port, ROLE_SERVER);
		traffic_await(&t, 500);
		seen = look(s, t.port, ROLE_SERVER);
		/* All of them, or none, where the limit says so. */
		assert_true(seen.total > before.total);
		if (limits_ns[i] >= 1000000000)
			assert_int_equal(seen.total - before.total,
					 seen.within[at] - before.within[at]);
		if (limits_ns[i] < 10)
			assert_int_equal(0, seen.within[at] - before.within[at]);
	}
	answered = traffic_end(&t);
	seen = look_until(s, t.port, ROLE_SERVER, answered);
	assert_int_equal(answered, seen.total);
	assert_int_equal(answered, seen.within[0]); /* it stayed where it was all the time */
	shut(s, false);
}

static void more_limits_than_there_are_places_are_refused(void **state)
{
	struct sampler *s = open_fresh();
	struct threshold wanted[THRESHOLDS + 1] = {};

	(void)state;
	assert_int_equal(-E2BIG, sampler_aim(s, wanted, THRESHOLDS + 1, 1));
	assert_int_equal(1, sampler_maps(s)->n_thresholds);
	shut(s, false);
}

/* ---- reading ---- */

static unsigned int readings;

static int count_readings(void *context, const struct sampler_series *series)
{
	readings += series->key.port == *(uint16_t *)context && series->key.role == ROLE_SERVER;
	return 0;
}

static unsigned int readings_of(struct sampler *s, uint16_t port)
{
	readings = 0;
	assert_int_equal(0, sampler_tick(s));
	assert_int_equal(0, sampler_read(s, false, count_readings, &port));
	return readings;
}

static void only_what_moved_or_waits_is_read(void **state)
{
	struct sampler_options o = options();
	struct sampler *s;
	uint16_t port = 0;
	int listener = listen_at(&port), client = connect_to(port);
	int server = accept(listener, NULL, NULL);

	(void)state;
	o.idle_end_ns = 20000000; /* until then an answer may go on, and is looked at */
	s = open_with(&o);
	ask_times(client, server, 3);
	usleep(50000);
	assert_int_equal(1, readings_of(s, port));
	for (int i = 0; i < 5; i++)
		readings_of(s, port);
	assert_int_equal(0, readings_of(s, port));
	assert_true(send(client, REQUEST, sizeof(REQUEST) - 1, 0) > 0);
	usleep(50000);
	for (int i = 0; i < 5; i++)
		assert_int_equal(1, readings_of(s, port)); /* it waits */
	assert_true(answer(server));
	assert_int_equal(1, readings_of(s, port));
	close(client);
	close(server);
	close(listener);
	shut(s, false);
}

/* ---- names ---- */

static void who_is_called_the_same_is_told_apart_and_stays_so(void **state)
{
	struct sampler *s = open_fresh();
	uint16_t port = 0;
	int listener = listen_at(&port), client = connect_to(port);
	int server = accept(listener, NULL, NULL);
	struct seen alone, both;
	pid_t other;
	int ready[2];
	char byte;

	(void)state;
	ask_times(client, server, 1);
	alone = look(s, port, ROLE_SERVER);
	assert_int_equal(1, alone.series);
	assert_null(strchr(alone.name, '@'));
	/* The same program at the same port of another namespace. */
	assert_int_equal(0, pipe(ready));
	other = child(fork());
	if (!other) {
		uint16_t own = port;
		int l, c;

		if (unshare(CLONE_NEWNET) || system("ip link set lo up"))
			_exit(1);
		l = listen_at(&own);
		c = connect_to(own);
		ask_times(c, accept(l, NULL, NULL), 1);
		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		pause();
	}
	assert_int_equal(1, read(ready[0], &byte, 1));
	both = look(s, port, ROLE_SERVER);
	assert_int_equal(2, both.series);
	assert_non_null(strstr(both.name, "@netns-"));
	kill(other, SIGKILL);
	await(other);
	close(ready[0]);
	close(ready[1]);
	for (int i = 0; i < 20; i++) {
		look(s, port, ROLE_SERVER);
		sampler_retire(s, 2, 100, retired, &(struct retired){ .first = 1 });
		usleep(10000);
	}
	both = look(s, port, ROLE_SERVER);
	assert_int_equal(1, both.series);
	assert_non_null(strstr(both.name, "@netns-"));
	close(client);
	close(server);
	close(listener);
	shut(s, false);
}

static const struct identity *remembered(void *context, uint32_t number,
					 const struct endpoint_key *key)
{
	static struct identity id = { .name = (char *)"shop:1@one" };
	const struct seen *seen = context;

	return seen->number == number && seen->port == key->port ? &id : NULL;
}

static void who_has_gone_is_called_what_the_record_says(void **state)
{
	struct sampler_options o = options();
	struct sampler *s = open_fresh();
	struct seen seen, again;
	uint16_t port;
	int told[2];
	pid_t pid;

	(void)state;
	assert_int_equal(0, pipe(told));
	pid = child(fork());
	if (!pid) {
		uint16_t own = 0;
		int listener = listen_at(&own), client = connect_to(own);

		ask_times(client, accept(listener, NULL, NULL), 10);
		_exit(write(told[1], &own, sizeof(own)) != sizeof(own));
	}
	assert_int_equal(sizeof(port), read(told[0], &port, sizeof(port)));
	close(told[0]);
	close(told[1]);
	await(pid);
	seen = look(s, port, ROLE_SERVER);
	assert_non_null(strstr(seen.name, "numbers_test:"));
	shut(s, true);
	o.context = &seen;
	o.remembered = remembered;
	s = open_with(&o);
	again = look(s, port, ROLE_SERVER);
	assert_string_equal("shop:1@one", again.name);
	shut(s, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAMPLER_TEST(numbers_come_back_for_three_times_as_many_endpoints),
		SAMPLER_TEST(numbers_lost_by_a_kill_are_found),
		SAMPLER_TEST(limits_change_while_traffic_flows),
		SAMPLER_TEST(more_limits_than_there_are_places_are_refused),
		SAMPLER_TEST(only_what_moved_or_waits_is_read),
		SAMPLER_TEST(who_is_called_the_same_is_told_apart_and_stays_so),
		SAMPLER_TEST(who_has_gone_is_called_what_the_record_says),
	};

	cmocka_set_test_filter(getenv("FILTER"));
	return cmocka_run_group_tests(tests, make_pin_dir_name, NULL);
}
