// SPDX-License-Identifier: Apache-2.0
/*
 * test_counts.c - recorded counts: what is read, and where what is wrong is said to be. Truth is the
 * text that each test writes itself, RFC 4180, and CONTRACT "Replay, precisely", 2.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/base/cleanup.h"
#include "../../user/conf/counts.h"
#include "../../user/conf/counts_field.h"

static struct problems problems;
static struct counts *counts;
static char path[64];

static void write_file(const char *text, size_t n)
{
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/troth-counts-%d.csv", (int)getpid());
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(n, fwrite(text, 1, n, f));
	fclose(f);
}

static int open_bytes(const char *text, size_t n, uint32_t step)
{
	problems_clear(&problems);
	counts_free(counts);
	counts = NULL;
	write_file(text, n);
	return counts_open(path, step, &problems, &counts);
}

static int open_text(const char *text)
{
	return open_bytes(text, strlen(text), 60);
}

static int clean(void **state)
{
	(void)state;
	counts_free(counts);
	counts = NULL;
	problems_clear(&problems);
	unlink(path);
	return 0;
}

#define HEADER	 "time,slo,good,total\n"
#define MEASURED "time,slo,good,total,measured\n"

/* The one error: its place, and two things that it says. */
static void assert_wrong(const char *text, unsigned int line, unsigned int column, const char *what,
			 const char *instead)
{
	const struct problem *p;

	assert_int_equal(-EINVAL, open_text(text));
	assert_int_equal(1, problems.errors);
	p = &problems.item[problems.n - 1];
	assert_int_equal(PROBLEM_ERROR, p->level);
	if (p->place.line != line || p->place.column != column || !strstr(p->message, what) ||
	    !strstr(p->message, instead) || strchr(p->message, '\n'))
		fail_msg("%u:%u: %s", p->place.line, p->place.column, p->message);
}

static void assert_row(int64_t time, const char *name, uint64_t good, uint64_t total,
		       uint32_t measured)
{
	struct counts_row row;

	assert_int_equal(1, counts_next(counts, &row));
	assert_int_equal(time, row.time);
	assert_string_equal(name, counts_name(counts, row.name)->text);
	assert_int_equal(good, row.good);
	assert_int_equal(total, row.total);
	assert_int_equal(measured, row.measured);
}

static void assert_end(void)
{
	struct counts_row row;

	assert_int_equal(0, counts_next(counts, &row));
	assert_int_equal(0, counts_next(counts, &row));
}

static void rows_come_as_they_stand(void **state)
{
	int64_t from, to;

	(void)state;
	assert_int_equal(0, open_text(HEADER "120,a,1,2\n120,b,3,4\n180,a,5,6\n180,b,7,8\n"));
	assert_int_equal(2, counts_n_names(counts));
	assert_string_equal("a", counts_name(counts, 0)->text);
	assert_int_equal(120, counts_name(counts, 1)->first);
	assert_int_equal(180, counts_name(counts, 1)->last);
	assert_int_equal(2, counts_name(counts, 1)->rows);
	assert_true(counts_range(counts, &from, &to));
	assert_int_equal(120, from);
	assert_int_equal(240, to);
	for (int again = 0; again < 2; again++) {
		assert_row(120, "a", 1, 2, 1000000000);
		assert_row(120, "b", 3, 4, 1000000000);
		assert_row(180, "a", 5, 6, 1000000000);
		assert_row(180, "b", 7, 8, 1000000000);
		assert_end();
		counts_rewind(counts);
	}
}

static void line_ends_quotes_and_a_mark_at_the_beginning_are_those_of_rfc_4180(void **state)
{
	(void)state;
	assert_int_equal(0, open_text("\xef\xbb\xbf\"time\",slo,good,total\r\n"
				      "60,\"shop/a, \"\"b\"\"\",1,2\r\n\r\n"
				      "\"120\",\"shop/a, \"\"b\"\"\",\"3\",\"4\"\n"
				      "180,shop/\xc3\xbc,5,6"));
	assert_row(60, "shop/a, \"b\"", 1, 2, 1000000000);
	assert_row(120, "shop/a, \"b\"", 3, 4, 1000000000);
	assert_row(180, "shop/\xc3\xbc", 5, 6, 1000000000);
	assert_end();
	/* A name with a comma never stands for two columns. */
	assert_wrong(HEADER "60,\"a,b\",1,2\n120,a,b,1,2\n", 3, 11, "5 columns", "header has 4");
	assert_wrong(HEADER "60,\"a\"\"b\",1,2\n120,a\"b,1,2\n", 3, 6, "quote in the middle",
		     "in quotes");
}

