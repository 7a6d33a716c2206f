// SPDX-License-Identifier: Apache-2.0
/*
 * test_yaml.c - trees with places, and files that were made to do harm. Places were counted by
 * hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../../user/base/cleanup.h"
#include "../../user/conf/yaml.h"

static struct arena arena;
static struct problems problems;
static struct yaml yaml;

static void read_bytes(const char *bytes, size_t n)
{
	assert_int_equal(0, yaml_read(&arena, "x.yaml", bytes, n, &problems, &yaml));
}

#define READ(text) read_bytes(text, sizeof(text) - 1)

static int forget(void **state)
{
	(void)state;
	arena_clear(&arena);
	problems_clear(&problems);
	return 0;
}

static const struct yaml_node *root(void)
{
	if (problems.n)
		fail_msg("%u:%u: %s", problems.item[0].place.line, problems.item[0].place.column,
			 problems.item[0].message);
	assert_int_equal(1, yaml.n);
	return yaml.document[0];
}

static void assert_place(const struct yaml_node *node, unsigned int line, unsigned int column)
{
	assert_non_null(node);
	if (node->place.line != line || node->place.column != column)
		fail_msg("is at %u:%u, not %u:%u", node->place.line, node->place.column, line,
			 column);
}

/* One error, there, in one line, with part in it. */
static void assert_refused(unsigned int line, unsigned int column, const char *part)
{
	const struct problem *p = problems.item;

	assert_int_equal(1, problems.n);
	assert_int_equal(1, problems.errors);
	assert_null(strchr(p->message, '\n'));
	if (!strstr(p->message, part) || p->place.line != line || p->place.column != column)
		fail_msg("%u:%u: %s", p->place.line, p->place.column, p->message);
}

static void nodes_know_their_place(void **state)
{
	const struct yaml_node *list;

	(void)state;
	READ("a: 1\n"
	     "b:\n"
	     "  - x\n"
	     "  -  {c: \"y\"}\n"
	     "ä: ö\n");
	list = yaml_get(root(), "b");
	assert_place(root(), 1, 1);
	assert_place(yaml_get(root(), "a"), 1, 4);
	assert_place(list, 3, 3);
	assert_place(list->item[0], 3, 5);
	assert_place(list->item[1], 4, 6);
	assert_place(yaml_get(list->item[1], "c"), 4, 10);
	assert_place(yaml_get(root(), "ä"), 5, 4);
}

static void nothing_is_where_its_key_is(void **state)
{
	(void)state;
	READ("a: 1\n"
	     "bcd:\n"
	     "e: 2\n");
	assert_null(yaml_get(root(), "bcd"));
	assert_place(yaml_value(root(), 1), 2, 1);
}

static void mappings_keep_their_order(void **state)
{
	(void)state;
	READ("{z: 1, a: 2, m: 3}");
	assert_int_equal(3, root()->n);
	assert_string_equal("z", yaml_key(root(), 0)->text);
	assert_string_equal("a", yaml_key(root(), 1)->text);
	assert_string_equal("3", yaml_value(root(), 2)->text);
}

static void quotes_make_text_of_null(void **state)
{
	(void)state;
	READ("[null, ~, Null, 'null', \"~\", !!str null, '']");
	for (size_t i = 0; i < root()->n; i++)
		assert_true(yaml_is_null(root()->item[i]) == (i < 3));
	assert_true(root()->item[0]->plain);
	assert_false(root()->item[3]->plain);
	assert_null(yaml_text(root()->item[1]));
	assert_string_equal("null", yaml_text(root()->item[5]));
	assert_string_equal("", yaml_text(root()->item[6]));
}

static void block_text_keeps_its_lines(void **state)
{
	(void)state;
	READ("a: |\n  one\n  two\nb: >\n  three\n  four\n");
	assert_string_equal("one\ntwo\n", yaml_text(yaml_get(root(), "a")));
	assert_string_equal("three four\n", yaml_text(yaml_get(root(), "b")));
}

static void an_alias_is_the_same_node(void **state)
{
	(void)state;
	READ("a: &x [1, 2]\nb: *x\n");
	assert_ptr_equal(yaml_get(root(), "a"), yaml_get(root(), "b"));
}

static void an_anchor_may_be_named_again(void **state)
{
	(void)state;
	READ("- &x 1\n- &x 2\n- *x\n");
	assert_string_equal("2", root()->item[2]->text);
}

static void an_anchor_ends_with_its_document(void **state)
{
	(void)state;
	READ("- &x 1\n---\n- *x\n");
	assert_refused(3, 3, "*x names no anchor above");
	assert_int_equal(1, yaml.n);
}

static void what_stands_in_a_mapping_goes_before_what_is_merged(void **state)
{
	const struct yaml_node *c;

	(void)state;
	READ("a: &a {x: 1, y: 1}\n"
	     "b: &b {y: 2, z: 2}\n"
	     "c: {<<: [*a, *b], x: 3}\n");
	c = yaml_get(root(), "c");
	assert_int_equal(3, c->n);
	assert_string_equal("3", yaml_text(yaml_get(c, "x")));
	assert_string_equal("1", yaml_text(yaml_get(c, "y")));
	assert_string_equal("2", yaml_text(yaml_get(c, "z")));
	assert_null(yaml_get(c, "<<"));
}

