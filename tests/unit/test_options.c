// SPDX-License-Identifier: Apache-2.0
/*
 * test_options.c - what can be typed, and what is said about what cannot. Limits and messages come
 * from a table of the test's own.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/base/cleanup.h"
#include "../../user/conf/duration.h"
#include "../../user/conf/options.h"

static const char *const colours[] = { "red", "green", "blue", NULL };

struct values {
	bool loud;
	bool quick;
	uint64_t pause_ns;
	uint64_t count;
	uint16_t door;
	const char *name;
	unsigned int colour;
	struct option_ports ports;
};

#define FIELD(field) offsetof(struct values, field)

static const struct option_row rows[] = {
	{ .name = "loud",
	  .letter = 'l',
	  .type = OPTION_FLAG,
	  .offset = FIELD(loud),
	  .help = "loud" },
	{ .name = "quick", .letter = 'q', .type = OPTION_FLAG, .offset = FIELD(quick), .help = "q" },
	{ .name = "pause",
	  .letter = 'p',
	  .type = OPTION_DURATION,
	  .offset = FIELD(pause_ns),
	  .metavar = "TIME",
	  .initial = "10s",
	  .min = MSEC_NS,
	  .max = 24 * HOUR_NS,
	  .help = "pause" },
	{ .name = "count",
	  .type = OPTION_NUMBER,
	  .offset = FIELD(count),
	  .metavar = "N",
	  .min = 2,
	  .max = 9,
	  .help = "how many" },
	{ .name = "door",
	  .type = OPTION_PORT,
	  .offset = FIELD(door),
	  .metavar = "PORT",
	  .help = "one port" },
	{ .name = "port",
	  .type = OPTION_PORTS,
	  .offset = FIELD(ports),
	  .metavar = "PORT",
	  .max = 3,
	  .help = "some ports" },
	{ .name = "name",
	  .letter = 'n',
	  .type = OPTION_STRING,
	  .offset = FIELD(name),
	  .metavar = "NAME",
	  .help = "what it is called" },
	{ .name = "colour",
	  .type = OPTION_ENUM,
	  .offset = FIELD(colour),
	  .words = colours,
	  .initial = "green",
	  .help = "one of three" },
};

static const struct option_table table = { .command = "paint",
					   .summary = "paint a door",
					   .detail = "And dry it.",
					   .rows = rows,
					   .n_rows = sizeof(rows) / sizeof(rows[0]) };

static struct values got;
static char why[256];

#define PARSE(...)                                                                                 \
	parse((char *[]){ "paint", __VA_ARGS__ },                                                  \
	      sizeof((char *[]){ "paint", __VA_ARGS__ }) / sizeof(char *))

static int parse(char *argv[], size_t argc)
{
	got = (struct values){};
	why[0] = '\0';
	return options_parse(&table, (int)argc, argv, &got, why, sizeof(why));
}

/* Refused, in one line that holds both: what was wrong, what to write. */
static void assert_refused(int r, const char *wrong, const char *instead)
{
	assert_int_equal(-EINVAL, r);
	assert_null(strchr(why, '\n'));
	if (!strstr(why, wrong) || !strstr(why, instead))
		fail_msg("'%s' has not both '%s' and '%s'", why, wrong, instead);
}

static void without_arguments_the_defaults_of_the_table_stand(void **state)
{
	(void)state;
	assert_int_equal(0, parse((char *[]){ "paint" }, 1));
	assert_int_equal(10 * SEC_NS, got.pause_ns);
	assert_int_equal(1, got.colour);
	assert_false(got.loud);
	assert_null(got.name);
	assert_int_equal(0, got.ports.n);
}

static void a_value_follows_a_space_an_equals_sign_or_the_letter(void **state)
{
	(void)state;
	assert_int_equal(0, PARSE("--pause", "2s", "--name=x=y", "--colour", "blue"));
	assert_int_equal(2 * SEC_NS, got.pause_ns);
	assert_string_equal("x=y", got.name);
	assert_int_equal(2, got.colour);
	assert_int_equal(0, PARSE("-p", "3s", "-nfoo"));
	assert_int_equal(3 * SEC_NS, got.pause_ns);
	assert_string_equal("foo", got.name);
	assert_int_equal(0, PARSE("-p250ms"));
	assert_int_equal(250 * MSEC_NS, got.pause_ns);
}

static void flags_can_stand_together_behind_one_dash(void **state)
{
	(void)state;
	assert_int_equal(0, PARSE("-lqp1"));
	assert_true(got.loud);
	assert_true(got.quick);
	assert_int_equal(SEC_NS, got.pause_ns);
	assert_int_equal(0, PARSE("--loud"));
	assert_true(got.loud);
	assert_false(got.quick);
}

