// SPDX-License-Identifier: Apache-2.0
/*
 * board.c - which counts feed which objectives, and SLOs that are made of several. Documents of one
 * name are revisions of one SLO: one track, whose target changes at each one's moment.
 */
#include "board.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "composite.h"
#include "periods.h"

DEFINE_FREEP(struct board, board_free)

/* One objective. */
struct row {
	struct board *board;
	struct track *track;
	size_t stretches;      /* which of the board's */
	size_t index;	       /* of its objective */
	const struct slo *slo; /* whose windows and alerts count: the last revision */
	const char *name;      /* of counts.csv */
	bool fed;	       /* its own name was looked up */
	bool composite;	       /* no track: what its members come to together */
	size_t members;	       /* that stand before it */
	struct burn *burns;
};

struct feed {
	const char *name;
	size_t first, n; /* rows */
	bool whole;	 /* of the SLO's own name: feeds rows that have no feed of their own */
};

struct board {
	struct board_options options;
	struct row *rows;
	size_t n_rows;
	struct feed *feeds;
	size_t n_feeds, room;
	struct stretch **stretches; /* one array an SLO */
	size_t n_stretches;
	uint64_t cells; /* of all tracks */
};

void board_free(struct board *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n_rows; i++) {
		track_free(b->rows[i].track);
		free(b->rows[i].burns);
	}
	for (size_t i = 0; i < b->n_stretches; i++)
		free(b->stretches[i]);
	free(b->stretches);
	free(b->rows);
	free(b->feeds);
	free(b);
}

/* --- making ------------------------------------------------------------------------------------- */

/* Same name, other moment: the documents from first on that are revisions of one SLO. */
static size_t revisions_from(const struct slo_set *set, size_t first)
{
	size_t n = 1;

	while (first + n < set->n_slos && !strcmp(set->slos[first].name, set->slos[first + n].name))
		n++;
	return n;
}

/* The document in force at the end is whose windows count; none in force yet: the first. */
static const struct slo *in_force(const struct slo_set *set, size_t first, size_t n, int64_t at)
{
	while (n > 1 && set->slos[first + n - 1].since > at)
		n--;
	return &set->slos[first + n - 1];
}

static int find_stretches(const struct slo_set *set, const struct slo *slo, int64_t from,
			  int64_t to, struct stretch **ret, size_t *ret_n)
{
	int64_t span_s = span_seconds(slo->window.span);

	/* Slices of a calendar period that are excluded are known beforehand. */
	if (!slo->window.rolling)
		to = period_at(&slo->window, to).end;
	return excluded_find(set, slo, from - 2 * span_s, to, ret, ret_n);
}

static void row_hour_ended(void *context, const struct hour_sums *h)
{
	const struct row *row = context;
	const struct board *b = row->board;

	b->options.hour_ended(b->options.context, (size_t)(row - b->rows), h);
}

/* The objective of the same name in another revision; by its place where there is none. */
static const struct objective *counterpart(const struct slo *slo, const struct objective *o,
					   size_t index)
{
	const struct objective *there = index < slo->n_objectives ? &slo->objectives[index] : NULL;

	if (there && !strcmp(there->display_name, o->display_name))
		return there;
	for (size_t i = 0; i < slo->n_objectives; i++)
		if (!strcmp(slo->objectives[i].display_name, o->display_name))
			return &slo->objectives[i];
	return there;
}

/* Targets of the documents first to last, as this objective has them. */
static void revise(const struct slo *first, const struct slo *last, size_t index,
		   struct target_revision *revisions, size_t *ret_n)
{
	const struct objective *o = &last->objectives[index];

	*ret_n = 0;
	if (last - first >= REVISIONS_MAX)
		first = last - REVISIONS_MAX + 1; /* lint says so */
	for (const struct slo *slo = first; slo <= last; slo++) {
		const struct objective *then = counterpart(slo, o, index);

		if (then)
			revisions[(*ret_n)++] = (struct target_revision){ slo->since, then->target,
									  then->slice_target };
	}
}

