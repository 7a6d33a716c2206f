// SPDX-License-Identifier: Apache-2.0
/* slo_suggest.c - what the past supports, and the method in words. Leaves the arithmetic to suggest.c. */
#include "slo_suggest.h"

#include <math.h>
#include <string.h>

#include "../base/zone.h"
#include "human.h"
#include "json.h"
#include "page.h"

#define HANG	 16
#define DAY_TEXT 16

static const char method[] =
	"The target is the strictest usual one of which the worst 28 days (of a shorter past, all of "
	"it) would have spent at most two thirds of the budget, and which the lower bound reaches. The "
	"bounds are the Wilson score interval at 95 %; because failures come in bursts, it is taken as "
	"if there were as many fewer events as the days differ more than chance explains. It says what "
	"was; a change of the service, or of what customers need, is not in it.";

static struct human percent(double value)
{
	struct human ret;

	snprintf(ret.s, sizeof(ret.s), "%.8g %%", floor(value * 1e8) / 1e6);
	return ret;
}

static struct human target_words(decimal d)
{
	char text[DECIMAL_TEXT];
	struct human ret;

	snprintf(ret.s, sizeof(ret.s), "%s %%", decimal_format(d, -2, text));
	return ret;
}

static const char *day_words(int64_t day, char text[DAY_TEXT])
{
	struct civil c = civil_date(day);

	snprintf(text, DAY_TEXT, "%04u-%02u-%02u", (unsigned int)c.year % 10000, c.month, c.day);
	return text;
}

static void put_line(struct page *p, const char *label, const char *text)
{
	page_line(p, 2, INK_FAINT, label, HANG);
	page_words(p, INK_PLAIN, text);
	page_end(p);
}

static void put_worst(struct page *p, const char *label, const struct day_range *w)
{
	char first[DAY_TEXT], text[256];
	double ratio = w->total ? (double)w->good / (double)w->total : 1;
	char when[64];

	day_words(w->first, first);
	if (w->days > 1)
		snprintf(when, sizeof(when), "in the %u days from %s", w->days, first);
	else
		snprintf(when, sizeof(when), "on %s", first);
	snprintf(text, sizeof(text), "%s good: %s of %s failed, %s", percent(ratio).s,
		 human_count(w->total - w->good).s, human_count(w->total).s, when);
	put_line(p, label, text);
}

static void put_past(struct page *p, const struct suggestion *s)
{
	char text[400];

	snprintf(text, sizeof(text), "%s good: %s of %s failed, in %.3g measured days (%s an hour)",
		 percent((double)s->good / (double)s->total).s, human_count(s->total - s->good).s,
		 human_count(s->total).s, s->measured_days, human_amount(s->per_hour).s);
	put_line(p, "the past", text);
	put_worst(p, "worst day", &s->worst_day);
	put_worst(p, "worst window", &s->worst_window);
	snprintf(
		text, sizeof(text),
		"the counts alone say between %s and %s, with 95 %% certainty; %s between %s and %s",
		percent(s->counts.low).s, percent(s->counts.high).s,
		!s->burst_known ?
			"with so few days nothing is known of bursts, and it is not surer than" :
		s->burst > 1 ? "failures came in bursts, so it is rather" :
			       "failures did not come in bursts, so it is",
		percent(s->sure.low).s, percent(s->sure.high).s);
	put_line(p, "how sure", text);
	snprintf(text, sizeof(text),
		 "the past holds %.2g window%s of 28 days that do not overlap%s", s->windows,
		 s->windows == 1 ? "" : "s",
		 s->windows < 3 ? ": few to judge by, look again when there are more" : "");
	put_line(p, "", text);
}

static void put_suggestion(struct page *p, const struct suggestion *s)
{
	char text[400];

	if (!s->found) {
		put_line(p, "target",
			 "none: not even 50 % was kept with something to spare; look for "
			 "what fails first");
		return;
	}
	snprintf(text, sizeof(text),
		 "%s: the worst window would have spent %s of the budget that this leaves",
		 target_words(s->target).s, human_share(s->spent_in_worst).s);
	put_line(p, "target", text);
	snprintf(
		text, sizeof(text),
		"%s would allow %s failures in 28 days, or %s min of a full outage; the past had %s "
		"failures in the usual 28 days, and %s in the worst",
		target_words(s->next).s, human_amount(s->next_allowed).s,
		human_amount(s->next_minutes).s, human_amount(s->usual_bad).s,
		human_count(s->worst_window.total - s->worst_window.good).s);
	put_line(p, "the next nine", text);
	if (s->min_bad_events == 1)
		return;
	snprintf(
		text, sizeof(text),
		"with %s events an hour, %s failures in one hour are enough for a page, and chance "
		"brings as many; write troth.dev/min-bad-events: \"%llu\", which chance alone reaches "
		"less than once in 28 days",
		human_amount(s->per_hour).s, human_amount(ceil(s->page_at)).s,
		(unsigned long long)s->min_bad_events);
	put_line(p, "few events", text);
}