static void an_option_of_one_value_is_not_given_twice(void **state)
{
	(void)state;
	assert_refused(PARSE("-p", "1s", "--pause=2s"), "--pause: '2s' is one too many", "once");
	assert_refused(PARSE("--name", "a", "--name", "a"), "--name: 'a' is one too many", "once");
	assert_refused(PARSE("--colour=red", "--colour", "blue"), "--colour: 'blue'", "once");
	assert_refused(PARSE("--door", "1", "--door", "2"), "--door: '2'", "once");
	assert_refused(PARSE("--count=2", "--count=3"), "--count: '3'", "once");
	assert_int_equal(0, PARSE("-l", "--loud", "-p1s", "--name=x"));
}

static void ports_add_up_and_each_is_kept_once(void **state)
{
	(void)state;
	assert_int_equal(0, PARSE("--port", "80", "--port=443", "--port", "80", "--door", "65535"));
	assert_int_equal(2, got.ports.n);
	assert_int_equal(80, got.ports.port[0]);
	assert_int_equal(443, got.ports.port[1]);
	assert_int_equal(65535, got.door);
	assert_int_equal(0, PARSE("--port=1", "--port=2", "--port=3", "--port=3"));
	assert_refused(PARSE("--port=1", "--port=2", "--port=3", "--port=4"), "'4'",
		       "at most 3 ports");
}

static void what_is_no_port_is_refused(void **state)
{
	static char *const wrong[] = { "0",	 "65536", "-1",		"http",
				       "80,443", "80-90", "4294967376", "99999999999999999999",
				       "8o",	 " 80",	  "80 " };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_refused(PARSE("--port", wrong[i]), wrong[i], "1 to 65535");
		assert_refused(PARSE("--door", wrong[i]), wrong[i], "1 to 65535");
	}
}

static void durations_outside_the_limits_are_refused_with_the_limits(void **state)
{
	(void)state;
	assert_refused(PARSE("-p", "0"), "'0' is too short", "1ms to 24h");
	assert_refused(PARSE("-p", "0.9ms"), "too short", "1ms to 24h");
	assert_refused(PARSE("-p", "24h1ms"), "'24h1ms' is too long", "1ms to 24h");
	assert_refused(PARSE("-p", "99999999999999999999h"), "too long", "1ms to 24h");
	assert_int_equal(0, PARSE("-p", "24h"));
	assert_int_equal(0, PARSE("-p", "1ms"));
	assert_refused(PARSE("-p", "5x"), "'5x' is not a duration", "10s");
	assert_refused(PARSE("-p", "-5"), "'-5' is not a duration", "10s");
}

static void numbers_outside_the_limits_are_refused_with_the_limits(void **state)
{
	(void)state;
	assert_int_equal(0, PARSE("--count", "2"));
	assert_int_equal(2, got.count);
	assert_int_equal(0, PARSE("--count=9"));
	assert_refused(PARSE("--count=1"), "'1'", "from 2 to 9");
	assert_refused(PARSE("--count=10"), "'10'", "from 2 to 9");
	assert_refused(PARSE("--count=two"), "'two'", "from 2 to 9");
	assert_refused(PARSE("--count=18446744073709551618"), "18446744073709551618",
		       "from 2 to 9");
}

static void an_unknown_word_is_answered_with_the_nearest_and_all(void **state)
{
	(void)state;
	assert_refused(PARSE("--colour", "bleu"), "'bleu'", "did you mean 'blue'");
	assert_refused(PARSE("--colour", "bleu"), "'bleu'", "red, green or blue");
	assert_refused(PARSE("--colour", "mauve"), "'mauve'", "write red, green or blue");
	assert_refused(PARSE("--colour", "Red"), "'Red'", "red");
}

static void an_unknown_option_is_answered_with_the_nearest(void **state)
{
	(void)state;
	assert_refused(PARSE("--puase", "5s"), "'--puase'", "'--pause'");
	assert_refused(PARSE("--color=red"), "'--color'", "'--colour'");
	assert_refused(PARSE("-pause"), "'ause' is not a duration", "10s");
	assert_refused(PARSE("--hepl"), "'--hepl'", "'--help'");
	assert_refused(PARSE("--frobnicate"), "'--frobnicate'", "'troth help paint'");
	assert_refused(PARSE("-x"), "'-x'", "'troth help paint'");
	assert_refused(PARSE("--=5"), "'--'", "'troth help paint'");
	assert_refused(PARSE("--help=yes"), "'--help'", "'--help'");
}

