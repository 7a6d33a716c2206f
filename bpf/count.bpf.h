/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * count.bpf.h - what has ended goes into its series. Every add is atomic: an interrupt between
 * load and store loses counts even on one CPU, and stripes may be shared.
 */
#ifndef TROTH_COUNT_BPF_H
#define TROTH_COUNT_BPF_H

#include "maps.bpf.h"

static __always_inline struct series_counts *series_at(__u32 number)
{
	__u32 index = number * config.stripes + (bpf_get_smp_processor_id() & (config.stripes - 1));

	return bpf_map_lookup_elem(&series, &index);
}

/* The reader looks at what is dirty only. protocol PROTOCOL_UNKNOWN: leave it. */
static __always_inline void series_mark(__u32 number, __u8 protocol)
{
	struct series_state *state = bpf_map_lookup_elem(&states, &number);

	if (!state)
		return;
	if (!state->dirty)
		state->dirty = 1;
	if (protocol && state->protocol != protocol)
		state->protocol = protocol;
}

/* A connection counts there: its number must not be given to anybody else. */
static __always_inline void series_seen(__u32 number)
{
	struct series_state *state = bpf_map_lookup_elem(&states, &number);

	if (state && state->seen != control.sweep)
		state->seen = control.sweep;
}

static __always_inline struct series_counts *series_stripe(__u32 number)
{
	series_mark(number, PROTOCOL_UNKNOWN);
	return series_at(number);
}

static __always_inline void count_slot(__u64 *histogram, __u64 ns)
{
	__u32 slot = slot_of(ns);

	if (slot < HISTOGRAM_BUCKETS)
		add(&histogram[slot], 1);
}

static __always_inline __u64 ended_part(const struct ended *e, __u32 part)
{
	switch (part) {
	case PART_FIRST_BYTE:
		return e->queue_ns + e->receive_ns + e->service_ns;
	case PART_QUEUE:
		return e->queue_ns;
	case PART_RECEIVE:
		return e->receive_ns;
	case PART_SERVICE:
		return e->service_ns;
	case PART_SEND:
		return e->send_ns;
	default:
		return e->duration_ns;
	}
}

static __always_inline void count_max(__u64 *max, __u64 value)
{
	for (int i = 0; i < 8; i++) {
		__u64 seen = *(volatile __u64 *)max;

		if (value <= seen || __sync_val_compare_and_swap(max, seen, value) == seen)
			return;
	}
}

static __always_inline void count_parts(struct series_counts *s, const struct connection *c,
					const struct ended *e)
{
	if (!e->divided) {
		add(&s->undivided, 1);
		add(&s->undivided_ns, e->duration_ns);
		return;
	}
	add(&s->service_ns, e->service_ns);
	if (e->send_ns)
		add(&s->send_ns, e->send_ns);
	if (c->role == ROLE_CLIENT)
		return;
	add(&s->queue_ns, e->queue_ns);
	if (e->receive_ns)
		add(&s->receive_ns, e->receive_ns);
	count_slot(s->queue, e->queue_ns);
}

static __always_inline void count_ended(struct series_counts *s, const struct connection *c,
					const struct ended *e)
{
	__u32 outcome = e->outcome, within = 0, active = control.active, part;

	if (outcome >= OUTCOMES)
		outcome = OUTCOME_UNKNOWN;
#pragma unroll
	for (__u32 t = 0; t < THRESHOLDS; t++) {
		__u64 value, max, beyond;

		if (!(active & 1 << t))
			continue;
		max = control.thresholds[t].max_ns;
		value = e->duration_ns;
		part = control.thresholds[t].part;
		if (part != PART_DURATION)
			value = ended_part(e, part);
		/* Without a branch: the verifier would follow every set of thresholds by itself. */
		beyond = (max - value) >> 63;
		barrier_var(beyond);
		within |= (__u32)(beyond ^ 1) << t;
		if (e->slack_ns && beyond && value - max <= e->slack_ns &&
		    e->kind == ENDED_EXCHANGE)
			add(&s->undated[t], 1);
	}
	within &= MASKS - 1;
	if (e->kind == ENDED_STREAMED) {
		add(&s->streamed[within], 1);
		return;
	}
	add(&s->exchanges[within][outcome], 1);
	if (outcome == OUTCOME_ABORTED)
		return;
	if (e->slack_ns)
		add(&losses.undated, 1);
	count_parts(s, c, e);
	count_slot(s->duration, e->duration_ns);
	count_max(&s->max_ns, e->duration_ns);
}

__noinline int count_list(const struct connection *c, const struct ended_list *out)
{
	struct series_counts *s;

#ifdef TROTH_NEWER_TEST /* the test build of other programs for the same layout */
	bpf_ktime_get_ns();
#endif
	if (!c || !out)
		return 0;
	s = series_at(c->series);
	if (!s)
		return 0;
	series_mark(c->series, c->protocol);
	if (out->n > 0)
		count_ended(s, c, &out->e[0]);
	if (out->n > 1)
		count_ended(s, c, &out->e[1]);
	if (out->coalesced)
		add(&s->coalesced, out->coalesced);
	if (out->merged)
		add(&losses.merged, out->merged);
	if (out->caught_up)
		add(&losses.caught_up, out->caught_up);
	if (out->unscanned)
		add(&losses.unscanned, 1);
	if (out->unparsed_end)
		add(&losses.unparsed_end, out->unparsed_end);
	return 0;
}

/* Calls cost more than what they call: what mostly happens is in line. */
static __always_inline void count_out(const struct connection *c, const struct ended_list *out)
{
	if (out->n == 1 &&
	    !(out->merged | out->caught_up | out->unparsed_end | out->coalesced | out->unscanned)) {
		struct series_counts *s = series_at(c->series);

		series_mark(c->series, c->protocol);
		if (s)
			count_ended(s, c, &out->e[0]);
		return;
	}
	if (out->n | out->merged | out->caught_up | out->unparsed_end | out->coalesced |
	    out->unscanned)
		count_list(c, out);
}

#endif
