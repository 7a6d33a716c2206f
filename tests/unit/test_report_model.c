// SPDX-License-Identifier: Apache-2.0
/* A whole report from a record in memory, with every fault that a record can have, in every format. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/report/report_model.h"

#define BEGIN 1767225600 /* 2026-01-01T00:00:00Z */
#define HOURS 6
#define NOW   (BEGIN + HOURS * 3600)

static const char yaml[] =
	"apiVersion: openslo/v1\n"
	"kind: SLO\n"
	"metadata:\n"
	"  name: shop\n"
	"  annotations:\n"
	"    troth.dev/promise: Paying works.\n"
	"    troth.dev/owner: payments\n"
	"    troth.dev/cost-per-bad-event: 2\n"
	"    troth.dev/currency: EUR\n"
	"spec:\n"
	"  service: shop\n"
	"  indicator:\n"
	"    metadata: {name: answered}\n"
	"    spec:\n"
	"      ratioMetric:\n"
	"        counter: true\n"
	"        good: {metricSource: {type: troth, spec: {select: {port: 8443}}}}\n"
	"        total: {metricSource: {type: troth, spec: {select: {port: 8443}}}}\n"
	"  timeWindow: [{duration: 28d, isRolling: true}]\n"
	"  budgetingMethod: Occurrences\n"
	"  objectives:\n"
	"    - {displayName: a, target: 0.9, compositeWeight: 1}\n"
	"    - {displayName: b, target: 0.99, compositeWeight: 1}\n"
	"---\n"
	"apiVersion: troth.dev/v1\n"
	"kind: Exclusion\n"
	"metadata: {name: upgrade}\n"
	"spec: {slos: [shop], start: '2026-01-01T01:00:00Z', end: '2026-01-01T01:30:00Z',\n"
	"  reason: new disks, author: sam}\n";

/* Fails at the call numbered fail_at, from 1 on. */
struct fake {
	unsigned int calls, fail_at;
	bool empty;
	unsigned int firings;	/* besides, each over after a second */
	unsigned int others;	/* services */
	unsigned int rewritten; /* versions of the documents, each with a promise that is removed */
};

static int call(void *context)
{
	struct fake *f = context;

	return ++f->calls == f->fail_at ? -EIO : 0;
}

static int documents(void *context, int64_t time, char **ret, size_t *ret_size)
{
	int r = call(context);

	(void)time;
	if (r || ((struct fake *)context)->empty)
		return r ? r : -ENOENT;
	*ret = strdup(yaml);
	*ret_size = sizeof(yaml) - 1;
	return 0;
}

static int objective(void *context, const char *name, int64_t *ret)
{
	*ret = strcmp(name, "shop/a") ? 2 : 1;
	return call(context);
}

static int hours(void *context, int64_t id, int64_t from, int64_t to,
		 int (*each)(void *each_context, const struct store_slo_hour *h),
		 void *each_context)
{
	(void)id;
	(void)from;
	(void)to;
	(void)each;
	(void)each_context;
	return call(context);
}

static int minutes(void *context, int64_t id, int64_t from, int64_t to,
		   int (*each)(void *each_context, const struct store_slo_minute *m),
		   void *each_context)
{
	int r = call(context);

	for (int64_t at = from > BEGIN ? from : BEGIN; !r && at < to && at < NOW; at += 60) {
		struct store_slo_minute m = {
			.time = at, .good = 95, .total = 100, .measured = 1000000000, .inexact = 1
		};

		r = each(each_context, &m);
	}
	(void)id;
	return r;
}

static int events(void *context, int64_t from, int64_t to,
		  int (*each)(void *each_context, const struct store_event *e), void *each_context)
{
	struct store_event e = { .id = 1,
				 .time = BEGIN + 60,
				 .kind = "alert",
				 .slo = "shop/b",
				 .severity = "page",
				 .long_s = 3600,
				 .short_s = 300,
				 .state = "firing",
				 .text = "it burns" };
	int r = call(context);

	(void)from;
	(void)to;
	for (int i = 0; !r && !((struct fake *)context)->empty && i < 3; i++, e.id++) {
		r = each(each_context, &e);
		e.time += 600;
		e.state = i ? "firing" : "resolved";
	}
	e.long_s = 60;
	e.time = BEGIN + 3600;
	for (unsigned int i = 0; !r && i < 2 * ((struct fake *)context)->firings; i++, e.id++) {
		e.state = i % 2 ? "resolved" : "firing";
		r = each(each_context, &e);
		e.time++;
	}
	return r;
}

