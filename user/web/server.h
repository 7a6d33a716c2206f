/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.h - HTTP for /metrics, /healthz, /readyz and the JSON API, by libmicrohttpd in the caller's
 * loop. Slow and hostile clients cost a connection of a bounded number, for a bounded time, and never a
 * tick. Knows: HTTP, report/now.h. Must not know: how things are measured or kept.
 */
#ifndef TROTH_WEB_SERVER_H
#define TROTH_WEB_SERVER_H

#include <stdbool.h>
#include <stdio.h>

#include "../base/loop.h"
#include "../report/now.h"

struct server;

struct server_source {
	void *context;
	/*
	 * now.at of the view that now() would show, without making it. 0, or -errno: not to be had now.
	 * Documents are shared, for a second at most, by who asks while it is the same.
	 */
	int (*at)(void *context, struct moment *ret);
	/* Calls show() with the view, which is valid during it. 0 or -errno, as at(). */
	int (*now)(void *context, int (*show)(void *shown, const struct now *now), void *shown);
	/*
	 * The report of [from, to) as JSON (troth.report/1) into out; INT64_MIN, INT64_MAX: not given.
	 * 0, -EINVAL (no such period), or -errno.
	 */
	int (*report)(void *context, FILE *out, int64_t from, int64_t to);
};

struct server_options {
	struct loop *loop;
	const char *listen;    /* "127.0.0.1:9477", "[::1]:9477", ":9477"; "": no TCP */
	const char *unix_path; /* of the socket for `troth status`, mode 0600; NULL: none */
	const char *cert_file, *key_file; /* PEM; NULL: plain HTTP */
	const char
		*bearer_file; /* every path but /healthz and /readyz wants this token; NULL: none */
	uint32_t connections_max; /* of each socket; 0: 64 */
	uint32_t idle_s;	  /* 0: 10 */
	struct server_source source;
};

/*
 * Names of files are borrowed as long as the server lives, the rest for the call. The bearer token is for TCP: whoever may open the
 * unix socket needs none.
 * 0; -EADDRINUSE, -EINVAL, -EACCES, ...: why has one line that says what and what to do.
 */
int server_new(const struct server_options *o, struct server **ret, char *why, size_t why_size);
void server_free(struct server *s); /* NULL is fine */
DEFINE_FREEP(struct server, server_free)

/*
 * Reads token, certificate and key again. 0, or -errno and why: then those of before stay in force. New
 * keys are for new connections; those that were open are closed.
 */
int server_reload(struct server *s, char *why, size_t why_size);

uint16_t server_port(const struct server *s); /* of TCP, where port 0 was asked for; 0: no TCP */

/*
 * Since the start, both sockets. dropped: to make room for newer ones, or there was none; expired: too slow.
 */
struct server_counts {
	uint64_t accepted, dropped, expired;
};
void server_counts(const struct server *s, struct server_counts *ret);

#endif
