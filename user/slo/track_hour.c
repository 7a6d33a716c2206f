// SPDX-License-Identifier: Apache-2.0
/* track_hour.c - hours for whoever records them, and what was recorded brought back. */
#include <errno.h>

#include "track.h"

/* --- telling ------------------------------------------------------------------------------------ */

static uint64_t cells_of(const struct hour_sums *h)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < CELL_STATES; i++)
		n += h->cells[i];
	return n;
}

void track_hour_tell(struct track *t)
{
	struct hour_sums *h = &t->hour;
	uint64_t known = 0;

	for (unsigned int i = 0; i < CELL_STATES; i++)
		known += i == CELL_UNMEASURED ? 0 : h->ns[i];
	if ((known || h->total) && t->options.hour_ended)
		t->options.hour_ended(t->options.hour_context, h);
	*h = (struct hour_sums){};
}

void track_hour_cell(struct track *t, const struct cell *c)
{
	struct hour_sums *h = &t->hour;
	int64_t start = t->clock - t->rules.cell_s;
	struct sums one = {};

	if (!cells_of(h))
		h->time = start;
	sums_add(&one, &t->rules, c);
	h->good += one.good;
	h->total += one.total;
	for (unsigned int i = 0; i < CELL_STATES; i++) {
		h->cells[i] += one.cells[i];
		h->ns[i] += one.ns[i];
	}
	h->ratio += one.ratio;
	h->revision = c->revision;
	/* A cell that reaches into a period stands alone: what of it is inside is told by its length. */
	if (t->clock % track_bucket_s(t) == 0 ||
	    (!t->slo->window.rolling && start < t->period.start))
		track_hour_tell(t);
}

/* --- bringing back ------------------------------------------------------------------------------ */

static bool is_hour(const struct track *t, const struct hour_sums *h, uint64_t cells)
{
	int64_t cell_s = t->rules.cell_s, bucket_s = track_bucket_s(t);
	int64_t end = h->time + (int64_t)cells * cell_s;
	uint64_t ns = 0;

	if (!cells || cells > t->bucket_cells || h->time % cell_s || h->good > h->total ||
	    track_round_down(h->time, bucket_s) != track_round_down(end - 1, bucket_s))
		return false;
	for (unsigned int i = 0; i < CELL_STATES; i++)
		if (h->ns[i] > cells * cell_s * NS_PER_S)
			return false;
		else
			ns += h->ns[i];
	return ns == cells * cell_s * NS_PER_S && h->total <= INT64_MAX - t->counted;
}

static void sums_of(struct sums *ret, const struct hour_sums *h)
{
	*ret = (struct sums){ .good = h->good, .total = h->total, .ratio = h->ratio };
	for (unsigned int i = 0; i < CELL_STATES; i++) {
		ret->cells[i] = h->cells[i];
		ret->ns[i] = h->ns[i];
	}
}

static void push_cell(struct track *t, const struct hour_sums *h)
{
	struct cell c = { .good = h->good,
			  .total = h->total,
			  .measured_ns = h->ns[CELL_GOOD] + h->ns[CELL_BAD] + h->ns[CELL_IDLE],
			  .excluded_s = (uint32_t)(h->ns[CELL_EXCLUDED] / NS_PER_S),
			  .revision = t->revision };

	for (unsigned int i = 0; i < CELL_STATES; i++)
		if (h->cells[i])
			c.state = i & 127;
	track_cell_end(t, &c);
}

static void push_bucket(struct track *t, const struct hour_sums *h, uint32_t cells)
{
	struct bucket b = { .good = h->good,
			    .total = h->total,
			    .ratio_low = (uint64_t)h->ratio,
			    .ratio_high = (uint8_t)(h->ratio >> 64),
			    .revision = (uint8_t)t->revision };

	for (unsigned int i = 0; i < CELL_STATES - 1; i++) {
		b.ns[i] = h->ns[i + 1];
		b.cells[i] = (uint16_t)h->cells[i + 1];
	}
	track_bucket_push(t, &b, cells);
}

/* Of a calendar period: the sums, and of what reaches into it the time that is inside. */
static void push_period(struct track *t, const struct hour_sums *h, uint32_t length_s)
{
	struct sums one;
	int64_t outside;
	uint64_t rest;

	if (t->clock > t->period.end)
		track_period_begin(t);
	sums_of(&one, h);
	sums_join(&t->window.sums, &one);
	if (t->n_revisions > 1)
		sums_join(&t->revisions[t->revision].sums, &one);
	outside = length_s - (t->clock - t->period.start);
	if (outside <= 0)
		return;
	rest = (uint64_t)outside * NS_PER_S;
	for (unsigned int i = CELL_UNMEASURED + 1; i < CELL_STATES; i++) {
		uint64_t part =
			(uint64_t)((unsigned __int128)h->ns[i] * (uint64_t)outside / length_s);

		t->window.sums.ns[i] -= part;
		rest -= part;
	}
	t->window.sums.ns[CELL_UNMEASURED] -= rest;
}