static int services(void *context, int (*each)(void *each_context, const struct store_service *s),
		    void *each_context)
{
	struct store_service s = { .id = 5, .role = ROLE_SERVER, .protocol = "http" };
	int r = call(context);

	s.id_row = (struct identity){ .name = (char *)"shop:8443", .port = 8443 };
	if (!r && !((struct fake *)context)->empty)
		r = each(each_context, &s);
	for (unsigned int i = 0; !r && i < ((struct fake *)context)->others; i++) {
		s.id = 100 + i;
		r = each(each_context, &s);
	}
	return r;
}

static struct series_counts *counts(void)
{
	static struct series_counts c;

	c = (struct series_counts){ .service_ns = 1000000, .max_ns = 5000 };
	c.exchanges[0][OUTCOME_OK] = 95;
	c.exchanges[0][OUTCOME_SERVER_ERROR] = 5;
	c.duration[20] = 100;
	return &c;
}

static int sums(void *context, int64_t from, int64_t to,
		int (*each)(void *each_context, int64_t service, const struct series_counts *c),
		void *each_context)
{
	int r = call(context);

	(void)to;
	if (r || from < BEGIN || ((struct fake *)context)->empty)
		return r;
	r = each(each_context, 5, counts());
	for (unsigned int i = 0; !r && i < ((struct fake *)context)->others; i++)
		r = each(each_context, 100 + i, counts());
	return r;
}

static int history(void *context, int64_t service, int64_t from, int64_t to, uint32_t length_s,
		   int (*each)(void *each_context, int64_t time, const struct series_counts *c),
		   void *each_context)
{
	int r = call(context);

	(void)service;
	for (int64_t at = from > BEGIN ? from : BEGIN; !r && at < to; at += length_s)
		r = each(each_context, at, counts());
	return r;
}

static int measured(void *context, int64_t from, int64_t to, struct store_measured *ret)
{
	int64_t first = from > BEGIN ? from : BEGIN;

	ret->measured_ns = first < to ? (uint64_t)(to - first) * NS_PER_S : 0;
	ret->exchanges = 100;
	return call(context);
}

static int documents_each(void *context, int64_t from, int64_t to,
			  int (*each)(void *each_context, int64_t time, const char *yaml,
				      size_t size),
			  void *each_context)
{
	static const char rest[] = "  service: shop\n"
				   "  indicator:\n"
				   "    metadata: {name: answered}\n"
				   "    spec:\n"
				   "      ratioMetric:\n"
				   "        counter: true\n"
				   "        good: {metricSource: {type: troth, spec: {}}}\n"
				   "        total: {metricSource: {type: troth, spec: {}}}\n"
				   "  timeWindow: [{duration: 28d, isRolling: true}]\n"
				   "  budgetingMethod: Occurrences\n"
				   "  objectives: [{target: 0.9}]\n";
	struct fake *f = context;
	int r = call(f);

	(void)from;
	if (!r)
		r = each(each_context, to - 1, yaml, sizeof(yaml) - 1);
	for (unsigned int i = 0; !r && i < f->rewritten; i++) {
		char old[1024];
		int n = snprintf(old, sizeof(old),
				 "apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: old-%u}\n"
				 "spec:\n%s",
				 i, rest);

		r = each(each_context, to - 2 - i, old, (size_t)n);
	}
	return r;
}

static struct report_source source_of(struct fake *f)
{
	return (struct report_source){
		f,	   f->empty ? 0 : BEGIN,
		documents, objective,
		hours,	   minutes,
		events,	   services,
		sums,	   history,
		measured,  f->rewritten ? documents_each : NULL,
	};
}

static int make(struct fake *f, int64_t from, int64_t to, struct report **ret)
{
	struct report_options o = { .from = from, .to = to, .now = NOW, .host = "here" };
	struct report_source source = source_of(f);
	char why[256];

	return report_from(&source, &o, ret, why, sizeof(why));
}

