// SPDX-License-Identifier: Apache-2.0
/* test_notify.c - what is said of an alert, and the queue of what waits. No loop, no clock. */
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

#include "../../user/export/notify_body.h"
#include "../../user/export/notify_firing.h"
#include "../../user/export/notify_http.h"
#include "../../user/export/notify_queue.h"
#include "../../user/export/notify_secret.h"
#include "../../user/report/json.h"

#define S 1000000000ull

static const struct notice burning = {
	.slo = "checkout",
	.objective = "",
	.service = "shop",
	.severity = "page",
	.long_s = 3600,
	.short_s = 300,
	.factor = 14.4,
	.long_rate = 15.5,
	.short_rate = 20.25,
	.target = 0.999,
	.sli = 0.95,
	.remaining_ratio = 0.42,
	.firing = true,
	.since = 1767225600,
	.summary = "it burns",
	.host = "web-1",
};

static void assert_json(const char *expected, const json_t *value)
{
	_cleanup_(json_decrefp) json_t *wanted = json_loads(expected, JSON_DECODE_ANY, NULL);
	_cleanup_(freep) char *text = json_dumps(value, JSON_SORT_KEYS | JSON_ENCODE_ANY);

	assert_non_null(wanted);
	if (!json_equal(wanted, value))
		fail_msg("expected %s\nbut it is %s", expected, text);
}

static void an_alert_has_the_labels_that_prometheus_users_route_by(void **state)
{
	_cleanup_(json_decrefp) json_t *alert = notify_alert(&burning, 1767225700);

	(void)state;
	assert_json(
		"{\"alertname\":\"ErrorBudgetBurn\",\"slo\":\"checkout\",\"service\":\"shop\","
		"\"severity\":\"page\",\"long\":\"1h\",\"short\":\"5m\",\"instance\":\"web-1\"}",
		json_object_get(alert, "labels"));
	assert_json("\"2026-01-01T00:00:00Z\"", json_object_get(alert, "startsAt"));
	assert_null(json_object_get(alert, "endsAt"));
	assert_null(json_object_get(alert, "generatorURL"));
}

static void a_resolved_alert_has_the_same_labels_and_an_end(void **state)
{
	_cleanup_(json_decrefp) json_t *firing = notify_alert(&burning, 1767225700);
	_cleanup_(json_decrefp) json_t *resolved = NULL;
	struct notice over = burning;

	(void)state;
	over.firing = false;
	over.until = burning.since + 600;
	over.long_rate = over.sli = NAN;
	over.remaining_ratio = 0.1;
	over.summary = "it is over";
	resolved = notify_alert(&over, 1767226300);
	assert_string_equal(
		"It is over: it fired from 2026-01-01 00:00 UTC to 2026-01-01 00:10 UTC. "
		"Promised: 99.9 %. Of the whole window 10 % of the budget is left.",
		json_string_value(
			json_object_get(json_object_get(resolved, "annotations"), "description")));
	assert_true(
		json_equal(json_object_get(firing, "labels"), json_object_get(resolved, "labels")));
	assert_json("\"2026-01-01T00:10:00Z\"", json_object_get(resolved, "endsAt"));
}

static void an_alert_does_not_end_before_it_began(void **state)
{
	_cleanup_(json_decrefp) json_t *alert = NULL;
	struct notice over = burning;

	(void)state;
	over.firing = false;
	over.until = burning.since - 3600; /* the clock was set back */
	alert = notify_alert(&over, burning.since - 3600);
	assert_json("\"2026-01-01T00:00:00Z\"", json_object_get(alert, "endsAt"));
}

static void annotations_hold_what_is_known_and_nothing_else(void **state)
{
	_cleanup_(json_decrefp) json_t *full = NULL, *bare = NULL;
	const json_t *notes;
	struct notice what = burning;

	(void)state;
	bare = notify_alert(&burning, 1);
	notes = json_object_get(bare, "annotations");
	assert_json("\"it burns\"", json_object_get(notes, "summary"));
	assert_json("\"42.0 %\"", json_object_get(notes, "budget_remaining"));
	assert_null(json_object_get(notes, "promise"));
	assert_null(json_object_get(notes, "exhausted_at"));

	what.promise = "Paying works.";
	what.owner = "payments";
	what.runbook = "https://wiki/burn";
	what.exhausted_at = 1767312000;
	what.remaining_ratio = NAN;
	full = notify_alert(&what, 1);
	notes = json_object_get(full, "annotations");
	assert_json("\"Paying works.\"", json_object_get(notes, "promise"));
	assert_json("\"payments\"", json_object_get(notes, "owner"));
	assert_json("\"https://wiki/burn\"", json_object_get(notes, "runbook_url"));
	assert_json("\"2026-01-02T00:00:00Z\"", json_object_get(notes, "exhausted_at"));
	assert_null(json_object_get(notes, "budget_remaining"));
}

