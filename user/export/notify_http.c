// SPDX-License-Identifier: Apache-2.0
/*
 * notify_http.c - libcurl's multi interface, which says what to wait for; the loop waits. Names are
 * looked up by libcurl's own thread. Every transfer has a connection of its own: what a server closes in
 * between is no fault of the next message, and libcurl never sends one twice on its own account.
 */
#include "notify_http.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>

#include "../base/curl.h"

#define ANSWER_MAX 4096 /* bytes that are read of it; none is kept */
#define MS	   1000000ull

struct watch {
	struct http_client *client;
	curl_socket_t fd;
	struct loop_watch *watch;
	LIST_ENTRY(watch) others;
};

struct transfer {
	CURL *easy;
	struct curl_slist *headers;
	size_t answered;
	char why[CURL_ERROR_SIZE];
	http_ended ended;
	void *context;
	LIST_ENTRY(transfer) others;
};

struct http_client {
	struct loop *loop;
	struct loop_timer *timer;
	CURLM *multi;
	LIST_HEAD(, watch) watches;
	LIST_HEAD(, transfer) transfers;
};

static void transfer_free(struct transfer *t)
{
	curl.easy_cleanup(t->easy);
	curl.slist_free_all(t->headers);
	free(t);
}

/* What a final status line said stands, whatever became of the rest of the answer. */
static void report(struct transfer *t, CURLcode code)
{
	const char *why = code == CURLE_OPERATION_TIMEDOUT ? "no answer in time" :
			  *t->why			   ? t->why :
							     curl.easy_strerror(code);
	curl_off_t retry_after = 0;
	long status = 0;

	curl.easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	curl.easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry_after);
	if (status < 200)
		status = 0;
	t->ended(t->context, status, retry_after > 0 ? (uint64_t)retry_after : 0,
		 status ? NULL : why);
}

static void take_ended(struct http_client *c)
{
	CURLMsg *said;
	int left;

	while ((said = curl.multi_info_read(c->multi, &left))) {
		struct transfer *t;
		CURLcode code = said->data.result;

		if (said->msg != CURLMSG_DONE)
			continue;
		curl.easy_getinfo(said->easy_handle, CURLINFO_PRIVATE, &t);
		curl.multi_remove_handle(c->multi, t->easy);
		LIST_REMOVE(t, others);
		report(t, code);
		transfer_free(t);
	}
}

static void socket_ready(void *context, uint32_t events)
{
	struct watch *w = context;
	struct http_client *c = w->client;
	int what = 0, running;

	if (events & EPOLLIN)
		what |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	if (events & (EPOLLERR | EPOLLHUP))
		what |= CURL_CSELECT_ERR;
	curl.multi_socket_action(c->multi, w->fd, what, &running); /* w may be gone now */
	take_ended(c);
}

static void timer_fired(void *context)
{
	struct http_client *c = context;
	int running;

	curl.multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	take_ended(c);
}

static int want_timer(CURLM *multi, long timeout_ms, void *context)
{
	struct http_client *c = context;

	(void)multi;
	if (timeout_ms < 0)
		return loop_timer_stop(c->timer) ? -1 : 0;
	return loop_timer_set(c->timer, (uint64_t)timeout_ms * MS, 0) ? -1 : 0;
}

static void watch_end(struct watch *w)
{
	loop_watch_end(w->watch);
	LIST_REMOVE(w, others);
	free(w);
}

static int watch_begin(struct http_client *c, curl_socket_t fd, uint32_t events)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	w->client = c;
	w->fd = fd;
	if (loop_watch(c->loop, fd, events, socket_ready, w, &w->watch)) {
		free(w);
		return -1;
	}
	LIST_INSERT_HEAD(&c->watches, w, others);
	curl.multi_assign(c->multi, fd, w);
	return 0;
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *socket_context)
{
	struct http_client *c = context;
	struct watch *w = socket_context;
	uint32_t events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w)
			watch_end(w);
		return 0;
	}
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		events |= EPOLLIN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		events |= EPOLLOUT;
	if (w)
		return loop_watch_change(w->watch, events) ? -1 : 0;
	return watch_begin(c, fd, events);
}

/* Refusing what is too much ends the transfer: the status is known by then. */
static size_t take_answer(char *bytes, size_t size, size_t n, void *context)
{
	struct transfer *t = context;

	(void)bytes;
	t->answered += size * n;
	return t->answered > ANSWER_MAX ? 0 : size * n;
}

int http_client_new(struct loop *loop, struct http_client **ret)
{
	struct http_client *c;
	int r = curl_load();

	if (r)
		return r;
	if (curl.global_init(CURL_GLOBAL_DEFAULT))
		return -ENOMEM;
	c = calloc(1, sizeof(*c));
	if (!c) {
		curl.global_cleanup();
		return -ENOMEM;
	}
	c->loop = loop;
	LIST_INIT(&c->watches);
	LIST_INIT(&c->transfers);
	c->multi = curl.multi_init();
	r = c->multi ? loop_timer(loop, timer_fired, c, &c->timer) : -ENOMEM;
	if (r) {
		http_client_free(c);
		return r;
	}
	curl.multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl.multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl.multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	curl.multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	*ret = c;
	return 0;
}

