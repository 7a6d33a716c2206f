// SPDX-License-Identifier: Apache-2.0
/* test_report_objectives.c - objectives of files in both outputs: each once, with its words. */
#include <jansson.h>

#include "../../user/base/utf8.h"
#include "../../user/report/page.h"
#include "report_fixture.h"

#define LONG                                                                                           \
	"no service with unit a-name-that-is-longer-than-most-people-would-ever-want-to-type.service " \
	"was seen; did you mean another one?"

static const size_t server[] = { 1 }, both[] = { 0, 1 };

/* A kept promise, a broken one over two services, one that cannot be judged, one that nothing met. */
static const struct judgement judgements[] = {
	{ .name = "checkout-fast",
	  .indicator = "latency",
	  .timed = true,
	  .target = TARGET(0.995),
	  .good = 998,
	  .total = 1000,
	  .sli = 0.998,
	  .sli_lowest = 0.998,
	  .sli_highest = 0.998,
	  .exact = true,
	  .verdict = VERDICT_MET,
	  .allowed = 5,
	  .spent = 2,
	  .remaining_ratio = 0.6,
	  .services = server,
	  .n_services = 1,
	  .promise = "Paying takes less than half a second",
	  .file = "slo/checkout.yaml",
	  .line = 12 },
	{ .name = "shop/all",
	  .indicator = "availability",
	  .target = TARGET(0.999),
	  .good = 1000,
	  .total = 1010,
	  .sli = 1000.0 / 1010,
	  .exact = true,
	  .verdict = VERDICT_MISSED,
	  .allowed = 1.01,
	  .spent = 10,
	  .remaining_ratio = -8.9,
	  .services = both,
	  .n_services = 2,
	  .promise = "The shop is open",
	  .file = "slo/checkout.yaml",
	  .line = 40 },
	{ .name = "cart-route",
	  .sli = 0.0 / 0.0,
	  .remaining_ratio = 1,
	  .target = TARGET(0.99),
	  .exact = true,
	  .reason = "route is not measured yet",
	  .impossible = true,
	  .promise = "The cart is quick",
	  .file = "slo/cart.yaml",
	  .line = 3 },
	{ .name = "gone",
	  .indicator = "availability",
	  .sli = 0.0 / 0.0,
	  .remaining_ratio = 1,
	  .target = TARGET(0.99),
	  .exact = true,
	  .reason = LONG,
	  .unmatched = true,
	  .file = "slo/cart.yaml",
	  .line = 30 },
};

static char *with_objectives(struct fixture *f, bool json)
{
	fill(f);
	f->report.judgements = judgements;
	f->report.n_judgements = sizeof(judgements) / sizeof(judgements[0]);
	f->report.from_files = true;
	return printed(&f->report, json, false);
}

/* Lines are broken to fit: words are what matters. */
static char *unbroken(const char *text)
{
	char *copy = calloc(1, strlen(text) + 1), *to = copy;

	for (const char *from = text; *from; from++) {
		bool space = *from == ' ' || *from == '\n';

		if (!space || (to > copy && to[-1] != ' '))
			*to++ = space ? ' ' : *from;
	}
	return copy;
}

static void each_objective_counts_once_however_many_services_it_has(void **state)
{
	struct fixture f;

	(void)state;
	_cleanup_(freep) char *text = with_objectives(&f, false);
	static const char expected[] = "MISSED: 1 of 2 objectives, at 2 of 3 services  (2 more "
				       "objectives without data)\n";
	assert_memory_equal(expected, text, strlen(expected));
}

static void a_promise_is_kept_or_broken_in_its_own_words(void **state)
{
	struct fixture f;

	(void)state;
	_cleanup_(freep) char *text = with_objectives(&f, false);
	_cleanup_(freep) char *words = unbroken(text);
	assert_non_null(strstr(text, "\nobjectives "));
	assert_non_null(strstr(words,
			       "met checkout-fast 99.8 % target 99.5 % within 500 ms 998 good "
			       "of 1,000 2 bad, 5 allowed nginx:8080 server kept: Paying "
			       "takes less than half a second"));
	assert_non_null(strstr(words,
			       "MISSED shop/all 99.009 % target 99.9 % 1,000 good of 1,010 10 "
			       "bad, 1.01 allowed the sum of 2 services checkout -> "
			       "10.0.0.5:5432 client nginx:8080 server broken: The shop is "
			       "open"));
	assert_non_null(strstr(words, "no data cart-route route is not measured yet"));
	assert_null(strstr(words, "The cart is quick")); /* neither kept nor broken */
}