static void a_forgotten_value_is_said(void **state)
{
	(void)state;
	assert_refused(PARSE("--pause"), "--pause needs a value", "a duration like 10s");
	assert_refused(PARSE("--pause="), "--pause needs a value", "a duration like 10s");
	assert_refused(PARSE("-p"), "--pause needs a value", "a duration like 10s");
	assert_refused(PARSE("--pause", "--loud"), "--pause needs a value, and '--loud'",
		       "write --pause=--loud");
	assert_refused(PARSE("--name", "-foo-"), "'-foo-' looks like an option",
		       "write --name=-foo-");
	assert_int_equal(0, PARSE("--name=-foo-"));
	assert_string_equal("-foo-", got.name);
	assert_refused(PARSE("--pause", ""), "--pause needs a value", "a duration like 10s");
	assert_refused(PARSE("--colour"), "--colour needs a value", "red, green or blue");
	assert_refused(PARSE("--port"), "--port needs a value", "PORT");
	assert_refused(PARSE("-n"), "--name needs a value", "NAME");
}

static void a_value_for_a_flag_is_refused(void **state)
{
	(void)state;
	assert_refused(PARSE("--loud=yes"), "--loud takes no value", "alone");
}

static void stray_arguments_are_refused(void **state)
{
	(void)state;
	assert_refused(PARSE("5s"), "'5s' is out of place", "'troth help paint'");
	assert_refused(PARSE("--loud", "yes"), "'yes'", "'troth help paint'");
	assert_refused(PARSE("--", "--loud"), "'--loud' is out of place", "'troth help paint'");
	assert_refused(PARSE("-"), "'-'", "'troth help paint'");
	assert_refused(PARSE(""), "''", "'troth help paint'");
	assert_int_equal(0, PARSE("--"));
}

static char *help_of(const struct option_table *t)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	options_help(t, out);
	fclose(out);
	return text;
}

static void help_is_found_wherever_it_stands_before_an_error(void **state)
{
	(void)state;
	assert_int_equal(OPTIONS_HELP, PARSE("--help"));
	assert_int_equal(OPTIONS_HELP, PARSE("-h"));
	assert_int_equal(OPTIONS_HELP, PARSE("-p", "1s", "--help", "--nonsense"));
}

struct wordy {
	bool loud;
	const char *name;
	struct option_strings file;
	struct option_words words;
};

static const struct option_row wordy_rows[] = {
	{ .name = "DOOR",
	  .type = OPTION_WORDS,
	  .offset = offsetof(struct wordy, words),
	  .min = 1,
	  .max = 4,
	  .help = "which doors" },
	{ .name = "loud", .letter = 'l', .type = OPTION_FLAG, .help = "loud" },
	{ .name = "name",
	  .letter = 'n',
	  .type = OPTION_STRING,
	  .offset = offsetof(struct wordy, name),
	  .metavar = "NAME",
	  .help = "name" },
	{ .name = "file",
	  .letter = 'f',
	  .type = OPTION_STRINGS,
	  .offset = offsetof(struct wordy, file),
	  .metavar = "FILE",
	  .max = 3,
	  .help = "files" },
};

static const struct option_table wordy_table = { .command = "oil doors",
						 .summary = "oil doors",
						 .rows = wordy_rows,
						 .n_rows = sizeof(wordy_rows) /
							   sizeof(wordy_rows[0]) };
static struct wordy wordy;

#define WORDS(...)                                                                                 \
	parse_words((char *[]){ "oil", __VA_ARGS__ },                                              \
		    sizeof((char *[]){ "oil", __VA_ARGS__ }) / sizeof(char *))

/* What was found is kept as text: argv is the caller's, and gone. */
static char doors[256];

static int parse_words(char *argv[], size_t argc)
{
	int r;

	wordy = (struct wordy){};
	why[0] = '\0';
	doors[0] = '\0';
	r = options_parse(&wordy_table, (int)argc, argv, &wordy, why, sizeof(why));
	for (size_t i = 0; i < wordy.words.n; i++) {
		if (i)
			strcat(doors, " ");
		strcat(doors, wordy.words.word[i]);
	}
	return r;
}

static void words_keep_their_order_whatever_stands_between(void **state)
{
	(void)state;
	assert_int_equal(0, WORDS("front"));
	assert_string_equal("front", doors);
	assert_int_equal(0, WORDS("front", "-n", "x", "back", "-l", "cellar"));
	assert_string_equal("front back cellar", doors);
	assert_string_equal("x", wordy.name);
	assert_true(wordy.loud);
	assert_int_equal(0, WORDS("-l", "--name=y", "-", "back"));
	assert_string_equal("- back", doors);
	assert_string_equal("y", wordy.name);
	assert_int_equal(OPTIONS_HELP, WORDS("front", "--help"));
}

static void two_dashes_end_the_options(void **state)
{
	(void)state;
	assert_int_equal(0, WORDS("front", "-l", "--", "-n", "--"));
	assert_string_equal("front -n --", doors);
	assert_null(wordy.name);
	assert_refused(WORDS("--"), "no DOOR", "troth oil doors DOOR...");
}

