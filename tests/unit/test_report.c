// SPDX-License-Identifier: Apache-2.0
/* test_report.c - a diagnosis as text: what stands first, and that it fits whatever it holds. */
#include <errno.h>

#include "../../user/base/utf8.h"
#include "../../user/report/human.h"
#include "../../user/report/page.h"
#include "report_fixture.h"

static void bounds_are_given_where_an_sli_is_not_exact(void **state)
{
	struct fixture f;

	(void)state;
	fill(&f);
	f.rows[1].counts.exchanges[FAST][OUTCOME_UNKNOWN] = 1000;
	judge_all(&f);
	_cleanup_(freep) char *text = printed(&f.report, false, false);
	assert_non_null(strstr(text, "not exact: 49.7 to 99.7 %"));
}

static void bounds_that_are_close_are_told_apart(void **state)
{
	struct fixture f;

	(void)state;
	fill(&f);
	f.rows[1].counts.exchanges[FAST][OUTCOME_OK] += 100000;
	f.rows[1].counts.exchanges[FAST][OUTCOME_UNKNOWN] = 4;
	judge_all(&f);
	_cleanup_(freep) char *text = printed(&f.report, false, false);
	assert_non_null(strstr(text, "not exact: 99.99 to 99.995 %"));
}

static void an_overflow_row_is_unattributed_and_empty_ones_are_left_out(void **state)
{
	struct fixture f;

	(void)state;
	fill(&f);
	f.rows[1].overflow = f.rows[2].overflow = true;
	f.rows[1].id = f.rows[2].id = (struct identity){};
	_cleanup_(freep) char *text = printed(&f.report, false, false);
	assert_non_null(strstr(text, "\n(unattributed)  server"));
	assert_null(strstr(text, "(unnamed)"));
	assert_null(strstr(text, "no traffic"));
}

static void the_first_lines_say_what_is_broken_where_and_why(void **state)
{
	struct fixture f;

	(void)state;
	fill(&f);
	_cleanup_(freep) char *text = printed(&f.report, false, false);
	static const char expected[] =
		"MISSED: 1 of 4 objectives, at 1 of 3 services  (2 more objectives without data)\n"
		"  nginx:8080  server  availability 99.4 %, target 99.9 %\n"
		"    5 server_error  1 no_response  60 % of the time is the queue, waiting to be read\n"
		"    (mean 1.20 ms of 2.00 ms)\n";
	assert_memory_equal(expected, text, strlen(expected));
}

static void the_worst_service_comes_first(void **state)
{
	struct fixture f;

	(void)state;
	fill(&f);
	_cleanup_(freep) char *text = printed(&f.report, false, false);
	char *server = strstr(text, "\nnginx:8080");
	char *client = strstr(text, "\ncheckout");
	assert_non_null(server);
	assert_non_null(client);
	assert_true(server < client);
	assert_non_null(strstr(text, "no traffic    sshd:22 (server)"));
	assert_non_null(strstr(text, "994 good of 1,000"));
	assert_non_null(strstr(text, "not seen      TLS: 3 connections"));
	assert_null(strchr(text, '\033'));
}

static void colour_is_only_what_was_asked_for(void **state)
{
	struct fixture f;

	(void)state;
	fill(&f);
	_cleanup_(freep) char *text = printed(&f.report, false, true);
	assert_non_null(strstr(text, "\033[1;31mMISSED"));
	assert_non_null(strstr(text, "\033[0m"));
}

static void assert_fits(char *text)
{
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (utf8_columns(line) > PAGE_COLUMNS)
			fail_msg("%u columns: %s", utf8_columns(line), line);
		for (const char *p = line; *p;)
			assert_true(utf8_next(&p) >= 0x20);
	}
}

static void no_line_is_wider_than_100_columns_whatever_is_in_it(void **state)
{
	char wide[601] = "", dirty[301];
	struct fixture f;

	(void)state;
	fill(&f);
	for (unsigned int i = 0; i < 200; i++)
		strcat(wide, "\xe4\xb8\xad"); /* two columns each */
	for (unsigned int i = 0; i < 300; i++)
		dirty[i] = "\033[2J\n\r\t\x7f\xc2\x9b\xe2\x80\xae\xff"[i % 14];
	dirty[300] = '\0';
	for (unsigned int i = 0; i < SERVICES; i++) {
		f.rows[i].id.name = i ? wide : dirty;
		f.rows[i].id.unit = i ? dirty : wide;
		f.rows[i].id.peer_address = wide;
		f.rows[i].protocol = i == 1 ? "http" : wide;
	}
	/* The largest counts that do not wrap when they are added up. */
	for (unsigned int o = 0; o < OUTCOMES; o++)
		f.rows[1].counts.exchanges[0][o] = UINT64_MAX / OUTCOMES;
	memset(&f.rows[0].counts.queue_ns, 0x7f,
	       offsetof(struct series_counts, duration) - offsetof(struct series_counts, queue_ns));
	f.rows[1].in_flight =
		(struct in_flight_row){ .count = UINT64_MAX, .oldest_ns = UINT64_MAX };
	memset(&f.sample.measurement.losses, 0xff, sizeof(struct losses));
	f.sample.measurement.coverage = 0.1234;
	f.report.host = wide;
	f.report.kernel = dirty;
	f.report.not_seen = (const char *[]){ wide, dirty, not_seen[0], NULL };
	judge_all(&f);
	_cleanup_(freep) char *text = printed(&f.report, false, false);
	assert_non_null(strstr(text, "only 12.34 % was measured"));
	assert_fits(text);
}

