// SPDX-License-Identifier: Apache-2.0
/*
 * sampler.c - see sampler.h: opening in whatever state the pins are, the tick, the end. The rest is in
 * sampler_*.c, each of which says what it does.
 */
#include "sampler.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../base/moment.h"
#include "features.h"
#include "resolve.h"
#include "sampler_own.h"

DEFINE_FREEP(struct ring_buffer, ring_buffer__free)

static void sampler_free(struct sampler *s)
{
	if (!s)
		return;
	ring_buffer__free(s->announcements);
	numbers_free(s);
	resolver_free(s->resolver);
	kernel_close(&s->kernel);
	pins_close(s->pins);
	free(s->counts);
	free(s->stripe);
	free(s);
}
DEFINE_FREEP(struct sampler, sampler_free)

static struct collector_options programs_options(const struct sampler_options *o)
{
	struct collector_options c = {
		.backend = o->backend,
		.max_series = o->max_series,
		.roles = { true, true },
		.n_thresholds = o->n_thresholds,
		.idle_end_ns = o->idle_end_ns,
	};

	memcpy(c.thresholds, o->thresholds, sizeof(c.thresholds));
	return c;
}

static int map_id(int fd, uint32_t *ret)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	*ret = info.id;
	return 0;
}

/* What is judged from the lowest bit on, without a gap. */
static int note_maps(struct sampler *s, bool adopted)
{
	unsigned int n = 0;

	while (n < THRESHOLDS && s->kernel.control->active & 1u << n)
		n++;
	s->maps.n_thresholds = n;
	memcpy(s->maps.thresholds, (const void *)s->kernel.control->thresholds,
	       sizeof(s->maps.thresholds));
	s->maps.adopted = adopted;
	return map_id(s->kernel.series, &s->maps.id);
}

/* Maps are pinned; whoever records is told before anything counts in them. */
static int open_maps(struct sampler *s, const struct programs *p, bool adopted)
{
	int r = kernel_open(s->pins, p, &s->kernel);

	if (!r)
		r = note_maps(s, adopted);
	if (!r && s->options.mapped)
		r = s->options.mapped(s->options.context, &s->maps);
	return r;
}

/* The pinned links and programs are not the same any more. */
static int open_again(struct sampler *s, const struct programs *p)
{
	kernel_close(&s->kernel);
	return kernel_open(s->pins, p, &s->kernel);
}

static int begin(struct sampler *s, struct programs *p)
{
	int r = sampler_make_maps(s->pins, p, s->backend);

	if (!r)
		r = open_maps(s, p, false);
	if (!r)
		r = sampler_raise(s->pins, p);
	if (r) {
		pins_remove_all(s->pins);
		return r;
	}
	return open_again(s, p);
}

/* Other programs for the maps that are there. The old ones count until the new ones do. */
static int replace(struct sampler *s, struct programs *p)
{
	int r = open_maps(s, p, true);

	if (r)
		return r;
	programs_config(p)->generation = s->kernel.control->generation + 1;
	r = sampler_load_on(s->pins, p);
	if (!r)
		r = sampler_raise(s->pins, p);
	return r ? r : open_again(s, p);
}

/* Only to be ended. What belongs to another build or other settings is read, and goes. */
static int take_over(struct sampler *s, struct programs *p, enum found found, char *why,
		     size_t why_size)
{
	int r = 0;

	if (found == FOUND_ALL || found == FOUND_MAPS)
		return open_maps(s, p, true);
	if (found == FOUND_STRANGERS)
		r = sampler_strangers(s, p, why, why_size);
	return r ? r : -ENOENT;
}

static int open_kernel(struct sampler *s, struct programs *p, char *why, size_t why_size)
{
	enum found found = kernel_judge(s->pins, p, s->backend);
	int r = 0;

	if (s->options.adopt_only)
		return take_over(s, p, found, why, why_size);
	switch (found) {
	case FOUND_ALL:
		return open_maps(s, p, true);
	case FOUND_MAPS:
		return replace(s, p);
	case FOUND_STRANGERS:
	case FOUND_NOTHING:
		/* Loaded before the old hooks go, so that the gap is short. */
		r = programs_load(p);
		if (!r && found == FOUND_STRANGERS)
			r = sampler_strangers(s, p, why, why_size);
		if (!r)
			r = pins_remove(s->pins, "links");
		return r ? r : begin(s, p);
	}
	return -EINVAL;
}

static int announced(void *context, void *data, size_t size)
{
	return size == sizeof(struct endpoint_key) ? numbers_track(context, data) : 0;
}

static int start(struct sampler *s)
{
	int r;

	s->numbers = calloc(s->kernel.n_series, sizeof(*s->numbers));
	s->counts = malloc(sizeof(*s->counts));
	s->stripe = malloc(sizeof(*s->stripe));
	if (!s->numbers || !s->counts || !s->stripe)
		return -ENOMEM;
	r = resolver_new(NULL, s->kernel.n_series, &s->resolver);
	if (r)
		return r;
	s->announcements = ring_buffer__new(s->kernel.announcements, announced, s, NULL);
	if (!s->announcements)
		return -errno;
	for (unsigned int i = 0; i < SERIES_FIRST; i++)
		s->numbers[i].moved = true;
	s->unannounced = s->kernel.losses->unannounced;
	s->adopting = s->maps.adopted;
	r = numbers_find(s);
	s->adopting = false;
	return r ? r : names_update(s);
}

