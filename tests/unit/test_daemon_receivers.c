// SPDX-License-Identifier: Apache-2.0
/*
 * test_daemon_receivers.c - `notify:` of the daemon's configuration. Places were counted by hand.
 */
#include "daemon_conf.h"

#include "../../user/conf/duration.h"

static void receivers_have_the_fields_of_their_kind(void **state)
{
	const struct receiver_conf *r = conf.receivers;

	(void)state;
	accepted("notify:\n"
		 "- {name: am, kind: alertmanager, url: 'http://127.0.0.1:9093/x?a=b'}\n"
		 "- {name: hook, kind: webhook, url: https://h/, bearer-token-file: /t,"
		 "   ca-file: /ca, severity: page, timeout: 1m}\n"
		 "- {name: cmd, kind: command, command: /bin/true, timeout: 5}\n"
		 "- {name: basic, kind: webhook, url: http://h, user: 'a b', password-file: /p}\n");
	assert_int_equal(4, conf.n_receivers);
	assert_string_equal("am", r[0].name);
	assert_string_equal("alertmanager", r[0].kind);
	assert_string_equal("http://127.0.0.1:9093/x?a=b", r[0].url);
	assert_true(r[0].timeout_ns == 10 * SEC_NS);
	assert_null(r[0].user);
	assert_null(r[0].severity);
	assert_string_equal("/t", r[1].bearer_file);
	assert_string_equal("/ca", r[1].ca_file);
	assert_string_equal("page", r[1].severity);
	assert_true(r[1].timeout_ns == MIN_NS);
	assert_string_equal("/bin/true", r[2].command);
	assert_null(r[2].url);
	assert_true(r[2].timeout_ns == 5 * SEC_NS);
	assert_string_equal("a b", r[3].user);
	assert_string_equal("/p", r[3].password_file);
}

#define HOOK	"notify:\n- {name: a, kind: webhook, url: https://h/, "
#define COMMAND "notify:\n- {name: a, kind: command, command: /c, "

static void a_wrong_receiver_has_its_place(void **state)
{
	(void)state;
	refused("notify:\n- {kind: command, command: /c}\n", 2, 3, "has no 'name'");
	refused("notify:\n- {name: a, command: /c}\n", 2, 3, "has no 'kind'");
	refused("notify:\n- {name: a, kind: webhook}\n", 2, 3, "has no 'url'");
	refused("notify:\n- {name: a, kind: command}\n", 2, 3, "has no 'command'");
	refused("notify:\n- {name: a, kind: weebhook}\n", 2, 19, "did you mean 'webhook'");
	refused("notify:\n- {name: a/b, kind: command, command: /c}\n", 2, 10, "letters, digits");
	refused("notify:\n- {name: a, kind: command, command: c}\n", 2, 37, "begins with /");
	refused("notify:\n- a\n", 2, 3, "a receiver is a mapping");
	refused("notify: {name: a}\n", 1, 9, "notify must be a list");
	refused(COMMAND "url: http://h}\n", 2, 41, "kind command has none");
	refused(COMMAND "ca-file: /h}\n", 2, 41, "kind command has none");
	refused(HOOK "command: /h}\n", 2, 45, "kind webhook has none");
	refused(HOOK "urls: /h}\n", 2, 45, "did you mean 'url'");
	refused(HOOK "user: u}\n", 2, 45, "password-file");
	refused(HOOK "password-file: /p}\n", 2, 45, "write user:");
	refused(HOOK "user: u, password-file: /p, bearer-token-file: /t}\n", 2, 73, "take out one");
	refused(HOOK "timeout: 1ms}\n", 2, 54, "1s to 5m");
	refused(HOOK "severity: ''}\n", 2, 55, "leave it out");
	refused("notify:\n- {name: a, kind: webhook, url: http://h, ca-file: /c}\n", 2, 43,
		"for https");
	refused(COMMAND "timeout: 2s}\n- {name: a, kind: command, command: /c}\n", 3, 10,
		"another receiver's name");
}

static void only_so_many_receivers(void **state)
{
	char text[2048] = "notify:\n";

	(void)state;
	for (int i = 0; i < RECEIVERS_MAX; i++)
		sprintf(text + strlen(text), "- {name: n%d, kind: command, command: /c}\n", i);
	accepted(text);
	assert_int_equal(RECEIVERS_MAX, conf.n_receivers);
	strcat(text, "- {name: more, kind: command, command: /c}\n");
	refused(text, RECEIVERS_MAX + 2, 3, "more than 16 receivers");
}

static void what_may_be_secret_is_not_repeated(void **state)
{
	static const char *const texts[] = {
		"notify:\n- {name: a, kind: webhook, url: 'https://u:hunter2@h/'}\n",
		"notify:\n- {name: a, kind: webhook, url: 'https://hunter2@h/'}\n",
		"notify:\n- {name: a, kind: webhook, url: 'htps://h/hunter2'}\n",
		"notify:\n- {name: a, kind: webhook, url: 'https://h/ hunter2'}\n",
		HOOK "user: u, password-file: hunter2}\n",
		HOOK "bearer-token-file: hunter2}\n",
		"http: {bearer-token-file: hunter2}\n",
		"http: {tls-cert: /c, tls-key: hunter2}\n",
		"http: {bearer-token: hunter2}\n",
		HOOK "password: hunter2}\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(-EINVAL, read_with(texts[i], NULL));
		for (size_t k = 0; k < problems.n; k++)
			assert_null(strstr(problems.item[k].message, "hunter2"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(receivers_have_the_fields_of_their_kind),
		cmocka_unit_test(a_wrong_receiver_has_its_place),
		cmocka_unit_test(only_so_many_receivers),
		cmocka_unit_test(what_may_be_secret_is_not_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}
