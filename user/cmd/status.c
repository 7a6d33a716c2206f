// SPDX-License-Identifier: Apache-2.0
/*
 * status.c - `troth status`: asks the daemon by its socket in the state directory.
 * Leaves what it says to report/status_json (there) and report/status_text (here).
 */
#include <errno.h>
#include <string.h>
#include <sys/un.h>

#include "../base/cleanup.h"
#include "../base/curl.h"
#include "../base/stdio.h"
#include "../report/json.h"
#include "../report/status_text.h"
#include "command.h"
#include "configured.h"

#define SOCKET_NAME "troth.sock"
#define PATH	    "/api/v1/status"
#define TIMEOUT_MS  5000
#define BODY_MAX    (64u << 20)

enum { OUTPUT_TEXT, OUTPUT_JSON };

static const char *const outputs[] = { "text", "json", NULL };

struct status_values {
	struct daemon_flags daemon;
	unsigned int output;
};

static const struct option_row rows[] = {
	DAEMON_ROWS_DIRECTORIES(struct status_values, daemon),
	{ .name = "output",
	  .type = OPTION_ENUM,
	  .offset = offsetof(struct status_values, output),
	  .words = outputs,
	  .initial = "text",
	  .help = "one screen, or one troth.status/1 document" },
};

struct body {
	char *bytes;
	size_t n;
};

static void body_clear(struct body *b)
{
	free(b->bytes);
}

static void easy_cleanup(CURL **c)
{
	if (*c)
		curl.easy_cleanup(*c);
}

static size_t take(char *bytes, size_t size, size_t n, void *context)
{
	struct body *b = context;
	char *grown;

	n *= size;
	if (n > BODY_MAX - b->n)
		return 0;
	grown = realloc(b->bytes, b->n + n + 1);
	if (!grown)
		return 0;
	memcpy(grown + b->n, bytes, n);
	b->bytes = grown;
	b->n += n;
	b->bytes[b->n] = '\0';
	return n;
}

static enum exit_code nobody(const char *path, CURLcode code, long error)
{
	if (error == EACCES || error == EPERM)
		fprintf(stderr,
			"troth status: %s: permission denied: ask as root or as the "
			"daemon's user\n",
			path);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		fprintf(stderr,
			"troth status: the daemon at %s did not answer within %d s: its log "
			"('journalctl -u troth') may say why\n",
			path, TIMEOUT_MS / 1000);
	else if (code == CURLE_COULDNT_CONNECT)
		fprintf(stderr,
			"troth status: no daemon answers at %s (%s): start it with 'troth "
			"run', or say with --state-dir where its state is\n",
			path, error ? strerror((int)error) : "no connection");
	else
		fprintf(stderr, "troth status: cannot ask the daemon at %s: %s\n", path,
			curl.easy_strerror(code));
	return EXIT_UNABLE;
}

static CURLcode fetch(CURL *c, const char *path, struct body *b, long *status)
{
	curl.easy_setopt(c, CURLOPT_URL, "http://localhost" PATH);
	curl.easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, path);
	curl.easy_setopt(c, CURLOPT_PROXY, "");
	curl.easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl.easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
	curl.easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	curl.easy_setopt(c, CURLOPT_WRITEDATA, b);
	*status = 0;
	CURLcode code = curl.easy_perform(c);

	if (!code)
		curl.easy_getinfo(c, CURLINFO_RESPONSE_CODE, status);
	return code;
}

static enum exit_code ask(const char *path, struct body *b)
{
	_cleanup_(easy_cleanup) CURL *c = NULL;
	long status, error = 0;
	CURLcode code;

	if (curl_load()) {
		fprintf(stderr, "troth status: libcurl cannot be loaded; install it\n");
		return EXIT_UNABLE;
	}
	if (!curl.global_init(CURL_GLOBAL_NOTHING))
		c = curl.easy_init();
	if (!c) {
		fprintf(stderr, "troth status: out of memory\n");
		return EXIT_UNABLE;
	}
	code = fetch(c, path, b, &status);
	if (code) {
		curl.easy_getinfo(c, CURLINFO_OS_ERRNO, &error);
		return nobody(path, code, error);
	}
	if (status == 200)
		return EXIT_DONE;
	fprintf(stderr, "troth status: the daemon at %s cannot say: HTTP %ld %.*s\n", path, status,
		b->bytes ? (int)strcspn(b->bytes, "\r\n") : 0, b->bytes ?: "");
	return EXIT_UNABLE;
}

/* Without any objective nothing was left unjudged. */
static enum exit_code verdict(const json_t *status)
{
	const json_t *slos = json_object_get(status, "slos"), *slo;
	size_t i, judged = 0, missed = 0;

	json_array_foreach(slos, i, slo) {
		const json_t *met = json_object_get(slo, "met");

		judged += json_is_boolean(met);
		missed += json_is_false(met);
	}
	if (!json_is_true(json_object_get(status, "ready")))
		return EXIT_UNABLE;
	if (missed)
		return EXIT_MISSED;
	return judged || !json_array_size(slos) ? EXIT_DONE : EXIT_NO_TRAFFIC;
}

static enum exit_code show(const char *path, const struct body *b, bool as_json)
{
	_cleanup_(json_decrefp) json_t *status = b->bytes ? json_loadb(b->bytes, b->n, 0, NULL) :
							    NULL;
	const char *schema = json_string_value(json_object_get(status, "schema"));
	enum exit_code code;
	int r;

	if (!schema || strcmp(schema, "troth.status/1")) {
		fprintf(stderr, "troth status: what answers at %s is no troth of this version\n",
			path);
		return EXIT_UNABLE;
	}
	code = verdict(status);
	r = as_json ? json_print(stdout, json_incref(status)) :
		      status_text(stdout, status, stdio_fancy(stdout));
	return r ? command_unwritable("troth status", r) : code;
}

static enum exit_code status_run(const void *values)
{
	const struct status_values *v = values;
	_cleanup_(body_clear) struct body b = {};
	_cleanup_(freep) char *path = NULL;
	_cleanup_(daemon_conf_freep) struct daemon_conf_file *owner = NULL;
	struct daemon_conf conf;
	enum exit_code code = configured_directories("troth status", &v->daemon, &conf, &owner);

	if (code != EXIT_DONE)
		return code;
	if (asprintf(&path, "%s/%s", conf.state_dir, SOCKET_NAME) < 0) {
		path = NULL;
		fprintf(stderr, "troth status: out of memory\n");
		return EXIT_UNABLE;
	}
	if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
		fprintf(stderr,
			"troth status: %s: a socket's path has at most %zu bytes: use a state "
			"directory with a shorter name\n",
			path, sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
		return EXIT_USAGE;
	}
	code = ask(path, &b);
	return code ? code : show(path, &b, v->output == OUTPUT_JSON);
}

const struct command command_status = {
	.options = {
		.command = "status",
		.summary = "ask the daemon whether it measures and what is kept",
		.detail = "Exit code 0: every objective is met, 1: one is missed, 3: no daemon answers, "
			  "or it does not measure, 4: no traffic reached any objective.",
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
	},
	.values_size = sizeof(struct status_values),
	.run = status_run,
};
