// SPDX-License-Identifier: Apache-2.0
/* slo_words.c - sentences. Leaves lines and colours to whoever prints them. */
#include "slo_words.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/zone.h"

#define MINUTE_S  60
#define HOUR_S	  3600
#define DAY_S	  86400
#define NS_PER_S  1000000000u
#define SLI_PARTS 1e15 /* a ratio that is no quotient of counts, cut off */

struct human words_seconds(uint64_t s)
{
	static const struct {
		uint64_t s;
		const char *name;
	} units[] = {
		{ DAY_S, "day" }, { HOUR_S, "hour" }, { MINUTE_S, "minute" }, { 1, "second" }
	};
	struct human ret;
	size_t i = 0;

	while (s % units[i].s || s < units[i].s)
		if (units[++i].s == 1)
			break;
	snprintf(ret.s, sizeof(ret.s), "%" PRIu64 " %s%s", s / units[i].s, units[i].name,
		 s / units[i].s == 1 ? "" : "s");
	return ret;
}

struct human words_length(uint64_t ns)
{
	static const struct {
		uint64_t s;
		const char *name;
	} units[] = {
		{ DAY_S, "day" }, { HOUR_S, "hour" }, { MINUTE_S, "minute" }, { 1, "second" }
	};
	uint64_t s = ns / NS_PER_S, next;
	struct human ret;
	size_t i = 0;
	int n;

	if (ns % NS_PER_S && s < MINUTE_S)
		return human_seconds((double)ns / NS_PER_S);
	while (i < 3 && s < units[i].s)
		i++;
	n = snprintf(ret.s, sizeof(ret.s), "%" PRIu64 " %s%s", s / units[i].s, units[i].name,
		     s / units[i].s == 1 ? "" : "s");
	next = i < 3 ? s % units[i].s / units[i + 1].s : 0;
	if (next)
		snprintf(ret.s + n, sizeof(ret.s) - (size_t)n, " %" PRIu64 " %s%s", next,
			 units[i + 1].name, next == 1 ? "" : "s");
	return ret;
}

struct human words_span(struct span span)
{
	static const struct {
		char unit;
		const char *name;
	} units[] = { { 'm', "minute" }, { 'h', "hour" },    { 'd', "day" }, { 'w', "week" },
		      { 'M', "month" },	 { 'Q', "quarter" }, { 'Y', "year" } };
	struct human ret = { "no time" };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (units[i].unit == span.unit)
			snprintf(ret.s, sizeof(ret.s), "%u %s%s", span.n, units[i].name,
				 span.n == 1 ? "" : "s");
	return ret;
}

struct human words_moment(int64_t time)
{
	struct civil c = zone_civil("UTC", time);
	struct human ret;
	int n = snprintf(ret.s, sizeof(ret.s), "%04d-%02u-%02u %02u:%02u", c.year, c.month, c.day,
			 c.hour, c.minute);

	snprintf(ret.s + n, sizeof(ret.s) - (size_t)n, c.second ? ":%02u UTC" : " UTC", c.second);
	return ret;
}

struct human words_moment_in(const char *zone, int64_t time)
{
	struct civil c = zone_civil(zone, time);
	int64_t shown = civil_days(c.year, c.month, c.day) * DAY_S + c.hour * HOUR_S +
			c.minute * MINUTE_S + c.second;
	int64_t offset = (shown - time) / MINUTE_S;
	unsigned int ahead = (unsigned int)(offset < 0 ? -offset : offset);
	struct human ret;

	if (!strcmp(zone, "UTC"))
		return words_moment(time);
	snprintf(ret.s, sizeof(ret.s), "%04d-%02u-%02u %02u:%02u %c%02u:%02u", c.year, c.month,
		 c.day, c.hour, c.minute, offset < 0 ? '-' : '+', ahead / 60 % 100, ahead % 60);
	return ret;
}

struct human words_factor(double factor)
{
	struct human ret;
	char *end;
	int n;

	if (!isfinite(factor) || factor >= 1e15)
		return human_amount(factor);
	if (factor > 0 && factor < 0.001)
		return human_amount(factor);
	ret = human_count((uint64_t)factor);
	n = (int)strlen(ret.s);
	if (round(fmod(factor, 1) * 1e4) >= 1e4)
		return human_count((uint64_t)factor + 1);
	snprintf(ret.s + n, sizeof(ret.s) - (size_t)n, ".%04.0f", round(fmod(factor, 1) * 1e4));
	for (end = ret.s + strlen(ret.s); end[-1] == '0';)
		*--end = '\0';
	if (end[-1] == '.')
		end[-1] = '\0';
	return ret;
}

struct human words_rate(double rate)
{
	struct human ret;

	if (!isfinite(rate))
		return (struct human){ "unknown" };
	snprintf(ret.s, sizeof(ret.s), "%.30s times", human_amount(rate).s);
	return ret;
}

struct human words_severity(const char *severity)
{
	struct human ret = {};

	for (size_t i = 0; severity[i] && i < sizeof(ret.s) - 1; i++)
		ret.s[i] = (char)toupper((unsigned char)severity[i]);
	return ret;
}

