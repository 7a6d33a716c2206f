// SPDX-License-Identifier: Apache-2.0
/*
 * suggest.c - the strictest of the usual targets that the past kept with something to spare.
 * Sources: E. B. Wilson, "Probable inference" (1927); variance by day against the binomial's, the
 * "design effect" of L. Kish.
 */
#include "suggest.h"

#include <math.h>

#define Z95	    1.959963984540054 /* the normal distribution's 97.5 % */
#define DAY_NS	    86400e9
#define HOURS	    (24.0 * SUGGEST_WINDOW_DAYS)
#define PAGE_FACTOR (0.02 * HOURS) /* 2 % of the budget in an hour */
#define BAD_MAX	    1000

/* In units of DECIMAL_ONE / 10^6. */
static const uint32_t usual[] = { 999999, 999995, 999990, 999950, 999900, 999800,
				  999500, 999000, 998000, 995000, 990000, 980000,
				  970000, 950000, 900000, 800000, 500000 };

struct interval wilson(double good, double n)
{
	double p = good / n, z2 = Z95 * Z95;
	double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
	double half = Z95 / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n));

	return (struct interval){ fmax(0, middle - half), fmin(1, middle + half) };
}

static double ratio(uint64_t good, uint64_t total)
{
	return total ? (double)good / (double)total : 1;
}

/* How much more the days differ than if each event failed on its own. */
static double burst_of(const struct day_counts *days, size_t n, double p, size_t *ret_days)
{
	double found = 0, expected = 0;

	*ret_days = 0;
	for (size_t i = 0; i < n; i++) {
		double off = (double)days[i].good - p * (double)days[i].total;

		*ret_days += days[i].total > 0;
		found += off * off;
		expected += p * (1 - p) * (double)days[i].total;
	}
	if (*ret_days < 2 || expected <= 0)
		return 1;
	return fmax(1, found / expected * (double)*ret_days / (double)(*ret_days - 1));
}

/* The worst of all windows of length days, day by day; of a past that is shorter, all of it. */
static struct day_range worst(const struct day_counts *days, size_t n, unsigned int length)
{
	struct day_range one = { .days = length }, ret = {};
	int64_t end = days[n - 1].day + 1;
	size_t first = 0, next = 0;

	if (end - days[0].day < length)
		one.days = (unsigned int)(end - days[0].day);
	for (one.first = days[0].day; one.first + one.days <= end; one.first++) {
		for (; next < n && days[next].day < one.first + one.days; next++) {
			one.good += days[next].good;
			one.total += days[next].total;
		}
		for (; days[first].day < one.first; first++) {
			one.good -= days[first].good;
			one.total -= days[first].total;
		}
		if (one.total &&
		    (!ret.total || ratio(one.good, one.total) < ratio(ret.good, ret.total)))
			ret = one;
	}
	return ret;
}

static double spent_of(const struct day_range *w, double target)
{
	return (double)(w->total - w->good) / ((1 - target) * (double)w->total);
}

static void choose(struct suggestion *s)
{
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		double target = usual[i] / 1e6;

		if (spent_of(&s->worst_window, target) > SUGGEST_MARGIN || s->sure.low < target)
			continue;
		s->found = true;
		s->target = usual[i] * (DECIMAL_ONE / 1000000);
		s->spent_in_worst = spent_of(&s->worst_window, target);
		return;
	}
}

/* P(X >= n) of a Poisson distribution. */
static double at_least(unsigned int n, double mean)
{
	double term = exp(-mean), below = 0;

	for (unsigned int i = 0; i < n; i++) {
		below += term;
		term *= mean / (i + 1);
	}
	return 1 - below;
}

/*
 * How many failures an alert has to wait for, so that ordinary ones fire the fastest page less than once
 * a window. Ordinary: as many as the interval leaves room for.
 */
static void hold_back(struct suggestion *s)
{
	double mean = (1 - s->counts.low) * s->per_hour;
	unsigned int n = 1;

	s->min_bad_events = 1;
	s->page_at = PAGE_FACTOR * (1 - decimal_double(s->target)) * s->per_hour;
	while (n < BAD_MAX && at_least(n, mean) * HOURS >= 1)
		n++;
	if (n < 2)
		n = 2;
	if (s->page_at < n && n < BAD_MAX)
		s->min_bad_events = n;
}

bool suggest(const struct day_counts *days, size_t n, struct suggestion *ret)
{
	size_t with_traffic;
	double a_window;

	*ret = (struct suggestion){};
	for (size_t i = 0; i < n; i++) {
		ret->good += days[i].good;
		ret->total += days[i].total;
		ret->measured_days += (double)days[i].measured_ns / DAY_NS;
	}
	if (!ret->total || ret->measured_days <= 0)
		return false;
	ret->windows = ret->measured_days / SUGGEST_WINDOW_DAYS;
	ret->counts = wilson((double)ret->good, (double)ret->total);
	ret->burst = burst_of(days, n, ratio(ret->good, ret->total), &with_traffic);
	ret->burst_known = with_traffic >= SUGGEST_DAYS_MIN;
	ret->sure = wilson((double)ret->good / ret->burst, (double)ret->total / ret->burst);
	ret->worst_day = worst(days, n, 1);
	ret->worst_window = worst(days, n, SUGGEST_WINDOW_DAYS);
	ret->per_hour = (double)ret->total / ret->measured_days / 24;
	choose(ret);
	if (!ret->found)
		return true;
	a_window = (double)ret->total / ret->windows;
	ret->next = DECIMAL_ONE - (DECIMAL_ONE - ret->target) / 10;
	ret->next_allowed = decimal_double(DECIMAL_ONE - ret->next) * a_window;
	ret->next_minutes = decimal_double(DECIMAL_ONE - ret->next) * HOURS * 60;
	ret->usual_bad = (double)(ret->total - ret->good) / ret->windows;
	hold_back(ret);
	return true;
}
