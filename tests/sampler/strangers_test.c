// SPDX-License-Identifier: Apache-2.0
/*
 * strangers_test.c - starts over maps of other settings that are killed, and what the next one finds.
 * TROTH_BACKEND chooses the backend.
 */
#include "field.h"

#define SERIES	     600
#define OTHER_SERIES 300

/* A measurement of some exchanges that is gone, but for its pins. */
static uint32_t leave_pins(uint16_t *port, unsigned int exchanges)
{
	struct sampler_options o = options();
	struct sampler *s;
	struct seen seen;
	int listener, client, server;

	o.max_series = SERIES;
	s = open_with(&o);
	*port = 0;
	listener = listen_at(port);
	client = connect_to(*port);
	server = accept(listener, NULL, NULL);
	ask_times(client, server, exchanges);
	close(client);
	close(server);
	close(listener);
	seen = look_until(s, *port, ROLE_SERVER, exchanges);
	assert_int_equal(exchanges, seen.total);
	shut(s, true);
	return seen.number;
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void wait_us(uint64_t us)
{
	for (uint64_t until = now_us() + us; now_us() < until;)
		;
}

/* What a start that is killed had said before. */
static atomic_uint *has_left;

static int left_in_a_child(void *context, const struct sampler_maps *maps,
			   const struct losses *losses, uint64_t missed, uint64_t in_flight)
{
	(void)context, (void)maps, (void)losses, (void)missed, (void)in_flight;
	atomic_store(has_left, 1);
	return 0;
}

static pid_t open_in_a_child(struct sampler_options o)
{
	pid_t pid = child(fork());

	if (!pid) {
		struct sampler *s = NULL;
		char why[512];

		o.left = left_in_a_child;
		if (sampler_open(&o, &s, why, sizeof(why)))
			_exit(1);
		for (;;)
			pause();
	}
	return pid;
}

static bool is_there(const char *where)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", pin_dir, where);
	return !access(path, F_OK);
}