static void columns_are_found_by_name_in_any_order(void **state)
{
	(void)state;
	assert_int_equal(0, open_text("total,measured,slo,good,time\n2,0.5,a,1,60\n"));
	assert_row(60, "a", 1, 2, 500000000);
	assert_int_equal(0, problems.n);
	assert_int_equal(0, open_text("time,slo,good,total,note,mesured\n60,a,1,2,hello,x\n"));
	assert_row(60, "a", 1, 2, 1000000000);
	assert_int_equal(2, problems.warnings);
	assert_int_equal(21, problems.item[0].place.column);
	assert_non_null(strstr(problems.item[1].message, "write 'measured'"));
	assert_int_equal(0, open_text(MEASURED "60,a,1,2,1\n120,a,1,2,0.5\n"));
	assert_row(60, "a", 1, 2, 1000000000);
	assert_row(120, "a", 1, 2, 500000000);
	/* A sixth column is no reason to read the others as if it were not there. */
	assert_int_equal(0, open_text("time,slo,good,total,measured,note\n60,a,1,2,1,7\n"));
	assert_row(60, "a", 1, 2, 1000000000);
}

static void a_header_that_is_none_is_said(void **state)
{
	(void)state;
	assert_wrong("", 1, 1, "empty", "time,slo,good,total");
	assert_wrong("\n\n", 2, 1, "empty", "time,slo,good,total");
	assert_wrong("60,a,1,2\n", 1, 1, "no column 'time'", "time,slo,good,total");
	assert_wrong("time,slo,good\n", 1, 1, "no column 'total'", "time,slo,good,total");
	assert_wrong("time,slo,good,total,good\n", 1, 21, "second column 'good'", "once");
	assert_wrong("Time,slo,good,total\n", 1, 1, "no column 'time'", "time,slo,good,total");
}

static void a_time_is_unix_seconds_or_rfc_3339(void **state)
{
	(void)state;
	/* 2026-01-31T12:00:00Z by date(1): 1769860800 */
	assert_int_equal(0, open_text(HEADER "2026-01-31T12:00:00Z,a,1,2\n"
					     "2026-01-31T12:00:00Z,b,1,2\n"
					     "2026-01-31T13:01:00+01:00,a,3,4\n"
					     "1769860920,a,5,6\n"
					     "2026-01-31T07:03:00.000-05:00,a,7,8\n"));
	assert_row(1769860800, "a", 1, 2, 1000000000);
	assert_row(1769860800, "b", 1, 2, 1000000000);
	assert_row(1769860860, "a", 3, 4, 1000000000);
	assert_row(1769860920, "a", 5, 6, 1000000000);
	assert_row(1769860980, "a", 7, 8, 1000000000);
	assert_wrong(HEADER "soon,a,1,2\n", 2, 1, "'soon' is not a time", "Unix seconds");
	assert_wrong(HEADER ",a,1,2\n", 2, 1, "'' is not a time", "Unix seconds");
	assert_wrong(HEADER "-60,a,1,2\n", 2, 1, "'-60' is not a time", "Unix seconds");
	assert_wrong(HEADER " 60,a,1,2\n", 2, 1, "not a time", "Unix seconds");
	assert_wrong(HEADER "1e5,a,1,2\n", 2, 1, "'1e5' is not a time", "Unix seconds");
	assert_wrong(HEADER "61,a,1,2\n", 2, 1, "'61' is not a multiple of the step of 60 s",
		     "--step");
	assert_wrong(HEADER "2026-01-31T12:00:00.5Z,a,1,2\n", 2, 1, "not a multiple", "--step");
	assert_wrong(HEADER "9999999999960,a,1,2\n", 2, 1, "time", "Unix seconds");
	assert_wrong(HEADER "99999999999999999999960,a,1,2\n", 2, 1, "time", "Unix seconds");
}

static void times_ascend_within_one_name_only(void **state)
{
	(void)state;
	assert_int_equal(0, open_text(HEADER "120,a,1,2\n60,b,1,2\n180,a,1,2\n120,b,1,2\n"));
	assert_wrong(HEADER "60,a,1,2\n60,b,1,2\n60,a,1,2\n", 4, 1, "second row of this slo",
		     "one row");
	assert_wrong(HEADER "120,a,1,2\n60,a,1,2\n", 3, 1, "before the last", "sort");
}