struct human words_remaining(double remaining_ratio)
{
	struct human ret;

	if (!(remaining_ratio < 0))
		return human_share_down(remaining_ratio);
	snprintf(ret.s, sizeof(ret.s), "overspent by %.20s", human_share(-remaining_ratio).s);
	return ret;
}

struct human words_left(double remaining_ratio)
{
	struct human ret;

	if (!isfinite(remaining_ratio))
		return (struct human){ "how much budget is left is unknown" };
	if (remaining_ratio < 0)
		snprintf(ret.s, sizeof(ret.s), "the budget is %.32s",
			 words_remaining(remaining_ratio).s);
	else if (remaining_ratio == 0)
		snprintf(ret.s, sizeof(ret.s), "the budget is just spent");
	else if (remaining_ratio > 0.99 && remaining_ratio < 1)
		snprintf(ret.s, sizeof(ret.s), "over 99 %% of the budget is left");
	else
		snprintf(ret.s, sizeof(ret.s), "%.24s of the budget is left",
			 words_remaining(remaining_ratio).s);
	return ret;
}

struct human words_sli(const struct slo_result *r)
{
	if (r->verdict == VERDICT_NO_DATA)
		return (struct human){ "no data" };
	if (!r->in_slices && r->objective[0] != '*')
		return human_sli(r->good, r->total, r->target);
	/* A hair is added, so that 0.3 is not cut off to 0.2999. */
	return human_sli((uint64_t)floor(r->sli * SLI_PARTS + 0.5), (uint64_t)SLI_PARTS, r->target);
}

struct human words_good(const struct slo_result *r)
{
	static const char *const of[] = { [METHOD_OCCURRENCES] = " good",
					  [METHOD_TIMESLICES] = " of slices good",
					  [METHOD_RATIO_TIMESLICES] = " good, the mean of slices" };
	struct human ret;
	unsigned int method = METHOD_OCCURRENCES;

	for (unsigned int i = 0; r->method && i < sizeof(of) / sizeof(of[0]); i++)
		if (!strcmp(r->method, budget_method_names[i]))
			method = i;
	snprintf(ret.s, sizeof(ret.s), "%.20s%s", words_sli(r).s, of[method]);
	return ret;
}

const char *words_all(const struct slo_result *r)
{
	return r->objective[0] == '*' ? "/*" : "";
}

const char *words_broken_early(bool over)
{
	return over ? "(broken by the slices that were measured: what is left counts all slices of "
		      "the window)" :
		      "(broken so far: what is left counts on the rest of the period)";
}

struct human words_target(const struct objective *o, const struct slo_result *r)
{
	char text[DECIMAL_TEXT];
	struct human ret;

	if (!o)
		return human_target(r->target);
	snprintf(ret.s, sizeof(ret.s), "%s %%", decimal_format(o->target, -2, text));
	return ret;
}

char *words_window(const struct time_window *w)
{
	char *ret;
	int r;

	if (w->rolling)
		r = asprintf(&ret, "the last %s, at any moment", words_span(w->span).s);
	else
		r = asprintf(&ret,
			     "calendar periods of %s, counted from %04d-%02u-%02u %02u:%02u in %s",
			     words_span(w->span).s, w->start_year, w->start_month, w->start_day,
			     w->start_hour, w->start_minute, w->zone ? w->zone : "UTC");
	return r < 0 ? NULL : ret;
}

/* The stretch that a forecast goes by was measured, at least some of it. */
static bool recent_known(const struct slo_result *r)
{
	for (size_t i = 0; i < r->n_burns; i++)
		if (r->burns[i].window_s == r->recent_s)
			return isfinite(r->burns[i].rate);
	return true;
}

char *words_method(const struct slo_result *r)
{
	char *ret;
	int n;

	if (!r->recent_s || !recent_known(r))
		n = asprintf(&ret, "none");
	else
		n = asprintf(&ret,
			     "the failures and the traffic of the last %s go on as they are%s",
			     words_seconds(r->recent_s).s,
			     r->rolling ? ", and what ages out of the window is given back" : "");
	return n < 0 ? NULL : ret;
}

char *words_forecast(const struct slo_result *r)
{
	_cleanup_(freep) char *method = words_method(r);
	char *ret;
	int n;

	if (!method)
		return NULL;
	if (r->verdict == VERDICT_NO_DATA)
		n = asprintf(&ret, "Nothing is known, so nothing is foreseen.");
	else if (r->exhausted_at && r->exhausted_at <= r->at)
		n = asprintf(&ret, "The budget is gone since %s.", words_moment(r->exhausted_at).s);
	else if (r->exhausted_at)
		n = asprintf(&ret, "The budget will be gone at %s, if %s.",
			     words_moment(r->exhausted_at).s, method);
	else if (r->remaining_ratio < 0)
		n = asprintf(&ret, "The budget is gone.");
	else if (!r->recent_s)
		n = asprintf(&ret, "No forecast is made.");
	else if (!recent_known(r))
		n = asprintf(
			&ret,
			"Nothing that counts was measured in the last %s, so nothing is foreseen.",
			words_seconds(r->recent_s).s);
	else
		n = asprintf(&ret, "The budget lasts, if %s.", method);
	return n < 0 ? NULL : ret;
}

