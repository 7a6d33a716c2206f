// SPDX-License-Identifier: Apache-2.0
/* Counters as bytes: nothing is lost, and a number means the same for ever. */
#include "store_fixture.h"

static void every_counter_comes_back(void **state)
{
	const size_t n = offsetof(struct series_counts, pad) / 8;
	unsigned char bytes[CODEC_BYTES_MAX];

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct series_counts c = {}, back = {};

		((__u64 *)&c)[i] = i * 1000 + 1;
		assert_int_equal(codec_add(bytes, codec_write(&c, bytes), &back), 0);
		assert_memory_equal(&c, &back, sizeof(c));
	}
}

static void the_largest_numbers_fit(void **state)
{
	struct series_counts c, back = {};
	unsigned char bytes[CODEC_BYTES_MAX];

	(void)state;
	memset(&c, 0xff, sizeof(c));
	memset(c.pad, 0, sizeof(c.pad));
	assert_int_equal(codec_add(bytes, codec_write(&c, bytes), &back), 0);
	assert_memory_equal(&c, &back, sizeof(c));
}

static void nothing_takes_no_bytes(void **state)
{
	struct series_counts c = {};
	unsigned char bytes[CODEC_BYTES_MAX];

	(void)state;
	assert_int_equal(codec_write(&c, bytes), 0);
	assert_true(counts_empty(&c));
}

/* Written out by hand from codec.h and the table: these bytes lie on people's disks. */
static void numbers_mean_the_same_for_ever(void **state)
{
	struct series_counts c = { .queue_ns = 5, .receive_ns = 300, .max_ns = 7, .bytes_out = 1 };
	static const unsigned char known[] = {
		10,	       /* 0 follows the beginning: 2 x 5 */
		0xd8, 0x04,    /* 1: 2 x 300 = 600 = 4 x 128 + 88 */
		5,    7,       /* 4 is two on: 2 x 2 + 1 */
		57,   1,       /* 33 is 28 on from 5 */
		0xb1, 0x16, 3, /* duration, 2^(-70/8) s: 1024 + 512 - 70 = 1466, 1432 on from 34 */
		0x89, 0x09, 1, /* its overflow: 2047 */
		0xa7, 0x20, 2, /* exchanges [1][3] = 4096 + 16 + 3 */
	};
	unsigned char bytes[CODEC_BYTES_MAX];

	(void)state;
	c.duration[-70 - HISTOGRAM_MIN_EXP8] = 3;
	c.duration[HISTOGRAM_BUCKETS - 1] = 1;
	c.exchanges[1][OUTCOME_NO_RESPONSE] = 2;
	assert_int_equal(codec_write(&c, bytes), sizeof(known));
	assert_memory_equal(bytes, known, sizeof(known));
}

static void an_unknown_number_is_left_out(void **state)
{
	struct series_counts c = {}, expected = { .queue_ns = 1, .bytes_in = 2 };
	/* 0, then 20, which is nothing yet, then 32, then one after all others. */
	static const unsigned char bytes[] = { 2, 39, 9, 23, 2, 0xff, 0x7c, 1 };

	(void)state;
	assert_int_equal(codec_add(bytes, sizeof(bytes), &c), 0);
	assert_memory_equal(&c, &expected, sizeof(c));
}

static void what_are_no_such_bytes_changes_nothing(void **state)
{
	static const struct {
		unsigned char bytes[24];
		size_t n;
	} bad[] = {
		{ { 2, 0x80 }, 2 },			       /* ends inside */
		{ { 2, 5 }, 2 },			       /* a step without a value */
		{ { 2, 0xff, 0xff, 0xff, 0xff, 0x01, 1 }, 7 }, /* past all numbers */
		{ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02 },
		  10 }, /* 65 bits */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct series_counts c = { .queue_ns = 77 }, was = c;

		assert_int_equal(codec_add(bad[i].bytes, bad[i].n, &c), -EINVAL);
		assert_memory_equal(&c, &was, sizeof(c));
	}
}

