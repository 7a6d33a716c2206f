// SPDX-License-Identifier: Apache-2.0
/*
 * answer.c - one table of paths. Errors are one line for people and {"error": line} under /api/.
 * Leaves parsing, TLS and framing to libmicrohttpd.
 */
#include "answer.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "../export/prometheus.h"
#include "query.h"

#define TEXT "text/plain; charset=utf-8"
#define JSON "application/json"

struct request {
	struct answerer *a;
	struct place *place;
	struct MHD_Connection *c;
	const char *path;
};

struct route {
	const char *path;
	bool open; /* to everybody, for who looks after it and has no token */
	const char *what;
	enum MHD_Result (*answer)(const struct request *r, const struct route *route);
	enum document document;
};

static enum MHD_Result queue(const struct request *r, unsigned int status, const void *what,
			     size_t bytes, struct MHD_Response *response)
{
	if (!response)
		return MHD_NO;
	gate_answering(r->place, what, bytes);
	return MHD_queue_response(r->c, status, response);
}

/* Takes response. */
static enum MHD_Result send_own(const struct request *r, unsigned int status, size_t bytes,
				struct MHD_Response *response)
{
	enum MHD_Result result = queue(r, status, response, bytes, response);

	if (response)
		MHD_destroy_response(response);
	return result;
}

static enum MHD_Result send_line(const struct request *r, unsigned int status, const char *header,
				 const char *value, const char *line)
{
	bool api = !strncmp(r->path, "/api/", 5);
	json_t *o = api ? json_pack("{s:s}", "error", line) : NULL;
	char *text = api ? json_dumps(o, 0) : strdup(line);
	char *whole = NULL;
	struct MHD_Response *response = NULL;

	if (text && asprintf(&whole, "%s\n", text) >= 0)
		response = document_small(api ? JSON : TEXT, whole);
	if (response && header)
		MHD_add_response_header(response, header, value);
	json_decref(o);
	free(text);
	free(whole);
	return send_own(r, status, 0, response);
}

static enum MHD_Result send_error(const struct request *r, int error)
{
	char line[160];

	if (error == -EBUSY || error == -EAGAIN)
		return send_line(r, MHD_HTTP_SERVICE_UNAVAILABLE, MHD_HTTP_HEADER_RETRY_AFTER, "2",
				 "another long report was just made, or the record is in use: try "
				 "again in two seconds");
	if (error == -ETIME)
		return send_line(r, MHD_HTTP_SERVICE_UNAVAILABLE, MHD_HTTP_HEADER_RETRY_AFTER, "2",
				 "this takes longer than measuring may wait: ask for a shorter "
				 "period, or run 'troth report'");
	if (error == -EFBIG)
		snprintf(line, sizeof(line), "the answer would be larger than %u MB",
			 DOCUMENT_BYTES_MAX >> 20);
	else
		snprintf(line, sizeof(line), "not to be had now: %s", strerror(-error));
	return send_line(r, MHD_HTTP_SERVICE_UNAVAILABLE, NULL, NULL, line);
}

static enum MHD_Result answer_document(const struct request *r, const struct route *route)
{
	enum document which = route->document;
	struct MHD_Response *response;
	size_t bytes;
	int error;

	if (which == DOCUMENT_METRICS)
		which += metrics_format_for(
			MHD_lookup_connection_value(r->c, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT));
	error = documents_get(r->a->documents, which, &response, &bytes);
	if (error)
		return send_error(r, error);
	/* Whoever reads older ones too slowly does not keep this one from being read. */
	gate_relieve(*r->a->gate, DOCUMENTS_BYTES_MAX);
	return queue(r, MHD_HTTP_OK, response, bytes, response);
}

struct times {
	int64_t from, to;
	const char *wrong; /* name of what is no time, or is there twice */
	bool has_from, has_to;
};

static enum MHD_Result take_time(void *context, enum MHD_ValueKind kind, const char *key,
				 size_t key_size, const char *value, size_t value_size)
{
	struct times *t = context;
	bool is_from = key_size == 4 && !memcmp(key, "from", 4);
	bool is_to = key_size == 2 && !memcmp(key, "to", 2);
	bool *has = is_from ? &t->has_from : &t->has_to;

	(void)kind;
	if (!is_from && !is_to)
		return MHD_YES;
	if (*has || query_time(value, value_size, is_from ? &t->from : &t->to))
		t->wrong = t->wrong ?: is_from ? "from" : "to";
	*has = true;
	return MHD_YES;
}

static enum MHD_Result answer_report(const struct request *r, const struct route *route)
{
	struct times t = { .from = INT64_MIN, .to = INT64_MAX };
	struct MHD_Response *response;
	char line[160];
	size_t bytes;
	int error;