static void a_post_gives_only_what_fires_an_end_to_come(void **state)
{
	_cleanup_(json_decrefp) json_t *firing = notify_alert(&burning, 1), *resolved = NULL;
	_cleanup_(json_decrefp) json_t *post = NULL;
	_cleanup_(freep) char *text = NULL;
	struct notice over = burning;

	(void)state;
	over.firing = false;
	over.until = burning.since + 600;
	resolved = notify_alert(&over, 1);
	text = notify_post((json_t *[]){ firing, resolved }, 2, burning.since + 86400);
	post = json_loads(text, 0, NULL);
	assert_int_equal(2, json_array_size(post));
	assert_json("\"2026-01-02T00:00:00Z\"", json_object_get(json_array_get(post, 0), "endsAt"));
	assert_json("\"2026-01-01T00:10:00Z\"", json_object_get(json_array_get(post, 1), "endsAt"));
	assert_null(json_object_get(firing, "endsAt"));
}

static void a_start_in_the_future_is_no_start_behind_the_end(void **state)
{
	_cleanup_(json_decrefp) json_t *firing = notify_alert(&burning, 1), *post = NULL;
	_cleanup_(freep) char *text = notify_post(&firing, 1, burning.since - 3600);

	(void)state;
	post = json_loads(text, 0, NULL);
	assert_json("\"2026-01-01T00:00:00Z\"", json_object_get(json_array_get(post, 0), "endsAt"));
}

static void text_that_is_no_utf8_is_still_told(void **state)
{
	_cleanup_(json_decrefp) json_t *document = NULL;
	struct notice what = burning;

	(void)state;
	what.service = "a\xff"
		       "b";
	document = notify_document(&what, 1);
	assert_json("\"a\xef\xbf\xbd"
		    "b\"",
		    json_object_get(document, "service"));
}

static void what_was_kept_falls_into_the_same_lane(void **state)
{
	static const enum receiver_kind kinds[] = { RECEIVER_ALERTMANAGER, RECEIVER_WEBHOOK,
						    RECEIVER_COMMAND };
	struct notice over = burning, other = burning;

	(void)state;
	over.firing = false;
	over.until = burning.since + 600;
	over.sli = NAN;
	other.short_s = 0;
	for (size_t i = 0; i < 3; i++) {
		json_t *(*make)(const struct notice *, int64_t) =
			kinds[i] == RECEIVER_ALERTMANAGER ? notify_alert : notify_document;
		_cleanup_(json_decrefp) json_t *a = make(&burning, 1), *b = make(&over, 2),
					       *c = make(&other, 1), *kept = NULL;
		_cleanup_(freep) char *text = notify_text(a);
		_cleanup_(freep) char *key_kept = NULL, *key_b = NULL, *key_c = NULL;

		kept = notify_parse(kinds[i], text);
		assert_non_null(kept);
		key_kept = notify_key(kinds[i], kept);
		key_b = notify_key(kinds[i], b);
		key_c = notify_key(kinds[i], c);
		assert_string_equal(key_kept, key_b);
		assert_string_not_equal(key_kept, key_c);
	}
}

static void what_is_no_message_is_not_taken_for_one(void **state)
{
	static const char *const bodies[] = {
		"", "{", "[]", "{}", "{\"schema\":\"other/1\"}", "{\"labels\":[]}"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		assert_null(notify_parse(RECEIVER_ALERTMANAGER, bodies[i]));
		assert_null(notify_parse(RECEIVER_WEBHOOK, bodies[i]));
	}
}

