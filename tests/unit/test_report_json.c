// SPDX-License-Identifier: Apache-2.0
/* test_report_json.c - troth.check/1: every key of CONTRACT with its type, and what it says. */
#include <errno.h>
#include <jansson.h>

#include "report_fixture.h"

static json_t *parsed(const struct check_report *r)
{
	_cleanup_(freep) char *text = printed(r, true, false);
	json_error_t error;
	json_t *root = json_loads(text, 0, &error);

	if (!root)
		fail_msg("%s at %d", error.text, error.line);
	return root;
}

/* "a.b.0.c"; fails where there is no such key. */
static json_t *at(json_t *o, const char *path)
{
	_cleanup_(freep) char *copy = strdup(path);
	char *rest = NULL;

	for (char *key = strtok_r(copy, ".", &rest); key; key = strtok_r(NULL, ".", &rest)) {
		o = json_is_array(o) ? json_array_get(o, atoi(key)) : json_object_get(o, key);
		if (!o)
			fail_msg("no %s in %s", key, path);
	}
	return o;
}

/* i integer, r real, s string, b boolean, 0 null, o object, a array */
static void assert_types(json_t *o, const char *const (*keys)[2])
{
	for (; (*keys)[0]; keys++) {
		const json_t *value = at(o, (*keys)[0]);
		static const char letters[] = {
			[JSON_OBJECT] = 'o',  [JSON_ARRAY] = 'a', [JSON_STRING] = 's',
			[JSON_INTEGER] = 'i', [JSON_REAL] = 'r',  [JSON_TRUE] = 'b',
			[JSON_FALSE] = 'b',   [JSON_NULL] = '0'
		};

		if (letters[json_typeof(value)] != (*keys)[1][0])
			fail_msg("%s is of type %c", (*keys)[0], letters[json_typeof(value)]);
	}
}

static void every_key_of_the_contract_has_its_type(void **state)
{
	static const char *const document[][2] = {
		{ "schema", "s" },
		{ "started", "s" },
		{ "duration_s", "r" },
		{ "host.name", "s" },
		{ "host.kernel", "s" },
		{ "host.backend", "s" },
		{ "measurement.coverage", "r" },
		{ "measurement.exchanges", "i" },
		{ "measurement.lost", "i" },
		{ "measurement.unattributed", "i" },
		{ "measurement.unreadable_payloads", "i" },
		{ "measurement.missed_probe_runs", "i" },
		{ "measurement.kernel_ns_per_exchange", "0" },
		{ "measurement.losses", "o" },
		{ "measurement.losses.no_series_client", "i" },
		{ "services", "a" },
		{},
	};
	static const char *const service[][2] = {
		{ "name", "s" },
		{ "role", "s" },
		{ "protocol", "s" },
		{ "identity.port", "i" },
		{ "identity.pid", "i" },
		{ "identity.comm", "s" },
		{ "identity.exe", "s" },
		{ "identity.unit", "s" },
		{ "identity.container", "0" },
		{ "identity.pod", "0" },
		{ "identity.cgroup", "s" },
		{ "identity.netns", "i" },
		{ "peer", "0" },
		{ "exchanges.total", "i" },
		{ "exchanges.ok", "i" },
		{ "exchanges.client_error", "i" },
		{ "exchanges.server_error", "i" },
		{ "exchanges.no_response", "i" },
		{ "exchanges.aborted", "i" },
		{ "exchanges.unknown", "i" },
		{ "exchanges.in_flight", "i" },
		{ "exchanges.streamed", "i" },
		{ "exchanges.coalesced", "i" },
		{ "latency_s.mean", "r" },
		{ "latency_s.p50", "r" },
		{ "latency_s.p90", "r" },
		{ "latency_s.p99", "r" },
		{ "latency_s.p999", "r" },
		{ "latency_s.max", "r" },
		{ "parts_s.first_byte.mean", "r" },
		{ "parts_s.queue.mean", "r" },
		{ "parts_s.queue.p50", "r" },
		{ "parts_s.queue.p99", "r" },
		{ "parts_s.receive.mean", "r" },
		{ "parts_s.service.mean", "r" },
		{ "parts_s.send.mean", "r" },
		{ "connections.opened", "i" },
		{ "connections.closed", "i" },
		{ "connections.refused", "0" },
		{ "connections.reset_by_peer", "i" },
		{ "connections.reset_by_us", "i" },
		{ "connections.retransmits", "i" },
		{ "connections.accept_overflows", "i" },
		{ "connections.connect_timeouts", "0" },
		{ "connections.connect_s", "0" },
		{ "connections.srtt_s.mean", "r" },
		{ "bytes.in", "i" },
		{ "bytes.out", "i" },
		{ "routes", "a" },
		{ "slos", "a" },
		{ "slos.0.name", "s" },
		{ "slos.0.indicator", "s" },
		{ "slos.0.target", "r" },
		{ "slos.0.good", "i" },
		{ "slos.0.total", "i" },
		{ "slos.0.sli", "r" },
		{ "slos.0.exact", "b" },
		{ "slos.0.met", "b" },
		{ "slos.0.budget.allowed", "r" },
		{ "slos.0.budget.spent", "i" },
		{ "slos.0.budget.remaining_ratio", "r" },
		{ "slos.1.part", "s" },
		{ "slos.1.max_s", "r" },
		{},
	};
	struct fixture f;

	(void)state;
	fill(&f);
	_cleanup_(json_decrefp) json_t *root = parsed(&f.report);
	assert_types(root, document);
	assert_types(at(root, "services.1"), service);
	assert_string_equal("troth.check/1", json_string_value(at(root, "schema")));
	assert_string_equal("2026-01-31T12:00:00.007Z", json_string_value(at(root, "started")));
}