static void a_report_holds_what_the_record_does(void **state)
{
	_cleanup_(report_freep) struct report *r = NULL;
	struct fake f = {};
	const struct report_promise *b;

	(void)state;
	assert_int_equal(0, make(&f, BEGIN, NOW, &r));
	assert_int_equal(3, r->n_promises); /* two, and both together */
	b = &r->promises[1];
	assert_int_equal(VERDICT_MET, r->promises[0].now.verdict);
	assert_int_equal(VERDICT_MISSED, b->now.verdict);
	assert_null(r->promises[2].objective);
	assert_int_equal((HOURS * 60 - 30) * 100,
			 b->now.total); /* not the half hour of maintenance */
	assert_int_equal((HOURS * 60 - 30) * 1, b->inexact);
	assert_float_equal(2.0 * (HOURS * 60 - 30) * 5, b->cost, 1e-6);
	assert_int_equal(1, b->n_excluded);
	assert_int_equal(VERDICT_NO_DATA, b->before.verdict);
	assert_int_equal(TREND_UNKNOWN, b->trend);
	/* firing, resolved, firing: the second goes on */
	assert_int_equal(2, b->n_alerts);
	assert_int_equal(600, b->alerts[0].until - b->alerts[0].since);
	assert_int_equal(0, b->alerts[1].until);
	assert_int_equal(1, r->n_services);
	assert_ptr_equal(b, r->services[0].riskiest);
	assert_int_equal(1, b->n_services);
	assert_int_equal(REPORT_BROKEN, report_verdict(r));
	assert_true(r->n_sentences >= 4);
}

static void each_fault_of_the_record_is_passed_on_and_leaves_nothing(void **state)
{
	_cleanup_(report_freep) struct report *whole = NULL;
	struct fake f = {};
	unsigned int calls;

	(void)state;
	assert_int_equal(0, make(&f, BEGIN, NOW, &whole));
	calls = f.calls;
	assert_true(calls > 20);
	for (unsigned int i = 1; i <= calls; i++) {
		struct fake faulty = { .fail_at = i };
		struct report *r = NULL;

		assert_int_equal(-EIO, make(&faulty, BEGIN, NOW, &r));
		assert_null(r);
	}
}

static void an_empty_record_makes_an_empty_report(void **state)
{
	_cleanup_(report_freep) struct report *r = NULL;
	struct fake f = { .empty = true };

	(void)state;
	assert_int_equal(0, make(&f, INT64_MIN, INT64_MAX, &r));
	assert_int_equal(REPORT_NO_DATA, report_verdict(r));
	assert_int_equal(0, r->n_promises + r->n_services + r->n_events);
}

static char *printed(const struct report *r, enum report_format format)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(0, report_print(out, r, format, false));
	fclose(out);
	return text;
}

static void of_too_many_alerts_the_newest_are_told_and_every_format_counts_the_rest(void **state)
{
	static const char *const said[REPORT_FORMATS] = {
		[REPORT_TEXT] = "and 202 older ones",
		[REPORT_JSON] = "\"alerts_left_out\": 202",
		[REPORT_MARKDOWN] = "- Alerts: and 202 older ones.",
		[REPORT_HTML] = "<p>And 202 older ones.</p>",
		[REPORT_CSV] = ",1202,3300,",
	};
	_cleanup_(report_freep) struct report *r = NULL;
	struct fake f = { .firings = 1200 };
	const struct report_promise *b;

	(void)state;
	assert_int_equal(0, make(&f, BEGIN, NOW, &r));
	b = &r->promises[1];
	assert_int_equal(1000, b->n_alerts);
	assert_int_equal(202, b->alerts_left_out);
	assert_int_equal(0, b->alerts[0].until); /* the one that still fires is the oldest */
	assert_int_equal(BEGIN + 3600 + 2 * 1199, b->alerts[999].since);
	for (int format = 0; format < REPORT_FORMATS; format++) {
		_cleanup_(freep) char *text = printed(r, format);

		if (!strstr(text, said[format]))
			fail_msg("\"%s\" is not in: %s", said[format], text);
	}
}

static void older_versions_of_the_objectives_that_were_not_read_are_said(void **state)
{
	_cleanup_(report_freep) struct report *r = NULL;
	_cleanup_(freep) char *text = NULL;
	struct fake f = { .rewritten = 35 };

	(void)state;
	assert_int_equal(0, make(&f, BEGIN, NOW, &r));
	assert_int_equal(3 + 32, r->n_promises);
	assert_int_equal(3, r->documents_left_out);
	text = printed(r, REPORT_MARKDOWN);
	assert_non_null(strstr(text, "CAUTION: the promises were rewritten so often that 3 older"));
}

static void events_and_services_beyond_what_a_page_shows_are_counted_on_it(void **state)
{
	static const struct {
		enum report_format format;
		const char *events, *services;
	} said[] = {
		{ REPORT_TEXT, "the last 20 of 20,403;", "and 7 more; '--output json' has most" },
		{ REPORT_MARKDOWN, "- 20353 older ones are left out here.", "\nand 7 more." },
		{ REPORT_HTML, "<p>And 20203 older ones.</p>",
		  "And 7 more; '--output json' has most of them.</p>" },
	};
	_cleanup_(report_freep) struct report *r = NULL;
	struct fake f = { .firings = 200 };

	(void)state;
	assert_int_equal(0, make(&f, BEGIN, NOW, &r));
	assert_int_equal(403, r->n_events);
	r->events_left_out = 20000;
	r->services_left_out = 7;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		_cleanup_(freep) char *text = printed(r, said[i].format);

		assert_non_null(strstr(text, said[i].events));
		assert_non_null(strstr(text, said[i].services));
	}
}