static void what_is_no_count_is_refused_where_it_stands(void **state)
{
	static const char *const wrong[] = { "",   "-1", "1.0", "1e5", "+1",  " 1", "1 ",
					     "0x", "1,", "NaN", "Inf", "1_0", "\t1" };
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(text, sizeof(text), HEADER "60,ab,\"%s\",20\n", wrong[i]);
		assert_wrong(text, 2, 7, "is no count", "whole number");
		snprintf(text, sizeof(text), HEADER "60,\xc3\xbc,1,\"%s\"\n", wrong[i]);
		assert_wrong(text, 2, 8, "is no count", "whole number");
	}
	assert_wrong(HEADER "60,a,1,Infinity\n", 2, 8, "'Infinity' is no count", "whole number");
	assert_wrong(HEADER "60,a,3,2\n", 2, 6, "good is more than total", "good");
	assert_wrong(HEADER "60,a,,2\n", 2, 6, "good of '' is no count", "whole number");
	assert_wrong(HEADER "60,a,2,\n", 2, 7, "total of '' is no count", "whole number");
	assert_wrong(HEADER "60,a,1\n", 2, 6, "3 columns", "header has 4");
	assert_wrong(HEADER "60,a,1,2,3\n", 2, 10, "5 columns", "header has 4");
	assert_wrong(HEADER "60,,1,2\n", 2, 4, "slo is empty", "name");
	assert_wrong(HEADER "60\n", 2, 1, "1 column where", "header has 4");
}

static void numbers_beyond_64_bits_are_refused_and_never_wrap(void **state)
{
	(void)state;
	assert_int_equal(0, open_text(HEADER "60,a,9223372036854775807,9223372036854775807\n"));
	assert_row(60, "a", 9223372036854775807, 9223372036854775807, 1000000000);
	assert_wrong(HEADER "60,a,1,9223372036854775808\n", 2, 8, "too large", "2^63");
	assert_wrong(HEADER "60,a,1,18446744073709551617\n", 2, 8, "too large", "2^63");
	assert_wrong(HEADER "60,a,1,9223372036854775806\n120,a,1,2\n", 3, 1, "add up to", "2^63");
	assert_int_equal(0, open_text(HEADER "60,a,1,00000000000000000000000000000007\n"));
	assert_row(60, "a", 1, 7, 1000000000);
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	char text[] = HEADER "60,a?,1,2\n";
	char *at = strchr(text, '?');
	char long_line[COUNTS_LINE_MAX];

	(void)state;
	*at = '\0';
	assert_int_equal(-EINVAL, open_bytes(text, sizeof(text) - 1, 60));
	assert_non_null(strstr(problems.item[0].message, "NUL"));
	assert_int_equal(2, problems.item[0].place.line);
	assert_int_equal(5, problems.item[0].place.column);
	*at = '\033';
	assert_wrong(text, 2, 4, "cannot be printed", "UTF-8");
	*at = '\xff';
	assert_wrong(text, 2, 4, "cannot be printed", "UTF-8");
	memset(long_line, 'x', sizeof(long_line) - 1);
	memcpy(long_line, HEADER "60,", strlen(HEADER) + 3);
	long_line[sizeof(long_line) - 1] = '\0';
	memcpy(long_line + sizeof(long_line) - 6, ",1,2\n", 5);
	assert_wrong(long_line, 2, 4, "too long", "512");
	assert_wrong(HEADER "60,\"a,1,2\n", 2, 4, "never closed", "second one");
	assert_wrong(HEADER "60,\"a\"b,1,2\n", 2, 4, "behind the closing quote", "comma");
}

static void a_line_of_any_length_ends_at_its_limit(void **state)
{
	_cleanup_(freep) char *text = malloc(1 << 20);

	(void)state;
	assert_non_null(text);
	memset(text, '1', 1 << 20);
	memcpy(text, HEADER, strlen(HEADER));
	assert_int_equal(-EINVAL, open_bytes(text, 1 << 20, 60));
	assert_non_null(strstr(problems.item[0].message, "too long; write at most 4096"));
	assert_int_equal(2, problems.item[0].place.line);
	memset(text, ',', 1 << 20);
	assert_int_equal(-EINVAL, open_bytes(text, 1 << 20, 60));
	assert_int_equal(-EINVAL, open_bytes(text, 4000, 60));
	assert_non_null(strstr(problems.item[0].message, "at most 64"));
}

static void assert_share(const char *text, uint32_t units)
{
	uint32_t got = 7;

	if (counts_share_parse(text, &got) || got != units)
		fail_msg("'%s' is %u, not %u", text, got, units);
}

