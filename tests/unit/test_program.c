// SPDX-License-Identifier: Apache-2.0
/* test_program.c - command lines as found on real machines, and what people call them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "../../user/base/cleanup.h"
#include "../../user/collect/program.h"

struct program_case {
	const char *exe, *comm;
	const char *command; /* words separated by '|' */
	const char *name;
};

static void check(const struct program_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct program_case *c = &cases[i];
		_cleanup_(freep) char *command = strdup(c->command ? c->command : "");
		_cleanup_(freep) char *name = NULL;
		size_t size = strlen(command);

		for (size_t at = 0; at < size; at++)
			if (command[at] == '|')
				command[at] = '\0';
		assert_int_equal(0, program_name(c->exe, c->comm, c->command ? command : NULL, size,
						 &name));
		if (strcmp(c->name, name))
			fail_msg("%s: called %s, not %s", c->command ? c->command : c->exe, name,
				 c->name);
	}
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof(*(cases)))

static void a_program_is_called_after_its_executable(void **state)
{
	static const struct program_case cases[] = {
		{ "/usr/sbin/nginx", "nginx", "nginx: worker process", "nginx" },
		{ "/usr/lib/postgresql/15/bin/postgres", "postgres",
		  "postgres: 15/main: walwriter ", "postgres" },
		{ "/usr/bin/shopd", "worker-7", "/usr/bin/shopd|--workers|8", "shopd" },
		{ "/usr/bin/shopd", NULL, NULL, "shopd" },
		{ NULL, "shopd", NULL, "shopd" },
		{ "", "shopd", "", "shopd" },
		{ "/usr/lib/erlang/erts-13/bin/beam.smp", "beam.smp", "beam.smp|-W|w", "beam.smp" },
		{ "/usr/sbin/php-fpm8.2", "php-fpm8.2", "php-fpm: pool www", "php-fpm8.2" },
		{ "/usr/bin/python3-config", "python3-config", "python3-config", "python3-config" },
		{ "/memfd:app", "app", "app", "app" },
	};

	(void)state;
	CHECK(cases);
}

static void a_program_started_by_another_name_keeps_that_name(void **state)
{
	static const struct program_case cases[] = {
		{ "/usr/bin/redis-check-rdb", "redis-server",
		  "/usr/bin/redis-server 127.0.0.1:6379", "redis-server" },
		{ "/usr/bin/long", "fifteen-letters", "/opt/fifteen-letters-and-more|-x",
		  "fifteen-letters-and-more" },
		{ "/bin/busybox", "httpd", "httpd|-f", "httpd" },
		{ "/bin/busybox", "busybox", "busybox|httpd|-f", "httpd" },
		{ "/bin/busybox", "busybox", "busybox", "busybox" },
	};

	(void)state;
	CHECK(cases);
}

static void an_interpreter_is_called_after_what_it_runs(void **state)
{
	static const struct program_case cases[] = {
		{ "/usr/bin/python3.11", "python3", "python3|-u|/srv/shop/app.py|--port|80",
		  "app.py" },
		{ "/usr/bin/python3.11", "python3", "python3|-m|http.server|8000", "http.server" },
		{ "/usr/bin/python3.11", "python3", "python3|-um|uvicorn|shop:app", "uvicorn" },
		{ "/usr/bin/python3.11", "python3", "python3|-W|ignore|-X|dev|-O|a.py", "a.py" },
		{ "/usr/bin/python3.11", "gunicorn", "/usr/bin/python3|/usr/bin/gunicorn|shop:app",
		  "gunicorn" },
		{ "/usr/bin/python3.11", "python3", "python3|/srv/shop/__main__.py", "shop" },
		{ "/usr/bin/python3.11", "python3", "python3|/srv/shop/", "shop" },
		{ "/usr/bin/python3.11", "python3", "python3|--|-odd.py", "-odd.py" },
		{ "/usr/bin/node", "node", "node|--max-old-space-size=512|server.js", "server.js" },
		{ "/usr/bin/node", "MainThread",
		  "node|-r|dotenv/config|--import|x.mjs|dist/main.js", "main.js" },
		{ "/usr/bin/ruby3.1", "ruby", "ruby|-I|lib|bin/rails|server", "rails" },
		{ "/usr/bin/perl", "perl", "perl|-w|-MFoo|/srv/x.pl", "x.pl" },
		{ "/usr/bin/php8.2", "php", "php|-d|a=b|artisan|serve", "artisan" },
		{ "/usr/bin/php8.2", "php", "php|-f|a.php", "a.php" },
		{ "/usr/bin/bash", "run.sh", "/bin/bash|-e|/srv/run.sh", "run.sh" },
		{ "/usr/bin/deno", "deno", "deno|run|--allow-net|main.ts", "main.ts" },
		{ "/usr/share/dotnet/dotnet", "dotnet", "dotnet|/app/Shop.Api.dll", "Shop.Api" },
	};

	(void)state;
	CHECK(cases);
}