static void a_thousand_services_still_fit(void **state)
{
	_cleanup_(freep) struct service_row *rows = calloc(1000, sizeof(*rows));
	_cleanup_(freep) struct judgement *judgements = calloc(1000, sizeof(*judgements));
	_cleanup_(freep) size_t *numbers = calloc(1000, sizeof(*numbers));
	struct fixture f;

	(void)state;
	fill(&f);
	for (unsigned int i = 0; i < 1000; i++) {
		rows[i] = f.rows[i % SERVICES];
		judge_availability(&rows[i], 1, "availability", TARGET(0.999), &judgements[i]);
		numbers[i] = i;
		judgements[i].services = &numbers[i];
		judgements[i].n_services = 1;
	}
	f.sample.services = rows;
	f.sample.n_services = 1000;
	f.report.judgements = judgements;
	f.report.n_judgements = 1000;
	_cleanup_(freep) char *text = printed(&f.report, false, false);
	assert_non_null(strstr(text, "and 330 more, below"));
	assert_fits(text);
}

static void no_service_at_all_is_said(void **state)
{
	struct fixture f;

	(void)state;
	fill(&f);
	f.sample.n_services = 0;
	f.report.n_judgements = 0;
	f.report.not_seen = NULL;
	_cleanup_(freep) char *text = printed(&f.report, false, false);
	assert_ptr_equal(text, strstr(text, "no data: no service was seen\n"));
}

static void a_full_device_is_an_error(void **state)
{
	_cleanup_(fclosep) FILE *text = fopen("/dev/full", "w");
	struct fixture f;

	(void)state;
	fill(&f);
	assert_int_equal(-ENOSPC, check_report_text(text, &f.report, false));
}

static void numbers_are_written_for_people(void **state)
{
	(void)state;
	assert_string_equal("18,446,744,073,709,551,615", human_count(UINT64_MAX).s);
	assert_string_equal("999", human_count(999).s);
	assert_string_equal("1,000", human_count(1000).s);
	assert_string_equal("0.95 µs", human_seconds(0.95e-6).s);
	assert_string_equal("1.00 ms", human_seconds(999.9e-6).s);
	assert_string_equal("61.0 ms", human_seconds(0.061).s);
	assert_string_equal("1.00 s", human_seconds(0.99999).s);
	assert_string_equal("0 s", human_seconds(0).s);
	assert_string_equal("0.46", human_amount(0.46).s);
	assert_string_equal("1,653", human_amount(1653.1).s);
	assert_string_equal("18,446,744,073,709,551,615", human_amount(1e300).s);
	assert_string_equal("-", human_seconds(0.0 / 0.0).s);
	assert_string_equal("500 ms", human_duration(0.5).s);
	assert_string_equal("<1 %", human_share(0.001).s);
	assert_string_equal("99 %", human_share_down(0.9999).s);
	assert_string_equal("29 %", human_share_down(0.29).s);
	assert_string_equal("<1 %", human_share_down(0.009).s);
	assert_string_equal("0 %", human_share_down(0).s);
	assert_string_equal("90m", human_window(5400).s);
	assert_string_equal("3d", human_window(3 * 86400).s);
	assert_string_equal("61s", human_window(61).s);
	assert_string_equal("0s", human_window(0).s);
}

static void an_sli_below_its_target_never_reads_as_if_it_were_met(void **state)
{
	(void)state;
	assert_string_equal("99.9 %", human_sli(999, 1000, 0.999).s);
	assert_string_equal("99.899 %", human_sli(998999, 1000000, 0.999).s);
	assert_string_equal("99.899 %", human_sli(9989999999, 10000000000, 0.999).s);
	assert_string_equal("99.9998 %", human_sli(9999989, 10000000, 0.999999).s);
	assert_string_equal("100 %", human_sli(5, 5, 0.999).s);
	assert_string_equal("99.99 %", human_target(0.9999).s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_are_given_where_an_sli_is_not_exact),
		cmocka_unit_test(bounds_that_are_close_are_told_apart),
		cmocka_unit_test(an_overflow_row_is_unattributed_and_empty_ones_are_left_out),
		cmocka_unit_test(the_first_lines_say_what_is_broken_where_and_why),
		cmocka_unit_test(the_worst_service_comes_first),
		cmocka_unit_test(colour_is_only_what_was_asked_for),
		cmocka_unit_test(no_line_is_wider_than_100_columns_whatever_is_in_it),
		cmocka_unit_test(a_thousand_services_still_fit),
		cmocka_unit_test(no_service_at_all_is_said),
		cmocka_unit_test(a_full_device_is_an_error),
		cmocka_unit_test(numbers_are_written_for_people),
		cmocka_unit_test(an_sli_below_its_target_never_reads_as_if_it_were_met),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