int track_restore_hour(struct track *t, const struct hour_sums *h)
{
	uint64_t cells = cells_of(h);
	struct sums one;
	int r;

	if (!is_hour(t, h, cells) || (t->begun && h->time < t->clock))
		return -EINVAL;
	t->restoring = true;
	r = t->begun && t->clock == h->time ? 0 : track_advance(t, h->time);
	if (r)
		return r;
	if (t->open.measured_ns || t->clock != h->time)
		return -EINVAL; /* within a slice */
	t->counted += h->total;
	t->hour = (struct hour_sums){};
	track_revise_until(t, t->clock + t->rules.cell_s); /* parts begin where it changed */
	t->clock += (int64_t)cells * t->rules.cell_s;
	if (t->bucket_cells == 1) {
		push_cell(t, h);
		return 0;
	}
	t->ring_stale = true;
	if (t->ring_buckets)
		push_bucket(t, h, (uint32_t)cells);
	if (!t->slo->window.rolling)
		push_period(t, h, (uint32_t)cells * t->rules.cell_s);
	sums_of(&one, h);
	past_push_cells(&t->past, (uint32_t)cells, sums_spent(&one, t->rules.method),
			sums_basis(&one, t->rules.method));
	track_note_exhaustion(t);
	return 0;
}

int track_restore_step(struct track *t, int64_t time, const struct step_counts *c)
{
	t->restoring = true;
	return track_push(t, time, c);
}

void track_restore_alert(struct track *t, uint32_t long_s, uint32_t short_s, int64_t since)
{
	for (unsigned int i = 0; i < t->n_alerts; i++)
		if (t->alerts[i].long_s == long_s && t->alerts[i].short_s == short_s)
			t->alert_rules[i].restored = since;
}

/* Two alerts over the same windows: the record cannot tell them apart. */
static bool has_twin(const struct track *t, unsigned int alert)
{
	const struct alert_state *a = &t->alerts[alert];

	for (unsigned int i = 0; i < t->n_alerts; i++)
		if (i != alert && t->alerts[i].long_s == a->long_s &&
		    t->alerts[i].short_s == a->short_s)
			return true;
	return false;
}

void track_restored(struct track *t)
{
	if (t->ring_stale)
		track_ring_begin(t);
	for (unsigned int i = 0; i < t->n_alerts; i++) {
		struct alert_state *a = &t->alerts[i];
		struct alert_rule *r = &t->alert_rules[i];

		if (has_twin(t, i))
			continue; /* it is as the steps that came back say */
		a->firing = r->restored;
		a->since = r->restored;
		if (a->firing && (!r->pending || r->pending > r->restored))
			r->pending = r->restored;
		r->restored = 0;
	}
	t->restoring = false;
}

/* How far back forecasts look. */
static int64_t past_from(const struct track *t, int64_t end, bool is_long)
{
	uint32_t cells = track_window_cells(t);
	struct past past;

	past_init(&past, cells);
	if (t->options.fine_s)
		past_align(&past, cells, is_long ? t->bucket_cells : 1, 0);
	return end - (past.chunks + 1ll) * past.chunk_cells * t->rules.cell_s - track_bucket_s(t);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void track_restore_from(const struct track *t, int64_t end, int64_t *ret_hours, int64_t *ret_steps)
{
	int64_t cell_s = t->rules.cell_s, bucket_s = track_bucket_s(t);
	bool is_long = track_window_cells(t) * cell_s > t->options.fine_s;
	int64_t past = past_from(t, end, is_long);
	int64_t steps = end - (int64_t)t->ring_cells * cell_s - bucket_s;
	int64_t hours = earlier(past, end - (int64_t)(track_reach_cells(t) + 1) * cell_s);
	uint32_t after_s = 0;

	for (unsigned int i = 0; i < t->n_alerts; i++)
		if (t->alert_rules[i].after_s > after_s)
			after_s = t->alert_rules[i].after_s;
	steps = is_long ? steps - after_s : earlier(steps - after_s, past);
	if (!t->slo->window.rolling)
		hours = earlier(hours, period_at(&t->slo->window, end).start);
	else if (!t->ring_buckets && t->bucket_cells > 1)
		hours = steps; /* cells alone */
	if (t->bucket_cells == 1)
		steps = end; /* an hour is a cell */
	*ret_steps = track_round_down(steps, bucket_s);
	*ret_hours = track_round_down(earlier(hours, steps), bucket_s);
}
