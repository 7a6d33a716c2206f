// SPDX-License-Identifier: Apache-2.0
/*
 * report_svg.c - charts as inline SVG: lines are told apart by their dashes and labels, not by colour.
 * Each has a title and a sentence that says what it shows.
 */
#include <math.h>
#include <string.h>

#include "../base/zone.h"
#include "human.h"
#include "report_html.h"
#include "slo_words.h"

#define WIDTH  720
#define HEIGHT 180
#define LEFT   64
#define RIGHT  84 /* room for the labels of lines */
#define TOP    12
#define BOTTOM 24
#define DAY_S  86400

/* The rectangle that a chart is drawn into, and what lies at its edges. */
struct frame {
	FILE *out;
	const struct report *r;
	double low, high; /* of y */
};

static double x_of(const struct frame *f, int64_t time)
{
	double share = (double)(time - f->r->from) / (double)(f->r->to - f->r->from);

	return LEFT + fmin(fmax(share, 0), 1) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct frame *f, double value)
{
	double share = (value - f->low) / (f->high - f->low);

	return TOP + (1 - fmin(fmax(share, 0), 1)) * (HEIGHT - TOP - BOTTOM);
}

static int64_t point_time(const struct report *r, size_t i)
{
	return r->points_from + (int64_t)i * r->point_s;
}

static void begin(FILE *out, const char *kind, size_t number, const char *title)
{
	fprintf(out,
		"<figure>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"%s-%zu-t "
		"%s-%zu-d\">\n<title id=\"%s-%zu-t\">",
		WIDTH, HEIGHT, kind, number, kind, number, kind, number);
	html_text(out, title);
	fprintf(out, "</title>\n<desc id=\"%s-%zu-d\">", kind, number);
}

static void end(FILE *out, const char *caption)
{
	fprintf(out, "</svg>\n<figcaption>%s</figcaption>\n</figure>\n", caption);
}

static void label(FILE *out, double x, double y, const char *anchor, const char *text)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor,
		text);
}

static void level(const struct frame *f, double value, const char *class, const char *left,
		  const char *right)
{
	double y = y_of(f, value);

	fprintf(f->out, "<line class=\"%s\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>\n", class,
		LEFT, WIDTH - RIGHT, y, y);
	if (left)
		label(f->out, LEFT - 6, y + 4, "end", left);
	if (right)
		label(f->out, WIDTH - RIGHT + 6, y + 4, "start", right);
}

/* Ticks at whole days, or whole hours, of UTC: at most eight. */
static void time_axis(const struct frame *f)
{
	static const int32_t steps[] = { 300,	      900,	  1800,	      3600,
					 7200,	      14400,	  21600,      43200,
					 DAY_S,	      2 * DAY_S,  4 * DAY_S,  7 * DAY_S,
					 14 * DAY_S,  28 * DAY_S, 56 * DAY_S, 91 * DAY_S,
					 182 * DAY_S, 364 * DAY_S };
	const struct report *r = f->r;
	size_t i = 0;
	char text[24];

	while (i + 1 < sizeof(steps) / sizeof(steps[0]) && (r->to - r->from) / steps[i] > 7)
		i++;
	for (int64_t at = report_floor(r->from + steps[i] - 1, steps[i]); at <= r->to;
	     at += steps[i]) {
		struct civil c = zone_civil("UTC", at);
		double x = x_of(f, at);

		if (steps[i] < DAY_S && at % DAY_S)
			snprintf(text, sizeof(text), "%02u:%02u", c.hour, c.minute);
		else
			snprintf(text, sizeof(text), "%04d-%02u-%02u", c.year, c.month, c.day);
		fprintf(f->out,
			"<line class=\"tick\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>\n", x,
			x, TOP, HEIGHT - BOTTOM + 4);
		label(f->out, x, HEIGHT - 6, "middle", text);
	}
}

/* --- budget ------------------------------------------------------------------------------------- */

static struct human percent(double ratio)
{
	return ratio >= 10 ? human_share(ratio) : human_share(round(ratio * 100) / 100);
}

void svg_budget(FILE *out, const struct report *r, const struct report_promise *p, size_t number)
{
	double whole = p->now.allowed > 0 ? p->now.allowed : p->now.spent, spent = 0;
	struct frame f = { .out = out, .r = r, .low = 0 };
	double last = whole > 0 ? p->now.spent / whole : 0;

	if (!p->points || !(whole > 0) || r->to <= r->from)
		return;
	f.high = fmax(1.1, last * 1.05);
	begin(out, "budget", number, "How the budget was spent over time");
	fprintf(out,
		"The share of the budget that was spent, from 0 at the beginning to %s at the end. "
		"Spending it steadily would reach 100 %% at the end.</desc>\n",
		percent(last).s);
	time_axis(&f);
	level(&f, 0, "axis", "0 %", NULL);
	level(&f, 1, "limit", "100 %", f.high > 1.25 ? "all of it" : NULL);
	if (last > 1.25)
		level(&f, last, "grid", percent(last).s, NULL);
	fprintf(out, "<line class=\"steady\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
		x_of(&f, r->from), y_of(&f, 0), x_of(&f, r->to), y_of(&f, 1));
	fprintf(out, "<path class=\"line\" d=\"M%.1f %.1f", x_of(&f, r->from), y_of(&f, 0));
	for (size_t i = 0; i < r->n_points; i++) {
		spent += p->points[i].spent;
		fprintf(out, "L%.1f %.1f", x_of(&f, point_time(r, i + 1)), y_of(&f, spent / whole));
	}
	fputs("\"/>\n", out);
	label(out, WIDTH - RIGHT + 6, y_of(&f, last) + (fabs(last - 1) < 0.1 ? 16 : 4), "start",
	      "spent");
	if (fabs(last - 1) >= 0.1)
		label(out, WIDTH - RIGHT + 6, y_of(&f, 1) + (f.high > 1.25 ? 18 : 4), "start",
		      "steady");
	end(out,
	    "Budget spent (solid) and what steady spending would be (dashed). Above the dotted "
	    "line more was spent than may be.");
}

