// SPDX-License-Identifier: Apache-2.0
/*
 * prometheus.c - a document: all families are written side by side, because every service is looked at
 * once and a format wants each family in one piece. Leaves what is said to metrics_*.c.
 */
#include "prometheus.h"

#include <errno.h>
#include <math.h>

#include "../base/cleanup.h"
#include "families.h"

#define FAMILY(ID, name, type, unit, help) [FAMILY_##ID] = { name, METRIC_##type, unit, help },
const struct metric_family metric_families[FAMILIES] = { METRIC_FAMILIES(FAMILY) };
#undef FAMILY

static const struct metrics_format_ops *const formats[METRICS_FORMATS] = {
	[METRICS_TEXT] = &metrics_text,
	[METRICS_OPENMETRICS] = &metrics_openmetrics,
	[METRICS_PROTOBUF] = &metrics_protobuf,
};

const char *metrics_content_type(enum metrics_format format)
{
	return formats[format]->content_type;
}

/* A family that has nothing to say does not appear. */
static struct spool *page_of(struct metrics_writer *w, enum family_id f)
{
	if (!w->pages[f].n)
		w->ops->begin(&w->pages[f], &metric_families[f]);
	return &w->pages[f];
}

void metrics_count(struct metrics_writer *w, enum family_id f, const struct labels *l,
		   uint64_t value)
{
	w->ops->count(page_of(w, f), &metric_families[f], l, value);
}

void metrics_number(struct metrics_writer *w, enum family_id f, const struct labels *l,
		    double value)
{
	if (!isnan(value))
		w->ops->number(page_of(w, f), &metric_families[f], l, value);
}

void metrics_summary(struct metrics_writer *w, enum family_id f, const struct labels *l,
		     uint64_t count, double sum)
{
	w->ops->summary(page_of(w, f), &metric_families[f], l, count, sum);
}

void metrics_histogram(struct metrics_writer *w, enum family_id f, const struct labels *l,
		       const struct metric_histogram *h)
{
	w->ops->histogram(page_of(w, f), &metric_families[f], l, h);
}

static int put(FILE *out, const struct spool *s)
{
	if (s->error)
		return s->error;
	errno = 0;
	if (s->n && fwrite(s->bytes, 1, s->n, out) != s->n)
		return errno ? -errno : -EIO;
	return 0;
}

static int put_page(FILE *out, const struct metrics_format_ops *ops, const struct spool *page)
{
	struct spool before;
	int r = 0;

	spool_init(&before, METRICS_BYTES_MAX);
	if (ops->lead && page->n) {
		ops->lead(&before, page);
		r = put(out, &before);
		spool_clear(&before);
	}
	return r ? r : put(out, page);
}

int metrics_write(FILE *out, const struct now *now, enum metrics_format format)
{
	struct metrics_writer w = { .ops = formats[format] };
	int r;

	for (unsigned int f = 0; f < FAMILIES; f++)
		spool_init(&w.pages[f], METRICS_BYTES_MAX);
	r = metrics_self(&w, now);
	if (!r)
		r = metrics_objectives(&w, now);
	if (!r)
		r = metrics_services(&w, now);
	/* Each goes as soon as it is written: the document is there twice for one family only. */
	for (unsigned int f = 0; f < FAMILIES; f++) {
		if (!r)
			r = put_page(out, w.ops, &w.pages[f]);
		spool_clear(&w.pages[f]);
	}
	errno = 0;
	if (!r && (fputs(w.ops->end, out) == EOF || fflush(out)))
		r = errno ? -errno : -EIO;
	return r;
}