static int explain(char *why, size_t size, const struct slo *slo, const struct objective *o, int r)
{
	if (r == -EINVAL)
		snprintf(
			why, size,
			"%s:%u:%u: timeSliceWindow of '%s' is %u s, no whole number of steps: choose a "
			"--step that divides it",
			o->place.file, o->place.line, o->place.column, o->counts_name, o->slice_s);
	else if (r == -E2BIG)
		snprintf(
			why, size,
			"%s:%u:%u: a window of '%s' has more than %u steps: shorten it, or choose a longer --step where there is one",
			slo->place.file, slo->place.line, slo->place.column, slo->name,
			TRACK_CELLS_MAX);
	return r;
}

static int add_objective(struct board *b, const struct slo *first, const struct slo *slo,
			 size_t index, struct track_options *options, char *why, size_t size)
{
	const struct objective *o = &slo->objectives[index];
	struct row *row = &b->rows[b->n_rows++];
	struct target_revision revisions[REVISIONS_MAX];
	int r;

	*row = (struct row){ .board = b,
			     .stretches = b->n_stretches - 1,
			     .index = index,
			     .slo = slo,
			     .name = o->counts_name };
	options->hour_context = row;
	revise(first, slo, index, revisions, &options->n_revisions);
	options->revisions = revisions;
	r = track_new(slo, o, options, &row->track);
	if (r)
		return explain(why, size, slo, o, r);
	b->cells += track_cells(row->track);
	if (b->cells <= BOARD_CELLS_MAX)
		return 0;
	snprintf(
		why, size,
		"%s:%u:%u: the windows up to this one have more than %u steps in all: choose a longer "
		"--step, or replay fewer files at a time",
		slo->place.file, slo->place.line, slo->place.column, BOARD_CELLS_MAX);
	return -E2BIG;
}

static int add_slo(struct board *b, const struct slo_set *set, size_t first, size_t n, char *why,
		   size_t size)
{
	const struct slo *slo = in_force(set, first, n, b->options.to);
	struct track_options o = { .step_s = b->options.step_s,
				   .fine_s = b->options.fine_s,
				   .changed = b->options.changed,
				   .hour_ended = b->options.hour_ended ? row_hour_ended : NULL,
				   .context = b->options.context };
	int64_t to = b->options.excluded_to > b->options.to ? b->options.excluded_to :
							      b->options.to;
	int r = find_stretches(set, slo, b->options.from, to, &b->stretches[b->n_stretches],
			       &o.n_excluded);

	o.excluded = b->stretches[b->n_stretches];
	b->n_stretches++;
	if (r == -E2BIG)
		snprintf(why, size, "%s:%u:%u: more than %u exclusions of '%s'", slo->place.file,
			 slo->place.line, slo->place.column, EXCLUDED_MAX, slo->name);
	for (size_t i = 0; !r && i < slo->n_objectives; i++)
		r = add_objective(b, &set->slos[first], slo, i, &o, why, size);
	if (r || !slo->composite)
		return r;
	b->rows[b->n_rows] =
		(struct row){ .slo = slo, .composite = true, .members = slo->n_objectives };
	b->rows[b->n_rows].burns = calloc(BURNS_MAX + 1, sizeof(struct burn));
	return b->rows[b->n_rows++].burns ? 0 : -ENOMEM;
}

int board_new(const struct slo_set *set, const struct board_options *options, struct board **ret,
	      char *why, size_t why_size)
{
	_cleanup_(board_freep) struct board *b = calloc(1, sizeof(*b));
	size_t rows = 1, n;
	int r;

	if (!b)
		return -ENOMEM;
	b->options = *options;
	for (size_t i = 0; i < set->n_slos; i++)
		rows += set->slos[i].n_objectives + 1;
	b->rows = calloc(rows, sizeof(*b->rows));
	b->stretches = calloc(set->n_slos + 1, sizeof(*b->stretches));
	if (!b->rows || !b->stretches)
		return -ENOMEM;
	for (size_t i = 0; i < set->n_slos; i += n) {
		n = revisions_from(set, i);
		r = add_slo(b, set, i, n, why, why_size);
		if (r)
			return r;
	}
	*ret = TAKE(b);
	return 0;
}

