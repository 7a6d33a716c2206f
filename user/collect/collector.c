// SPDX-License-Identifier: Apache-2.0
/*
 * collector.c - see collector.h: ties the programs, what they counted and who it was together.
 */
#include "collector.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "features.h"
#include "programs.h"
#include "resolve.h"

/* One series that somebody owns. */
struct tracked {
	bool known;
	struct endpoint_key key;
	struct endpoint endpoint;
	struct identity identity; /* as last resolved; name NULL: not yet */
	struct in_flight_row in_flight;
};

struct collector {
	enum backend backend;
	struct programs *programs;
	struct resolver *resolver;
	struct ring_buffer *announcements;
	struct tracked *tracked;      /* index: series number */
	struct series_counts *stripe; /* room for reading */
	struct collector_options options;
};

static const char *const protocol_names[] = { "unknown",
#define PROTOCOL_NAME(NAME, prefix, text) text,
					      PROTOCOLS(PROTOCOL_NAME)
#undef PROTOCOL_NAME
};

/* A process may be gone by the next tick: name it now. */
static int track(struct collector *c, const struct endpoint_key *key)
{
	const struct programs_view *v = programs_view(c->programs);
	struct identity identity = {};
	struct endpoint e;
	struct tracked *t;

	if (bpf_map_lookup_elem(v->endpoints_fd, key, &e) || e.series >= v->n_series)
		return 0;
	t = &c->tracked[e.series];
	t->known = true;
	t->key = *key;
	t->endpoint = e;
	if (resolver_name(c->resolver, key, &e, &identity))
		return -ENOMEM;
	identity_clear(&t->identity);
	t->identity = identity;
	return 0;
}

static int announced(void *context, void *data, size_t size)
{
	return size == sizeof(struct endpoint_key) ? track(context, data) : 0;
}

/* Endpoints whose announcement found no room. */
static int track_all(struct collector *c)
{
	const struct programs_view *v = programs_view(c->programs);
	struct endpoint_key key, *last = NULL;

	while (!bpf_map_get_next_key(v->endpoints_fd, last, &key)) {
		int r = track(c, &key);

		if (r)
			return r;
		last = &key;
	}
	return 0;
}

int collector_open(const struct collector_options *o, struct collector **ret, char *why,
		   size_t why_size)
{
	_cleanup_(collector_freep) struct collector *c = calloc(1, sizeof(*c));
	const struct programs_view *v;
	int r;

	if (!c)
		return -ENOMEM;
	c->options = *o;
	r = features_choose(o->backend, &c->backend, why, why_size);
	if (r)
		return r;
	r = resolver_new(NULL, 0, &c->resolver);
	if (!r)
		r = programs_open(o, c->backend, &c->programs);
	if (r) {
		if (!features_missing(c->backend, why, why_size))
			snprintf(
				why, why_size,
				"loading the programs of the %s backend failed: %s; `troth doctor` says what this kernel allows",
				backend_names[c->backend], strerror(-r));
		return r;
	}
	v = programs_view(c->programs);
	c->tracked = calloc(v->n_series, sizeof(*c->tracked));
	c->stripe = malloc(sizeof(*c->stripe));
	c->announcements = ring_buffer__new(v->announcements_fd, announced, c, NULL);
	if (!c->tracked || !c->stripe || !c->announcements) {
		snprintf(why, why_size, "out of memory");
		return -ENOMEM;
	}
	*ret = TAKE(c);
	return 0;
}

void collector_free(struct collector *c)
{
	unsigned int n;

	if (!c)
		return;
	n = c->programs ? programs_view(c->programs)->n_series : 0;
	for (unsigned int i = 0; c->tracked && i < n; i++)
		identity_clear(&c->tracked[i].identity);
	ring_buffer__free(c->announcements);
	programs_free(c->programs);
	resolver_free(c->resolver);
	free(c->tracked);
	free(c->stripe);
	free(c);
}

static void waits(void *context, const struct in_flight *line)
{
	struct collector *c = context;
	struct in_flight_row *f;

	if (line->series >= programs_view(c->programs)->n_series)
		return;
	f = &c->tracked[line->series].in_flight;
	f->count++;
	if (line->age_ns > f->oldest_ns)
		f->oldest_ns = line->age_ns;
	for (unsigned int t = 0; t < c->options.n_thresholds; t++)
		if (line->age_ns > c->options.thresholds[t].max_ns)
			f->older[t]++;
}