static void shares_are_exact_to_nine_digits_and_rounded_beyond(void **state)
{
	uint32_t got;

	(void)state;
	assert_share("0", 0);
	assert_share("1", 1000000000);
	assert_share("1.000", 1000000000);
	assert_share("1.", 1000000000);
	assert_share(".5", 500000000);
	assert_share("0.1", 100000000);
	assert_share("0.999999999", 999999999);
	assert_share("0.0000000004999", 0);
	assert_share("0.0000000005", 1);
	assert_share("0.33333333333333333333333", 333333333);
	assert_share("0.66666666666666666666666", 666666667);
	assert_share("0.9999999999", 1000000000);
	assert_share("2.5e-1", 250000000);
	assert_share("25E-02", 250000000);
	assert_share("0.0001e+4", 1000000000);
	assert_share("1e-9999999999999999", 0);
	assert_share("0e999", 0);
	assert_share("00.5", 500000000);
	static const char *const outside[] = {
		"1.0000000000000001",  "2", "1.1", "10", "1e1", "1e999999999999",
		"99999999999999999999"
	};
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		assert_int_equal(-ERANGE, counts_share_parse(outside[i], &got));
	static const char *const none[] = { "",	   ".",	  "-0", "+1", "0x1",   "1e",   "e5",
					    "NaN", "inf", "1 ", " 1", "1.0.0", "1e5x", "0,5" };
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(-EINVAL, counts_share_parse(none[i], &got));
}

static void a_share_outside_of_0_to_1_is_refused_where_it_stands(void **state)
{
	(void)state;
	assert_wrong(MEASURED "60,a,1,2,1.01\n", 2, 10, "outside of 0 to 1", "from 0 to 1");
	assert_wrong(MEASURED "60,a,1,2,-0.5\n", 2, 10, "is no share", "from 0 to 1");
	assert_wrong(MEASURED "60,a,1,2,nan\n", 2, 10, "is no share", "from 0 to 1");
	assert_wrong(MEASURED "60,a,1,2,\n", 2, 9, "is no share", "from 0 to 1");
	assert_wrong(MEASURED "60,a,1,2\n", 2, 8, "4 columns", "header has 5");
}

static void the_quick_way_and_the_thorough_way_read_the_same(void **state)
{
	static const char *const shares[] = {
		"1", "0", "0.5", "0.25", "0.123456789", "0.000000001"
	};
	_cleanup_(freep) char *plain = malloc(1 << 20), *quoted = malloc(1 << 20);
	struct counts_row rows[2000], row;
	size_t n = 0, used[2] = { 0, 0 };
	unsigned int seed = 4;

	(void)state;
	used[0] = (size_t)sprintf(plain, MEASURED);
	used[1] = (size_t)sprintf(quoted, MEASURED);
	for (int minute = 1; minute <= 500; minute++) {
		for (int name = 0; name < 4; name++) {
			unsigned int total = (unsigned int)rand_r(&seed) % 100000;
			unsigned int good = total ? (unsigned int)rand_r(&seed) % total : 0;
			const char *share = shares[rand_r(&seed) % 6];

			used[0] += (size_t)sprintf(plain + used[0], "%d,n%d,%u,%u,%s\n",
						   60 * minute, name * 37, good, total, share);
			used[1] += (size_t)sprintf(quoted + used[1],
						   "\"%d\",n%d,\"%u\",%u,\"%s\"\n", 60 * minute,
						   name * 37, good, total, share);
		}
	}
	assert_int_equal(0, open_bytes(plain, used[0], 60));
	while (counts_next(counts, &row) == 1)
		rows[n++] = row;
	assert_int_equal(2000, n);
	assert_int_equal(0, open_bytes(quoted, used[1], 60));
	for (size_t i = 0; counts_next(counts, &row) == 1; i++) {
		assert_int_equal(rows[i].time, row.time);
		assert_int_equal(rows[i].name, row.name);
		assert_int_equal(rows[i].good, row.good);
		assert_int_equal(rows[i].total, row.total);
		assert_int_equal(rows[i].measured, row.measured);
	}
}

static void a_file_longer_than_the_buffer_loses_no_row(void **state)
{
	_cleanup_(freep) char *text = malloc(4 << 20);
	struct counts_row row;
	uint64_t sum = 0, n = 0;
	size_t used;

	(void)state;
	used = (size_t)sprintf(text, HEADER);
	for (int i = 1; i <= 100000; i++)
		used += (size_t)sprintf(text + used, "%d,name-%d,%d,%d\n", 60 * i, i % 7, i % 5, i);
	assert_int_equal(0, open_bytes(text, used, 60));
	for (; counts_next(counts, &row) == 1; n++)
		sum += row.total;
	assert_int_equal(100000, n);
	assert_int_equal(100000ull * 100001 / 2, sum);
	assert_int_equal(7, counts_n_names(counts));
}

