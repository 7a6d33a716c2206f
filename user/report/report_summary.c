// SPDX-License-Identifier: Apache-2.0
/*
 * report_summary.c - the report in a few plain sentences, for people who are not engineers: how many
 * promises were kept, which were not, how many requests failed, how long, whether it is getting better.
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "human.h"
#include "report_model.h"
#include "slo_words.h"

#define NAMED		5   /* broken promises that are told one by one */
#define COVERAGE_LITTLE 0.5 /* below it, what was measured is not most of the time */

/* Makes one sentence; 0 or -ENOMEM. */
__attribute__((format(printf, 2, 3))) static int say(struct report *r, const char *format, ...)
{
	char **more = reallocarray(r->sentences, r->n_sentences + 1, sizeof(*more));
	va_list args;
	int n;

	if (!more)
		return -ENOMEM;
	r->sentences = more;
	va_start(args, format);
	n = vasprintf(&r->sentences[r->n_sentences], format, args);
	va_end(args);
	if (n < 0)
		return -ENOMEM;
	r->n_sentences++;
	return 0;
}

static void count_one(struct report_count *c, const struct report_promise *p,
		      const struct slo_result *s)
{
	c->kept += s->verdict == VERDICT_MET;
	c->broken += s->verdict == VERDICT_MISSED;
	c->no_data += s->verdict == VERDICT_NO_DATA;
	/* One that was kept is below its target now and then, and nobody needs to know. */
	if (s->verdict == VERDICT_MISSED && s->bad_ns > c->bad_ns) {
		c->bad_ns = s->bad_ns;
		c->longest = p;
	}
}

static struct human length_of(const struct report *r)
{
	return words_length((uint64_t)(r->to - r->from) * NS_PER_S);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static int say_kept(struct report *r)
{
	const struct report_count *c = &r->count;
	size_t judged = c->kept + c->broken;
	char without[96] = "";

	if (c->no_data && judged)
		snprintf(without, sizeof(without), " Of %zu more nothing is known.", c->no_data);
	if (!r->n_promises)
		return say(r, "No promise was written down for this time, so none could be kept or "
			      "broken.");
	if (!judged)
		return say(r,
			   "Nothing is known of any of the %zu promise%s: no request that counts "
			   "was seen in this time.",
			   c->no_data, plural(c->no_data));
	if (!c->broken)
		return say(r, "%s kept in these %s.%s",
			   judged == 1 ? "The promise was" : "All promises were", length_of(r).s,
			   without);
	return say(r, "%zu of %zu promise%s %s kept in these %s, and %zu %s broken.%s", c->kept,
		   judged, plural(judged), c->kept == 1 ? "was" : "were", length_of(r).s, c->broken,
		   c->broken == 1 ? "was" : "were", without);
}

static bool has_latency(const struct metric *m)
{
	return m && m->kernel && m->kernel->has_latency;
}

/* What spends the budget of a promise, in words. */
static const char *went_wrong(const struct report_promise *p)
{
	const struct indicator *i = p->objective->indicator;

	if (p->now.in_slices)
		return "stretches of time were bad";
	if (i && (i->threshold || has_latency(i->good) || has_latency(i->bad)))
		return "failed or took too long";
	return "failed";
}

static int say_broken_one(struct report *r, const struct report_promise *p)
{
	const struct slo_result *s = &p->now;
	const char *promise = p->slo->agreement.promise;
	char measured[96] = "";

	if (s->coverage < COVERAGE_LITTLE)
		snprintf(measured, sizeof(measured), ", by what little was measured");
	else if (report_low(s->coverage))
		snprintf(measured, sizeof(measured), ", by the %s of the time that was measured",
			 human_share_down(s->coverage).s);
	return say(r, "Broken: %s%s%s%s%s%s: %s %s, %s %s allowed (%s, where %s was promised)%s.",
		   promise ? "\"" : "", promise ? promise : s->counts_name, promise ? "\" (" : "",
		   promise ? s->counts_name : "", promise ? words_all(s) : "", promise ? ")" : "",
		   human_sum(s->spent).s, went_wrong(p), human_sum(s->allowed).s,
		   s->allowed == 1 ? "was" : "were", words_good(s).s,
		   words_target(p->objective, s).s, measured);
}

static int say_broken(struct report *r)
{
	size_t said = 0;
	int ret = 0;

	for (size_t i = 0; !ret && i < r->n_promises; i++) {
		const struct report_promise *p = &r->promises[i];

		if (!p->objective || p->now.verdict != VERDICT_MISSED)
			continue;
		if (said++ < NAMED)
			ret = say_broken_one(r, p);
	}
	if (!ret && said > NAMED)
		ret = say(r, "%zu more were broken; they are listed below.", said - NAMED);
	return ret;
}

/* "50 of 51,000 requests WHOSE failed by a fault of theirs: about one in 1,020." */
static int say_failed_of(struct report *r, const char *besides, const struct report_requests *c,
			 const char *whose)
{
	double one_in = c->failed ? (double)c->total / (double)c->failed : 0;
	char no_answer[96] = "", often[64] = "";

	if (!c->failed)
		return say(r, "%s%s %s request%s %s none failed by a fault of theirs.", besides,
			   *besides ? "of" : "Of", human_count(c->total).s, plural(c->total),
			   whose);
	if (c->no_answer)
		snprintf(no_answer, sizeof(no_answer), " Of these, %s never got an answer at all.",
			 human_count(c->no_answer).s);
	snprintf(often, sizeof(often), ": about one in %s",
		 human_count((uint64_t)(one_in + 0.5)).s);
	return say(r, "%s%s of %s request%s %s failed by a fault of theirs%s.%s", besides,
		   human_count(c->failed).s, human_count(c->total).s, plural(c->total), whose,
		   c->failed < c->total ? often : "", no_answer);
}

static int say_failed(struct report *r)
{
	const struct report_count *c = &r->count;

	if (!r->n_promises && c->here.total)
		return say_failed_of(r, "", &c->here, "to the services of this host");
	if (!r->n_promises)
		return say(r, "No request to a service of this host was seen.");
	if (!c->promised.total)
		return say(r, "No request to a service with a promise was seen.");
	return say_failed_of(r, "", &c->promised, "to services with a promise");
}

/* The host's other services are not what the report is about, and not in its first figures. */
static int say_others(struct report *r)
{
	if (!r->n_promises || !r->count.others.total)
		return 0;
	return say_failed_of(r, "Apart from that, where nothing was promised: ", &r->count.others,
			     "to other services of this host");
}

static int say_how_long(struct report *r)
{
	const struct report_count *c = &r->count;

	if (!c->longest)
		return 0;
	return say(r,
		   "It went badly longest for %s: the %s in which more went wrong than was "
		   "promised add up to %s.",
		   c->longest->now.counts_name,
		   c->longest->now.in_slices ? "stretches of time" : "minutes",
		   words_length(c->bad_ns).s);
}

static int say_trend(struct report *r)
{
	const struct report_count *now = &r->count, *then = &r->count_before;
	size_t better = 0, worse = 0, same = 0;
	const char *all;
	char failed[160] = "";

	for (size_t i = 0; i < r->n_promises; i++) {
		const struct report_promise *p = &r->promises[i];

		better += p->objective && p->trend == TREND_BETTER;
		worse += p->objective && p->trend == TREND_WORSE;
		same += p->objective && p->trend == TREND_SAME;
	}
	if (!better && !worse && !same)
		return say(
			r,
			"Whether it is getting better cannot be said: there is nothing to compare "
			"with in the %s before.",
			length_of(r).s);
	if (then->promised.total && now->promised.total)
		snprintf(failed, sizeof(failed),
			 " In the time before, %s of %s requests to the same services failed.",
			 human_count(then->promised.failed).s, human_count(then->promised.total).s);
	all = now->broken < then->broken ? "It is getting better" :
	      now->broken > then->broken ? "It is getting worse" :
	      better > worse		 ? "It is getting better" :
	      worse > better		 ? "It is getting worse" :
					   "It stays about the same";
	return say(r,
		   "%s: in the %s before, %s promise%s %s broken. %zu went better since then, %zu "
		   "worse, %zu about the same.%s",
		   all, length_of(r).s, then->broken ? human_count(then->broken).s : "no",
		   then->broken > 1 ? "s" : "", then->broken > 1 ? "were" : "was", better, worse,
		   same, failed);
}

/* Amounts in one currency are added; each currency is told. */
static int say_cost(struct report *r)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < r->n_promises; i++) {
		const char *currency = r->promises[i].slo->agreement.currency;
		double sum = 0;
		bool first = true;

		if (!isfinite(r->promises[i].cost) || !currency)
			continue;
		for (size_t k = 0; k < r->n_promises; k++) {
			const struct report_promise *p = &r->promises[k];

			if (!isfinite(p->cost) || !p->slo->agreement.currency ||
			    strcmp(p->slo->agreement.currency, currency))
				continue;
			first = first && k >= i;
			sum += p->cost;
		}
		if (first && sum > 0)
			ret = say(r,
				  "What failed cost about %s %s, by what people agreed that one "
				  "failure costs.",
				  human_amount(sum).s, currency);
	}
	return ret;
}