static int sweep(struct collector *c, bool final)
{
	const struct programs_view *v = programs_view(c->programs);

	for (unsigned int i = 0; i < v->n_series; i++)
		c->tracked[i].in_flight = (struct in_flight_row){};
	return programs_sweep(c->programs, final, waits, c);
}

int collector_tick(struct collector *c)
{
	int r = ring_buffer__consume(c->announcements);

	if (r >= 0)
		r = resolver_tick(c->resolver);
	return r < 0 ? r : sweep(c, false);
}

/* Adds every stripe of a series to *sum. */
static int read_series(struct collector *c, unsigned int number, struct series_counts *sum)
{
	const struct programs_view *v = programs_view(c->programs);

	for (unsigned int i = 0; i < v->stripes; i++) {
		__u32 index = number * v->stripes + i;

		if (bpf_map_lookup_elem(v->series_fd, &index, c->stripe))
			return -errno;
		counts_add(sum, c->stripe);
	}
	return 0;
}

static int fill_row(struct collector *c, unsigned int number, struct service_row *row)
{
	const struct programs_view *v = programs_view(c->programs);
	struct tracked *t = &c->tracked[number];
	unsigned int protocol = v->states[number].protocol;

	row->role = number < SERIES_FIRST ? (enum role)number : t->key.role;
	row->overflow = number < SERIES_FIRST;
	row->protocol = protocol_names[protocol < PROTOCOL_COUNT ? protocol : 0];
	row->in_flight = t->in_flight;
	row->id = t->identity; /* handed over; a later sample resolves it again */
	t->identity = (struct identity){};
	return read_series(c, number, &row->counts);
}

static void measure(struct collector *c, struct sample *s)
{
	const struct programs_view *v = programs_view(c->programs);
	struct measurement_row *m = &s->measurement;

	memcpy(&m->losses, (const void *)v->losses, sizeof(m->losses));
	for (size_t i = 0; i < s->n_services; i++) {
		uint64_t total = counts_total(&s->services[i].counts);

		m->exchanges += total;
		if (s->services[i].overflow)
			m->unattributed += total;
	}
	m->lost = losses_lost(&m->losses);
	m->unreadable_payloads = losses_unreadable(&m->losses, backend_names[c->backend]);
	m->missed_probe_runs = programs_missed(c->programs);
	m->coverage = m->exchanges + m->lost ?
			      (double)m->exchanges / (double)(m->exchanges + m->lost) :
			      1.0;
	m->backend = backend_names[c->backend];
}

/* In softirq nobody can be asked: who a server is may be known only by now. */
static int name_rest(struct collector *c)
{
	int r = ring_buffer__consume(c->announcements);

	return r < 0 ? r : track_all(c);
}

static int make_unique(struct sample *s)
{
	_cleanup_(freep) struct identity **ids = calloc(s->n_services + 1, sizeof(*ids));
	_cleanup_(freep) enum role *roles = calloc(s->n_services + 1, sizeof(*roles));

	if (!ids || !roles)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_services; i++) {
		ids[i] = &s->services[i].id;
		roles[i] = s->services[i].role;
	}
	return resolver_disambiguate(ids, roles, s->n_services);
}

int collector_sample(struct collector *c, bool final, struct sample *ret)
{
	const struct programs_view *v = programs_view(c->programs);
	_cleanup_(sample_clear) struct sample s = {};
	int r;

	if (final) {
		programs_detach(c->programs);
		usleep(2000); /* hooks that were under way come to their end */
	}
	r = sweep(c, final);
	if (!r)
		r = name_rest(c);
	if (r)
		return r;
	s.services = calloc(v->n_series, sizeof(*s.services));
	if (!s.services)
		return -ENOMEM;
	for (unsigned int i = 0; i < v->n_series; i++) {
		if (i >= SERIES_FIRST && !c->tracked[i].known)
			continue;
		r = fill_row(c, i, &s.services[s.n_services++]);
		if (r)
			return r;
	}
	memcpy(s.thresholds, c->options.thresholds, sizeof(s.thresholds));
	s.n_thresholds = c->options.n_thresholds;
	measure(c, &s);
	r = make_unique(&s);
	if (r)
		return r;
	*ret = s;
	s = (struct sample){};
	return 0;
}
