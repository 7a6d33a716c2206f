// SPDX-License-Identifier: Apache-2.0
/*
 * track_bucket.c - windows too long for a ring of cells: they forget by whole buckets. A bucket is the sums
 * of its cells, so what leaves is subtracted exactly.
 */
#include <string.h>

#include "track.h"

typedef unsigned __int128 u128;

static u128 ratio_of(const struct bucket *b)
{
	return (u128)b->ratio_high << 64 | b->ratio_low;
}

static void ratio_add(struct bucket *b, u128 ratio)
{
	ratio += ratio_of(b);
	b->ratio_low = (uint64_t)ratio;
	b->ratio_high = (uint8_t)(ratio >> 64);
}

static void bucket_add(struct bucket *b, const struct bucket *more)
{
	b->good += more->good;
	b->total += more->total;
	for (unsigned int i = 0; i < CELL_STATES - 1; i++) {
		b->ns[i] += more->ns[i];
		b->cells[i] = (uint16_t)(b->cells[i] + more->cells[i]);
	}
	ratio_add(b, ratio_of(more));
	b->revision = more->revision;
}

static void add(uint64_t *sum, uint64_t n, int sign)
{
	*sum += sign > 0 ? n : -n;
}

void bucket_sums(struct sums *s, const struct track *t, const struct bucket *b, uint32_t cells,
		 int sign)
{
	uint64_t rest = cells, rest_ns = (uint64_t)cells * t->rules.cell_s * NS_PER_S;

	add(&s->good, b->good, sign);
	add(&s->total, b->total, sign);
	for (unsigned int i = 0; i < CELL_STATES - 1; i++) {
		add(&s->cells[i + 1], b->cells[i], sign);
		add(&s->ns[i + 1], b->ns[i], sign);
		rest -= b->cells[i];
		rest_ns -= b->ns[i];
	}
	add(&s->cells[CELL_UNMEASURED], rest, sign);
	add(&s->ns[CELL_UNMEASURED], rest_ns, sign);
	s->ratio += sign > 0 ? ratio_of(b) : -ratio_of(b);
}

/* What is in it is taken to lie evenly. */
void bucket_time(struct sums *s, const struct track *t, const struct bucket *b, uint32_t seconds,
		 int sign)
{
	uint64_t rest = seconds * NS_PER_S;

	for (unsigned int i = 0; i < CELL_STATES - 1; i++) {
		uint64_t part = (uint64_t)((u128)b->ns[i] * seconds / track_bucket_s(t));

		add(&s->ns[i + 1], part, sign);
		rest -= part;
	}
	add(&s->ns[CELL_UNMEASURED], rest, sign);
}

void bucket_of_cell(struct bucket *ret, const struct track *t, const struct cell *c)
{
	struct sums one = {};

	sums_add(&one, &t->rules, c);
	*ret = (struct bucket){ .good = c->good,
				.total = c->total,
				.revision = (uint8_t)c->revision };
	for (unsigned int i = 0; i < CELL_STATES - 1; i++) {
		ret->ns[i] = one.ns[i + 1];
		ret->cells[i] = (uint16_t)one.cells[i + 1];
	}
	ratio_add(ret, one.ratio);
}

/* --- windows ------------------------------------------------------------------------------------ */

int64_t trailing_over(const struct track *t, const struct trailing *w, uint32_t seconds_more)
{
	int64_t cells = w->coarse ? (int64_t)w->buckets * t->bucket_cells + t->part_cells :
				    w->cells;

	return cells * t->rules.cell_s + seconds_more - w->window_s;
}

struct bucket *trailing_oldest(const struct track *t, const struct trailing *w)
{
	return &t->buckets[(t->bucket_head + t->ring_buckets - w->buckets) % t->ring_buckets];
}

/* From the one in force at its end back to those that had gone before in it. */
void bucket_leave_revisions(const struct track *t, const struct bucket *b, int64_t start,
			    struct sums *const *revisions)
{
	unsigned int i = b->revision;
	uint32_t cells = t->bucket_cells;

	for (; i && t->revisions[i].bucket_start == start; i--) {
		const struct revision *r = &t->revisions[i];

		bucket_sums(revisions[i], t, b, cells, -1);
		b = &r->before;
		cells = r->before_cells;
		bucket_sums(revisions[i], t, b, cells, 1);
	}
	bucket_sums(revisions[i], t, b, cells, -1);
}

