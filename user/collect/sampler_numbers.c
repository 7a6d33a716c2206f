// SPDX-License-Identifier: Apache-2.0
/*
 * sampler_numbers.c - the numbers of series: whose each is, when it is nobody's any more, and back to
 * the queue.
 *
 * A number leaves the table of endpoints first: from then on no connection can get it. (A program that
 * looked it up just before may still note it down; the next sweep finds that connection.) Only when two
 * sweeps in a row have found none is it free. Killed in between, a number is in no queue and in no table:
 * so numbers_find() finds it, and it waits for two sweeps again.
 */
#include "sampler_own.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#define QUARANTINE_SWEEPS      2
#define QUIET_LEAST	       2  /* sweeps */
#define LISTENERS_EVERY	       64 /* sweeps */
#define LISTENERS_FORGOTTEN_AT 64 /* sweeps that found nobody who listens there */

/* As in bpf/maps.bpf.h. */
struct listener_key {
	__u32 netns;
	__u32 port;
};
struct listener {
	__s64 sockets;
	__u32 seen;
	__u32 pad;
	struct endpoint owner;
};

static void forget(struct number *n)
{
	free(n->base);
	identity_clear(&n->id);
	*n = (struct number){};
}

void numbers_free(struct sampler *s)
{
	for (unsigned int i = 0; s->numbers && i < s->kernel.n_series; i++)
		forget(&s->numbers[i]);
	free(s->numbers);
}

int numbers_track(struct sampler *s, const struct endpoint_key *key)
{
	struct endpoint e;
	struct number *n;

	if (bpf_map_lookup_elem(s->kernel.endpoints, key, &e) || e.series < SERIES_FIRST ||
	    e.series >= s->kernel.n_series)
		return 0;
	n = &s->numbers[e.series];
	if (n->state != NUMBER_LIVING) {
		s->used += n->state == NUMBER_FREE;
		forget(n);
		n->state = NUMBER_LIVING;
		n->key = *key;
		n->moved = true;
	}
	n->endpoint = e;
	return names_resolve(s, n);
}

int numbers_track_all(struct sampler *s)
{
	struct endpoint_key key, *last = NULL;

	/* Where one is removed meanwhile, the walk begins again: it is bounded. */
	for (unsigned int i = 0; i < 2 * s->kernel.n_series; i++) {
		int r;

		if (bpf_map_get_next_key(s->kernel.endpoints, last, &key))
			return 0;
		r = numbers_track(s, &key);
		if (r)
			return r;
		last = &key;
	}
	return 0;
}

/* Programs take from the head meanwhile: so it is turned around, not emptied. */
static int mark_queue(const struct sampler *s, enum role role, bool *is_free)
{
	for (unsigned int i = 0; i < s->kernel.n_series; i++) {
		__u32 number;

		if (bpf_map_lookup_and_delete_elem(s->kernel.queues[role], NULL, &number))
			return errno == ENOENT ? 0 : -errno;
		if (number < SERIES_FIRST || number >= s->kernel.n_series)
			continue;
		if (bpf_map_update_elem(s->kernel.queues[role], NULL, &number, BPF_ANY))
			return -errno;
		if (is_free[number])
			return 0;
		is_free[number] = true;
	}
	return 0;
}

/* It has left the table and has no key any more: whose it was the record says, by the number alone. */
static int remember_leaving(struct sampler *s, unsigned int number)
{
	struct endpoint_key unknown = { .role = (__u16)programs_role_of_number(number) };
	struct number *n = &s->numbers[number];
	const struct identity *known = NULL;

	n->state = NUMBER_LEAVING;
	n->moved = true;
	n->key = unknown;
	s->used++;
	if (s->options.remembered)
		known = s->options.remembered(s->options.context, number, &unknown);
	return known && known->name ? identity_copy(known, &n->id) : 0;
}

int numbers_find(struct sampler *s)
{
	_cleanup_(freep) bool *is_free = calloc(s->kernel.n_series, sizeof(*is_free));
	int r;

	if (!is_free)
		return -ENOMEM;
	r = mark_queue(s, ROLE_SERVER, is_free);
	if (!r)
		r = mark_queue(s, ROLE_CLIENT, is_free);
	if (!r)
		r = numbers_track_all(s);
	for (unsigned int i = SERIES_FIRST; !r && i < s->kernel.n_series; i++)
		if (s->numbers[i].state == NUMBER_FREE && !is_free[i])
			r = remember_leaving(s, i);
	return r;
}

/* Ports that nobody listens on any more leave the table, so that it never fills. */
static void forget_listeners(const struct sampler *s)
{
	struct listener_key key, next;
	bool more = !bpf_map_get_next_key(s->kernel.listeners, NULL, &next);
	__u32 now = s->kernel.control->sweep;

	while (more) {
		struct listener l;

		key = next;
		more = !bpf_map_get_next_key(s->kernel.listeners, &key, &next);
		if (bpf_map_lookup_elem(s->kernel.listeners, &key, &l))
			continue;
		if (l.sockets <= 0 ? now - l.seen > LISTENERS_FORGOTTEN_AT :
				     l.seen && now - l.seen > LISTENERS_FORGOTTEN_AT)
			bpf_map_delete_elem(s->kernel.listeners, &key);
	}
}