static void empty_documents_are_no_documents(void **state)
{
	(void)state;
	READ("---\n---\n# nothing\n---\na: 1\n---\n~\n...\n");
	assert_int_equal(0, problems.n);
	assert_int_equal(1, yaml.n);
	assert_place(yaml.document[0], 5, 1);
	READ("");
	assert_int_equal(0, yaml.n);
	READ("# only a comment");
	assert_int_equal(0, yaml.n);
	READ("\n\n  \n");
	assert_int_equal(0, yaml.n);
	assert_int_equal(0, problems.n);
}

static void lines_are_counted_as_editors_do(void **state)
{
	(void)state;
	READ("\xef\xbb\xbf"
	     "a: 1\r\n"
	     "b: \"x\xe2\x80\xa8y\"\r\n"
	     "c: 3\r\n");
	assert_place(root(), 1, 1);
	assert_place(yaml_get(root(), "c"), 3, 4);
}

static void what_came_before_an_error_is_there(void **state)
{
	(void)state;
	READ("a: 1\n---\nb: [\n");
	assert_int_equal(1, problems.errors);
	assert_int_equal(1, yaml.n);
}

static void a_place_is_never_beside_the_file(void **state)
{
	static const char *const broken[] = { "a: [",	   "a: [\n",	"a: \"x",  "a: \"x\n\n",
					      "a: 'x\r\n", "{",		"- -\n -", "a: &",
					      "%YAML 9.9", "a: |0\n\n", "? [x",	   "\n\n\n[" };

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		const char *line = broken[i];
		const struct place *at;
		size_t length;

		read_bytes(broken[i], strlen(broken[i]));
		assert_int_equal(1, problems.errors);
		at = &problems.item[0].place;
		for (unsigned int k = 1; k < at->line; k++) {
			line = strchr(line, '\n');
			assert_non_null(line++);
		}
		assert_true(at->line == 1 || *line);
		length = strcspn(line, "\r\n");
		assert_true(at->column >= 1 && at->column <= (length ? length : 1));
		forget(state);
	}
}

static void other_encodings_are_named(void **state)
{
	(void)state;
	READ("\xff\xfe"
	     "a\0:\0 \0"
	     "1\0");
	assert_refused(1, 1, "UTF-16 or UTF-32; save it as UTF-8");
	forget(state);
	READ("\0a\0:\0 \0b");
	assert_refused(1, 1, "UTF-16 or UTF-32; save it as UTF-8");
	forget(state);
	READ("a: b\nc: \xc3\x28\n");
	assert_refused(2, 4, "byte 0xc3 is not UTF-8");
	forget(state);
	READ("a: \xf0\x9f\x98");
	assert_refused(1, 4, "byte 0xf0 is not UTF-8");
	forget(state);
	READ("a: b\0");
	assert_refused(1, 5, "a NUL byte");
}

static void a_replacement_character_is_a_character(void **state)
{
	(void)state;
	READ("a: \xef\xbf\xbd\xf0\x9f\x98\x80\n");
	assert_string_equal("\xef\xbf\xbd\xf0\x9f\x98\x80", yaml_text(yaml_get(root(), "a")));
}

/* times of part between head and tail. */
static char *repeated(const char *head, const char *part, size_t times, const char *tail)
{
	char *text = malloc(strlen(head) + times * strlen(part) + strlen(tail) + 1);
	char *end;

	assert_non_null(text);
	end = stpcpy(text, head);
	for (size_t i = 0; i < times; i++)
		end = stpcpy(end, part);
	strcpy(end, tail);
	return text;
}

static void read_repeated(const char *head, const char *part, size_t times, const char *tail)
{
	_cleanup_(freep) char *text = repeated(head, part, times, tail);

	read_bytes(text, strlen(text));
}

static void limits_hold_to_the_last(void **state)
{
	(void)state;
	read_repeated("", "[", YAML_DEPTH_MAX, "");
	assert_refused(1, YAML_DEPTH_MAX, "no YAML"); /* it only lacks its end */
	forget(state);
	read_repeated("", "[", YAML_DEPTH_MAX + 1, "");
	assert_refused(1, YAML_DEPTH_MAX + 1, "more than 64 mappings and lists");
	forget(state);
	read_repeated("[", "x,", YAML_NODES_MAX - 1, "]");
	assert_int_equal(YAML_NODES_MAX - 1, root()->n);
	forget(state);
	read_repeated("[", "x,", YAML_NODES_MAX, "]");
	assert_refused(1, 2 * YAML_NODES_MAX, "more than 100000 values");
	forget(state);
	read_repeated("[&a x,", "*a,", YAML_ALIASES_MAX, "]");
	assert_int_equal(YAML_ALIASES_MAX + 1, root()->n);
	forget(state);
	read_repeated("[&a x,", "*a,", YAML_ALIASES_MAX + 1, "]");
	assert_refused(1, 7 + 3 * YAML_ALIASES_MAX, "more than 1000 aliases");
	forget(state);
	read_repeated("[", "&a x,", YAML_ANCHORS_MAX + 1, "]");
	assert_refused(1, 2 + 5 * YAML_ANCHORS_MAX + 3 - 3, "more than 1000 anchors");
	forget(state);
	read_repeated("", "--- x\n", YAML_DOCUMENTS_MAX, "");
	assert_int_equal(YAML_DOCUMENTS_MAX, yaml.n);
	read_repeated("", "--- x\n", YAML_DOCUMENTS_MAX + 1, "");
	assert_refused(YAML_DOCUMENTS_MAX + 1, 1, "more than 1000 documents");
}

