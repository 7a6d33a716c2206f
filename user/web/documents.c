// SPDX-License-Identifier: Apache-2.0
/*
 * documents.c - makes documents in memory of their own, keeps each for a moment, and gives all of it
 * back at once: a response is freed when its last reader is done.
 * Leaves what they say to report and export.
 */
#include "documents.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>

#include "../base/moment.h"
#include "../base/spool.h"
#include "../export/prometheus.h"
#include "../report/now_json.h"

#define NSEC	    1000000000ull
#define KEPT_NS	    NSEC
#define LONG_NS	    (NSEC / 10) /* a report that takes longer is followed by as long a pause */
#define LARGE_BYTES (1u << 20)

struct kept {
	struct MHD_Response *response; /* NULL: none, or error says why it could not be made */
	int error;
	size_t bytes;
	struct moment at; /* of what it says */
};

struct documents {
	const struct server_source *source;
	struct loop_timer *timer;
	struct kept kept[DOCUMENTS];
	uint64_t no_report_until_ns;
};

static void forget(struct documents *d)
{
	for (unsigned int i = 0; i < DOCUMENTS; i++)
		if (d->kept[i].response)
			MHD_destroy_response(d->kept[i].response);
	memset(d->kept, 0, sizeof(d->kept));
}

static void kept_long_enough(void *context)
{
	forget(context);
}

int documents_new(struct loop *loop, const struct server_source *source, struct documents **ret)
{
	_cleanup_(documents_freep) struct documents *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return -ENOMEM;
	d->source = source;
	r = loop_timer(loop, kept_long_enough, d, &d->timer);
	if (r)
		return r;
	*ret = TAKE(d);
	return 0;
}

void documents_free(struct documents *d)
{
	if (!d)
		return;
	forget(d);
	loop_timer_end(d->timer);
	free(d);
}

/* What every answer says: what it is, and that it is of this moment. */
static struct MHD_Response *with_headers(struct MHD_Response *response, const char *content_type)
{
	if (response &&
	    (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type) !=
		     MHD_YES ||
	     MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") !=
		     MHD_YES ||
	     MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") != MHD_YES)) {
		MHD_destroy_response(response);
		return NULL;
	}
	return response;
}

struct MHD_Response *document_small(const char *content_type, const char *text)
{
	return with_headers(MHD_create_response_from_buffer(strlen(text), (void *)text,
							    MHD_RESPMEM_MUST_COPY),
			    content_type);
}

static void spool_free(void *context)
{
	struct spool *s = context;
	bool large = s->n > LARGE_BYTES;

	spool_clear(s);
	free(s);
	/* What was needed on the way lies about in the heap. */
	if (large)
		malloc_trim(0);
}

/* Takes s. */
static int respond(struct spool *s, const char *content_type, struct MHD_Response **ret,
		   size_t *ret_bytes)
{
	size_t n = s->n;
	struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
		s->n, s->bytes ?: "", spool_free, s);

	if (!response)
		spool_free(s);
	*ret = with_headers(response, content_type);
	*ret_bytes = n;
	return *ret ? 0 : -ENOMEM;
}

/* Runs print() into a fresh spool. */
static int spooled(int (*print)(FILE *out, void *context), void *context, struct spool **ret)
{
	struct spool *s = calloc(1, sizeof(*s));
	FILE *out = NULL;
	int r = -ENOMEM;

	if (s) {
		spool_init(s, DOCUMENT_BYTES_MAX);
		out = spool_stream(s);
	}
	if (out) {
		r = print(out, context);
		if (fclose(out) && !r)
			r = -EIO;
		/* The stream knows that it failed, the spool knows why. */
		r = s->error ?: r;
	}
	if (r && s)
		spool_free(s);
	if (!r)
		*ret = s;
	return r;
}

struct asked {
	struct documents *d;
	enum document which;
	const struct now *now;
};

static int print(FILE *out, void *context)
{
	const struct asked *a = context;

	switch (a->which) {
	case DOCUMENT_SERVICES:
		return services_json(out, a->now);
	case DOCUMENT_SLOS:
		return slo_report_json(out, &a->now->slos);
	case DOCUMENT_STATUS:
		return status_json(out, a->now);
	default:
		return metrics_write(out, a->now,
				     (enum metrics_format)(a->which - DOCUMENT_METRICS));
	}
}

static int make(void *context, const struct now *now)
{
	struct asked *a = context;
	struct kept *k = &a->d->kept[a->which];
	struct spool *s;

	if (k->response)
		MHD_destroy_response(k->response);
	*k = (struct kept){ .at = now->at };
	a->now = now;
	k->error = spooled(print, a, &s);
	if (!k->error)
		k->error = respond(s,
				   a->which < DOCUMENT_SERVICES ?
					   metrics_content_type((enum metrics_format)a->which) :
					   "application/json",
				   &k->response, &k->bytes);
	return k->error;
}

int documents_get(struct documents *d, enum document which, struct MHD_Response **ret,
		  size_t *ret_bytes)
{
	struct asked a = { .d = d, .which = which };
	const struct kept *k = &d->kept[which];
	struct moment at;
	int r = d->source->at(d->source->context, &at);

	if (!r && (k->response || k->error) && !memcmp(&k->at, &at, sizeof(at)))
		r = k->error;
	else if (!r)
		r = d->source->now(d->source->context, make, &a);
	if (r)
		return r;
	loop_timer_set(d->timer, KEPT_NS, 0);
	*ret = k->response;
	*ret_bytes = k->bytes;
	return 0;
}

struct period {
	const struct server_source *source;
	int64_t from, to;
};

static int print_report(FILE *out, void *context)
{
	const struct period *p = context;

	return p->source->report(p->source->context, out, p->from, p->to);
}

int documents_report(struct documents *d, int64_t from, int64_t to, struct MHD_Response **ret,
		     size_t *ret_bytes)
{
	struct period p = { d->source, from, to };
	uint64_t begun_ns = moment_mono_ns(), took_ns;
	struct spool *s;
	int r;

	if (begun_ns < d->no_report_until_ns)
		return -EBUSY;
	r = spooled(print_report, &p, &s);
	took_ns = moment_mono_ns() - begun_ns;
	/* Ticks come first: reports have at most half of the time. */
	if (took_ns > LONG_NS)
		d->no_report_until_ns = begun_ns + 2 * took_ns;
	return r ? r : respond(s, "application/json", ret, ret_bytes);
}

struct readiness {
	bool ready;
	char *line;
	size_t line_size;
};

static int look(void *context, const struct now *now)
{
	struct readiness *r = context;

	r->ready = now_ready(now);
	for (size_t i = 0; i < now->n_troubles && !r->ready; i++) {
		if (!now->troubles[i].not_ready)
			continue;
		snprintf(r->line, r->line_size, "%s", now->troubles[i].line);
		break;
	}
	return 0;
}

int documents_ready(struct documents *d, char *line, size_t line_size)
{
	struct readiness ready = { .line = line, .line_size = line_size };
	int r = d->source->now(d->source->context, look, &ready);

	return r ? r : !ready.ready;
}

int documents_alive(struct documents *d)
{
	struct moment at;

	return d->source->at(d->source->context, &at);
}