char *words_chance(const struct slo_result *r, const struct time_window *w)
{
	char *ret;
	int n;

	if (!isfinite(r->chance))
		return NULL;
	n = asprintf(
		&ret,
		"If the time to come is like the last %s as a whole, the promise is kept with a "
		"chance of %s when %s.",
		words_span(w->span).s,
		r->chance > 0.99 ? "over 99 %" :
		r->chance < 0.01 ? "under 1 %" :
				   human_share(r->chance).s,
		r->rolling ? "all of the window is new" : "the window ends");
	return n < 0 ? NULL : ret;
}

struct human words_last(uint32_t window_s, uint64_t known_ns)
{
	uint64_t known_s = (known_ns + NS_PER_S - 1) / NS_PER_S;
	struct human ret;
	int n = snprintf(ret.s, sizeof(ret.s), "last %.15s", words_seconds(window_s).s);

	known_s -= known_s < MINUTE_S ? 0 : known_s % (known_s < DAY_S ? MINUTE_S : HOUR_S);
	if (known_ns && (double)known_ns < COVERAGE_LOW * NS_PER_S * window_s)
		snprintf(ret.s + n, sizeof(ret.s) - (size_t)n, " (measured: %.14s)",
			 words_seconds(known_s).s);
	return ret;
}

/* Of its windows, the longer one that nothing is known of; 0: there is none. */
static uint32_t unknown_window(const struct alert_state *a)
{
	return !isfinite(a->long_rate)		      ? a->long_s :
	       a->short_s && !isfinite(a->short_rate) ? a->short_s :
							0;
}

/* "In the last 1 hour, and in the last 5 minutes too"; no rate where one is not known. */
static char *windows_of(const struct alert_state *a)
{
	uint32_t unknown = unknown_window(a);
	char *ret;
	int n;

	if (unknown)
		n = asprintf(
			&ret,
			"nothing that counts was measured in the last %s, so it stays as it was",
			words_seconds(unknown).s);
	else if (a->frozen)
		n = asprintf(&ret,
			     "nothing that counts was measured lately, so it stays as it was");
	else if (a->short_s)
		n = asprintf(&ret,
			     "in the %s failures spent the budget at %s the rate that it can "
			     "bear, and in the %s at %s (the alert stands at %s)",
			     words_last(a->long_s, a->long_known_ns).s, words_rate(a->long_rate).s,
			     words_last(a->short_s, a->short_known_ns).s,
			     words_rate(a->short_rate).s, words_factor(a->factor).s);
	else
		n = asprintf(&ret,
			     "in the %s failures spent the budget at %s the rate that it can "
			     "bear (the alert stands at %s)",
			     words_last(a->long_s, a->long_known_ns).s, words_rate(a->long_rate).s,
			     words_factor(a->factor).s);
	return n < 0 ? NULL : ret;
}

char *words_alert(const struct slo_result *r, const struct alert_state *a, const char *promise)
{
	_cleanup_(freep) char *windows = windows_of(a);
	uint32_t shortest = a->short_s ? a->short_s : a->long_s;
	bool frozen = a->frozen || unknown_window(a), data = r->verdict != VERDICT_NO_DATA;
	char gone[160] = "", *ret;
	int n;

	if (!windows)
		return NULL;
	if (!data)
		; /* neither is there a budget to speak of */
	else if (r->exhausted_at && r->exhausted_at <= r->at)
		snprintf(gone, sizeof(gone), ", since %s", words_moment(r->exhausted_at).s);
	else if (r->remaining_ratio > 0 && a->exhausted_at && !frozen)
		snprintf(gone, sizeof(gone), "; at the rate of the last %s it is gone at %s",
			 words_seconds(shortest).s, words_moment(a->exhausted_at).s);
	else if (r->remaining_ratio > 0 && !frozen)
		snprintf(gone, sizeof(gone), "; at the rate of the last %s it lasts",
			 words_seconds(shortest).s);
	n = asprintf(&ret, "%s since %s: %s%s%s%s. %s%s%s", words_severity(a->severity).s,
		     words_moment(a->since).s, windows, data ? "; " : "",
		     data ? words_left(r->remaining_ratio).s : "", gone,
		     promise ? "The promise: \"" : "No promise is written down.",
		     promise ? promise : "", promise ? "\"" : "");
	return n < 0 ? NULL : ret;
}

char *words_alert_over(const struct slo_result *r, const struct alert_state *a, int64_t until,
		       const char *promise)
{
	bool data = r->verdict != VERDICT_NO_DATA;
	char *ret;
	int n;

	n = asprintf(&ret, "%s is over: it fired from %s to %s%s%s. %s%s%s",
		     words_severity(a->severity).s, words_moment(a->since).s, words_moment(until).s,
		     data ? "; " : "", data ? words_left(r->remaining_ratio).s : "",
		     promise ? "The promise: \"" : "No promise is written down.",
		     promise ? promise : "", promise ? "\"" : "");
	return n < 0 ? NULL : ret;
}
