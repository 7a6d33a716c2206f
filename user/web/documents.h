/* SPDX-License-Identifier: Apache-2.0 */
/*
 * documents.h - what is answered with, made from what is known now. Everything changes once a tick at
 * most, so whoever asks within one tick reads the same bytes: how many ask does not matter.
 * Knows: report/now.h and what prints it. Must not know: paths, connections.
 */
#ifndef TROTH_WEB_DOCUMENTS_H
#define TROTH_WEB_DOCUMENTS_H

#include <microhttpd.h>

#include "server.h"

enum document {
	DOCUMENT_METRICS, /* + enum metrics_format */
	DOCUMENT_SERVICES = 3,
	DOCUMENT_SLOS,
	DOCUMENT_STATUS,
	DOCUMENTS,
};

#define DOCUMENT_BYTES_MAX  (128u << 20) /* of one */
#define DOCUMENTS_BYTES_MAX (64u << 20)	 /* of all that are being read, besides the newest */

struct documents;

int documents_new(struct loop *loop, const struct server_source *source, struct documents **ret);
void documents_free(struct documents *d); /* after the connections; NULL is fine */
DEFINE_FREEP(struct documents, documents_free)

/* Borrowed until the next call; size is of its bytes. 0 or -errno. */
int documents_get(struct documents *d, enum document which, struct MHD_Response **ret,
		  size_t *ret_bytes);

/*
 * The report of a period; the caller destroys it. 0, -EINVAL, -EBUSY (a long one was just made), -ETIME
 * (it would take too long) or -errno.
 */
int documents_report(struct documents *d, int64_t from, int64_t to, struct MHD_Response **ret,
		     size_t *ret_bytes);

/* 0: ready; 1: not, line says why; or -errno of now(). */
int documents_ready(struct documents *d, char *line, size_t line_size);
int documents_alive(struct documents *d); /* 0 or -errno of at() */

/* Of text or JSON that is there already: copied. NULL: no memory. The caller destroys it. */
struct MHD_Response *document_small(const char *content_type, const char *text);

#endif
