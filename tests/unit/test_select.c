// SPDX-License-Identifier: Apache-2.0
/* test_select.c - which services a select means, and what is said of one that means none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/base/cleanup.h"
#include "../../user/slo/select.h"
#include "../../user/slo/unmatched.h"

#define CONTAINER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct service_row rows[] = {
	{ .role = ROLE_SERVER,
	  .protocol = "http",
	  .id = { .name = "checkout:8443",
		  .port = 8443,
		  .comm = "checkout-server", /* 15 bytes: the kernel cut it off */
		  .exe = "/opt/shop/checkout-server-v2",
		  .unit = "checkout.service",
		  .cgroup = "/system.slice/checkout.service",
		  .container = CONTAINER,
		  .pod = "7c1e5d" } },
	{ .role = ROLE_CLIENT,
	  .protocol = "postgresql",
	  .id = { .name = "checkout->10.0.0.5:5432",
		  .comm = "checkout-server",
		  .unit = "checkout.service",
		  .peer_address = "10.0.0.5",
		  .peer_port = 5432 } },
	{ .role = ROLE_CLIENT,
	  .protocol = "unknown",
	  .id = { .name = "curl->[fd00::1]:443",
		  .comm = "curl",
		  .peer_address = "fd00::1",
		  .peer_port = 443 } },
	{ .role = ROLE_SERVER, .overflow = true, .id = { .name = "(unattributed)" } },
};

static const struct sample sample = { .services = rows,
				      .n_services = sizeof(rows) / sizeof(rows[0]) };

/* The rows that are meant, a bit each. */
static unsigned int meant(const char *role, enum selector_key key, const char *value)
{
	const char *select[SELECT_KEYS] = { [SELECT_ROLE] = role };
	unsigned int bits = 0;

	select[key] = value;
	for (unsigned int i = 0; i < sample.n_services; i++)
		if (select_matches(select, &rows[i], 0))
			bits |= 1u << i;
	return bits;
}

static void a_select_without_keys_means_every_service_of_its_role(void **state)
{
	(void)state;
	assert_int_equal(1, meant("server", SELECT_ROLE, "server"));
	assert_int_equal(6, meant("client", SELECT_ROLE, "client"));
	assert_int_equal(0, meant("server", SELECT_ROLE, "proxy"));
}

static void a_port_is_the_servers_own_and_the_clients_peers(void **state)
{
	(void)state;
	assert_int_equal(1, meant("server", SELECT_PORT, "8443"));
	assert_int_equal(0, meant("client", SELECT_PORT, "8443"));
	assert_int_equal(2, meant("client", SELECT_PORT, "5432"));
	assert_int_equal(0, meant("server", SELECT_PORT, "0"));
	assert_int_equal(0, meant("server", SELECT_PORT, "8443x"));
	assert_int_equal(0, meant("server", SELECT_PORT, "73979")); /* 8443 + 65536 */
	assert_int_equal(0, meant("client", SELECT_PORT, "https"));
}

static void a_unit_may_be_named_as_systemctl_takes_it(void **state)
{
	(void)state;
	assert_int_equal(1, meant("server", SELECT_UNIT, "checkout.service"));
	assert_int_equal(1, meant("server", SELECT_UNIT, "checkout"));
	assert_int_equal(0, meant("server", SELECT_UNIT, "check"));
	assert_int_equal(0, meant("server", SELECT_UNIT, "checkout.socket"));
	assert_int_equal(0, meant("server", SELECT_UNIT, ""));
	assert_int_equal(2, meant("client", SELECT_UNIT, "checkout"));
}

static void a_container_may_be_named_by_its_short_id(void **state)
{
	(void)state;
	assert_int_equal(1, meant("server", SELECT_CONTAINER, CONTAINER));
	assert_int_equal(1, meant("server", SELECT_CONTAINER, "0123456789ab"));
	assert_int_equal(0, meant("server", SELECT_CONTAINER, "0123456789a"));
	assert_int_equal(0, meant("server", SELECT_CONTAINER, "123456789abc"));
	assert_int_equal(1, meant("server", SELECT_POD, "7c1e5d"));
	assert_int_equal(0, meant("server", SELECT_POD, "7c1e5"));
}

static void a_program_is_meant_by_comm_or_by_path(void **state)
{
	(void)state;
	assert_int_equal(1, meant("server", SELECT_COMM, "checkout-server"));
	assert_int_equal(1, meant("server", SELECT_COMM, "checkout-server-v2"));
	assert_int_equal(0, meant("server", SELECT_COMM, "checkout"));
	assert_int_equal(0, meant("server", SELECT_COMM, ""));
	assert_int_equal(1, meant("server", SELECT_EXE, "/opt/shop/checkout-server-v2"));
	assert_int_equal(1, meant("server", SELECT_EXE, "checkout-server-v2"));
	assert_int_equal(0, meant("server", SELECT_EXE, "checkout-server"));
	assert_int_equal(0, meant("server", SELECT_EXE, "shop/checkout-server-v2"));
	assert_int_equal(0, meant("client", SELECT_EXE, "checkout-server-v2"));
}

static void a_cgroup_means_what_is_below_it_too(void **state)
{
	(void)state;
	assert_int_equal(1, meant("server", SELECT_CGROUP, "/system.slice/checkout.service"));
	assert_int_equal(1, meant("server", SELECT_CGROUP, "/system.slice/"));
	assert_int_equal(1, meant("server", SELECT_CGROUP, "/"));
	assert_int_equal(0, meant("server", SELECT_CGROUP, "/system"));
	assert_int_equal(0, meant("server", SELECT_CGROUP, ""));
	assert_int_equal(0, meant("client", SELECT_CGROUP, "/"));
}