void http_client_free(struct http_client *c)
{
	struct transfer *t;
	struct watch *w;

	if (!c)
		return;
	while ((t = LIST_FIRST(&c->transfers))) {
		LIST_REMOVE(t, others);
		curl.multi_remove_handle(c->multi, t->easy);
		transfer_free(t);
	}
	curl.multi_cleanup(c->multi);
	while ((w = LIST_FIRST(&c->watches)))
		watch_end(w);
	loop_timer_end(c->timer);
	free(c);
	curl.global_cleanup();
}

/* The first refusal counts; later ones are skipped. */
#define SET(easy, option, value)                                                                   \
	do {                                                                                       \
		if (!r)                                                                            \
			r = curl.easy_setopt(easy, option, value);                                 \
	} while (0)

static CURLcode set_address(CURL *easy, const struct http_post *p)
{
	size_t length = strlen(p->url);
	_cleanup_(freep) char *url = NULL;
	CURLcode r = CURLE_OK;

	while (p->path && length && p->url[length - 1] == '/')
		length--;
	if (asprintf(&url, "%.*s%s", (int)length, p->url, p->path ? p->path : "") < 0) {
		url = NULL;
		return CURLE_OUT_OF_MEMORY;
	}
	SET(easy, CURLOPT_URL, url);
#if LIBCURL_VERSION_NUM >= 0x075500
	SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	SET(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
	SET(easy, CURLOPT_PROXY, ""); /* none, whatever the environment says */
	SET(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (p->ca_file) { /* this authority and no other */
		SET(easy, CURLOPT_CAINFO, p->ca_file);
		SET(easy, CURLOPT_CAPATH, NULL);
	}
	return r;
}

static CURLcode set_who(CURL *easy, const struct http_post *p)
{
	CURLcode r = CURLE_OK;

	SET(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	if (p->bearer) {
		SET(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		SET(easy, CURLOPT_XOAUTH2_BEARER, p->bearer);
	} else if (p->user) {
		SET(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		SET(easy, CURLOPT_USERNAME, p->user);
		SET(easy, CURLOPT_PASSWORD, p->password ? p->password : "");
	}
	return r;
}

static CURLcode set_how(CURL *easy, const struct http_post *p, struct transfer *t)
{
	long timeout_ms = (long)(p->timeout_ns / MS);
	CURLcode r = CURLE_OK;

	SET(easy, CURLOPT_POST, 1L);
	SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(p->body));
	SET(easy, CURLOPT_COPYPOSTFIELDS, p->body);
	SET(easy, CURLOPT_HTTPHEADER, t->headers);
	SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(easy, CURLOPT_USERAGENT, "troth/" TROTH_VERSION);
	SET(easy, CURLOPT_TIMEOUT_MS, timeout_ms ? timeout_ms : 1L);
	SET(easy, CURLOPT_WRITEFUNCTION, take_answer);
	SET(easy, CURLOPT_WRITEDATA, t);
	SET(easy, CURLOPT_ERRORBUFFER, t->why);
	SET(easy, CURLOPT_PRIVATE, t);
	SET(easy, CURLOPT_NOSIGNAL, 1L);
	SET(easy, CURLOPT_FORBID_REUSE, 1L);
	SET(easy, CURLOPT_FRESH_CONNECT, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Giving up while a name is looked up: without this, libcurl waits for its thread. */
	SET(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	return r;
}

static int set_headers(struct transfer *t)
{
	/* "Expect:" alone: not to be sent. */
	static const char *const lines[] = { "Content-Type: application/json",
					     "Accept: application/json", "Expect:" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct curl_slist *longer = curl.slist_append(t->headers, lines[i]);

		if (!longer)
			return -ENOMEM;
		t->headers = longer;
	}
	return 0;
}

int http_client_post(struct http_client *c, const struct http_post *post, http_ended ended,
		     void *context)
{
	struct transfer *t = calloc(1, sizeof(*t));
	CURLcode r;

	if (!t)
		return -ENOMEM;
	t->ended = ended;
	t->context = context;
	t->easy = curl.easy_init();
	if (!t->easy || set_headers(t)) {
		transfer_free(t);
		return -ENOMEM;
	}
	r = set_address(t->easy, post);
	if (!r)
		r = set_who(t->easy, post);
	if (!r)
		r = set_how(t->easy, post, t);
	if (r || curl.multi_add_handle(c->multi, t->easy)) {
		transfer_free(t);
		return r == CURLE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
	}
	LIST_INSERT_HEAD(&c->transfers, t, others);
	return 0;
}

static char *part(CURLU *u, CURLUPart which)
{
	char *text = NULL;

	return curl.url_get(u, which, &text, 0) ? NULL : text;
}

char *http_origin(const char *url)
{
	CURLU *u = curl_load() ? NULL : curl.url();
	char *scheme = NULL, *host = NULL, *port = NULL, *ret = NULL;

	if (!u)
		return NULL;
	if (!curl.url_set(u, CURLUPART_URL, url, 0)) {
		scheme = part(u, CURLUPART_SCHEME);
		host = part(u, CURLUPART_HOST);
		port = part(u, CURLUPART_PORT);
	}
	if (scheme && host &&
	    asprintf(&ret, "%s://%s%s%s", scheme, host, port ? ":" : "", port ? port : "") < 0)
		ret = NULL;
	curl.free(scheme);
	curl.free(host);
	curl.free(port);
	curl.url_cleanup(u);
	return ret;
}