/* Every other one at some moment of all that a start does, the others while the old maps go. */
static void a_start_over_other_maps_may_be_killed_at_any_moment(void **state)
{
	unsigned int half_gone = 0, before = 0, after = 0;
	uint64_t whole_us = 0;

	(void)state;
	srand(1);
	has_left = mmap(NULL, sizeof(*has_left), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	assert_true(has_left != MAP_FAILED);
	for (int i = 0; i < 24; i++) {
		struct leavers l = { .seen = { .role = ROLE_SERVER } };
		struct sampler_options o = options_of(&l);
		struct sampler_losses losses;
		uint64_t begun, deadline;
		struct sampler *s;
		pid_t pid;

		o.max_series = OTHER_SERIES;
		leave_pins(&l.seen.port, 10);
		atomic_store(has_left, 0);
		begun = now_us();
		deadline = begun + 20000000;
		pid = open_in_a_child(o);
		if (i % 2 || !whole_us) {
			while (!atomic_load(has_left) && now_us() < deadline)
				;
			assert_int_equal(1, atomic_load(has_left));
			whole_us = now_us() - begun;
			wait_us((uint64_t)rand() % 400);
		} else {
			wait_us((uint64_t)rand() % (whole_us + whole_us / 8));
		}
		end_by_kill(pid);
		half_gone += is_there("maps-old");
		s = open_with(&o);
		assert_false(is_there("maps-old"));
		assert_false(is_there("links-old"));
		if (atomic_load(has_left)) {
			assert_in_range(l.left, 0, 1);
			after++;
		} else {
			assert_int_equal(1, l.left);
			before++;
		}
		/* All that was counted once more, or nothing. */
		assert_int_equal(l.left ? 10 : 0, l.seen.total);
		sampler_losses(s, &losses);
		assert_int_equal(OTHER_SERIES, losses.series_max);
		shut(s, false);
		assert_false(is_there(""));
	}
	munmap(has_left, sizeof(*has_left));
	print_message(
		"# killed before they were recorded %u, afterwards %u times; half removed %u\n",
		before, after, half_gone);
	assert_true(before && after);
}

/* As a kill leaves them. */
static void half_remove(const char *where, const char *old, const char *first)
{
	char from[128], to[128], pin[192];

	snprintf(from, sizeof(from), "%s/%s", pin_dir, where);
	snprintf(to, sizeof(to), "%s/%s", pin_dir, old);
	snprintf(pin, sizeof(pin), "%s/%s", to, first);
	assert_int_equal(0, rename(from, to));
	assert_int_equal(0, unlink(pin));
}

static void what_is_half_removed_goes_at_the_next_start_or_detach(void **state)
{
	struct leavers l = { .seen = { .role = ROLE_SERVER } };
	struct sampler_options o = options_of(&l);
	struct sampler *s;
	char why[512];

	(void)state;
	leave_pins(&l.seen.port, 3);
	half_remove("links", "links-old", "troth_sweep");
	s = open_with(&o); /* hooks were gone for a while: nothing goes on */
	assert_int_equal(1, l.left);
	assert_int_equal(3, l.seen.total);
	assert_false(is_there("links-old"));
	shut(s, false);
	leave_pins(&l.seen.port, 3);
	half_remove("links", "links-old", "troth_sweep");
	half_remove("maps", "maps-old", "series");
	s = open_with(&o);
	assert_int_equal(1, l.left);
	assert_false(sampler_maps(s)->adopted);
	assert_false(is_there("maps-old"));
	shut(s, true);
	half_remove("maps", "maps-old", "series");
	assert_int_equal(0, sampler_detach(pin_dir, why, sizeof(why)));
	assert_false(is_there(""));
}

/* A record that knows one number, and whom it is. */
struct memory {
	uint32_t number;
	unsigned int asked_too_early, told;
	bool taken_up, ends;
	char name[64];
	uint64_t total;
};

static int learn(void *context, const struct sampler_series *series)
{
	struct memory *m = context;

	m->taken_up = true;
	if (series->number != m->number)
		return 0;
	assert_int_equal(ROLE_SERVER, series->key.role);
	m->told++;
	m->total = counts_total(series->counts);
	snprintf(m->name, sizeof(m->name), "%s", series->id ? series->id->name : "");
	return m->ends ? -ECANCELED : 0;
}

static int learn_of_maps(void *context, const struct sampler_maps *maps,
			 const struct sampler_series *series)
{
	(void)maps;
	return learn(context, series);
}

static const struct identity *recall(void *context, uint32_t number, const struct endpoint_key *key)
{
	static const struct identity id = { .name = (char *)"shop" };
	struct memory *m = context;

	m->asked_too_early += !m->taken_up;
	return number == m->number && !key->netns ? &id : NULL;
}

/* Its number has left the table of endpoints when the process is killed. */
static void leave_leaving(struct memory *m)
{
	struct sampler_options o = options();
	uint16_t port;
	struct sampler *s;
	int r = 0;

	*m = (struct memory){ .number = leave_pins(&port, 5), .ends = true };
	o.max_series = SERIES;
	s = open_with(&o);
	for (int i = 0; !r && i < 1000; i++) {
		look(s, port, ROLE_SERVER);
		r = sampler_retire(s, 2, 1000, learn, m);
	}
	assert_int_equal(-ECANCELED, r);
	shut(s, true);
	*m = (struct memory){ .number = m->number };
}

static void who_has_left_the_table_is_known_by_the_number(void **state)
{
	struct memory m;
	struct sampler_options o = options();
	struct sampler *s;

	(void)state;
	o.max_series = SERIES;
	o.context = &m;
	o.leaving = learn_of_maps;
	o.remembered = recall;
	leave_leaving(&m);
	s = open_with(&o);
	assert_true(sampler_maps(s)->adopted);
	assert_int_equal(0, sampler_read(s, true, learn, &m));
	assert_int_equal(1, m.told);
	assert_string_equal("shop", m.name);
	for (int i = 0; m.told < 2 && i < 1000; i++) {
		look(s, 1, ROLE_SERVER);
		assert_int_equal(0, sampler_retire(s, 2, 1000, learn, &m));
	}
	assert_int_equal(2, m.told);
	assert_string_equal("shop", m.name);
	assert_int_equal(5, m.total);
	shut(s, false);
	leave_leaving(&m);
	o.max_series = OTHER_SERIES;
	s = open_with(&o);
	assert_int_equal(1, m.told);
	assert_string_equal("shop", m.name);
	assert_int_equal(5, m.total);
	assert_int_equal(0, m.asked_too_early);
	shut(s, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAMPLER_TEST(a_start_over_other_maps_may_be_killed_at_any_moment),
		SAMPLER_TEST(what_is_half_removed_goes_at_the_next_start_or_detach),
		SAMPLER_TEST(who_has_left_the_table_is_known_by_the_number),
	};

	cmocka_set_test_filter(getenv("FILTER"));
	return cmocka_run_group_tests(tests, make_pin_dir_name, NULL);
}