static void depth_is_counted_through_aliases(void **state)
{
	(void)state;
	READ("a: &a [[[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]]\n"
	     "b: &b [[[[[[[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]]]]]]\n"
	     "c: &c [[[[[[[[[[[[[[[[[[[[*b]]]]]]]]]]]]]]]]]]]]\n"
	     "d: [[[[*c]]]]\n");
	assert_refused(4, 8, "more than 64 mappings and lists");
}

static void a_file_may_have_a_mebibyte(void **state)
{
	(void)state;
	read_repeated("a: ", "x", YAML_BYTES_MAX - 3, "");
	assert_int_equal(YAML_BYTES_MAX - 3, strlen(yaml_text(yaml_get(root(), "a"))));
	forget(state);
	read_repeated("a: ", "x", YAML_BYTES_MAX - 2, "");
	assert_refused(1, 1, "larger than 1024 KiB");
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Generous: these run under sanitizers. What is quadratic takes minutes. */
static void no_file_takes_long(void **state)
{
	static const struct {
		const char *head, *part, *tail;
		size_t times;
	} hostile[] = {
		{ "", "[", "", YAML_BYTES_MAX },
		{ "", "{", "", YAML_BYTES_MAX },
		{ "", "- ", "", YAML_BYTES_MAX / 2 },
		{ "", "a: ", "", YAML_BYTES_MAX / 3 },
		{ "", "? ", "", YAML_BYTES_MAX / 2 },
		{ "", "\n", "", YAML_BYTES_MAX },
		{ "a: \"", "\\x41", "\"", 250000 },
		{ "", "---\n", "", YAML_BYTES_MAX / 4 },
		{ "{", "a: b,", "}", 49999 },
		{ "a: |\n", " x\n", "", 300000 },
		{ "", "# x\n", "", YAML_BYTES_MAX / 4 },
		{ "", "%A b\n", "", YAML_BYTES_MAX / 5 },
		{ "[", "&a ", "]", YAML_BYTES_MAX / 4 },
		{ "", "!<x> ", "", YAML_BYTES_MAX / 5 },
		{ "a: &a {x: y}\nb: {<<: [", "*a,", "]}", 999 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		double start = seconds();

		read_repeated(hostile[i].head, hostile[i].part, hostile[i].times, hostile[i].tail);
		if (seconds() - start > 5)
			fail_msg("file %zu took %g s", i, seconds() - start);
		forget(state);
	}
}

static void a_merge_has_a_limit(void **state)
{
	_cleanup_(freep) char *text = malloc(65536);
	char *end = text;

	(void)state;
	end = stpcpy(end, "a: &a {");
	for (int i = 0; i < YAML_MERGED_MAX; i++)
		end += sprintf(end, "k%d: v,", i);
	strcpy(end, "}\nb: {<<: *a}\n");
	read_bytes(text, strlen(text));
	assert_int_equal(YAML_MERGED_MAX, yaml_get(root(), "b")->n);
	forget(state);
	strcpy(end, "}\nb: {x: y, <<: *a}\n");
	read_bytes(text, strlen(text));
	assert_int_equal(1, problems.errors);
	assert_non_null(strstr(problems.item[0].message, "more than 1000 fields"));
}

static void messages_do_not_steer_terminals(void **state)
{
	(void)state;
	READ("\"\\e[31mred\": 1\n\"\\e[31mred\": 2\n");
	assert_refused(2, 1, "'?[31mred' stands here twice, first in line 1");
}

#define TEST(name) cmocka_unit_test_teardown(name, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nodes_know_their_place),
		TEST(nothing_is_where_its_key_is),
		TEST(mappings_keep_their_order),
		TEST(quotes_make_text_of_null),
		TEST(block_text_keeps_its_lines),
		TEST(an_alias_is_the_same_node),
		TEST(an_anchor_may_be_named_again),
		TEST(an_anchor_ends_with_its_document),
		TEST(what_stands_in_a_mapping_goes_before_what_is_merged),
		TEST(empty_documents_are_no_documents),
		TEST(lines_are_counted_as_editors_do),
		TEST(what_came_before_an_error_is_there),
		TEST(a_place_is_never_beside_the_file),
		TEST(other_encodings_are_named),
		TEST(a_replacement_character_is_a_character),
		TEST(limits_hold_to_the_last),
		TEST(depth_is_counted_through_aliases),
		TEST(a_file_may_have_a_mebibyte),
		TEST(no_file_takes_long),
		TEST(a_merge_has_a_limit),
		TEST(messages_do_not_steer_terminals),
	};

	return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
