// SPDX-License-Identifier: Apache-2.0
/*
 * test_time_tables.c - thousands of moments, periods and recurrences, as Python's zoneinfo and
 * dateutil have them: time_tables.py writes them, a case a line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/conf/rrule.h"
#include "../../user/slo/periods.h"

#define FIELDS_MAX 8

/* Fails with line where its fields are not what we make of them. */
typedef void (*check_case)(char *const field[], const char *line);

static struct civil civil_of(const char *text)
{
	int year, month, day, hour, minute, second;

	assert_int_equal(6, sscanf(text, "%d-%d-%d %d:%d:%d", &year, &month, &day, &hour, &minute,
				   &second));
	return (struct civil){ year,	      (uint8_t)month,  (uint8_t)day,
			       (uint8_t)hour, (uint8_t)minute, (uint8_t)second };
}

static int64_t number_of(const char *text)
{
	char *end;
	long long n = strtoll(text, &end, 10);

	assert_true(end != text && !*end);
	return n;
}

static unsigned int split(char *line, char *field[FIELDS_MAX])
{
	unsigned int n = 0;

	for (char *at = line; at && n < FIELDS_MAX; n++)
		field[n] = strsep(&at, "|");
	return n;
}

static void compare(const char *table, unsigned int fields, long at_least, check_case check)
{
	char command[128], *line = NULL;
	size_t room = 0;
	long cases = 0;
	bool ended = false;
	FILE *f;

	snprintf(command, sizeof(command), "/usr/bin/python3 tests/unit/time_tables.py %s", table);
	f = popen(command, "r");
	assert_non_null(f);
	for (ssize_t n; (n = getline(&line, &room, f)) > 0;) {
		char *field[FIELDS_MAX], *copy;

		line[n - 1] = 0;
		copy = strdup(line);
		assert_non_null(copy);
		if (!strncmp(line, "end|", 4)) {
			assert_int_equal(cases, number_of(line + 4));
			ended = true;
		} else {
			assert_int_equal(fields, split(copy, field));
			check(field, line);
			cases++;
		}
		free(copy);
	}
	free(line);
	assert_int_equal(0, pclose(f));
	assert_true(ended);
	assert_in_range(cases, at_least, 100000);
}

static void check_civil(char *const field[], const char *line)
{
	struct civil c = zone_civil(field[0], number_of(field[1]));
	char text[64];

	snprintf(text, sizeof(text), "%d-%u-%u %u:%u:%u", c.year, c.month, c.day, c.hour, c.minute,
		 c.second);
	if (strcmp(text, field[2]))
		fail_msg("%s: we have %s", line, text);
}

static void clocks_show_what_python_says(void **state)
{
	(void)state;
	compare("civil", 3, 10000, check_civil);
}

static void check_unix(char *const field[], const char *line)
{
	const struct civil c = civil_of(field[1]);
	int64_t t = zone_unix(field[0], &c);

	if (t != number_of(field[2]))
		fail_msg("%s: we have %lld", line, (long long)t);
}

static void readings_mean_what_python_says(void **state)
{
	(void)state;
	compare("unix", 3, 10000, check_unix);
}

static void check_period(char *const field[], const char *line)
{
	const struct civil start = civil_of(field[1]);
	struct time_window w = {
		.zone = field[0],
		.start_year = (int16_t)start.year,
		.start_month = start.month,
		.start_day = start.day,
		.start_hour = start.hour,
		.start_minute = start.minute,
		.start_second = start.second,
	};
	struct period p;

	assert_int_equal(2, sscanf(field[2], "%u%c", &w.span.n, &w.span.unit));
	p = period_at(&w, number_of(field[3]));
	if (p.start != number_of(field[4]) || p.end != number_of(field[5]))
		fail_msg("%s: we have %lld to %lld", line, (long long)p.start, (long long)p.end);
}

static void periods_begin_and_end_where_python_says(void **state)
{
	(void)state;
	compare("period", 6, 5000, check_period);
}

struct collected {
	char text[4096];
	size_t n;
};

static int collect(int64_t start, void *context)
{
	struct collected *c = context;

	c->n += (size_t)snprintf(c->text + c->n, sizeof(c->text) - c->n, "%s%lld", c->n ? " " : "",
				 (long long)start);
	return c->n >= sizeof(c->text);
}

static void check_rrule(char *const field[], const char *line)
{
	const struct civil first = civil_of(field[1]);
	struct collected c = { .n = 0 };
	struct rrule rule;
	char why[RRULE_WHY];

	if (rrule_parse(field[2], field[0], &rule, why, sizeof(why)))
		fail_msg("%s: %s", line, why);
	rrule_each(&rule, &first, field[0], number_of(field[3]), number_of(field[4]), collect, &c);
	if (strcmp(c.text, field[5]))
		fail_msg("%s: we have %s", line, c.text);
}

static void rules_recur_when_dateutil_says(void **state)
{
	(void)state;
	compare("rrule", 6, 4000, check_rrule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clocks_show_what_python_says),
		cmocka_unit_test(readings_mean_what_python_says),
		cmocka_unit_test(periods_begin_and_end_where_python_says),
		cmocka_unit_test(rules_recur_when_dateutil_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
