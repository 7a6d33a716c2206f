// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_time.c - a moment or a recurrence rule from any text. What a moment was read as is written and
 * read back; a rule's occurrences ascend, lie in the range, and are the same in two halves of it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/base/zone.c"
#include "../../user/base/time_text.c"
#include "../../user/conf/rrule.c"
#include "../../user/conf/rrule_parse.c"

#include "check.h"

#define ZONE  "Europe/Berlin"
#define FROM  INT64_C(1772000000) /* 2026-02-25 */
#define RANGE INT64_C(60000000)	  /* not quite two years */

struct seen {
	int64_t from, before, last;
	uint64_t n, sum;
};

static int see(int64_t start, void *context)
{
	struct seen *s = context;

	CHECK(start >= s->from && start < s->before && start > s->last);
	s->last = start;
	s->n++;
	s->sum += (uint64_t)start;
	return 0;
}

static struct seen occurrences(const struct rrule *r, int64_t from, int64_t before)
{
	const struct civil first = { 2024, 2, 29, 2, 30, 0 };
	struct seen s = { .from = from, .before = before, .last = INT64_MIN };

	rrule_each(r, &first, ZONE, from, before, see, &s);
	return s;
}

static void check_rule(const char *text, unsigned int split)
{
	struct rrule r;
	struct seen whole, left, right;
	int64_t middle = FROM + RANGE / 256 * split;
	char why[RRULE_WHY];

	memset(why, '!', sizeof(why));
	if (rrule_parse(text, ZONE, &r, why, sizeof(why))) {
		size_t n = strnlen(why, sizeof(why));

		CHECK(n && n < sizeof(why) - 1);
		for (size_t i = 0; i < n; i++)
			CHECK(why[i] >= ' ' && why[i] <= '~');
		return;
	}
	whole = occurrences(&r, FROM, FROM + RANGE);
	left = occurrences(&r, FROM, middle);
	right = occurrences(&r, middle, FROM + RANGE);
	CHECK(whole.n == left.n + right.n && whole.sum == left.sum + right.sum);
	CHECK(!r.count || whole.n <= r.count);
	CHECK(whole.n == 0 || whole.last <= r.until);
}

static void check_moment(const char *text)
{
	char buf[TIME_TEXT];
	int64_t t, again;

	if (time_parse(text, &t))
		return;
	CHECK(t >= TIME_MIN && t <= TIME_MAX);
	CHECK(!time_parse(time_format(t, buf), &again) && again == t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	if (!text)
		return 0;
	check_moment(text);
	check_rule(text, *data);
	free(text);
	return 0;
}