	(void)route;
	MHD_get_connection_values_n(r->c, MHD_GET_ARGUMENT_KIND, take_time, &t);
	if (t.wrong) {
		snprintf(line, sizeof(line),
			 "%s is not one time: write it once, as 2026-01-31T12:00:00Z or in Unix "
			 "seconds",
			 t.wrong);
		return send_line(r, MHD_HTTP_BAD_REQUEST, NULL, NULL, line);
	}
	error = t.from >= t.to ? -EINVAL :
				 documents_report(r->a->documents, t.from, t.to, &response, &bytes);
	if (error == -EINVAL)
		return send_line(r, MHD_HTTP_BAD_REQUEST, NULL, NULL,
				 "there is no such period: from must be before to, and neither "
				 "after now nor before the record began");
	if (error)
		return send_error(r, error);
	gate_relieve(*r->a->gate, DOCUMENTS_BYTES_MAX);
	return send_own(r, MHD_HTTP_OK, bytes, response);
}

static enum MHD_Result answer_health(const struct request *r, const struct route *route)
{
	int error = documents_alive(r->a->documents);

	(void)route;
	return error ? send_error(r, error) : send_line(r, MHD_HTTP_OK, NULL, NULL, "ok");
}

static enum MHD_Result answer_ready(const struct request *r, const struct route *route)
{
	char line[512] = "";
	int ready = documents_ready(r->a->documents, line, sizeof(line));

	(void)route;
	if (ready < 0)
		return send_error(r, ready);
	return ready ? send_line(r, MHD_HTTP_SERVICE_UNAVAILABLE, NULL, NULL, line) :
		       send_line(r, MHD_HTTP_OK, NULL, NULL, "ready");
}

static enum MHD_Result answer_index(const struct request *r, const struct route *route);

static const struct route routes[] = {
	{ "/", false, "this page", answer_index, DOCUMENTS },
	{ "/metrics", false, "metrics: Prometheus text, OpenMetrics, protobuf", answer_document,
	  DOCUMENT_METRICS },
	{ "/healthz", true, "is the process alive", answer_health, DOCUMENTS },
	{ "/readyz", true, "does it measure; if not, why", answer_ready, DOCUMENTS },
	{ "/api/v1/services", false, "services since the beginning of record", answer_document,
	  DOCUMENT_SERVICES },
	{ "/api/v1/slos", false, "objectives now", answer_document, DOCUMENT_SLOS },
	{ "/api/v1/report", false, "report of a period: ?from=TIME&to=TIME", answer_report,
	  DOCUMENTS },
	{ "/api/v1/status", false, "what troth status shows", answer_document, DOCUMENT_STATUS },
};

static enum MHD_Result answer_index(const struct request *r, const struct route *route)
{
	char text[1024] = "troth\n\n";
	size_t n = strlen(text);

	(void)route;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%-18s %s\n", routes[i].path,
				      routes[i].what);
	return send_own(r, MHD_HTTP_OK, 0, document_small(TEXT, text));
}

static const struct route *route_of(const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (!strcmp(path, routes[i].path))
			return &routes[i];
	return NULL;
}

static const char *header(const struct request *r, const char *name)
{
	return MHD_lookup_connection_value(r->c, MHD_HEADER_KIND, name);
}

static size_t head_size(const struct request *r)
{
	const union MHD_ConnectionInfo *i =
		MHD_get_connection_info(r->c, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	return i ? i->header_size : 0;
}

static bool has_body(const struct request *r)
{
	const char *length = header(r, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return header(r, MHD_HTTP_HEADER_TRANSFER_ENCODING) ||
	       (length && length[strspn(length, "0")]);
}

/* What the head alone decides; the connection ends with it, so that nothing behind it is read. */
static bool refused(const struct request *r, const char *method, enum MHD_Result *ret)
{
	if (head_size(r) > HEAD_MAX) {
		*ret = send_line(r, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, NULL, NULL,
				 "the head of the request is larger than 16 KB");
		return true;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD)) {
		*ret = send_line(r, MHD_HTTP_METHOD_NOT_ALLOWED, MHD_HTTP_HEADER_ALLOW, "GET, HEAD",
				 "only GET and HEAD are answered here");
		return true;
	}
	if (has_body(r)) {
		*ret = send_line(r, MHD_HTTP_CONTENT_TOO_LARGE, NULL, NULL,
				 "a request has no body here");
		return true;
	}
	return false;
}

enum MHD_Result answer(void *context, struct place *p, struct MHD_Connection *c, const char *path,
		       const char *method, size_t *body, void **state)
{
	static char head_seen;
	struct request r = { .a = context, .place = p, .c = c, .path = path };
	const struct route *route;
	enum MHD_Result result;

	if (!*state) {
		*state = &head_seen;
		return refused(&r, method, &result) ? result : MHD_YES;
	}
	*body = 0;
	route = route_of(path);
	if (!(route && route->open) && r.a->token &&
	    !token_allows(r.a->token, header(&r, MHD_HTTP_HEADER_AUTHORIZATION)))
		return send_line(&r, MHD_HTTP_UNAUTHORIZED, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
				 "Bearer realm=\"troth\"", "a bearer token is needed here");
	if (!route)
		return send_line(&r, MHD_HTTP_NOT_FOUND, NULL, NULL,
				 "there is nothing at this path: / lists what there is");
	return route->answer(&r, route);
}
