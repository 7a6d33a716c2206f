// SPDX-License-Identifier: Apache-2.0
/*
 * report_csv.c - a report as rows: one a promise and period, this one and the one before (RFC 4180).
 * What is not known is an empty field.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/utf8.h"
#include "../base/zone.h"
#include "report_model.h"

static const char header[] =
	"period,from,to,name,objective,service,promise,owner,verdict,sli,target,method,good,total,"
	"bad,budget_unit,budget_allowed,budget_spent,budget_remaining,budget_remaining_ratio,"
	"coverage,good_s,bad_s,idle_s,unmeasured_s,excluded_s,alerts,cost,currency,trend,removed\r\n";

/* What a spreadsheet would take for a formula is text (a quote before it). */
static void put_text(FILE *out, const char *s)
{
	_cleanup_(freep) char *valid = utf8_valid(s ? s : "");

	fputs(",\"", out);
	if (valid && *valid && strchr("=+-@\t\r", *valid))
		fputc('\'', out);
	for (const char *p = valid; p && *p; p++) {
		if (*p == '"')
			fputc('"', out);
		fputc(*p, out);
	}
	fputc('"', out);
}

static void put_number(FILE *out, double value)
{
	fputc(',', out);
	if (!isfinite(value))
		return;
	/* As in JSON: below 1 is never printed as 1. */
	fprintf(out, "%.15g", value < 1 && value > 0.999999999999999 ? 0.999999999999999 : value);
}

static void put_count(FILE *out, uint64_t n)
{
	fprintf(out, ",%llu", (unsigned long long)n);
}

static void put_seconds(FILE *out, uint64_t ns)
{
	put_number(out, (double)ns / 1e9);
}

static void put_row(FILE *out, const struct report *r, const struct report_promise *p, bool now)
{
	const struct slo_result *s = now ? &p->now : &p->before;
	bool data = s->verdict != VERDICT_NO_DATA;
	char from[TIME_TEXT], to[TIME_TEXT];

	fprintf(out, "%s,%s,%s", now ? "this" : "previous",
		time_format(now ? r->from : r->before, from),
		time_format(now ? r->to : r->from, to));
	put_text(out, s->slo);
	put_text(out, s->objective);
	put_text(out, s->service);
	put_text(out, p->slo->agreement.promise);
	put_text(out, p->slo->agreement.owner);
	put_text(out, s->verdict == VERDICT_MET	   ? "kept" :
		      s->verdict == VERDICT_MISSED ? "broken" :
						     "no data");
	put_number(out, data ? s->sli : NAN);
	put_number(out, s->target);
	put_text(out, s->method);
	put_count(out, s->good);
	put_count(out, s->total);
	put_count(out, s->total - s->good);
	put_text(out, s->in_slices ? "slices" : "events");
	put_number(out, s->allowed);
	put_number(out, s->spent);
	put_number(out, s->remaining);
	put_number(out, s->remaining_ratio);
	put_number(out, s->coverage);
	put_seconds(out, s->good_ns);
	put_seconds(out, s->bad_ns);
	put_seconds(out, s->idle_ns);
	put_seconds(out, s->unmeasured_ns);
	put_seconds(out, s->excluded_ns);
	if (now)
		put_count(out, p->n_alerts + p->alerts_left_out);
	else
		fputc(',', out);
	put_number(out, now ? p->cost : p->cost_before);
	put_text(out, p->slo->agreement.currency);
	put_text(out, now ? report_trends[p->trend] : NULL);
	fprintf(out, ",%s\r\n", p->removed ? time_format(p->removed, from) : "");
}

int report_csv(FILE *out, const struct report *r)
{
	errno = 0;
	fputs(header, out);
	for (size_t i = 0; i < r->n_promises; i++) {
		put_row(out, r, &r->promises[i], true);
		put_row(out, r, &r->promises[i], false);
	}
	return ferror(out) || fflush(out) ? (errno ? -errno : -EIO) : 0;
}