int sampler_open(const struct sampler_options *o, struct sampler **ret, char *why, size_t why_size)
{
	const struct collector_options c = programs_options(o);
	_cleanup_(sampler_freep) struct sampler *s = calloc(1, sizeof(*s));
	_cleanup_(programs_freep) struct programs *p = NULL;
	int r;

	*why = '\0';
	if (!s)
		return -ENOMEM;
	s->options = *o;
	r = features_choose(o->backend, &s->backend, why, why_size);
	if (!r)
		r = pins_open(o->pin_dir, true, &s->pins, why, why_size);
	if (r)
		return r;
	r = programs_prepare(&c, s->backend, &p);
	if (!r)
		r = open_kernel(s, p, why, why_size);
	if (!r)
		r = start(s);
	if (r) {
		if (!*why && !features_missing(s->backend, why, why_size))
			snprintf(why, why_size,
				 "attaching the %s backend with pins in %s failed: %s; `troth "
				 "doctor` says what this kernel allows",
				 backend_names[s->backend], o->pin_dir, strerror(-r));
		return r;
	}
	programs_free(TAKE(p));
	malloc_trim(0);
	*ret = TAKE(s);
	return 0;
}

void sampler_close(struct sampler *s, bool linger)
{
	if (!s)
		return;
	if (!linger)
		pins_remove_all(s->pins);
	sampler_free(s);
}

const struct sampler_maps *sampler_maps(const struct sampler *s)
{
	return &s->maps;
}

const char *sampler_backend(const struct sampler *s)
{
	return backend_names[s->backend];
}

uint64_t sampler_memory(const struct sampler *s, unsigned int *ret_series)
{
	*ret_series = s->kernel.n_series - SERIES_FIRST;
	return (uint64_t)s->kernel.n_series * s->kernel.stripes * sizeof(struct series_counts);
}

static void waits(void *context, const struct in_flight *line)
{
	struct sampler *s = context;
	struct in_flight_row *f;

	if (line->series >= s->kernel.n_series)
		return;
	f = &s->numbers[line->series].in_flight;
	f->count++;
	if (line->age_ns > f->oldest_ns)
		f->oldest_ns = line->age_ns;
	for (unsigned int t = 0; t < s->maps.n_thresholds; t++)
		if (line->age_ns > s->maps.thresholds[t].max_ns)
			f->older[t]++;
}

static int sweep(struct sampler *s, bool final)
{
	struct kernel *k = &s->kernel;
	int r;

	for (unsigned int i = 0; i < k->n_series; i++)
		if (s->numbers[i].in_flight.count)
			s->numbers[i].in_flight = (struct in_flight_row){};
	k->control->sweep_final = final;
	k->control->sweep = k->control->sweep + 1 ? k->control->sweep + 1 : 1;
	r = programs_iterate(k->sweep_listeners, NULL, NULL);
	if (!r)
		r = programs_iterate(k->sweep, waits, s);
	if (!r)
		numbers_swept(s);
	return r;
}

/* New endpoints, while their process lives; and those whose announcement found no room. */
static int track_new(struct sampler *s)
{
	uint64_t unannounced = s->kernel.losses->unannounced;
	int r = ring_buffer__consume(s->announcements);

	if (r >= 0 && unannounced != s->unannounced)
		r = numbers_track_all(s);
	if (r < 0)
		return r;
	s->unannounced = unannounced;
	return names_update(s);
}

int sampler_tick(struct sampler *s)
{
	int r = track_new(s), groups = resolver_tick(s->resolver);

	r = r ? r : groups;
	return r ? r : sweep(s, s->stopped);
}

int sampler_finish(struct sampler *s)
{
	int r;

	s->kernel.control->stopped_ns = moment_mono_ns();
	s->stopped = true;
	kernel_wait();
	r = sweep(s,
		  true); /* first: killed before it, the next start finds what it needs to do it */
	if (!r)
		r = pins_remove(s->pins, "links");
	return r ? r : track_new(s);
}

void sampler_losses(const struct sampler *s, struct sampler_losses *ret)
{
	memcpy(&ret->losses, (const void *)s->kernel.losses, sizeof(ret->losses));
	ret->missed = kernel_missed(&s->kernel);
	ret->series_used = s->used;
	ret->series_max = s->kernel.n_series - SERIES_FIRST;
	ret->groups_left_out = resolver_groups_left_out(s->resolver);
}

int sampler_detach(const char *pin_dir, char *why, size_t why_size)
{
	_cleanup_(pins_closep) struct pins *pins = NULL;
	int r = pins_open(pin_dir, false, &pins, why, why_size);

	if (r)
		return r;
	r = pins_remove_all(pins);
	if (r)
		snprintf(why, why_size, "cannot remove what is pinned in %s: %s", pin_dir,
			 strerror(-r));
	return r;
}