/* --- sli ---------------------------------------------------------------------------------------- */

static double sli_of(const struct report_point *p)
{
	return p->basis > 0 ? 1 - p->spent / p->basis : NAN;
}

void svg_sli(FILE *out, const struct report *r, const struct report_promise *p, size_t number)
{
	struct frame f = { .out = out, .r = r, .high = 1 };
	double lowest = p->now.target, bottom;
	size_t below = 0, some = 0;
	char low[24];

	if (!p->points || r->to <= r->from)
		return;
	for (size_t i = 0; i < r->n_points; i++) {
		double sli = sli_of(&p->points[i]);

		some += isfinite(sli);
		below += sli < p->now.target;
		lowest = fmin(lowest, isfinite(sli) ? sli : lowest);
	}
	if (!some)
		return;
	bottom = fmax(0, lowest - (1 - lowest) * 0.15);
	f.low = bottom < 1 ? bottom : 0;
	snprintf(low, sizeof(low), "%.4g %%", f.low * 100);
	begin(out, "sli", number, "Share of good over time");
	fprintf(out,
		"The share of requests that went well in each %s. It lay below the target in %zu of "
		"%zu of them with traffic; the lowest was %.6g %%.</desc>\n",
		words_seconds(r->point_s).s, below, some, lowest * 100);
	time_axis(&f);
	level(&f, 1, "grid", "100 %", NULL);
	level(&f, f.low, "axis", low, NULL);
	level(&f, p->now.target, "steady", NULL, "promised");
	for (size_t i = 0; i < r->n_points; i++) {
		double sli = sli_of(&p->points[i]), y = y_of(&f, sli);
		double from = x_of(&f, point_time(r, i)), to = x_of(&f, point_time(r, i + 1));

		if (isfinite(sli))
			fprintf(out, "<path class=\"%s\" d=\"M%.1f %.1fH%.1f\"/>\n",
				sli < p->now.target ? "under" : "line", from, y,
				fmax(to, from + 1));
	}
	end(out, "Share of good by time. Thick where it lay below what was promised (dashed); "
		 "nothing where there was no traffic or no measurement.");
}

/* --- latency ------------------------------------------------------------------------------------ */

struct curve {
	const char *name, *class;
	size_t offset;
};

static const struct curve curves[] = {
	{ "p50", "line", offsetof(struct report_latency, p50_s) },
	{ "p90", "steady", offsetof(struct report_latency, p90_s) },
	{ "p99", "dots", offsetof(struct report_latency, p99_s) },
};

#define CURVES (sizeof(curves) / sizeof(curves[0]))

static double latency_at(const struct report_service *s, const struct curve *c, size_t i)
{
	return *(const double *)((const char *)&s->latency[i] + c->offset);
}

static void put_curve(const struct frame *f, const struct report_service *s, const struct curve *c,
		      double *label_y)
{
	bool drawing = false;
	double y = NAN;

	fprintf(f->out, "<path class=\"%s\" d=\"", c->class);
	for (size_t i = 0; i < f->r->n_points; i++) {
		double v = latency_at(s, c, i);

		if (!isfinite(v)) {
			drawing = false;
			continue;
		}
		y = y_of(f, log10(v));
		fprintf(f->out, "%c%.1f %.1fH%.1f", drawing ? 'L' : 'M',
			x_of(f, point_time(f->r, i)), y, x_of(f, point_time(f->r, i + 1)));
		drawing = true;
	}
	fputs("\"/>\n", f->out);
	if (!isfinite(y))
		return;
	*label_y = fmin(y + 4, *label_y - 13); /* one above the other */
	label(f->out, WIDTH - RIGHT + 6, *label_y, "start", c->name);
}

void svg_latency(FILE *out, const struct report *r, const struct report_service *s, size_t number)
{
	struct frame f = { .out = out, .r = r, .low = INFINITY, .high = -INFINITY };
	double label_y = HEIGHT;

	if (!s->latency || r->to <= r->from)
		return;
	for (size_t i = 0; i < r->n_points; i++) {
		for (size_t c = 0; c < CURVES; c++) {
			double v = latency_at(s, &curves[c], i);

			if (!isfinite(v) || v <= 0)
				continue;
			f.low = fmin(f.low, floor(log10(v)));
			f.high = fmax(f.high, ceil(log10(v)));
		}
	}
	if (!isfinite(f.low))
		return;
	if (f.high <= f.low)
		f.high = f.low + 1;
	begin(out, "latency", number, "How long requests took over time");
	fprintf(out,
		"Half of all requests took no longer than %s, nine of ten no longer than %s, 99 of a "
		"hundred no longer than %s over the whole time; the chart has them for each %s.</desc>\n",
		human_seconds(s->now.p50_s).s, human_seconds(s->now.p90_s).s,
		human_seconds(s->now.p99_s).s, words_seconds(r->point_s).s);
	time_axis(&f);
	for (double at = f.low; at <= f.high; at++)
		level(&f, at, at > f.low ? "grid" : "axis", human_duration(pow(10, at)).s, NULL);
	for (size_t c = 0; c < CURVES; c++)
		put_curve(&f, s, &curves[c], &label_y);
	end(out, "Latency: half (p50, solid), nine of ten (p90, dashed) and 99 of a hundred (p99, "
		 "dotted) requests took no longer. Each line up is ten times as long.");
}