static int say_coverage(struct report *r)
{
	bool low = false;

	for (size_t i = 0; i < r->n_promises; i++)
		low = low || (r->promises[i].now.verdict != VERDICT_NO_DATA &&
			      report_low(r->promises[i].now.coverage));
	if (report_low(r->coverage))
		return say(
			r,
			"CAUTION: only %s of this time was measured. What happened in the rest is "
			"not known, and not in these figures.",
			human_share_down(r->coverage).s);
	if (low)
		return say(r,
			   "CAUTION: of some promises only a part of this time was measured; it is "
			   "said where they stand.");
	return 0;
}

static int say_left_out(struct report *r)
{
	if (!r->documents_left_out)
		return 0;
	return say(r,
		   "CAUTION: the promises were rewritten so often that %zu older version%s of them "
		   "%s not looked into. A promise that was removed by then is not in this report.",
		   r->documents_left_out, plural(r->documents_left_out),
		   r->documents_left_out == 1 ? "was" : "were");
}

int report_summarise(struct report *r)
{
	int (*const sayings[])(struct report *) = {
		say_kept, say_broken, say_failed,   say_how_long, say_trend,
		say_cost, say_others, say_coverage, say_left_out,
	};
	int ret = 0;

	for (size_t i = 0; i < r->n_promises; i++) {
		const struct report_promise *p = &r->promises[i];

		if (!p->objective)
			continue;
		count_one(&r->count, p, &p->now);
		count_one(&r->count_before, p, &p->before);
	}
	for (size_t i = 0; !ret && i < sizeof(sayings) / sizeof(sayings[0]); i++)
		ret = sayings[i](r);
	return ret;
}
