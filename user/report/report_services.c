// SPDX-License-Identifier: Apache-2.0
/*
 * report_services.c - the services of the period, by how much of a budget is at risk with each. Leaves
 * figures to figures.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../slo/select.h"
#include "../store/histogram.h"
#include "report_model.h"

static const char *const protocols[] = { "http",  "http2",     "grpc", "redis",	  "postgresql",
					 "mysql", "memcached", "tls",  "unknown", NULL };

/* What a row's protocol is: a static string. */
static const char *protocol_of(const char *name)
{
	size_t i = 0;

	while (name && protocols[i] && strcmp(protocols[i], name))
		i++;
	return name && protocols[i] ? protocols[i] : "unknown";
}

void report_services_free(struct report *r)
{
	for (size_t i = 0; i < r->n_services; i++) {
		identity_clear(&r->services[i].row.id);
		free(r->services[i].latency);
	}
	free(r->services);
}

/* --- counts ------------------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
	const struct report_service *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static struct report_service *service_find(struct report *r, int64_t id)
{
	struct report_service key = { .id = id };

	if (!r->n_services)
		return NULL;
	return bsearch(&key, r->services, r->n_services, sizeof(key), by_id);
}

struct counting {
	struct report *r;
	size_t room;
	int64_t *servers; /* ids, ascending */
	size_t n_servers, servers_room;
};

static void counting_end(struct counting *k)
{
	free(k->servers);
}