static void a_peer_is_an_address_with_or_without_port(void **state)
{
	(void)state;
	assert_int_equal(2, meant("client", SELECT_PEER, "10.0.0.5"));
	assert_int_equal(2, meant("client", SELECT_PEER, "10.0.0.5:5432"));
	assert_int_equal(2, meant("client", SELECT_PEER, "::ffff:10.0.0.5"));
	assert_int_equal(0, meant("client", SELECT_PEER, "10.0.0.5:5433"));
	assert_int_equal(0, meant("client", SELECT_PEER, "10.0.0.50"));
	assert_int_equal(4, meant("client", SELECT_PEER, "fd00::1"));
	assert_int_equal(4, meant("client", SELECT_PEER, "[fd00::1]"));
	assert_int_equal(4, meant("client", SELECT_PEER, "[FD00:0::1]:443"));
	assert_int_equal(0, meant("client", SELECT_PEER, "[fd00::1]:80"));
	assert_int_equal(0, meant("client", SELECT_PEER, "[fd00::1"));
	assert_int_equal(0, meant("client", SELECT_PEER, "[fd00::1]443"));
	assert_int_equal(0, meant("client", SELECT_PEER, "10.0.0.5:"));
	assert_int_equal(0, meant("client", SELECT_PEER, "database"));
	assert_int_equal(0,
			 meant("client", SELECT_PEER,
			       "10.0.0.5"
			       "0000000000000000000000000000000000000000000000000000000000000000"
			       "0000000000000000000000000000000000000000000000000000000000000000"));
	assert_int_equal(0, meant("server", SELECT_PEER, "10.0.0.5"));
}

static void a_protocol_is_named_as_in_the_document(void **state)
{
	(void)state;
	assert_int_equal(1, meant("server", SELECT_PROTOCOL, "http"));
	assert_int_equal(0, meant("server", SELECT_PROTOCOL, "HTTP"));
	assert_int_equal(2, meant("client", SELECT_PROTOCOL, "postgresql"));
	assert_int_equal(4, meant("client", SELECT_PROTOCOL, "unknown"));
}

static void what_is_not_known_of_a_service_means_none(void **state)
{
	(void)state;
	assert_int_equal(0, meant("server", SELECT_NAMESPACE, "shop"));
	assert_int_equal(0, meant("server", SELECT_WORKLOAD, "checkout"));
	assert_int_equal(0, meant("server", SELECT_ROUTE, "GET /cart"));
}

static void all_keys_must_fit(void **state)
{
	const char *select[SELECT_KEYS] = {
		[SELECT_ROLE] = "server", [SELECT_PORT] = "8443", [SELECT_UNIT] = "checkout"
	};

	(void)state;
	assert_true(select_matches(select, &rows[0], 0));
	select[SELECT_COMM] = "nginx";
	assert_false(select_matches(select, &rows[0], 0));
	assert_true(select_matches(select, &rows[0], 1u << SELECT_COMM));
}

static void assert_words(const char *expected, const char *role, const char *port, const char *unit,
			 const char *comm)
{
	const char *select[SELECT_KEYS] = {
		[SELECT_ROLE] = role, [SELECT_PORT] = port, [SELECT_UNIT] = unit, [SELECT_COMM] = comm
	};
	_cleanup_(freep) char *words = unmatched_words(select, &sample);

	assert_string_equal(expected, words);
}

static void what_matched_nothing_is_said_with_what_comes_near(void **state)
{
	(void)state;
	assert_words("no service with port 9999 was seen", "server", "9999", NULL, NULL);
	assert_words("no service with unit chekout.service was seen; did you mean "
		     "checkout.service?",
		     "server", NULL, "chekout.service", NULL);
	assert_words("no service with port 8444 was seen; did you mean 8443?", "server", "8444",
		     NULL, NULL);
	assert_words("no service with port 8443 and unit nginx.service was seen; checkout:8443 has "
		     "unit checkout.service",
		     "server", "8443", "nginx.service", NULL);
	assert_words("no service with comm curl was seen; curl->[fd00::1]:443 would fit, but it is "
		     "a client: write role: client",
		     "server", NULL, NULL, "curl");
	assert_words("no client service with port 443 and unit checkout was seen; "
		     "checkout->10.0.0.5:5432 has port 5432",
		     "client", "443", "checkout", NULL);
	assert_words("no client service with port 443 and unit web and comm curl was seen; "
		     "curl->[fd00::1]:443 would fit, but it has no unit",
		     "client", "443", "web", "curl");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_select_without_keys_means_every_service_of_its_role),
		cmocka_unit_test(a_port_is_the_servers_own_and_the_clients_peers),
		cmocka_unit_test(a_unit_may_be_named_as_systemctl_takes_it),
		cmocka_unit_test(a_container_may_be_named_by_its_short_id),
		cmocka_unit_test(a_program_is_meant_by_comm_or_by_path),
		cmocka_unit_test(a_cgroup_means_what_is_below_it_too),
		cmocka_unit_test(a_peer_is_an_address_with_or_without_port),
		cmocka_unit_test(a_protocol_is_named_as_in_the_document),
		cmocka_unit_test(what_is_not_known_of_a_service_means_none),
		cmocka_unit_test(all_keys_must_fit),
		cmocka_unit_test(what_matched_nothing_is_said_with_what_comes_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