static void services_beyond_the_limit_are_counted_and_their_requests_too(void **state)
{
	_cleanup_(report_freep) struct report *r = NULL;
	struct fake f = { .others = REPORT_SERVICES_MAX + 2 };

	(void)state;
	assert_int_equal(0, make(&f, BEGIN, NOW, &r));
	assert_int_equal(REPORT_SERVICES_MAX, r->n_services);
	assert_int_equal(3, r->services_left_out);
	assert_int_equal(100 * (REPORT_SERVICES_MAX + 3), r->count.here.total);
	assert_int_equal(5 * (REPORT_SERVICES_MAX + 3), r->count.here.failed);
}

static void periods_that_cannot_be_are_refused(void **state)
{
	const int64_t periods[][2] = { { NOW, BEGIN },	      { BEGIN, BEGIN },
				       { BEGIN, BEGIN + 59 }, { NOW + 60, NOW + 120 },
				       { -62135596800, NOW }, { NOW - 30 * 366 * 86400ll, NOW } };
	struct report *r = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
		struct fake f = {};

		assert_int_equal(-EINVAL, make(&f, periods[i][0], periods[i][1], &r));
	}
}

static void a_stream_that_is_full_is_an_error_in_every_format(void **state)
{
	_cleanup_(report_freep) struct report *r = NULL;
	struct fake f = {};

	(void)state;
	assert_int_equal(0, make(&f, BEGIN, NOW, &r));
	for (int format = 0; format < REPORT_FORMATS; format++) {
		FILE *full = fopen("/dev/full", "w");

		assert_non_null(full);
		setvbuf(full, NULL, _IONBF, 0);
		assert_int_equal(-ENOSPC, report_print(full, r, format, false));
		fclose(full);
	}
}

static void every_format_is_printed_alike_twice(void **state)
{
	_cleanup_(report_freep) struct report *r = NULL;
	struct fake f = {};

	(void)state;
	assert_int_equal(0, make(&f, BEGIN, NOW, &r));
	for (int format = 0; format < REPORT_FORMATS; format++) {
		char *text[2];
		size_t size[2];

		for (int i = 0; i < 2; i++) {
			FILE *out = open_memstream(&text[i], &size[i]);

			assert_int_equal(0, report_print(out, r, format, true));
			fclose(out);
		}
		assert_true(size[0] > 200);
		assert_string_equal(text[0], text[1]);
		free(text[0]);
		free(text[1]);
	}
}

static void of_any_length_charts_have_few_enough_points(void **state)
{
	const int64_t lengths[] = { 60,
				    3600,
				    7200,
				    7260,
				    43200,
				    86400,
				    7 * 86400,
				    28 * 86400,
				    366 * 86400,
				    5940 * 86400,
				    15 * 366 * 86400ll,
				    20 * 366 * 86400ll };

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		_cleanup_(report_freep) struct report *r = NULL;
		struct fake f = {};

		assert_int_equal(0, make(&f, NOW - lengths[i], NOW, &r));
		assert_in_range(r->n_points, 1, REPORT_POINTS_MAX);
		assert_true(r->points_from <= r->from);
		assert_true(r->points_from + (int64_t)r->n_points * r->point_s >= r->to);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_holds_what_the_record_does),
		cmocka_unit_test(each_fault_of_the_record_is_passed_on_and_leaves_nothing),
		cmocka_unit_test(an_empty_record_makes_an_empty_report),
		cmocka_unit_test(
			of_too_many_alerts_the_newest_are_told_and_every_format_counts_the_rest),
		cmocka_unit_test(older_versions_of_the_objectives_that_were_not_read_are_said),
		cmocka_unit_test(events_and_services_beyond_what_a_page_shows_are_counted_on_it),
		cmocka_unit_test(services_beyond_the_limit_are_counted_and_their_requests_too),
		cmocka_unit_test(periods_that_cannot_be_are_refused),
		cmocka_unit_test(a_stream_that_is_full_is_an_error_in_every_format),
		cmocka_unit_test(every_format_is_printed_alike_twice),
		cmocka_unit_test(of_any_length_charts_have_few_enough_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