static struct message *add(struct notify_queue *q, size_t receiver, const char *key,
			   uint64_t due_ns)
{
	struct message *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	assert_int_equal(0, notify_queue_add(q, receiver, key, m, due_ns));
	return m;
}

static void drop(struct notify_queue *q, struct message *m)
{
	notify_queue_remove(q, m);
	message_free(m);
}

static void one_alert_is_told_in_order(void **state)
{
	_cleanup_(notify_queue_freep) struct notify_queue *q = NULL;
	struct message *firing, *resolved, *other;

	(void)state;
	assert_int_equal(0, notify_queue_new(10, &q));
	firing = add(q, 0, "a", 0);
	resolved = add(q, 0, "a", 0);
	other = add(q, 0, "b", 0);
	assert_ptr_equal(firing, notify_queue_next(q, 0, 1));
	assert_ptr_equal(other, notify_queue_next(q, 0, 1));
	assert_null(notify_queue_next(q, 0, 1));
	assert_int_equal(UINT64_MAX, notify_queue_due(q, 0));
	notify_queue_again(q, firing, 5 * S);
	assert_null(notify_queue_next(q, 0, 4 * S));
	assert_int_equal(5 * S, notify_queue_due(q, 0));
	assert_ptr_equal(firing, notify_queue_next(q, 0, 5 * S));
	drop(q, firing);
	assert_ptr_equal(resolved, notify_queue_next(q, 0, 5 * S));
}

static void one_receiver_does_not_wait_for_another(void **state)
{
	_cleanup_(notify_queue_freep) struct notify_queue *q = NULL;
	struct message *second;

	(void)state;
	assert_int_equal(0, notify_queue_new(10, &q));
	add(q, 0, "a", 7 * S);
	second = add(q, 1, "a", 0);
	assert_null(notify_queue_next(q, 0, S));
	assert_ptr_equal(second, notify_queue_next(q, 1, S));
	assert_int_equal(1, notify_queue_waiting(q, 0));
	assert_int_equal(1, notify_queue_waiting(q, 1));
}

static void the_oldest_is_too_many_but_never_what_is_under_way(void **state)
{
	_cleanup_(notify_queue_freep) struct notify_queue *q = NULL;
	struct message *first, *second, *third;

	(void)state;
	assert_int_equal(0, notify_queue_new(2, &q));
	first = add(q, 0, "a", 0);
	assert_ptr_equal(first, notify_queue_next(q, 0, 1));
	second = add(q, 0, "b", 0);
	third = add(q, 0, "c", 0);
	assert_null(notify_queue_excess(q));
	add(q, 0, "d", 0);
	assert_ptr_equal(second, notify_queue_excess(q));
	drop(q, second);
	assert_null(notify_queue_excess(q));
	notify_queue_again(q, first, 0);
	assert_ptr_equal(first, notify_queue_excess(q));
	drop(q, first);
	assert_ptr_equal(third, notify_queue_first(q));
}

static void waiting_doubles_from_a_second_to_five_minutes(void **state)
{
	static const unsigned int whole_s[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300 };

	(void)state;
	for (uint32_t i = 0; i < sizeof(whole_s) / sizeof(whole_s[0]); i++) {
		assert_int_equal(whole_s[i] * S, notify_backoff_ns(i + 1, UINT32_MAX));
		assert_int_equal(whole_s[i] * S / 4 * 3, notify_backoff_ns(i + 1, 0));
	}
	assert_int_equal(300 * S, notify_backoff_ns(UINT32_MAX, UINT32_MAX));
}

static void firing_alerts_are_repeated_in_batches_each_once(void **state)
{
	_cleanup_(firing_freep) struct firing *f = NULL;
	_cleanup_(json_decrefp) json_t *seen = json_object();
	struct notice what = burning;
	size_t from = 0, posts = 0;
	char name[32];

	(void)state;
	assert_int_equal(0, firing_new(&f));
	what.slo = name;
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "slo-%d", i % 150); /* the second time in its place */
		assert_int_equal(0, firing_add(f, &what, 1));
	}
	while (from < firing_n(f)) {
		_cleanup_(freep) char *text = firing_post(f, "page", 1, &from);
		_cleanup_(json_decrefp) json_t *post = json_loads(text, 0, NULL);
		json_t *alert;
		size_t i;

		posts++;
		assert_in_range(json_array_size(post), 1, NOTIFY_BATCH);
		json_array_foreach(post, i, alert) {
			const char *slo = json_string_value(
				json_object_get(json_object_get(alert, "labels"), "slo"));

			assert_null(json_object_get(seen, slo));
			json_object_set_new(seen, slo, json_true());
		}
	}
	assert_int_equal(150, json_object_size(seen));
	assert_int_equal(3, posts);
	from = 0;
	assert_null(firing_post(f, "ticket", 1, &from));
	assert_int_equal(150, from);
}

