/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampler_own.h - what the files of the sampler share: what of the kernel is open, and what is known of
 * each number. For user/collect/sampler*.c alone.
 */
#ifndef TROTH_COLLECT_SAMPLER_OWN_H
#define TROTH_COLLECT_SAMPLER_OWN_H

#include "pins.h"
#include "programs.h"
#include "sampler.h"

struct resolver;
struct ring_buffer;

/* The pinned set, opened: the same whether this process has pinned it or found it. */
struct kernel {
	int series, endpoints, announcements, listeners, queues[ROLES];
	int sweep, sweep_listeners;	  /* links */
	int programs[PROGRAMS_LINKS_MAX]; /* of the hooks that are attached, for what they missed */
	const char *links[PROGRAMS_LINKS_MAX];
	size_t n_links;
	unsigned int n_series, stripes;
	volatile struct series_state *states;
	volatile struct losses *losses;
	volatile struct control *control;
	void *mapped[3]; /* what the three are in */
	size_t mapped_size[3];
};

/* What was found in the pin directory. */
enum found {
	FOUND_NOTHING,
	FOUND_ALL,	/* of this build and these settings, and whole */
	FOUND_MAPS,	/* maps fit; programs are others, or not all there */
	FOUND_STRANGERS /* maps of another layout or size, or whose measurement was over */
};

enum number_state {
	NUMBER_FREE,
	NUMBER_LIVING,	/* in the table of endpoints */
	NUMBER_LEAVING, /* no more in it; connections may still count there */
};

/* One series. */
struct number {
	enum number_state state;
	bool moved; /* counts moved before the last reading: what was under way then is read next */
	bool waited;	    /* exchanges were in flight at the last reading */
	bool settled;	    /* named by a living process, or by the record */
	unsigned int quiet; /* sweeps in a row that found nothing of it */
	struct endpoint_key key;
	struct endpoint endpoint;
	char *base;	    /* its name, were it the only one of that name */
	struct identity id; /* id.name: as it is shown; NULL: not named yet */
	struct in_flight_row in_flight;
};

struct sampler {
	struct sampler_options options;
	enum backend backend;
	struct pins *pins;
	struct kernel kernel;
	struct sampler_maps maps;
	struct resolver *resolver;
	struct ring_buffer *announcements;
	struct number *numbers;	      /* kernel.n_series */
	struct series_counts *counts; /* room for reading: the sum ... */
	struct series_counts *stripe; /* ... and one stripe */
	unsigned int used;	      /* numbers that are not free */
	uint64_t unannounced; /* losses.unannounced when the table was last read as a whole */
	bool names_changed;
	bool adopting; /* endpoints that are found now may be known to the record */
	bool stopped;  /* hooks are gone */
};

/* sampler_kernel.c */
enum found kernel_judge(const struct pins *pins, const struct programs *p, enum backend backend);
int kernel_open(const struct pins *pins, const struct programs *p, struct kernel *ret);
void kernel_close(struct kernel *k); /* of zeros is fine */
uint64_t kernel_missed(const struct kernel *k);
int kernel_read(const struct kernel *k, unsigned int number, struct series_counts *room,
		struct series_counts *ret);
void kernel_wait(void); /* until no program that runs now is still under way */

/* sampler_attach.c: programs is prepared, loaded where that is asked for. Each 0 or -errno. */
int sampler_load_on(const struct pins *pins, struct programs *p); /* on the pinned maps */
int sampler_make_maps(const struct pins *pins, struct programs *p, enum backend backend);
int sampler_raise(const struct pins *pins, struct programs *p);

/* sampler_strangers.c */
int sampler_strangers(struct sampler *s, const struct programs *p, char *why, size_t why_size);

/* sampler_numbers.c */
int numbers_track(struct sampler *s, const struct endpoint_key *key);
int numbers_track_all(struct sampler *s);
int numbers_find(struct sampler *s); /* at adoption: whose each is, and which are free */
void numbers_swept(struct sampler *s);
void numbers_free(struct sampler *s);

/* sampler_names.c */
int names_resolve(struct sampler *s, struct number *n);
int names_update(struct sampler *s); /* looks again for those not settled; makes all unique */

/* sampler_read.c */
const char *sampler_protocol(unsigned int protocol);
void sampler_describe(struct sampler *s, unsigned int number, struct sampler_series *ret);

#endif