static void a_pipe_can_be_read_twice_too(void **state)
{
	pid_t child;

	(void)state;
	clean(NULL);
	assert_int_equal(0, mkfifo(path, 0600));
	child = fork();
	if (!child) {
		FILE *f = fopen(path, "w");

		fputs(HEADER "60,a,1,2\n120,a,3,4\n", f);
		fclose(f);
		_exit(0);
	}
	assert_int_equal(0, counts_open(path, 60, &problems, &counts));
	waitpid(child, NULL, 0);
	assert_row(60, "a", 1, 2, 1000000000);
	assert_row(120, "a", 3, 4, 1000000000);
	assert_end();
}

static void what_cannot_be_opened_is_said(void **state)
{
	(void)state;
	problems_clear(&problems);
	assert_int_equal(-ENOENT, counts_open("/nowhere/x", 60, &problems, &counts));
	assert_non_null(strstr(problems.item[0].message, "No such file"));
	assert_int_equal(-EISDIR, counts_open("/", 60, &problems, &counts));
	assert_null(counts);
}

static void rows_that_lie_ages_apart_are_refused(void **state)
{
	(void)state;
	assert_wrong(HEADER "60,a,1,2\n4000000020,a,1,2\n", 3, 1, "away from others", "--step");
	assert_int_equal(0, open_text(HEADER "60,a,1,2\n1999999980,a,1,2\n"));
}

static void more_names_than_the_limit_are_refused(void **state)
{
	_cleanup_(freep) char *text = malloc(1 << 20);
	size_t used = (size_t)sprintf(text, HEADER);

	(void)state;
	for (int i = 0; i <= COUNTS_NAMES_MAX; i++)
		used += (size_t)sprintf(text + used, "60,n%d,1,2\n", i);
	assert_int_equal(-EINVAL, open_bytes(text, used, 60));
	assert_non_null(strstr(problems.item[0].message, "too many names"));
	assert_int_equal(COUNTS_NAMES_MAX + 2, problems.item[0].place.line);
}

static void rows_that_are_always_further_apart_than_the_step_are_doubted(void **state)
{
	char text[8192];
	size_t used = (size_t)sprintf(text, HEADER);

	(void)state;
	for (int i = 1; i <= 120; i++)
		used += (size_t)sprintf(text + used, "%d,a,1,2\n", 300 * i);
	assert_int_equal(0, open_bytes(text, used, 60));
	assert_int_equal(1, problems.warnings);
	assert_non_null(strstr(problems.item[0].message, "--step 300s"));
	assert_int_equal(0, open_bytes(text, used, 300));
	assert_int_equal(0, problems.n);
	used += (size_t)sprintf(text + used, "36060,a,1,2\n");
	assert_int_equal(0, open_bytes(text, used, 60));
	assert_int_equal(0, problems.n);
}

static void without_rows_there_is_no_time(void **state)
{
	int64_t from, to;

	(void)state;
	assert_int_equal(0, open_text(HEADER));
	assert_false(counts_range(counts, &from, &to));
	assert_int_equal(0, counts_n_names(counts));
	assert_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_teardown(name, clean)
		TEST(rows_come_as_they_stand),
		TEST(line_ends_quotes_and_a_mark_at_the_beginning_are_those_of_rfc_4180),
		TEST(columns_are_found_by_name_in_any_order),
		TEST(a_header_that_is_none_is_said),
		TEST(a_time_is_unix_seconds_or_rfc_3339),
		TEST(times_ascend_within_one_name_only),
		TEST(what_is_no_count_is_refused_where_it_stands),
		TEST(numbers_beyond_64_bits_are_refused_and_never_wrap),
		TEST(bytes_that_are_no_text_are_refused),
		TEST(a_line_of_any_length_ends_at_its_limit),
		TEST(shares_are_exact_to_nine_digits_and_rounded_beyond),
		TEST(a_share_outside_of_0_to_1_is_refused_where_it_stands),
		TEST(the_quick_way_and_the_thorough_way_read_the_same),
		TEST(a_file_longer_than_the_buffer_loses_no_row),
		TEST(a_pipe_can_be_read_twice_too),
		TEST(what_cannot_be_opened_is_said),
		TEST(rows_that_lie_ages_apart_are_refused),
		TEST(more_names_than_the_limit_are_refused),
		TEST(rows_that_are_always_further_apart_than_the_step_are_doubted),
		TEST(without_rows_there_is_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
