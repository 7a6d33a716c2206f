// SPDX-License-Identifier: Apache-2.0
/*
 * start_test.c - starts that are killed, at random moments and while they attach. TROTH_BACKEND chooses the backend.
 */
#include "field.h"

static useconds_t us_of_start(void)
{
	struct timespec a, b;

	clock_gettime(CLOCK_MONOTONIC, &a);
	shut(open_fresh(), false);
	clock_gettime(CLOCK_MONOTONIC, &b);
	return (useconds_t)((b.tv_sec - a.tv_sec) * 1000000 + (b.tv_nsec - a.tv_nsec) / 1000);
}

#define ATTACHING_US 40000

/* Anywhere in it; or in its last part, from the moment at which maps are there, which is short. */
static void wait_within_start(useconds_t whole, bool late)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/maps", pin_dir);
	for (int i = 0; late && i < 100000 && access(path, F_OK); i++)
		usleep(100);
	usleep((useconds_t)random() % (late ? ATTACHING_US : whole + whole / 5));
}

/* How far a start had come when it was killed. */
struct stages {
	unsigned int nothing, maps, attaching, links;
};

static void note_stage(struct stages *s)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/links", pin_dir);
	if (!access(path, F_OK)) {
		s->links++;
		return;
	}
	snprintf(path, sizeof(path), "%s/links-new", pin_dir);
	if (!access(path, F_OK)) {
		s->attaching++;
		return;
	}
	snprintf(path, sizeof(path), "%s/maps", pin_dir);
	if (!access(path, F_OK))
		s->maps++;
	else
		s->nothing++;
}

/* What was answered when a look began, and when it had ended. */
struct told {
	uint64_t least, most;
	struct seen seen;
};
#define UNDER_WAY 2 /* exchanges that one of the two knows of, and not yet the other */

static struct told tell(struct sampler *s, const struct traffic *t)
{
	struct told ret = { .least = atomic_load(&t->counted->answered) };

	ret.seen = look(s, t->port, ROLE_SERVER);
	ret.most = atomic_load(&t->counted->answered);
	return ret;
}

static void a_start_may_be_killed_at_any_moment(void **state)
{
	struct timespec seed;
	struct traffic t = traffic_begin(200);
	useconds_t whole = us_of_start();
	unsigned int adopted = 0;
	struct stages stages = {};

	(void)state;
	clock_gettime(CLOCK_REALTIME, &seed);
	srandom((unsigned int)seed.tv_nsec);
	print_message("# seed %u\n", (unsigned int)seed.tv_nsec);
	for (int i = 0; i < 30; i++) {
		pid_t pid = child(fork());

		if (!pid) {
			struct sampler_options o = options();
			struct sampler *s;
			char why[256];

			sampler_open(&o, &s, why, sizeof(why));
			pause();
		}
		wait_within_start(whole, i % 3 != 2);
		end_by_kill(pid);
		note_stage(&stages);
		if (i % 3) {
			struct sampler *s = open_fresh();
			struct told before = tell(s, &t), after;

			adopted += sampler_maps(s)->adopted;
			traffic_await(&t, 100);
			after = tell(s, &t);
			assert_in_range(after.seen.ok - before.seen.ok,
					after.least - before.most - UNDER_WAY,
					after.most - before.least + UNDER_WAY);
			assert_int_equal(after.seen.total, after.seen.ok);
			shut(s, false);
		}
	}
	print_message("# killed with nothing %u, with maps %u, attaching %u, attached %u times; "
		      "adopted %u of 20\n",
		      stages.nothing, stages.maps, stages.attaching, stages.links, adopted);
	traffic_end(&t);
}

static void a_start_killed_before_traffic_counts_all_of_it_later(void **state)
{
	useconds_t whole = us_of_start();

	(void)state;
	for (int i = 0; i < 10; i++) {
		struct traffic t;
		struct sampler *s;
		struct seen seen;
		uint64_t answered;
		pid_t pid = child(fork());

		if (!pid) {
			struct sampler_options o = options();
			char why[256];

			sampler_open(&o, &s, why, sizeof(why));
			pause();
		}
		wait_within_start(whole, i % 2);
		end_by_kill(pid);
		s = open_fresh();
		t = traffic_begin(0);
		traffic_await(&t, 500);
		answered = traffic_end(&t);
		seen = look_until(s, t.port, ROLE_SERVER, answered);
		assert_int_equal(answered, seen.ok);
		assert_int_equal(answered, seen.total);
		shut(s, false);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAMPLER_TEST(a_start_may_be_killed_at_any_moment),
		SAMPLER_TEST(a_start_killed_before_traffic_counts_all_of_it_later),
	};

	cmocka_set_test_filter(getenv("FILTER"));
	return cmocka_run_group_tests(tests, make_pin_dir_name, NULL);
}