static void too_few_and_too_many_words_are_refused(void **state)
{
	(void)state;
	assert_refused(WORDS("-l"), "no DOOR", "troth oil doors DOOR...");
	assert_refused(WORDS("front", ""), "'' is no DOOR", "leave it out");
	assert_int_equal(0, WORDS("a", "b", "c", "d"));
	assert_refused(WORDS("a", "b", "c", "d", "e"), "'e' is one too many", "at most 4 DOOR");
	assert_refused(WORDS("--DOOR=a"), "no option '--DOOR'", "troth help oil doors");
}

static void a_repeated_string_adds_up_in_order(void **state)
{
	(void)state;
	assert_int_equal(0, WORDS("-f", "a", "front", "--file=b", "-fc"));
	assert_string_equal("front", doors);
	assert_int_equal(3, wordy.file.n);
	assert_string_equal("a", wordy.file.value[0]);
	assert_string_equal("b", wordy.file.value[1]);
	assert_string_equal("c", wordy.file.value[2]);
	assert_refused(WORDS("-fa", "-fa", "-fa", "-fd", "front"), "'d' is one too many",
		       "at most 3 times");
	assert_refused(WORDS("front", "-f"), "--file needs a value", "FILE");
}

static void help_shows_the_words_in_the_usage_line(void **state)
{
	_cleanup_(freep) char *text = help_of(&wordy_table);

	(void)state;
	assert_non_null(strstr(text, "usage: troth oil doors [OPTION]... DOOR...\n"));
	assert_non_null(strstr(text, "  DOOR..."));
	assert_non_null(strstr(text, "which doors"));
	assert_null(strstr(text, "--DOOR"));
	assert_non_null(strstr(text, "-f, --file FILE"));
	assert_non_null(strstr(text, "at most 3"));
}

static void what_was_typed_cannot_break_the_line(void **state)
{
	char long_word[4096];

	(void)state;
	assert_refused(PARSE("a\nb\033[31m"), "'a?b?[31m'", "troth help paint");
	assert_refused(PARSE("--colour=\n"), "'?'", "red");
	memset(long_word, 'x', sizeof(long_word) - 1);
	long_word[sizeof(long_word) - 1] = '\0';
	assert_refused(PARSE(long_word), "xxx...'", "troth help paint");
	assert_refused(PARSE("--pause", long_word), "xxx...'", "10s");
	memcpy(long_word, "--", 2);
	assert_refused(PARSE(long_word), "xxx...'", "troth help paint");
}

static void help_shows_every_row_with_its_default_and_limits(void **state)
{
	static const char *const shown[] = { "usage: troth paint",
					     "paint a door",
					     "And dry it.",
					     "-p, --pause TIME",
					     "default 10s; 1ms to 24h",
					     "--colour red|green|blue",
					     "default green",
					     "2 to 9",
					     "at most 3",
					     "-h, --help" };
	_cleanup_(freep) char *text = help_of(&table);

	(void)state;
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		if (!strstr(text, shown[i]))
			fail_msg("no '%s' in:\n%s", shown[i], text);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		assert_true(strlen(line) <= 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_arguments_the_defaults_of_the_table_stand),
		cmocka_unit_test(a_value_follows_a_space_an_equals_sign_or_the_letter),
		cmocka_unit_test(flags_can_stand_together_behind_one_dash),
		cmocka_unit_test(an_option_of_one_value_is_not_given_twice),
		cmocka_unit_test(ports_add_up_and_each_is_kept_once),
		cmocka_unit_test(what_is_no_port_is_refused),
		cmocka_unit_test(durations_outside_the_limits_are_refused_with_the_limits),
		cmocka_unit_test(numbers_outside_the_limits_are_refused_with_the_limits),
		cmocka_unit_test(an_unknown_word_is_answered_with_the_nearest_and_all),
		cmocka_unit_test(an_unknown_option_is_answered_with_the_nearest),
		cmocka_unit_test(a_forgotten_value_is_said),
		cmocka_unit_test(a_value_for_a_flag_is_refused),
		cmocka_unit_test(stray_arguments_are_refused),
		cmocka_unit_test(help_is_found_wherever_it_stands_before_an_error),
		cmocka_unit_test(words_keep_their_order_whatever_stands_between),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(too_few_and_too_many_words_are_refused),
		cmocka_unit_test(a_repeated_string_adds_up_in_order),
		cmocka_unit_test(help_shows_the_words_in_the_usage_line),
		cmocka_unit_test(what_was_typed_cannot_break_the_line),
		cmocka_unit_test(help_shows_every_row_with_its_default_and_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