static void the_list_of_firing_alerts_is_bounded(void **state)
{
	_cleanup_(firing_freep) struct firing *f = NULL;
	struct notice what = burning;
	char name[32];

	(void)state;
	assert_int_equal(0, firing_new(&f));
	what.slo = name;
	for (int i = 0; i <= NOTIFY_FIRING_MAX; i++) {
		snprintf(name, sizeof(name), "slo-%d", i);
		assert_int_equal(i < NOTIFY_FIRING_MAX ? 0 : -E2BIG, firing_add(f, &what, 1));
	}
	assert_int_equal(NOTIFY_FIRING_MAX, firing_n(f));
}

static void of_a_url_only_the_origin_is_shown(void **state)
{
	static const char *const urls[][2] = {
		{ "https://user:secret@hooks.example/T0/secret?key=secret#x",
		  "https://hooks.example" },
		{ "http://127.0.0.1:9093/alerts", "http://127.0.0.1:9093" },
		{ "https://[::1]:8443/", "https://[::1]:8443" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		_cleanup_(freep) char *origin = http_origin(urls[i][0]);

		assert_string_equal(urls[i][1], origin);
	}
	assert_null(http_origin("no url at all"));
}

static void a_secret_of_the_largest_size_is_read_and_one_byte_more_is_not(void **state)
{
	char path[] = "/tmp/troth-secret-XXXXXX", why[256] = "", text[SECRET_MAX + 2];
	struct secret secret;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	memset(text, 'x', sizeof(text));
	text[SECRET_MAX] = '\n';
	assert_int_equal(SECRET_MAX + 1, write(fd, text, SECRET_MAX + 1));
	assert_int_equal(0, secret_read(path, &secret, why, sizeof(why)));
	assert_int_equal(SECRET_MAX, strlen(secret.text));
	text[SECRET_MAX] = 'x';
	assert_int_equal(SECRET_MAX + 1, pwrite(fd, text, SECRET_MAX + 1, 0));
	assert_int_equal(-EINVAL, secret_read(path, &secret, why, sizeof(why)));
	assert_non_null(strstr(why, "longer than 4096"));
	assert_null(strstr(why, "xxx"));
	close(fd);
	unlink(path);
	assert_int_equal(-EINVAL, secret_read("/dev/null", &secret, why, sizeof(why)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alert_has_the_labels_that_prometheus_users_route_by),
		cmocka_unit_test(a_resolved_alert_has_the_same_labels_and_an_end),
		cmocka_unit_test(an_alert_does_not_end_before_it_began),
		cmocka_unit_test(annotations_hold_what_is_known_and_nothing_else),
		cmocka_unit_test(a_post_gives_only_what_fires_an_end_to_come),
		cmocka_unit_test(a_start_in_the_future_is_no_start_behind_the_end),
		cmocka_unit_test(text_that_is_no_utf8_is_still_told),
		cmocka_unit_test(what_was_kept_falls_into_the_same_lane),
		cmocka_unit_test(what_is_no_message_is_not_taken_for_one),
		cmocka_unit_test(one_alert_is_told_in_order),
		cmocka_unit_test(one_receiver_does_not_wait_for_another),
		cmocka_unit_test(the_oldest_is_too_many_but_never_what_is_under_way),
		cmocka_unit_test(waiting_doubles_from_a_second_to_five_minutes),
		cmocka_unit_test(firing_alerts_are_repeated_in_batches_each_once),
		cmocka_unit_test(the_list_of_firing_alerts_is_bounded),
		cmocka_unit_test(of_a_url_only_the_origin_is_shown),
		cmocka_unit_test(a_secret_of_the_largest_size_is_read_and_one_byte_more_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