/* --- feeding ------------------------------------------------------------------------------------ */

static bool feed_of(const struct board *b, const char *name, struct feed *ret)
{
	for (size_t i = 0; i < b->n_rows; i++) {
		const struct row *row = &b->rows[i];

		if (row->composite)
			continue;
		/* Of several objectives the one without a name of its own shares the SLO's. */
		if (!strcmp(row->name, name) &&
		    (row->slo->n_objectives == 1 || strcmp(row->slo->name, name))) {
			*ret = (struct feed){ .name = row->name, .first = i, .n = 1 };
			return true;
		}
		if (!strcmp(row->slo->name, name)) {
			*ret = (struct feed){ .name = row->slo->name,
					      .first = i,
					      .n = row->slo->n_objectives,
					      .whole = true };
			return true;
		}
	}
	return false;
}

int board_feed(struct board *b, const char *name)
{
	struct feed feed;

	for (size_t i = 0; i < b->n_feeds; i++)
		if (!strcmp(b->feeds[i].name, name))
			return (int)i;
	if (!feed_of(b, name, &feed))
		return -ENOENT;
	if (b->n_feeds == b->room) {
		size_t room = b->room ? 2 * b->room : 16;
		struct feed *more = reallocarray(b->feeds, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		b->feeds = more;
		b->room = room;
	}
	if (!feed.whole)
		b->rows[feed.first].fed = true;
	b->feeds[b->n_feeds] = feed;
	return (int)b->n_feeds++;
}

int board_push(struct board *b, int feed, int64_t time, const struct step_counts *c)
{
	const struct feed *f = &b->feeds[feed];
	int r = 0;

	for (size_t i = f->first; !r && i < f->first + f->n; i++) {
		struct row *row = &b->rows[i];

		if (f->whole && row->fed)
			continue;
		r = track_push(row->track, time, c);
	}
	return r;
}

int board_finish(struct board *b, int64_t at)
{
	int r = 0;

	for (size_t i = 0; !r && i < b->n_rows; i++)
		if (!b->rows[i].composite)
			r = track_advance(b->rows[i].track, at);
	return r;
}

/* --- results ------------------------------------------------------------------------------------ */

size_t board_n_results(const struct board *b)
{
	return b->n_rows;
}

const struct slo *board_slo(const struct board *b, size_t i)
{
	return b->rows[i].slo;
}

const struct objective *board_objective(const struct board *b, size_t i)
{
	const struct row *row = &b->rows[i];

	return row->composite ? NULL : &row->slo->objectives[row->index];
}

struct track *board_track(const struct board *b, size_t i)
{
	return b->rows[i].track;
}

size_t board_members(const struct board *b, size_t i)
{
	return b->rows[i].members;
}

void board_look_ahead(struct board *b, const struct slo_set *set, int64_t now, int64_t to)
{
	for (size_t s = 0; s < b->n_stretches; s++) {
		struct stretch *found = NULL;
		const struct slo *slo = NULL;
		size_t n = 0;

		for (size_t i = 0; i < b->n_rows && !slo; i++)
			if (b->rows[i].track && b->rows[i].stretches == s)
				slo = b->rows[i].slo;
		if (!slo || find_stretches(set, slo, now, to, &found, &n))
			continue;
		for (size_t i = 0; i < b->n_rows; i++)
			if (b->rows[i].track && b->rows[i].stretches == s)
				track_exclude(b->rows[i].track, found, n);
		free(b->stretches[s]);
		b->stretches[s] = found;
	}
}

void board_result(const struct board *b, size_t i, struct slo_result *ret)
{
	const struct row *row = &b->rows[i];
	struct composite c = { .burns = row->burns };
	struct slo_result member;

	if (!row->composite) {
		track_result(row->track, ret);
		return;
	}
	for (size_t j = 0; j < row->members; j++) {
		track_result(b->rows[i - row->members + j].track, &member);
		composite_add(&c, &member, row->slo->objectives[j].weight);
	}
	composite_result(&c, ret);
}