void numbers_swept(struct sampler *s)
{
	__u32 now = s->kernel.control->sweep;

	for (unsigned int i = SERIES_FIRST; i < s->kernel.n_series; i++) {
		struct number *n = &s->numbers[i];

		if (n->state == NUMBER_FREE)
			continue;
		if (s->kernel.states[i].seen == now || s->kernel.states[i].dirty)
			n->quiet = 0;
		else
			n->quiet++;
	}
	if (now % LISTENERS_EVERY == 0)
		forget_listeners(s);
}

/* Did the last sweep find somebody who listens there? */
static bool is_listened_on(const struct sampler *s, const struct number *n)
{
	struct listener_key key = { n->key.netns, n->key.port };
	struct listener l;

	return n->key.role == ROLE_SERVER && !bpf_map_lookup_elem(s->kernel.listeners, &key, &l) &&
	       l.seen == s->kernel.control->sweep;
}

static bool is_quiet(const struct sampler *s, unsigned int number, unsigned int sweeps)
{
	const struct number *n = &s->numbers[number];

	return n->quiet >= sweeps && !n->moved && !n->in_flight.count &&
	       !s->kernel.states[number].dirty;
}

static void leave(struct sampler *s, unsigned int number)
{
	struct number *n = &s->numbers[number];
	struct endpoint e;

	if (bpf_map_lookup_elem(s->kernel.endpoints, &n->key, &e) || e.series == number)
		bpf_map_delete_elem(s->kernel.endpoints, &n->key);
	n->state = NUMBER_LEAVING;
	n->quiet = 0;
}

/* Killed while it was taking a number, a program may put it into the table yet. */
static bool is_in_table(const struct sampler *s, unsigned int number)
{
	struct endpoint_key key, *last = NULL;
	struct endpoint e;

	for (; !bpf_map_get_next_key(s->kernel.endpoints, last, &key); last = &key)
		if (!bpf_map_lookup_elem(s->kernel.endpoints, &key, &e) && e.series == number)
			return true;
	return false;
}

static int give_back(struct sampler *s, unsigned int number)
{
	struct number *n = &s->numbers[number];
	__u32 value = number;

	if (!n->key.netns && is_in_table(s, number))
		return numbers_track_all(s);
	s->kernel.states[number].protocol = PROTOCOL_UNKNOWN;
	if (bpf_map_update_elem(s->kernel.queues[programs_role_of_number(number)], NULL, &value,
				BPF_ANY))
		return -errno;
	forget(n);
	s->used--;
	return 0;
}

/* The fewer numbers are free, the sooner one comes back: in full from three quarters, at once below one. */
static void hurry(const struct sampler *s, unsigned int quiet_ticks, unsigned int ret[ROLES])
{
	unsigned int quarter = (s->kernel.n_series - SERIES_FIRST) / ROLES / 4, unused[ROLES] = {};

	for (unsigned int i = SERIES_FIRST; i < s->kernel.n_series; i++)
		if (s->numbers[i].state == NUMBER_FREE)
			unused[programs_role_of_number(i)]++;
	for (enum role role = 0; role < ROLES; role++) {
		unsigned int above = unused[role] > quarter ? unused[role] - quarter : 0;

		ret[role] = quiet_ticks;
		if (above < 2 * quarter)
			ret[role] = (unsigned int)((uint64_t)quiet_ticks * above / (2 * quarter));
		if (ret[role] < QUIET_LEAST)
			ret[role] = QUIET_LEAST;
	}
}

int sampler_retire(struct sampler *s, unsigned int quiet_ticks, unsigned int max,
		   int (*each)(void *context, const struct sampler_series *series), void *context)
{
	unsigned int quarantine = QUARANTINE_SWEEPS, quiet[ROLES];

	hurry(s, quiet_ticks, quiet);
	for (unsigned int i = SERIES_FIRST; i < s->kernel.n_series && max; i++) {
		struct number *n = &s->numbers[i];
		struct sampler_series series;
		int r;

		if (n->state == NUMBER_LIVING &&
		    is_quiet(s, i, quiet[programs_role_of_number(i)]) && !is_listened_on(s, n)) {
			leave(s, i);
			continue;
		}
		if (n->state != NUMBER_LEAVING || !is_quiet(s, i, quarantine))
			continue;
		r = kernel_read(&s->kernel, i, s->stripe, s->counts);
		if (r)
			return r;
		sampler_describe(s, i, &series);
		r = each(context, &series);
		if (!r)
			r = give_back(s, i);
		if (r)
			return r;
		max--;
	}
	return 0;
}
