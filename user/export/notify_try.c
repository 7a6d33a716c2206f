// SPDX-License-Identifier: Apache-2.0
/* notify_try.c - secrets are read here, used once, and wiped: no message and no line ever has them. */
#include "notify_try.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../base/moment.h"
#include "notify_body.h"
#include "notify_command.h"
#include "notify_secret.h"

#define TIMEOUT_NS  (10ull * NS_PER_SECOND) /* where the receiver has none */
#define ALERTS_PATH "/api/v2/alerts"

const char *const receiver_kind_names[] = { "alertmanager", "webhook", "command", NULL };

struct notify_try {
	struct command_run *run; /* NULL: a transfer, which the client owns */
	try_ended ended;
	void *context;
};

void notify_try_free(struct notify_try *t)
{
	if (!t)
		return;
	command_kill(t->run);
	free(t);
}

static void hand_back(struct notify_try *t, enum try_end end, uint64_t wait_ns, const char *why)
{
	try_ended ended = t->ended;
	void *context = t->context;

	free(t);
	ended(context, end, wait_ns, why);
}

static void command_ended(void *context, const char *why)
{
	hand_back(context, why ? TRY_FAILED : TRY_DELIVERED, 0, why);
}

/* A timeout and "too many requests" pass; what else is said of a request stays true. */
static enum try_end judge(long status)
{
	if (status >= 200 && status < 300)
		return TRY_DELIVERED;
	if (status >= 300 && status < 500 && status != 408 && status != 429)
		return TRY_REFUSED;
	return TRY_FAILED;
}

static void answered(void *context, long status, uint64_t retry_after_s, const char *why)
{
	char line[64];

	if (status) {
		snprintf(line, sizeof(line), "answers with HTTP status %ld%s", status,
			 status >= 300 && status < 400 ? ", a redirect, which is not followed" :
							 "");
		why = line;
	}
	hand_back(context, judge(status), retry_after_s * (uint64_t)NS_PER_SECOND, why);
}

static int run_command(struct loop *loop, const struct receiver *r, const char *body,
		       uint64_t timeout_ns, struct notify_try *t)
{
	_cleanup_(json_decrefp) json_t *document = notify_parse(RECEIVER_COMMAND, body);
	char **environment = document ? notify_environment(document) : NULL;
	int e = -ENOMEM;

	if (environment)
		e = command_start(loop, r->command, body, environment, timeout_ns, command_ended, t,
				  &t->run);
	notify_environment_free(environment);
	return e;
}

static int post(struct http_client *http, const struct receiver *r, const char *body,
		uint64_t timeout_ns, struct notify_try *t, char why[NOTIFY_WHY])
{
	struct secret secret;
	struct http_post p = {
		.url = r->url,
		.path = r->kind == RECEIVER_ALERTMANAGER ? ALERTS_PATH : NULL,
		.body = body,
		.user = r->user,
		.ca_file = r->ca_file,
		.timeout_ns = timeout_ns,
	};
	const char *file = r->bearer_file ? r->bearer_file : r->user ? r->password_file : NULL;
	int e = 0;

	if (file)
		e = secret_read(file, &secret, why, NOTIFY_WHY);
	if (e)
		return e;
	if (r->bearer_file)
		p.bearer = secret.text;
	else if (file)
		p.password = secret.text;
	e = http_client_post(http, &p, answered, t);
	if (e == -EINVAL)
		snprintf(why, NOTIFY_WHY, "its URL or ca_file cannot be used");
	secret_wipe(&secret);
	return e;
}

int notify_try_start(struct loop *loop, struct http_client *http, const struct receiver *r,
		     const char *body, try_ended ended, void *context, struct notify_try **ret,
		     char why[NOTIFY_WHY])
{
	uint64_t timeout_ns = r->timeout_ns ? r->timeout_ns : TIMEOUT_NS;
	struct notify_try *t = calloc(1, sizeof(*t));
	int e = -ENOMEM;

	*why = '\0';
	if (t) {
		t->ended = ended;
		t->context = context;
		e = r->kind == RECEIVER_COMMAND ? run_command(loop, r, body, timeout_ns, t) :
						  post(http, r, body, timeout_ns, t, why);
	}
	if (!e) {
		*ret = t;
		return 0;
	}
	free(t);
	if (!*why && r->kind == RECEIVER_COMMAND)
		snprintf(why, NOTIFY_WHY, "cannot run %s: %s", r->command, strerror(-e));
	else if (!*why)
		snprintf(why, NOTIFY_WHY, "cannot send: %s", strerror(-e));
	return e;
}