static void what_matched_nothing_stands_last_with_its_place(void **state)
{
	struct fixture f;

	(void)state;
	_cleanup_(freep) char *text = with_objectives(&f, false);
	_cleanup_(freep) char *words = unbroken(text);
	assert_non_null(strstr(words, "matched nothing: gone (slo/cart.yaml:30): " LONG " "));
	assert_true(strstr(words, "matched nothing") > strstr(words, "cart-route"));
	assert_null(strstr(words, "no data gone"));
}

static void a_reason_begins_on_the_line_of_its_objective(void **state)
{
	struct fixture f;

	(void)state;
	_cleanup_(freep) char *text = with_objectives(&f, false);
	assert_non_null(strstr(text, "cart-route   route is not measured yet"));
}

static void no_line_is_too_wide(void **state)
{
	char *rest = NULL;
	struct fixture f;

	(void)state;
	_cleanup_(freep) char *text = with_objectives(&f, false);
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (utf8_columns(line) > PAGE_COLUMNS)
			fail_msg("%u columns: %s", utf8_columns(line), line);
}

static void the_document_has_every_objective_and_each_service_its_own(void **state)
{
	struct fixture f;
	json_t *all, *own, *o, *budget;

	(void)state;
	_cleanup_(freep) char *text = with_objectives(&f, true);
	_cleanup_(json_decrefp) json_t *root = json_loads(text, 0, NULL);
	assert_non_null(root);
	all = json_object_get(root, "objectives");
	assert_int_equal(4, json_array_size(all));
	o = json_array_get(all, 1);
	assert_string_equal("shop/all", json_string_value(json_object_get(o, "name")));
	assert_int_equal(1000, json_integer_value(json_object_get(o, "good")));
	assert_true(json_is_false(json_object_get(o, "met")));
	assert_int_equal(2, json_array_size(json_object_get(o, "services")));
	assert_true(json_is_null(json_object_get(o, "reason")));
	o = json_array_get(all, 2);
	assert_true(json_is_null(json_object_get(o, "indicator")));
	assert_true(json_is_null(json_object_get(o, "sli")));
	assert_true(json_is_null(json_object_get(o, "met")));
	assert_true(json_is_null(json_object_get(o, "good")));
	assert_true(json_is_null(json_object_get(o, "total")));
	assert_true(json_is_null(json_object_get(o, "exact")));
	budget = json_object_get(o, "budget");
	assert_int_equal(3, json_object_size(budget));
	assert_true(json_is_null(json_object_get(budget, "allowed")));
	assert_true(json_is_null(json_object_get(budget, "spent")));
	assert_true(json_is_null(json_object_get(budget, "remaining_ratio")));
	o = json_array_get(all, 3);
	assert_int_equal(0, json_integer_value(json_object_get(o, "total")));
	assert_true(json_is_true(json_object_get(o, "exact")));
	assert_int_equal(0, json_array_size(json_object_get(o, "services")));
	assert_string_equal(LONG, json_string_value(json_object_get(o, "reason")));
	assert_string_equal("slo/cart.yaml", json_string_value(json_object_get(o, "file")));
	assert_int_equal(30, json_integer_value(json_object_get(o, "line")));

	own = json_object_get(json_array_get(json_object_get(root, "services"), 1), "slos");
	assert_int_equal(2, json_array_size(own)); /* of nginx */
	assert_true(json_equal(json_array_get(all, 0), json_array_get(own, 0)));
	assert_true(json_equal(json_array_get(all, 1), json_array_get(own, 1)));
	own = json_object_get(json_array_get(json_object_get(root, "services"), 2), "slos");
	assert_int_equal(0, json_array_size(own));
}

static void default_objectives_have_no_list_of_their_own(void **state)
{
	struct fixture f;

	(void)state;
	fill(&f);
	_cleanup_(freep) char *text = printed(&f.report, true, false);
	_cleanup_(json_decrefp) json_t *root = json_loads(text, 0, NULL);
	assert_null(json_object_get(root, "objectives"));
	_cleanup_(freep) char *page = printed(&f.report, false, false);
	assert_null(strstr(page, "\nobjectives "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_objective_counts_once_however_many_services_it_has),
		cmocka_unit_test(a_promise_is_kept_or_broken_in_its_own_words),
		cmocka_unit_test(what_matched_nothing_stands_last_with_its_place),
		cmocka_unit_test(a_reason_begins_on_the_line_of_its_objective),
		cmocka_unit_test(no_line_is_too_wide),
		cmocka_unit_test(the_document_has_every_objective_and_each_service_its_own),
		cmocka_unit_test(default_objectives_have_no_list_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