static void assert_real(double expected, json_t *root, const char *path)
{
	assert_float_equal(expected, json_number_value(at(root, path)), 1e-9);
}

static void the_numbers_are_those_of_the_contracts_example(void **state)
{
	struct fixture f;

	(void)state;
	fill(&f);
	_cleanup_(json_decrefp) json_t *root = parsed(&f.report);
	_cleanup_(freep) char *text = printed(&f.report, true, false);
	assert_real(0.002, root, "services.1.latency_s.mean");
	assert_real(0.061, root, "services.1.latency_s.max");
	assert_real(0.0012, root, "services.1.parts_s.queue.mean");
	assert_real(0.0019, root, "services.1.parts_s.first_byte.mean");
	assert_real(0.00005, root, "services.1.connections.srtt_s.mean");
	assert_real(0.5, root, "services.1.slos.1.max_s");
	assert_real(-5, root, "services.1.slos.0.budget.remaining_ratio");
	assert_int_equal(6, json_integer_value(at(root, "services.1.slos.0.budget.spent")));
	assert_true(json_is_false(at(root, "services.1.slos.0.met")));
	assert_non_null(strstr(text, "\"sli\": 0.994,"));
	assert_non_null(strstr(text, "\"duration_s\": 10.0,"));
}

static void a_client_has_first_byte_and_connects_and_a_peer(void **state)
{
	static const char *const client[][2] = {
		{ "peer.address", "s" },
		{ "peer.port", "i" },
		{ "peer.name", "0" },
		{ "identity.port", "i" },
		{ "identity.pid", "0" },
		{ "identity.netns", "0" },
		{ "parts_s.first_byte.mean", "r" },
		{ "parts_s.queue", "0" },
		{ "parts_s.receive", "0" },
		{ "parts_s.service", "0" },
		{ "parts_s.send", "0" },
		{ "connections.refused", "i" },
		{ "connections.connect_timeouts", "i" },
		{ "connections.accept_overflows", "0" },
		{ "connections.connect_s.p99", "r" },
		{ "connections.srtt_s.mean", "0" },
		{},
	};
	struct fixture f;

	(void)state;
	fill(&f);
	_cleanup_(json_decrefp) json_t *root = parsed(&f.report);
	assert_types(at(root, "services.0"), client);
	assert_int_equal(0, json_integer_value(at(root, "services.0.identity.port")));
	assert_real(0.004, root, "services.0.latency_s.mean");
	assert_real(0.003, root, "services.0.parts_s.first_byte.mean");
	assert_real(0.002, root, "services.0.connections.connect_s.mean");
}

static void what_was_not_counted_is_null_and_never_0(void **state)
{
	static const char *const idle[][2] = {
		{ "latency_s.mean", "0" },
		{ "latency_s.p50", "0" },
		{ "latency_s.p90", "0" },
		{ "latency_s.p99", "0" },
		{ "latency_s.p999", "0" },
		{ "latency_s.max", "0" },
		{ "parts_s.first_byte.mean", "0" },
		{ "parts_s.queue.p99", "0" },
		{ "slos.0.sli", "0" },
		{ "slos.0.met", "0" },
		{ "slos.0.total", "i" },
		{ "slos.0.budget.remaining_ratio", "r" },
		{ "identity.pid", "0" },
		{ "identity.comm", "0" },
		{},
	};
	struct fixture f;

	(void)state;
	fill(&f);
	_cleanup_(json_decrefp) json_t *root = parsed(&f.report);
	assert_types(at(root, "services.2"), idle);
}