static void a_difference_added_gives_the_later_one(void **state)
{
	struct series_counts from, to, step, d, sum;
	uint64_t seed = 5;

	(void)state;
	some_counts(&seed, 100, &from);
	some_counts(&seed, 50, &step);
	to = from;
	counts_add(&to, &step);
	assert_true(counts_difference(&to, &from, &d));
	sum = from;
	counts_add(&sum, &d);
	assert_memory_equal(&sum, &to, sizeof(sum));
	assert_int_equal(d.max_ns, to.max_ns > from.max_ns ? to.max_ns : 0);
	assert_true(counts_difference(&to, &to, &d));
	assert_true(counts_empty(&d));
}

static void a_counter_that_went_down_is_told(void **state)
{
	struct series_counts from = { .bytes_in = 5, .max_ns = 9 }, to = { .bytes_in = 5 }, d;

	(void)state;
	assert_true(counts_difference(&to, &from, &d)); /* a maximum is no count */
	to.bytes_in = 4;
	to.bytes_out = 100;
	assert_false(counts_difference(&to, &from, &d));
}

static void adding_keeps_the_larger_maximum(void **state)
{
	struct series_counts a = { .max_ns = 5 }, b = { .max_ns = 3 };
	unsigned char bytes[CODEC_BYTES_MAX];
	size_t n = codec_write(&b, bytes);

	(void)state;
	counts_add(&a, &b);
	assert_int_equal(a.max_ns, 5);
	assert_int_equal(codec_add(bytes, n, &a), 0);
	assert_int_equal(a.max_ns, 5);
	b.max_ns = 8;
	counts_add(&a, &b);
	assert_int_equal(a.max_ns, 8);
}

static void losses_come_back(void **state)
{
	unsigned char bytes[LOSSES_BYTES_MAX];
	struct losses l, back = {};

	(void)state;
	for (size_t i = 0; i < sizeof(l) / 8; i++)
		((__u64 *)&l)[i] = i + 1;
	assert_int_equal(losses_add(bytes, losses_write(&l, bytes), &back), 0);
	assert_memory_equal(&l, &back, sizeof(l));
	memset(&l, 0xff, sizeof(l));
	memset(&back, 0, sizeof(back));
	assert_int_equal(losses_add(bytes, losses_write(&l, bytes), &back), 0);
	assert_memory_equal(&l, &back, sizeof(l));
}

static int by_name(void *context, const struct codec_counter *counter, uint64_t value)
{
	__u64 *place = codec_find(context, counter);

	assert_non_null(place);
	assert_int_equal(*place, 0);
	*place = value;
	return 0;
}

static void every_counter_has_a_name_of_its_own(void **state)
{
	struct series_counts c, back = {};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / 8; i++)
		((__u64 *)&c)[i] = i + 1;
	memset(c.pad, 0, sizeof(c.pad));
	assert_int_equal(codec_each(&c, by_name, &back), 0);
	assert_memory_equal(&c, &back, sizeof(c));
	assert_null(codec_find(&c, &(struct codec_counter){ .name = "bytes" }));
	assert_null(codec_find(&c, &(struct codec_counter){ "duration", HISTOGRAM_BUCKETS, 0, 1 }));
	assert_null(codec_find(&c, &(struct codec_counter){ "exchanges", 0, OUTCOMES, 2 }));
	assert_null(codec_find(&c, &(struct codec_counter){ "exchanges", 0, 0, 1 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_counter_comes_back),
		cmocka_unit_test(the_largest_numbers_fit),
		cmocka_unit_test(nothing_takes_no_bytes),
		cmocka_unit_test(numbers_mean_the_same_for_ever),
		cmocka_unit_test(an_unknown_number_is_left_out),
		cmocka_unit_test(what_are_no_such_bytes_changes_nothing),
		cmocka_unit_test(a_difference_added_gives_the_later_one),
		cmocka_unit_test(a_counter_that_went_down_is_told),
		cmocka_unit_test(adding_keeps_the_larger_maximum),
		cmocka_unit_test(losses_come_back),
		cmocka_unit_test(every_counter_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