int slo_suggest_text(FILE *out, const struct suggest_entry *entries, size_t n, bool colour)
{
	struct page p = { .out = out, .colour = colour };

	for (size_t i = 0; i < n; i++) {
		const struct suggest_entry *e = &entries[i];
		const struct suggestion *s = &e->suggestion;

		page_line(&p, 0, INK_STRONG, e->name, 0);
		if (!e->traffic && s->total)
			page_item(
				&p, INK_FAINT,
				"%s of %s failed, but no time was measured: how many a day brings is "
				"not known, so nothing is suggested",
				human_count(s->total - s->good).s, human_count(s->total).s);
		else if (!e->traffic)
			page_item(&p, INK_FAINT, "no traffic: nothing to suggest");
		else if (e->suggestion.found)
			page_item(&p, INK_GOOD, "%s", target_words(e->suggestion.target).s);
		page_end(&p);
		if (e->traffic) {
			put_suggestion(&p, &e->suggestion);
			put_past(&p, &e->suggestion);
		}
		page_end(&p);
	}
	page_line(&p, 0, INK_PLAIN, "", 0);
	page_words(&p, INK_FAINT, method);
	page_end(&p);
	return p.error;
}

static json_t *interval(const struct interval *i)
{
	json_t *o = json_with(json_object(), "low", json_number(i->low));

	return json_with(o, "high", json_number(i->high));
}

static json_t *range(const struct day_range *w)
{
	char first[DAY_TEXT];
	json_t *o = json_with(json_object(), "first", json_text(day_words(w->first, first)));

	o = json_with(o, "days", json_count(w->days));
	o = json_with(o, "good", json_count(w->good));
	o = json_with(o, "total", json_count(w->total));
	return json_with(o, "sli",
			 w->total ? json_number((double)w->good / (double)w->total) : json_null());
}

static json_t *next_nine(const struct suggestion *s)
{
	json_t *o = json_with(json_object(), "target", json_number(decimal_double(s->next)));

	o = json_with(o, "allowed_bad", json_number(s->next_allowed));
	o = json_with(o, "allowed_minutes", json_number(s->next_minutes));
	o = json_with(o, "usual_bad", json_number(s->usual_bad));
	return json_with(o, "worst_bad", json_count(s->worst_window.total - s->worst_window.good));
}

static json_t *entry(const struct suggest_entry *e)
{
	const struct suggestion *s = &e->suggestion;
	bool found = e->traffic && s->found;
	json_t *o = json_with(json_object(), "name", json_text(e->name));

	o = json_with(o, "target", found ? json_number(decimal_double(s->target)) : json_null());
	o = json_with(o, "worst_window_spent",
		      found ? json_number(s->spent_in_worst) : json_null());
	o = json_with(o, "min_bad_events", found ? json_count(s->min_bad_events) : json_null());
	o = json_with(o, "next_nine", found ? next_nine(s) : json_null());
	o = json_with(o, "good", json_count(s->good));
	o = json_with(o, "total", json_count(s->total));
	o = json_with(o, "sli",
		      s->total ? json_number((double)s->good / (double)s->total) : json_null());
	if (!e->traffic)
		return o;
	o = json_with(o, "measured_days", json_number(s->measured_days));
	o = json_with(o, "events_per_hour", json_number(s->per_hour));
	o = json_with(o, "independent_windows", json_number(s->windows));
	o = json_with(o, "wilson", interval(&s->counts));
	o = json_with(o, "burst_factor", s->burst_known ? json_number(s->burst) : json_null());
	o = json_with(o, "wilson_with_bursts", interval(&s->sure));
	o = json_with(o, "worst_day", range(&s->worst_day));
	return json_with(o, "worst_window", range(&s->worst_window));
}

int slo_suggest_json(FILE *out, const struct suggest_entry *entries, size_t n)
{
	json_t *list = json_array();
	json_t *root = json_with(json_object(), "schema", json_string("troth.suggest/1"));

	for (size_t i = 0; i < n; i++)
		list = json_add(list, entry(&entries[i]));
	root = json_with(root, "window_days", json_integer(SUGGEST_WINDOW_DAYS));
	root = json_with(root, "method", json_text(method));
	return json_print(out, json_with(root, "suggestions", list));
}
