// SPDX-License-Identifier: Apache-2.0
/* view.c - one moment, put together when somebody asks. */
#include "view.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct view {
	const struct view_source *source;
	struct service_row row;
	struct slo_entry *entries;
	struct now_objective *objectives;
	size_t room;
	struct slo_event *events;
	size_t events_room;
	struct now_receiver *receivers;
	size_t receivers_room;
};

int view_new(struct view **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

void view_free(struct view *v)
{
	if (!v)
		return;
	free(v->entries);
	free(v->objectives);
	free(v->events);
	free(v->receivers);
	free(v);
}

static bool is_unattributed(const struct recorded *s)
{
	return !strcmp(s->identity.name, RECORDER_UNATTRIBUTED);
}

/* Row i as the outside sees a service; identity and protocol are the recorder's. */
static const struct service_row *service_at(void *context, size_t i,
					    int64_t within_before[THRESHOLDS])
{
	struct view *v = context;
	const struct recorded *s = recorder_service(v->source->recorder, i);

	v->row = (struct service_row){ .role = s->role,
				       .protocol = s->protocol,
				       .id = s->identity,
				       .in_flight = s->in_flight,
				       .overflow = is_unattributed(s) };
	recorder_total(v->source->recorder, i, &v->row.counts);
	memcpy(within_before, s->limits, THRESHOLDS * sizeof(*within_before));
	return &v->row;
}

static int rooms(struct view *v, size_t n, size_t events, size_t receivers)
{
	if (events > v->events_room) {
		free(v->events);
		v->events_room = 0;
		v->events = calloc(events, sizeof(*v->events));
		if (!v->events)
			return -ENOMEM;
		v->events_room = events;
	}
	if (n > v->room) {
		free(v->entries);
		free(v->objectives);
		v->room = 0;
		v->entries = calloc(n, sizeof(*v->entries));
		v->objectives = calloc(n, sizeof(*v->objectives));
		if (!v->entries || !v->objectives)
			return -ENOMEM;
		v->room = n;
	}
	if (receivers > v->receivers_room) {
		free(v->receivers);
		v->receivers_room = 0;
		v->receivers = calloc(receivers, sizeof(*v->receivers));
		if (!v->receivers)
			return -ENOMEM;
		v->receivers_room = receivers;
	}
	return 0;
}

static void show_objectives(struct view *v, struct now *now)
{
	struct keeper *k = v->source->keeper;
	struct live *l = keeper_live(k);
	size_t n = live_n_results(l), objective = 0;
	uint32_t measured = keeper_open_measured(k);

	for (size_t i = 0; i < n; i++) {
		struct slo_entry *e = &v->entries[i];
		struct now_objective *o = &v->objectives[i];

		*e = (struct slo_entry){ .slo = live_slo(l, i), .objective = live_objective(l, i) };
		*o = (struct now_objective){ .inexact = live_inexact(l, i) };
		live_result(l, i, now->at.wall_ns / NS_PER_SECOND, measured, &e->result);
		if (!e->objective)
			continue;
		o->n_services = live_services(l, objective, &o->services);
		keeper_ever(k, objective, &o->good_ever, &o->total_ever);
		objective++;
	}
	now->slos = (struct slo_report){ .at = now->at.wall_ns / NS_PER_SECOND,
					 .entries = v->entries,
					 .n = n };
	now->objectives = v->objectives;
}

/* With its factor, unless the policy has changed since: then nobody knows it any more. */
static struct alert_state alert_of(const struct slo_result *r, const struct kept_event *e)
{
	for (size_t i = 0; i < r->n_alerts; i++)
		if (r->alerts[i].long_s == e->long_s && r->alerts[i].short_s == e->short_s &&
		    !strcmp(r->alerts[i].severity, e->severity))
			return r->alerts[i];
	return (struct alert_state){
		.severity = e->severity, .long_s = e->long_s, .short_s = e->short_s, .factor = NAN
	};
}

static void show_events(struct view *v, struct now *now)
{
	struct slo_report *r = &now->slos;
	const struct kept_event *events =
		keeper_events(v->source->keeper, &r->n_events, &r->events_left_out);

	for (size_t i = 0; i < r->n_events; i++) {
		const struct slo_result *of = &v->entries[events[i].result].result;

		v->events[i] = (struct slo_event){ .time = events[i].time,
						   .name = of->counts_name,
						   .alert = alert_of(of, &events[i]),
						   .firing = events[i].firing };
	}
	r->events = v->events;
}

/* Of the time since the beginning of record, which lies somewhere in its first minute. */
static double measured_share(struct store *s, const struct now *now)
{
	int64_t at = now->at.wall_ns / NS_PER_SECOND;
	struct store_measured first = {}, all = {};
	double wanted_ns;

	if (!now->began || at - now->began <= 60 ||
	    store_measured(s, now->began, now->began + 60, &first) ||
	    store_measured(s, now->began, at + 60, &all))
		return 1;
	wanted_ns = (double)(now->at.wall_ns - (now->began + 60) * NS_PER_SECOND) +
		    (double)first.measured_ns;
	return wanted_ns > (double)all.measured_ns ? (double)all.measured_ns / wanted_ns : 1;
}

static void show_measurement(const struct view *v, struct now *now)
{
	struct measurement_row *m = &now->measurement;
	struct store_losses losses;
	struct sampler_losses seen;
	struct series_counts c;

	recorder_losses(v->source->recorder, &losses);
	sampler_losses(recorder_sampler(v->source->recorder), &seen);
	*m = (struct measurement_row){ .losses = losses.losses,
				       .missed_probe_runs = losses.missed,
				       .backend = now->backend };
	for (size_t i = 0; i < recorder_n(v->source->recorder); i++) {
		uint64_t total;

		recorder_total(v->source->recorder, i, &c);
		total = counts_total(&c);
		m->exchanges += total;
		if (is_unattributed(recorder_service(v->source->recorder, i)))
			m->unattributed += total;
	}
	m->lost = losses_lost(&losses.losses) + losses.in_flight_at_change;
	m->unreadable_payloads = losses_unreadable(&losses.losses, now->backend);
	m->coverage = measured_share(v->source->store, now);
	if (m->exchanges + m->lost)
		m->coverage *= (double)m->exchanges / (double)(m->exchanges + m->lost);
	now->in_flight_at_change = losses.in_flight_at_change;
	now->series_used = seen.series_used;
	now->series_max = seen.series_max;
	now->groups_left_out = seen.groups_left_out;
}

static void show_receivers(struct view *v, struct now *now)
{
	for (size_t i = 0; i < v->source->n_receivers; i++) {
		const struct receiver *r = &v->source->receivers[i];
		struct notifier_counts c;

		notifier_counts(v->source->notifier, i, &c);
		v->receivers[i] = (struct now_receiver){ .name = r->name,
							 .kind = receiver_kind_names[r->kind],
							 .sent = c.sent,
							 .failed = c.failed,
							 .dropped = c.dropped,
							 .waiting = c.waiting };
	}
	now->receivers = v->receivers;
	now->n_receivers = v->source->n_receivers;
}

static void show_http(const struct server *server, struct now *now)
{
	struct server_counts c;

	server_counts(server, &c);
	now->http = (struct now_http){ c.accepted, c.dropped, c.expired };
}

static uint64_t resident_bytes(void)
{
	_cleanup_(fclosep) FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long size, resident;

	if (!f || fscanf(f, "%llu %llu", &size, &resident) != 2)
		return 0;
	return resident * (unsigned long long)sysconf(_SC_PAGESIZE);
}

int view_show(struct view *v, const struct view_source *s,
	      int (*show)(void *shown, const struct now *now), void *shown)
{
	struct now now = s->fixed;
	unsigned int series;
	const struct sampler_maps *maps = sampler_maps(recorder_sampler(s->recorder));
	uint64_t left_out;
	size_t events;
	int err;

	keeper_events(s->keeper, &events, &left_out);
	err = rooms(v, live_n_results(keeper_live(s->keeper)), events, s->n_receivers);
	if (err)
		return err;
	v->source = s;
	memcpy(now.thresholds, maps->thresholds, sizeof(now.thresholds));
	now.n_thresholds = maps->n_thresholds;
	now.began = store_began(s->store);
	now.backend = sampler_backend(recorder_sampler(s->recorder));
	now.services = (struct now_services){ .n = recorder_n(s->recorder),
					      .context = v,
					      .at = service_at };
	show_objectives(v, &now);
	show_events(v, &now);
	show_measurement(v, &now);
	if (s->notifier)
		show_receivers(v, &now);
	if (s->server)
		show_http(s->server, &now);
	now.kernel_bytes = sampler_memory(recorder_sampler(s->recorder), &series);
	now.store_bytes = store_bytes(s->store);
	now.resident_bytes = resident_bytes();
	return show(shown, &now);
}