static void java_is_called_after_its_jar_or_main_class(void **state)
{
	static const struct program_case cases[] = {
		{ "/usr/lib/jvm/17/bin/java", "java",
		  "java|-Xmx1g|-jar|/app/shop-3.1.0-SNAPSHOT.jar", "shop" },
		{ "/usr/bin/java", "java", "java|-jar|app.jar|--server.port=80", "app" },
		{ "/usr/bin/java", "java", "java|-Da=b|-cp|a.jar:b.jar|kafka.Kafka|x.properties",
		  "Kafka" },
		{ "/usr/bin/java", "java", "java|--add-opens|a/b=ALL|-p|mods|-m|shop/com.x.Main",
		  "Main" },
		{ "/usr/bin/java", "java", "java|--add-opens=a/b=ALL|@args|org.x.Tomcat",
		  "Tomcat" },
		{ "/usr/bin/java", "java", "java|-version", "java" },
	};

	(void)state;
	CHECK(cases);
}

static void an_interpreter_without_a_script_is_called_by_its_family(void **state)
{
	static const struct program_case cases[] = {
		{ "/usr/bin/python3.11", "python3", "python3|-c|import x|y", "python3" },
		{ "/usr/bin/python3.11", "python3", "python3|-", "python3" },
		{ "/usr/bin/python3.11", "python3", "python3", "python3" },
		{ "/usr/bin/python3.11", "python3", "", "python3" },
		{ "/usr/bin/python3.11", "python3", NULL, "python3" },
		{ "/usr/bin/python3.11", "python3", "python3|-m", "python3" },
		{ "/usr/bin/node", "node", "node|-e|require('http')", "node" },
		{ "/usr/bin/node", "node", "node|--eval|x", "node" },
		{ "/usr/bin/node", "node", "node|.", "node" },
		{ "/usr/bin/bash", "bash", "-bash", "bash" },
		{ "/usr/bin/bash", "bash", "bash|/dev/fd/63", "bash" },
		{ "/usr/bin/dash", "sh", "sh|-c|nc -l 80", "dash" },
		{ "/usr/bin/perl", "perl", "perl|-ne|print", "perl" },
	};

	(void)state;
	CHECK(cases);
}

static void a_title_over_the_command_line_names_by_its_first_word(void **state)
{
	static const struct program_case cases[] = {
		{ "/usr/bin/python3.11", "gunicorn: maste", "gunicorn: master [shop:app]",
		  "gunicorn" },
		{ "/usr/bin/python3.11", "gunicorn: worke", "gunicorn: worker [shop:app]|||",
		  "gunicorn" },
		{ "/usr/bin/ruby3.1", "ruby3.1", "puma 6.0.0 (tcp://0.0.0.0:80) [shop]", "puma" },
		{ "/usr/bin/ruby3.1", "ruby3.1", "puma: cluster worker 0: 7 [shop]", "puma" },
		{ "/usr/bin/node", "next-server (v1", "next-server (v14.1.0)", "next-server" },
	};

	(void)state;
	CHECK(cases);
}

static void nothing_known_is_said_so(void **state)
{
	char *name = NULL;

	(void)state;
	assert_int_equal(-ENODATA, program_name(NULL, NULL, NULL, 0, &name));
	assert_int_equal(-ENODATA, program_name("/", "", "x", 1, &name));
	assert_null(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_is_called_after_its_executable),
		cmocka_unit_test(a_program_started_by_another_name_keeps_that_name),
		cmocka_unit_test(an_interpreter_is_called_after_what_it_runs),
		cmocka_unit_test(java_is_called_after_its_jar_or_main_class),
		cmocka_unit_test(an_interpreter_without_a_script_is_called_by_its_family),
		cmocka_unit_test(a_title_over_the_command_line_names_by_its_first_word),
		cmocka_unit_test(nothing_known_is_said_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