static void parts_are_means_of_the_exchanges_whose_parts_are_known(void **state)
{
	struct fixture f;

	(void)state;
	fill(&f);
	f.rows[1].counts.undivided = 500;
	f.rows[1].counts.undivided_ns = 3000000000;
	f.rows[1].counts.exchanges[0][OUTCOME_ABORTED] = 77; /* has neither duration nor parts */
	_cleanup_(json_decrefp) json_t *root = parsed(&f.report);
	assert_real(0.005, root, "services.1.latency_s.mean");
	assert_real(0.0024, root, "services.1.parts_s.queue.mean");
	assert_int_equal(1077, json_integer_value(at(root, "services.1.exchanges.total")));
}

static void bounds_are_given_where_an_sli_is_not_exact(void **state)
{
	struct fixture f;

	(void)state;
	fill(&f);
	f.rows[1].counts.exchanges[FAST][OUTCOME_UNKNOWN] = 1000;
	judge_all(&f);
	_cleanup_(json_decrefp) json_t *root = parsed(&f.report);
	assert_true(json_is_false(at(root, "services.1.slos.0.exact")));
	assert_real(0.497, root, "services.1.slos.0.sli_lowest");
	assert_real(0.997, root, "services.1.slos.0.sli_highest");
	assert_null(json_object_get(at(root, "services.1.slos.1"), "sli_lowest"));
}

static void any_byte_in_a_name_gives_valid_json(void **state)
{
	char comm[256];
	struct fixture f;

	(void)state;
	for (unsigned int i = 0; i < 255; i++)
		comm[i] = (char)(255 - i);
	comm[255] = '\0';
	fill(&f);
	f.rows[1].id.comm = comm;
	f.rows[1].id.name = "\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80 \xf0\x9f";
	_cleanup_(json_decrefp) json_t *root = parsed(&f.report); /* the loader checks UTF-8 */
	assert_non_null(root);
}

static void an_overflow_row_is_unattributed_and_empty_ones_are_left_out(void **state)
{
	struct fixture f;

	(void)state;
	fill(&f);
	f.rows[1].overflow = f.rows[2].overflow = true;
	f.rows[1].id = f.rows[2].id = (struct identity){};
	_cleanup_(json_decrefp) json_t *root = parsed(&f.report);
	assert_int_equal(2, json_array_size(at(root, "services")));
	assert_string_equal("(unattributed)", json_string_value(at(root, "services.1.name")));
	assert_true(json_is_null(at(root, "services.1.identity.port")));
}

static void no_service_at_all_is_an_empty_array(void **state)
{
	struct fixture f;

	(void)state;
	fill(&f);
	f.sample.n_services = 0;
	f.report.n_judgements = 0;
	_cleanup_(json_decrefp) json_t *root = parsed(&f.report);
	assert_int_equal(0, json_array_size(at(root, "services")));
}

static void counts_that_json_cannot_hold_stop_at_its_largest(void **state)
{
	struct fixture f;

	(void)state;
	fill(&f);
	f.rows[1].counts.bytes_out = UINT64_MAX;
	_cleanup_(json_decrefp) json_t *root = parsed(&f.report);
	assert_true(json_integer_value(at(root, "services.1.bytes.out")) == INT64_MAX);
}

static void a_full_device_is_an_error(void **state)
{
	_cleanup_(fclosep) FILE *out = fopen("/dev/full", "w");
	struct fixture f;

	(void)state;
	fill(&f);
	assert_int_equal(-ENOSPC, check_report_json(out, &f.report));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_of_the_contract_has_its_type),
		cmocka_unit_test(the_numbers_are_those_of_the_contracts_example),
		cmocka_unit_test(a_client_has_first_byte_and_connects_and_a_peer),
		cmocka_unit_test(what_was_not_counted_is_null_and_never_0),
		cmocka_unit_test(parts_are_means_of_the_exchanges_whose_parts_are_known),
		cmocka_unit_test(bounds_are_given_where_an_sli_is_not_exact),
		cmocka_unit_test(any_byte_in_a_name_gives_valid_json),
		cmocka_unit_test(an_overflow_row_is_unattributed_and_empty_ones_are_left_out),
		cmocka_unit_test(no_service_at_all_is_an_empty_array),
		cmocka_unit_test(counts_that_json_cannot_hold_stop_at_its_largest),
		cmocka_unit_test(a_full_device_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