static int note_server(void *context, const struct store_service *svc)
{
	struct counting *k = context;

	if (svc->role != ROLE_SERVER)
		return 0;
	if (k->n_servers == k->servers_room) {
		size_t room = k->servers_room ? 2 * k->servers_room : 256;
		int64_t *more = reallocarray(k->servers, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		k->servers = more;
		k->servers_room = room;
	}
	k->servers[k->n_servers++] = svc->id;
	return 0;
}

static int ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static bool is_server(const struct counting *k, int64_t id)
{
	return k->n_servers && bsearch(&id, k->servers, k->n_servers, sizeof(id), ascending);
}

static void count_requests(struct report_requests *sum, const struct series_counts *c)
{
	sum->total += counts_total(c);
	sum->failed += figures_failed(c);
	sum->no_answer += counts_outcome(c, OUTCOME_NO_RESPONSE);
}

static struct report_requests requests_of(const struct figures *f)
{
	uint64_t no_answer = f->outcomes[OUTCOME_NO_RESPONSE];

	return (struct report_requests){ f->total, f->outcomes[OUTCOME_SERVER_ERROR] + no_answer,
					 no_answer };
}

static bool nothing(const struct series_counts *c)
{
	return !counts_total(c) && !c->opened && !c->closed && !c->refused &&
	       !c->connect_timeouts && !c->accept_overflows;
}

/* With anything in the period. */
static int count_now(void *context, int64_t id, const struct series_counts *c)
{
	struct counting *k = context;
	struct report *r = k->r;
	struct report_service *s;

	if (nothing(c))
		return 0;
	if (is_server(k, id)) /* in the sums, even if it is left out of the list */
		count_requests(&r->count.here, c);
	if (r->n_services == REPORT_SERVICES_MAX) {
		r->services_left_out++;
		return 0;
	}
	if (r->n_services == k->room) {
		size_t room = k->room ? 2 * k->room : 64;
		struct report_service *more = reallocarray(r->services, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		r->services = more;
		k->room = room;
	}
	s = &r->services[r->n_services++];
	*s = (struct report_service){ .id = id, .risk = NAN, .remaining_ratio = NAN };
	s->row.counts = *c;
	return 0;
}

static int describe(void *context, const struct store_service *svc)
{
	struct report_service *s = service_find(context, svc->id);

	if (!s || s->row.id.name)
		return 0;
	s->row.role = svc->role;
	s->row.protocol = protocol_of(svc->protocol);
	s->row.overflow = svc->id_row.name && !strcmp(svc->id_row.name, "(unattributed)");
	return identity_copy(&svc->id_row, &s->row.id);
}

static int count_before(void *context, int64_t id, const struct series_counts *c)
{
	struct counting *k = context;
	struct report_service *s = service_find(k->r, id);

	if (is_server(k, id))
		count_requests(&k->r->count_before.here, c);
	if (s) {
		struct service_row row = { .role = s->row.role, .counts = *c };

		figures_of(&row, &s->before);
	}
	return 0;
}

/* --- promises and rank -------------------------------------------------------------------------- */

static bool metric_means(const struct metric *m, const struct service_row *row)
{
	return m && m->kernel && select_matches(m->kernel->select, row, 0);
}

static bool means(const struct objective *o, const struct service_row *row)
{
	const struct indicator *i = o->indicator;

	return i && (metric_means(i->total, row) || metric_means(i->good, row) ||
		     metric_means(i->bad, row) || metric_means(i->raw, row) ||
		     metric_means(i->threshold, row));
}

static void rank(struct report_service *s, const struct report_promise *p)
{
	double cost = p->slo->agreement.cost_per_bad_event;
	double risk;

	if (p->now.verdict == VERDICT_NO_DATA)
		return;
	risk = (1 - p->now.remaining_ratio) * (cost > 0 ? cost : 1);
	if (isnan(s->risk) || risk > s->risk) {
		s->risk = risk;
		s->riskiest = p;
	}
	if (isnan(s->remaining_ratio) || p->now.remaining_ratio < s->remaining_ratio)
		s->remaining_ratio = p->now.remaining_ratio;
}

static int by_risk(const void *a, const void *b)
{
	const struct report_service *x = a, *y = b;
	double rx = isnan(x->risk) ? -1 : x->risk, ry = isnan(y->risk) ? -1 : y->risk;

	if (rx != ry)
		return rx < ry ? 1 : -1;
	if (x->now.total != y->now.total)
		return x->now.total < y->now.total ? 1 : -1;
	return by_id(a, b);
}

/* Which services each promise means; once they stand where they stay. */
static int tie(struct report *r)
{
	for (size_t i = 0; i < r->n_promises; i++) {
		struct report_promise *p = &r->promises[i];

		if (!p->objective || !r->n_services)
			continue;
		p->services = calloc(r->n_services, sizeof(*p->services));
		if (!p->services)
			return -ENOMEM;
		for (size_t k = 0; k < r->n_services; k++)
			if (means(p->objective, &r->services[k].row))
				p->services[p->n_services++] = k;
	}
	return 0;
}

static void add(struct report_requests *sum, struct report_requests more)
{
	sum->total += more.total;
	sum->failed += more.failed;
	sum->no_answer += more.no_answer;
}

static struct report_requests less(struct report_requests a, struct report_requests b)
{
	return (struct report_requests){ a.total - b.total, a.failed - b.failed,
					 a.no_answer - b.no_answer };
}

/*
 * What was promised, apart from what else the host does. A client is counted where a promise means it.
 * Services that are left out of the list are among the others.
 */
static int split(struct report *r)
{
	_cleanup_(freep) bool *meant = calloc(r->n_services + 1, sizeof(*meant));
	struct report_requests here = {}, here_before = {};

	if (!meant)
		return -ENOMEM;
	for (size_t i = 0; i < r->n_promises; i++)
		for (size_t k = 0; k < r->promises[i].n_services; k++)
			meant[r->promises[i].services[k]] = true;
	for (size_t k = 0; k < r->n_services; k++) {
		const struct report_service *s = &r->services[k];

		if (!meant[k])
			continue;
		add(&r->count.promised, requests_of(&s->now));
		add(&r->count_before.promised, requests_of(&s->before));
		if (s->row.role != ROLE_SERVER)
			continue;
		add(&here, requests_of(&s->now));
		add(&here_before, requests_of(&s->before));
	}
	r->count.others = less(r->count.here, here);
	r->count_before.others = less(r->count_before.here, here_before);
	return 0;
}

/* --- latency over time -------------------------------------------------------------------------- */

struct drawing {
	const struct report *r;
	struct series_counts *point; /* that is being added up */
	size_t at;		     /* its index */
	struct report_latency *latency;
};

static void draw_flush(struct drawing *d)
{
	struct report_latency *l = &d->latency[d->at];

	l->p50_s = histogram_percentile_s(d->point->duration, 500, d->point->max_ns / 1e9);
	l->p90_s = histogram_percentile_s(d->point->duration, 900, d->point->max_ns / 1e9);
	l->p99_s = histogram_percentile_s(d->point->duration, 990, d->point->max_ns / 1e9);
	*d->point = (struct series_counts){};
}

static int draw(void *context, int64_t time, const struct series_counts *c)
{
	struct drawing *d = context;
	size_t at;

	if (time < d->r->points_from)
		return 0;
	at = (size_t)(time - d->r->points_from) / d->r->point_s;
	if (at >= d->r->n_points)
		return 0;
	if (at != d->at)
		draw_flush(d);
	d->at = at;
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		d->point->duration[i] += c->duration[i];
	if (c->max_ns > d->point->max_ns)
		d->point->max_ns = c->max_ns;
	return 0;
}

static int draw_service(const struct report_source *s, const struct report *r,
			struct report_service *svc)
{
	uint32_t length_s = r->point_s < 3600 ? 60 : 3600;
	struct drawing d = { .r = r };
	int ret;

	svc->latency = calloc(REPORT_POINTS_MAX, sizeof(*svc->latency));
	d.point = calloc(1, sizeof(*d.point));
	d.latency = svc->latency;
	if (!d.point || !d.latency) {
		free(d.point);
		return -ENOMEM;
	}
	for (size_t i = 0; i < REPORT_POINTS_MAX; i++)
		d.latency[i] = (struct report_latency){ NAN, NAN, NAN };
	ret = s->history(s->context, svc->id, report_floor(r->from, length_s), r->to, length_s,
			 draw, &d);
	draw_flush(&d);
	free(d.point);
	return ret;
}

int report_find_services(const struct report_source *s, struct report *r)
{
	int64_t from = report_floor(r->from, 60), to = report_floor(r->to + 59, 60);
	_cleanup_(counting_end) struct counting k = { .r = r };
	int ret = s->services(s->context, note_server, &k);

	if (k.n_servers)
		qsort(k.servers, k.n_servers, sizeof(*k.servers), ascending);
	if (!ret)
		ret = s->sums(s->context, from, to, count_now, &k);
	if (!ret && r->n_services)
		qsort(r->services, r->n_services, sizeof(*r->services), by_id);
	if (!ret)
		ret = s->services(s->context, describe, r);
	if (!ret)
		ret = s->sums(s->context, report_floor(r->before, 60), from, count_before, &k);
	if (ret)
		return ret;
	for (size_t i = 0; i < r->n_services; i++) {
		struct report_service *svc = &r->services[i];

		figures_of(&svc->row, &svc->now);
		for (size_t p = 0; p < r->n_promises; p++)
			if (r->promises[p].objective && means(r->promises[p].objective, &svc->row))
				rank(svc, &r->promises[p]);
	}
	if (r->n_services)
		qsort(r->services, r->n_services, sizeof(*r->services), by_risk);
	for (size_t i = 0; !ret && i < r->n_services && i < REPORT_CHARTED; i++)
		ret = draw_service(s, r, &r->services[i]);
	if (!ret)
		ret = tie(r);
	return ret ? ret : split(r);
}
