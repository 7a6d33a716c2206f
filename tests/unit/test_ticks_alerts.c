// SPDX-License-Identifier: Apache-2.0
/* What people are told of an alert, from the ticks on: since when it fires, once, by its own name. */
#include <jansson.h>

#include "ticks.h"

#define MESSAGES_MAX 16

/* Documents as they wait for the receiver, in order. Nothing is sent: no loop runs. */
static size_t messages(struct world *w, json_t *ret[MESSAGES_MAX])
{
	sqlite3_stmt *q;
	size_t n = 0;
	sqlite3 *db;

	assert_int_equal(sqlite3_open_v2(w->db, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT body FROM messages ORDER BY id", -1, &q,
					    NULL),
			 SQLITE_OK);
	while (sqlite3_step(q) == SQLITE_ROW) {
		assert_true(n < MESSAGES_MAX);
		ret[n] = json_loads((const char *)sqlite3_column_text(q, 0), 0, NULL);
		assert_non_null(ret[n++]);
	}
	assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return n;
}

static void messages_free(json_t *all[MESSAGES_MAX], size_t n)
{
	for (size_t i = 0; i < n; i++)
		json_decref(all[i]);
}

static const char *text(const json_t *o, const char *key)
{
	const char *value = json_string_value(json_object_get(o, key));

	assert_non_null(value);
	return value;
}

static void promise_over(struct world *w, const char *period)
{
	char command[256];

	snprintf(command, sizeof(command), "sed -i s/7d/%s/ %s/promise.yaml", period, w->slos);
	assert_int_equal(system(command), 0);
}

/*
 * CONTRACT's rule for short periods gives an hour two pages over 1m/1m, above 1.2 and above 3; and nine
 * minutes two tickets over 1m/1m above 0.9.
 */
static struct world *world_with_a_receiver(const char *period, const char *severity)
{
	struct world *w = world_new();

	promise_over(w, period);
	world_start(w);
	w->d.conf.n_receivers = 1;
	w->d.conf.receivers[0] = (struct receiver_conf){
		.name = "hook", .kind = "command", .command = "/bin/true", .severity = severity
	};
	strcpy(w->d.host, "here");
	assert_int_equal(daemon_notifier(&w->d, false), 0);
	return w;
}

static void end(struct world *w)
{
	notifier_free(w->d.notifier);
	w->d.notifier = NULL;
	world_free(w);
}

/* Bad from minute 0 on, good from minute 1, bad again in minute 3; each is judged at its end. */
static void two_incidents(struct world *w)
{
	unsigned int shop = made_service("shop", PORT);

	world_tick(w);
	for (unsigned int minute = 0; minute < 5; minute++) {
		made_exchanges(shop, 10, minute == 0 || minute == 3 ? 40 : 0);
		world_tick(w);
		world_minute(w);
	}
	world_tick(w);
}

static void a_message_says_since_when_and_until_when(void **state)
{
	static const struct {
		const char *state, *since, *until;
	} expected[] = {
		{ "firing", "2026-01-01T00:01:00Z", NULL },
		{ "resolved", "2026-01-01T00:01:00Z", "2026-01-01T00:02:00Z" },
		{ "firing", "2026-01-01T00:04:00Z", NULL },
		{ "resolved", "2026-01-01T00:04:00Z", "2026-01-01T00:05:00Z" },
	};
	struct world *w = world_with_a_receiver("1h", "page");
	json_t *all[MESSAGES_MAX];
	size_t n, at = 0;

	(void)state;
	two_incidents(w);
	n = messages(w, all);
	for (size_t i = 0; i < n; i++) {
		const json_t *until = json_object_get(all[i], "until");

		if (i && !strcmp(text(all[i], "id"), text(all[i - 1], "id")))
			continue; /* of the other alert over the same windows */
		assert_true(at < 4);
		assert_string_equal(text(all[i], "state"), expected[at].state);
		assert_string_equal(text(all[i], "since"), expected[at].since);
		if (expected[at].until)
			assert_string_equal(text(all[i], "until"), expected[at].until);
		else
			assert_true(json_is_null(until));
		assert_non_null(strstr(text(all[i], "summary"),
				       at < 2 ? "2026-01-01 00:01 UTC" : "2026-01-01 00:04 UTC"));
		assert_int_equal(!expected[at].until,
				 !strstr(text(all[i], "summary"), "PAGE is over: it fired from"));
		at++;
	}
	assert_int_equal(at, 4);
	assert_int_equal(log_has("1970"), 0);
	messages_free(all, n);
	end(w);
}

static void each_change_has_an_id_of_its_own(void **state)
{
	struct world *w = world_with_a_receiver("1h", "page");
	json_t *all[MESSAGES_MAX];
	size_t n;

	(void)state;
	two_incidents(w);
	n = messages(w, all);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(text(all[i], "id"), text(all[k], "id"));
	messages_free(all, n);
	end(w);
}

static void alerts_over_the_same_windows_are_told_once_and_stay_two_events(void **state)
{
	struct world *w = world_with_a_receiver("1h", "page");
	const struct kept_event *events;
	unsigned int pages = 0;
	uint64_t left_out;
	size_t n;

	(void)state;
	two_incidents(w);
	assert_int_equal(log_has("alert firing: " PROMISE " page"), 2);
	assert_int_equal(log_has("alert resolved: " PROMISE " page"), 2);
	events = keeper_events(w->d.keeper, &n, &left_out);
	for (size_t i = 0; i < n; i++)
		pages += !strcmp(events[i].severity, "page");
	assert_int_equal(pages, 8);
	end(w);
}

static void alerts_that_are_alike_in_all_are_told_once(void **state)
{
	struct world *w = world_with_a_receiver("9m", "ticket");

	(void)state;
	two_incidents(w);
	assert_int_equal(log_has("alert firing: " PROMISE " ticket"), 2);
	assert_int_equal(log_has("alert resolved: " PROMISE " ticket"), 2);
	end(w);
}

/* A ticket looks back over six hours and eighteen in a week: here there is a minute. */
static void a_rate_says_how_much_of_its_window_was_measured(void **state)
{
	struct world *w = world_with_a_receiver("7d", "ticket");
	json_t *all[MESSAGES_MAX];
	size_t n;

	(void)state;
	two_incidents(w);
	n = messages(w, all);
	assert_true(n > 0);
	assert_non_null(strstr(text(all[0], "summary"), " (measured: "));
	messages_free(all, n);
	end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_says_since_when_and_until_when),
		cmocka_unit_test(each_change_has_an_id_of_its_own),
		cmocka_unit_test(alerts_over_the_same_windows_are_told_once_and_stay_two_events),
		cmocka_unit_test(alerts_that_are_alike_in_all_are_told_once),
		cmocka_unit_test(a_rate_says_how_much_of_its_window_was_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