static void window_forget(struct track *t, const struct bucket *b)
{
	struct sums *revisions[REVISIONS_MAX];
	int64_t part_start = t->clock - (int64_t)t->part_cells * t->rules.cell_s;

	if (t->n_revisions == 1)
		return;
	for (unsigned int i = 0; i < t->n_revisions; i++)
		revisions[i] = &t->revisions[i].sums;
	bucket_leave_revisions(t, b, part_start - (int64_t)t->window.buckets * track_bucket_s(t),
			       revisions);
}

/* The clock and part_cells are past the cells that came. */
static void coarse_push(struct track *t, struct trailing *w, const struct bucket *b, uint32_t cells)
{
	const struct bucket *oldest;

	if (!w->coarse)
		return;
	bucket_sums(&w->sums, t, b, cells, 1);
	if (trailing_over(t, w, 0) < track_bucket_s(t))
		return;
	oldest = trailing_oldest(t, w);
	bucket_sums(&w->sums, t, oldest, t->bucket_cells, -1);
	if (w == &t->window)
		window_forget(t, oldest);
	w->buckets--;
}

void track_bucket_push(struct track *t, const struct bucket *b, uint32_t cells)
{
	bucket_add(&t->part, b);
	t->part_cells += cells;
	for (size_t i = 0; i < t->n_burns; i++)
		coarse_push(t, &t->burns[i], b, cells);
	if (t->window.coarse && t->n_revisions > 1)
		bucket_sums(&t->revisions[b->revision].sums, t, b, cells, 1);
	coarse_push(t, &t->window, b, cells);
	if (t->part_cells < t->bucket_cells)
		return;
	t->buckets[t->bucket_head] = t->part;
	t->bucket_head = (t->bucket_head + 1) % t->ring_buckets;
	t->part = (struct bucket){};
	t->part_cells = 0;
	for (size_t i = 0; i < t->n_burns; i++)
		t->burns[i].buckets += t->burns[i].coarse;
	t->window.buckets += t->window.coarse;
}

/* --- nothing known ------------------------------------------------------------------------------ */

static void coarse_begin(const struct track *t, struct trailing *w)
{
	uint64_t cells;

	if (!w->coarse)
		return;
	w->sums = (struct sums){};
	w->buckets = (w->window_s + track_bucket_s(t) - 1) / track_bucket_s(t);
	if (trailing_over(t, w, 0) >= track_bucket_s(t))
		w->buckets--;
	cells = (uint64_t)w->buckets * t->bucket_cells + t->part_cells;
	w->sums.cells[CELL_UNMEASURED] = cells;
	w->sums.ns[CELL_UNMEASURED] = cells * t->rules.cell_s * NS_PER_S;
}

void track_buckets_begin(struct track *t)
{
	if (!t->ring_buckets)
		return;
	memset(t->buckets, 0, t->ring_buckets * sizeof(*t->buckets));
	t->bucket_head = 0;
	t->part = (struct bucket){};
	t->part_cells = (uint32_t)((t->clock - track_round_down(t->clock, track_bucket_s(t))) /
				   t->rules.cell_s);
	for (size_t i = 0; i < t->n_burns; i++)
		coarse_begin(t, &t->burns[i]);
	coarse_begin(t, &t->window);
}

static void exclude_in(struct sums *s, uint64_t ns, unsigned int cells)
{
	s->ns[CELL_UNMEASURED] -= ns;
	s->ns[CELL_EXCLUDED] += ns;
	s->cells[CELL_UNMEASURED] -= cells;
	s->cells[CELL_EXCLUDED] += cells;
}

void track_bucket_exclude(struct track *t, int64_t k, int64_t seconds)
{
	int64_t ago = k < t->part_cells ? 0 : (k - t->part_cells) / t->bucket_cells + 1;
	uint64_t ns = (uint64_t)seconds * NS_PER_S;
	unsigned int whole = seconds == t->rules.cell_s;
	struct bucket *b = &t->part;

	if (ago > t->ring_buckets)
		return;
	if (ago)
		b = &t->buckets[(t->bucket_head + t->ring_buckets - ago) % t->ring_buckets];
	b->ns[CELL_EXCLUDED - 1] += ns;
	b->cells[CELL_EXCLUDED - 1] = (uint16_t)(b->cells[CELL_EXCLUDED - 1] + whole);
	for (size_t i = 0; i < t->n_burns; i++)
		if (t->burns[i].coarse && ago <= t->burns[i].buckets)
			exclude_in(&t->burns[i].sums, ns, whole);
	if (t->window.coarse && ago <= t->window.buckets)
		exclude_in(&t->window.sums, ns, whole);
}
