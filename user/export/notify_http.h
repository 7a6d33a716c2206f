/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify_http.h - HTTP POSTs side by side in the event loop, by libcurl. Nothing blocks.
 * Knows: libcurl, the loop. Must not know: what is sent, whether it is sent again.
 */
#ifndef TROTH_EXPORT_NOTIFY_HTTP_H
#define TROTH_EXPORT_NOTIFY_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "../base/loop.h"

struct http_client;

int http_client_new(struct loop *loop, struct http_client **ret); /* 0 or -errno */
/* Cuts off what is under way, without calling back. NULL is fine. */
void http_client_free(struct http_client *c);

/* Strings are copied. */
struct http_post {
	const char *url, *path; /* path is put behind url; NULL: nothing */
	const char *body;	/* JSON */
	const char *bearer;	/* NULL: none */
	const char *user, *password;
	const char *ca_file; /* NULL: the system's authorities */
	uint64_t timeout_ns;
};

/*
 * ended is called once, from the loop. status: of the answer, 0 where none came, and why says why.
 * What comes behind an answer's first KBs is not waited for. 0 or -errno.
 */
typedef void (*http_ended)(void *context, long status, uint64_t retry_after_s, const char *why);
int http_client_post(struct http_client *c, const struct http_post *post, http_ended ended,
		     void *context);

/* "https://host:port", all of a URL that is no secret. The caller frees; NULL: no memory, no URL. */
char *http_origin(const char *url);

#endif
